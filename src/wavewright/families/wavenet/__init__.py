"""WaveNet: a network that draws one sample after another, each given all before it.

The idea: stacked causal convolutions whose dilation doubles from layer to layer see thousands of past samples; gated units and skip
connections turn them into the distribution of the next sample, from which it is drawn.

Papers:
    van den Oord et al., "WaveNet: A Generative Model for Raw Audio", 2016: dilated causal convolutions, gated units, skip sum, mu-law.
    Salimans, Karpathy, Chen and Kingma, "PixelCNN++", 2017: the discretised mixture of logistics (head ``logistics``).
    Shen et al., "Natural TTS Synthesis by Conditioning WaveNet on Mel Spectrogram Predictions", 2018: WaveNet as a vocoder.
    Le Paine et al., "Fast Wavenet Generation Algorithm", 2016: each layer keeps its past, so that a sample costs one pass.

Changed from them: the first layer hears a short stretch of the wave itself (a linear prediction is then one matrix away); the condition
(label, speaker, position or mel frames) is projected for each layer at a few hundred frames a second and held between them, so that it
costs next to nothing for each sample; all matrix products are over (batch, time, channels); and sounds of one kind know their position
in a duration that is drawn beforehand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from ...contracts.family import Capability, Family
from ...contracts.health import HealthRules
from .config import CONTOURS_FILE, DURATIONS_FILE, METRICS, SIZES, WaveNetConfig

if TYPE_CHECKING:
    from pathlib import Path

    from ...data.entry import Entry
    from ...models.folder import ModelFolder
    from .recipe import WaveNetPrepared, WaveNetRecipe
    from .runtime import WaveNetRuntime
    from .training import WaveNetTraining


class WaveNetFamily(Family[WaveNetConfig, "WaveNetRecipe", "WaveNetPrepared"]):
    """The family ``wavenet``."""

    name = "wavenet"
    summary = "one sample after another: short clips by label, or speech from mel frames"
    config = WaveNetConfig
    sizes = SIZES
    metrics = METRICS
    health = HealthRules(loss="valid/bits")
    capabilities = frozenset({Capability.GENERATE, Capability.VOCODE})
    extra_files: ClassVar[Mapping[str, str]] = {
        DURATIONS_FILE: "durations of the training clips",
        CONTOURS_FILE: "their loudness, pitch and voicing",
    }

    def capabilities_of(self, config: Mapping[str, object]) -> frozenset[Capability]:
        """Return the capability of a model: a vocoder with condition ``mel``, otherwise a generator."""
        return frozenset({Capability.VOCODE if config.get("condition") == "mel" else Capability.GENERATE})

    def open(self, folder: ModelFolder) -> WaveNetRuntime:
        """Open a model folder for inference; raise BadModel if it is damaged."""
        from .runtime import WaveNetRuntime

        return WaveNetRuntime(folder)

    def recipe(self, size: str) -> WaveNetRecipe:
        """Return the recipe of a size."""
        from .recipe import recipe

        return recipe(size)

    def prepare(
        self, recipe: WaveNetRecipe, entries: Sequence[Entry], cache_folder: Path | None = None
    ) -> WaveNetPrepared:
        """Split, decode and prepare recordings; raise BadFolder if too little is left to train on."""
        from .recipe import prepare

        return prepare(recipe, entries, cache_folder)

    def training(self) -> WaveNetTraining:
        """Return the part of the family that needs PyTorch."""
        from .training import WaveNetTraining

        return WaveNetTraining()


WAVENET = WaveNetFamily()
