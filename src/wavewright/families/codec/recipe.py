"""How the codec is trained: which stretches of which recordings stand in a batch, what it is measured by, settings of each size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ...contracts.recipe import Prepared, Recipe
from ...contracts.settings import TrainingSettings
from ...data.crops import sampling_probabilities
from ...data.entry import Entry
from ...data.preparation import Preparation
from ...data.splits import assign_splits
from ...data.store import ClipStore
from ...dsp.tilt import tilt_spectrum
from ...errors import BadFolder, BadSetting
from ...models.folder import ModelFolder
from ...ranges import check_ranges
from ...units import db_to_gain, seconds_to_samples
from .config import METRICS, SIZES, CodecConfig

DATA_RANGES = {
    "crop_frames": (4, 10_000),
    "valid_fraction": (0.0, 0.9),
    "gain_range_db": (0.0, 60.0),
    "speaker_exponent": (0.0, 1.0),
    "slowest": (0.5, 2.0),
    "fastest": (0.5, 2.0),
    "tilt_db": (0.0, 12.0),
    "mixed_fraction": (0.0, 1.0),
}
FINE_STEPS, FINE_ADVERSARIAL_FROM, FINE_ENCODER_FROM = 5_000, 2_500, 4_000  # of a run that begins from another model
PART_PREFIXES = ("encoder.", "decoder.")  # of the names of weights in a model folder: the graphs that they belong to
VALID_CLIPS, VALID_SECONDS = 64, 2.0
HEARD_CLIPS = 4
COUNTED_SECONDS = 1_200.0  # of recordings, whose codes say how frequent each is
LEARNED_SECONDS = 6 * 3_600.0  # of recordings, whose codes say at the end of a run how frequent each is behind others
LEVEL_SHARES = (
    (1, 4, 0.3),
    (1, 2, 0.35),
    (1, 1, 0.2),
)  # of the clips of a batch use so much of the levels; the rest a random number
SOFTER_DB = (5.0, 30.0)  # than a stretch is what is mixed into it


@dataclass(frozen=True)
class CodecDataSettings:
    """What becomes of a recording before the network hears it."""

    crop_frames: int = 60  # of codes; of a recording at once
    valid_fraction: float = 0.05  # of the recordings (or groups) are kept out of training, where no manifest names them
    gain_range_db: float = 24.0  # each crop is made quieter by up to this
    speaker_exponent: float = 0.6  # 0 draws each speaker alike, 1 each by the length of the recordings
    slowest: float = (
        1.0  # each crop is played at a random speed between these, pitch and all: more voices than there are speakers
    )
    fastest: float = 1.0
    tilt_db: float = 0.0  # largest rise or fall of a crop's spectrum, dB per octave, as microphones differ
    mixed_fraction: float = 0.0  # of the crops have another one behind them

    def __post_init__(self) -> None:
        check_ranges(self, DATA_RANGES)
        if self.slowest > self.fastest:
            raise BadSetting(
                f"slowest is {self.slowest} and fastest {self.fastest}; the slowest speed must not be the larger."
            )


@dataclass(frozen=True)
class CodecRecipe(Recipe):
    """A complete description of a training run; raises BadSetting where its parts do not fit."""

    TITLE = "a codec"
    VALIDATION_METRICS = METRICS

    model: CodecConfig = field(default_factory=CodecConfig)
    data: CodecDataSettings = field(default_factory=CodecDataSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)


def recipe(size: str) -> CodecRecipe:
    """The recipe of a size: ``tiny`` to try things out, ``small`` for speech at 16 kHz, ``music`` for anything at 44.1 kHz."""
    training = TrainingSettings(
        batch_size=10,
        learning_rate=1e-3,
        betas=(0.8, 0.99),
        schedule="cosine",
        final_fraction=0.1,
        warmup_steps=200,
        clip_norm=5.0,
        ema_decay=0.998,
        evaluate_every=1_000,
        save_every=250,
        metric="",
    )
    return CodecRecipe(model=SIZES[size], training=training)


def fine_tuning(base: ModelFolder) -> CodecRecipe:
    """The recipe that teaches ``base`` other recordings: its networks and codes, in small steps, and critics at last."""
    model = replace(
        base.config(CodecConfig),
        unquantised_steps=0,
        adversarial_from=FINE_ADVERSARIAL_FROM,
        encoder_from=FINE_ENCODER_FROM,
    )
    training = replace(
        recipe("small").training,
        steps=FINE_STEPS,
        learning_rate=3e-4,
        warmup_steps=50,
        ema_decay=0.995,
        evaluate_every=500,
    )
    return CodecRecipe(model=model, training=training)


def warm_start(base: ModelFolder, config: CodecConfig) -> dict[str, np.ndarray]:
    """The state of a codec as it begins from ``base``, tensors by name; its codes are in place, each as frequent as the others.

    An encoder with more blocks, or which looks further ahead, begins as one that does what the base's does. Whether the rest fits ``config``
    shows where it is loaded.
    """
    known = base.config(CodecConfig)
    stored = {
        name: array for name, array in base.weights().items() if name.startswith(PART_PREFIXES) and "/" not in name
    }
    state = {
        name.partition(".")[2]: array for name, array in stored.items()
    }  # what has a slash are constants of graphs
    for level in range(config.n_codebooks if config.quantizer == "codebook" else 0):
        state[f"quantizer.levels.{level}.share"] = np.full(config.codebook_size, 1 / config.codebook_size, np.float32)
        state[f"quantizer.levels.{level}.is_ready"] = np.array(True)
    n_ahead = config.encoder_look_ahead - known.encoder_look_ahead
    if n_ahead > 0:
        n_more = n_ahead * known.steps_per_frame * known.fine_channels[0]
        state["encoder.merge.weight"] = np.pad(state["encoder.merge.weight"], ((0, 0), (0, n_more)))
    last = f"encoder.blocks.blocks.{known.encoder_blocks - 1}."
    of_last = {name.removeprefix(last): array for name, array in state.items() if name.startswith(last)}
    for block in range(known.encoder_blocks, config.encoder_blocks):  # they add nothing until they have learned
        fresh = of_last | {"scale": np.zeros_like(of_last["scale"])}
        state |= {f"encoder.blocks.blocks.{block}.{name}": array for name, array in fresh.items()}
    return state


@dataclass(frozen=True)
class CodecPrepared(Prepared):
    """A recipe with its data: what the loop draws batches from, and the clips that measure the network.

    ``valid (clips, time)`` are held out; ``heard (clips, time)`` are listened to; ``measured_levels`` are the numbers of levels that both
    are coded with.
    """

    recipe: CodecRecipe
    batches: Crops
    valid: np.ndarray
    heard: np.ndarray
    measured_levels: tuple[int, ...]

    def counted(self, seconds: float) -> Iterator[np.ndarray]:
        """Training recordings ``(time,)``, whole frames each, in a random order, of so many seconds in all if there are as many."""
        draw = np.random.default_rng(0)
        rows = self.batches.rows
        n_left = seconds_to_samples(seconds, self.recipe.model.sample_rate)
        for row in draw.permutation(rows):
            clip = self.batches.whole(int(row))
            yield clip
            n_left -= len(clip)
            if n_left <= 0:
                return


def prepare(recipe: CodecRecipe, entries: Sequence[Entry], cache_folder: Path | None = None) -> CodecPrepared:
    """Split, decode and prepare ``entries``; raises BadFolder where nothing is left to train on."""
    divided = assign_splits(entries, by="group", valid=recipe.data.valid_fraction, test=0.0)
    model = recipe.model
    used = [entry for entry in divided if entry.split != "test"]
    store = ClipStore.build(used, model.sample_rate, None, Preparation("crop", level="peak"), cache_folder)
    train, valid = (
        [i for i, entry in enumerate(store.entries) if entry.split == split] for split in ("train", "valid")
    )
    if not train:
        raise BadFolder(
            "None of the recordings to train on can be used; `wavewright data inspect` says what is wrong with them."
        )
    recipe = replace(recipe, training=recipe.training if valid else replace(recipe.training, metric=""))
    batches = Crops(store, train, recipe)
    n_samples = seconds_to_samples(VALID_SECONDS, model.sample_rate) // model.hop_length * model.hop_length
    whole = [
        row for row in valid or train if store.lengths[row] >= n_samples
    ]  # the silence after short ones tells nothing
    measured = np.random.default_rng(0).permutation(whole or valid or train)[:VALID_CLIPS]
    clips = np.stack([batches.crop(int(row), 0, n_samples) for row in measured])
    return CodecPrepared(
        recipe,
        tuple(store.entries[i] for i in train),
        store.problems,
        batches,
        clips if valid else clips[:0],
        clips[:HEARD_CLIPS],
        tuple(sorted({max(model.n_codebooks // share, 1) for share in (4, 2, 1)})),
    )


class Crops:
    """Batches of stretches of recordings and how many levels code each, a pure function of the step.

    Gives ``wave (batch, crop_frames * hop_length)`` float32 and ``n_codebooks (batch,)`` int64. A speaker's share of the batches grows with a
    power of the length of the recordings; recordings without a speaker count as one.
    """

    def __init__(self, store: ClipStore, rows: Sequence[int], recipe: CodecRecipe):
        self.store, self.rows, self.recipe = store, np.array(rows), recipe
        self.n_samples = recipe.data.crop_frames * recipe.model.hop_length
        self.lengths = np.array([store.lengths[row] for row in rows])
        heard = np.maximum(self.lengths, self.n_samples)
        self.shares = sampling_probabilities([store.entries[row] for row in rows], heard, recipe.data.speaker_exponent)

    def __call__(self, step: int) -> dict[str, np.ndarray]:
        draw = np.random.default_rng([self.recipe.training.seed, step])
        waves = [self._one(draw) for _ in range(self.recipe.training.batch_size)]
        return {"wave": np.stack(waves), "n_codebooks": np.array([self._n_codebooks(draw) for _ in waves])}

    def _one(self, draw: np.random.Generator) -> np.ndarray:
        """A stretch ``(n_samples,)`` as it is learned from."""
        data = self.recipe.data
        wave = self._varied(draw)
        if draw.random() < data.mixed_fraction:
            wave = wave + np.float32(db_to_gain(-draw.uniform(*SOFTER_DB))) * self._varied(draw)
        gain = np.float32(db_to_gain(-draw.uniform(0, data.gain_range_db)))
        return gain * wave / max(float(np.abs(wave).max()), 1.0)

    def _varied(self, draw: np.random.Generator) -> np.ndarray:
        """A stretch of some recording at a random speed and tilt, ``(n_samples,)``."""
        data, rate = self.recipe.data, self.recipe.model.sample_rate
        place = draw.choice(len(self.rows), p=self.shares)
        speed = float(np.exp(draw.uniform(np.log(data.slowest), np.log(data.fastest))))
        n_heard = int(np.ceil(self.n_samples * speed))
        start = int(draw.random() * (max(self.lengths[place] - n_heard, 0) + 1))
        wave = self.crop(int(self.rows[place]), start, n_heard)
        if speed != 1.0:
            import soxr

            wave = soxr.resample(wave, rate * speed, rate, quality="MQ")
            wave = np.pad(wave, (0, max(self.n_samples - len(wave), 0)))[: self.n_samples]
        tilt_db = draw.uniform(-data.tilt_db, data.tilt_db)
        return tilt_spectrum(wave, tilt_db, rate) if tilt_db else wave

    def _n_codebooks(self, draw: np.random.Generator) -> int:
        """How many levels a clip uses: often the numbers that are played, sometimes any other."""
        n_codebooks, chosen = self.recipe.model.n_codebooks, draw.random()
        for part, whole, share in LEVEL_SHARES:
            if chosen < share:
                return max(n_codebooks * part // whole, 1)
            chosen -= share
        return int(draw.integers(1, n_codebooks + 1))

    def crop(self, row: int, start: int, n_samples: int) -> np.ndarray:
        """A stretch ``(n_samples,)`` of a recording, silence after its end."""
        return self.store.crop(row, start, n_samples)[0]

    def whole(self, row: int) -> np.ndarray:
        """A recording ``(time,)``, silence after its end to fill the last frame."""
        hop_length = self.recipe.model.hop_length
        return self.crop(row, 0, -(-int(self.store.lengths[row]) // hop_length) * hop_length)
