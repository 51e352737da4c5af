"""Pairs of text and recording: the symbols of a text, and which pairs do not belong together."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from ...data.entry import Entry, Problem

CHARACTERS_A_SECOND = (3.0, 30.0)  # of speech; people speak 8 to 20
SHORTEST_SECONDS = 0.3
WRITTEN_PHONES = re.compile(r"\[\[([^\[\]]*)\]\]")  # each of them counts as one character
PAUSE_SECONDS = (
    1.0  # that a recording may hold besides its text: few characters say little of the speed of a word by itself
)
WORST_DEVIATIONS = 4.0  # below the median, of how well frames fit symbols; in units of the median deviation


class Sentence(Protocol):
    """What is read of a sentence that a front end found."""

    @property
    def symbols(self) -> tuple[str, ...]: ...


class FrontEnd(Protocol):
    """What is asked of the front end of a language."""

    def sentences(self, text: str) -> Sequence[Sentence]: ...


def symbols_of_text(text: str, front: FrontEnd) -> tuple[str, ...]:
    """The symbols of a text that was recorded as one clip: between its sentences stands the pause of the first, without more silence."""
    joined: tuple[str, ...] = ()
    for sentence in front.sentences(text):
        joined = (*joined[:-1], *sentence.symbols[1:]) if joined else tuple(sentence.symbols)
    return joined


def check_pairs(entries: Sequence[Entry], longest_seconds: float) -> tuple[list[Entry], list[Problem]]:
    """The entries that can be learned, and why others cannot: too long, too short, or a text that no one speaks in that time."""
    kept, problems = [], []
    for entry in entries:
        reason = _reason_against(entry, longest_seconds)
        if reason:
            problems.append(Problem(entry.path, reason))
        else:
            kept.append(entry)
    return kept, problems


def _reason_against(entry: Entry, longest_seconds: float) -> str:
    """Why an entry cannot be learned, empty where it can."""
    text = (entry.text or "").strip()
    if not text:
        return "it has no text"
    if not SHORTEST_SECONDS <= entry.seconds <= longest_seconds:
        return f"it lasts {entry.seconds:.3g} s; a voice learns from {SHORTEST_SECONDS:g} to {longest_seconds:.3g} s (data.longest_seconds)"
    n_characters = len(WRITTEN_PHONES.sub(lambda match: "." * len(match[1].split()), text))
    speed = n_characters / entry.seconds
    slowest, fastest = CHARACTERS_A_SECOND
    is_slow = n_characters < slowest * (entry.seconds - PAUSE_SECONDS)
    if is_slow or speed > fastest:
        kind = "few" if is_slow else "many"
        return (
            f"its text has {speed:.3g} characters a second, too {kind} for speech ({slowest:g} to {fastest:g}); text and recording may not "
            "belong together"
        )
    return ""


def ill_fitting(fits: np.ndarray) -> np.ndarray:
    """The places in ``fits (clips,)`` (log-likelihood a frame) of the clips that fit their text far worse than others, worst first."""
    median = np.median(fits)
    deviation = max(float(np.median(np.abs(fits - median))), 1e-3)
    found = np.flatnonzero(fits < median - WORST_DEVIATIONS * 1.4826 * deviation)
    return found[np.argsort(fits[found], kind="stable")]
