"""Vocoder: log-mel frames to speech by filtering pulses and noise, many times faster than real time.

Voiced speech is roughly a pulse train through a filter, and unvoiced speech is noise through a filter. From the mel
frames a network predicts the pitch of each frame and, for each subframe of 4 ms, a complex filter for the pulses and a
gain for the noise in every bin. The filters are applied outside the network, by short-time Fourier transforms::

    mel frames -> FilterNetwork -> pitch           -> pulse train --.
                               |                                    |
                               '-> filter parameters -> filters ----+--> overlap-add -> wave
                                                                    |
                                          seeded white noise -------'

The pulses have a continuous phase and the noise is random from the start, so the network does not have to learn either.

Papers:
    Siuzdak, "Vocos: Closing the gap between time-domain and Fourier-based neural vocoders", 2023: ConvNeXt blocks that
    predict spectra.
    Wang, Takaki and Yamagishi, "Neural source-filter-based waveform model for statistical parametric speech
    synthesis", 2019: the sources.
    Engel et al., "DDSP: Differentiable Digital Signal Processing", 2020: time-varying filters, learned through Fourier
    transforms.
    Gritsenko et al., "A Spectral Energy Distance for Parallel Speech Synthesis", 2020: distances between stochastic
    outputs.
    Kumar et al., "High-Fidelity Audio Compression with Improved RVQGAN", 2023: critics of bands of complex spectra.
    Kim et al., "CREPE: A Convolutional Representation for Pitch Estimation", 2018: pitch as logits over bins.

Changes:
    - The convolutions are causal but for two frames of look-ahead, so that audio streams.
    - The filters multiply the envelope that the mel frames imply, so the network learns only the difference.
    - In training, the pulses are in phase with those of the recording, so that short windows can be compared.
    - Losses compare only the bandwidth that a recording has, so that recordings of any sample rate train one model.
    - At inference, up to half of the noise amplitude moves to the pulses where these dominate (``noise_reduction``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...contracts.family import Capability, Family
from ...contracts.health import HealthRules
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
    health = HealthRules(loss="valid/mel")
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
