"""Recipes of denoisers: the settings of each size and of fine-tuning, and the preparation of recordings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ...base.errors import BadFolder
from ...base.ranges import ranged
from ...base.units import db_to_gain, seconds_to_samples
from ...contracts.recipe import NOTHING_TO_TRAIN_ON, Batch, PreparedOf, RecipeOf, other_recordings, split_rows
from ...contracts.settings import COSINE_SETTINGS
from ...data import mixing
from ...data.augmentation import log_uniform
from ...data.entry import Entry
from ...data.folder import scan
from ...data.preparation import Preparation
from ...data.scenes import MUSIC, NOISE, SPEECH, Scenes, SceneSettings
from ...data.splits import assign_splits
from ...data.store import ClipStore
from ...dsp.echo import LinearEchoCanceller
from ...dsp.rooms import Room, early_response
from .config import SIZES, DenoiserConfig

# --- Batches of noisy recordings, mixed on the fly from speech, noise and rooms, and of what should be left of them

MAX_PEAK = 0.99
EARLY_SECONDS = 0.05
"""After the direct sound: what stays of a room where reverberation is removed."""
TELEPHONE_HZ = 3_400.0


@dataclass(frozen=True)
class DenoiserDataSettings(SceneSettings):
    """Settings of the mixtures; raises BadSetting for a number out of its range."""

    speech: str = other_recordings()  # folder of speech, for a training on a folder of noise alone
    crop_seconds: float = ranged(3.0, 0.5, 30.0)
    valid_fraction: float = ranged(0.05, 0.0, 0.9)
    snr_db: tuple[float, float] = ranged((-6.0, 20.0), -30.0, 60.0)  # of most mixtures; some reach 45 dB
    level_db: tuple[float, float] = ranged((-55.0, -15.0), -90.0, 0.0)  # of active speech, below full scale
    silent_probability: float = ranged(0.06, 0.0, 1.0)  # of noise without speech
    clean_probability: float = ranged(0.03, 0.0, 1.0)  # of speech without noise
    room_probability: float = ranged(0.4, 0.0, 1.0)
    dereverb_probability: float = ranged(0.3, 0.0, 1.0)  # of a target with the early reflections of the room only
    second_speaker_probability: float = ranged(0.0, 0.0, 1.0)  # of a second speaker in the target
    target_music_probability: float = ranged(0.0, 0.0, 1.0)  # of music in the target
    band_limit_probability: float = ranged(0.1, 0.0, 1.0)  # of a band limit of 3.4 kHz and more
    roll_off_probability: float = ranged(0.5, 0.0, 1.0)  # of the slope of a converter of sample rates
    clip_probability: float = ranged(0.05, 0.0, 1.0)  # of a mixture that is clipped
    codec_probability: float = ranged(0.04, 0.0, 1.0)  # of a mixture after mu-law, Vorbis or Opus


class DenoiserBatches:
    """Batches of mixtures, a pure function of the step.

    A batch holds ``inputs (batch, 1, time)``, ``dereverb (batch, 1)`` and ``target (batch, time)``.
    """

    def __init__(self, scenes: Scenes, recipe: RecipeOf[DenoiserConfig, DenoiserDataSettings]) -> None:
        self.scenes = scenes
        self.recipe = recipe
        self.sample_rate = recipe.model.sample_rate
        n_samples = seconds_to_samples(recipe.data.crop_seconds, self.sample_rate)
        self.n_samples = n_samples // recipe.model.hop_length * recipe.model.hop_length

    def __call__(self, step: int) -> Batch:
        """Return the batch of a step."""
        training = self.recipe.training
        return self.mixtures([training.seed, step], training.batch_size)

    def mixtures(self, seed: Sequence[int], count: int) -> Batch:
        """Return the first ``count`` mixtures of a seed as one batch."""
        mixed = [self.mixture(np.random.default_rng([*seed, index])) for index in range(count)]
        inputs, dereverb, targets = zip(*mixed, strict=True)
        return {
            "inputs": np.stack(inputs),
            "dereverb": np.array(dereverb, np.float32)[:, None],
            "target": np.stack(targets),
        }

    def mixture(self, rng: np.random.Generator) -> tuple[np.ndarray, float, np.ndarray]:
        """Return the inputs ``(1, time)``, 1 if reverberation is to be removed, and the target ``(time,)``, float32."""
        data = self.recipe.data
        target = reverberant = np.zeros(self.n_samples, np.float32)
        room = Room.random(rng) if rng.random() < data.room_probability else None
        dereverb = rng.random() < data.dereverb_probability
        if rng.random() >= data.silent_probability:
            target, reverberant = self._speech_in_room(rng, room, dereverb)
        noise = self.scenes.noise(rng, self.n_samples)
        if room is not None or rng.random() < 0.1:
            noise = mixing.reverberate(noise, (room or Room.random(rng)).response(rng, self.sample_rate))
        level = db_to_gain(rng.uniform(*data.level_db) if rng.random() < 0.5 else rng.normal(-27, 5))
        speech_level, noise_level = mixing.active_rms(reverberant), mixing.rms(noise)
        snr_db = self._snr_db(rng)
        if speech_level > 0:
            gain = level / speech_level
            target, reverberant = gain * target, gain * reverberant
            noise_gain = 0.0 if rng.random() < data.clean_probability else level * db_to_gain(-snr_db) / noise_level
            noise = noise * noise_gain
        else:
            noise = noise * (level * db_to_gain(rng.uniform(-20, 5)) / noise_level)
        if rng.random() < data.band_limit_probability:
            limit_hz = log_uniform(rng, TELEPHONE_HZ, 0.45 * self.sample_rate)
            target, reverberant, noise = (self._low_passed(wave, limit_hz) for wave in (target, reverberant, noise))
        if rng.random() < data.roll_off_probability:
            first = rng.uniform(0.8, 0.98)
            last = min(first + rng.uniform(0.01, 0.15), 1.0)
            target, reverberant, noise = (mixing.rolled_off(wave, first, last) for wave in (target, reverberant, noise))
        mixture = reverberant + noise
        peak = max(np.abs(mixture).max(), np.abs(target).max())
        if peak > MAX_PEAK:
            mixture, target = mixture * (MAX_PEAK / peak), target * (MAX_PEAK / peak)
        if rng.random() < data.clip_probability:
            limit = rng.uniform(0.2, 0.7) * np.abs(mixture).max()
            mixture = mixture.clip(-limit, limit)
        if rng.random() < data.codec_probability:
            mixture = mixing.coded(mixture, self.sample_rate, rng)
        return mixture.astype(np.float32)[None], float(dereverb), target.astype(np.float32)

    def _snr_db(self, rng: np.random.Generator) -> float:
        low, high = self.recipe.data.snr_db
        kind = rng.random()
        if kind < 0.55:
            return float(rng.uniform(low, high))
        return float(rng.normal(6, 6)) if kind < 0.85 else float(rng.uniform(15, 45))

    def _speech_in_room(
        self, rng: np.random.Generator, room: Room | None, dereverb: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return speech as it should be left, and as it arrives at the microphone."""
        data = self.recipe.data
        target: np.ndarray = np.zeros(self.n_samples, np.float32)
        reverberant = target
        for _ in range(1 + (rng.random() < data.second_speaker_probability)):
            speech = self.scenes.speech(rng, self.n_samples)
            if rng.random() < 0.75:
                speech = mixing.equalise(speech, rng, 9.0)
            if room is None:
                early = late = speech
            else:
                response = room.response(rng, self.sample_rate)
                late = mixing.reverberate(speech, response)
                early_reflections = early_response(response, self.sample_rate, EARLY_SECONDS)
                early = mixing.reverberate(speech, early_reflections) if dereverb else late
            target, reverberant = target + early, reverberant + late
        if self.scenes.music is not None and rng.random() < data.target_music_probability:
            music = self.scenes.music.crop(rng, self.n_samples)
            level = mixing.active_rms(reverberant) * db_to_gain(rng.uniform(-20, 0)) / max(mixing.rms(music), 1e-5)
            target, reverberant = target + level * music, reverberant + level * music
        return target, reverberant

    def _low_passed(self, wave: np.ndarray, limit_hz: float) -> np.ndarray:
        from scipy.signal import butter, sosfilt

        filtered: np.ndarray = sosfilt(butter(6, limit_hz, output="sos", fs=self.sample_rate), wave)
        return filtered.astype(np.float32)


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
