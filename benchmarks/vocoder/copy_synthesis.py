"""Measure copies of recordings by vocoders, from mel frames: word errors, ratings, distances and speed.

    python recipes/corpora prompts --asterisk FOLDER --out corpora/prompts
    python -m benchmarks.vocoder.copy_synthesis --clips corpora/prompts --count 60 --min-seconds 2 --model wavenet
    python -m benchmarks.vocoder.copy_synthesis --clips corpora/prompts --model vocoder wavenet   # an unseen speaker
    python -m benchmarks.vocoder.copy_synthesis --clips corpora/speech --json vocoder.json        # a seen speaker
    python -m benchmarks.vocoder.copy_synthesis --clips corpora/speech --split valid --model vocoder --noise-reduction 0

Recordings are drawn by a fixed seed. Word errors by wavewright.metrics.recogniser (see docs/metrics.md); DNSMOS, PESQ
(wide band) and the log-mel distance (80 bands, 64 ms, in nats) at 16 kHz; the harmonics-to-noise ratio is the median of
voiced frames. The real-time factor is processor time of vocoding alone, the median of three rounds over a few clips;
Griffin-Lim computes frames and waves together (Griffin and Lim, 1984; librosa, 60 rounds, 80 mel bands). Intervals are
95 % bootstrap intervals over the clips, those of differences paired. Targets: word error at most 3 points above that of
the recordings, DNSMOS at most 0.4 below.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.harness.corpora import corpus_entries, draw_entries, read_wave, smoke_speech
from benchmarks.harness.peers import LIBROSA
from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import TARGETS, Row, Table, Value, columns, optional
from benchmarks.harness.timing import median_seconds
from benchmarks.speech.judges import (
    SAMPLE_RATE,
    Judges,
    add_judge_options,
    mean_interval,
    rating_columns,
    word_error_interval,
)
from wavewright.audio.clip import Clip
from wavewright.data.entry import Entry
from wavewright.dsp.mel import mel_spectrogram
from wavewright.dsp.speech_mel import speech_mel
from wavewright.families import loading
from wavewright.families.vocoder.runtime import VocoderRuntime
from wavewright.metrics.harmonicity import harmonics_to_noise_of_all

GRIFFIN_LIM_FRAMES = {"n_fft": 1024, "hop_length": 256, "n_mels": 80}
GRIFFIN_LIM_ROUNDS = 60
TIMED_CLIPS = 5
MAX_WORD_ERROR_POINTS = 3.0
MAX_DNSMOS_LOSS = 0.4

COPIES = Table(
    "copies",
    rating_columns("copies", "clips", "recordings")
    | optional(pesq=".2f", log_mel_nats=".2f", harmonics_to_noise_db=".1f")
    | columns(voiced_fraction=".2f")
    | optional(real_time_factor=".4f"),
)


@dataclass(frozen=True)
class Copier:
    """A vocoder at ``sample_rate``: from a wave ``(time,)`` to frames, and from frames and a length back to a wave."""

    sample_rate: int
    wave_to_frames: Callable[[np.ndarray], np.ndarray]
    frames_to_wave: Callable[[np.ndarray, int], np.ndarray]

    def copy(self, wave: np.ndarray) -> np.ndarray:
        """Return the copy of a wave ``(time,)``, of the same length."""
        copied = self.frames_to_wave(self.wave_to_frames(wave), len(wave))
        return np.pad(copied, (0, max(0, len(wave) - len(copied))))[: len(wave)].astype(np.float32)

    def real_time_factor(self, waves: Sequence[np.ndarray], rounds: int) -> float:
        """Return the processor seconds of vocoding for a second of ``waves``, the median of ``rounds``."""
        frames = [self.wave_to_frames(wave) for wave in waves]
        self.frames_to_wave(frames[0], len(waves[0]))  # loads and compiles on its first call

        def vocode_all() -> None:
            for each, wave in zip(frames, waves, strict=True):
                self.frames_to_wave(each, len(wave))

        return median_seconds(vocode_all, rounds, n_warm_up=0) * self.sample_rate / sum(map(len, waves))


@dataclass(frozen=True)
class Judged:
    """Copies of all clips with their scores; ``word_errors (clips, 2)`` are errors and words, ``dnsmos (clips,)``."""

    waves: list[np.ndarray]
    sample_rate: int
    word_errors: np.ndarray
    dnsmos: np.ndarray
    pesq: list[float]
    log_mel_nats: list[float]


def griffin_lim(wave: np.ndarray, sample_rate: int) -> np.ndarray:
    """Return the copy ``(time,)`` of ``wave (time,)`` from mel frames, with the phases that Griffin-Lim estimates."""
    import librosa

    n_fft, hop_length = GRIFFIN_LIM_FRAMES["n_fft"], GRIFFIN_LIM_FRAMES["hop_length"]
    mel = mel_spectrogram(wave, sample_rate, n_fft, hop_length, GRIFFIN_LIM_FRAMES["n_mels"])
    magnitude = librosa.feature.inverse.mel_to_stft(mel, sr=sample_rate, n_fft=n_fft, power=2.0)
    copied: np.ndarray = librosa.griffinlim(
        magnitude,
        n_iter=GRIFFIN_LIM_ROUNDS,
        hop_length=hop_length,
        length=len(wave),
        pad_mode="constant",
        random_state=0,
    )
    return copied


def copier_of(name: str, noise_reduction: float | None) -> Copier:
    """Load a vocoder, with ``noise_reduction`` in place of its own where it has that; raise BadModel if it is none."""
    vocoder = loading.load_vocoder(name)
    if noise_reduction is not None and isinstance(vocoder, VocoderRuntime):
        vocoder.noise_reduction = noise_reduction
    return Copier(vocoder.sample_rate, vocoder.mel_of, lambda mel, _: vocoder.vocode(mel)[0])


def judge(clips: Sequence[Entry], copier: Copier | None, judges: Judges) -> Judged:
    """Copy and judge the clips; without ``copier`` the recordings themselves."""
    sample_rate = copier.sample_rate if copier else SAMPLE_RATE
    waves, errors, dnsmos, pesq, log_mel_nats = [], [], [], [], []
    for clip in clips:
        wave = read_wave(clip.path, sample_rate)
        copied = copier.copy(wave) if copier else wave
        waves.append(copied)
        errors.append(judges.word_errors(copied, sample_rate, str(clip.text)))
        dnsmos.append(judges.dnsmos(copied, sample_rate))
        if copier:
            pair = [Clip(each[None], sample_rate).resample(SAMPLE_RATE).wave[0] for each in (wave, copied)]
            pesq.append(judges.pesq(*pair))
            frames = [speech_mel(each, SAMPLE_RATE) for each in pair]
            log_mel_nats.append(float(np.abs(frames[0] - frames[1]).mean()))
    return Judged(waves, sample_rate, np.array(errors, float), np.array(dnsmos), pesq, log_mel_nats)


def row_of(name: str, judged: Judged, recordings: Judged, real_time_factor: float | None) -> Row:
    """Return the row of copies, or of the recordings themselves."""
    voices = harmonics_to_noise_of_all(judged.waves, judged.sample_rate)
    row: dict[str, Value] = {
        "copies": name,
        "clips": len(judged.waves),
        "word_error_percent": word_error_interval(judged.word_errors),
        "dnsmos": mean_interval(judged.dnsmos),
        "harmonics_to_noise_db": voices.median_db if np.isfinite(voices.median_db) else None,
        "voiced_fraction": voices.voiced_fraction,
        "real_time_factor": real_time_factor,
    }
    if judged is not recordings:
        row |= {
            "points_above_the_recordings": word_error_interval(judged.word_errors, recordings.word_errors),
            "dnsmos_below_the_recordings": mean_interval(recordings.dnsmos - judged.dnsmos),
            "pesq": mean_interval(judged.pesq),
            "log_mel_nats": mean_interval(judged.log_mel_nats),
        }
    return row


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--clips", type=Path, default=Path("corpora/speech"), help="a corpus with texts")
    parser.add_argument("--split", default="test")
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--min-seconds", type=float, default=1.0)
    parser.add_argument("--model", nargs="*", default=["vocoder", "wavenet"], help="vocoders")
    parser.add_argument(
        "--noise-reduction", type=float, default=None, help="of models that have it, in place of their own"
    )
    add_judge_options(parser)
    parser.add_argument("--no-griffin-lim", action="store_true", help="leave out the copies by Griffin-Lim")
    parser.add_argument("--rounds", type=int, default=3, help="of timing")


def measure(options: argparse.Namespace, report: Report) -> None:
    """Add a row for the recordings and for each vocoder."""
    judges = Judges(options, report, with_pesq=True)
    clips = draw_entries(
        corpus_entries(options.clips, options.split, needs_text=True, min_seconds=options.min_seconds), options.count
    )
    copiers = {name: copier_of(name, options.noise_reduction) for name in options.model}
    if options.no_griffin_lim:
        report.note("Griffin-Lim: left out by --no-griffin-lim.")
    elif LIBROSA.is_installed:
        copiers["Griffin-Lim"] = Copier(SAMPLE_RATE, lambda wave: wave, lambda wave, _: griffin_lim(wave, SAMPLE_RATE))
    else:
        report.skip(LIBROSA, "Griffin-Lim")
    recordings = judge(clips, None, judges)
    report.add(COPIES, row_of("recordings", recordings, recordings, None))
    for name, copier in copiers.items():
        judged = judge(clips, copier, judges)
        timed = [read_wave(clip.path, copier.sample_rate) for clip in clips[:TIMED_CLIPS]]
        row = row_of(name, judged, recordings, copier.real_time_factor(timed, options.rounds))
        report.add(COPIES, row)
        report.target(name, "points above the recordings", row["points_above_the_recordings"], MAX_WORD_ERROR_POINTS)
        report.target(name, "DNSMOS below the recordings", row["dnsmos_below_the_recordings"], MAX_DNSMOS_LOSS)


BENCHMARK = Benchmark(
    __doc__,
    (COPIES, TARGETS),
    add_options,
    measure,
    smoke={
        "clips": smoke_speech,
        "count": 1,
        "model": ["vocoder"],
        "no_griffin_lim": True,
        "no_dnsmos": True,
        "rounds": 1,
    },
)

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
