"""How a vocoder is trained: which stretches of which recordings stand in a batch, what it is measured by, settings of each size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ...contracts.recipe import Prepared, Recipe
from ...contracts.settings import TrainingSettings
from ...data.crops import sampling_probabilities
from ...data.entry import Entry, Problem
from ...data.preparation import Preparation
from ...data.splits import assign_splits
from ...data.store import ClipStore
from ...dsp.mel import mel_spectrogram
from ...dsp.pitch import track_pitch
from ...dsp.spectrum import spectrogram
from ...dsp.speech_mel import F_MAX_HZ, power_scale, power_to_log
from ...errors import BadFolder
from ...models.folder import ModelFolder
from ...ranges import check_ranges
from ...units import db_to_gain, seconds_to_samples
from .config import HIGHEST_PITCH_HZ, LOWEST_PITCH_HZ, METRICS, SIZES, WEIGHT_PREFIX, VocoderConfig
from .excitation import hz_to_place, phase_of, pulses_at
from .given import given_frames, with_mels

DATA_RANGES = {
    "crop_frames": (8, 10_000),
    "valid_fraction": (0.0, 0.9),
    "gain_range_db": (0.0, 60.0),
    "speaker_exponent": (0.0, 1.0),
    "mel_noise": (0.0, 5.0),
    "mel_blur": (0.0, 1.0),
}
FINE_STEPS, FINE_ADVERSARIAL_FROM = 3_000, 300  # of a run that begins from another model
VALID_CLIPS, VALID_SECONDS = 40, 2.0
HEARD_CLIPS = 4
CERTAINTY_BETWEEN = 0.1  # of a pitch that is carried on where there is none, against that of a voice
HELD_DB = -60.0  # below the loudest frequency; what is weaker above all others, a file's rate or a codec has taken
HELD_N_FFT = 2_048


@dataclass(frozen=True)
class VocoderDataSettings:
    """What becomes of a recording before the network hears it."""

    crop_frames: int = 40  # of a recording at once
    valid_fraction: float = 0.05  # of the recordings (or groups) are kept out of training, where no manifest names them
    gain_range_db: float = 24.0  # each crop is made quieter by up to this
    speaker_exponent: float = 0.6  # 0 draws each speaker alike, 1 each by the length of the recordings
    mel_noise: float = (
        0.15  # nats; up to so much is added to what the network hears, so that it forgives predicted frames
    )
    given_mels: bool = (
        False  # hear the frames in the .npy file beside each recording, for example those that a voice predicts
    )
    mel_blur: float = (
        0.5  # up to this share of what it hears is a mean over three frames and bands, as predicted frames are
    )

    def __post_init__(self) -> None:
        check_ranges(self, DATA_RANGES)


@dataclass(frozen=True)
class VocoderRecipe(Recipe):
    """A complete description of a training run; raises BadSetting where its parts do not fit."""

    TITLE = "a vocoder"
    VALIDATION_METRICS = METRICS

    model: VocoderConfig = field(default_factory=VocoderConfig)
    data: VocoderDataSettings = field(default_factory=VocoderDataSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)


def recipe(size: str) -> VocoderRecipe:
    """The recipe of a size: ``tiny`` to try things out, ``small`` for a CPU, ``base`` for a GPU."""
    training = TrainingSettings(
        batch_size=8,
        learning_rate=1e-3,
        betas=(0.8, 0.99),
        schedule="cosine",
        final_fraction=0.1,
        warmup_steps=200,
        clip_norm=5.0,
        ema_decay=0.998,
        evaluate_every=1_000,
        save_every=250,
        weight_bits=8,
        product_bits=8,
    )
    return VocoderRecipe(model=SIZES[size], training=training)


def fine_tuning(base: ModelFolder) -> VocoderRecipe:
    """The recipe that teaches ``base`` other voices: its network, in small steps, and critics soon."""
    model = replace(base.config(VocoderConfig), adversarial_from=FINE_ADVERSARIAL_FROM)
    training = replace(
        recipe("small").training,
        steps=FINE_STEPS,
        learning_rate=3e-4,
        warmup_steps=50,
        ema_decay=0.995,
        evaluate_every=250,
    )
    return VocoderRecipe(model=model, training=training)


def warm_start(base: ModelFolder, config: VocoderConfig) -> dict[str, np.ndarray]:
    """The state of a vocoder as it begins from ``base``, tensors by name; whether they fit ``config`` shows where they are loaded."""
    return {
        name.removeprefix(WEIGHT_PREFIX): array
        for name, array in base.weights().items()
        if name.startswith(WEIGHT_PREFIX)
    }


@dataclass(frozen=True)
class VocoderPrepared(Prepared):
    """A recipe with its data: what the loop draws batches from, and the stretches that measure the network.

    ``valid`` are held out, ``heard`` are listened to, both as a batch of :class:`Crops`, the former empty where nothing is held out.
    """

    recipe: VocoderRecipe
    batches: Crops
    valid: dict[str, np.ndarray]
    heard: dict[str, np.ndarray]


def prepare(recipe: VocoderRecipe, entries: Sequence[Entry], cache_folder: Path | None = None) -> VocoderPrepared:
    """Split, decode and prepare ``entries``; raises BadFolder where nothing is left to train on."""
    divided = assign_splits(entries, by="group", valid=recipe.data.valid_fraction, test=0.0)
    used = [entry for entry in divided if entry.split != "test"]
    problems: tuple[Problem, ...] = ()
    if recipe.data.given_mels:
        used, problems = with_mels(used)
    # Given frames are those of the file as it is, from its first sample on and at its own level.
    preparation = Preparation(
        "crop", trim=not recipe.data.given_mels, level="none" if recipe.data.given_mels else "peak"
    )
    store = ClipStore.build(used, recipe.model.sample_rate, None, preparation, cache_folder)
    train, valid = (
        [i for i, entry in enumerate(store.entries) if entry.split == split] for split in ("train", "valid")
    )
    if not train:
        raise BadFolder(
            "None of the recordings to train on can be used; `wavewright data inspect` says what is wrong with them."
        )
    recipe = replace(recipe, training=recipe.training if valid else replace(recipe.training, metric=""))
    batches = Crops(store, train, recipe)
    measured = np.random.default_rng(0).permutation(valid or train)[:VALID_CLIPS]
    n_frames = seconds_to_samples(VALID_SECONDS, recipe.model.sample_rate) // recipe.model.hop_length
    clips = stacked([batches.crop(int(row), 0, n_frames) for row in measured])
    heard = {name: array[:HEARD_CLIPS] for name, array in clips.items()}
    problems += store.problems
    return VocoderPrepared(
        recipe, tuple(store.entries[i] for i in train), problems, batches, clips if valid else {}, heard
    )


def stacked(crops: Sequence[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Crops as a batch."""
    return {name: np.stack([crop[name] for crop in crops]) for name in crops[0]}


