"""Vocoder: a network that tells a source of pulses and noise how to sound, so that mel frames become a voice in real time many times over.

The idea: a voice is pulses and noise, filtered. From mel frames the network reads the pitch, and, every 4 ms, one complex filter for pulses
at that pitch and one for noise; Fourier transforms outside of the network apply them. Phases that go on for ever, and noise that is truly
random, are what networks invent worst; here the source has both from the start, so that learning is short.

Papers:
    Siuzdak, "Vocos: Closing the gap between time-domain and Fourier-based neural vocoders", 2023: ConvNeXt blocks that say spectra.
    Wang, Takaki and Yamagishi, "Neural source-filter-based waveform model for statistical parametric speech synthesis", 2019: the source.
    Engel et al., "DDSP: Differentiable Digital Signal Processing", 2020: filters that vary in time, learned through Fourier transforms.
    Gritsenko et al., "A Spectral Energy Distance for Parallel Speech Synthesis", 2020: distances between sounds with chance in them.
    Kumar et al., "High-Fidelity Audio Compression with Improved RVQGAN", 2023: critics of bands of complex spectra.

Changed from them: blocks hear the past and two frames ahead, so that sound streams; filters begin as the envelope that the frames say,
of which the network learns the rest; in training, pulses lie where those of the recording do; above what a recording holds, nothing
is compared, so that recordings of any rate teach one network; and where pulses are alone, half of the noise that is learned becomes theirs
when it plays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...contracts.family import Capability, Family
from .config import METRICS, SIZES, VocoderConfig

if TYPE_CHECKING:
    from pathlib import Path

    from ...data.entry import Entry
    from ...models.folder import ModelFolder
    from .recipe import VocoderPrepared, VocoderRecipe
    from .runtime import VocoderRuntime
    from .training import VocoderTraining


class VocoderFamily(Family[VocoderConfig, "VocoderRecipe", "VocoderPrepared"]):
    """The family ``vocoder``."""

    name = "vocoder"
    summary = "speech from mel frames, many times faster than real time: filtered pulses and noise"
    config = VocoderConfig
    sizes = SIZES
    metrics = METRICS
    capabilities = frozenset({Capability.VOCODE})
    command = "speak 'Hello.' --vocoder {model}"
    weight_prefixes = ("frames.",)

    def open(self, folder: ModelFolder) -> VocoderRuntime:
        """Open a model folder for inference; raise BadModel if it is damaged."""
        from .runtime import VocoderRuntime

        return VocoderRuntime(folder)

    def recipe(self, size: str) -> VocoderRecipe:
        """Return the recipe of a size."""
        from .recipe import recipe

        return recipe(size)

    def prepare(
        self, recipe: VocoderRecipe, entries: Sequence[Entry], cache_folder: Path | None = None
    ) -> VocoderPrepared:
        """Split, decode and prepare recordings; raise BadFolder if too little is left to train on."""
        from .recipe import prepare

        return prepare(recipe, entries, cache_folder)

    def training(self) -> VocoderTraining:
        """Return the part of the family that needs PyTorch."""
        from .training import VocoderTraining

        return VocoderTraining()

    def fine_tuning(self, base: ModelFolder) -> VocoderRecipe:
        """Return the recipe of a training that starts from ``base``."""
        from .recipe import fine_tuning

        return fine_tuning(base)


VOCODER = VocoderFamily()
