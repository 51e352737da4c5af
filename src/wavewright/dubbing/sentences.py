"""Join the cues of one sentence, which is translated and spoken as one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from .subtitle_files import JOINED_SECONDS, SpeechSegment

MAX_SENTENCE_SECONDS = 15.0
MAX_PAUSE_SECONDS = 0.5  # within a sentence
LEAST_PUNCTUATED = 0.1  # of the cues, without which nothing says where sentences end

_END = re.compile(r"[.!?:\u2026\u3002\uff01\uff1f\u061f\u0964]\W*$")
_ELLIPSIS = re.compile(r"(?:\.\.|\u2026)\W*$")
_TURN = re.compile(r"\s*[-\u2013\u2014]\s*\w")  # another speaker


def join_sentences(cues: Sequence[SpeechSegment]) -> list[SpeechSegment]:
    """Return the cues in the order of their starts, those of one sentence and speaker as one.

    A sentence goes on over short pauses, up to MAX_SENTENCE_SECONDS. Where hardly any cue ends with punctuation, as in
    automatic captions, all cues stay as they are.
    """
    n_ends = sum(bool(_END.search(cue.text)) for cue in cues)
    if n_ends < LEAST_PUNCTUATED * len(cues):
        return list(cues)
    done: list[SpeechSegment] = []
    for cue in cues:
        if done and _goes_on(done[-1], cue):
            last = done[-1]
            words = (*last.words, *cue.words) if last.words and cue.words else ()
            done[-1] = replace(last, end=cue.end, text=f"{last.text} {cue.text}", words=words)
        else:
            done.append(cue)
    return done


def _goes_on(before: SpeechSegment, cue: SpeechSegment) -> bool:
    """Return whether a cue goes on with the sentence of what is before it."""
    is_near = -JOINED_SECONDS <= cue.start - before.end <= MAX_PAUSE_SECONDS
    if not is_near or cue.end - before.start > MAX_SENTENCE_SECONDS:
        return False
    if before.speaker != cue.speaker or _TURN.match(cue.text):
        return False
    if _ELLIPSIS.search(before.text):
        return cue.text.startswith(("..", "\u2026")) or next(filter(str.isalnum, cue.text), "").islower()
    return not _END.search(before.text)
