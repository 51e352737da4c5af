"""Measure denoisers on sentences in noise at several signal-to-noise ratios, beside other programs.

    python recipes/corpora prompts --asterisk FOLDER --out corpora/prompts
    python -m benchmarks enhancement.denoise --speech corpora/prompts --noise FOLDER --gtcrn FOLDER --json denoise.json
    python -m benchmarks enhancement.denoise --speech corpora/speech --speaker kathleen --noise FOLDER --gtcrn FOLDER

``--noise`` is a folder of sound files, such as those of the public repository speechdnn/Noises, on which no bundled
model is trained; ``--gtcrn`` a copy of Xiaobin-Rong/gtcrn. Each sentence is mixed with a noise drawn by a fixed seed,
at each ratio. Wide-band PESQ, STOI (in percent), SI-SDR in dB, DNSMOS (overall) and word errors as in
benchmarks/speech/judges.py. The flux ratio is that of pauses: the variance of spectral flux where the speech is silent,
in dB; musical noise raises it. Quiet speech is the clean sentence at -50 dBFS with faint noise, 20 dB below: its level
after is given, over that before, in dB. benchmarks/enhancement/speed.py measures speed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks.enhancement.peers import SAMPLE_RATE, Denoise, denoising_peers
from benchmarks.harness.corpora import corpus_entries, draw_entries, read_wave, smoke_ambience, smoke_speech
from benchmarks.harness.script import Benchmark, Option, Options, Report, Row, Table, columns, optional
from benchmarks.speech.judges import JUDGE_OPTIONS, RATINGS, Judges, mean_interval, word_error_interval
from wavewright.audio.clip import Clip
from wavewright.base.units import db_to_gain, gain_to_db
from wavewright.contracts.enhancement import MAX_ATTENUATION_DB, EnhancementSettings
from wavewright.data.folder import scan
from wavewright.families import loading
from wavewright.metrics.paired import si_sdr_db
from wavewright.metrics.sampling import Interval

RATIOS_DB = (0.0, 5.0, 10.0, 15.0)
LEVEL_DB = -26.0  # of the active speech of a mixture
QUIET_DB = -50.0
QUIET_RATIO_DB = 20.0
MIN_PESQ_OF_CLEAN = 4.2
PEER_SCORES = {"pesq": "PESQ", "stoi_percent": "STOI, %", "si_sdr_db": "SI-SDR, dB", "dnsmos": "DNSMOS"}
ACTIVE_DB = -30.0  # of a block of speech over the loudest
BLOCK = 512
SEED = 11

DENOISED = Table(
    "denoised",
    columns(denoiser="s", snr_db="s", clips="d", si_sdr_db=".1f") | RATINGS | optional(flux_ratio_db=".1f"),
)
SPECIAL = Table("clean and quiet", columns(denoiser="s") | optional(pesq_of_clean=".2f", quiet_level_db=".1f"))


def active_rms(wave: np.ndarray) -> float:
    """Return the root mean square of the blocks of a wave that are not silent."""
    power = np.square(wave[: len(wave) // BLOCK * BLOCK].astype(np.float64)).reshape(-1, BLOCK).mean(1)
    return float(np.sqrt(power[power >= power.max() * db_to_gain(2 * ACTIVE_DB)].mean()))


def flux_variance(wave: np.ndarray, pauses: np.ndarray) -> float:
    """Return the variance of the spectral flux, of log-magnitude spectra, in the blocks that are pauses."""
    blocks = wave[: len(pauses) * BLOCK].reshape(-1, BLOCK) * np.hanning(BLOCK)
    log_magnitude = np.log(np.abs(np.fft.rfft(blocks)) + 1e-6)
    flux = np.diff(log_magnitude, axis=0)
    is_inside = pauses[1:] & pauses[:-1]
    return float(flux[is_inside].var()) if is_inside.any() else np.nan


def pauses_of(speech: np.ndarray) -> np.ndarray:
    """Return for each block whether the clean speech is silent there."""
    power = np.square(speech[: len(speech) // BLOCK * BLOCK].astype(np.float64)).reshape(-1, BLOCK).mean(1)
    return power < power.max() * db_to_gain(2 * -45.0)


class Mixtures:
    """Sentences, and the noise of each."""

    def __init__(self, options: Options) -> None:
        entries = corpus_entries(
            options.speech, options.split, needs_text=True, min_seconds=options.min_seconds, speaker=options.speaker
        )
        chosen = draw_entries(entries, options.count)
        self.texts = [str(entry.text) for entry in chosen]
        speech = [read_wave(entry.path, SAMPLE_RATE) for entry in chosen]
        self.speech = [wave * np.float32(db_to_gain(LEVEL_DB) / active_rms(wave)) for wave in speech]
        rng = np.random.default_rng(SEED)
        files = [entry.path for entry in scan(options.noise).entries]
        self.noises = [self._noise(rng, files, len(wave)) for wave in self.speech]

    def __len__(self) -> int:
        return len(self.speech)

    def at(self, index: int, ratio_db: float) -> np.ndarray:
        """Return a mixture ``(time,)``."""
        speech, noise = self.speech[index], self.noises[index]
        level = db_to_gain(LEVEL_DB - ratio_db) / np.sqrt(np.mean(np.square(noise, dtype=np.float64)))
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


def measure_ratio(
    name: str, denoise: Denoise, mixtures: Mixtures, ratio_db: float, judges: Judges
) -> tuple[Row, np.ndarray]:
    """Return the row of a denoiser at a ratio, and errors and words of each sentence."""
    mixed = [mixtures.at(index, ratio_db) for index in range(len(mixtures))]
    estimates = [denoise(mixture) for mixture in mixed]
    flux = []
    for speech, mixture, estimate in zip(mixtures.speech, mixed, estimates, strict=True):
        pauses = pauses_of(speech)
        flux.append(float(np.log10(flux_variance(estimate, pauses) / flux_variance(mixture, pauses)) * 10))
    si_sdr = [si_sdr_db(*pair) for pair in zip(mixtures.speech, estimates, strict=True)]
    ratings = judges.ratings(estimates, mixtures.texts, mixtures.speech)
    row: Row = {
        "denoiser": name,
        "snr_db": f"{ratio_db:g}",
        "clips": len(mixtures),
        "si_sdr_db": mean_interval(si_sdr),
        "flux_ratio_db": mean_interval(flux),
        **ratings.cells(),
    }
    return row, ratings.word_errors


def measure_special(name: str, denoise: Denoise, mixtures: Mixtures, judges: Judges) -> Row:
    """Return the row of clean speech and quiet speech."""
    clean = [judges.pesq(speech, denoise(speech)) for speech in mixtures.speech]
    quiet = []
    for index, speech in enumerate(mixtures.speech):
        gain = np.float32(db_to_gain(QUIET_DB - LEVEL_DB))
        estimate = denoise(gain * mixtures.at(index, QUIET_RATIO_DB))
        quiet.append(float(gain_to_db(active_rms(estimate) / active_rms(gain * speech))))
    return {"denoiser": name, "pesq_of_clean": mean_interval(clean), "quiet_level_db": mean_interval(quiet)}


def model_denoiser(name: str, settings: EnhancementSettings | None = None) -> Denoise:
    """Return a model of any sample rate as a function at 16 kHz; raise BadModel if it does not enhance."""
    model = loading.load_enhancer(name)
    settings = EnhancementSettings() if settings is None else settings
    if model.sample_rate == SAMPLE_RATE:
        return lambda wave: model.enhance(wave, settings)

    def denoise(wave: np.ndarray) -> np.ndarray:
        at_model_rate = Clip(wave[None], SAMPLE_RATE).resample(model.sample_rate).wave
        enhanced = Clip(model.enhance(at_model_rate, settings), model.sample_rate).resample(SAMPLE_RATE).wave[0]
        return np.pad(enhanced, (0, max(0, len(wave) - len(enhanced))))[: len(wave)]

    return denoise


def compare_with_peers(report: Report, name: str, rows: Mapping[str, Row], peers: Iterable[str]) -> None:
    """Add the targets of a model at a ratio: each score at least that of each other program."""
    for peer in peers:
        for column, score in PEER_SCORES.items():
            own, other = rows[name][column], rows[peer][column]
            if isinstance(own, Interval) and isinstance(other, Interval):
                report.target(name, f"{score}, {peer}'s at {rows[name]['snr_db']} dB", own, at_least=other.value)


def measure(options: Options, report: Report) -> None:
    """Add rows for the mixtures, each model and each other program."""
    judges = Judges(options, report, with_pesq=True)
    mixtures = Mixtures(options)
    denoisers: dict[str, Callable[[np.ndarray], np.ndarray]] = {"noisy": lambda wave: wave}
    for name in options.model:
        denoisers[name] = model_denoiser(name)
        for limit_db in options.limits_db:
            limited = EnhancementSettings(max_attenuation_db=limit_db)
            denoisers[f"{name}, {limit_db:g} dB"] = model_denoiser(name, limited)
    peers = denoising_peers(options.gtcrn, report)
    denoisers |= peers
    rows: dict[str, Row] = {}
    totals: dict[str, list[np.ndarray]] = {name: [] for name in denoisers}
    for ratio_db in options.ratios:
        for name, denoise in denoisers.items():
            row, errors = measure_ratio(name, denoise, mixtures, ratio_db, judges)
            report.add(DENOISED, row)
            totals[name].append(errors)
            rows[name] = row
        for name in options.model:
            compare_with_peers(report, name, rows, peers)
    for name, denoise in denoisers.items():
        row = measure_special(name, denoise, mixtures, judges)
        report.add(SPECIAL, row)
        if name in options.model:
            report.target(name, "PESQ of clean speech", row["pesq_of_clean"], at_least=MIN_PESQ_OF_CLEAN)
    for name in options.model:
        for ratio_db, of_noisy, of_model in zip(options.ratios, totals["noisy"], totals[name], strict=True):
            points = word_error_interval(of_model, of_noisy)
            report.target(name, f"points of word error above the mixture at {ratio_db:g} dB", points, at_most=0.0)


BENCHMARK = Benchmark(
    __doc__,
    (DENOISED, SPECIAL),
    measure,
    Option("speech", Path("corpora/prompts"), "a corpus with texts", smoke=smoke_speech),
    Option("split", "test"),
    Option("speaker"),
    Option("noise", Path("corpora/noises"), "folder of sounds", smoke=smoke_ambience),
    Option("gtcrn", type=Path, help="copy of the repository Xiaobin-Rong/gtcrn"),
    Option("model", ["denoise-16k", "denoise-16k-best"], "denoisers, of any sample rate"),
    Option("limits_db", [12.0, MAX_ATTENUATION_DB], "attenuations of further rows"),
    Option("count", 60, smoke=1),
    Option("min_seconds", 2.0),
    Option("ratios", RATIOS_DB, "signal-to-noise ratios in dB", smoke=[5.0]),
    *JUDGE_OPTIONS,
)
