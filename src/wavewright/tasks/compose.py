"""Compose scores by a model, new ones or around a score that there is, or by rules."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from ..audio.clip import FORMATS
from ..base.errors import BadSetting
from ..base.names import file_stem
from ..base.parameters import FREE_TEXT, MAX_SEED, NAMES_MODEL, IsMarked, MarkKey, Quiet, Writes
from ..contracts.composition import MAX_BARS, USUAL, CompositionSettings, ScoreComposer
from ..data.scores import read_scores
from ..families.loading import load_composer
from ..music.bars import bars_of
from ..music.formats import read_score
from ..music.rules import PRESETS as RULES
from ..music.rules import compose_by_rule
from ..music.score import Score
from ..music.theory import ChordSymbol, MusicalKey, pitch_range_of
from ..music.timing import TEMPO, quarters_per_minute_to_us
from ..outputs.watermark.marking import marking_of
from ..outputs.watermark.sequences import DEFAULT_KEY
from . import POSITIONAL, checked
from .score_output import check_score_target, write_or_render

DEFAULT_BARS = 16

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


@dataclass(frozen=True, kw_only=True)
class ComposedScore:
    """A score that was composed.

    Attributes
    ----------
    out : Path
        The score, or the sound file of it.
    model : str
    seed : int
    bars, n_notes : int
    seconds : float
    voices : tuple of str
        Names of its tracks.
    is_marked : bool
        It is sound with the inaudible mark of generated sound; scores have none.
    """

    out: Path
    model: str
    seed: int
    bars: int
    n_notes: int
    seconds: float
    voices: tuple[str, ...]
    is_marked: bool = False

    def __str__(self) -> str:
        """Return the file, its length, its notes and its voices."""
        return (
            f"{self.out}: {self.bars} bars, {self.seconds:.1f} s, {self.n_notes} notes for {', '.join(self.voices)}, "
            f"by {self.model}, seed {self.seed}"
        )


@dataclass(frozen=True)
class RuleDescription:
    """A piece by rules: its name, title and description."""

    name: str
    title: str
    description: str


@dataclass(frozen=True)
class RuleList:
    """The pieces by rules that come with Wavewright."""

    rules: tuple[RuleDescription, ...]

    def __str__(self) -> str:
        """Return a line for each piece."""
        width = max(len(rule.name) for rule in self.rules)
        return "\n".join(f"{rule.name:{width}}  {rule.description}" for rule in self.rules)


@checked
def compose(
    model: Annotated[
        str | None,
        Field(description=f"Composer: a name, the path of its folder, or a preset ({', '.join(PRESETS)})."),
        NAMES_MODEL,
        POSITIONAL,
    ] = None,
    out: Annotated[
        Path | None,
        Field(description="Score (.mid) or sound file (.wav, .flac) to write; default: <model>-<seed>.mid here."),
        Writes(".mid"),
    ] = None,
    rule: Annotated[
        str | None, Field(description="Instead of a model, a piece by rules: a name (--list), or a TOML file.")
    ] = None,
    form: Annotated[
        str | None, Field(description="Sections of a piece by rules, such as AABA; A' is A with another end.")
    ] = None,
    learn_from: Annotated[
        Path | None, Field(description="Folder of scores that a piece by rules learns its melody from.")
    ] = None,
    bars: Annotated[
        int | None, Field(description="Bars to compose; default: 16, or those of the rules.", ge=1, le=MAX_BARS)
    ] = None,
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
    key: Annotated[
        str | None, Field(description="Only notes of this key, such as D, F#m or A dorian."), FREE_TEXT
    ] = None,
    pitches: Annotated[str | None, Field(description="Only notes of this range, such as C4..G5.")] = None,
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
        Field(description="Metre of a new piece: 3/4, 6/8 ...; default: 4/4, or that of the rules."),
        FREE_TEXT,
    ] = None,
    tempo: Annotated[
        float | None, Field(description="Quarters a minute; default: the score's, the rules', or 100.", ge=10, le=400)
    ] = None,
    temperature: Annotated[
        float, Field(description="1 draws as learned; less is more usual, more is more daring.", ge=0, le=2)
    ] = 1.0,
    top_p: Annotated[
        float, Field(description="Draw from the most probable notes, of so much probability together.", ge=0.01, le=1)
    ] = 0.95,
    seed: Annotated[int, Field(description="Same seed, same score.", ge=0, le=MAX_SEED)] = 0,
    list_: Annotated[bool, Field(description="List the pieces by rules.")] = False,
    watermark: IsMarked = True,
    watermark_key: MarkKey = DEFAULT_KEY,
    quiet: Quiet = False,
) -> ComposedScore | RuleList:
    """Compose a score by a model, new or around another score, or by rules.

    Returns
    -------
    ComposedScore, or RuleList

    Raises
    ------
    BadModel
        If there is no such composer.
    BadScore
        If a score cannot be read or written.
    BadSetting
        If an option is wrong, options exclude each other, or no note keeps the limits.
    """
    if list_:
        return RuleList(tuple(_description(name) for name in RULES.names))
    if infill is not None and score is None:  # of the score that --continue names
        score, continue_ = continue_, None
    request = _Request(continue_, score, infill, voices, vary, bars, metre)
    span = None if pitches is None else pitch_range_of(pitches)
    if rule is not None:
        of_models = {"MODEL": model, "--chords": chords, "--whole-bars": whole_bars or None, **request.options}
        excluded = [option for option, value in of_models.items() if value is not None]
        if excluded:
            raise BadSetting(f"{excluded[0]} belongs to models; leave it or --rule out.")
        target = _target(Path(rule).stem, seed, out)
        tunes = () if learn_from is None else read_scores(learn_from)
        composed = compose_by_rule(
            rule, key=key, bars=bars, metre=metre, tempo=tempo, form=form, pitches=span, seed=seed, tunes=tunes
        )
        write_or_render(composed, target, quiet=quiet)
        return _result(composed, target, f"the rule {Path(rule).stem}", seed)
    if model is None:
        raise BadSetting(
            "There is neither a model nor a rule; give one such as chorales, or --rule with a name (--list)."
        )
    if form is not None or learn_from is not None:
        raise BadSetting(f"{'--form' if form is not None else '--learn-from'} belongs to --rule; leave it out.")
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
        temperature=temperature,
        top_p=top_p,
        seed=seed,
    )
    if span is not None:
        settings = replace(settings, lowest=span[0], highest=span[1])
    target = _target(Path(model).name, seed, out)
    composer = load_composer(name)
    composed = request.compose(composer, source, settings)
    if source is not None and tempo is not None:
        composed = replace(composed, tempos=np.array([(0, quarters_per_minute_to_us(tempo))], TEMPO))
    marking = marking_of(composer.folder.hash, watermark, watermark_key)
    write_or_render(composed, target, quiet=quiet, marking=marking)
    return _result(composed, target, composer.name, seed, is_marked=watermark and target.suffix.lower() in FORMATS)


def _description(name: str) -> RuleDescription:
    piece = RULES.load(name)
    return RuleDescription(name, piece.title, piece.description)


def _target(name: str, seed: int, out: Path | None) -> Path:
    """Return the file to write; raise BadSetting or BadFolder if it cannot be written."""
    target = Path(f"{file_stem(name)}-{seed}.mid") if out is None else out
    check_score_target(target)
    return target


def _result(score: Score, target: Path, model: str, seed: int, is_marked: bool = False) -> ComposedScore:
    return ComposedScore(
        out=target,
        model=model,
        seed=seed,
        bars=bars_of(score, to_end=True)[-1].number,
        n_notes=score.n_notes,
        seconds=round(score.seconds, 2),
        voices=tuple(track.name for track in score.tracks),
        is_marked=is_marked,
    )


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

    @property
    def options(self) -> dict[str, object]:
        """Options that belong to models only; None where it is not given."""
        return {
            "--continue": self.continue_from,
            "--score": self.score,
            "--infill": self.infill,
            "--voices": self.voices,
            "--vary": self.vary,
        }

    def source(self) -> Score | None:
        """Return the score that is continued or changed."""
        path = self.continue_from or self.score
        return None if path is None else read_score(path)

    def compose(self, composer: ScoreComposer, source: Score | None, settings: CompositionSettings) -> Score:
        """Return the score."""
        bars = self.bars or DEFAULT_BARS
        if source is None:
            return composer.compose(bars, settings)
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
