"""The contract of a model family: name, sizes, capabilities, health, dials, recipe, training, warm start, runtime."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, Protocol, TypeVar, cast

from ..base.errors import BadFamily, BadSetting
from .config import ModelConfig

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from ..data.entry import Entry
    from ..models.folder import ModelFolder
    from ..nn.network import FamilyTraining
    from .recipe import Prepared, Recipe
    from .runtime import Model

Scale = Literal["linear", "log"]
Choice = bool | int | float | str


@dataclass(frozen=True)
class Dial:
    """A setting that a search may change: a range, relative or absolute, or a few choices.

    Parameters
    ----------
    name
        ``section.field`` of the recipe.
    low, high
        Range; with ``is_relative`` factors of the value in the recipe. Of a whole number the range is rounded.
    scale
        ``"log"`` where factors count, ``"linear"`` where differences do.
    is_relative
        Range around the value of the recipe.
    choices
        Values to choose from instead of a range; the value of the recipe is always one of them.
    """

    name: str
    low: float = 0.0
    high: float = 0.0
    scale: Scale = "linear"
    is_relative: bool = False
    choices: tuple[Choice, ...] = ()

    def default(self, recipe: Recipe) -> Choice:
        """Return the value in a recipe; raise BadFamily if the recipe has no such setting."""
        section, _, field = self.name.partition(".")
        try:
            value: Choice = getattr(getattr(recipe, section), field)
        except AttributeError as error:
            raise BadFamily(f"The dial {self.name} is no setting of {type(recipe).__name__}.") from error
        return value

    def range_in(self, recipe: Recipe) -> tuple[float, float]:
        """Return the smallest and largest value for a recipe, whose own value is always between them."""
        default = float(self.default(recipe))
        low, high = (default * self.low, default * self.high) if self.is_relative else (self.low, self.high)
        if self.is_whole(recipe):
            low, high = max(1, round(low)), max(1, round(high))
        return min(low, default), max(high, default)

    def choices_in(self, recipe: Recipe) -> tuple[Choice, ...]:
        """Return the choices for a recipe, its own value first."""
        default = self.default(recipe)
        return (default, *(choice for choice in self.choices if choice != default))

    def is_whole(self, recipe: Recipe) -> bool:
        """Return True if the setting is a whole number."""
        value = self.default(recipe)
        return isinstance(value, int) and not isinstance(value, bool)


LEARNING_RATE = Dial("training.learning_rate", 0.2, 5.0, "log", is_relative=True)
BATCH_SIZE = Dial("training.batch_size", 0.5, 2.0, "log", is_relative=True)
WEIGHT_DECAY = Dial("training.weight_decay", choices=(0.0, 0.01, 0.05, 0.2))
AVERAGING = Dial("training.ema_decay", choices=(0.98, 0.99, 0.995, 0.998, 0.999))

TRAINING_DIALS: Sequence[Dial] = (LEARNING_RATE, BATCH_SIZE, WEIGHT_DECAY, AVERAGING)
"""Dials that every family has."""


@dataclass(frozen=True)
class HealthRules:
    """Names of the validation metrics that are watched while a model trains, and remedies for the messages.

    A metric without a name is not watched. The limits are in :mod:`wavewright.training.health`.

    Attributes
    ----------
    loss
        Positive validation loss, lower is better; it rises when the network over-fits.
    level_db
        Peak level of generated clips, dB; low when they are silent.
    diversity
        Distance between generated clips over that between recordings; low when the generator repeats itself.
    copying
        Fraction of generated clips that are closer to a training clip than training clips are to each other.
    active_latents
        Fraction of the dimensions of the latents that carry information.
    diversity_remedy, copying_remedy, latents_remedy
        What to try, in the imperative.
    """

    loss: str = ""
    level_db: str = ""
    diversity: str = ""
    copying: str = ""
    active_latents: str = ""
    diversity_remedy: str = "give it more recordings"
    copying_remedy: str = "use more recordings, a smaller --size, or stop earlier"
    latents_remedy: str = "give it more recordings"

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the metrics that are watched."""
        return tuple(value for name, value in vars(self).items() if value and not name.endswith("_remedy"))


