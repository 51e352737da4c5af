"""Measure copies of recordings by vocoders, from mel frames: word errors, ratings, distances and speed.

    python -m benchmarks vocoder.copy_synthesis --clips corpora/prompts --count 60 --min-seconds 2 --model wavenet

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
from benchmarks.harness.judges import DIFFERENCES, JUDGE_OPTIONS, RATINGS, SAMPLE_RATE, Judges, differences, means
from benchmarks.harness.peers import LIBROSA
from benchmarks.harness.script import Benchmark, Option, Options, Report, Row, Table, columns, optional
from benchmarks.harness.timing import median_seconds
from benchmarks.harness.waves import of_length, resampled
from wavewright.dsp.mel import mel_spectrogram, speech_mel
from wavewright.families import loading
from wavewright.families.vocoder.runtime import VocoderRuntime
from wavewright.metrics.harmonicity import harmonics_to_noise_of_all

GRIFFIN_LIM_FRAMES = {"n_fft": 1024, "hop_length": 256, "n_mels": 80}
GRIFFIN_LIM_ROUNDS = 60
TIMED_CLIPS = 5

COPIES = Table(
    "copies",
    columns(copies="s", clips="d")
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
        return of_length(self.frames_to_wave(self.wave_to_frames(wave), len(wave)), len(wave)).astype(np.float32)

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
    return librosa.griffinlim(
        magnitude,
        n_iter=GRIFFIN_LIM_ROUNDS,
        hop_length=hop_length,
        length=len(wave),
        pad_mode="constant",
        random_state=0,
    )


def measure(options: Options, report: Report) -> None:
    judges = Judges(options, report, with_pesq=True)
    clips = draw_entries(
        corpus_entries(options.clips, options.split, needs_text=True, min_seconds=options.min_seconds), options.count
    )
    texts = [str(clip.text) for clip in clips]
    copiers: dict[str, Copier] = {}
    for name in options.model:
        vocoder = loading.load_vocoder(name)
        if options.noise_reduction is not None and isinstance(vocoder, VocoderRuntime):
            vocoder.noise_reduction = options.noise_reduction
        copiers[name] = Copier(vocoder.sample_rate, vocoder.mel_of, lambda mel, _, own=vocoder: own.vocode(mel)[0])
    if not options.no_griffin_lim and report.has(LIBROSA, "Griffin-Lim"):
        copiers["Griffin-Lim"] = Copier(SAMPLE_RATE, lambda wave: wave, lambda wave, _: griffin_lim(wave, SAMPLE_RATE))
    recordings = [read_wave(clip.path, SAMPLE_RATE) for clip in clips]
    of_recordings = judges.ratings(recordings, texts, recordings)
    row = {"copies": "recordings", "clips": len(clips)}
    report.add(COPIES, {**row, **harmonics_of(recordings, SAMPLE_RATE), **means(of_recordings)})
    for name, copier in copiers.items():
        rate = copier.sample_rate
        waves = [read_wave(clip.path, rate) for clip in clips]
        copies = [copier.copy(wave) for wave in waves]
        references, estimates = ([resampled(wave, rate, SAMPLE_RATE) for wave in each] for each in (waves, copies))
        scores = judges.ratings(estimates, texts, references)
        frames = ([speech_mel(wave, SAMPLE_RATE) for wave in each] for each in (references, estimates))
        scores = [each | {"log_mel_nats": np.abs(a - b).mean()} for each, a, b in zip(scores, *frames, strict=True)]
        row = {"copies": name, "clips": len(clips)}
        row |= harmonics_of(copies, rate) | means(scores) | differences(scores, of_recordings)
        factor = copier.real_time_factor(waves[:TIMED_CLIPS], options.rounds)
        report.add(COPIES, row, real_time_factor=factor)
        report.target(name, "points above the recordings", row["points_above_the_reference"], at_most=3.0)
        report.target(name, "DNSMOS below the recordings", row["dnsmos_below_the_reference"], at_most=0.4)


def harmonics_of(waves: Sequence[np.ndarray], rate: int) -> Row:
    """Return the harmonics-to-noise ratio of voices, None without any that is voiced."""
    median_db = harmonics_to_noise_of_all(waves, rate).median_db
    return {"harmonics_to_noise_db": median_db if np.isfinite(median_db) else None}


BENCHMARK = Benchmark(
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
