"""The contract of a model family: name, sizes, capabilities, recipe, training, warm start and runtime."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast

from ..errors import BadFamily, BadSetting
from .config import ModelConfig
from .health import HealthRules

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from ..data.entry import Entry
    from ..models.folder import ModelFolder
    from ..nn.network import FamilyTraining
    from .recipe import Prepared, Recipe
    from .runtime import Model

ConfigT = TypeVar("ConfigT", bound=ModelConfig)

EMBEDDINGS_FILE = "training_embeddings.safetensors"
"""In a model folder: the training clips in the log-mel embedding, for the search for copies.

Its tensors are ``embeddings (n, d)``, one for each clip, and ``limits (labels,)``: the distance in dB below which a
generated clip counts as a copy.
"""


class Capability(Enum):
    """An ability of the models of a family; each corresponds to a base class in :mod:`.runtime`."""

    GENERATE = "generates clips"
    INTERPOLATE = "interpolates between clips"
    AUTOENCODE = "encodes clips as latents and decodes them"
    VOCODE = "turns mel frames into speech"
    CODE = "compresses audio"
    SPEAK = "turns symbols of speech into mel frames"
    CLASSIFY = "recognises labels"


class Family(Generic[ConfigT]):
    """A model family: a package whose ``__init__`` derives this class and names what the models are.

    `families.FAMILIES`, the help of ``train``, the command that a finished run names, ``demo`` and the table in the
    README read from here. The modules of the package are imported when they are first needed, so that importing a
    family imports neither PyTorch nor ONNX Runtime. A family ``Name`` defines:

    ``config.py``
        ``NameConfig``, ``SIZES`` and ``METRICS``, see `sizes` and `metrics`.
    ``recipe.py``
        ``recipe(size)``, ``prepare(recipe, entries, cache_folder)`` and, where warm starts need other settings than
        those of :func:`.recipe.fine_tuned`, ``fine_tuning(base)``.
    ``training.py``
        ``NameTraining``, a `FamilyTraining`; the only module of the package that needs PyTorch, with what it imports.
    ``runtime.py``
        ``NameRuntime``, a `Model` made of a model folder.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    """Purpose of the family, one line without a full stop."""
    config: type[ConfigT]
    health: ClassVar[HealthRules] = HealthRules()
    """Metrics that show whether training goes wrong."""
    capabilities: ClassVar[frozenset[Capability]]
    command: ClassVar[str] = "generate {model}"
    """Arguments of ``wavewright`` that use a model of the family."""
    weight_prefixes: ClassVar[tuple[str, ...]] = ()
    """Prefixes of the weights in a model folder that another training can start from; none if it cannot."""
    extra_files: ClassVar[Mapping[str, str]] = {}
    """Files of a model folder besides card, weights, graphs and sample, and their contents."""

    def open(self, folder: ModelFolder) -> Model:
        """Open a model folder for inference; raise BadModel if it is damaged."""
        runtime = cast("Callable[[ModelFolder], Model]", self._member("runtime", f"{self._prefix}Runtime"))
        return runtime(folder)

    def recipe(self, size: str) -> Recipe:
        """Return the recipe of a size, one of `sizes`."""
        recipe = cast("Callable[[str], Recipe]", self._member("recipe", "recipe"))
        return recipe(size)

    def prepare(self, recipe: Recipe, entries: Sequence[Entry], cache_folder: Path | None = None) -> Prepared:
        """Split, decode and prepare recordings; raise BadFolder if too little is left to train on."""
        prepare = cast("Callable[[Recipe, Sequence[Entry], Path | None], Prepared]", self._member("recipe", "prepare"))
        return prepare(recipe, entries, cache_folder)

    def training(self) -> FamilyTraining[ConfigT, Any, Any]:
        """Return the part of the family that needs PyTorch."""
        training = cast(
            "Callable[[], FamilyTraining[ConfigT, Any, Any]]",
            self._member("training", f"{self._prefix}Training"),
        )
        return training()

    @property
    def sizes(self) -> Mapping[str, ConfigT]:
        """The configuration of each size, by its name."""
        return cast("Mapping[str, ConfigT]", self._member("config", "SIZES"))

    @property
    def metrics(self) -> Sequence[str]:
        """Validation metrics, any of which may choose the best checkpoint."""
        return cast("Sequence[str]", self._member("config", "METRICS"))

    @property
    def warm_starts(self) -> bool:
        """True if training can start from the weights of another model (``train --from``)."""
        return bool(self.weight_prefixes)

    def fine_tuning(self, base: ModelFolder) -> Recipe:
        """Return the recipe of a training that starts from ``base``; raise BadSetting if the family has none.

        Without a ``fine_tuning(base)`` of its own, a family trains ``base`` further on other labels and speakers.
        """
        if not self.warm_starts:
            raise BadSetting(f"A training of the family {self.name} cannot start from {base.path}; leave --from out.")
        if "fine_tuning" not in self._members("recipe"):
            from .recipe import fine_tuned

            return fine_tuned(self.recipe("tiny"), base)  # sizes differ in the network alone
        fine_tuning = cast("Callable[[ModelFolder], Recipe]", self._member("recipe", "fine_tuning"))
        return fine_tuning(base)

    def initial_weights(self, base: ModelFolder, config: ConfigT) -> dict[str, np.ndarray]:
        """Return the tensors of the exported network, by name, of a training that starts from ``base``.

        Rows of `named_tables` are matched by name; a new name gets the mean of the known rows. Whether the tensors have
        the shapes that ``config`` asks for is checked where they are loaded.
        """
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

    def new_tables(self, base: ModelFolder, config: ConfigT) -> Sequence[str]:
        """Return the names of tables with rows that ``base`` does not have, which do not move back towards it."""
        if not self.named_tables(config):
            return ()
        known = self.named_tables(base.config(self.config))
        return [table for table, (_, names) in self.named_tables(config).items() if names != known[table][1]]

    @property
    def _prefix(self) -> str:
        """Prefix of the family's class names."""
        return self.config.__name__.removesuffix("Config")

    def _member(self, module: str, name: str) -> object:
        """Return what a module of the family's package defines under a name; raise BadFamily without it."""
        members = self._members(module)
        if name not in members:
            raise BadFamily(f"The family {self.name!r} has to define {name} in {module}.py.")
        return members[name]

    def _members(self, module: str) -> Mapping[str, object]:
        """Return what a module of the family's package defines, by name."""
        return vars(importlib.import_module(f"{type(self).__module__}.{module}"))

    def command_line(self, model: str) -> str:
        """Return the command line that uses a model."""
        return f"wavewright {self.command.format(model=model)}"

    def capabilities_of(self, config: Mapping[str, object]) -> frozenset[Capability]:
        """Return the capabilities of a model with this configuration on its card."""
        return self.capabilities


