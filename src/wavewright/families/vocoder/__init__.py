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

from ...contracts.family import Capability, Family
from ...contracts.health import HealthRules
from .config import METRICS, SIZES, VocoderConfig


class VocoderFamily(Family[VocoderConfig]):
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


VOCODER = VocoderFamily()
