"""Batches for the classifier: balanced between labels and groups, augmented, mixed, with masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ...base.ranges import ranged
from ...base.units import db_to_gain
from ...contracts.recipe import RecipeOf
from ...contracts.recognition import is_background
from ...data.augmentation import AugmentationSettings, augment, draw_augmentation
from ...data.store import ClipStore
from ...dsp.mel import hz_to_mel, mel_to_hz
from .config import MEL_PRESET, ClassifierConfig

N_MASKS = 2  # over frequency, and as many over time
BACKGROUND_RANGE_DB = 30.0
SMALLEST_RMS = 1e-6
WARPED_FRACTION = 0.8  # of the frequencies below half the sample rate, which are multiplied by a factor
CUT_FRACTION = 0.15  # of a clip, at most, that is outside the window in which it is anywhere


@dataclass(frozen=True)
class ClassifierDataSettings(AugmentationSettings):
    """Selection, preparation and augmentation of the recordings."""

    align: bool = True  # let recordings start at their onset; not for speech, whose soft consonants would be cut off
    mixup_alpha: float = ranged(0.0, 0.0, 100.0)  # of the beta distribution of the weights of two clips; 0: no mixup
    label_smoothing: float = ranged(0.05, 0.0, 0.9)  # of each target, spread over all labels
    largest_attenuation_db: float = ranged(12.0, 0.0, 60.0)
    mask_probability: float = ranged(0.5, 0.0, 1.0)  # of each mask
    frequency_mask_fraction: float = ranged(0.2, 0.0, 0.5)  # largest fraction of the bands that one mask covers
    time_mask_fraction: float = ranged(0.2, 0.0, 0.5)  # largest fraction of the frames that one mask covers
    warp_probability: float = ranged(0.0, 0.0, 1.0)  # of a stretched frequency axis: another speaker
    largest_warp: float = ranged(1.15, 1.0, 2.0)  # factor of all frequencies; its inverse is the smallest
    background_fraction: float = ranged(0.4, 0.0, 0.9)  # of each batch, for labels such as _noise, if there are any
    background_probability: float = ranged(0.5, 0.0, 1.0)  # of a clip of such a label below a clip of another
    smallest_background_db: float = ranged(3.0, -20.0, 60.0)  # by which that clip is at least lower, up to 30 dB more
    anywhere: bool = False  # clips begin anywhere in the window, up to CUT_FRACTION of them outside: for streams
    crop: bool = False  # train on random crops of recordings that are longer than a clip
    fit_length: bool = False  # the length of a clip follows the recordings, whatever other settings do
    fit_crop: bool = False  # recordings that are mostly longer than a clip are cropped, whatever other settings do
    fit_to_folder: bool = True  # settings of the network that are left at their defaults follow the recordings
    most_generated: float = ranged(1.0, 0.0, 1.0)  # of the clips of a label in a batch, where it has recordings
    few_clips: int = ranged(0, 0, 1_000_000)  # of a label, the median: up to so many the encoder does not learn
    fitted_batches: int = ranged(0, 0, 10_000)  # from an encoder: that the last layer is fitted to before training
    split_by: Literal["name", "group"] = "group"  # validate by other groups (speakers, sources) or by other recordings
    valid_fraction: float = ranged(0.1, 0.0, 0.9)  # of the clips (or groups, where they are known), for validation
    smallest_class: int = ranged(2, 1, 1_000_000)  # training clips; a label with fewer is left out

    def n_stored(self, model: ClassifierConfig) -> int:
        """Return the samples from which a clip can be drawn at any speed and delay."""
        return round(model.n_samples * self.fastest + self.largest_delay_seconds * model.sample_rate)


class ClassBatches:
    """Batches in which every class is equally probable, a pure function of the step.

    Labels of the background, such as ``_noise``, have a fraction of the batch, and are mixed below clips of others.
    A group of ``n`` clips is drawn in proportion to the root of ``n``, so that a drum with many takes does not dominate
    its class, while its takes still differ. A clip of a label is a generated one as often as
    their fraction of all its clips.
    """

    def __init__(
        self, store: ClipStore, rows: Sequence[int], recipe: RecipeOf[ClassifierConfig, ClassifierDataSettings]
    ) -> None:
        self.store = store
        self.recipe = recipe
        by_label: dict[str, dict[str, list[int]]] = {label: {} for label in recipe.model.labels}
        generated: dict[str, list[int]] = {label: [] for label in recipe.model.labels}
        for row in rows:
            entry = store.entries[row]
            for label in self._known(row) or ("",):
                if entry.generated_by is not None:
                    generated[label].append(row)
                else:
                    by_label.setdefault(label, {}).setdefault(entry.group or str(entry.path), []).append(row)
        self.generated = [generated.get(label, []) for label in by_label]  # of each label: the rows of generated clips
        self.groups = [list(groups.values()) for groups in by_label.values()]  # of each label: the rows of each group
        roots = [np.sqrt([len(members) for members in groups]) for groups in self.groups]
        self.group_probabilities = [root / root.sum() for root in roots]  # of each label
        has_clips = [label for label, groups in enumerate(self.groups) if groups or self.generated[label]]
        names = list(by_label)
        self.background = [label for label in has_clips if is_background(names[label])]

    def __call__(self, step: int) -> dict[str, np.ndarray]:
        """Return the batch of a step.

        - returns: ``wave (batch, n_samples)``, ``target (batch, labels)`` (probabilities), ``frequency_mask (batch,
          n_mels)`` and ``time_mask (batch, n_frames)`` (0 where masked, else 1), all float32; where frequencies are
          warped, ``bands (batch, n_mels)`` of :func:`warped_bands`.
        """
        rng = np.random.default_rng([self.recipe.training.seed, step])
        n_clips, n_labels = self.recipe.training.batch_size, len(self.recipe.model.labels)
        drawn = [self.draw_clip(int(label), rng) for label in self.draw_labels(n_clips, rng)]
        waves = np.stack([wave for wave, _ in drawn])
        targets = np.stack([self.target(row) for _, row in drawn])
        waves, targets = self._mix(waves, targets, rng)
        attenuation_db = rng.uniform(-self.recipe.data.largest_attenuation_db, 0, (n_clips, 1))
        smoothing = self.recipe.data.label_smoothing
        batch = {
            "wave": waves * db_to_gain(attenuation_db).astype(np.float32),
            "target": (1 - smoothing) * targets
            + smoothing / (n_labels if self.recipe.model.output == "softmax" else 2),
            "frequency_mask": self._draw_masks(self.recipe.model.n_mels, self.recipe.data.frequency_mask_fraction, rng),
            "time_mask": self._draw_masks(self.recipe.model.n_frames, self.recipe.data.time_mask_fraction, rng),
        }
        if self.recipe.data.warp_probability:
            batch["bands"] = self._draw_bands(n_clips, rng)
        return batch

    def draw_labels(self, n_clips: int, rng: np.random.Generator) -> np.ndarray:
        """Draw the labels of a batch, ``(n_clips,)``: each equally often, but for the fraction of the background."""
        events = np.setdiff1d(np.arange(len(self.groups)), self.background)
        n_background = round(self.recipe.data.background_fraction * n_clips)
        if not self.background or not len(events) or not n_background:
            return np.resize(rng.permutation(len(self.groups)), n_clips)
        drawn = np.resize(rng.permutation(events), n_clips - n_background)
        return np.concatenate([drawn, np.resize(rng.permutation(self.background), n_background)])

    def target(self, row: int) -> np.ndarray:
        """Return 1 for each label of a clip, else 0, ``(labels,)``."""
        return np.isin(self.recipe.model.labels, self._known(row)).astype(np.float32)

    def _known(self, row: int) -> tuple[str, ...]:
        """Return the labels of a clip that the model learns."""
        return tuple(label for label in self.store.entries[row].all_labels if label in self.recipe.model.labels)

    def draw_clip(self, label: int, rng: np.random.Generator) -> tuple[np.ndarray, int]:
        """Draw and augment a clip of a label; return it, ``(n_samples,)``, and its row."""
        row = self.draw_row(label, rng)
        clip = self.augmented(row, rng)
        if self.background and label not in self.background and rng.random() < self.recipe.data.background_probability:
            below_db = self.recipe.data.smallest_background_db + rng.uniform(0, BACKGROUND_RANGE_DB)
            noise = self.augmented(self.draw_row(int(rng.choice(self.background)), rng), rng)
            clip = clip + np.float32(rms(clip) / max(rms(noise), SMALLEST_RMS) * db_to_gain(-below_db)) * noise
        return clip, row

    def augmented(self, row: int, rng: np.random.Generator) -> np.ndarray:
        """Return a clip of a row, ``(n_samples,)``, cropped at random if it may be, and augmented."""
        clip = (self.crop(row, rng) if self.recipe.data.crop else self.store[row])[0]
        model, augmentation = self.recipe.model, draw_augmentation(self.recipe.data, rng)
        if self.recipe.data.anywhere:
            augmentation = replace(augmentation, delay_seconds=self._draw_delay(row, augmentation.speed, rng))
        return augment(clip, augmentation, model.sample_rate, model.n_samples)

    def _draw_delay(self, row: int, speed: float, rng: np.random.Generator) -> float:
        """Draw when a clip begins in the window, in seconds; negative: its start is cut off."""
        window = self.recipe.model.n_samples / self.recipe.model.sample_rate
        seconds = min(self.store.entries[row].seconds / speed, window)
        return rng.uniform(-CUT_FRACTION * seconds, window - (1 - CUT_FRACTION) * seconds)

    def draw_row(self, label: int, rng: np.random.Generator) -> int:
        """Draw the row of a clip of a label: a generated clip as often as their fraction, else one of a group."""
        generated = self.generated[label]
        if generated:
            n_recordings = sum(map(len, self.groups[label]))
            share = min(len(generated) / (n_recordings + len(generated)), self.recipe.data.most_generated)
            if not n_recordings or rng.random() >= 1 - share:
                return generated[rng.integers(len(generated))]
        rows = self.groups[label][rng.choice(len(self.groups[label]), p=self.group_probabilities[label])]
        return rows[rng.integers(len(rows))]

    def crop(self, row: int, rng: np.random.Generator) -> np.ndarray:
        """Return a random crop ``(1, n_stored)`` of a whole recording."""
        n_stored = self.recipe.data.n_stored(self.recipe.model)
        n_free = self.store.lengths[row] - n_stored
        return self.store.crop(row, int(rng.integers(n_free + 1)) if n_free > 0 else 0, n_stored)

    def _mix(self, waves: np.ndarray, targets: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Mix each clip, and its target, with another (Zhang et al., 2018)."""
        alpha = self.recipe.data.mixup_alpha
        if not alpha:
            return waves, targets
        weight = rng.beta(alpha, alpha, (len(waves), 1)).astype(np.float32)
        other = rng.permutation(len(waves))
        return weight * waves + (1 - weight) * waves[other], weight * targets + (1 - weight) * targets[other]

    def _draw_bands(self, n_clips: int, rng: np.random.Generator) -> np.ndarray:
        """Draw the band that each mel band of a clip is read from, ``(n_clips, n_mels)`` float32."""
        settings = self.recipe.data
        warp = np.exp(rng.uniform(-1, 1, n_clips) * np.log(settings.largest_warp))
        warp[rng.random(n_clips) >= settings.warp_probability] = 1.0
        return warped_bands(warp, self.recipe.model)

    def _draw_masks(self, size: int, largest_fraction: float, rng: np.random.Generator) -> np.ndarray:
        """Return ones ``(batch, size)`` with N_MASKS runs of zeros, each up to ``largest_fraction`` (SpecAugment)."""
        mask = np.ones((self.recipe.training.batch_size, size), np.float32)
        widths = rng.integers(0, round(largest_fraction * size) + 1, (self.recipe.training.batch_size, N_MASKS))
        widths[rng.random(widths.shape) >= self.recipe.data.mask_probability] = 0
        starts = rng.integers(0, size - widths + 1)
        for row in range(self.recipe.training.batch_size):
            for width, start in zip(widths[row], starts[row], strict=True):
                mask[row, start : start + width] = 0
        return mask


