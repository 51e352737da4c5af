"""Report of an inspection as data, as JSON and as text with warnings and remedies."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from ..base.result import Failed, Result

FEW_CLIPS = 20
"""Number of clips below which a label is hard to learn."""

_EXAMPLES = 3
_UNUSABLE_EXAMPLES = 20


@dataclass(frozen=True)
class InspectionReport(Result):
    """Contents of a folder.

    Clips are named by their paths below it.

    - ``folder``: folder or manifest.
    - ``hours``: total length.
    - ``labels``, ``sample_rates``, ``channels``: number of clips of each; the label ``none`` counts clips without
      label.
    - ``seconds``, ``peak_db``: ``min``, ``5%``, ``median``, ``95%`` and ``max`` over all clips.
    - ``clipped``, ``silent``, ``too_short``, ``leading_silence``, ``trailing_silence``, ``dc_offset``: clips with that
      defect.
    - ``duplicates``: sets of clips with equal samples.
    - ``near_duplicates``: sets of clips closer to each other than ``duplicates.NEAR_DUPLICATE_DB``; None where there
      are too many clips to compare.
    - ``antiphase``: clips whose channels cancel each other when they are mixed to one.
    - ``off_scale``: clips whose floating-point samples are far above full scale.
    - ``marked``: clips with the mark of generated sound, among 32 that were searched.
    - ``warnings``: defects and their remedies, one sentence each, see :func:`warnings_of`.
    """

    is_about_failures = True

    folder: str
    n_clips: int
    hours: float
    labels: dict[str, int]
    n_groups: int
    sample_rates: dict[int, int]
    channels: dict[int, int]
    seconds: dict[str, float]
    peak_db: dict[str, float]
    clipped: list[str]
    silent: list[str]
    too_short: list[str]
    leading_silence: list[str]
    trailing_silence: list[str]
    dc_offset: list[str]
    duplicates: list[list[str]]
    near_duplicates: list[list[str]] | None
    marked: list[str] = field(default_factory=list)
    antiphase: list[str] = field(default_factory=list)
    off_scale: list[str] = field(default_factory=list)
    warnings: tuple[str, ...] = ()

    def to_json(self) -> str:
        """Return the report as indented JSON."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> list[str]:
        """Return the report as lines of text."""
        sample_rates = {f"{rate} Hz": count for rate, count in self.sample_rates.items()}
        return [
            f"{self.folder}: {self.n_clips} {'clip' if self.n_clips == 1 else 'clips'}, {_duration(self.hours * 3600)}",
            f"labels    {_counts(self.labels)}",
            f"groups    {self.n_groups}",
            f"rates     {_counts(sample_rates)}",
            f"channels  {_counts(self.channels)}",
            f"length    {_spread(self.seconds, 's')}",
            f"peak      {_spread(self.peak_db, 'dBFS')}",
            *(f"note      {note}" for note in self.notes),
            *(f"! {warning}" for warning in self.warnings),
            *([] if self.warnings else ["Nothing is wrong with it."]),
        ]


def _counts(counts: Mapping[str, int] | Mapping[int, int]) -> str:
    """Return a line such as ``kick 43, snare 52``."""
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def _spread(quantiles: Mapping[str, float], unit: str) -> str:
    """Return ``0.02 to 2.00 s, median 0.75 s, nine in ten between 0.10 and 1.98 s``, or the only value."""
    low, high = f"{quantiles['min']:z.2f}", f"{quantiles['max']:z.2f}"
    if low == high:
        return f"{low} {unit}"
    return (
        f"{low} to {high} {unit}, median {quantiles['median']:z.2f} {unit}, "
        f"nine in ten between {quantiles['5%']:z.2f} and {quantiles['95%']:z.2f} {unit}"
    )


