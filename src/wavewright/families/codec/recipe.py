"""Recipes of codecs: the settings of each size and of fine-tuning, and the preparation of recordings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ...base.errors import BadFolder
from ...base.ranges import ranged
from ...base.units import db_to_gain, seconds_to_samples
from ...contracts.family import exported_weights
from ...contracts.recipe import PreparedOf, RecipeOf, other_recordings, split_rows
from ...contracts.settings import ADVERSARIAL_SETTINGS
from ...data import mixing
from ...data.augmentation import log_uniform
from ...data.crops import CropSettings, sampling_probabilities
from ...data.entry import Entry
from ...data.folder import scan
from ...data.preparation import Preparation
from ...data.scenes import MUSIC, NOISE, SPEECH, Scenes, SceneSettings
from ...data.splits import assign_splits
from ...data.store import ClipStore
from ...dsp.rooms import Room
from ...dsp.tilt import tilt_spectrum
from ...models.folder import ModelFolder
from .config import SIZES, WEIGHT_PREFIXES, CodecConfig


def initial_weights(base: ModelFolder, config: CodecConfig) -> dict[str, np.ndarray]:
    """Return the tensors of an autoencoder that starts from ``base``, by name.

    Its codebooks count as initialised, with codes of equal usage. An encoder with more blocks or a longer look-ahead
    than that of ``base`` computes the same at first.
    """
    base_config = base.config(CodecConfig)
    tensors = exported_weights(base, WEIGHT_PREFIXES)
    if config.quantizer == "codebook":
        for book in range(config.n_codebooks):
            tensors[f"quantizer.quantizers.{book}.usage"] = np.full(
                config.codebook_size, 1 / config.codebook_size, np.float32
            )
            tensors[f"quantizer.quantizers.{book}.is_initialised"] = np.array(True)
    n_ahead = config.encoder_look_ahead - base_config.encoder_look_ahead
    if n_ahead > 0:  # weights of 0 for the further frames
        n_more = n_ahead * base_config.n_subframes * base_config.subframe_channels[0]
        tensors["encoder.frame_proj.weight"] = np.pad(tensors["encoder.frame_proj.weight"], ((0, 0), (0, n_more)))
    last = f"encoder.frame_blocks.blocks.{base_config.encoder_blocks - 1}."
    last_block = {name.removeprefix(last): array for name, array in tensors.items() if name.startswith(last)}
    for index in range(base_config.encoder_blocks, config.encoder_blocks):  # a scale of 0: they add nothing at first
        block = last_block | {"gamma": np.zeros_like(last_block["gamma"])}
        tensors |= {f"encoder.frame_blocks.blocks.{index}.{name}": array for name, array in block.items()}
    return tensors


CODEBOOK_FRACTIONS = ((1 / 6, 0.12), (1 / 3, 0.33), (7 / 12, 0.2), (1.0, 0.2))
"""Fractions of the codebooks, of 12 those of 1, 1.6, 3 and 5 to 6 kbps after entropy coding, and the probability of
each; a clip of the rest uses any number of codebooks. The lower a rate, the more there is to learn for it."""

FORMANTS_PROBABILITY = 0.5
MIX_ATTENUATION_DB = (5.0, 30.0)  # range of the attenuation of a crop that is mixed into another


@dataclass(frozen=True)
class CodecDataSettings(CropSettings, SceneSettings):
    """Settings of the batches; random speeds and formants are other voices."""

    background: str = other_recordings()  # folder or manifest of noise and music that are mixed behind the recordings
    crop_frames: int = ranged(60, 4, 10_000)  # length of a crop in frames of codes
    slowest: float = ranged(1.0, 0.5, 2.0)
    fastest: float = ranged(1.0, 0.5, 2.0)
    lowest_formants: float = ranged(1.0, 0.5, 2.0)  # of half of the crops, over those of the voice
    highest_formants: float = ranged(1.0, 0.5, 2.0)
    tilt_db: float = ranged(0.0, 0.0, 12.0)  # largest spectral tilt of a crop in dB per octave, as microphones differ
    mixed_fraction: float = ranged(0.0, 0.0, 1.0)  # of the crops are mixed with another
    room_probability: float = ranged(0.0, 0.0, 1.0)  # of a crop in a room
    background_probability: float = ranged(0.4, 0.0, 1.0)  # of noise behind a crop, if there is a folder of it
    background_snr_db: tuple[float, float] = ranged((0.0, 40.0), -30.0, 60.0)


class CodecBatches:
    """Batches of crops, a pure function of the step.

    The probability of a speaker grows with a power of the length of the recordings; recordings without a speaker count
    as one speaker.
    """

    def __init__(self, store: ClipStore, rows: Sequence[int], recipe: RecipeOf[CodecConfig, CodecDataSettings]) -> None:
        self.store = store
        self.scenes = Scenes(store, rows, recipe.data) if recipe.data.background else None
        rows = _without_background(store, rows, recipe.data)
        self.rows = np.array(rows)
        self.recipe = recipe
        self.n_samples = recipe.data.crop_frames * recipe.model.hop_length
        self.lengths = np.array([store.lengths[row] for row in rows])
        self.probabilities = sampling_probabilities(
            [store.entries[row] for row in rows], np.maximum(self.lengths, self.n_samples), recipe.data.speaker_exponent
        )

    def __call__(self, step: int) -> dict[str, np.ndarray]:
        """Return ``wave (batch, crop_frames * hop_length)`` float32 and ``n_codebooks (batch,)`` int64."""
        rng = np.random.default_rng([self.recipe.training.seed, step])
        waves = [self._draw_crop(rng) for _ in range(self.recipe.training.batch_size)]
        return {"wave": np.stack(waves), "n_codebooks": np.array([self._draw_n_codebooks(rng) for _ in waves])}

    def crop(self, row: int, start: int, n_samples: int) -> np.ndarray:
        """Return a crop ``(n_samples,)`` of a recording, padded with silence."""
        crop: np.ndarray = self.store.crop(row, start, n_samples)[0]
        return crop

    def whole(self, row: int) -> np.ndarray:
        """Return a recording ``(time,)``, padded with silence to whole frames."""
        hop_length = self.recipe.model.hop_length
        return self.crop(row, 0, -(-int(self.store.lengths[row]) // hop_length) * hop_length)

    def _draw_crop(self, rng: np.random.Generator) -> np.ndarray:
        """Return an augmented crop ``(n_samples,)``, at times with another, in a room or with noise, at any level."""
        data = self.recipe.data
        wave = self._draw_augmented(rng)
        if rng.random() < data.mixed_fraction:
            wave = wave + np.float32(db_to_gain(-rng.uniform(*MIX_ATTENUATION_DB))) * self._draw_augmented(rng)
        if data.room_probability and rng.random() < data.room_probability:
            wave = mixing.reverberate(wave, Room.random(rng).response(rng, self.recipe.model.sample_rate))
        if self.scenes is not None and rng.random() < data.background_probability:
            noise = self.scenes.noise(rng, self.n_samples)
            level = mixing.active_rms(wave) * db_to_gain(-rng.uniform(*data.background_snr_db))
            wave = wave + noise * np.float32(level / mixing.rms(noise))
        gain = np.float32(db_to_gain(-rng.uniform(0, self.recipe.data.gain_range_db)))
        return gain * wave / max(float(np.abs(wave).max()), 1.0)

    def _draw_augmented(self, rng: np.random.Generator) -> np.ndarray:
        """Return a crop ``(n_samples,)`` at a random speed and spectral tilt."""
        data, sample_rate = self.recipe.data, self.recipe.model.sample_rate
        index = rng.choice(len(self.rows), p=self.probabilities)
        speed = float(np.exp(rng.uniform(np.log(data.slowest), np.log(data.fastest))))
        n_source = int(np.ceil(self.n_samples * speed))
        start = int(rng.random() * (max(self.lengths[index] - n_source, 0) + 1))
        wave = self.crop(int(self.rows[index]), start, n_source)
        if speed != 1.0:
            import soxr

            wave = soxr.resample(wave, sample_rate * speed, sample_rate, quality="MQ")
            wave = np.pad(wave, (0, max(self.n_samples - len(wave), 0)))[: self.n_samples]
        if data.lowest_formants < data.highest_formants and rng.random() < FORMANTS_PROBABILITY:
            factor = log_uniform(rng, data.lowest_formants, data.highest_formants)
            wave = mixing.with_formants(wave, factor, sample_rate)
        tilt_db = rng.uniform(-data.tilt_db, data.tilt_db)
        return tilt_spectrum(wave, tilt_db, sample_rate) if tilt_db else wave

    def _draw_n_codebooks(self, rng: np.random.Generator) -> int:
        """Return the number of codebooks of a clip: often one that bitrates are given for, at times any other."""
        n_codebooks, drawn = self.recipe.model.n_codebooks, rng.random()
        for fraction, probability in CODEBOOK_FRACTIONS:
            if drawn < probability:
                return max(round(n_codebooks * fraction), 1)
            drawn -= probability
        return int(rng.integers(1, n_codebooks + 1))


FINE_TUNING_STEPS = 5_000
FINE_TUNING_ADVERSARIAL_FROM = 2_500
FINE_TUNING_ENCODER_FROM = 4_000
N_VALID_CLIPS = 64
VALID_SECONDS = 2.0
N_SAMPLE_CLIPS = 4
FREQUENCY_SECONDS = 300.0  # of the recordings that the frequencies of codes are counted in
CONTEXT_SECONDS = 6 * 3_600.0  # of the recordings that the context model is trained on


CodecRecipe = RecipeOf[CodecConfig, CodecDataSettings]


@dataclass(frozen=True, kw_only=True)
class CodecPrepared(PreparedOf[CodecRecipe, CodecBatches]):
    """A recipe with its data."""

    valid: np.ndarray  # held-out clips ``(clips, time)``, empty without any
    sample_clips: np.ndarray  # ``(clips, time)``, of training recordings if none are held out
    evaluated_codebooks: tuple[int, ...]  # numbers of codebooks that clips are evaluated with

    def training_clips(self, seconds: float) -> Iterator[np.ndarray]:
        """Yield training recordings ``(time,)`` of whole frames, in random order, until they are so many seconds."""
        n_left = seconds_to_samples(seconds, self.recipe.model.sample_rate)
        for row in np.random.default_rng(0).permutation(self.batches.rows):
            clip = self.batches.whole(int(row))
            yield clip
            n_left -= len(clip)
            if n_left <= 0:
                return


TRAINING = replace(ADVERSARIAL_SETTINGS, batch_size=10)


def recipe(size: str) -> CodecRecipe:
    """Return the recipe of a size: ``tiny`` to try things out, ``small`` for speech, ``music`` for any audio."""
    return CodecRecipe(SIZES[size], CodecDataSettings(), TRAINING)


def fine_tuning(base: ModelFolder) -> CodecRecipe:
    """Return the recipe of a training that starts from ``base``: quantised at once, with critics from half on."""
    model = replace(
        base.config(CodecConfig),
        unquantised_steps=0,
        adversarial_from=FINE_TUNING_ADVERSARIAL_FROM,
        encoder_from=FINE_TUNING_ENCODER_FROM,
    )
    return CodecRecipe(model, CodecDataSettings(), TRAINING.for_fine_tuning(FINE_TUNING_STEPS, evaluate_every=500))


def prepare(recipe: CodecRecipe, entries: Sequence[Entry], cache_folder: Path | None = None) -> CodecPrepared:
    """Split, decode and prepare recordings; raise BadFolder if none is left to train on.

    To them come the recordings of noise and music of ``data.background``, by the labels of its folders or manifest.
    """
    model = recipe.model
    with_splits = assign_splits(entries, by="group", valid=recipe.data.valid_fraction, test=0.0)
    if recipe.data.background:
        with_splits = [replace(entry, label=SPEECH) for entry in with_splits] + _background(recipe.data.background)
    store = ClipStore.build(
        [entry for entry in with_splits if entry.split != "test"],
        model.sample_rate,
        None,
        Preparation("crop", level="peak"),
        cache_folder,
    )
    train, valid = split_rows(store.entries)
    valid = _without_background(store, valid, recipe.data)
    recipe = recipe if valid else recipe.without_valid_metric()
    batches = CodecBatches(store, train, recipe)
    clips = _evaluation_clips(batches, valid or _without_background(store, train, recipe.data))
    return CodecPrepared(
        recipe=recipe,
        train_entries=tuple(store.entries[row] for row in train),
        failed=store.failed,
        batches=batches,
        valid=clips if valid else clips[:0],
        sample_clips=clips[:N_SAMPLE_CLIPS],
        evaluated_codebooks=tuple(sorted({max(round(model.n_codebooks * each), 1) for each, _ in CODEBOOK_FRACTIONS})),
    )


def _background(folder: str) -> list[Entry]:
    """Return the recordings of noise and music of a folder, all to train on; noise is what has no other label."""
    found = scan(Path(folder), label_from=None).entries
    entries = [entry for entry in found if entry.label != SPEECH and entry.split in (None, "train")]
    if not entries:
        raise BadFolder(f"{folder} has no recordings of noise or music to train on; name folders {NOISE} and {MUSIC}.")
    kinds = [MUSIC if entry.label == MUSIC else NOISE for entry in entries]
    if NOISE not in kinds:  # music alone is the noise
        kinds = [NOISE] * len(kinds)
    return [replace(entry, label=kind, split="train") for entry, kind in zip(entries, kinds, strict=True)]


def _without_background(store: ClipStore, rows: Sequence[int], data: CodecDataSettings) -> list[int]:
    """Return the rows of what is coded."""
    return [row for row in rows if not data.background or store.entries[row].label == SPEECH]


def _evaluation_clips(batches: CodecBatches, rows: Sequence[int]) -> np.ndarray:
    """Return the start of random recordings, ``(clips, time)`` of whole frames; only long ones if there are any."""
    model = batches.recipe.model
    n_samples = seconds_to_samples(VALID_SECONDS, model.sample_rate) // model.hop_length * model.hop_length
    long_enough = [row for row in rows if batches.store.lengths[row] >= n_samples]
    chosen = np.random.default_rng(0).permutation(long_enough or rows)[:N_VALID_CLIPS]
    return np.stack([batches.crop(int(row), 0, n_samples) for row in chosen])
