"""Configuration of the acoustic family's networks, and its sizes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ...contracts.config import ModelConfig
from ...dsp.speech_mel import N_MELS, WINDOW_HOPS, speech_hop_length
from ...errors import BadSetting
from ...ranges import check_distinct, check_names

ENCODER_FILE, DECODER_FILE = "encoder.onnx", "decoder.onnx"
SPEAKERS_FILE = "speakers.safetensors"
"""In a model folder: ``usual_style (speakers, n_styles)``, how much of each style a speaker's recordings have on the average, and
``pace (speakers,)``, how many times longer than predicted their sounds last: a mean of logarithms falls short of the mean."""

BOUNDARY = "|"  # between words; it may last no time
N_TOLD = 3  # numbers that the decoder is told of a symbol: pitch, voicing, energy


@dataclass(frozen=True)
class AcousticConfig(ModelConfig):
    """What the networks are; everything that playing needs to know. Raises BadSetting for what is out of range or does not fit."""

    RANGES: ClassVar[Mapping[str, tuple[float, float]]] = {
        "channels": (16, 1_024),
        "hidden": (16, 4_096),
        "n_heads": (1, 16),
        "encoder_blocks": (1, 32),
        "encoder_kernel": (1, 31),
        "decoder_blocks": (1, 32),
        "decoder_kernel": (1, 31),
        "predictor_channels": (16, 1_024),
        "aligner_channels": (8, 512),
        "n_styles": (1, 64),
        "dropout": (0.0, 0.9),
        "predictor_dropout": (0.0, 0.9),
        "critic_channels": (4, 256),
        "listener_channels": (4, 1_024),
        "voice_from": (0, 1_000_000_000),
        "listens_from": (0, 1_000_000_000),
        "critics_from": (0, 1_000_000_000),
    }

    sample_rate: int = 24_000  # of the recordings; the frames are those of dsp.speech_mel at any rate
    labels: tuple[str, ...] = ()  # a voice has none
    language: str = "en"  # of the front end
    symbols: tuple[str, ...] = ()  # those of the front end, filled in when the recordings are prepared
    speakers: tuple[str, ...] = ()  # filled in from the recordings; those named here alone are learned
    channels: int = 192
    hidden: int = 576  # between the two products of a block
    n_heads: int = 2
    encoder_blocks: int = 4
    encoder_kernel: int = 5  # symbols
    decoder_blocks: int = 6
    decoder_kernel: int = 9  # frames
    predictor_channels: int = 192
    aligner_channels: int = 64
    n_styles: int = 8
    dropout: float = 0.1
    predictor_dropout: float = (
        0.4  # of duration and melody, which learn the recordings by heart sooner than the decoder does
    )
    critic_channels: int = 64
    listener_channels: int = 128  # of the network that tells phones by frames
    voice_from: int = 1_500  # the step from which the voice learns; before it the aligner does
    listens_from: int = 3_000  # the step from which its listener helps the aligner; 0: never
    critics_from: int = 0  # the step from which critics sharpen the frames; 0: never

    def __post_init__(self) -> None:
        super().__post_init__()
        speech_hop_length(self.sample_rate)
        check_names(speakers=self.speakers)
        check_distinct(symbols=self.symbols)
        if self.labels:
            raise BadSetting("A voice has no labels; leave labels empty, and name speakers in a manifest.")
        if self.channels % self.n_heads:
            raise BadSetting(f"channels is {self.channels}; it must be a multiple of n_heads ({self.n_heads}).")
        for name in ("encoder_kernel", "decoder_kernel"):
            if getattr(self, name) % 2 == 0:
                raise BadSetting(f"{name} is {getattr(self, name)}; it must be odd, to hear as much before as behind.")
        for name in ("listens_from", "critics_from"):
            if 0 < (step := getattr(self, name)) <= self.voice_from:
                raise BadSetting(f"{name} is {step}; it must be 0, or come after voice_from ({self.voice_from}).")

    @property
    def n_mels(self) -> int:
        return N_MELS

    @property
    def hop_length(self) -> int:
        """Samples from one frame to the next."""
        return speech_hop_length(self.sample_rate)

    @property
    def n_fft(self) -> int:
        """Samples of a window."""
        return WINDOW_HOPS * self.hop_length

    @property
    def style_names(self) -> tuple[str, ...]:
        """What the learned styles are asked for by."""
        return tuple(f"style-{number}" for number in range(1, self.n_styles + 1))


METRICS = (
    "valid/mel",
    "valid/envelope",
    "valid/spoken",
    "valid/duration_ms",
    "valid/pitch_semitones",
    "valid/alignment",
)
"""Validation metrics, any of which may choose the best checkpoint."""

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
        listener_channels=32,
    ),
    "small": AcousticConfig(),
    "base": AcousticConfig(channels=256, hidden=1_024, decoder_blocks=8),
}
"""The configuration of each size."""