ConfigT = TypeVar("ConfigT", bound=ModelConfig)

EMBEDDINGS_FILE = "training_embeddings.safetensors"
"""In a model folder: the training clips in the log-mel embedding, for the search for copies.

Its tensors are ``embeddings (n, d)``, one for each clip, and ``limits (labels,)``: the distance in dB below which a
generated clip counts as a copy.
"""


class Capability(Enum):
    """An ability of the models of a family; each corresponds to a base class in :mod:`.contracts`.

    The first in this order that a model has names the command by which it is introduced.

    Attributes
    ----------
    purpose
        What a model with the ability does.
    arguments
        Those of ``wavewright`` that use it. Words in capitals stand for files and folders of the user.
    """

    SPEAK = "turns symbols of speech into mel frames", "speak 'Hello.' --voice {model}"
    PERFORM = "plays scores", "render SCORE --instrument {model}"
    MORPH = "morphs, varies and adjusts recordings", "morph FILE FILE --model {model}"
    COMPOSE = "composes scores", "compose {model}"
    GENERATE = "generates clips", "generate {model}"
    INTERPOLATE = "interpolates between clips", "generate {model} --interpolate 1 2"
    CODE = "compresses audio", "encode FILE --model {model}"
    AUTOENCODE = "encodes clips as latents and decodes them", "encode FILE --model {model}"
    ENHANCE = "enhances speech", "enhance FILE --model {model}"
    SEPARATE = "parts speech from music and effects", "separate FILE --model {model}"
    CANCEL_ECHO = "removes the echo of a loudspeaker", "cancel-echo FILE FAR --model {model}"
    VOCODE = "turns mel frames into speech", "speak 'Hello.' --vocoder {model}"
    CLASSIFY = "recognises labels", "recognise {model} FILE"
    TRANSCRIBE = "finds the notes of several voices", "transcribe FILE --polyphonic --model {model}"
    EMBED = "turns recordings into embeddings", "train FOLDER --family classifier --from {model}"

    def __init__(self, purpose: str, arguments: str) -> None:
        self.purpose = purpose
        self.arguments = arguments

    def command_line(self, model: str) -> str:
        """Return the command line that uses a model, by its name or path, for this."""
        return f"wavewright {self.arguments.format(model=shlex.quote(model))}"


class RecipeModule(Protocol):
    """The functions of a family's ``recipe.py``; the module itself is such an object."""

    def recipe(self, size: str) -> Recipe:
        """Return the recipe of a size, one of `Family.sizes`."""

    def prepare(self, recipe: Recipe, entries: Sequence[Entry], cache_folder: Path | None = None) -> Prepared:
        """Split, decode and prepare recordings; raise BadFolder if too little is left to train on."""


