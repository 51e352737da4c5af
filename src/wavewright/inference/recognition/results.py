"""Results of recognition: labels of files with confidences, events with onsets and offsets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ...audio.notebook import files_html, table_html, text_html
from ...base.result import Result
from ...contracts.runtime import ModelResult


@dataclass(frozen=True)
class LabelConfidence:
    """A label and its probability."""

    label: str
    confidence: float


@dataclass(frozen=True)
class SoundEvent:
    """A label with its onset and offset, in seconds from the start of the recording."""

    label: str
    onset: float
    offset: float
    confidence: float

    def __str__(self) -> str:
        return f"{self.onset:.2f}-{self.offset:.2f} s {self.label} {self.confidence:.2f}"


@dataclass(frozen=True)
class Recognised:
    """The labels of a recording."""

    label: str | None  # the most probable label; None for a recording that fits no label
    confidence: float  # its probability; of a rejected recording, that of the label it is nearest to
    labels: tuple[LabelConfidence, ...]  # the most probable labels, the first of them first
    fit: float
    """Goodness of fit to the labels as a whole; rejected is a recording below the limit of the calibration."""
    seconds: float
    events: tuple[SoundEvent, ...] = ()  # labels with onset and offset, where they are asked for


@dataclass(frozen=True)
class RecognisedFile(Recognised):
    """The labels of a sound file."""

    file: Path = Path()

    def __str__(self) -> str:
        nearest = f" (nearest: {self.labels[0].label} {self.confidence:.2f})" if self.labels else ""
        others = "".join(f", {each.label} {each.confidence:.2f}" for each in self.labels[1:])
        first = f"{self.label} {self.confidence:.2f}{others}" if self.label else f"fits no label{nearest}"
        return "\n".join([f"{self.file}: {first}", *(f"  {event}" for event in self.events)])


@dataclass(frozen=True, kw_only=True)
class RecognisedFiles(Result, ModelResult):
    """The labels of files, and the files that failed."""

    sounds: tuple[RecognisedFile, ...]

    def _repr_html_(self) -> str:
        """Return players and a table of the files with their labels for notebooks."""
        rows = [
            (
                each.file.name,
                each.label or "none",
                f"{each.confidence:.2f}",
                ", ".join(f"{other.label} {other.confidence:.2f}" for other in each.labels[1:]),
            )
            for each in self.sounds
        ]
        table = table_html(("file", "label", "confidence", "others"), rows)
        return files_html([each.file for each in self.sounds]) + text_html(self.by) + table

    def __str__(self) -> str:
        return "\n".join(map(str, [*self.sounds, *self.endings()]))
