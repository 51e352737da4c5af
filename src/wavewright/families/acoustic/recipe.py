"""Recipes of voices: data settings, the settings of each size and of fine-tuning, and the preparation of recordings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from ...contracts.recipe import NOTHING_TO_TRAIN_ON, Prepared, Recipe
from ...contracts.settings import TrainingSettings
from ...data.entry import Entry, first_problem
from ...data.preparation import Preparation
from ...data.splits import assign_splits, without_speaker_groups
from ...data.store import ClipStore
from ...errors import BadFolder
from ...models.folder import ModelFolder
from ...ranges import check_ranges
from ...text import front_end
from .batches import ONLY_SPEAKER, SpeechBatches, SpeechClip, speech_clips
from .config import METRICS, SIZES, AcousticConfig
from .transcripts import check_transcripts

MAX_VALID_CLIPS = 48
FINE_TUNING_STEPS = 4_000
FINE_TUNING_SYNTHESIS_FROM = 300
FINE_TUNING_JOINT_ALIGNMENT_FROM = 600
FINE_TUNING_ADVERSARIAL_FROM = 800
# Half an hour of recordings teaches a voice, but hours taught the base to be intelligible.
FINE_TUNING_BASE_WEIGHT = 0.4


@dataclass(frozen=True)
class AcousticDataSettings:
    """Settings of the recordings and batches; raises BadSetting for a number out of its range."""

    RANGES: ClassVar[Mapping[str, tuple[float, float]]] = {
        "valid_fraction": (0.0, 0.9),
        "batch_seconds": (1.0, 10_000.0),
        "longest_seconds": (1.0, 60.0),
        "speaker_exponent": (0.0, 1.0),
        "loudness_lufs": (-60.0, 0.0),
    }

    valid_fraction: float = 0.04  # of the recordings, for validation, unless a manifest names splits
    batch_seconds: float = 40.0  # most seconds of a batch with its padding
    longest_seconds: float = 30.0  # longer recordings are left out
    speaker_exponent: float = 0.6  # 0 draws each speaker equally often, 1 in proportion to the number of recordings
    loudness_lufs: float = -23.0  # that each recording is normalised to

    def __post_init__(self) -> None:
        check_ranges(self, self.RANGES)


@dataclass(frozen=True)
class AcousticRecipe(Recipe):
    """Complete description of a training run; raises BadSetting for an unknown metric."""

    TITLE = "a voice"
    VALIDATION_METRICS = METRICS

    model: AcousticConfig = field(default_factory=AcousticConfig)
    data: AcousticDataSettings = field(default_factory=AcousticDataSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)


def recipe(size: str) -> AcousticRecipe:
    """Return the recipe of a size: ``tiny`` to try things out, ``small`` as bundled, ``base`` for hours of speech."""
    training = TrainingSettings(
        batch_size=8,
        learning_rate=7e-4,
        betas=(0.9, 0.98),
        weight_decay=0.01,
        schedule="cosine",
        final_fraction=0.05,
        warmup_steps=200,
        clip_norm=1.0,
        ema_decay=0.998,
        evaluate_every=1_000,
        weight_bits=8,
        product_bits=8,
    )
    return AcousticRecipe(model=SIZES[size], training=training)


def fine_tuning(base: ModelFolder) -> AcousticRecipe:
    """Return the recipe of a training that starts from ``base``: short stages, early stopping, WiSE-FT."""
    model = replace(
        base.config(AcousticConfig),
        speakers=(),
        symbols=(),
        synthesis_from=FINE_TUNING_SYNTHESIS_FROM,
        joint_alignment_from=FINE_TUNING_JOINT_ALIGNMENT_FROM,
        adversarial_from=FINE_TUNING_ADVERSARIAL_FROM,
    )
    training = recipe("small").training.for_fine_tuning(FINE_TUNING_STEPS, evaluate_every=250)
    training = replace(training, base_weight=FINE_TUNING_BASE_WEIGHT, metric="valid/mel", patience=5)
    return AcousticRecipe(model=model, training=training)


@dataclass(frozen=True)
class AcousticPrepared(Prepared):
    """A recipe with its data.

    Attributes
    ----------
    valid
        Held-out recordings, None without any.
    """

    recipe: AcousticRecipe
    batches: SpeechBatches
    valid: SpeechBatches | None

    @property
    def examples(self) -> list[SpeechClip]:
        """Recordings for samples: held-out ones, or training recordings if none are held out."""
        return (self.valid or self.batches).clips


def prepare(recipe: AcousticRecipe, entries: Sequence[Entry], cache_folder: Path | None = None) -> AcousticPrepared:
    """Split, decode and prepare recordings with texts; raise BadFolder if none is left to train on."""
    data = recipe.data
    entries = [entry for entry in entries if entry.language in (None, recipe.model.language)]
    speakers = _speakers(entries, recipe.model.speakers)
    entries = [entry for entry in entries if (entry.speaker or ONLY_SPEAKER) in speakers]
    entries = assign_splits(without_speaker_groups(entries), by="group", valid=data.valid_fraction, test=0.0)
    entries, unusable = check_transcripts([e for e in entries if e.split != "test"], data.longest_seconds)
    if not entries:
        raise BadFolder(f"No recording can be learned: {first_problem(unusable)}.")
    front = front_end(recipe.model.language)
    model = replace(recipe.model, speakers=speakers, symbols=tuple(front.symbols))
    store = ClipStore.build(entries, model.sample_rate, None, Preparation("crop", level="none"), cache_folder)
    clips, unspeakable = speech_clips(store, model, data.loudness_lufs, front)
    train = [clip for clip in clips if clip.entry.split == "train"]
    valid = [clip for clip in clips if clip.entry.split == "valid"]
    if not train:
        raise BadFolder(NOTHING_TO_TRAIN_ON)
    recipe = replace(recipe, model=model)
    if not valid:
        recipe = recipe.with_metric("")
    return AcousticPrepared(
        recipe=recipe,
        train_entries=tuple(clip.entry for clip in train),
        problems=(*unusable, *store.problems, *unspeakable),
        batches=_batches(train, recipe),
        valid=_batches(_sample(valid), recipe) if valid else None,
    )


def _speakers(entries: Sequence[Entry], requested: tuple[str, ...]) -> tuple[str, ...]:
    """Return the requested speakers, or all whose recordings have texts; raise BadFolder if there are none."""
    available = sorted({entry.speaker or ONLY_SPEAKER for entry in entries if entry.split != "test" and entry.text})
    if not available:
        raise BadFolder(
            "No recording has a text in the voice's language; give a folder with a metadata.csv, or a manifest with "
            "the text of each."
        )
    for name in requested:
        if name not in available:
            raise BadFolder(
                f"There is no recording with a text of the speaker {name!r}; the folder has {', '.join(available)}."
            )
    return requested or tuple(available)


def _sample(clips: list[SpeechClip]) -> list[SpeechClip]:
    """Return at most MAX_VALID_CLIPS of the clips, drawn by a fixed seed, in their order."""
    rows = np.random.default_rng(0).permutation(len(clips))[:MAX_VALID_CLIPS]
    return [clips[row] for row in sorted(rows)]


def _batches(clips: list[SpeechClip], recipe: AcousticRecipe) -> SpeechBatches:
    data, training = recipe.data, recipe.training
    max_frames = data.batch_seconds * recipe.model.sample_rate / recipe.model.hop_length
    return SpeechBatches(clips, training.batch_size, max_frames, data.speaker_exponent, training.seed)
