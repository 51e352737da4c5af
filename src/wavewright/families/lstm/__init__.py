"""LSTM: a recurrent network that draws one mel frame after another, each given all before it, and turns the frames into sound.

The idea: a few stacked recurrent layers remember what was heard; a mixture of Gaussians says what the next frame may be, and one is
drawn. A frame stands for a hundredth of a second, not for a sample, so a minute of training teaches more than it does any other family
that goes step by step. Pulses and noise, or Griffin-Lim, make a wave of the frames.

Papers:
    Graves, "Generating Sequences With Recurrent Neural Networks", 2013: stacked LSTM with a mixture-density output.
    Bishop, "Mixture Density Networks", 1994.
    Hochreiter and Schmidhuber, "Long Short-Term Memory", 1997 (cell ``lstm``); Cho et al., "Learning Phrase Representations using RNN
    Encoder-Decoder for Statistical Machine Translation", 2014 (cell ``gru``).
    Griffin and Lim, "Signal estimation from modified short-time Fourier transform", 1984; Perraudin, Balazs and Sondergaard, "A fast
    Griffin-Lim algorithm", 2013 (source ``griffin-lim``).
    Wang et al., "Tacotron: Towards End-to-End Speech Synthesis", 2017: the pre-net with dropout before the recurrence.

Changed from them: frames are whitened; sounds of one kind know their place in a duration that is drawn beforehand, which beats a learned
end; each mean starts from a learned share of the frame before; the Gaussians may be drawn narrower than learned (temperature); and a voice's frames carry pitch and periodicity, from which
pulses and noise are made and shaped to the mel bands, since mel bands alone are too wide to keep harmonics.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from ...contracts.family import Capability, Family
from ...contracts.health import HealthRules
from .config import METRICS, SIZES, STATISTICS_FILE, LstmConfig

if TYPE_CHECKING:
    from pathlib import Path

    from ...data.entry import Entry
    from ...models.folder import ModelFolder
    from .recipe import LstmPrepared, LstmRecipe
    from .runtime import LstmRuntime
    from .training import LstmTraining


class LstmFamily(Family[LstmConfig, "LstmRecipe", "LstmPrepared"]):
    """The family ``lstm``."""

    name = "lstm"
    summary = "textures and spoken words: a recurrent network that draws one mel frame after another"
    config = LstmConfig
    sizes = SIZES
    metrics = METRICS
    health = HealthRules(level_db="level_db", diversity="diversity")
    capabilities = frozenset({Capability.GENERATE})
    weight_prefixes = ("step.recurrent.",)
    extra_files: ClassVar[Mapping[str, str]] = {STATISTICS_FILE: "whitening of frames, durations of clips"}

    def open(self, folder: ModelFolder) -> LstmRuntime:
        """Open a model folder for inference; raise BadModel if it is damaged."""
        from .runtime import LstmRuntime

        return LstmRuntime(folder)

    def recipe(self, size: str) -> LstmRecipe:
        """Return the recipe of a size."""
        from .recipe import recipe

        return recipe(size)

    def prepare(self, recipe: LstmRecipe, entries: Sequence[Entry], cache_folder: Path | None = None) -> LstmPrepared:
        """Split, decode and prepare recordings; raise BadFolder if too little is left to train on."""
        from .recipe import prepare

        return prepare(recipe, entries, cache_folder)

    def training(self) -> LstmTraining:
        """Return the part of the family that needs PyTorch."""
        from .training import LstmTraining

        return LstmTraining()


LSTM = LstmFamily()