def exported_weights(base: ModelFolder, prefixes: Sequence[str]) -> dict[str, np.ndarray]:
    """Return the float32 weights of a model whose names have one of the prefixes, without it.

    Constants of graphs, whose names contain a slash, are left out.
    """
    return {
        name.removeprefix(prefix): array
        for name, array in base.weights().items()
        for prefix in prefixes
        if name.startswith(prefix) and "/" not in name
    }


def rows_by_name(table: np.ndarray, names: Sequence[str], known: Sequence[str], axis: int = 0) -> np.ndarray:
    """Return the rows of a table for other names: the known rows, and the mean of all for new names.

    Parameters
    ----------
    table
        One row along ``axis`` for each of the ``known`` names.
    names
        The names of the returned rows.
    """
    import numpy as np

    rows = [
        table.take(known.index(name), axis) if name in known else table.mean(axis=axis, dtype=np.float32)
        for name in names
    ]
    return np.stack(rows, axis=axis).astype(np.float32)


def match_names(
    weights: Mapping[str, np.ndarray], table: str, names: Sequence[str], base_names: Sequence[str], kind: str, base: str
) -> dict[str, np.ndarray]:
    """Return weights whose table of labels or speakers has a row for each of other names.

    Parameters
    ----------
    weights
        Tensors of the base by name.
    table
        Name of the table: one row for each of ``base_names``, see :func:`rows_by_name`.
    names, base_names
        Labels or speakers of the training, and of the base.
    kind
        What the names are, for messages: ``"label"`` or ``"speaker"``.
    base
        Name of the base, for messages.

    Raises
    ------
    BadSetting
        If only one of the two has names: the networks then differ in shape.
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
