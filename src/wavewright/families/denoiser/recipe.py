"""Recipes of denoisers: the settings of each size and of fine-tuning, and the preparation of recordings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ...base.errors import BadFolder
from ...base.units import db_to_gain, seconds_to_samples
from ...contracts.recipe import NOTHING_TO_TRAIN_ON, PreparedOf, RecipeOf, fine_tuned, split_rows
from ...contracts.settings import COSINE_SETTINGS
from ...data import mixing
from ...data.augmentation import log_uniform
from ...data.entry import Entry
from ...data.folder import scan
from ...data.preparation import Preparation
from ...data.scenes import MUSIC, NOISE, SPEECH, Scenes
from ...data.splits import assign_splits
from ...data.store import ClipStore
from ...dsp.echo import LinearEchoCanceller
from ...dsp.rooms import Room
from ...models.folder import ModelFolder
from .batches import DenoiserBatches, DenoiserDataSettings
from .config import SIZES, DenoiserConfig

MAX_LEAD_SECONDS = 3.0  # for which the canceller has run before a crop
MAX_ROOM_SECONDS = 0.6  # reverberation time
MAX_LOUDSPEAKER_METRES = 1.0
DELAY_SECONDS = (0.005, 0.5)
ECHO_RATIO_DB = (-15.0, 15.0)  # near end over echo
NOISE_RATIO_DB = (15.0, 45.0)  # near end or echo over noise
FAR_LEVEL_DB = (-40.0, -12.0)
MICROPHONE_LEVEL_DB = (-45.0, -15.0)
DRIVE = (1.0, 20.0)  # of a distorting loudspeaker, times the peak

FAR_ALONE, NEAR_ALONE, NO_ECHO = 0.25, 0.1, 0.05  # probabilities; otherwise both talk
DISTORTED, CHANGED = 0.5, 0.15  # probabilities of a distorting loudspeaker, and of a path that changes
MOVED, DRIFTED = 0.12, 0.12  # probabilities of a delay that jumps once, and of clocks that differ
MOVE_SECONDS = 0.15
DRIFT = 2e-4  # largest, of the rates of two clocks


class EchoBatches(DenoiserBatches):
    """Batches of calls, a pure function of the step.

    The inputs are the output of the linear canceller, its estimate of the echo, the microphone, and the far end; the
    target is the near end with its noise.
    """

    def mixture(self, rng: np.random.Generator) -> tuple[np.ndarray, float, np.ndarray]:
        """Return the inputs ``(4, time)``, 0, and the target ``(time,)``, float32."""
        hop_length = self.recipe.model.hop_length
        n_lead = int(rng.uniform(0, MAX_LEAD_SECONDS) * self.sample_rate / hop_length) * hop_length
        n_samples = n_lead + self.n_samples
        kind = rng.random()
        room = Room.random(rng)
        room = replace(room, t60=min(room.t60, MAX_ROOM_SECONDS))
        far = self._far_end(rng, n_samples)
        echo = self._echo(rng, room, far)
        near = mixing.reverberate(self.scenes.speech(rng, n_samples), room.response(rng, self.sample_rate))
        if kind < FAR_ALONE:
            near = np.zeros_like(near)
        elif kind < FAR_ALONE + NEAR_ALONE:
            far, echo = np.zeros_like(far), np.zeros_like(echo)
        elif kind < FAR_ALONE + NEAR_ALONE + NO_ECHO:
            echo = np.zeros_like(echo)
        echo_level, near_level = mixing.active_rms(echo), mixing.active_rms(near)
        if echo_level and near_level:
            echo = echo * (near_level / echo_level * db_to_gain(-rng.uniform(*ECHO_RATIO_DB)))
        clean_level = max(mixing.active_rms(echo), near_level)
        noise = self.scenes.noise(rng, n_samples)
        near = near + noise * (clean_level * db_to_gain(-rng.uniform(*NOISE_RATIO_DB)) / mixing.rms(noise))
        microphone = near + echo
        gain = db_to_gain(rng.uniform(*MICROPHONE_LEVEL_DB)) / max(mixing.active_rms(microphone), 1e-9)
        gain = min(gain, 1 / max(np.abs(microphone).max(), 1e-9))
        near, microphone = (gain * near).astype(np.float32), (gain * microphone).astype(np.float32)
        linear = LinearEchoCanceller(self.sample_rate, self.recipe.model.echo_settings)
        pairs = [
            linear.process(microphone[start : start + hop_length], far[start : start + hop_length])
            for start in range(0, n_samples, hop_length)
        ]
        error, estimate = (np.concatenate(parts) for parts in zip(*pairs, strict=True))
        inputs = np.stack([error, estimate, microphone, far])[:, n_lead:]
        return inputs.astype(np.float32), 0.0, near[n_lead:]

    def _far_end(self, rng: np.random.Generator, n_samples: int) -> np.ndarray:
        """Return what the loudspeaker plays."""
        kind = rng.random()
        if kind < 0.1 and self.scenes.music is not None:
            far = self.scenes.music.crop(rng, n_samples)
        elif kind < 0.15:
            far = self.scenes.noise(rng, n_samples)
        else:
            far = mixing.equalise(self.scenes.speech(rng, n_samples), rng, 6.0)
        level = db_to_gain(rng.uniform(*FAR_LEVEL_DB)) / max(mixing.active_rms(far), 1e-9)
        loudspeaker: np.ndarray = min(level, 1 / max(np.abs(far).max(), 1e-9)) * far
        return loudspeaker.astype(np.float32)

    def _echo(self, rng: np.random.Generator, room: Room, far: np.ndarray) -> np.ndarray:
        """Return the far end after a loudspeaker, a delay and the room."""
        loudspeaker = far
        if rng.random() < DISTORTED:
            drive = log_uniform(rng, *DRIVE) / max(np.abs(far).max(), 1e-9)
            bias = rng.uniform(-0.3, 0.3)
            loudspeaker = (np.tanh(drive * far + bias) - np.tanh(bias)) / drive
            loudspeaker = mixing.equalise(loudspeaker.astype(np.float32), rng, 10.0)
        responses = [room.response(rng, self.sample_rate, MAX_LOUDSPEAKER_METRES) for _ in range(2)]
        echo = mixing.reverberate(loudspeaker, responses[0])
        if rng.random() < CHANGED:
            change = int(rng.integers(len(far)))
            echo[change:] = mixing.reverberate(loudspeaker, responses[1])[change:]
        return delayed(echo, self._delay(rng, len(far)))

    def _delay(self, rng: np.random.Generator, n_samples: int) -> np.ndarray:
        """Return the delay ``(n_samples,)`` of each sample of an echo, in samples; it may jump or drift."""
        delay = np.full(n_samples, float(seconds_to_samples(rng.uniform(*DELAY_SECONDS), self.sample_rate)))
        kind = rng.random()
        if kind < MOVED:
            move = seconds_to_samples(rng.uniform(-MOVE_SECONDS, MOVE_SECONDS), self.sample_rate)
            delay[int(rng.integers(n_samples)) :] += move
        elif kind < MOVED + DRIFTED:
            delay += rng.uniform(-DRIFT, DRIFT) * np.arange(n_samples)
        lowest, highest = (seconds_to_samples(seconds, self.sample_rate) for seconds in DELAY_SECONDS)
        clipped: np.ndarray = np.clip(delay, lowest, highest)
        return clipped


def delayed(wave: np.ndarray, delay: np.ndarray) -> np.ndarray:
    """Return a wave ``(time,)`` float32, each sample late by its own delay in samples; silence comes before."""
    positions = np.arange(len(wave)) - delay
    whole = np.floor(positions).astype(int)
    if not np.any(positions - whole):
        return np.where(whole >= 0, wave[whole.clip(0)], 0).astype(np.float32)
    from scipy.ndimage import map_coordinates

    cubic: np.ndarray = map_coordinates(wave, positions[None], order=3, mode="constant", prefilter=True)
    return cubic.astype(np.float32)


N_VALID_MIXTURES = 48
N_EXAMPLES = 4
VALID_SEED = 1

DenoiserRecipe = RecipeOf[DenoiserConfig, DenoiserDataSettings]

TRAINING = replace(
    COSINE_SETTINGS,
    optimizer="muon",
    batch_size=12,
    learning_rate=2e-3,
    weight_decay=0.01,
    final_fraction=0.02,
    warmup_steps=200,
    clip_norm=3.0,
    ema_decay=0.998,
    evaluate_every=500,
)
"""Settings of the training, shared by all sizes."""


@dataclass(frozen=True, kw_only=True)
class DenoiserPrepared(PreparedOf[DenoiserRecipe, DenoiserBatches]):
    """A recipe with its data."""

    valid: dict[str, np.ndarray]  # mixtures of held-out recordings as one batch, empty without any
    examples: dict[str, np.ndarray]  # a few mixtures for samples


def recipe(size: str) -> DenoiserRecipe:
    """Return the recipe of a size: ``tiny`` for a noise of one's own, ``best`` for files, the others for real time."""
    return DenoiserRecipe(SIZES[size], DenoiserDataSettings(), TRAINING)


