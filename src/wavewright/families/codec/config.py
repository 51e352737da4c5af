"""Configuration of the codec family's networks, and its sizes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from ...contracts.config import ModelConfig
from ...errors import BadSetting

ENCODER_FILE, DECODER_FILE = "encoder.onnx", "decoder.onnx"
FREQUENCIES_FILE = "frequencies.safetensors"
"""In a model folder: how often each code of each level occurs, ``frequencies (n_codebooks, codebook_size)`` int32; rows sum to 2**16; and by how
much copies are played louder than the decoder makes them (levels.py)."""

CONTEXTS_FILE = "contexts.safetensors"
"""In a model folder, unless it is from before there were any: how frequent codes are behind others (contexts.py)."""

TOTAL = 2**16
"""What the frequencies of each level sum to."""

SILENT = -1
"""The code, in every level, of a frame of digital silence."""

CODEBOOK_SIZES = tuple(2**bits for bits in range(2, 13))


@dataclass(frozen=True)
class CodecConfig(ModelConfig):
    """What the networks are; everything that playing needs to know. Raises BadSetting for what is out of range or does not fit."""

    RANGES: ClassVar[Mapping[str, tuple[float, float]]] = {
        "sample_rate": (4_000, 192_000),
        "steps_per_frame": (1, 64),
        "overlap": (2, 16),
        "fine_channels": (8, 1_024),
        "fine_blocks": (1, 32),
        "encoder_channels": (8, 2_048),
        "encoder_blocks": (1, 64),
        "decoder_channels": (8, 2_048),
        "decoder_blocks": (1, 64),
        "expansion": (1.0, 8.0),
        "kernel": (2, 31),
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
    hop_length: int = 320  # samples to a frame of codes
    steps_per_frame: int = 4  # spectra to a frame of codes
    overlap: int = 4  # how many hops of a spectrum its window is long
    fine_channels: tuple[int, int] = (96, 128)  # of the layers over spectra, in the encoder and in the decoder
    fine_blocks: tuple[int, int] = (2, 3)
    encoder_channels: int = 192  # of the layers over frames
    encoder_blocks: int = 4
    decoder_channels: int = 288
    decoder_blocks: int = 4
    expansion: float = 3.0  # hidden channels of a block over its channels
    kernel: int = 5  # frames, or spectra, that a block hears
    look_ahead: int = 1  # frames that the decoder waits for
    encoder_look_ahead: int = 0  # frames that the encoder waits for
    latent_size: int = 128
    quantizer: Literal["codebook", "finite"] = "codebook"
    n_codebooks: int = 12
    codebook_size: int = 1_024
    code_size: int = 8
    unquantised_steps: int = 1_500  # at first: phases are hardly learned through codes that know nothing of them
    critic_channels: int = 16
    context_frames: int = (
        3_000_000  # of codes, from which is learned how they follow each other when the model is written
    )
    adversarial_from: int = (
        0  # the step from which on critics teach the decoder, everything before it at rest; 0: never
    )
    encoder_from: int = 0  # the step from which the encoder alone learns, everything behind it at rest; 0: never

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.labels:
            raise BadSetting("A codec has no labels; leave labels empty, and give them to what draws its codes.")
        if self.hop_length % self.steps_per_frame or not 2 <= self.step_length <= 4_096:
            raise BadSetting(
                f"hop_length is {self.hop_length}; it must be a multiple of steps_per_frame ({self.steps_per_frame}), 2 to 4096 times."
            )
        if self.codebook_size not in CODEBOOK_SIZES:
            raise BadSetting(f"codebook_size is {self.codebook_size}; it must be a power of 2 from 4 to 4096.")
        if 0 < self.encoder_from <= max(self.adversarial_from, self.unquantised_steps):
            raise BadSetting(
                f"encoder_from is {self.encoder_from}; it must be 0, or come after adversarial_from ({self.adversarial_from}) and "
                f"unquantised_steps ({self.unquantised_steps})."
            )
        if self.quantizer == "finite" and self.codebook_size.bit_length() % 2 == 0:
            raise BadSetting(f"codebook_size is {self.codebook_size}; with quantizer finite it must be a power of 4.")

    @property
    def step_length(self) -> int:
        """Samples from one spectrum to the next."""
        return self.hop_length // self.steps_per_frame

    @property
    def n_fft(self) -> int:
        """Samples of a spectrum."""
        return self.overlap * self.step_length

    @property
    def n_bins(self) -> int:
        return self.n_fft // 2 + 1

    @property
    def frame_rate(self) -> float:
        """Frames of codes a second."""
        return self.sample_rate / self.hop_length

    @property
    def lead(self) -> int:
        """Samples that a window reaches back beyond its step; as many are not finished when a step has been decoded."""
        return self.n_fft - self.step_length

    @property
    def latency_samples(self) -> int:
        """From when a sample is given to when it comes out, at most: its frame, the frames ahead, and what windows overlap."""
        return self.hop_length * (1 + self.encoder_look_ahead + self.look_ahead) + self.lead

    def kbps(self, n_codebooks: int) -> float:
        """Nominal kilobits a second of the first ``n_codebooks`` levels."""
        return n_codebooks * (self.codebook_size.bit_length() - 1) * self.frame_rate / 1_000


METRICS = ("valid/mel", "valid/phase")
"""Validation metrics, any of which may choose the best checkpoint."""

SIZES: dict[str, CodecConfig] = {
    "tiny": CodecConfig(
        fine_channels=(16, 24),
        fine_blocks=(1, 1),
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
    "music": CodecConfig(
        sample_rate=44_100,
        hop_length=880,
        steps_per_frame=4,
        fine_channels=(128, 192),
        decoder_channels=384,
        encoder_channels=256,
        encoder_blocks=8,
        encoder_look_ahead=1,
        n_codebooks=16,
    ),  # anything at 44.1 kHz
}
"""The configuration of each size."""
