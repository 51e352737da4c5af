"""Codec: a VQ-VAE that turns sound into a few small numbers every 20 ms and back, for files, streams and models of language.

The idea: an encoder sums up each 20 ms in a vector, a residual quantiser writes the vector as a row of code numbers, each correcting
what those before left over, and a decoder makes sound of any number of the first ones. More numbers, better sound: one model has many
bitrates. Everything hears the past and a frame or two ahead, so that sound can be coded while it comes.

Papers:
    van den Oord, Vinyals and Kavukcuoglu, "Neural Discrete Representation Learning", 2017: the VQ-VAE.
    Zeghidour et al., "SoundStream: An End-to-End Neural Audio Codec", 2021: residual levels, quantiser dropout.
    Kumar et al., "High-Fidelity Audio Compression with Improved RVQGAN", 2023: short codes compared by direction.
    Mentzer et al., "Finite Scalar Quantization: VQ-VAE Made Simple", 2024 (quantizer ``finite``).
    Siuzdak, "Vocos: Closing the gap between time-domain and Fourier-based neural vocoders", 2023: spectra by ConvNeXt.
    Wu et al., "AudioDec: An Open-source Streaming High-fidelity Neural Audio Codec", 2023: critics teach the decoder alone, at last.

Changed from them: sound goes in and out as short spectra every 5 ms, of which narrow layers hear four to a frame of codes; wide layers
work on the frames. That costs a fraction of convolutions on the wave, and resolves the pulses of a voice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from ...contracts.family import Capability, Family
from .config import CONTEXTS_FILE, FREQUENCIES_FILE, METRICS, SIZES, CodecConfig

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from ...data.entry import Entry
    from ...models.folder import ModelFolder
    from .recipe import CodecPrepared, CodecRecipe
    from .runtime import CodecRuntime
    from .training import CodecTraining


class CodecFamily(Family[CodecConfig, "CodecRecipe", "CodecPrepared"]):
    """The family ``codec``."""

    name = "codec"
    summary = "compresses audio into codes: a codec for files and streams"
    config = CodecConfig
    sizes = SIZES
    metrics = METRICS
    capabilities = frozenset({Capability.CODE})
    command = "encode FILE --model {model}"
    weight_prefixes = ("encoder.", "decoder.")
    extra_files: ClassVar[Mapping[str, str]] = {
        FREQUENCIES_FILE: "how often each code occurs",
        CONTEXTS_FILE: "how likely codes are after others",
    }

    def open(self, folder: ModelFolder) -> CodecRuntime:
        """Open a model folder for inference; raise BadModel if it is damaged."""
        from .runtime import CodecRuntime

        return CodecRuntime(folder)

    def recipe(self, size: str) -> CodecRecipe:
        """Return the recipe of a size."""
        from .recipe import recipe

        return recipe(size)

    def prepare(self, recipe: CodecRecipe, entries: Sequence[Entry], cache_folder: Path | None = None) -> CodecPrepared:
        """Split, decode and prepare recordings; raise BadFolder if too little is left to train on."""
        from .recipe import prepare

        return prepare(recipe, entries, cache_folder)

    def training(self) -> CodecTraining:
        """Return the part of the family that needs PyTorch."""
        from .training import CodecTraining

        return CodecTraining()

    def fine_tuning(self, base: ModelFolder) -> CodecRecipe:
        """Return the recipe of a training that starts from ``base``."""
        from .recipe import fine_tuning

        return fine_tuning(base)

    def initial_weights(self, base: ModelFolder, config: CodecConfig) -> dict[str, np.ndarray]:
        """Return the tensors of the exported network of a training that starts from ``base``."""
        from .recipe import warm_start

        return warm_start(base, config)


CODEC = CodecFamily()
