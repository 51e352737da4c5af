"""Compose scores by a model, new ones or around a score that there is."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from ..audio.clip import FORMATS
from ..base.errors import BadSetting
from ..base.parameters import FREE_TEXT, NAMES_MODEL, InForm, IsMarked, MarkKey, Quiet, Writes
from ..contracts.composition import MAX_BARS, USUAL, CompositionSettings, ScoreComposer
from ..contracts.model_results import maker
from ..families.loading import load_composer
from ..music.form import FormPlan, letters_of, read_plan
from ..music.formats import read_score
from ..music.score import Score
from ..music.theory import ChordSymbol, MusicalKey, pitch_range_of
from ..music.timing import TEMPO, quarters_per_minute_to_us
from ..outputs.made import Made
from ..outputs.watermark.marking import marking_of
from ..outputs.watermark.sequences import DEFAULT_KEY
from . import checked
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
    "lead-sheet": ("folk-tunes", ()),
    "melody": ("folk-tunes", ("melody",)),
    "chords": ("folk-tunes", ("chords",)),
    "drum-pattern": ("drum-patterns", ()),
}
"""Model and voices of each preset; no voices are all."""

STEPS_OF_NOTES = {16: 1, 8: 2, 4: 4, 2: 8}
"""Sixteenths of the smallest notes."""


@checked
def compose(
    model: Annotated[
        str,
        Field(description=f"Composer: a name, the path of its folder, or a preset ({', '.join(PRESETS)})."),
        NAMES_MODEL,
    ],
    out: Annotated[
        Path | None,
        Field(description="Score (.mid) or sound file (.wav, .flac) to write; default: <model>-<seed>.mid here."),
        Writes(".mid"),
    ] = None,
    bars: Annotated[
        int | None,
        Field(description="Bars to compose; default: 16, or 8 for each section of a form.", ge=1, le=MAX_BARS),
    ] = None,
    form: Annotated[
        str | None,
        Field(
            description="Sections of a new piece, such as AABA; A' is A with another end; 'free' plans nothing; "
            "default: drawn from the forms that the model learned from."
        ),
        FREE_TEXT,
    ] = None,
    plan: Annotated[Path | None, Field(description="TOML file with sections, their bars and cadences.")] = None,
    continue_: Annotated[Path | None, Field(description="Score that is continued by so many bars.")] = None,
    score: Annotated[
        Path | None, Field(description="Score for --infill, --voices and --vary, whose rest stays as it is.")
    ] = None,
    infill: Annotated[
        str | None, Field(description="Bars of the score to compose anew, such as 8:12, both included.")
    ] = None,
    voices: Annotated[
        str | None, Field(description="Voices of the score to compose anew, such as alto,tenor,bass.")
    ] = None,
    vary: Annotated[
        float | None, Field(description="Fraction of the quarters of the score to compose anew.", ge=0, le=1)
    ] = None,
    key: KeyName = None,
    pitches: PitchRangeText = None,
    chords: Annotated[
        str | None,
        Field(description="Chords of the bars, over and over, such as 'C Am F G'; notes start on their tones."),
        FREE_TEXT,
    ] = None,
    smallest_note: Annotated[
        int, Field(description="Notes start on multiples of a 16th, 8th, 4th (quarter) or 2nd (half) in a bar.")
    ] = 16,
    whole_bars: Annotated[bool, Field(description="No note is tied across a bar line.")] = False,
    metre: Annotated[
        str | None,
        Field(description="Metre of a new piece: 3/4, 6/8 ...; default: 4/4."),
        FREE_TEXT,
    ] = None,
    tempo: Annotated[
        float | None, Field(description="Quarters a minute; default: the score's, or 100.", ge=10, le=400)
    ] = None,
    density: Annotated[
        float | None, Field(description="Few notes (0) or many (1).", ge=0, le=1), InForm(step=0.1)
    ] = None,
    register: Annotated[
        float | None, Field(description="A low melody (0) or a high one (1).", ge=0, le=1), InForm(step=0.1)
    ] = None,
    polyphony: Annotated[
        float | None, Field(description="Few voices at once (0) or many (1).", ge=0, le=1), InForm(step=0.1)
    ] = None,
    difficulty: Annotated[
        float | None,
        Field(description="Small steps on the beat (0), or leaps and quick notes (1).", ge=0, le=1),
        InForm(step=0.1),
    ] = None,
    temperature: Annotated[
        float,
        Field(description="1 draws as learned; less is more usual, more is more daring.", ge=0, le=2),
        InForm(step=0.05),
    ] = 1.0,
    top_p: Annotated[
        float, Field(description="Draw from the most probable notes, of so much probability together.", ge=0.01, le=1)
    ] = 0.95,
    seed: ScoreSeed = 0,
    watermark: IsMarked = True,
    watermark_key: MarkKey = DEFAULT_KEY,
    quiet: Quiet = False,
) -> Made:
    """Compose a score by a model, new or around another score.

    Raises BadModel if there is no such composer; BadScore if a score cannot be read or written; BadSetting if an option
    is wrong, options exclude each other, or no note keeps the limits.
    """
    if infill is not None and score is None:  # of the score that --continue names
        score, continue_ = continue_, None
    request = _Request(continue_, score, infill, voices, vary, bars, metre, form, plan)
    span = None if pitches is None else pitch_range_of(pitches)
    name, chosen_voices = PRESETS.get(model, (model, ()))
    source = request.source()
    settings = CompositionSettings(
        tempo=tempo or _tempo_of(source),
        key=None if key is None else MusicalKey.parse(key),
        chords=tuple(ChordSymbol.parse(text) for text in re.split(r"[\s,|]+", chords or "") if text),
        onset_steps=_onset_steps(smallest_note),
        ends_at_bars=whole_bars,
        bar_steps=_bar_steps(metre or "4/4"),
        metre=None if metre is None else _metre(metre),
        voices=chosen_voices,
        form=request.form_plan(),
        density=density,
        register=register,
        polyphony=polyphony,
        difficulty=difficulty,
        temperature=temperature,
        top_p=top_p,
        seed=seed,
    )
    if span is not None:
        settings = replace(settings, lowest=span[0], highest=span[1])
    target = composed_target(Path(model).name, seed, out)
    composer = load_composer(name)
    composed = request.compose(composer, source, settings)
    if source is not None and tempo is not None:
        composed = replace(composed, tempos=np.array([(0, quarters_per_minute_to_us(tempo))], TEMPO))
    marking = marking_of(composer.folder.hash, watermark, watermark_key)
    write_or_render(composed, target, quiet=quiet, marking=marking)
    is_marked = watermark and target.suffix.lower() in FORMATS
    return composed_score(composed, target, maker(composer), seed, is_marked)


@dataclass(frozen=True)
class _Request:
    """Kind of composition; raises BadSetting for options that contradict each other."""

    continue_from: Path | None
    score: Path | None
    infill: str | None
    voices: str | None
    vary: float | None
    bars: int | None
    metre: str | None
    form: str | None
    plan: Path | None

    def __post_init__(self) -> None:
        requested = {"--infill": self.infill, "--voices": self.voices, "--vary": self.vary}
        options = [option for option, value in requested.items() if value is not None]
        if len(options) > 1 or (options and self.continue_from is not None):
            others = [*options, *(["--continue"] if self.continue_from is not None else [])]
            raise BadSetting(f"{' and '.join(others)} cannot be combined; give one of them, and the others later.")
        if options and self.score is None:
            raise BadSetting(f"{options[0]} needs the score that it changes; give it with --score FILE.")
        if self.score is not None and not options:
            raise BadSetting("--score needs one of --infill, --voices and --vary; or use --continue.")
        if options and self.bars is not None:
            raise BadSetting(f"The score of {options[0]} keeps its length; leave --bars out.")
        if self.metre is not None and (options or self.continue_from is not None):
            raise BadSetting("A score that is continued or changed keeps its metre; leave --metre out.")
        forms = {"--form": self.form, "--plan": self.plan}
        planned = [option for option, value in forms.items() if value is not None]
        if len(planned) > 1:
            raise BadSetting("--form and --plan both say which sections return; give one of them.")
        if planned and (options or self.continue_from is not None):
            raise BadSetting(f"{planned[0]} is for new pieces; leave it out where a score is continued or changed.")
        if self.plan is not None and self.bars is not None:
            raise BadSetting("--plan says how many bars a piece has; leave --bars out.")

    def source(self) -> Score | None:
        """Return the score that is continued or changed."""
        path = self.continue_from or self.score
        return None if path is None else read_score(path)

    def form_plan(self) -> FormPlan | Literal[False] | None:
        """Return the form of a new piece; None for one that the model draws, False for none."""
        if self.plan is not None:
            return read_plan(self.plan)
        if self.form is None or self.form.strip().lower() == FREE_FORM:
            return None if self.form is None else False
        n_bars = self.bars or min(SECTION_BARS * len(letters_of(self.form)), MAX_BARS)
        return FormPlan.of_form(self.form, n_bars)

    def compose(self, composer: ScoreComposer, source: Score | None, settings: CompositionSettings) -> Score:
        """Return the score."""
        bars = self.bars or DEFAULT_BARS
        if source is None:
            return composer.compose(len(settings.form) if settings.form else bars, settings)
        if self.infill is not None:
            return composer.infill(source, *_bars_of(self.infill), settings)
        if self.voices is not None:
            names = tuple(name.strip().lower() for name in self.voices.split(","))
            return composer.replace_voices(source, names, settings)
        if self.vary is not None:
            return composer.vary(source, self.vary, settings)
        return composer.continue_score(source, bars, settings)


def _tempo_of(score: Score | None) -> float:
    """Return the first tempo of a score in quarters a minute, within what can be composed."""
    if score is None or not len(score.tempos):
        return USUAL.tempo
    return float(np.clip(60e6 / score.tempos[0]["us_per_quarter"], 10, 400))


def _bars_of(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"\s*(\d{1,5})\s*[:-]\s*(\d{1,5})\s*|\s*(\d{1,5})\s*", text)
    if match is None:
        raise BadSetting(f"{text!r} are no bars; write the first and the last, such as 8:12, or one, such as 8.")
    return (int(match[1]), int(match[2])) if match[1] else (int(match[3]), int(match[3]))


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