class Family(Generic[ConfigT]):
    """A model family: a package whose ``__init__`` derives this class and names what the models are.

    The command that a finished run names, ``demo`` and the table of families read from here. Importing a family
    imports neither PyTorch nor ONNX Runtime: its modules ``recipe``, ``runtime`` and ``training``, with classes called
    after the family, are imported when they are first needed.
    """

    name: ClassVar[str]
    config: type[ConfigT]
    sizes: Mapping[str, ConfigT]
    """The configuration of each size, by its name."""
    health: ClassVar[HealthRules] = HealthRules()
    """Metrics that show whether training goes wrong."""
    capabilities: ClassVar[frozenset[Capability]]
    weight_prefixes: ClassVar[tuple[str, ...]] = ()
    """Prefixes of the weights in a model folder that another training can start from; none if it cannot."""
    few_shot_frozen: ClassVar[tuple[str, ...]] = ()
    """Beginnings of the names of weights that an adaptation to few recordings leaves as they are; none if it has none.

    They make sound of any kind, where the others choose it.
    """
    starts_from: ClassVar[tuple[str, ...]] = ()
    """Other families whose models a training can start from."""
    dials: ClassVar[Sequence[Dial]] = TRAINING_DIALS
    """Settings that ``wavewright tune`` searches."""
    ranking: ClassVar[str] = ""
    """Metric that ranks trainings where the recipe names none in ``training.metric``; ``-`` in front as there."""
    learns_from_scores: ClassVar[bool] = False
    """True if models are trained on a folder of scores instead of recordings."""
    extra_files: ClassVar[Mapping[str, str]] = {}
    """Files of a model folder besides card, weights, graphs and sample, and their contents."""

    def recipes(self) -> RecipeModule:
        """Return the module ``recipe`` of the family."""
        return cast("RecipeModule", import_module(f"{type(self).__module__}.recipe"))

    def runtime(self) -> type[Model]:
        """Return the class that opens a model folder for inference: of a ``GanFamily``, ``runtime.GanRuntime``."""
        return self._class_of("runtime")

    def training(self) -> FamilyTraining[ConfigT, Any, Any]:
        """Return the part of the family that needs PyTorch: of a ``GanFamily``, a ``training.GanTraining``."""
        return cast("FamilyTraining[ConfigT, Any, Any]", self._class_of("training")())

    def _class_of(self, module: str) -> type[Any]:
        """Return the class of a module that is called after the family; raise BadFamily if there is none."""
        name = type(self).__name__.removesuffix("Family") + module.capitalize()
        found: type[Any] | None = getattr(import_module(f"{type(self).__module__}.{module}"), name, None)
        if found is None:
            raise BadFamily(f"The family {self.name!r} needs a class {name} in its {module}.py.")
        return found

    def open(self, folder: ModelFolder) -> Model:
        """Open a model folder for inference; raise BadModel if it is damaged."""
        return self.runtime()(folder)

    def recipe(self, size: str) -> Recipe:
        """Return the recipe of a size, one of `sizes`."""
        return self.recipes().recipe(size)

    def prepare(self, recipe: Recipe, entries: Sequence[Entry], cache_folder: Path | None = None) -> Prepared:
        """Split, decode and prepare recordings; raise BadFolder if too little is left to train on."""
        return self.recipes().prepare(recipe, entries, cache_folder)

    @property
    def metrics(self) -> Sequence[str]:
        """Validation metrics, any of which may choose the best checkpoint."""
        return self.config.VALIDATION_METRICS

    @property
    def imitates_voices(self) -> bool:
        """True if a model speaks in the voice of its recordings, so that training needs the consent of the speaker."""
        return Capability.SPEAK in self.capabilities

    @property
    def warm_starts(self) -> bool:
        """True if training can start from the weights of another model (``train --from``)."""
        return bool(self.weight_prefixes)

    def fine_tuning(self, base: ModelFolder) -> Recipe:
        """Return the recipe of a training that starts from ``base``; raise BadSetting if the family has none.

        Its settings are those of ``base`` without its names; a function of this name in ``recipe.py`` chooses others.
        """
        if not self.warm_starts:
            raise BadSetting(f"A training of the family {self.name} cannot start from {base.path}; leave --from out.")
        from .recipe import fine_tuned

        own: Callable[[ModelFolder], Recipe] | None = getattr(self.recipes(), "fine_tuning", None)
        return fine_tuned(self.recipe("small"), base) if own is None else own(base)

    def initial_weights(self, base: ModelFolder, config: ConfigT) -> dict[str, np.ndarray]:
        """Return the tensors of the exported network, by name, of a training that starts from ``base``.

        Rows of `named_tables` are matched by name; a new name gets the mean of the known rows. Whether the tensors have
        the shapes that ``config`` asks for is checked where they are loaded. A function of this name in ``recipe.py``
        takes the place of all that.
        """
        own: Callable[..., dict[str, np.ndarray]] | None = getattr(self.recipes(), "initial_weights", None)
        if own is not None:
            return own(base, config)
        weights = exported_weights(base, self.weight_prefixes)
        known = self.named_tables(base.config(self.config)) if self.named_tables(config) else {}
        for table, (kind, names) in self.named_tables(config).items():
            weights = match_names(weights, table, names, known[table][1], kind, base.card.name)
        return weights

    def named_tables(self, config: ConfigT) -> Mapping[str, tuple[str, Sequence[str]]]:
        """Return the exported weights that have a row for each label or speaker.

        By name of the weight: ``"label"`` or ``"speaker"``, and the names of the rows.
        """
        return {}

    def fresh_weights(self, base: ModelFolder, config: ConfigT) -> tuple[str, ...]:
        """Return the beginnings of the names of weights that ``base`` lacks, which start as without ``base``."""
        return ()

    def new_tables(self, base: ModelFolder, config: ConfigT) -> Sequence[str]:
        """Return the names of tables with rows that ``base`` does not have, which do not move back towards it.

        A function of this name in ``recipe.py`` takes the place of this one.
        """
        own: Callable[..., Sequence[str]] | None = getattr(self.recipes(), "new_tables", None)
        if own is not None:
            return own(base, config)
        if not self.named_tables(config):
            return ()
        known = self.named_tables(base.config(self.config))
        return [table for table, (_, names) in self.named_tables(config).items() if names != known[table][1]]

    def command_lines(self, model: str, config: Mapping[str, object] | None = None) -> list[str]:
        """Return the command lines that use a model with a configuration, the one that introduces it first.

        Without a configuration, those of all models of the family.
        """
        able = self.capabilities if config is None else self.capabilities_of(config)
        return list(dict.fromkeys(each.command_line(model) for each in Capability if each in able))

    def capabilities_of(self, config: Mapping[str, object]) -> frozenset[Capability]:
        """Return the capabilities of a model with this configuration on its card."""
        return self.capabilities


