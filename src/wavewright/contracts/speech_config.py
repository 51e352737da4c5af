"""The base of the configurations of networks that read or predict the mel frames of speech."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..base.errors import BadSetting
from ..base.ranges import ranged
from ..dsp.speech_mel import N_MELS, WINDOW_HOPS, speech_hop_length
from .config import ModelConfig


@dataclass(frozen=True)
class SpeechMelConfig(ModelConfig):
    """Configuration of a network of mel frames of speech, which are the same at every rate; see `dsp.speech_mel`.

    Raises BadSetting if a number is out of its range, mel frames of speech do not exist at the sample rate, or there
    are labels.
    """

    LABELS_REMEDY: ClassVar[str] = "leave labels empty"
    """Remedy in the message that refuses labels."""

    sample_rate: int = ranged(24_000, 16_000, 48_000)  # of the recordings
    labels: tuple[str, ...] = ()  # always empty

    def __post_init__(self) -> None:
        super().__post_init__()
        speech_hop_length(self.sample_rate)
        if self.labels:
            raise BadSetting(f"{self.TITLE.capitalize()} has no labels; {self.LABELS_REMEDY}.")

    @property
    def n_mels(self) -> int:
        """Bands of a mel frame."""
        return N_MELS

    @property
    def hop_length(self) -> int:
        """Samples between mel frames."""
        return speech_hop_length(self.sample_rate)

    @property
    def mel_n_fft(self) -> int:
        """Window of a mel frame, in samples."""
        return WINDOW_HOPS * self.hop_length