def _duration(seconds: float) -> str:
    """Return ``4.3 s``, ``12.0 min`` or ``3.2 h``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 3600 else f"{seconds / 3600:.1f} h"


def warnings_of(report: InspectionReport) -> list[str]:
    """Return the defects of a collection and their remedies, one sentence each."""
    return [
        *_about_unusable(report.failed),
        *_about(report.silent, "silent", "training leaves out silent clips."),
        *_about(report.too_short, "shorter than 5 ms", "training leaves out such short clips."),
        *_about(report.clipped, "clipped", "record again at a lower level, or remove what crackles."),
        *_about(
            report.off_scale,
            "far above full scale (floating-point samples, perhaps scaled as integers)",
            'bring them to [-1, 1], such as by `wavewright edit FILE --do "normalise -1dB"`.',
        ),
        *_about(
            report.antiphase,
            "in antiphase: the channels cancel each other when they are mixed to one",
            "invert one channel, or keep one of them.",
        ),
        *_about(report.dc_offset, "off centre (DC offset)", "apply a high-pass filter at 20 Hz."),
        *_about(
            report.leading_silence,
            "silent for more than 0.1 s at the start",
            "training aligns one-shots to their onsets.",
        ),
        *_about(
            report.trailing_silence,
            "silent for more than 1 s at the end",
            "training cuts one-shots to the length of a clip.",
        ),
        *_about(
            report.marked,
            "marked as generated by Wavewright",
            "a model that learns from the output of models gets worse; leave them out unless you mean it.",
        ),
        *_about_copies(report),
        *_about_number(report),
        *_about_rates(report),
    ]


def _about_unusable(failed: Sequence[Failed]) -> list[str]:
    """Return the files that cannot be used, at most _UNUSABLE_EXAMPLES."""
    lines = [*map(str, failed)]
    if len(lines) > _UNUSABLE_EXAMPLES:
        lines[_UNUSABLE_EXAMPLES:] = [f"{len(lines) - _UNUSABLE_EXAMPLES} more files cannot be used; --json lists all."]
    return lines


def _about(names: Sequence[str], defect: str, remedy: str) -> list[str]:
    """Return a sentence on the clips with a defect, none if there are none."""
    if not names:
        return []
    clips = "1 clip is" if len(names) == 1 else f"{len(names)} clips are"
    more = f" and {len(names) - _EXAMPLES} more" if len(names) > _EXAMPLES else ""
    return [f"{clips} {defect} ({', '.join(names[:_EXAMPLES])}{more}): {remedy}"]


def _about_copies(report: InspectionReport) -> list[str]:
    sentences: list[str] = []
    if report.duplicates:
        n_extra = sum(len(members) - 1 for members in report.duplicates)
        clips = "1 clip is a copy of another" if n_extra == 1 else f"{n_extra} clips are copies of others"
        example = " = ".join(report.duplicates[0][:_EXAMPLES])
        sentences.append(f"{clips} ({example}): keep one of each, or they count twice.")
    if report.near_duplicates is None:
        sentences.append(
            "There are too many clips to look for near-duplicates: divide them by group if the same sound was "
            "recorded often."
        )
    elif report.near_duplicates:
        n_clips = sum(len(members) for members in report.near_duplicates)
        example = ", ".join(report.near_duplicates[0][:_EXAMPLES])
        sentences.append(
            f"{n_clips} clips are nearly equal to others (for example {example}): divide them by group, so that no "
            "recording is in both training and test set."
        )
    return sentences


def _about_number(report: InspectionReport) -> list[str]:
    sentences: list[str] = []
    if set(report.labels) == {"none"} and report.n_clips < FEW_CLIPS:
        sentences.append(f"There are fewer than {FEW_CLIPS} training clips: add clips.")
    few = {label: count for label, count in report.labels.items() if count < FEW_CLIPS and label != "none"}
    if few:
        sentences.append(
            f"Some labels have fewer than {FEW_CLIPS} training clips ({_counts(few)}): add clips, or leave "
            "the label out."
        )
    missing = report.labels.get("none", 0)
    if missing and len(report.labels) > 1:
        sentences.append(
            f"{missing} of the clips have no label: put them into the sub-folder of a label, or name one in the "
            "manifest."
        )
    return sentences


def _about_rates(report: InspectionReport) -> list[str]:
    if len(report.sample_rates) < 2:
        return []
    lowest = min(report.sample_rates)
    return [
        f"The clips have {len(report.sample_rates)} sample rates: all are resampled to one; the lowest, {lowest} Hz, "
        f"leaves nothing above {lowest // 2} Hz."
    ]