def warped_bands(warp: np.ndarray, config: ClassifierConfig) -> np.ndarray:
    """Return which mel bands to read so that all frequencies are multiplied by a factor.

    - returns: ``(batch, n_mels)`` float32: what was at ``f`` comes to be at ``warp * f`` up to WARPED_FRACTION of the
      highest frequency; from there on, the axis is stretched so that the highest stays where it is.

    References
    ----------
    N. Jaitly and G. E. Hinton, "Vocal Tract Length Perturbation (VTLP) improves speech recognition", 2013.
    """
    highest = config.sample_rate / 2
    edges = np.linspace(hz_to_mel(config.f_min_hz, MEL_PRESET), hz_to_mel(highest, MEL_PRESET), config.n_mels + 2)
    centres = mel_to_hz(edges[1:-1], MEL_PRESET)
    warp = np.asarray(warp, np.float64)[:, None]
    turn = WARPED_FRACTION * highest * np.minimum(warp, 1)  # where the axis turns, after the warp
    slope = (highest - turn / warp) / (highest - turn)
    source = np.where(centres <= turn, centres / warp, highest - slope * (highest - centres))
    bands = (hz_to_mel(source, MEL_PRESET) - edges[0]) / (edges[1] - edges[0]) - 1
    return np.asarray(np.clip(bands, 0, config.n_mels - 1), np.float32)


def rms(wave: np.ndarray) -> float:
    """Return the root of the mean square of a wave."""
    return float(np.sqrt(np.mean(np.square(wave, dtype=np.float64))))
