"""Configuration of the denoiser's networks, its sizes, and the division of the spectrum into bands."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from ...base.errors import BadSetting
from ...base.ranges import ranged, ruled
from ...base.rules import Needs, Without
from ...contracts.config import ModelConfig
from ...dsp.echo import EchoSettings

FRAME_FILE = "frame.onnx"
"""Graph of any number of frames: features and states in, mask and next states out."""
WEIGHT_PREFIX = "frame."
"""Prefix of the network's weights in a model folder."""
LOWER_PREFIX, UPPER_PREFIX = "estimator.", "upper_estimator."
"""Prefixes of the weights of both estimators."""

BLOCK_FRAMES, LOOKAHEAD_FRAMES = 250, 125
"""Frames that a bidirectional network enhances at a time, and those after them that it knows: 4 and 2 s."""

N_FEATURES = 3
"""Of a bin of each input: real part, imaginary part and magnitude, compressed."""
MIN_MAGNITUDE, MIN_LEVEL = 1e-7, 1e-2  # of a bin, and of the mean compressed magnitude

METRICS = ("valid/si_sdr", "valid/stft")
"""Validation metrics on mixtures of held-out recordings: SI-SDR in dB (higher is better), and the loss of spectra."""

BAND_WIDTHS_HZ = ((1_000, 125), (3_000, 250), (5_000, 500), (8_000, 1_000), (math.inf, 2_000))
"""Width of a band below each frequency: about that of two harmonics of a voice, wider where hearing resolves less."""
BATCH_NORM_EPSILON = 1e-5  # that of the layer NormalisedConv
STRIDE = 4
"""Bins from one position of the convolutions of ``shape=strided`` to the next."""
LOWER_HZ = 8_000
"""Bins up to here hold what speech is understood by; those above are estimated from them and from themselves."""


