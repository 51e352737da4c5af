"""Configuration of the codec's networks, and its sizes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from ...base.errors import BadSetting
from ...base.ranges import ranged
from ...contracts.config import MAX_STEPS, ModelConfig

ENCODER_FILE = "encoder.onnx"
DECODER_FILE = "decoder.onnx"

FREQUENCIES_FILE = "frequencies.safetensors"
"""In a model folder: how often each code occurs, ``frequencies (n_codebooks, codebook_size)`` int32 whose rows sum to
`wwc.TOTAL`, and the gains of decoded audio (:mod:`.gains`)."""

CONTEXTS_FILE = "contexts.safetensors"
"""In a model folder: the tables of the context model (:mod:`wavewright.families.codec.wwc.contexts`).

Models of earlier versions have none.
"""

WEIGHT_PREFIXES = ("encoder.", "decoder.")
"""Prefixes of the weights in a model folder: the graphs that they belong to."""

CODEBOOK_SIZES = tuple(2**bits for bits in range(2, 13))

METRICS = ("valid/mel", "valid/phase")
"""Validation metrics, any of which may choose the best checkpoint."""


@dataclass(frozen=True)
class CodecConfig(ModelConfig):
    """Configuration of encoder, quantiser and decoder.

    Spectra are computed every ``hop_length / n_subframes`` samples, a *subframe*; ``n_subframes`` of them make a
    *frame* of codes. Some layers run once per subframe, the others once per frame.

    Raises BadSetting if a number is out of its range, or numbers do not fit each other.
    """

    TITLE = "a codec"
    LABELS_REMEDY = "leave labels empty, and give them to a prior over its codes"
    VALIDATION_METRICS = METRICS

    sample_rate: int = ranged(16_000, 4_000, 192_000)
    hop_length: int = 320  # samples per frame of codes
    n_subframes: int = ranged(4, 1, 64)  # spectra per frame of codes
    overlap: int = ranged(4, 2, 16)  # window length over the distance of spectra
    subframe_channels: tuple[int, int] = ranged((96, 128), 8, 1_024)  # over spectra, of encoder and decoder
    subframe_blocks: tuple[int, int] = ranged((2, 3), 1, 32)
    encoder_channels: int = ranged(192, 8, 2_048)  # of the layers over frames
    encoder_blocks: int = ranged(4, 1, 64)
    decoder_channels: int = ranged(288, 8, 2_048)
    decoder_blocks: int = ranged(4, 1, 64)
    expansion: float = ranged(3.0, 1.0, 8.0)  # hidden channels of a ConvNeXt block over its channels
    kernel_size: int = ranged(5, 2, 31)  # of the depthwise convolutions, in subframes or frames
    look_ahead: int = ranged(1, 0, 4)  # future frames that the decoder depends on
    encoder_look_ahead: int = ranged(0, 0, 4)  # future frames that the encoder depends on
    latent_size: int = ranged(128, 4, 1_024)
    quantizer: Literal["codebook", "finite"] = "codebook"
    n_codebooks: int = ranged(12, 1, 32)
    codebook_size: int = 1_024
    code_size: int = ranged(8, 2, 64)
    unquantised_steps: int = ranged(1_500, 0, MAX_STEPS)  # at first: random codes hardly teach phases
    critic_channels: int = ranged(16, 4, 256)
    lost_fraction: float = ranged(0.0, 0.0, 0.5)  # of the frames of training, so that lost ones can be made up
    context_frames: int = ranged(3_000_000, 0, MAX_STEPS)  # training of the context model; 0: none
    adversarial_from: int = ranged(0, 0, MAX_STEPS)  # step from which critics train the decoder alone; 0: never
    encoder_from: int = ranged(0, 0, MAX_STEPS)  # step from which the encoder alone is trained; 0: never

    def __post_init__(self) -> None:
        super().__post_init__()
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


SMALL = CodecConfig(
    sample_rate=24_000, hop_length=480, overlap=3, encoder_blocks=8, look_ahead=0, lost_fraction=0.05
)  # 620 million operations a second, delay of 30 ms

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
    "small": SMALL,  # speech at 24 kHz
    "music": replace(  # any audio at 44.1 kHz
        SMALL,
        sample_rate=44_100,
        hop_length=880,
        overlap=4,
        look_ahead=1,
        encoder_look_ahead=1,
        subframe_channels=(128, 192),
        decoder_channels=384,
        encoder_channels=256,
        n_codebooks=16,
    ),
}
"""The configuration of each size."""
