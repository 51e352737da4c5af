"""Prior: a small network that draws the codes of a codec, frame after frame, and so makes the codec a generator.

The idea: a codec has turned sound into a few small numbers every 20 ms, coarse ones and finer ones. What number comes next is a question
of a few choices, which a network learns well and fast: over time it hears the frames so far; within a frame it draws the coarsest number
first, and each finer one given the coarser. The codec's decoder makes sound of the numbers, as good as the codec itself.

Papers:
    van den Oord, Vinyals and Kavukcuoglu, "Neural Discrete Representation Learning", 2017: a prior over the codes of a VQ-VAE.
    Lee et al., "Autoregressive Image Generation using Residual Quantization", 2022: coarse to fine within a place, by a network of its own.
    Copet et al., "Simple and Controllable Music Generation", 2023: codes of a codec as the tokens of sound, and how levels may be ordered.
    Holtzman et al., "The Curious Case of Neural Text Degeneration", 2020: what is drawn comes from the likeliest share (top-p).
    Hochreiter and Schmidhuber, "Long Short-Term Memory", 1997 (cell ``lstm``); Cho et al., 2014 (``gru``); Liu et al., "A ConvNet for the
    2020s", 2022 (``convnext``).

Changed from them: the network over time is recurrent, or hears the last second by convolutions, and plays on one core many times faster than
the sound lasts; within a frame a few layers are shared by all levels, whose codes are summed up; a frame of silence is one more code of the
coarsest level; whole sounds know their place in a duration that is drawn beforehand, as in the family ``lstm``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from ...contracts.family import EMBEDDINGS_FILE, Capability, Family
from ...contracts.health import HealthRules
from .config import METRICS, SIZES, STATISTICS_FILE, PriorConfig

if TYPE_CHECKING:
    from pathlib import Path

    from ...data.entry import Entry
    from ...models.folder import ModelFolder
    from .recipe import PriorPrepared, PriorRecipe
    from .runtime import PriorRuntime
    from .training import PriorTraining


class PriorFamily(Family[PriorConfig, "PriorRecipe", "PriorPrepared"]):
    """The family ``prior``."""

    name = "prior"
    summary = "draws the codes of a codec, by label or without end"
    config = PriorConfig
    sizes = SIZES
    metrics = METRICS
    health = HealthRules(loss="valid/bits")
    capabilities = frozenset({Capability.GENERATE})
    extra_files: ClassVar[Mapping[str, str]] = {
        STATISTICS_FILE: "durations of clips",
        EMBEDDINGS_FILE: "embeddings of the training clips, for the search for copies",
    }

    def open(self, folder: ModelFolder) -> PriorRuntime:
        """Open a model folder for inference; raise BadModel if it is damaged."""
        from .runtime import PriorRuntime

        return PriorRuntime(folder)

    def recipe(self, size: str) -> PriorRecipe:
        """Return the recipe of a size."""
        from .recipe import recipe

        return recipe(size)

    def prepare(self, recipe: PriorRecipe, entries: Sequence[Entry], cache_folder: Path | None = None) -> PriorPrepared:
        """Split, decode and prepare recordings; raise BadFolder if too little is left to train on."""
        from .recipe import prepare

        return prepare(recipe, entries, cache_folder)

    def training(self) -> PriorTraining:
        """Return the part of the family that needs PyTorch."""
        from .training import PriorTraining

        return PriorTraining()


PRIOR = PriorFamily()
