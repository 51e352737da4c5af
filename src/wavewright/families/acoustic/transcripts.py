"""Transcripts of recordings: their symbols, and which of them cannot belong to their recording."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from ...base.result import Failed
from ...data.entry import Entry
from ...text import FrontEnd

CHARACTERS_PER_SECOND = (3.0, 30.0)  # limits; people speak 8 to 20
MIN_SECONDS = 0.3
PAUSE_SECONDS = 1.0  # silence that a recording of a few characters may contain
PHONE_MARKUP = re.compile(r"\[\[([^\[\]]*)\]\]")  # each phone counts as one character
OUTLIER_DEVIATIONS = 4.0  # below the median, in standard deviations estimated by the median absolute deviation
MAD_TO_STD = 1.4826  # of a normal distribution


def text_to_symbols(text: str, front_end: FrontEnd) -> tuple[str, ...]:
    """Convert the text of one recording to symbols.

    - ``text``: one or more sentences.
    - ``front_end``: of the voice's language.
    - returns: between sentences, the silence that ends one and starts the next is left out; its pause mark remains.
    """
    symbols: tuple[str, ...] = ()
    for sentence in front_end.sentences(text):
        symbols = (*symbols[:-1], *sentence.symbols[1:]) if symbols else tuple(sentence.symbols)
    return symbols


def check_transcripts(entries: Sequence[Entry], max_seconds: float) -> tuple[list[Entry], list[Failed]]:
    """Select the recordings that can be learned.

    - ``entries``: recordings with texts.
    - ``max_seconds``: limit of the duration.
    - returns ``usable``: entries whose text can be spoken in their duration.
    - returns ``failed``: the other entries, each with the reason.
    """
    usable, failed = [], []
    for entry in entries:
        reason = _problem(entry, max_seconds)
        if reason:
            failed.append(Failed(entry.path, reason))
        else:
            usable.append(entry)
    return usable, failed


def _problem(entry: Entry, max_seconds: float) -> str:
    """Return why an entry cannot be learned; empty if it can."""
    text = (entry.text or "").strip()
    if not text:
        return "it has no text"
    if not MIN_SECONDS <= entry.seconds <= max_seconds:
        return (
            f"it lasts {entry.seconds:.3g} s; a voice learns from {MIN_SECONDS:g} to {max_seconds:.3g} s "
            "(data.longest_seconds)"
        )
    n_characters = len(PHONE_MARKUP.sub(lambda match: "." * len(match[1].split()), text))
    rate = n_characters / entry.seconds
    slowest, fastest = CHARACTERS_PER_SECOND
    is_slow = n_characters < slowest * (entry.seconds - PAUSE_SECONDS)
    if is_slow or rate > fastest:
        kind = "few" if is_slow else "many"
        return (
            f"its text has {rate:.3g} characters a second, too {kind} for speech ({slowest:g} to {fastest:g}); text "
            "and recording may not belong together"
        )
    return ""


def low_outliers(scores: np.ndarray) -> np.ndarray:
    """Return the recordings that match their texts far worse than the others.

    - ``scores``: mean log-likelihood of a frame, ``(clips,)``.
    - returns: indices of the outliers, worst first.
    """
    median = np.median(scores)
    deviation = max(float(np.median(np.abs(scores - median))), 1e-3)
    outliers = np.flatnonzero(scores < median - OUTLIER_DEVIATIONS * MAD_TO_STD * deviation)
    return outliers[np.argsort(scores[outliers], kind="stable")]
