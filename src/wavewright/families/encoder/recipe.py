"""The recipe of an encoder: settings of each size, further training, and the preparation of the recordings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ...base.errors import BadFolder
from ...base.ranges import RangedSettings, ranged
from ...contracts.recipe import PreparedOf, RecipeOf, split_rows
from ...data.entry import Entry
from ...data.preparation import Preparation
from ...data.splits import assign_splits
from ...data.store import ClipStore
from ..classifier.features import log_mel_spectrogram
from ..classifier.recipe import TRAINING as CLASSIFIER_TRAINING
from .config import SIZES, EncoderConfig

# --- Views of a recording: random crops of its log-mel spectrogram, changed so that the sound remains recognisable

NATS_PER_DB = float(np.log(10) / 10)  # of a power
CURVE_POINTS = 8
MASKED = -200.0  # nats; silent whatever the peak
N_MASKS = 2  # over frequency, and as many over time
DEEPEST_CUT_DB = 60.0


@dataclass(frozen=True)
class ViewSettings(RangedSettings):
    """Ranges and probabilities of the changes that make a view of a log-mel spectrogram."""

    largest_shift_seconds: float = ranged(0.15, 0.0, 10.0)  # of a view from the middle, earlier or later
    largest_stretch: float = ranged(1.25, 1.0, 2.0)  # factor of the duration; its inverse is the smallest
    largest_warp: float = ranged(1.1, 1.0, 2.0)  # factor of the mel scale; its inverse is the smallest
    largest_bands: float = ranged(1.0, 0.0, 100.0)  # shift of all mel bands, up or down
    mix_probability: float = ranged(0.3, 0.0, 1.0)  # of another recording of the batch in the background
    loudest_mix_db: float = ranged(-10.0, -60.0, 0.0)  # peak of the background relative to the sound
    curve_db: float = ranged(4.0, 0.0, 30.0)  # standard deviation of the points of a random equaliser
    cut_probability: float = ranged(0.2, 0.0, 1.0)  # of a low cut and, apart, of a high cut
    noise_probability: float = ranged(0.3, 0.0, 1.0)  # of coloured noise
    loudest_noise_db: float = ranged(-20.0, -60.0, 0.0)  # relative to the peak
    mask_probability: float = ranged(0.3, 0.0, 1.0)  # of each mask
    frequency_mask_fraction: float = ranged(0.2, 0.0, 0.5)  # largest fraction of the bands that one mask covers
    time_mask_fraction: float = ranged(0.2, 0.0, 0.5)  # largest fraction of the frames that one mask covers

    def n_context_frames(self, n_frames: int, frame_rate: float) -> int:
        """Return the frames of a spectrogram from which any view of ``n_frames`` can be taken."""
        return int(np.ceil(n_frames * self.largest_stretch + 2 * self.largest_shift_seconds * frame_rate))


def draw_views(
    spectrograms: np.ndarray, n_frames: int, settings: ViewSettings, shift: float, seed: Sequence[int]
) -> np.ndarray:
    """Make one view of each spectrogram of a batch.

    - ``spectrograms``: ``(batch, n_mels, context_frames)``, natural logarithm of the power.
    - ``shift``: largest shift of a view from the middle, in frames.
    - returns: ``(batch, n_mels, n_frames)`` float32, natural logarithm of the power; MASKED in masked bands and frames.

    References
    ----------
    D. Niizumi et al., "BYOL for Audio: Self-Supervised Learning for General-Purpose Audio Representation", 2021 (views
    by crops of other sizes and by backgrounds mixed in).
    D. S. Park et al., "SpecAugment", 2019 (masks).
    """
    rng = np.random.default_rng(seed)
    views = _resize(spectrograms, n_frames, settings, shift, rng)
    views = _equalise(views, settings, rng)
    peak = views.max((1, 2), keepdims=True)
    views = _mix(views - peak, settings, rng)  # 0 at the peak
    views = _add_noise(views, settings, rng) + peak
    return _mask(views, settings, rng).astype(np.float32)


def clean_statistics(spectrograms: np.ndarray, n_frames: int, range_db: float) -> np.ndarray:
    """Return mean, deviation and mean change over time of each band in the middle of spectrograms.

    - ``spectrograms``: ``(batch, n_mels, context_frames)``, natural logarithm of the power.
    - returns: ``(batch, 3 * n_mels)`` float32, in units of the range.
    """
    first = (spectrograms.shape[2] - n_frames) // 2
    middle = spectrograms[:, :, first : first + n_frames]
    peak = middle.max((1, 2), keepdims=True)
    relative = np.maximum((middle - peak) / (NATS_PER_DB * range_db) + 1, 0)
    change = np.abs(np.diff(relative, axis=2)).mean(2)
    return np.concatenate([relative.mean(2), relative.std(2), change], 1).astype(np.float32)


def _resize(
    spectrograms: np.ndarray, n_frames: int, settings: ViewSettings, shift: float, rng: np.random.Generator
) -> np.ndarray:
    """Crop, stretch, and warp the mel scale, by linear interpolation."""
    n_clips, n_mels, n_context = spectrograms.shape
    stretch = np.exp(rng.uniform(-1, 1, (n_clips, 1)) * np.log(settings.largest_stretch))
    centre = (n_context - 1) / 2 + rng.uniform(-shift, shift, (n_clips, 1))
    frames = centre + stretch * (np.arange(n_frames) - (n_frames - 1) / 2)
    warp = np.exp(rng.uniform(-1, 1, (n_clips, 1)) * np.log(settings.largest_warp))
    offset = rng.uniform(-settings.largest_bands, settings.largest_bands, (n_clips, 1))
    bands = offset + warp * np.arange(n_mels)
    return _interpolate(_interpolate(spectrograms, frames, 2), bands, 1)


def _interpolate(values: np.ndarray, positions: np.ndarray, axis: int) -> np.ndarray:
    """Interpolate each row of a batch along an axis at ``positions (batch, n)``; the ends are repeated."""
    last = values.shape[axis] - 1
    positions = np.clip(positions, 0, last)
    lower = np.minimum(positions.astype(np.int64), max(last - 1, 0))
    weight = (positions - lower).astype(np.float32)
    shape = (len(values), 1, -1) if axis == 2 else (len(values), -1, 1)
    low, high = (
        np.take_along_axis(values, np.broadcast_to(index.reshape(shape), _shape_along(values, axis, index)), axis)
        for index in (lower, np.minimum(lower + 1, last))
    )
    interpolated: np.ndarray = low + weight.reshape(shape) * (high - low)
    return interpolated


def _shape_along(values: np.ndarray, axis: int, index: np.ndarray) -> tuple[int, ...]:
    """Return the shape of ``values`` with as many entries along ``axis`` as the index has in each row."""
    return tuple(index.shape[1] if each == axis else size for each, size in enumerate(values.shape))


def _equalise(views: np.ndarray, settings: ViewSettings, rng: np.random.Generator) -> np.ndarray:
    """Add a random smooth curve over the bands, and cut low and high ones."""
    n_clips, n_mels, _ = views.shape
    points = rng.normal(0, settings.curve_db, (n_clips, CURVE_POINTS, 1))
    at = np.broadcast_to(np.linspace(0, CURVE_POINTS - 1, n_mels), (n_clips, n_mels))
    curve_db = _interpolate(points, at, 1)  # (batch, n_mels, 1)
    bands = np.arange(n_mels)[None, :, None]
    for is_high in (False, True):
        is_cut = rng.random((n_clips, 1, 1)) < settings.cut_probability
        edge = rng.uniform(0, n_mels / (2 if is_high else 5), (n_clips, 1, 1))
        depth_db = 6 * np.maximum((bands - (n_mels - 1 - edge)) if is_high else (edge - bands), 0)  # 6 dB a band
        curve_db = curve_db - is_cut * np.minimum(depth_db, DEEPEST_CUT_DB)
    return views + NATS_PER_DB * curve_db


def _mix(views: np.ndarray, settings: ViewSettings, rng: np.random.Generator) -> np.ndarray:
    """Add another view of the batch in the background; all peaks are 0."""
    n_clips = len(views)
    is_mixed = rng.random((n_clips, 1, 1)) < settings.mix_probability
    gain_db = np.where(
        is_mixed, rng.uniform(settings.loudest_mix_db - 24, settings.loudest_mix_db, (n_clips, 1, 1)), -1e3
    )
    mixed: np.ndarray = np.logaddexp(views, views[rng.permutation(n_clips)] + NATS_PER_DB * gain_db)
    return mixed


def _add_noise(views: np.ndarray, settings: ViewSettings, rng: np.random.Generator) -> np.ndarray:
    """Add noise of a random colour; all peaks are 0."""
    n_clips, n_mels, _ = views.shape
    is_noisy = rng.random((n_clips, 1, 1)) < settings.noise_probability
    level_db = np.where(
        is_noisy, rng.uniform(settings.loudest_noise_db - 40, settings.loudest_noise_db, (n_clips, 1, 1)), -1e3
    )
    tilt_db = rng.uniform(-20, 10, (n_clips, 1, 1)) * np.linspace(0, 1, n_mels)[None, :, None]
    power = np.log(rng.standard_gamma(2.0, views.shape, np.float32) / 2 + 1e-6)
    noisy: np.ndarray = np.logaddexp(views, power + NATS_PER_DB * (level_db + tilt_db))
    return noisy


def _mask(views: np.ndarray, settings: ViewSettings, rng: np.random.Generator) -> np.ndarray:
    """Mask bands and frames."""
    for axis, largest in ((1, settings.frequency_mask_fraction), (2, settings.time_mask_fraction)):
        size = views.shape[axis]
        positions = np.arange(size).reshape((1, -1, 1) if axis == 1 else (1, 1, -1))
        for _ in range(N_MASKS):
            width = rng.integers(0, round(largest * size) + 1, (len(views), 1, 1))
            width[rng.random(width.shape) >= settings.mask_probability] = 0
            start = rng.integers(0, size - width + 1)
            views = np.where((positions >= start) & (positions < start + width), MASKED, views)
    return views


N_CANDIDATES = 2  # random crops, the loudest of which is taken, since pauses say little


@dataclass(frozen=True)
class EncoderDataSettings(ViewSettings):
    """Selection of the recordings, and how views of them are made."""

    length_exponent: float = ranged(0.5, 0.0, 1.0)  # recordings are drawn in proportion to their length to this power
    speaker_fraction: float = ranged(0.0, 0.0, 1.0)  # of a batch, all of one speaker, if a drawn recording has one
    same_text_probability: float = ranged(0.0, 0.0, 1.0)  # of a second view from another recording of the same text
    apart_probability: float = ranged(
        0.0, 0.0, 1.0
    )  # of a second view from elsewhere in the recording, if nobody speaks
    valid_fraction: float = ranged(0.05, 0.0, 0.9)  # of the recordings (or groups), unless a manifest names splits


class ViewBatches:
    """Batches of pairs of views of recordings, a pure function of the step."""

    def __init__(
        self, store: ClipStore, rows: Sequence[int], recipe: RecipeOf[EncoderConfig, EncoderDataSettings]
    ) -> None:
        self.store = store
        self.rows = rows
        self.recipe = recipe
        model, data = recipe.model, recipe.data
        n_frames = data.n_context_frames(model.n_frames, model.sample_rate / model.hop_length)
        self.n_context_samples = (n_frames - 1) * model.hop_length
        self.lengths = store.lengths
        weights = np.array([self.lengths[row] for row in rows], np.float64) ** data.length_exponent
        self.probabilities = weights / weights.sum()
        self.speakers = np.array([store.entries[row].speaker or "" for row in rows])
        self.same_text = rows_of_same_text(store, rows)

    def __call__(self, step: int) -> dict[str, np.ndarray]:
        """Return the batch of a step.

        - returns: ``first`` and ``second``: log-mel spectrograms ``(batch, n_mels, n_frames)`` float32, views of the
          same clips, or of two clips of the same text. ``statistics``: of the clips of the first views and of the
          second, ``(2 * batch, 3 * n_mels)``, see :func:`.views.clean_statistics`.
        """
        seed = self.recipe.training.seed
        rng = np.random.default_rng([seed, step])
        n_clips = self.recipe.training.batch_size
        chosen = draw_recordings(n_clips, self.probabilities, self.speakers, self.recipe.data.speaker_fraction, rng)
        rows = [self.rows[index] for index in chosen]
        contexts = [self.draw_context(row, rng) for row in rows]
        return self.views(
            contexts, [self._paired(row, own, rng) for row, own in zip(rows, contexts, strict=True)], (seed, step)
        )

    def views(
        self, contexts: Sequence[np.ndarray], paired: Sequence[np.ndarray], seed: Sequence[int]
    ) -> dict[str, np.ndarray]:
        """Return views of waves ``(n_context_samples,)`` and of those that are paired with them, as a batch."""
        model, data = self.recipe.model, self.recipe.data
        shift = data.largest_shift_seconds * model.sample_rate / model.hop_length
        views, statistics = {}, []
        for number, (name, waves) in enumerate((("first", contexts), ("second", paired)), start=1):
            spectrograms = np.stack([log_mel_spectrogram(wave, model) for wave in waves])
            views[name] = draw_views(spectrograms, model.n_frames, data, shift, (*seed, number))
            statistics.append(clean_statistics(spectrograms, model.n_frames, model.range_db))
        return {**views, "statistics": np.concatenate(statistics)}

    def _paired(self, row: int, context: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the context of the second view: that of the first, from elsewhere, or of one of the same text."""
        data, others = self.recipe.data, self.same_text.get(row)
        if others is not None and rng.random() < data.same_text_probability:
            return self.draw_context(int(rng.choice(others)), rng)
        if data.apart_probability and not self.store.entries[row].speaker and rng.random() < data.apart_probability:
            return self.draw_context(row, rng)
        return context

    def draw_context(self, row: int, rng: np.random.Generator) -> np.ndarray:
        """Return a random crop ``(n_context_samples,)`` of a recording; a shorter one is in it as a whole."""
        n_free = self.lengths[row] - self.n_context_samples
        starts = rng.integers(min(n_free, 0), max(n_free, 0) + 1, N_CANDIDATES)
        if n_free <= 0:
            context = np.zeros(self.n_context_samples, np.float32)
            margin = self.n_context_samples - self.recipe.model.n_samples  # of which views may show nothing
            start = int(np.clip(-starts[0], min(margin // 2, -n_free), max(-n_free - margin // 2, 0)))
            context[start:][: self.lengths[row]] = self.store[row][0]
            return context
        crops = [self.store.crop(row, int(start), self.n_context_samples)[0] for start in starts]
        return max(crops, key=lambda crop: float(np.square(crop).sum()))


def rows_of_same_text(store: ClipStore, rows: Sequence[int]) -> dict[int, np.ndarray]:
    """Return the other rows with the text of each row; rows without a text, or alone with it, are left out."""
    by_text: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        if text := store.entries[row].text:
            by_text[text.casefold()].append(row)
    return {
        row: np.array([other for other in alike if other != row])
        for alike in by_text.values()
        if len(alike) > 1
        for row in alike
    }


def draw_recordings(
    n_clips: int, probabilities: np.ndarray, speakers: np.ndarray, speaker_fraction: float, rng: np.random.Generator
) -> np.ndarray:
    """Draw indices of recordings, ``speaker_fraction`` of them of one speaker, whose voice then distinguishes none.

    That is the speaker of the first recording; without one (an empty string), nothing changes.
    """
    chosen = rng.choice(len(probabilities), n_clips, p=probabilities)
    n_own = round(speaker_fraction * n_clips)
    speaker = speakers[chosen[0]]
    if not n_own or not speaker:
        return chosen
    own = np.flatnonzero(speakers == speaker)
    weights = probabilities[own]
    return np.concatenate([rng.choice(own, n_own, p=weights / weights.sum()), chosen[n_own:]])


MIN_RECORDINGS = 2  # a recording differs from others
MAX_VALID_CLIPS = 128
VALID_SEED = 1


EncoderRecipe = RecipeOf[EncoderConfig, EncoderDataSettings]


@dataclass(frozen=True, kw_only=True)
class EncoderPrepared(PreparedOf[EncoderRecipe, ViewBatches]):
    """A recipe with its data."""

    valid: dict[str, np.ndarray]  # views of validation recordings as one batch, empty without any


TRAINING = replace(CLASSIFIER_TRAINING, batch_size=64, learning_rate=3e-3, weight_decay=0.02, metric="")


def recipe(size: str) -> EncoderRecipe:
    """Return the recipe of a size: ``tiny`` for tests, ``small`` and ``base`` for hours of recordings."""
    return EncoderRecipe(SIZES[size], EncoderDataSettings(), TRAINING)


def prepare(recipe: EncoderRecipe, entries: Sequence[Entry], cache_folder: Path | None = None) -> EncoderPrepared:
    """Split and decode recordings; their labels are not used.

    Raises BadFolder if fewer than MIN_RECORDINGS are left to train on.
    """
    model, data = recipe.model, recipe.data
    divided = assign_splits(entries, by="group", valid=data.valid_fraction, test=0.0)
    used = [entry for entry in divided if entry.split != "test"]
    store = ClipStore.build(used, model.sample_rate, None, Preparation("crop"), cache_folder)
    train, valid = split_rows(store.entries)
    if len(train) < MIN_RECORDINGS:
        raise BadFolder(
            f"An encoder learns by what distinguishes recordings and needs {MIN_RECORDINGS} or more to train on, but "
            f"the folder has {len(train)}; add recordings, or split a long one with `wavewright split`."
        )
    recipe = recipe if valid else recipe.without_valid_metric()
    batches = ViewBatches(store, train, recipe)
    return EncoderPrepared(
        recipe=recipe,
        train_entries=tuple(store.entries[row] for row in train),
        failed=store.failed,
        batches=batches,
        valid=_valid_views(batches, valid) if len(valid) >= MIN_RECORDINGS else {},
    )


def _valid_views(batches: ViewBatches, rows: Sequence[int]) -> dict[str, np.ndarray]:
    """Return fixed views of validation recordings."""
    rng = np.random.default_rng(VALID_SEED)
    chosen = rng.permutation(rows)[:MAX_VALID_CLIPS]
    contexts = [batches.draw_context(int(row), rng) for row in chosen]
    return batches.views(contexts, contexts, (VALID_SEED,))
