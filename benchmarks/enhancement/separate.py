"""Measure how well dialogue is parted from music and from beds of music and effects.

    python recipes/corpora prompts --asterisk FOLDER --out corpora/prompts
    python -m benchmarks enhancement.separate --music FOLDER --effects FOLDER --json parted.json

``--music`` and ``--effects`` are folders of sound files that no bundled model is trained on, such as the music of the
Debian package supertuxkart-data, and the recordings of the public repository speechdnn/Noises. A bed is music or, for
the kind ``bed``, music and effects at -6 dB under it. Dialogue is sentences with pauses between them, and has the level
of the bed, times each ratio, both at 44.1 kHz; beds are stereo where their files are.

The improvement is the SI-SDR of the estimated speech over that of the mixture, both against the speech, in dB;
``background_db`` is that of the background against the bed. ``residual_db`` is the level of the speech that is left in
the background over that of the speech: what the method did to each point of the spectrum of the mixture is done to the
speech alone. ``background_level_db`` is the level of the background over that of the bed. Of ``silence``, the level of
the estimated speech where only the bed sounds is given, over that of the bed.
The real-time factor is processor time on one thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from typing import TypeAlias

import numpy as np
from scipy.signal import stft

from benchmarks.harness.corpora import corpus_entries, draw_entries, smoke_ambience, smoke_speech, smoke_textures
from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, columns
from benchmarks.speech.judges import mean_interval
from wavewright.audio.clip import Clip
from wavewright.audio.sound_file import open_sound
from wavewright.base.errors import BadFolder
from wavewright.base.units import db_to_gain, gain_to_db
from wavewright.contracts.enhancement import EnhancementSettings
from wavewright.data.entry import Entry
from wavewright.data.folder import scan
from wavewright.families import loading
from wavewright.inference.enhancement.sound import ModelProcessor
from wavewright.metrics.paired import si_sdr_db

SAMPLE_RATE = 44_100
PEAK = 0.5
EFFECTS_DB = -6.0  # under the music of a bed
MIN_LEVEL = 1e-3
FRAME_SAMPLES = 1_024
PAUSE_SECONDS = (0.3, 1.5)
LEAST_DB = {"music": 9.0, "bed": 8.0}
MAX_REAL_TIME_FACTOR = 0.1
SEED = 7

Part: TypeAlias = Callable[[np.ndarray], np.ndarray]
"""From a mixture ``(channels, time)`` to its speech."""

PARTED = Table(
    "parted",
    columns(
        method="s",
        background="s",
        ratio_db="g",
        clips="d",
        improvement_db=".1f",
        background_db=".1f",
        residual_db=".1f",
        background_level_db=".1f",
        silence_db=".1f",
        real_time_factor=".4f",
    ),
)


def rms(wave: np.ndarray) -> float:
    """Return the root mean square of a wave."""
    return float(np.sqrt(np.mean(np.square(wave, dtype=np.float64))))


class Mixtures:
    """Sentences of dialogue, each with what sounds under it."""

    def __init__(self, options: Options) -> None:
        entries = corpus_entries(options.speech, options.split, min_seconds=options.min_seconds)
        self._rng = np.random.default_rng(SEED)
        sentences = cycle(draw_entries(entries, len(entries)))
        self.speech = [self._dialogue(sentences, options.seconds) for _ in range(options.count)]
        music, effects = ([entry.path for entry in scan(folder).entries] for folder in (options.music, options.effects))
        self.beds: dict[str, list[np.ndarray]] = {"music": [], "bed": []}
        for wave in self.speech:
            piece = self._piece(music, wave.shape[1])
            effect = self._piece(effects, wave.shape[1])
            self.beds["music"].append(piece)
            self.beds["bed"].append(piece + np.float32(rms(piece) / rms(effect) * db_to_gain(EFFECTS_DB)) * effect)

    def _dialogue(self, sentences: Iterator[Entry], seconds: float) -> np.ndarray:
        """Return sentences with pauses, ``(1, time)``."""
        parts: list[np.ndarray] = []
        while sum(part.shape[1] for part in parts) < seconds * SAMPLE_RATE:
            parts.append(self._read(next(sentences).path, 0.0, None)[:1])
            parts.append(np.zeros((1, int(self._rng.uniform(*PAUSE_SECONDS) * SAMPLE_RATE)), np.float32))
        return np.concatenate(parts, axis=1)

    def of(self, kind: str, ratio_db: float) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return speech and bed of each mixture, ``(channels, time)`` each, their sum below full scale."""
        pairs = []
        for speech, bed in zip(self.speech, self.beds[kind], strict=True):
            louder = np.float32(rms(speech) / rms(bed) * db_to_gain(-ratio_db)) * bed
            gain = np.float32(PEAK / np.abs(speech + louder).max())
            pairs.append((gain * np.broadcast_to(speech, louder.shape), gain * louder))
        return pairs

    def _piece(self, files: list[Path], n_samples: int) -> np.ndarray:
        """Return a piece of a random file that is not silent."""
        if not files:
            raise BadFolder("There is no sound file for the background; give folders with --music and --effects.")
        while True:
            path = files[self._rng.integers(len(files))]
            seconds = n_samples / SAMPLE_RATE
            start = self._rng.uniform(0, max(1e-3, (open_sound(path).header.seconds or 0.0) - 2 * seconds))
            wave = self._read(path, start, seconds)
            wave = np.tile(wave, -(-n_samples // max(wave.shape[1], 1)))[:, :n_samples]
            if rms(wave) > MIN_LEVEL:
                return wave

    @staticmethod
    def _read(path: Path, start: float, seconds: float | None) -> np.ndarray:
        return Clip.read(path, start_seconds=start, seconds=seconds).resample(SAMPLE_RATE).wave


def model_part(name: str) -> Part:
    """Return the speech by a bundled model or the path of one."""
    processor = ModelProcessor(loading.load_enhancer(name), EnhancementSettings(max_attenuation_db=None))
    return lambda mixture: np.concatenate(
        list(processor.process_blocks(iter([mixture]), SAMPLE_RATE, len(mixture))), axis=1
    )


def left_in_background(speech: np.ndarray, mixture: np.ndarray, estimate: np.ndarray) -> float:
    """Return the level of the speech in the background over that of the speech, in dB."""
    spectra = [stft(wave.mean(0), nperseg=FRAME_SAMPLES)[2] for wave in (speech, mixture, estimate)]
    of_speech, of_mixture, of_estimate = spectra
    factors = np.divide(
        of_estimate, of_mixture, out=np.zeros_like(of_estimate), where=np.abs(of_mixture) > MIN_LEVEL**2
    )
    factors /= np.maximum(1.0, np.abs(factors))
    return float(gain_to_db(np.sqrt(np.mean(np.abs((1 - factors) * of_speech) ** 2) / np.mean(np.abs(of_speech) ** 2))))


def measure_method(name: str, part: Part, mixtures: Mixtures, kind: str, ratio_db: float, report: Report) -> float:
    """Add the row of a method; return its improvement."""
    improvements, backgrounds, silences, residuals, levels, seconds, length = [], [], [], [], [], 0.0, 0.0
    for speech, bed in mixtures.of(kind, ratio_db):
        mixture = speech + bed
        begun = time.process_time()
        estimate = part(mixture)
        seconds += time.process_time() - begun
        length += mixture.shape[1] / SAMPLE_RATE
        mono, whole = speech.mean(0), mixture.mean(0)
        improvements.append(si_sdr_db(mono, estimate.mean(0)) - si_sdr_db(mono, whole))
        backgrounds.append(si_sdr_db(bed.mean(0), whole - estimate.mean(0)) - si_sdr_db(bed.mean(0), whole))
        residuals.append(left_in_background(speech, mixture, estimate))
        levels.append(float(gain_to_db(rms(mixture - estimate) / rms(bed))))
        silences.append(float(gain_to_db(max(rms(part(bed)), 1e-9) / rms(bed))))
    improvement = mean_interval(improvements)
    report.add(
        PARTED,
        method=name,
        background=kind,
        ratio_db=ratio_db,
        clips=len(improvements),
        improvement_db=improvement,
        background_db=mean_interval(backgrounds),
        residual_db=mean_interval(residuals),
        background_level_db=mean_interval(levels),
        silence_db=mean_interval(silences),
        real_time_factor=seconds / length,
    )
    return improvement.value


def measure(options: Options, report: Report) -> None:
    """Add a row for each method, kind of background and ratio."""
    mixtures = Mixtures(options)
    methods = {name: model_part(name) for name in options.model}
    for kind in mixtures.beds:
        for ratio_db in options.ratios:
            for name, part in methods.items():
                improvement = measure_method(name, part, mixtures, kind, ratio_db, report)
                if ratio_db == 0:
                    subject = f"{name}, {kind} at 0 dB"
                    report.target(subject, "improvement of SI-SDR, dB", improvement, at_least=LEAST_DB[kind])
                    factor = report.rows[PARTED.name][-1]["real_time_factor"]
                    report.target(subject, "real-time factor", factor, at_most=MAX_REAL_TIME_FACTOR)


BENCHMARK = Benchmark(
    __doc__,
    (PARTED,),
    measure,
    Option("speech", Path("corpora/prompts"), "a corpus of speakers not learned", smoke=smoke_speech),
    Option("split", "test"),
    Option("music", Path("corpora/songs"), "folder of music that nothing was trained on", smoke=smoke_ambience),
    Option("effects", Path("corpora/noises"), "folder of sounds that nothing was trained on", smoke=smoke_textures),
    Option("model", ["denoise-48k"], "models that part speech, by name or folder", smoke=["denoise-16k"]),
    Option("count", 40, "mixtures", smoke=1),
    Option("seconds", 10.0, "least length of a mixture", smoke=5.0),
    Option("min_seconds", 1.0, "least length of a sentence", smoke=0.1),
    Option("ratios", [0.0], "speech over the bed, dB"),
)
