"""Compose pieces by rules, without a model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from ..base.parameters import FREE_TEXT, POSITIONAL, Quiet, Writes
from ..base.task_parameters import checked
from ..contracts.composition import MAX_BARS
from ..data.scores import read_scores
from ..music import rules
from ..music.theory import pitch_range_of
from ..outputs.made import Made, listed
from .score_output import (
    KeyName,
    PitchRangeText,
    ScoreSeed,
    composed_score,
    composed_target,
    write_or_render,
)


@checked
def compose_by_rule(
    rule: Annotated[
        str | None, Field(description="Name of a piece, or a TOML file; default: list the pieces."), POSITIONAL
    ] = None,
    out: Annotated[
        Path | None,
        Field(description="Score (.mid) or sound file (.wav, .flac) to write; default: a new <rule>-<seed>.mid here."),
        Writes(".mid"),
    ] = None,
    form: Annotated[
        str | None, Field(description="Sections of the piece, such as AABA; A' is A with another end.")
    ] = None,
    learn_from: Annotated[
        Path | None, Field(description="Folder of scores that the piece learns its melody from.")
    ] = None,
    bars: Annotated[int | None, Field(description="Bars; default: those of the piece.", ge=1, le=MAX_BARS)] = None,
    key: KeyName = None,
    pitches: PitchRangeText = None,
    metre: Annotated[
        str | None, Field(description="Metre: 3/4, 6/8 ...; default: that of the piece."), FREE_TEXT
    ] = None,
    tempo: Annotated[
        float | None, Field(description="Quarters a minute; default: those of the piece.", ge=10, le=400)
    ] = None,
    seed: ScoreSeed = 0,
    quiet: Quiet = False,
) -> Made:
    """Compose a piece by rules; without a name, list the pieces.

    Raises BadScore if a score cannot be read or written; BadSetting if there is no such piece, or an option is wrong.
    """
    if rule is None:
        return listed("rules", map(_description, rules.PRESETS.names), "{name}  {description}")
    target = composed_target(Path(rule).stem, seed, out)
    composed = rules.compose_by_rule(
        rule,
        key=key,
        bars=bars,
        metre=metre,
        tempo=tempo,
        form=form,
        pitches=None if pitches is None else pitch_range_of(pitches),
        seed=seed,
        tunes=() if learn_from is None else read_scores(learn_from),
    )
    write_or_render(composed, target, quiet=quiet)
    return composed_score(composed, target, f"the rule {Path(rule).stem}", seed)


def _description(name: str) -> dict[str, object]:
    piece = rules.PRESETS.load(name)
    return {"name": name, "title": piece.title, "description": piece.description}