def exported_weights(base: ModelFolder, prefixes: Sequence[str]) -> dict[str, np.ndarray]:
    """Return the float32 weights of a model whose names have one of the prefixes, without it.

    Constants of graphs, whose names contain a slash or two colons, are left out.
    """
    return {
        name.removeprefix(prefix): array
        for name, array in base.weights().items()
        for prefix in prefixes
        if name.startswith(prefix) and "/" not in name and "::" not in name
    }


def rows_by_name(
    table: np.ndarray,
    names: Sequence[str],
    known: Sequence[str],
    axis: int = 0,
    similar: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> np.ndarray:
    """Return the rows along ``axis`` of a table for other names: those of known names, and means of rows for new ones.

    The mean is that of the known names that are ``similar``; without, that of all.
    """
    import numpy as np

    def row(name: str) -> np.ndarray:
        alike = [known.index(each) for each in ((name,) if name in known else similar.get(name, ()))]
        mean: np.ndarray = (table.take(alike, axis) if alike else table).mean(axis=axis, dtype=np.float32)
        return mean

    rows = [row(name) for name in names]
    return np.stack(rows, axis=axis).astype(np.float32)


def match_names(
    weights: Mapping[str, np.ndarray], table: str, names: Sequence[str], base_names: Sequence[str], kind: str, base: str
) -> dict[str, np.ndarray]:
    """Return weights by name whose ``table`` of labels or speakers has a row for each of other names.

    Rows are those of :func:`rows_by_name`; messages name the ``kind``, ``"label"`` or ``"speaker"``, and the base.

    Raises BadSetting if only one of the two has names: the networks then differ in shape.
    """
    if names and not base_names:
        raise BadSetting(
            f"{base} has no {kind}s, and this training has {', '.join(names)}; train on recordings without {kind}s."
        )
    if base_names and not names:
        raise BadSetting(
            f"{base} has the {kind}s {', '.join(base_names)}, and this training has none; give the recordings {kind}s, "
            f"and name them with --set model.{kind}s=NAME if there is only one."
        )
    return {name: rows_by_name(array, names, base_names) if name == table else array for name, array in weights.items()}