def fine_tuning(base: ModelFolder) -> DenoiserRecipe:
    """Return the recipe to train ``base`` further, on other speech and noise."""
    return fine_tuned(recipe("small"), base)


def prepare(recipe: DenoiserRecipe, entries: Sequence[Entry], cache_folder: Path | None = None) -> DenoiserPrepared:
    """Split and decode speech and noise; raise BadFolder if one of them is missing.

    Recordings are speech, noise or music by their label, noise with any other one or without. To them come those of the
    folder ``data.speech``, as speech. Without held-out recordings of both kinds there are no validation mixtures.
    """
    data = recipe.data
    kinds = _kinds(entries)
    if data.speech:
        kinds[SPEECH] += scan(Path(data.speech)).entries
    for kind in (SPEECH, NOISE):
        if not kinds[kind]:
            raise BadFolder(
                f"There are no recordings of {kind} among the {len(entries)}; a denoiser learns from speech and noise: "
                f"name folders {SPEECH} and {NOISE}, or give a folder of noise, and one of speech with --speech."
            )
    entries = [
        replace(entry, label=kind)
        for kind, members in kinds.items()
        for entry in assign_splits(members, by="group", valid=data.valid_fraction, test=0.0)
        if entry.split != "test"
    ]
    store = ClipStore.build(entries, recipe.model.sample_rate, None, Preparation("crop", level="peak"), cache_folder)
    train, valid = split_rows(store.entries)
    batches = _batches(store, train, recipe)
    if batches is None:
        raise BadFolder(NOTHING_TO_TRAIN_ON)
    held_out = _batches(store, valid, recipe)
    if held_out is None:
        recipe = recipe.without_valid_metric()
    mixtures = (held_out or batches).mixtures([VALID_SEED], N_VALID_MIXTURES)
    return DenoiserPrepared(
        recipe=recipe,
        train_entries=tuple(store.entries[row] for row in train),
        failed=store.failed,
        batches=batches,
        valid=mixtures if held_out else {},
        examples={name: array[:N_EXAMPLES] for name, array in mixtures.items()},
    )


def _kinds(entries: Sequence[Entry]) -> dict[str, list[Entry]]:
    """Return the recordings of each kind by their labels."""
    kinds: dict[str, list[Entry]] = {SPEECH: [], NOISE: [], MUSIC: []}
    for entry in entries:
        kinds.get(entry.label or NOISE, kinds[NOISE]).append(entry)
    return kinds


def _batches(store: ClipStore, rows: Sequence[int], recipe: DenoiserRecipe) -> DenoiserBatches | None:
    """Return the batches of some rows, None without speech or without noise."""
    if not {SPEECH, NOISE} <= {store.entries[row].label for row in rows}:
        return None
    kind = EchoBatches if recipe.model.removes == "echo" else DenoiserBatches
    return kind(Scenes(store, rows, recipe.data), recipe)
