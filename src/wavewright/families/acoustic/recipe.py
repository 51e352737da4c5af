"""Recipes of voices: data settings, the settings of each size and of fine-tuning, and the preparation of recordings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from unicodedata import normalize

import numpy as np

from ...base.errors import BadFolder, BadModel, BadText, MissingExtra
from ...base.ranges import RangedSettings, ranged
from ...base.result import first_of
from ...contracts.family import exported_weights, rows_by_name
from ...contracts.recipe import NOTHING_TO_TRAIN_ON, PreparedOf, RecipeOf
from ...contracts.settings import VOICE_SETTINGS
from ...data.entry import Entry
from ...data.preparation import Preparation
from ...data.splits import assign_splits, without_speaker_groups
from ...data.store import ClipStore
from ...models.folder import ModelFolder
from ...text import front_end
from ...text.shared_symbols import STRESSES, nearest_vowels, shared_signs
from .batches import ONLY_SPEAKER, SpeechBatches, SpeechClip, check_transcripts, speech_clips
from .config import SIZES, SPEAKERS_FILE, WEIGHT_PREFIX, AcousticConfig

SYMBOL_TABLES = (
    "symbol_embedding.weight",
    "aligner.symbol_embedding.weight",
    "phone_classifier.out_proj.weight",
    "phone_classifier.out_proj.bias",
)
"""Tensors with a row for each symbol."""
NOT_IN_ALL_LANGUAGES = re.compile("[\u0303\u032f]")  # nasal, not syllabic
SPEAKER_TABLES = ("speaker_embedding.weight", "aligner.speaker_embedding.weight", "usual_style", "pace")
"""Tensors with a row for each speaker."""


def initial_weights(base: ModelFolder, config: AcousticConfig) -> dict[str, np.ndarray]:
    """Return the state of the exported network of a training that starts from the voice ``base``.

    A symbol that ``base`` lacks starts as the phones of its language that are nearest, a speaker as the mean of the
    known ones.

    Raises BadModel if ``base`` was not stored with all of its weights.
    """
    base_config = base.config(AcousticConfig)
    state = exported_weights(base, (WEIGHT_PREFIX,))
    state |= {name: array.astype(np.float32) for name, array in base.tensors(SPEAKERS_FILE).items()}
    similar = nearest_phones(config, base_config)
    for tables, names, known in (
        (SYMBOL_TABLES, config.symbols, base_config.symbols),
        (SPEAKER_TABLES, config.speakers, base_config.speakers),
    ):
        for table in tables:
            if table not in state:
                raise BadModel(f"{base.path} has no weight {table}, so no training can start from it; give another.")
            state[table] = rows_by_name(state[table], names, known, similar=similar)
    return state | {"joint_alignment": np.array(True)}


def nearest_phones(config: AcousticConfig, base: AcousticConfig) -> dict[str, tuple[str, ...]]:
    """Return the phones of another language that are nearest to those of a voice, by their signs of IPA.

    - returns: for each symbol that only ``config`` has, symbols of ``base`` with the same stress, such as ``T`` and
      ``S`` for ``ts``; a symbol that the other language has no sign for is left out.
    """
    if config.language == base.language and config.languages == base.languages:
        return {}
    try:
        own, other, rows = front_end(config.language), front_end(base.language), base.rows
    except MissingExtra:
        return {}
    known = {phone: base.symbols[row] for phone, row in rows.items()}
    nearest = {}
    for symbol in set(config.symbols) - set(base.symbols):
        sign = symbol.rstrip(STRESSES) if config.languages else own.ipa(symbol)
        sign = normalize("NFC", NOT_IN_ALL_LANGUAGES.sub("", normalize("NFD", sign)))
        try:
            phones = other.phones(sign, "ipa")
        except BadText:
            continue
        stress = symbol[-1] if symbol[-1] in STRESSES else "0"
        stressed = [f"{phone[:-1]}{stress}" if phone[-1] in STRESSES else phone for phone in phones]
        nearest[symbol] = tuple(
            known.get(new, known[old]) for new, old in zip(stressed, phones, strict=True) if old in known
        )
    return nearest


def new_tables(base: ModelFolder, config: AcousticConfig) -> tuple[str, ...]:
    """Return the tables with rows that ``base`` does not have."""
    base_config = base.config(AcousticConfig)
    tables: tuple[str, ...] = ()
    if not set(config.symbols) <= set(base_config.symbols):
        tables += SYMBOL_TABLES
    if not set(config.speakers) <= set(base_config.speakers):
        tables += SPEAKER_TABLES
    return tables


MAX_VALID_CLIPS = 48
FINE_TUNING_STEPS = 4_000
FINE_TUNING_SYNTHESIS_FROM = 300
FINE_TUNING_JOINT_ALIGNMENT_FROM = 600
FINE_TUNING_ADVERSARIAL_FROM = 800
# Half an hour of recordings teaches a voice, but hours taught the base to be intelligible.
FINE_TUNING_BASE_WEIGHT = 0.4


@dataclass(frozen=True)
class AcousticDataSettings(RangedSettings):
    """Settings of the recordings and batches; raises BadSetting for a number out of its range."""

    valid_fraction: float = ranged(0.04, 0.0, 0.9)  # of the recordings, unless a manifest names splits
    batch_seconds: float = ranged(40.0, 1.0, 10_000.0)  # most seconds of a batch with its padding
    longest_seconds: float = ranged(30.0, 1.0, 60.0)  # longer recordings are left out
    speaker_exponent: float = ranged(0.6, 0.0, 1.0)  # 0 draws each speaker equally often, 1 by number of recordings
    crossed_share: float = ranged(0.3, 0.0, 1.0)  # of the recordings, of a voice of several languages
    loudness_lufs: float = ranged(-23.0, -60.0, 0.0)  # that each recording is normalised to


AcousticRecipe = RecipeOf[AcousticConfig, AcousticDataSettings]


@dataclass(frozen=True, kw_only=True)
class AcousticPrepared(PreparedOf[AcousticRecipe, SpeechBatches]):
    """A recipe with its data; ``valid`` are the held-out recordings, None without any."""

    valid: SpeechBatches | None

    @property
    def examples(self) -> list[SpeechClip]:
        """Recordings for samples: held-out ones, or training recordings if none are held out."""
        return (self.valid or self.batches).clips


TRAINING = replace(
    VOICE_SETTINGS, learning_rate=7e-4, betas=(0.9, 0.98), weight_decay=0.01, final_fraction=0.05, clip_norm=1.0
)


def recipe(size: str) -> AcousticRecipe:
    """Return the recipe of a size: ``tiny`` to try things out, ``small`` as bundled, ``base`` for hours of speech."""
    return AcousticRecipe(SIZES[size], AcousticDataSettings(), TRAINING)


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
    training = replace(
        TRAINING.for_fine_tuning(FINE_TUNING_STEPS),
        base_weight=FINE_TUNING_BASE_WEIGHT,
        metric="valid/mel",
        patience=5,
    )
    return AcousticRecipe(model, AcousticDataSettings(), training)


def prepare(recipe: AcousticRecipe, entries: Sequence[Entry], cache_folder: Path | None = None) -> AcousticPrepared:
    """Split, decode and prepare recordings with texts; raise BadFolder if none is left to train on."""
    data = recipe.data
    languages = recipe.model.all_languages
    entries = [entry for entry in entries if entry.language in (None, *languages)]
    speakers = _speakers(entries, recipe.model.speakers)
    entries = [entry for entry in entries if (entry.speaker or ONLY_SPEAKER) in speakers]
    entries = assign_splits(without_speaker_groups(entries), by="group", valid=data.valid_fraction, test=0.0)
    entries, unusable = check_transcripts([e for e in entries if e.split != "test"], data.longest_seconds)
    if not entries:
        raise BadFolder(f"No recording can be learned: {first_of(unusable)}.")
    signs = shared_signs(languages).values() if recipe.model.languages else front_end(languages[0]).symbols
    model = replace(recipe.model, speakers=speakers, symbols=tuple(dict.fromkeys(signs)))
    store = ClipStore.build(entries, model.sample_rate, None, Preparation("crop", level="none"), cache_folder)
    clips, unspeakable = speech_clips(store, model, data.loudness_lufs)
    train = [clip for clip in clips if clip.entry.split == "train"]
    valid = [clip for clip in clips if clip.entry.split == "valid"]
    if not train:
        raise BadFolder(NOTHING_TO_TRAIN_ON)
    recipe = replace(recipe if valid else recipe.without_valid_metric(), model=model)
    return AcousticPrepared(
        recipe=recipe,
        train_entries=tuple(clip.entry for clip in train),
        failed=(*unusable, *store.failed, *unspeakable),
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


def crossed_rows(config: AcousticConfig) -> np.ndarray:
    """Return the row of the nearest vowel of each language to each symbol, ``(languages, symbols)``.

    A symbol that the language has, and one that is no vowel, has its own row.
    """
    index = {symbol: row for row, symbol in enumerate(config.symbols)}
    vowels = [nearest_vowels(language, config.symbols) for language in config.languages]
    return np.array([[index[nearest.get(symbol, symbol)] for symbol in config.symbols] for nearest in vowels])


def _batches(clips: list[SpeechClip], recipe: AcousticRecipe) -> SpeechBatches:
    data, training = recipe.data, recipe.training
    max_frames = data.batch_seconds * recipe.model.sample_rate / recipe.model.hop_length
    crossing = (data.crossed_share, crossed_rows(recipe.model)) if recipe.model.languages else None
    return SpeechBatches(clips, training.batch_size, max_frames, data.speaker_exponent, training.seed, crossing)
