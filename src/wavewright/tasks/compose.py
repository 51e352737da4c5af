"""Compose scores by a model."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field

from ..audio.clip import FORMATS
from ..base.errors import BadSetting
from ..base.parameters import FREE_TEXT, NAMES_MODEL, InForm, IsMarked, MarkKey, Quiet, Writes
from ..base.rules import Without
from ..base.task_parameters import parameters_from
from ..contracts.composition import MAX_BARS, USUAL, CompositionSettings, ScoreComposer
from ..contracts.runtime import maker
from ..families.loading import load_composer
from ..music.form import FormPlan, letters_of, read_plan
from ..music.score import Score
from ..music.theory import ChordSymbol, MusicalKey, pitch_range_of
from ..outputs.made import Made
from ..outputs.watermark.marking import marking_of
from ..outputs.watermark.payload import DEFAULT_KEY
from .score_output import (
    KeyName,
    PitchRangeText,
    ScoreSeed,
    composed_score,
    composed_target,
    write_or_render,
)

DEFAULT_BARS, SECTION_BARS = 16, 8
FREE_FORM = "free"

PRESETS = {
    "chorale": ("chorales", ()),
    "quartet": ("quartets", ()),
    "lead-sheet": ("folk-tunes", ()),
    "melody": ("folk-tunes", ("melody",)),
    "chords": ("folk-tunes", ("chords",)),
    "drum-pattern": ("drum-patterns", ()),
}
"""Model and voices of each preset; no voices are all."""

ComposerName: TypeAlias = Annotated[
    str,
    Field(description=f"Composer: a name, the path of its folder, or a preset ({', '.join(PRESETS)})."),
    NAMES_MODEL,
]

STEPS_OF_NOTES = {16: 1, 8: 2, 4: 4, 2: 8}
"""Sixteenths of the smallest notes."""


@dataclass(frozen=True, kw_only=True)
class DrawingParameters:
    """Limits of a composition, and how its notes are drawn."""

    key: KeyName = None
    pitches: PitchRangeText = None
    chords: Annotated[
        str | None,
        Field(description="Chords of the bars, over and over, such as 'C Am F G'; notes start on their tones."),
        FREE_TEXT,
    ] = None
    smallest_note: Annotated[
        int, Field(description="Notes start on multiples of a 16th, 8th, 4th (quarter) or 2nd (half) in a bar.")
    ] = 16
    whole_bars: Annotated[bool, Field(description="No note is tied across a bar line.")] = False
    tempo: Annotated[
        float | None, Field(description="Quarters a minute; default: the score's, or 100.", ge=10, le=400)
    ] = None
    density: Annotated[float | None, Field(description="Few notes (0) or many (1).", ge=0, le=1), InForm(step=0.1)] = (
        None
    )
    register: Annotated[
        float | None, Field(description="A low melody (0) or a high one (1).", ge=0, le=1), InForm(step=0.1)
    ] = None
    polyphony: Annotated[
        float | None, Field(description="Few voices at once (0) or many (1).", ge=0, le=1), InForm(step=0.1)
    ] = None
    difficulty: Annotated[
        float | None,
        Field(description="Small steps on the beat (0), or leaps and quick notes (1).", ge=0, le=1),
        InForm(step=0.1),
    ] = None
    temperature: Annotated[
        float,
        Field(description="1 draws as learned; less is more usual, more is more daring.", ge=0, le=2),
        InForm(step=0.05),
    ] = 1.0
    top_p: Annotated[
        float, Field(description="Draw from the most probable notes, of so much probability together.", ge=0.01, le=1)
    ] = 0.95
    seed: ScoreSeed = 0
    watermark: IsMarked = True
    watermark_key: MarkKey = DEFAULT_KEY
    quiet: Quiet = False

    def settings(self, voices: tuple[str, ...], usual_tempo: float = USUAL.tempo) -> CompositionSettings:
        """Return the settings; raise BadSetting for a key, chords, a range or a smallest note that there is none of.

        - ``voices``: that are composed; empty: all.
        - ``usual_tempo``: in quarters a minute, where none is given.
        """
        span: dict[str, Any] = (
            {} if self.pitches is None else dict(zip(("lowest", "highest"), pitch_range_of(self.pitches), strict=True))
        )
        return CompositionSettings(
            tempo=self.tempo or usual_tempo,
            key=None if self.key is None else MusicalKey.parse(self.key),
            chords=tuple(ChordSymbol.parse(text) for text in re.split(r"[\s,|]+", self.chords or "") if text),
            onset_steps=_onset_steps(self.smallest_note),
            ends_at_bars=self.whole_bars,
            voices=voices,
            density=self.density,
            register=self.register,
            polyphony=self.polyphony,
            difficulty=self.difficulty,
            temperature=self.temperature,
            top_p=self.top_p,
            seed=self.seed,
            **span,
        )

    def written(self, score: Score, target: Path, composer: ScoreComposer) -> Made:
        """Write what a model composed as a score, or as sound with the mark of generated sound."""
        marking = marking_of(composer.folder.hash, self.watermark, self.watermark_key)
        write_or_render(score, target, quiet=self.quiet, marking=marking)
        is_marked = self.watermark and target.suffix.lower() in FORMATS
        return composed_score(score, target, maker(composer), self.seed, is_marked)


@dataclass(frozen=True)
class ComposeParameters(DrawingParameters):
    """Parameters of `compose`."""

    model: ComposerName
    out: Annotated[
        Path | None,
        Field(description="Score (.mid) or sound file (.wav, .flac) to write; default: a new <model>-<seed>.mid here."),
        Writes(".mid"),
    ] = None
    bars: Annotated[
        int | None,
        Field(description="Bars to compose; default: 16, or 8 for each section of a form.", ge=1, le=MAX_BARS),
    ] = None
    form: Annotated[
        str | None,
        Field(
            description="Sections of a new piece, such as AABA; A' is A with another end; 'free' plans nothing; "
            "default: drawn from the forms that the model learned from."
        ),
        FREE_TEXT,
    ] = None
    plan: Annotated[
        Path | None, Field(description="TOML file with sections, their bars and cadences."), Without("form", "bars")
    ] = None
    metre: Annotated[
        str | None,
        Field(description="Metre of a new piece: 3/4, 6/8 ...; default: 4/4."),
        FREE_TEXT,
    ] = None

    def form_plan(self) -> FormPlan | Literal[False] | None:
        """Return the form; None for one that the model draws, False for none."""
        if self.plan is not None:
            return read_plan(self.plan)
        if self.form is None or self.form.strip().lower() == FREE_FORM:
            return None if self.form is None else False
        n_bars = self.bars or min(SECTION_BARS * len(letters_of(self.form)), MAX_BARS)
        return FormPlan.of_form(self.form, n_bars)


@parameters_from(ComposeParameters)
def compose(given: ComposeParameters) -> Made:
    """Compose a score by a model. `revise` composes around a score that there is.

    Raises BadModel if there is no such composer; BadScore if a score cannot be written; BadSetting if an option is
    wrong, options exclude each other, or no note keeps the limits.
    """
    name, voices = PRESETS.get(given.model, (given.model, ()))
    form, metre = given.form_plan(), given.metre
    settings = replace(
        given.settings(voices),
        bar_steps=_bar_steps(metre or "4/4"),
        metre=None if metre is None else _metre(metre),
        form=form,
    )
    target = composed_target(Path(given.model).name, given.seed, given.out)
    composer = load_composer(name)
    composed = composer.compose(len(form) if form else given.bars or DEFAULT_BARS, settings)
    return given.written(composed, target, composer)


def _onset_steps(smallest_note: int) -> int:
    if smallest_note not in STEPS_OF_NOTES:
        known = ", ".join(map(str, STEPS_OF_NOTES))
        raise BadSetting(f"The smallest note is {smallest_note}; give one of {known}, as in 16th or 8th.")
    return STEPS_OF_NOTES[smallest_note]


def _metre(text: str) -> tuple[int, int]:
    """Return numerator and denominator of a metre, 0 and 1 for another text."""
    match = re.fullmatch(r"\s*(\d{1,2})\s*/\s*(2|4|8|16)\s*", text)
    return (int(match[1]), int(match[2])) if match else (0, 1)


def _bar_steps(metre: str) -> int:
    numerator, denominator = _metre(metre)
    steps = 16 * numerator // denominator
    if not 4 <= steps <= 64:
        raise BadSetting(f"{metre!r} is no metre that can be composed; write one from 2/8 to 16/4, such as 3/4.")
    return steps
