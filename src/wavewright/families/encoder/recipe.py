"""The recipe of an encoder: settings of each size, further training, and the preparation of the recordings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ...base.errors import BadFolder
from ...base.ranges import ranged
from ...contracts.recipe import PreparedOf, RecipeOf, fine_tuned, split_rows
from ...data.entry import Entry
from ...data.preparation import Preparation
from ...data.splits import assign_splits
from ...data.store import ClipStore
from ...models.folder import ModelFolder
from ..classifier.features import log_mel_spectrogram
from ..classifier.recipe import TRAINING as CLASSIFIER_TRAINING
from .config import SIZES, EncoderConfig
from .views import ViewSettings, clean_statistics, draw_views

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
    """Batches of pairs of views, a pure function of the step.

    - ``store``: whole recordings.
    - ``rows``: the recordings to draw from.
    - ``recipe``: of the run.
    """

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
    """Draw the recordings of a batch, a fraction of them of one speaker, whose voice then distinguishes none of them.

    - ``n_clips``: size of the batch.
    - ``probabilities``, ``speakers``: of each recording, ``(recordings,)``; without a speaker an empty string.
    - ``speaker_fraction``: of the batch, of the speaker of the first recording; nothing changes if that has none.
    - ``rng``: random numbers.
    - returns: indices of recordings, ``(n_clips,)``.
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
    """A recipe with its data.

    - ``valid``: views of validation recordings as one batch, empty without any.
    """

    valid: dict[str, np.ndarray]


TRAINING = replace(CLASSIFIER_TRAINING, batch_size=64, learning_rate=3e-3, weight_decay=0.02, metric="")


def recipe(size: str) -> EncoderRecipe:
    """Return the recipe of a size: ``tiny`` for tests, ``small`` and ``base`` for hours of recordings."""
    return EncoderRecipe(SIZES[size], EncoderDataSettings(), TRAINING)


def fine_tuning(base: ModelFolder) -> EncoderRecipe:
    """Return the recipe to train ``base`` further, on other recordings."""
    return fine_tuned(EncoderRecipe(SIZES["small"], EncoderDataSettings(), TRAINING), base)


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
