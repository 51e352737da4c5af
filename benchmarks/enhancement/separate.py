"""Measure how well dialogue is parted from music and from beds of music and effects.

    python -m benchmarks enhancement.separate --music FOLDER --effects FOLDER --json parted.json

``--music`` and ``--effects`` are folders of sound files that no bundled model is trained on, such as the music of the
Debian package supertuxkart-data, and the recordings of the public repository speechdnn/Noises. A bed is music or, for
the kind ``bed``, music and effects at -6 dB under it. Dialogue is sentences with pauses between them, and has the level
of the bed, both at 44.1 kHz; beds are stereo where their files are.

The improvement is the SI-SDR of the estimated speech over that of the mixture, both against the speech, in dB;
``background_db`` is that of the background against the bed. ``residual_db`` is the level of the speech that is left in
the background over that of the speech: what the method did to each point of the spectrum of the mixture is done to the
speech alone. ``background_level_db`` is the level of the background over that of the bed. Of ``silence``, the level of
the estimated speech where only the bed sounds is given, over that of the bed.
The real-time factor is processor time on one thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import cycle
from pathlib import Path

import numpy as np
from scipy.signal import stft

from benchmarks.enhancement.peers import SEPARATION_RATE as SAMPLE_RATE, separating_peers
from benchmarks.harness.corpora import corpus_entries, draw_entries, smoke_ambience, smoke_drums, smoke_speech
from benchmarks.harness.judges import means
from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, columns
from benchmarks.harness.timing import timed
from wavewright.audio.clip import Clip
from wavewright.audio.sound_file import open_sound
from wavewright.base.errors import BadFolder
from wavewright.base.units import db_to_gain, gain_to_db
from wavewright.contracts.enhancement import MAX_ATTENUATION_DB, EnhancementSettings
from wavewright.data.entry import Entry
from wavewright.data.folder import scan
from wavewright.data.mixing import rms
from wavewright.families import loading
from wavewright.inference.enhancement.sound import ModelProcessor
from wavewright.metrics.paired import si_sdr_db

PEAK = 0.5
EFFECTS_DB = -6.0  # under the music of a bed
MIN_LEVEL = 1e-3
FRAME_SAMPLES = 1_024
PAUSE_SECONDS = (0.3, 1.5)
LEAST_DB = {"music": 9.0, "bed": 8.0}
SEED = 7

Part = Callable[[np.ndarray], np.ndarray]
"""From a mixture ``(channels, time)`` to its speech."""

PARTED = Table(
    "parted",
    columns(method="s", background="s", clips="d", improvement_db=".1f", background_db=".1f", residual_db=".1f")
    | columns(background_level_db=".1f", silence_db=".1f", real_time_factor=".4f"),
)


class Mixtures:
    """Sentences of dialogue, each with what sounds under it."""

    def __init__(self, options: Options) -> None:
        entries = corpus_entries(options.speech, "test", min_seconds=options.min_seconds)
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
            parts.append(Clip.read(next(sentences).path).resample(SAMPLE_RATE).wave[:1])
            parts.append(np.zeros((1, int(self._rng.uniform(*PAUSE_SECONDS) * SAMPLE_RATE)), np.float32))
        return np.concatenate(parts, axis=1)

    def of(self, kind: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield speech and bed of each mixture, ``(channels, time)`` each, their sum below full scale."""
        for speech, bed in zip(self.speech, self.beds[kind], strict=True):
            level = np.float32(rms(speech) / rms(bed)) * bed
            gain = np.float32(PEAK / np.abs(speech + level).max())
            yield gain * np.broadcast_to(speech, level.shape), gain * level

    def _piece(self, files: list[Path], n_samples: int) -> np.ndarray:
        """Return a piece of a random file that is not silent."""
        if not files:
            raise BadFolder("There is no sound file for the background; give folders with --music and --effects.")
        while True:
            path = files[self._rng.integers(len(files))]
            seconds = n_samples / SAMPLE_RATE
            start = self._rng.uniform(0, max(1e-3, (open_sound(path).header.seconds or 0.0) - 2 * seconds))
            wave = Clip.read(path, start_seconds=start, seconds=seconds).resample(SAMPLE_RATE).wave
            wave = np.tile(wave, -(-n_samples // max(wave.shape[1], 1)))[:, :n_samples]
            if rms(wave) > MIN_LEVEL:
                return wave


def left_in_background(speech: np.ndarray, mixture: np.ndarray, estimate: np.ndarray) -> float:
    """Return the level of the speech in the background over that of the speech, in dB."""
    of_speech, of_mixture, of_estimate = (
        stft(wave.mean(0), nperseg=FRAME_SAMPLES)[2] for wave in (speech, mixture, estimate)
    )
    is_loud = np.abs(of_mixture) > MIN_LEVEL**2
    factors = np.divide(of_estimate, of_mixture, out=np.zeros_like(of_estimate), where=is_loud)
    factors /= np.maximum(1.0, np.abs(factors))
    return float(gain_to_db(np.sqrt(np.mean(np.abs((1 - factors) * of_speech) ** 2) / np.mean(np.abs(of_speech) ** 2))))


def scores_of(part: Part, speech: np.ndarray, bed: np.ndarray) -> dict[str, float]:
    """Return the scores of a method for a mixture."""
    mixture = speech + bed
    estimate, seconds = timed(partial(part, mixture))
    mono, below, whole, found = (wave.mean(0) for wave in (speech, bed, mixture, estimate))
    return {
        "improvement_db": si_sdr_db(mono, found) - si_sdr_db(mono, whole),
        "background_db": si_sdr_db(below, whole - found) - si_sdr_db(below, whole),
        "residual_db": left_in_background(speech, mixture, estimate),
        "background_level_db": float(gain_to_db(rms(mixture - estimate) / rms(bed))),
        "silence_db": float(gain_to_db(max(rms(part(bed)), 1e-9) / rms(bed))),
        "real_time_factor": seconds / (mixture.shape[1] / SAMPLE_RATE),
    }


def measure(options: Options, report: Report) -> None:
    mixtures = Mixtures(options)
    methods = separating_peers(report)
    for name in options.model:
        model = ModelProcessor(loading.load_enhancer(name), EnhancementSettings(max_attenuation_db=MAX_ATTENUATION_DB))
        process = partial(model.process_blocks, sample_rate=SAMPLE_RATE)
        methods[name] = lambda wave, process=process: np.concatenate([*process([wave], n_channels=len(wave))], axis=1)
    for kind in mixtures.beds:
        for name, part in methods.items():
            cells = means([scores_of(part, *pair) for pair in mixtures.of(kind)])
            factor = cells.pop("real_time_factor").value
            report.add(PARTED, cells, method=name, background=kind, clips=options.count, real_time_factor=factor)
            if name not in options.model:
                continue
            improvement = cells["improvement_db"]
            report.target(f"{name}, {kind}", "improvement of SI-SDR, dB", improvement, at_least=LEAST_DB[kind])
            report.target(f"{name}, {kind}", "real-time factor", factor, at_most=0.1)


BENCHMARK = Benchmark(
    measure,
    Option("speech", Path("corpora/prompts"), "a corpus of speakers not learned", smoke=smoke_speech),
    Option("music", Path("corpora/songs"), "folder of music that nothing was trained on", smoke=smoke_ambience),
    Option("effects", Path("corpora/noises"), "folder of sounds that nothing was trained on", smoke=smoke_drums),
    Option("model", ["denoise-48k"], "models that part speech, by name or folder", smoke=["denoise-16k"]),
    Option("count", 40, "mixtures", smoke=1),
    Option("seconds", 10.0, "least length of a mixture", smoke=5.0),
    Option("min_seconds", 1.0, "least length of a sentence", smoke=0.1),
)
