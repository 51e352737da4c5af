"""Measure copies of recordings by vocoders, from mel frames: word errors, ratings, distances and speed.

    python recipes/corpora prompts --asterisk FOLDER --out corpora/prompts
    python -m benchmarks vocoder.copy_synthesis --clips corpora/prompts --count 60 --min-seconds 2 --model wavenet
    python -m benchmarks vocoder.copy_synthesis --clips corpora/prompts --model vocoder wavenet   # an unseen speaker
    python -m benchmarks vocoder.copy_synthesis --clips corpora/speech --json vocoder.json        # a seen speaker
    python -m benchmarks vocoder.copy_synthesis --clips corpora/speech --split valid --model vocoder --noise-reduction 0

Recordings are drawn by a fixed seed. Word errors by wavewright.metrics.recogniser (see docs/metrics.md); DNSMOS, PESQ
(wide band) and the log-mel distance (80 bands, 64 ms, in nats) at 16 kHz; the harmonics-to-noise ratio is the median of
voiced frames. The real-time factor is processor time of vocoding alone, the median of three rounds over a few clips;
Griffin-Lim computes frames and waves together (Griffin and Lim, 1984; librosa, 60 rounds, 80 mel bands). Intervals are
95 % bootstrap intervals over the clips, those of differences paired. Targets: word error at most 3 points above that of
the recordings, DNSMOS at most 0.4 below.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.harness.corpora import corpus_entries, draw_entries, read_wave, smoke_speech
from benchmarks.harness.peers import LIBROSA
from benchmarks.harness.script import Benchmark, Option, Options, Report, Row, Table, columns, optional
from benchmarks.harness.timing import median_seconds
from benchmarks.speech.judges import DIFFERENCES, JUDGE_OPTIONS, RATINGS, SAMPLE_RATE, Judges, Ratings, mean_interval
from wavewright.audio.clip import Clip
from wavewright.dsp.mel import mel_spectrogram, speech_mel
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
    columns(copies="s", clips="d", voiced_fraction=".2f")
    | RATINGS
    | DIFFERENCES
    | optional(log_mel_nats=".2f", harmonics_to_noise_db=".1f", real_time_factor=".4f"),
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


def row_of(name: str, waves: Sequence[np.ndarray], rate: int, ratings: Ratings, recordings: Ratings | None) -> Row:
    """Return the row of copies, or of the recordings themselves."""
    voices = harmonics_to_noise_of_all(waves, rate)
    row: Row = {"copies": name, "clips": len(waves), "voiced_fraction": voices.voiced_fraction}
    harmonics = voices.median_db if np.isfinite(voices.median_db) else None
    return {**row, "harmonics_to_noise_db": harmonics, **ratings.cells(recordings)}


def at_judged_rate(wave: np.ndarray, rate: int) -> np.ndarray:
    """Return a wave ``(time,)`` at the rate of the judges."""
    return Clip(wave[None], rate).resample(SAMPLE_RATE).wave[0]


def measure(options: Options, report: Report) -> None:
    """Add a row for the recordings and for each vocoder."""
    judges = Judges(options, report, with_pesq=True)
    clips = draw_entries(
        corpus_entries(options.clips, options.split, needs_text=True, min_seconds=options.min_seconds), options.count
    )
    texts = [str(clip.text) for clip in clips]
    copiers = {name: copier_of(name, options.noise_reduction) for name in options.model}
    if not options.no_griffin_lim and report.has(LIBROSA, "Griffin-Lim"):
        copiers["Griffin-Lim"] = Copier(SAMPLE_RATE, lambda wave: wave, lambda wave, _: griffin_lim(wave, SAMPLE_RATE))
    recordings = [read_wave(clip.path, SAMPLE_RATE) for clip in clips]
    of_recordings = judges.ratings(recordings, texts, recordings)
    report.add(COPIES, row_of("recordings", recordings, SAMPLE_RATE, of_recordings, None))
    for name, copier in copiers.items():
        rate = copier.sample_rate
        waves = [read_wave(clip.path, rate) for clip in clips]
        copies = [copier.copy(wave) for wave in waves]
        references, estimates = ([at_judged_rate(wave, rate) for wave in each] for each in (waves, copies))
        frames = [[speech_mel(wave, SAMPLE_RATE) for wave in each] for each in (references, estimates)]
        log_mel_nats = mean_interval([float(np.abs(a - b).mean()) for a, b in zip(*frames, strict=True)])
        row = row_of(name, copies, rate, judges.ratings(estimates, texts, references), of_recordings)
        factor = copier.real_time_factor(waves[:TIMED_CLIPS], options.rounds)
        report.add(COPIES, row, log_mel_nats=log_mel_nats, real_time_factor=factor)
        report.target(name, "points above the recordings", row["points_above_the_reference"], MAX_WORD_ERROR_POINTS)
        report.target(name, "DNSMOS below the recordings", row["dnsmos_below_the_reference"], MAX_DNSMOS_LOSS)


BENCHMARK = Benchmark(
    __doc__,
    (COPIES,),
    measure,
    Option("clips", Path("corpora/speech"), "a corpus with texts", smoke=smoke_speech),
    Option("split", "test"),
    Option("count", 40, smoke=1),
    Option("min_seconds", 1.0),
    Option("model", ["vocoder", "wavenet"], "vocoders", smoke=["vocoder"]),
    Option("noise_reduction", type=float, help="of models that have it, in place of their own"),
    *JUDGE_OPTIONS,
    Option("no_griffin_lim", False, "leave out the copies by Griffin-Lim", smoke=True),
    Option("rounds", 3, "of timing", smoke=1),
)
