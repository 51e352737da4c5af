"""Configuration of the codec's networks, and its sizes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from ...contracts.config import ModelConfig
from ...errors import BadSetting

ENCODER_FILE = "encoder.onnx"
DECODER_FILE = "decoder.onnx"

FREQUENCIES_FILE = "frequencies.safetensors"
"""In a model folder: how often each code occurs, ``frequencies (n_codebooks, codebook_size)`` int32 whose rows sum to
`TOTAL`, and the gains of decoded audio (:mod:`.gains`)."""

CONTEXTS_FILE = "contexts.safetensors"
"""In a model folder: the tables of the context model (:mod:`.contexts`); models of earlier versions have none."""

WEIGHT_PREFIXES = ("encoder.", "decoder.")
"""Prefixes of the weights in a model folder: the graphs that they belong to."""

TOTAL = 2**16
"""Sum of the frequencies of a codebook."""

SILENT = -1
"""The code, in every codebook, of a frame of digital silence."""

CODEBOOK_SIZES = tuple(2**bits for bits in range(2, 13))


@dataclass(frozen=True)
class CodecConfig(ModelConfig):
    """Configuration of encoder, quantiser and decoder.

    Spectra are computed every ``hop_length / n_subframes`` samples, a *subframe*; ``n_subframes`` of them make a
    *frame* of codes. Some layers run once per subframe, the others once per frame.

    Raises
    ------
    BadSetting
        If a number is out of its range, or numbers do not fit each other.
    """

    RANGES: ClassVar[Mapping[str, tuple[float, float]]] = {
        "sample_rate": (4_000, 192_000),
        "n_subframes": (1, 64),
        "overlap": (2, 16),
        "subframe_channels": (8, 1_024),
        "subframe_blocks": (1, 32),
        "encoder_channels": (8, 2_048),
        "encoder_blocks": (1, 64),
        "decoder_channels": (8, 2_048),
        "decoder_blocks": (1, 64),
        "expansion": (1.0, 8.0),
        "kernel_size": (2, 31),
        "look_ahead": (0, 4),
        "encoder_look_ahead": (0, 4),
        "latent_size": (4, 1_024),
        "n_codebooks": (1, 32),
        "code_size": (2, 64),
        "unquantised_steps": (0, 1_000_000_000),
        "critic_channels": (4, 256),
        "context_frames": (0, 1_000_000_000),
        "adversarial_from": (0, 1_000_000_000),
        "encoder_from": (0, 1_000_000_000),
    }

    sample_rate: int = 16_000
    labels: tuple[str, ...] = ()  # a codec has none
    hop_length: int = 320  # samples per frame of codes
    n_subframes: int = 4  # spectra per frame of codes
    overlap: int = 4  # window length over the distance of spectra
    subframe_channels: tuple[int, int] = (96, 128)  # of the layers over spectra: of the encoder, of the decoder
    subframe_blocks: tuple[int, int] = (2, 3)
    encoder_channels: int = 192  # of the layers over frames
    encoder_blocks: int = 4
    decoder_channels: int = 288
    decoder_blocks: int = 4
    expansion: float = 3.0  # hidden channels of a ConvNeXt block over its channels
    kernel_size: int = 5  # of the depthwise convolutions, in subframes or frames
    look_ahead: int = 1  # future frames that the decoder depends on
    encoder_look_ahead: int = 0  # future frames that the encoder depends on
    latent_size: int = 128
    quantizer: Literal["codebook", "finite"] = "codebook"
    n_codebooks: int = 12
    codebook_size: int = 1_024
    code_size: int = 8
    unquantised_steps: int = 1_500  # at first, because phases are hardly learned through random codes
    critic_channels: int = 16
    context_frames: int = 3_000_000  # frames that the context model is trained on; 0 for no context model
    adversarial_from: int = 0  # step from which the decoder alone is trained, with critics; 0 for never
    encoder_from: int = 0  # step from which the encoder alone is trained; 0 for never

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.labels:
            raise BadSetting("A codec has no labels; leave labels empty, and give them to a prior over its codes.")
        if self.hop_length % self.n_subframes or not 2 <= self.subframe_length <= 4_096:
            raise BadSetting(
                f"hop_length is {self.hop_length}; it must be a multiple of n_subframes ({self.n_subframes}), "
                "2 to 4096 times."
            )
        if self.codebook_size not in CODEBOOK_SIZES:
            raise BadSetting(f"codebook_size is {self.codebook_size}; it must be a power of 2 from 4 to 4096.")
        if 0 < self.encoder_from <= max(self.adversarial_from, self.unquantised_steps):
            raise BadSetting(
                f"encoder_from is {self.encoder_from}; it must be 0, or come after adversarial_from "
                f"({self.adversarial_from}) and unquantised_steps ({self.unquantised_steps})."
            )
        if self.quantizer == "finite" and self.codebook_size.bit_length() % 2 == 0:
            raise BadSetting(f"codebook_size is {self.codebook_size}; with quantizer finite it must be a power of 4.")

    @property
    def subframe_length(self) -> int:
        """Hop length of the spectra, in samples."""
        return self.hop_length // self.n_subframes

    @property
    def n_fft(self) -> int:
        """Window length of the spectra, in samples."""
        return self.overlap * self.subframe_length

    @property
    def n_bins(self) -> int:
        """Frequency bins of a spectrum."""
        return self.n_fft // 2 + 1

    @property
    def frame_rate(self) -> float:
        """Frames of codes per second."""
        return self.sample_rate / self.hop_length

    @property
    def lead(self) -> int:
        """Samples of a window before its subframe; overlap-add completes a sample this many samples later."""
        return self.n_fft - self.subframe_length

    @property
    def latency_samples(self) -> int:
        """Largest delay of a stream, in samples: a frame, the look-ahead, and the overlap of windows."""
        return self.hop_length * (1 + self.encoder_look_ahead + self.look_ahead) + self.lead

    def kbps(self, n_codebooks: int) -> float:
        """Return the bitrate of the first ``n_codebooks`` codebooks before entropy coding, in kbit/s."""
        return n_codebooks * (self.codebook_size.bit_length() - 1) * self.frame_rate / 1_000


METRICS = ("valid/mel", "valid/phase")
"""Validation metrics, any of which may choose the best checkpoint."""

SIZES: dict[str, CodecConfig] = {
    "tiny": CodecConfig(
        subframe_channels=(16, 24),
        subframe_blocks=(1, 1),
        encoder_channels=32,
        encoder_blocks=1,
        encoder_look_ahead=1,
        decoder_channels=48,
        decoder_blocks=1,
        latent_size=32,
        n_codebooks=4,
        codebook_size=64,
    ),
    "small": CodecConfig(encoder_blocks=8, encoder_look_ahead=1),  # speech at 16 kHz
    "music": CodecConfig(  # any audio at 44.1 kHz
        sample_rate=44_100,
        hop_length=880,
        n_subframes=4,
        subframe_channels=(128, 192),
        decoder_channels=384,
        encoder_channels=256,
        encoder_blocks=8,
        encoder_look_ahead=1,
        n_codebooks=16,
    ),
}
"""The configuration of each size."""
