"""Configuration of the acoustic networks, and their sizes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ...contracts.config import ModelConfig
from ...dsp.speech_mel import N_MELS, WINDOW_HOPS, speech_hop_length
from ...errors import BadSetting
from ...ranges import check_distinct, check_names

ENCODER_FILE = "encoder.onnx"
DECODER_FILE = "decoder.onnx"
SPEAKERS_FILE = "speakers.safetensors"
"""In a model folder: ``usual_style (speakers, n_styles)``, the mean style of a speaker's recordings, and
``pace (speakers,)``, the mean ratio of recorded to predicted durations: the predictor learns the mean of logarithms,
whose exponential is below the mean."""
WEIGHT_PREFIX = "voice."
"""Prefix of the network's weights in a model folder."""

BOUNDARY = "|"  # between words; may have no frames
N_PROSODY = 3  # numbers for each symbol: octaves, voicing, energy

METRICS = (
    "valid/mel",
    "valid/envelope",
    "valid/free_running",
    "valid/duration_ms",
    "valid/pitch_semitones",
    "valid/alignment",
)
"""Validation metrics, any of which may choose the best checkpoint."""


@dataclass(frozen=True)
class AcousticConfig(ModelConfig):
    """Configuration of the networks.

    Raises
    ------
    BadSetting
        If a number is out of its range or the numbers do not fit each other.
    """

    RANGES: ClassVar[Mapping[str, tuple[float, float]]] = {
        "sample_rate": (16_000, 48_000),
        "channels": (16, 1_024),
        "hidden": (16, 4_096),
        "n_heads": (1, 16),
        "encoder_blocks": (1, 32),
        "encoder_kernel_size": (1, 31),
        "decoder_blocks": (1, 32),
        "decoder_kernel_size": (1, 31),
        "predictor_channels": (16, 1_024),
        "aligner_channels": (8, 512),
        "n_styles": (1, 64),
        "dropout": (0.0, 0.9),
        "predictor_dropout": (0.0, 0.9),
        "critic_channels": (4, 256),
        "classifier_channels": (4, 1_024),
        "synthesis_from": (0, 1_000_000_000),
        "joint_alignment_from": (0, 1_000_000_000),
        "adversarial_from": (0, 1_000_000_000),
    }

    sample_rate: int = 24_000  # of the recordings; mel frames are the same at every rate, see dsp.speech_mel
    labels: tuple[str, ...] = ()  # always empty
    language: str = "en"  # of the front end
    symbols: tuple[str, ...] = ()  # of the front end, set when the recordings are prepared
    speakers: tuple[str, ...] = ()  # all speakers of the recordings, unless some are named here
    channels: int = 192
    hidden: int = 576  # channels between the two products of a block
    n_heads: int = 2
    encoder_blocks: int = 4
    encoder_kernel_size: int = 5  # symbols
    decoder_blocks: int = 6
    decoder_kernel_size: int = 9  # frames
    predictor_channels: int = 192
    aligner_channels: int = 64
    n_styles: int = 8
    dropout: float = 0.1
    predictor_dropout: float = 0.4  # the predictors of duration and prosody overfit sooner than the decoder
    critic_channels: int = 64
    classifier_channels: int = 128  # of the phone classifier
    synthesis_from: int = 1_500  # step from which encoder, predictors and decoder are trained, and the aligner is not
    joint_alignment_from: int = 3_000  # step from which the phone classifier helps to align; 0 for never
    adversarial_from: int = 0  # step from which critics train the decoder as well; 0 for never

    def __post_init__(self) -> None:
        super().__post_init__()
        speech_hop_length(self.sample_rate)
        check_names(speakers=self.speakers)
        check_distinct(symbols=self.symbols)
        if self.labels:
            raise BadSetting("A voice has no labels; leave labels empty, and name speakers in a manifest.")
        if self.channels % self.n_heads:
            raise BadSetting(f"channels is {self.channels}; it must be a multiple of n_heads ({self.n_heads}).")
        kernel_sizes = {
            "encoder_kernel_size": self.encoder_kernel_size,
            "decoder_kernel_size": self.decoder_kernel_size,
        }
        for name, kernel_size in kernel_sizes.items():
            if kernel_size % 2 == 0:
                raise BadSetting(f"{name} is {kernel_size}; it must be odd, so that the kernel is centred.")
        later_stages = {
            "joint_alignment_from": self.joint_alignment_from,
            "adversarial_from": self.adversarial_from,
        }
        for name, step in later_stages.items():
            if 0 < step <= self.synthesis_from:
                raise BadSetting(
                    f"{name} is {step}; it must be 0, or come after synthesis_from ({self.synthesis_from})."
                )

    @property
    def n_mels(self) -> int:
        """Bands of a mel frame."""
        return N_MELS

    @property
    def hop_length(self) -> int:
        """Samples between mel frames."""
        return speech_hop_length(self.sample_rate)

    @property
    def n_fft(self) -> int:
        """Window of a mel frame, in samples."""
        return WINDOW_HOPS * self.hop_length

    @property
    def n_speakers(self) -> int:
        """Number of speakers; one if they have no names."""
        return max(len(self.speakers), 1)

    @property
    def boundary_index(self) -> int:
        """Index of the word boundary among the symbols, -1 if there is none."""
        return self.symbols.index(BOUNDARY) if BOUNDARY in self.symbols else -1

    @property
    def style_names(self) -> tuple[str, ...]:
        """Names of the styles, which are learned without labels."""
        return tuple(f"style-{number}" for number in range(1, self.n_styles + 1))


SIZES: dict[str, AcousticConfig] = {
    "tiny": AcousticConfig(
        channels=48,
        hidden=96,
        encoder_blocks=1,
        decoder_blocks=2,
        predictor_channels=48,
        aligner_channels=32,
        n_styles=4,
        critic_channels=16,
        classifier_channels=32,
    ),
    "small": AcousticConfig(),
    "base": AcousticConfig(channels=256, hidden=1_024, decoder_blocks=8),
}
"""The configuration of each size."""
