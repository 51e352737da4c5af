"""Clips that a model generates for an audit: of all labels and speakers, and continuations of recordings."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..base.errors import BadSetting
from ..contracts.generation import ClipRequest, SequenceGenerator
from ..contracts.runtime import Generator
from .recordings import AuditedRecording

PROMPT_FRACTION = 0.5
MIN_PROMPT_SECONDS = 0.1
MAX_CONTINUED_SECONDS = 10.0
"""Longest part of a recording whose half is continued."""


@dataclass(frozen=True)
class AuditedClip:
    """A generated wave ``(time,)``, what it is, and the label and speaker that were asked for."""

    wave: np.ndarray
    name: str
    request: str


@dataclass(frozen=True)
class Continuation:
    """A model's continuation of the first half of a recording, and its second half, ``(time,)`` each."""

    recording: AuditedRecording
    rest: np.ndarray
    expected: np.ndarray


def generated_clips(model: Generator, count: int, seed: int) -> Iterator[AuditedClip]:
    """Yield ``count`` clips of every label and speaker in turn, at least one of each."""
    choices = list(itertools.product(model.labels or (None,), speakers_of(model) or (None,)))
    for index in range(max(count, len(choices))):
        turn, number = divmod(index, len(choices))
        label, speaker = choices[number]
        options = {} if speaker is None else {"speaker": speaker}
        wave = model.generate(label, 1, seed, turn, **options)[0]
        request = ", ".join(text for text in (label, speaker) if text is not None)
        name = f"{request}{', ' if request else ''}seed {seed}, clip {turn}"
        yield AuditedClip(wave.mean(axis=0), name, request)


def continuations(
    model: SequenceGenerator[ClipRequest],
    recordings: Sequence[AuditedRecording],
    seed: int,
    show: Callable[[float], None],
) -> Iterator[Continuation]:
    """Yield what the model continues the first half of each recording with; too short recordings are left out."""
    speakers = speakers_of(model)
    for number, recording in enumerate(recordings):
        wave = recording.prepared[: int(MAX_CONTINUED_SECONDS * recording.sample_rate)]
        n_prompt = int(PROMPT_FRACTION * len(wave))
        label, speaker = recording.entry.label, recording.entry.speaker
        if n_prompt >= MIN_PROMPT_SECONDS * recording.sample_rate:
            try:
                clip = model.continue_from(
                    wave[None, :n_prompt],
                    len(wave) / recording.sample_rate,
                    label if label in model.labels else None,
                    seed,
                    speaker=speaker if speaker in speakers else None,
                )
            except BadSetting:  # no length that the model makes
                continue
            yield Continuation(recording, clip.mean(axis=0)[n_prompt:], wave[n_prompt:])
        show(number + 1)


def speakers_of(model: Generator) -> tuple[str, ...]:
    """Return the speakers that a model can be asked for."""
    return tuple(getattr(model, "speakers", ())) if "speaker" in model.options else ()
