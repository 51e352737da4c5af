"""Measure denoisers on sentences in noise at several signal-to-noise ratios, beside other programs.

    python -m benchmarks enhancement.denoise --speech corpora/prompts --noise FOLDER --gtcrn FOLDER --json denoise.json

``--noise`` are folders of sound files on which no bundled model is trained, such as those of the public repository
speechdnn/Noises, with rows for each; ``--gtcrn`` a copy of Xiaobin-Rong/gtcrn. Each sentence is mixed with a noise
drawn by a fixed seed, at each ratio. Wide-band PESQ, STOI (in percent), SI-SDR in dB, DNSMOS (overall) and word errors
as in benchmarks/harness/judges.py, these also as points above those in the mixtures. The flux ratio is that of pauses:
the variance of spectral flux where the speech is silent, in dB; musical noise raises it. Quiet speech is the clean
sentence at -50 dBFS with faint noise of the first folder, 20 dB below: its level after is given, over that before, in
dB. benchmarks/enhancement/speed.py measures speed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks.enhancement.peers import SAMPLE_RATE, Denoise, denoising_peers
from benchmarks.harness.corpora import corpus_entries, draw_entries, read_wave, smoke_ambience, smoke_speech
from benchmarks.harness.judges import (
    JUDGE_OPTIONS,
    RATINGS,
    Judges,
    Scores,
    mean_interval,
    means,
    word_error_interval,
)
from benchmarks.harness.script import Benchmark, Option, Options, Report, Row, Table, columns, optional
from wavewright.base.units import db_to_gain, gain_to_db
from wavewright.contracts.enhancement import MAX_ATTENUATION_DB, EnhancementSettings
from wavewright.data.folder import scan
from wavewright.data.mixing import active_rms, rms
from wavewright.families import loading
from wavewright.inference.enhancement.sound import ModelProcessor
from wavewright.metrics.paired import si_sdr_db
from wavewright.metrics.sampling import Interval

LEVEL_DB = -26.0  # of the active speech of a mixture
QUIET_DB = -50.0
QUIET_RATIO_DB = 20.0
PEER_SCORES = {"pesq": "PESQ", "stoi_percent": "STOI, %", "si_sdr_db": "SI-SDR, dB", "dnsmos": "DNSMOS"}
PAUSE_DB = -45.0  # of a block of speech below the loudest
BLOCK = 512
SEED = 11

DENOISED = Table(
    "denoised",
    columns(noise="s", denoiser="s", snr_db="g", clips="d", si_sdr_db=".1f")
    | RATINGS
    | optional(points_above_noisy=".1f", above_first_db=".1f", flux_ratio_db=".1f"),
)
SPECIAL = Table("clean and quiet", columns(denoiser="s") | optional(pesq_of_clean=".2f", quiet_level_db=".1f"))


def flux_variance(wave: np.ndarray, speech: np.ndarray) -> float:
    """Return the variance of the spectral flux, of log-magnitude spectra, in the blocks where the speech is silent."""
    power = np.square(speech[: len(speech) // BLOCK * BLOCK].astype(np.float64)).reshape(-1, BLOCK).mean(1)
    pauses = power < power.max() * db_to_gain(2 * PAUSE_DB)
    blocks = wave[: len(pauses) * BLOCK].reshape(-1, BLOCK) * np.hanning(BLOCK)
    flux = np.diff(np.log(np.abs(np.fft.rfft(blocks)) + 1e-6), axis=0)
    is_inside = pauses[1:] & pauses[:-1]
    return float(flux[is_inside].var()) if is_inside.any() else np.nan


class Mixtures:
    """Sentences, and the noise of each, of a folder."""

    def __init__(self, options: Options, noise: Path) -> None:
        entries = corpus_entries(options.speech, "test", min_seconds=2.0)
        chosen = draw_entries(entries, options.count)
        self.texts = [entry.text or "" for entry in chosen]
        speech = [read_wave(entry.path, SAMPLE_RATE) for entry in chosen]
        self.speech = [wave * np.float32(db_to_gain(LEVEL_DB) / active_rms(wave)) for wave in speech]
        rng = np.random.default_rng(SEED)
        files = [entry.path for entry in scan(noise).entries]
        self.noises = [self._noise(rng, files, len(wave)) for wave in self.speech]

    def __len__(self) -> int:
        return len(self.speech)

    def at(self, index: int, ratio_db: float) -> np.ndarray:
        """Return a mixture ``(time,)``."""
        speech, noise = self.speech[index], self.noises[index]
        level = db_to_gain(LEVEL_DB - ratio_db) / rms(noise)
        mixture: np.ndarray = speech + np.float32(level) * noise
        return (mixture / max(1.0, np.abs(mixture).max())).astype(np.float32)

    def _noise(self, rng: np.random.Generator, files: Sequence[Path], n_samples: int) -> np.ndarray:
        while True:
            wave = read_wave(files[rng.integers(len(files))], SAMPLE_RATE)
            repeated = np.tile(wave, -(-n_samples // len(wave)) + 1)
            start = int(rng.integers(len(repeated) - n_samples))
            noise: np.ndarray = repeated[start : start + n_samples]
            if np.abs(noise).max() > 1e-3:
                return noise


def scores_at(denoise: Denoise, mixtures: Mixtures, ratio_db: float, judges: Judges) -> list[Scores]:
    """Return the scores of each sentence by a denoiser at a ratio."""
    mixed = [mixtures.at(index, ratio_db) for index in range(len(mixtures))]
    estimates = [denoise(mixture) for mixture in mixed]
    rows = judges.ratings(estimates, mixtures.texts, mixtures.speech)
    for row, speech, mixture, estimate in zip(rows, mixtures.speech, mixed, estimates, strict=True):
        flux, flux_before = (flux_variance(wave, speech) for wave in (estimate, mixture))
        row |= {"si_sdr_db": si_sdr_db(speech, estimate), "flux_ratio_db": float(np.log10(flux / flux_before) * 10)}
    return rows


def measure_special(denoise: Denoise, mixtures: Mixtures, judges: Judges) -> Row:
    """Return the cells of clean speech and quiet speech."""
    rows = []
    for index, speech in enumerate(mixtures.speech):
        gain = np.float32(db_to_gain(QUIET_DB - LEVEL_DB))
        estimate = denoise(gain * mixtures.at(index, QUIET_RATIO_DB))
        quiet_db = float(gain_to_db(active_rms(estimate) / active_rms(gain * speech)))
        likeness = judges.likeness(speech, denoise(speech))
        rows.append({"pesq_of_clean": likeness.get("pesq", np.nan), "quiet_level_db": quiet_db})
    return means(rows)


def model_denoiser(name: str, settings: EnhancementSettings | None = None) -> Denoise:
    """Return a model of any sample rate as a function at 16 kHz; raise BadModel if it does not enhance."""
    processor = ModelProcessor(loading.load_enhancer(name), settings or EnhancementSettings())
    return lambda wave: np.concatenate([*processor.process_blocks([wave[None]], SAMPLE_RATE, 1)], axis=1)[0]


def gain_interval(rows: Sequence[Scores], reference: Sequence[Scores]) -> Interval | None:
    """Return the mean difference of the SI-SDR of the same mixtures, in dB."""
    return mean_interval([row["si_sdr_db"] - other["si_sdr_db"] for row, other in zip(rows, reference, strict=True)])


def compare_with_peers(report: Report, title: str, own: Row, peers: Mapping[str, Row]) -> None:
    """Add the targets of a model: each score at least that of each other program."""
    for peer, row in peers.items():
        for column, score in PEER_SCORES.items():
            if (other := row.get(column)) is not None:
                report.target(title, f"{score}, {peer}'s", own.get(column), at_least=other.value)


def measure(options: Options, report: Report) -> None:
    judges = Judges(options, report, with_pesq=True)
    denoisers: dict[str, Denoise] = {"noisy": lambda wave: wave}
    for name in options.model:
        denoisers[name] = model_denoiser(name)
        for limit_db in options.limits:
            limited = EnhancementSettings(max_attenuation_db=limit_db)
            denoisers[f"{name}, {limit_db:g} dB"] = model_denoiser(name, limited)
    peers = denoising_peers(options.gtcrn, report)
    denoisers |= peers
    of_folders = [Mixtures(options, folder) for folder in options.noise]
    for folder, mixtures in zip(options.noise, of_folders, strict=True):
        for ratio_db in options.ratios:
            scores = {name: scores_at(denoise, mixtures, ratio_db, judges) for name, denoise in denoisers.items()}
            rows = {name: means(each) for name, each in scores.items()}
            for name, row in rows.items():
                row["points_above_noisy"] = word_error_interval(scores[name], scores["noisy"])
                row["above_first_db"] = gain_interval(scores[name], scores[options.model[0]])
            for name, row in rows.items():
                report.add(DENOISED, row, noise=folder.name, denoiser=name, snr_db=ratio_db, clips=len(mixtures))
            for name in options.model:
                title = f"{name} in {folder.name} at {ratio_db:g} dB"
                compare_with_peers(report, title, rows[name], {peer: rows[peer] for peer in peers})
                points = rows[name]["points_above_noisy"]
                report.target(title, "points of word error above the mixture", points, at_most=0.0)
    for name, denoise in denoisers.items():
        row = measure_special(denoise, of_folders[0], judges)
        report.add(SPECIAL, row, denoiser=name)
        if name in options.model:
            report.target(name, "PESQ of clean speech", row["pesq_of_clean"], at_least=4.2)


BENCHMARK = Benchmark(
    measure,
    Option("speech", Path("corpora/prompts"), "a corpus; word errors with texts alone", smoke=smoke_speech),
    Option("noise", [Path("corpora/noises")], "folders of sounds", smoke=lambda folder: [smoke_ambience(folder)]),
    Option("gtcrn", type=Path, help="copy of the repository Xiaobin-Rong/gtcrn"),
    Option("model", ["denoise-16k"], "denoisers, of any sample rate; gains are over the first"),
    Option("limits", (12.0, MAX_ATTENUATION_DB), "of the attenuation in dB, of further rows"),
    Option("count", 60, smoke=1),
    Option("ratios", (0.0, 5.0, 10.0, 15.0), "signal-to-noise ratios in dB", smoke=[5.0]),
    *JUDGE_OPTIONS,
)