def held_share(wave: np.ndarray) -> float:
    """Up to which share of half the sample rate ``wave (time,)`` holds anything: its mean power is then within HELD_DB of the largest.

    A file may say a higher rate than its recording had.
    """
    is_short = len(wave) < HELD_N_FFT  # else no window hears an end, which would sound bright
    power = spectrogram(wave, HELD_N_FFT, HELD_N_FFT // 2, padding="zero" if is_short else "none").mean(axis=1)
    return float(np.flatnonzero(power >= power.max() * db_to_gain(HELD_DB) ** 2)[-1] / (len(power) - 1))


class Crops:
    """Batches of stretches of recordings, a pure function of the step.

    Of each stretch of ``n`` frames: ``wave (n * hop_length,)``, the ``pulses (step_length + n * hop_length,)`` at its pitch, the log-mel frames
    that the network hears, ``mel (1 + n + look_ahead, n_mels)`` with one before and those ahead; ``place``, ``f0_hz`` and ``certainty (n,)`` of the
    pitch at the end of each frame; ``top``, the share of half the sample rate that the recording holds.
    A speaker's share of the batches grows with a power of the length of the recordings; those without a speaker count as one.
    """

    def __init__(self, store: ClipStore, rows: Sequence[int], recipe: VocoderRecipe):
        self.store, self.rows, self.recipe = store, np.array(rows), recipe
        hop_length = recipe.model.hop_length
        self.n_frames = np.array([-(-length // hop_length) for length in store.lengths])  # of every clip of the store
        self.first = np.concatenate([[0], np.cumsum(self.n_frames)])  # of each clip's pitches
        name = f"voices-{hop_length}-{LOWEST_PITCH_HZ:g}-{HIGHEST_PITCH_HZ:g}-{HELD_N_FFT}{HELD_DB:g}"
        found = store.cached(name, self._measured)
        self.f0_hz, self.top = found["f0_hz"], found["top"]
        heard = np.maximum(self.n_frames[self.rows], recipe.data.crop_frames)
        self.shares = sampling_probabilities([store.entries[row] for row in rows], heard, recipe.data.speaker_exponent)

    def _measured(self) -> dict[str, np.ndarray]:
        """Of all clips of the store, one after another: ``f0_hz (frames,)``, 0 where there is none, and ``top (clips,)``."""
        model = self.recipe.model
        f0_hz, top = [], []
        for row, n_frames in enumerate(self.n_frames):
            wave = self.store[row][0]
            track = track_pitch(wave, model.sample_rate, model.hop_length, LOWEST_PITCH_HZ, HIGHEST_PITCH_HZ)
            f0_hz.append(track.f0_hz[:n_frames])
            top.append(held_share(wave))
        return {"f0_hz": np.concatenate(f0_hz), "top": np.array(top, np.float32)}

    def __call__(self, step: int) -> dict[str, np.ndarray]:
        data = self.recipe.data
        draw = np.random.default_rng([self.recipe.training.seed, step])
        places = draw.choice(len(self.rows), self.recipe.training.batch_size, p=self.shares)
        crops = []
        for row in self.rows[places]:
            start = int(draw.integers(max(self.n_frames[row] - data.crop_frames, 0) + 1))
            gain = db_to_gain(-draw.uniform(0, data.gain_range_db))
            crop = self.crop(int(row), start, data.crop_frames, gain)
            crops.append(crop | {"mel": self._spoilt(crop["mel"], draw)})
        return stacked(crops)

    def _spoilt(self, mel: np.ndarray, draw: np.random.Generator) -> np.ndarray:
        """Frames ``(frames, n_mels)`` a little blurred and noisy, as predicted ones are."""
        data = self.recipe.data
        share, deviation = data.mel_blur * draw.random() ** 2, data.mel_noise * draw.random() ** 2  # mostly little
        padded = np.pad(mel, 1, mode="edge")
        over_frames = (padded[:-2] + padded[1:-1] + padded[2:]) / 3
        blurred = (over_frames[:, :-2] + over_frames[:, 1:-1] + over_frames[:, 2:]) / 3
        noise = deviation * draw.standard_normal(mel.shape)
        return ((1 - share) * mel + share * blurred + noise).astype(np.float32)

    def crop(self, row: int, start: int, n_frames: int, gain: float = 1.0) -> dict[str, np.ndarray]:
        """``n_frames`` of a clip from frame ``start`` on, silence before and after it, as a batch holds them."""
        model = self.recipe.model
        hop_length, n_ahead = model.hop_length, model.look_ahead + 1
        before, after = 3, n_ahead  # frames on each side, that windows reach into
        heard = np.float32(gain) * self._stretch(
            row, (start - before) * hop_length, (before + n_frames + after) * hop_length
        )
        mel = self._frames(row, start - 1, heard, gain)
        f0_hz = self._pitches(row, start - 1, n_frames + 2)
        wave = heard[before * hop_length : (before + n_frames) * hop_length]
        phase = phase_of(heard[hop_length : (before + n_frames + 1) * hop_length], f0_hz, model.sample_rate, hop_length)
        voiced = np.flatnonzero(f0_hz > 0)
        carried = np.interp(np.arange(len(f0_hz)), voiced, f0_hz[voiced]) if len(voiced) else np.full(len(f0_hz), 100.0)
        pulses = pulses_at(phase[None])[hop_length - model.step_length : (n_frames + 1) * hop_length]
        return {
            "wave": wave,
            "pulses": pulses,
            "mel": mel,
            "place": hz_to_place(carried[2:]).astype(np.float32),
            "f0_hz": carried[2:].astype(np.float32),
            "certainty": np.where(f0_hz[2:] > 0, 1.0, CERTAINTY_BETWEEN if len(voiced) else 0.0).astype(np.float32),
            "top": self.top[row],
        }

    def _frames(self, row: int, first: int, heard: np.ndarray, gain: float) -> np.ndarray:
        """The log-mel frames ``(frames, n_mels)`` of ``heard (time,)`` from frame ``first`` of a clip on, or those that are given for them."""
        model = self.recipe.model
        power = mel_spectrogram(
            heard, model.sample_rate, model.mel_n_fft, model.hop_length, model.n_mels, f_max_hz=F_MAX_HZ, padding="none"
        )
        if not self.recipe.data.given_mels:
            return power_to_log(power * np.float32(power_scale(model.mel_n_fft))).T
        return given_frames(self.store.entries[row].path, first, power.shape[1], gain).T

    def _stretch(self, row: int, start: int, n_samples: int) -> np.ndarray:
        """Samples of a clip from ``start`` on, which may lie before it: ``(n_samples,)``."""
        lead = max(-start, 0)
        return np.pad(self.store.crop(row, max(start, 0), n_samples - lead)[0], (lead, 0))

    def _pitches(self, row: int, start: int, n_frames: int) -> np.ndarray:
        """The pitch in hertz of frames of a clip from ``start`` on, 0 where there is none, as outside of the clip."""
        found = np.zeros(n_frames)
        first, last = max(start, 0), min(start + n_frames, int(self.n_frames[row]))
        found[first - start : last - start] = self.f0_hz[self.first[row] + first : self.first[row] + last]
        return found
