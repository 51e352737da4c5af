"""Settings and data that the recipes of models of frame sequences have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from ..base.errors import BadFolder
from ..base.ranges import RangedSettings, ranged
from .config import SequenceConfig
from .recipe import RecipeOf
from .settings import COSINE_SETTINGS

if TYPE_CHECKING:
    from pathlib import Path

    from ..data.entry import Entry
    from ..data.sequences import SequenceClips

SequenceRecipeT = TypeVar("SequenceRecipeT", bound="RecipeOf[SequenceConfig, SequenceDataSettings]")

SEQUENCE_TRAINING = replace(COSINE_SETTINGS, batch_size=32, warmup_steps=50, ema_decay=0.995)
"""Training of a recurrent network over frames."""


@dataclass(frozen=True)
class SequenceDataSettings(RangedSettings):
    """Selection and cropping of recordings of any length; raises BadSetting for a number out of its range."""

    valid_fraction: float = ranged(0.1, 0.0, 0.9)  # of the clips (or groups, where they are known), for validation
    smallest_class: int = ranged(4, 1, 1_000_000)  # training clips; a label with fewer is left out
    crop_seconds: float = ranged(2.0, 0.1, 60.0)  # of a training example, where clips are endless
    longest_seconds: float = ranged(10.0, 0.1, 60.0)  # of a whole clip; longer ones are left out
    sample_seconds: float = ranged(2.0, 0.1, 60.0)  # of an endless clip that is generated at an evaluation


def load_clips(
    recipe: SequenceRecipeT, entries: Sequence[Entry], cache_folder: Path | None
) -> tuple[SequenceRecipeT, SequenceClips]:
    """Split, select and decode recordings.

    Raises BadFolder if fewer than two clips are left, or none to train on.

    Returns
    -------
    recipe
        The recipe with the labels and speakers of the clips, unless it names its own.
    clips
        Whole clips.
    """
    from ..data.sequences import load_sequences

    model, data = recipe.model, recipe.data
    clips = load_sequences(
        entries,
        model.sample_rate,
        labels=model.labels,
        speakers=model.speakers,
        smallest_class=data.smallest_class,
        valid_fraction=data.valid_fraction,
        longest_seconds=None if model.duration == "endless" else data.longest_seconds,
        cache_folder=cache_folder,
    )
    if len(clips.entries) < 2:
        raise BadFolder("A single clip is left to train on; at least 2 are needed, and minutes of sound make sense.")
    return replace(recipe, model=replace(model, labels=clips.label_names, speakers=clips.speaker_names)), clips
