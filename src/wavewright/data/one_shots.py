"""Batches of one-shots: several clips of each class side by side, at random speeds and levels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ..base.errors import BadSetting
from ..base.ranges import ranged
from ..base.units import db_to_gain
from .augmentation import AugmentationSettings, SpeedSettings, augment, draw_augmentation
from .entry import Entry
from .preparation import PEAK
from .selection import label_index
from .store import ClipStore

# Side by side in a batch. Critics compute a minibatch deviation within such a group, and the GAN the energy distance
# nn.adversarial_losses.energy_distance; the VAE's spectral energy distance compares draws of one clip instead.
CLIPS_PER_CLASS = 4

AUGMENTATION = AugmentationSettings(
    slowest=1.0, fastest=1.0, largest_delay_seconds=0.0, tilt_db=3.0, curve_db=4.0, noise_probability=0.1
)
"""Augmentation of one-shots, except for the speed, which every clip draws."""


@dataclass(frozen=True)
class OneShotSettings(SpeedSettings):
    """Selection, preparation and augmentation of one-shots."""

    class_exponent: float = ranged(0.0, 0.0, 1.0)  # 0 draws each class equally often, 1 in proportion to its sounds
    varied_fraction: float = ranged(0.0, 0.0, 1.0)  # of the clips, augmented as drums, rooms and microphones vary them
    align: bool = True  # let recordings start at their onset; not for speech, whose soft consonants would be cut off
    valid_fraction: float = ranged(0.1, 0.0, 0.9)  # of the clips (or groups, where they are known), for validation
    smallest_class: int = ranged(4, 1, 1_000_000)  # clips; a label with fewer is left out

    def n_stored(self, n_samples: int) -> int:
        """Return the length at which a clip is stored so that it lasts ``n_samples`` at the fastest speed."""
        return int(n_samples * self.fastest) + 64


def check_batch_size(batch_size: int) -> None:
    """Raise BadSetting for a batch that is not made of whole groups of clips of a class."""
    if batch_size % CLIPS_PER_CLASS:
        raise BadSetting(
            f"batch_size is {batch_size}; it must be a multiple of {CLIPS_PER_CLASS}, the clips of a class in a batch."
        )


@dataclass(frozen=True)
class OneShots:
    """A store of one-shots with their labels and groups; make it with :meth:`of`."""

    store: ClipStore  # clips of the length that OneShotSettings.n_stored returns
    labels: Sequence[int]  # label index of each clip
    groups: Sequence[str]  # or the path where there is none; clips of one group are takes of one sound
    pitches: Sequence[float] | None = None  # MIDI numbers, None where pitches are not used

    @classmethod
    def of(cls, store: ClipStore, labels: Sequence[str], has_pitch: bool = False) -> OneShots:
        """Look up the labels, groups and pitches of a store's clips; ``labels`` names the model's, empty for none."""
        indices = [label_index(entry, labels) for entry in store.entries]
        groups = [entry.group or str(entry.path) for entry in store.entries]
        pitches = [float(entry.pitch or 0.0) for entry in store.entries] if has_pitch else None
        return cls(store, indices, groups, pitches)

    def __len__(self) -> int:
        return len(self.store)

    def entry(self, index: int) -> Entry:
        """Return the entry of clip ``index``."""
        return self.store.entries[index]

    def wave(self, index: int, n_samples: int) -> np.ndarray:
        """Return clip ``index`` at its recorded speed, faded out and normalised as in a batch, ``(n_samples,)``."""
        clip: np.ndarray = change_speed(self.store[index], self.store.sample_rate, 1.0, n_samples)[0]
        return clip


@dataclass(eq=False)
class OneShotBatches:
    """Batches of one-shots, CLIPS_PER_CLASS clips of each class side by side, a pure function of the step.

    A group of ``n`` takes has the weight ``n ** 0.5``, divided among them. A class is drawn by the sum of the weights
    of its groups to the power of ``class_exponent``, so that a small class is not memorised while a large one is still
    unknown. Each clip is resampled by a random speed, augmented with a probability and attenuated.
    """

    clips: OneShots
    settings: OneShotSettings
    sample_rate: int  # of the clips, Hz
    n_samples: int  # length of a clip in a batch
    batch_size: int  # a multiple of CLIPS_PER_CLASS
    seed: int
    gain_range_db: float = 0.0  # largest attenuation
    by_label: dict[int, tuple[np.ndarray, np.ndarray]] = field(init=False)  # rows and their probabilities
    class_probabilities: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.by_label = {}
        class_weights = []
        labels = self.clips.labels
        for label in sorted(set(labels)):
            rows = [row for row, other in enumerate(labels) if other == label]
            weights = _balanced_weights([self.clips.groups[row] for row in rows])
            self.by_label[label] = np.array(rows), weights / weights.sum()
            class_weights.append(weights.sum() ** self.settings.class_exponent)
        self.class_probabilities = np.array(class_weights) / sum(class_weights)

    def __call__(self, step: int) -> dict[str, np.ndarray]:
        """Return the batch of a step: ``wave (batch, 1, n_samples)`` float32, ``label (batch,)`` int64.

        If the clips have pitches, it also holds ``pitch (batch,)`` float32, MIDI numbers after the change of speed.
        """
        rng = np.random.default_rng([self.seed, step])
        classes = list(self.by_label)
        n_classes = self.batch_size // CLIPS_PER_CLASS
        drawn = rng.choice(classes, n_classes, replace=n_classes > len(classes), p=self.class_probabilities)
        labels = np.repeat(drawn, CLIPS_PER_CLASS).astype(np.int64)
        clips = [self._draw_clip(int(label), rng) for label in labels]
        batch = {"wave": np.stack([wave for wave, _ in clips]), "label": labels}
        if self.clips.pitches is not None:
            batch["pitch"] = np.array([pitch for _, pitch in clips], np.float32)
        return batch

    def _draw_clip(self, label: int, rng: np.random.Generator) -> tuple[np.ndarray, float]:
        """Return a random clip of a class, ``(1, n_samples)``, and its pitch at the drawn speed."""
        rows, probabilities = self.by_label[label]
        row = int(rng.choice(rows, p=probabilities))
        speed = float(np.exp(rng.uniform(np.log(self.settings.slowest), np.log(self.settings.fastest))))
        wave = change_speed(self.clips.store[row], self.sample_rate, speed, self.n_samples)
        if self.settings.varied_fraction and rng.random() < self.settings.varied_fraction:
            augmented = augment(wave[0], draw_augmentation(AUGMENTATION, rng), self.sample_rate, self.n_samples)[None]
            wave = augmented * np.float32(PEAK / max(float(np.abs(augmented).max()), 1e-6))
        if self.gain_range_db:
            wave *= np.float32(db_to_gain(-rng.uniform(0.0, self.gain_range_db)))
        pitch = self.clips.pitches[row] + 12 * np.log2(speed) if self.clips.pitches is not None else 0.0
        return wave, float(pitch)


def change_speed(wave: np.ndarray, sample_rate: int, speed: float, n_samples: int) -> np.ndarray:
    """Resample a clip by a factor of speed, which changes its pitch and length, and normalise its peak.

    - ``wave``: one channel, ``(1, time)``.
    - ``sample_rate``: in Hz.
    - ``speed``: above 1 is faster and higher.
    - ``n_samples``: length of the result.
    - returns: ``(1, n_samples)`` float32, cut or padded with zeros, its end faded out, its peak at PEAK.
    """
    import soxr

    resampled = soxr.resample(wave[0], sample_rate * speed, sample_rate, quality="HQ")[:n_samples]
    clip = np.zeros((1, n_samples), np.float32)
    clip[0, : len(resampled)] = resampled
    n_fade = min(n_samples // 20, 1024)
    clip[0, -n_fade:] *= np.linspace(1, 0, n_fade, dtype=np.float32)
    return clip * (PEAK / max(float(np.abs(clip).max()), 1e-6))


def _balanced_weights(groups: Sequence[str]) -> np.ndarray:
    """Return weights of recordings: a group of ``n`` takes has ``n ** 0.5``, divided among them."""
    counts = Counter(groups)
    return np.array([counts[group] ** -0.5 for group in groups])
