"""Compose around a score that there is: continue it, or compose a part of it anew."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from ..base.errors import BadSetting
from ..base.parameters import Writes
from ..base.rules import Without
from ..base.task_parameters import parameters_from
from ..contracts.composition import MAX_BARS, USUAL
from ..families.loading import load_composer
from ..music.formats import read_score
from ..music.score import Score
from ..music.timing import TEMPO, quarters_per_minute_to_us
from ..outputs.made import Made
from .compose import DEFAULT_BARS, PRESETS, ComposerName, DrawingParameters
from .score_output import composed_target


@dataclass(frozen=True)
class ReviseParameters(DrawingParameters):
    """Parameters of `revise`."""

    model: ComposerName
    score: Annotated[Path, Field(description="Score to continue, or to change; what is not composed anew stays.")]
    out: Annotated[
        Path | None,
        Field(description="Score (.mid) or sound file (.wav, .flac) to write; default: a new <score>-<seed>.mid here."),
        Writes(".mid"),
    ] = None
    bars: Annotated[
        int | None,
        Field(description=f"Continue the score by so many bars; default: {DEFAULT_BARS}.", ge=1, le=MAX_BARS),
        Without("infill", "voices", "vary"),
    ] = None
    infill: Annotated[
        str | None,
        Field(description="Bars of the score to compose anew, such as 8:12, both included."),
        Without("voices", "vary"),
    ] = None
    voices: Annotated[
        str | None,
        Field(description="Voices of the score to compose anew, such as alto,tenor,bass."),
        Without("vary"),
    ] = None
    vary: Annotated[
        float | None, Field(description="Fraction of the quarters of the score to compose anew.", ge=0, le=1)
    ] = None


@parameters_from(ReviseParameters)
def revise(given: ReviseParameters) -> Made:
    """Continue a score by a model, or compose bars, voices or a fraction of it anew; the rest stays as it is.

    Raises BadModel if there is no such composer; BadScore if a score cannot be read or written; BadSetting if an option
    is wrong, options exclude each other, or no note keeps the limits.
    """
    source = read_score(given.score)
    name, voices = PRESETS.get(given.model, (given.model, ()))
    settings = given.settings(voices, _tempo_of(source))
    target = composed_target(given.score.stem, given.seed, given.out)
    composer = load_composer(name)
    if given.infill is not None:
        revised = composer.infill(source, *_bars_of(given.infill), settings)
    elif given.voices is not None:
        names = tuple(name.strip().lower() for name in given.voices.split(","))
        revised = composer.replace_voices(source, names, settings)
    elif given.vary is not None:
        revised = composer.vary(source, given.vary, settings)
    else:
        revised = composer.continue_score(source, given.bars or DEFAULT_BARS, settings)
    if given.tempo is not None:
        revised = replace(revised, tempos=np.array([(0, quarters_per_minute_to_us(given.tempo))], TEMPO))
    return given.written(revised, target, composer)


def _tempo_of(score: Score) -> float:
    """Return the first tempo of a score in quarters a minute, within what can be composed."""
    if not len(score.tempos):
        return USUAL.tempo
    return float(np.clip(60e6 / score.tempos[0]["us_per_quarter"], 10, 400))


def _bars_of(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"\s*(\d{1,5})\s*[:-]\s*(\d{1,5})\s*|\s*(\d{1,5})\s*", text)
    if match is None:
        raise BadSetting(f"{text!r} are no bars; write the first and the last, such as 8:12, or one, such as 8.")
    return (int(match[1]), int(match[2])) if match[1] else (int(match[3]), int(match[3]))
