"""The bases of the families' configurations of their networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, Literal, Self

from ..base.errors import BadSetting
from ..base.ranges import RangedSettings, check_names, ranged
from ..dsp.mel import N_MELS, WINDOW_HOPS, speech_hop_length

MAX_STEPS = 1_000_000_000
"""Largest number of steps of a run."""

TEMPERATURE_RANGE = (0.0, 2.0)
"""Smallest and largest temperature of models that draw step by step; 1 draws as learned, 0 what is most probable."""


@dataclass(frozen=True)
class ModelConfig(RangedSettings):
    """Configuration of a network: everything that inference needs to know, stored on the card of a model.

    A family derives its own dataclass, declares every number by :func:`.ranges.ranged`, with its
    :mod:`.rules`, and extends ``__post_init__`` by what else its numbers must fulfil together.

    Raises BadSetting if a number is out of its range, or a label is empty, occurs twice or cannot be part of a file
    name.
    """

    TITLE: ClassVar[str] = "a model"
    """A model of the family with its article, for messages: ``"a vocoder"``."""
    VALIDATION_METRICS: ClassVar[Sequence[str]] = ()
    """Names of the validation metrics of the family."""
    LABELS_REMEDY: ClassVar[str] = ""
    """Remedy in the message that refuses labels, of a family without labels."""

    sample_rate: int = ranged(16_000, 2_000, 768_000)
    labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        check_names(labels=self.labels)
        if self.labels and self.LABELS_REMEDY:
            raise BadSetting(f"{self.TITLE.capitalize()} has no labels; {self.LABELS_REMEDY}.")

    @property
    def metrics(self) -> Sequence[str]:
        """Names of the validation metrics of a model of this configuration."""
        return self.VALIDATION_METRICS

    def without_names(self) -> Self:
        """Return this configuration without labels, for a training on other recordings."""
        return replace(self, labels=())


@dataclass(frozen=True)
class ConditionedConfig(ModelConfig):
    """Configuration of a network that is conditioned on labels and speakers, where it has any."""

    speakers: tuple[str, ...] = ()
    label_size: int = ranged(32, 1, 1_024)  # size of the embeddings of labels and speakers

    def __post_init__(self) -> None:
        super().__post_init__()
        check_names(speakers=self.speakers)

    def without_names(self) -> Self:
        """Return this configuration without labels and speakers."""
        return replace(self, labels=(), speakers=())


@dataclass(frozen=True)
class SequenceConfig(ConditionedConfig):
    """Configuration of a network that draws a clip frame by frame."""

    hop_length: int = ranged(256, 1, 100_000)  # samples between frames
    duration: Literal["drawn", "learned", "endless"] = "endless"  # of a clip; ``endless`` for textures
    n_layers: int = ranged(2, 1, 64)
    hidden_size: int = ranged(320, 4, 4_096)  # of each layer
    dropout: float = ranged(0.2, 0.0, 0.9)

    @property
    def frame_rate(self) -> float:
        """Frames per second."""
        return self.sample_rate / self.hop_length

    @property
    def has_position(self) -> bool:
        """True if the network is conditioned on the position in the clip."""
        return self.duration == "drawn"


@dataclass(frozen=True)
class SpeechMelConfig(ModelConfig):
    """Configuration of a network of mel frames of speech, which are the same at every rate; see `dsp.mel`.

    Raises BadSetting if a number is out of its range, mel frames of speech do not exist at the sample rate, or there
    are labels.
    """

    LABELS_REMEDY = "leave labels empty"

    sample_rate: int = ranged(24_000, 16_000, 48_000)  # of the recordings

    def __post_init__(self) -> None:
        super().__post_init__()
        speech_hop_length(self.sample_rate)

    @property
    def n_mels(self) -> int:
        """Bands of a mel frame."""
        return N_MELS

    @cached_property
    def hop_length(self) -> int:
        """Samples between mel frames."""
        return speech_hop_length(self.sample_rate)

    @property
    def mel_n_fft(self) -> int:
        """Window of a mel frame, in samples."""
        return WINDOW_HOPS * self.hop_length
