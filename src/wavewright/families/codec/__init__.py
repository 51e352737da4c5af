"""Codec: a VQ-VAE that compresses audio into a few codes every 20 ms, for files, streams and language models.

An encoder maps each frame of 20 ms to a latent, a residual quantiser writes the latent as a row of codes, each of which
corrects the error of those before, and a decoder reconstructs audio from any number of the first codes. More codes
sound better, so one model has many bitrates. All layers depend on the past and a frame or two of look-ahead, so that
audio can be coded as it arrives. A context model and a range coder store the codes in few bits.

Papers:
    van den Oord, Vinyals and Kavukcuoglu, "Neural Discrete Representation Learning", 2017: the VQ-VAE.
    Zeghidour et al., "SoundStream: An End-to-End Neural Audio Codec", 2021: residual quantiser, quantiser dropout.
    Kumar et al., "High-Fidelity Audio Compression with Improved RVQGAN", 2023: short codes, cosine distance.
    Mentzer et al., "Finite Scalar Quantization: VQ-VAE Made Simple", 2024 (quantizer ``finite``).
    Siuzdak, "Vocos: Closing the gap between time-domain and Fourier-based neural vocoders", 2023: spectra by ConvNeXt.
    Wu et al., "AudioDec: An Open-source Streaming High-fidelity Neural Audio Codec", 2023: critics train the decoder
    alone, after encoder and quantiser.

Changed from them: input and output are short spectra every 5 ms, the subframes. Layers of few channels run on these,
layers of more channels on frames of four. That costs a fraction of convolutions on the wave, and resolves the glottal
pulses of a voice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ...contracts.family import TRAINING_DIALS, Capability, Dial, Family, HealthRules
from .config import CONTEXTS_FILE, FREQUENCIES_FILE, SIZES, WEIGHT_PREFIXES, CodecConfig


class CodecFamily(Family[CodecConfig]):
    """The family ``codec``."""

    name = "codec"
    config = CodecConfig
    sizes = SIZES
    health = HealthRules(loss="valid/mel")
    dials = (
        *TRAINING_DIALS,
        Dial("model.encoder_channels", 0.5, 1.5, is_relative=True),
        Dial("model.decoder_channels", 0.5, 1.5, is_relative=True),
    )
    ranking = "valid/mel"
    capabilities = frozenset({Capability.CODE})
    weight_prefixes = WEIGHT_PREFIXES
    extra_files: ClassVar[Mapping[str, str]] = {
        FREQUENCIES_FILE: "how often each code occurs, and the gain of each number of codebooks",
        CONTEXTS_FILE: "the tables of the context model",
    }


CODEC = CodecFamily()
