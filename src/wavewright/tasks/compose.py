"""Compose scores by a model: new ones, or around a score that there is."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from ..contracts.composition import MAX_BARS, USUAL, CompositionSettings, ScoreComposer
from ..errors import BadSetting
from ..loading import load_composer
from ..music.formats import read_score
from ..music.score import Score
from ..music.theory import ChordSymbol, MusicalKey, pitch_range_of
from ..names import file_stem
from ..parameters import MAX_SEED, Quiet
from ..whole_file import check_target
from . import checked
from .score_output import write_or_render

PRESETS = {
    "chorale": ("chorales", ()),
    "lead-sheet": ("folk-tunes", ()),
    "melody": ("folk-tunes", ("melody",)),
    "chords": ("folk-tunes", ("chords",)),
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
    """

    out: Path
    model: str
    seed: int
    bars: int
    n_notes: int
    seconds: float
    voices: tuple[str, ...]

    def __str__(self) -> str:
        """Return the file, its length, its notes and its voices."""
        return (
            f"{self.out}: {self.bars} bars, {self.seconds:.1f} s, {self.n_notes} notes for {', '.join(self.voices)}, "
            f"by {self.model}, seed {self.seed}"
        )


@checked
def compose(
    model: Annotated[
        str, Field(description=f"Composer: a name, the path of its folder, or a preset ({', '.join(PRESETS)}).")
    ],
    out: Annotated[
        Path | None,
        Field(description="Score (.mid) or sound file (.wav, .flac) to write; default: <model>-<seed>.mid here."),
    ] = None,
    bars: Annotated[int, Field(description="Bars to compose.", ge=1, le=MAX_BARS)] = 16,
    continue_from: Annotated[Path | None, Field(description="Score that is continued by so many bars.")] = None,
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
    key: Annotated[str | None, Field(description="Only notes of this key, such as D, F#m or A dorian.")] = None,
    pitches: Annotated[str | None, Field(description="Only notes of this range, such as C4..G5.")] = None,
    chords: Annotated[
        str | None,
        Field(description="Chords of the bars, over and over, such as 'C Am F G'; notes start on their tones."),
    ] = None,
    smallest_note: Annotated[
        int, Field(description="Notes start on multiples of a 16th, 8th, 4th (quarter) or 2nd (half) in a bar.")
    ] = 16,
    whole_bars: Annotated[bool, Field(description="No note is tied across a bar line.")] = False,
    metre: Annotated[str, Field(description="Metre of a new piece: 4/4, 3/4, 6/8 ...")] = "4/4",
    tempo: Annotated[
        float | None, Field(description="Quarters a minute; default: the score's, or 100.", ge=10, le=400)
    ] = None,
    temperature: Annotated[
        float, Field(description="1 draws as learned; less is more usual, more is more daring.", ge=0, le=2)
    ] = 1.0,
    top_p: Annotated[
        float, Field(description="Draw from the most probable notes, of so much probability together.", ge=0.01, le=1)
    ] = 0.95,
    seed: Annotated[int, Field(description="Same seed, same score.", ge=0, le=MAX_SEED)] = 0,
    quiet: Quiet = False,
) -> ComposedScore:
    """Compose a score by a model, new or around another score.

    Raises
    ------
    BadModel
        If there is no such composer.
    BadScore
        If a score cannot be read or written.
    BadSetting
        If an option is wrong, or no note keeps the limits.
    """
    name, chosen_voices = PRESETS.get(model, (model, ()))
    request = _Request(continue_from, score, infill, voices, vary, bars)
    source = request.source()
    settings = CompositionSettings(
        tempo=tempo or _tempo_of(source),
        key=None if key is None else MusicalKey.parse(key),
        chords=tuple(ChordSymbol.parse(text) for text in (chords or "").split()),
        onset_steps=_onset_steps(smallest_note),
        ends_at_bars=whole_bars,
        bar_steps=_bar_steps(metre),
        temperature=temperature,
        top_p=top_p,
        seed=seed,
    )
    if pitches is not None:
        lowest, highest = pitch_range_of(pitches)
        settings = replace(settings, lowest=lowest, highest=highest)
    target = Path(f"{file_stem(Path(model).name)}-{seed}.mid") if out is None else out
    check_target(target)
    composer = load_composer(name)
    composed = request.compose(composer, source, settings)
    if source is not None and key is None:
        composed = replace(composed, keys=source.keys)
    if chosen_voices:
        composed = replace(composed, tracks=tuple(track for track in composed.tracks if track.name in chosen_voices))
    write_or_render(composed, target, quiet=quiet)
    metre_of_score = composed.metres[0]
    bar_ticks = 4 * composed.ticks_per_quarter * int(metre_of_score["numerator"]) / int(metre_of_score["denominator"])
    return ComposedScore(
        out=target,
        model=composer.name,
        seed=seed,
        bars=round(composed.length / bar_ticks),
        n_notes=composed.n_notes,
        seconds=round(composed.seconds, 2),
        voices=tuple(track.name for track in composed.tracks),
    )


@dataclass(frozen=True)
class _Request:
    """Kind of composition; raises BadSetting for options that contradict each other."""

    continue_from: Path | None
    score: Path | None
    infill: str | None
    voices: str | None
    vary: float | None
    bars: int

    def __post_init__(self) -> None:
        requested = {"--infill": self.infill, "--voices": self.voices, "--vary": self.vary}
        options = [option for option, value in requested.items() if value is not None]
        if len(options) > 1 or (options and self.continue_from is not None):
            others = [*options, *(["--continue-from"] if self.continue_from is not None else [])]
            raise BadSetting(f"{' and '.join(others)} cannot be combined; give one of them, and the others later.")
        if options and self.score is None:
            raise BadSetting(f"{options[0]} needs the score that it changes; give it with --score FILE.")
        if self.score is not None and not options:
            raise BadSetting("--score needs one of --infill, --voices and --vary; or use --continue-from.")

    def source(self) -> Score | None:
        """Return the score that is continued or changed."""
        path = self.continue_from or self.score
        return None if path is None else read_score(path)

    def compose(self, composer: ScoreComposer, source: Score | None, settings: CompositionSettings) -> Score:
        """Return the score."""
        if source is None:
            return composer.compose(self.bars, settings)
        if self.infill is not None:
            return composer.infill(source, *_bars_of(self.infill), settings)
        if self.voices is not None:
            return composer.replace_voices(source, tuple(name.strip() for name in self.voices.split(",")), settings)
        if self.vary is not None:
            return composer.vary(source, self.vary, settings)
        return composer.continue_score(source, self.bars, settings)


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


def _bar_steps(metre: str) -> int:
    match = re.fullmatch(r"\s*(\d{1,2})\s*/\s*(2|4|8|16)\s*", metre)
    steps = 16 * int(match[1]) // int(match[2]) if match else 0
    if not 4 <= steps <= 64:
        raise BadSetting(f"{metre!r} is no metre that can be composed; write one from 2/8 to 16/4, such as 3/4.")
    return steps
