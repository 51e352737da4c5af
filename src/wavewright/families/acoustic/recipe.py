"""How a voice is trained: which recordings stand in a batch and what is known of them, what it is measured by, settings of each size."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ...contracts.recipe import Prepared, Recipe
from ...contracts.settings import TrainingSettings
from ...data.entry import Entry, Problem, first_problem
from ...data.preparation import Preparation
from ...data.splits import assign_splits, without_speaker_groups
from ...data.store import ClipStore
from ...dsp.alignment import beta_binomial_prior
from ...dsp.loudness import normalise_loudness
from ...dsp.speech_mel import mel_to_features
from ...errors import BadFolder, BadModel, BadText
from ...models.folder import ModelFolder
from ...ranges import check_ranges
from ...text import front_end
from .config import BOUNDARY, METRICS, SIZES, SPEAKERS_FILE, AcousticConfig
from .pairs import FrontEnd, check_pairs, ill_fitting, symbols_of_text
from .prosody import energies_of, hear, hz_to_octaves

POOL = 12  # batches whose clips are sorted by length, so that those of one batch are about equally long
HEARD_CLIPS = 4
MEASURED_CLIPS = 48  # of the held-out ones, at an evaluation
ONLY_SPEAKER = "voice"  # where the recordings name none
WEIGHT_PREFIX = "voice."  # of the names of weights in a model folder
TABLES_OF_SYMBOLS = ("embed.weight", "aligner.embed.weight", "listener.out.weight", "listener.out.bias")
TABLES_OF_SPEAKERS = ("speaker.weight", "aligner.speaker.weight", "usual_style", "pace")
FINE_STEPS = 4_000  # of a run that begins from another model
FINE_VOICE_FROM, FINE_LISTENS_FROM, FINE_CRITICS_FROM = 300, 600, 800  # in it
FINE_BASE_SHARE = 0.4  # half an hour of recordings teaches a voice, and hours taught the base to be understood
DATA_RANGES = {
    "valid_fraction": (0.0, 0.9),
    "batch_seconds": (1.0, 10_000.0),
    "longest_seconds": (1.0, 60.0),
    "speaker_exponent": (0.0, 1.0),
    "loudness_lufs": (-60.0, 0.0),
}


@dataclass(frozen=True)
class AcousticDataSettings:
    """What becomes of a recording before the network hears it."""

    valid_fraction: float = 0.04  # of the recordings, kept for validation where no manifest names some
    batch_seconds: float = 40.0  # of a batch with its padding, at most: of long recordings fewer stand in a batch
    longest_seconds: float = 30.0  # of a recording; longer ones are left out
    speaker_exponent: float = 0.6  # 0 draws each speaker alike, 1 each by the number of the recordings
    loudness_lufs: float = -23.0  # to which each recording is brought

    def __post_init__(self) -> None:
        check_ranges(self, DATA_RANGES)


@dataclass(frozen=True)
class AcousticRecipe(Recipe):
    """A complete description of a training run; raises BadSetting where its parts do not fit."""

    TITLE = "a voice"
    VALIDATION_METRICS = METRICS

    model: AcousticConfig = field(default_factory=AcousticConfig)
    data: AcousticDataSettings = field(default_factory=AcousticDataSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)


def recipe(size: str) -> AcousticRecipe:
    """The recipe of a size: ``tiny`` to try things out, ``small`` for the bundled voices, ``base`` for many hours of speech."""
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
        save_every=250,
        weight_bits=8,
        product_bits=8,
    )
    return AcousticRecipe(model=SIZES[size], training=training)


def fine_tuning(base: ModelFolder) -> AcousticRecipe:
    """The recipe that teaches ``base`` other voices: its networks, a short while for the aligner, critics from early on, and patience.

    What plays keeps a share of the base.
    """
    known = base.config(AcousticConfig)
    model = replace(
        known,
        speakers=(),
        symbols=(),
        voice_from=FINE_VOICE_FROM,
        listens_from=FINE_LISTENS_FROM,
        critics_from=FINE_CRITICS_FROM,
    )
    training = replace(
        recipe("small").training,
        steps=FINE_STEPS,
        learning_rate=3e-4,
        warmup_steps=50,
        ema_decay=0.995,
        base_weight=FINE_BASE_SHARE,
        evaluate_every=250,
        metric="valid/mel",
        patience=5,
    )
    return AcousticRecipe(model=model, training=training)


def warm_start(base: ModelFolder, config: AcousticConfig) -> dict[str, np.ndarray]:
    """The state of a voice of ``config`` as it begins from ``base``, tensors by name.

    Symbols and speakers that the base lacks begin at the mean of those that it has. Raises BadModel where it was not stored with all of
    its weights.
    """
    known = base.config(AcousticConfig)
    stored = base.weights()
    state = {
        name.removeprefix(WEIGHT_PREFIX): array for name, array in stored.items() if name.startswith(WEIGHT_PREFIX)
    }
    state |= {name: array.astype(np.float32) for name, array in base.tensors(SPEAKERS_FILE).items()}
    tables = dict.fromkeys(TABLES_OF_SYMBOLS, _rows(config.symbols, known.symbols))
    tables |= dict.fromkeys(TABLES_OF_SPEAKERS, _rows(config.speakers, known.speakers))
    for name, shares in tables.items():
        if name not in state:
            raise BadModel(f"{base.path} has no weight {name}, so nothing can begin from it; give another --from.")
        state[name] = shares @ state[name]
    return state | {"is_listening": np.array(True)}


def new_tables(base: ModelFolder, config: AcousticConfig) -> tuple[str, ...]:
    """The tables with rows of speakers or symbols that ``base`` does not have, where nothing of it is to stay."""
    known = base.config(AcousticConfig)
    of_symbols = () if set(config.symbols) <= set(known.symbols) else TABLES_OF_SYMBOLS
    of_speakers = () if set(config.speakers) <= set(known.speakers) else TABLES_OF_SPEAKERS
    return of_symbols + of_speakers


def _rows(asked: Sequence[str], known: Sequence[str]) -> np.ndarray:
    """Which rows of a table each name begins as, ``(asked, known)`` float32: its own, or the mean of all."""
    shares = [
        [float(name == other) for other in known] if name in known else [1 / len(known)] * len(known) for name in asked
    ]
    return np.array(shares, np.float32)


@dataclass(frozen=True)
class Clip:
    """A recording as a voice learns it: ``mel (frames, n_mels)`` in nats, ``f0_hz (frames,)``, 0 where unvoiced, symbols and speaker."""

    entry: Entry
    mel: np.ndarray
    f0_hz: np.ndarray
    symbols: np.ndarray
    speaker: int

    @property
    def n_frames(self) -> int:
        return len(self.mel)


@dataclass(frozen=True)
class AcousticPrepared(Prepared):
    """A recipe with its data: what the loop draws batches from, and the held-out clips that the network is measured by."""

    recipe: AcousticRecipe
    batches: SpeechBatches
    valid: SpeechBatches | None


def prepare(recipe: AcousticRecipe, entries: Sequence[Entry], cache_folder: Path | None = None) -> AcousticPrepared:
    """Split, decode and prepare ``entries``, which need texts; raises BadFolder where nothing is left to train on."""
    in_language = [entry for entry in entries if entry.language in (None, recipe.model.language)]
    speakers = _speakers(in_language, recipe.model.speakers)
    chosen = [entry for entry in in_language if (entry.speaker or ONLY_SPEAKER) in speakers]
    divided = assign_splits(without_speaker_groups(chosen), by="group", valid=recipe.data.valid_fraction, test=0.0)
    used, problems = check_pairs([entry for entry in divided if entry.split != "test"], recipe.data.longest_seconds)
    if not used:
        raise BadFolder(f"No recording can be learned: {first_problem(problems)}.")
    front = front_end(recipe.model.language)
    model = replace(recipe.model, speakers=speakers, symbols=tuple(front.symbols))
    store = ClipStore.build(used, model.sample_rate, None, Preparation("crop", level="none"), cache_folder)
    clips, unspeakable = recorded_clips(store, replace(recipe, model=model), front)
    train = [clip for clip in clips if clip.entry.split == "train"]
    valid = [clip for clip in clips if clip.entry.split == "valid"]
    if not train:
        raise BadFolder(
            "None of the recordings to train on can be used; `wavewright data inspect` says what is wrong with them."
        )
    recipe = replace(recipe, model=model, training=recipe.training if valid else replace(recipe.training, metric=""))
    return AcousticPrepared(
        recipe,
        tuple(clip.entry for clip in train),
        (*problems, *store.problems, *unspeakable),
        SpeechBatches(train, recipe),
        SpeechBatches(_spread(valid), recipe) if valid else None,
    )


def recorded_clips(store: ClipStore, recipe: AcousticRecipe, front: FrontEnd) -> tuple[list[Clip], list[Problem]]:
    """The recordings with their symbols, and why others cannot be learned: texts that cannot be read, or not in that time."""
    model, data = recipe.model, recipe.data
    heard = store.cached(f"voice-{model.sample_rate}-{data.loudness_lufs:g}", lambda: _heard(store, model, data))
    clips, problems = [], []
    for entry, end, n_frames in zip(store.entries, np.cumsum(heard["n_frames"]), heard["n_frames"], strict=True):
        try:
            symbols = symbols_of_text(str(entry.text), front)
        except BadText as error:
            problems.append(Problem(entry.path, str(error)))
            continue
        n_lasting = sum(symbol != BOUNDARY for symbol in symbols)
        if n_lasting > n_frames:
            problems.append(
                Problem(entry.path, f"its text has {n_lasting} sounds, more than its {n_frames} frames can hold")
            )
            continue
        numbers = np.array([model.symbols.index(symbol) for symbol in symbols])
        part = slice(end - n_frames, end)
        speaker = model.speakers.index(entry.speaker or ONLY_SPEAKER)
        clips.append(Clip(entry, heard["mel"][part], heard["f0_hz"][part], numbers, speaker))
    return clips, problems


def doubtful(prepared: AcousticPrepared, fits: np.ndarray) -> list[Problem]:
    """The training clips that may not say their texts, worst first; ``fits (clips,)`` as network.fits gives it."""
    usual = np.median(fits)
    return [
        Problem(
            prepared.batches.clips[row].entry.path,
            f"its sound fits its text badly ({fits[row]:.2f} nats a frame, usual is {usual:.2f}): {prepared.batches.clips[row].entry.text}",
        )
        for row in ill_fitting(fits)
    ]


def _spread(clips: list[Clip]) -> list[Clip]:
    """At most MEASURED_CLIPS of the clips, drawn by a fixed seed."""
    return [clips[row] for row in sorted(np.random.default_rng(0).permutation(len(clips))[:MEASURED_CLIPS])]


def _speakers(entries: Sequence[Entry], asked: tuple[str, ...]) -> tuple[str, ...]:
    """The speakers to learn: those ``asked`` for, or all whose recordings have texts; raises BadFolder where there are none."""
    found = sorted({entry.speaker or ONLY_SPEAKER for entry in entries if entry.split != "test" and entry.text})
    if not found:
        raise BadFolder(
            "No recording has a text in the voice's language; give a folder with a metadata.csv, or a manifest with the text of each."
        )
    for name in asked:
        if name not in found:
            raise BadFolder(
                f"There is no recording with a text of the speaker {name!r}; the folder has {', '.join(found)}."
            )
    return asked or tuple(found)


def _heard(store: ClipStore, model: AcousticConfig, data: AcousticDataSettings) -> dict[str, np.ndarray]:
    """Mel frames and pitch of all clips one behind the other, and the number of frames of each."""
    found = []
    for row in range(len(store)):
        wave = normalise_loudness(store[row][0], model.sample_rate, data.loudness_lufs)
        found.append(hear(wave, model))
    return {
        "mel": np.concatenate([clip["mel"] for clip in found]).astype(np.float16),
        "f0_hz": np.concatenate([clip["f0_hz"] for clip in found]).astype(np.float32),
        "n_frames": np.array([len(clip["mel"]) for clip in found], np.int64),
    }


class SpeechBatches:
    """Batches of recordings of about one length, a pure function of the step.

    Calling it with a step gives ``mel (batch, frames, n_mels)`` as a network has it, ``octaves``, ``voiced`` and ``energy (batch, frames)``,
    ``symbols (batch, symbols)``, log-``prior (batch, frames, symbols)``, ``n_frames``, ``n_symbols`` and ``speaker (batch,)``; padding is 0.
    """

    def __init__(self, clips: Sequence[Clip], recipe: AcousticRecipe):
        self.clips, self.recipe = list(clips), recipe
        self.lengths = np.array([clip.n_frames for clip in clips])
        counts = Counter(clip.speaker for clip in clips)
        weights = np.array([counts[clip.speaker] ** (recipe.data.speaker_exponent - 1) for clip in clips])
        self.shares = weights / weights.sum()
        self.most_frames = recipe.data.batch_seconds * recipe.model.sample_rate / recipe.model.hop_length

    def __call__(self, step: int) -> dict[str, np.ndarray]:
        batch_size = self.recipe.training.batch_size
        draw = np.random.default_rng([self.recipe.training.seed, step])
        pool = draw.choice(len(self.clips), POOL * batch_size, p=self.shares)
        pool = pool[np.argsort(self.lengths[pool], kind="stable")]
        first = draw.integers(POOL) * batch_size
        rows = draw.permutation(pool[first : first + batch_size])
        return self.of(rows[: max(1, int(self.most_frames // self.lengths[rows].max()))])

    def all(self) -> list[dict[str, np.ndarray]]:
        """Every clip once, in batches of clips of about one length."""
        return [self.of(rows) for rows in self.by_length()]

    def by_length(self) -> list[np.ndarray]:
        """The rows of every clip, shortest clips first, as many at a time as stand in a batch."""
        order = np.argsort(self.lengths, kind="stable")
        batch_size = self.recipe.training.batch_size
        return [order[start : start + batch_size] for start in range(0, len(order), batch_size)]

    def of(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """The batch of these clips."""
        clips = [self.clips[row] for row in rows]
        n_frames, n_symbols = max(clip.n_frames for clip in clips), max(len(clip.symbols) for clip in clips)
        batch: dict[str, np.ndarray] = {
            "mel": np.zeros((len(clips), n_frames, self.recipe.model.n_mels), np.float32),
            "octaves": np.zeros((len(clips), n_frames), np.float32),
            "voiced": np.zeros((len(clips), n_frames), np.float32),
            "energy": np.zeros((len(clips), n_frames), np.float32),
            "symbols": np.zeros((len(clips), n_symbols), np.int64),
            "prior": np.zeros((len(clips), n_frames, n_symbols), np.float32),
        }
        for row, clip in enumerate(clips):
            frames, symbols = clip.n_frames, len(clip.symbols)
            mel = clip.mel.astype(np.float32)
            batch["mel"][row, :frames] = mel_to_features(mel.T)
            batch["octaves"][row, :frames] = hz_to_octaves(clip.f0_hz)
            batch["voiced"][row, :frames] = clip.f0_hz > 0
            batch["energy"][row, :frames] = energies_of(mel)
            batch["symbols"][row, :symbols] = clip.symbols
            batch["prior"][row, :frames, :symbols] = beta_binomial_prior(frames, symbols)
        return batch | {
            "n_frames": np.array([clip.n_frames for clip in clips]),
            "n_symbols": np.array([len(clip.symbols) for clip in clips]),
            "speaker": np.array([clip.speaker for clip in clips]),
        }