@dataclass(frozen=True)
class DenoiserConfig(ModelConfig):
    """Configuration of the network.

    The window is two hops long, a square-root Hann window for analysis and synthesis, so the delay is two hops: 32 ms
    with the default hop of 16 ms.
    """

    TITLE = "a denoiser"
    LABELS_REMEDY = "leave labels empty"
    VALIDATION_METRICS = METRICS

    sample_rate: int = ranged(16_000, 8_000, 48_000)
    hop_length: int = ranged(256, 32, 4_096)
    removes: Literal["noise", "background", "echo"] = ruled(  # background: music and effects too; echo: what is left
        "noise",
        Without("bidirectional", value="echo"),  # a call cannot wait
    )
    echo_partitions: int = ranged(13, 1, 256)  # hops that the linear canceller's filter is long
    echo_delays: int = ranged(40, 0, 1_000)  # hops that the echo may come late besides
    shape: Literal["bands", "strided"] = "bands"  # mixers over bands alone, or convolutions over frequency too
    mask: Literal["complex", "gain"] = ruled(
        "complex", Needs("shape", "bands")
    )  # of each bin, or one real gain for each band
    conv_channels: int = ranged(48, 4, 512)  # of the convolutions of shape=strided
    conv_blocks: int = ranged(2, 1, 8)  # convolutions before, and after, the bands of shape=strided
    n_heads: int = ranged(4, 1, 64)  # of its attention over bands
    channels: int = ranged(32, 4, 512)  # of each band
    upper_channels: int = ranged(24, 4, 512)  # of each band above 8 kHz, at sample rates of at least 24 kHz
    n_blocks: int = ranged(3, 1, 16)  # each a recurrent layer over time and a mixer over bands
    bidirectional: bool = ruled(  # the recurrent layers know what follows too: for files, a stream is late by a block
        False, Needs("shape", "bands")
    )
    expansion: float = ranged(2.0, 0.5, 8.0)  # hidden features of a mixer over its inputs
    loss: Literal["audible", "consistent"] = "audible"  # see losses.py
    exponent: float = ranged(0.3, 0.1, 1.0)  # power by which magnitudes are compressed, for features and losses
    level_seconds: float = ranged(2.0, 0.05, 60.0)  # time constant of the mean level that features are divided by

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.hop_length % 2 or not 0.004 <= self.hop_length / self.sample_rate <= 0.032:
            raise BadSetting(
                f"hop_length is {self.hop_length} at {self.sample_rate} Hz; it must be even and 4 to 32 ms long, such "
                f"as {2 * round(self.sample_rate * 0.008)}."
            )
        if self.shape == "strided" and self.channels % self.n_heads:
            raise BadSetting(
                f"channels is {self.channels} and n_heads {self.n_heads}; with shape=strided channels must be a "
                f"multiple of n_heads, such as {self.channels // self.n_heads * self.n_heads or self.n_heads}."
            )

    @property
    def level_inputs(self) -> tuple[int, ...]:
        """For each input spectrum, the input whose mean level its features are divided by.

        The inputs of a denoiser are the recording alone; those of a post-filter of echo are the output of the linear
        canceller, its estimate of the echo, the microphone, and the far end.
        """
        return (2, 2, 2, 3) if self.removes == "echo" else (0,)

    @property
    def n_inputs(self) -> int:
        """Number of input spectra; the mask is that of the first."""
        return len(self.level_inputs)

    @property
    def echo_settings(self) -> EchoSettings:
        """Settings of the linear echo canceller before the network, whose blocks are the hops."""
        return EchoSettings(self.hop_length, self.echo_partitions, self.echo_delays)

    @property
    def n_fft(self) -> int:
        """Window length in samples."""
        return 2 * self.hop_length

    @property
    def n_bins(self) -> int:
        """Frequency bins of a spectrum."""
        return self.hop_length + 1

    @property
    def level_decay(self) -> float:
        """Factor of the mean level from frame to frame."""
        return math.exp(-self.hop_length / self.sample_rate / self.level_seconds)

    @property
    def n_lower_bins(self) -> int:
        """Frequency bins that one estimator treats: all of them, or those up to 8 kHz if there are many above."""
        return round(LOWER_HZ / self.hz_per_bin) + 1 if self.sample_rate >= 3 * LOWER_HZ else self.n_bins

    @property
    def backward_weights(self) -> tuple[str, ...]:
        """Prefixes of the weights that only a bidirectional network has."""
        estimators = (LOWER_PREFIX, UPPER_PREFIX) if self.upper_edges else (LOWER_PREFIX,)
        layers = range(self.n_blocks if self.bidirectional else 0)
        return tuple(f"{estimator}time_layers.{layer}.backward_" for estimator in estimators for layer in layers)

    @property
    def hz_per_bin(self) -> float:
        """Distance of frequency bins."""
        return self.sample_rate / self.n_fft

    @cached_property
    def band_edges(self) -> tuple[int, ...]:
        """First bin of each lower band, and the number of lower bins."""
        return self._edges(0, self.n_lower_bins)

    @cached_property
    def upper_edges(self) -> tuple[int, ...]:
        """First bin of each band above 8 kHz, counted from the first of them, and their number; empty without any."""
        first = self.n_lower_bins
        return tuple(edge - first for edge in self._edges(first, self.n_bins)) if first < self.n_bins else ()

    def _edges(self, first: int, end: int) -> tuple[int, ...]:
        edges = [first]
        while edges[-1] < end:
            width_hz = next(width for below, width in BAND_WIDTHS_HZ if edges[-1] * self.hz_per_bin < below)
            edges.append(min(edges[-1] + max(round(width_hz / self.hz_per_bin), 1), end))
        if len(edges) > 2 and edges[-1] - edges[-2] == 1:  # the last bin alone
            del edges[-2]
        return tuple(edges)

    @property
    def n_bands(self) -> int:
        """Number of lower bands."""
        return len(self.band_edges) - 1

    @property
    def state_shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of the states of the recurrent layers in the graph, without the rows, by name."""
        shapes: dict[str, tuple[int, ...]] = {"states": (self.n_blocks, self.n_bands, self.channels)}
        if self.upper_edges:
            shapes["upper_states"] = (self.n_blocks, len(self.upper_edges) - 1, self.upper_channels)
        return shapes


SIZES: dict[str, DenoiserConfig] = {
    "tiny": DenoiserConfig(mask="gain", channels=16, n_blocks=1),
    "small": DenoiserConfig(channels=40),
    "strided": DenoiserConfig(shape="strided", channels=40),
    "best": DenoiserConfig(channels=40, bidirectional=True),
}
"""The configuration of each size."""
