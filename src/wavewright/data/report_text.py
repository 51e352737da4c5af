"""The words of an inspection report: counts, spreads, and what to do about what is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .inspect import Report

FEW_CLIPS = 20
"""A label with fewer clips than this is hard to learn."""

_SHOWN = 3
_UNUSABLE_SHOWN = 20


def counts(of: Mapping[str, int] | Mapping[int, int]) -> str:
    """``kick 43, snare 52``."""
    return ", ".join(f"{name} {count}" for name, count in of.items())


def spread(quantiles: Mapping[str, float], unit: str) -> str:
    """``0.02 to 2.00 s, median 0.75 s, nine in ten between 0.10 and 1.98 s``, or the one value that all have."""
    low, high = f"{quantiles['min']:z.2f}", f"{quantiles['max']:z.2f}"
    if low == high:
        return f"{low} {unit}"
    return (
        f"{low} to {high} {unit}, median {quantiles['median']:z.2f} {unit}, "
        f"nine in ten between {quantiles['5%']:z.2f} and {quantiles['95%']:z.2f} {unit}"
    )


def as_time(seconds: float) -> str:
    """``4.3 s``, ``12.0 min`` or ``3.2 h``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 3600 else f"{seconds / 3600:.1f} h"


def warnings(report: Report) -> list[str]:
    """What is wrong with a collection and what to do about it, one sentence each."""
    return [
        *_about_unusable(report.unusable),
        *_about(report.silent, "silent", "training leaves out what is silent."),
        *_about(report.too_short, "shorter than 5 ms", "training leaves out what is so short."),
        *_about(report.clipped, "clipped", "record again at a lower level, or remove what crackles."),
        *_about(report.dc_offset, "off centre (DC offset)", "filter out what lies below 20 Hz."),
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
        *_about_copies(report),
        *_about_number(report),
        *_about_rates(report),
    ]


def _about_unusable(reasons: Mapping[str, str]) -> list[str]:
    """Every file that cannot be used, up to a screenful."""
    said = [reason if name in reason else f"{name}: {reason}" for name, reason in reasons.items()]
    if len(said) > _UNUSABLE_SHOWN:
        said[_UNUSABLE_SHOWN:] = [f"{len(said) - _UNUSABLE_SHOWN} more files cannot be used; --json lists all."]
    return said


def _about(names: Sequence[str], what: str, remedy: str) -> list[str]:
    if not names:
        return []
    clips = "1 clip is" if len(names) == 1 else f"{len(names)} clips are"
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return [f"{clips} {what} ({', '.join(names[:_SHOWN])}{more}): {remedy}"]


def _about_copies(report: Report) -> list[str]:
    said = []
    if report.duplicates:
        n_extra = sum(len(members) - 1 for members in report.duplicates)
        clips = "1 clip is a copy of another" if n_extra == 1 else f"{n_extra} clips are copies of others"
        example = " = ".join(report.duplicates[0][:_SHOWN])
        said.append(f"{clips} ({example}): keep one of each, or they count twice.")
    if report.near_duplicates is None:
        said.append(
            "There are too many clips to look for near-duplicates: divide them by group if the same sound was taken often."
        )
    elif report.near_duplicates:
        n_clips = sum(len(members) for members in report.near_duplicates)
        example = ", ".join(report.near_duplicates[0][:_SHOWN])
        said.append(
            f"{n_clips} clips are nearly equal to others (for example {example}): divide them by group, so that no sound is both "
            "learned from and tested on."
        )
    return said


def _about_number(report: Report) -> list[str]:
    said = []
    if set(report.labels) == {"none"} and report.n_clips < FEW_CLIPS:
        said.append(f"There are fewer than {FEW_CLIPS} clips to learn from: add clips.")
    few = {label: count for label, count in report.labels.items() if count < FEW_CLIPS and label != "none"}
    if few:
        said.append(
            f"Some labels have fewer than {FEW_CLIPS} clips to learn from ({counts(few)}): add clips, or leave the label out."
        )
    missing = report.labels.get("none", 0)
    if missing and len(report.labels) > 1:
        said.append(
            f"{missing} of the clips have no label: put them into the sub-folder of a label, or name one in the manifest."
        )
    return said


def _about_rates(report: Report) -> list[str]:
    if len(report.sample_rates) < 2:
        return []
    lowest = min(report.sample_rates)
    return [
        f"The clips have {len(report.sample_rates)} sample rates: all are brought to one; the lowest, {lowest} Hz, leaves nothing "
        f"above {lowest // 2} Hz."
    ]
