"""Music by rules: random motion, Markov chains, grammars, L-systems, automata, Euclidean rhythms, counterpoint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from ...base.errors import BadSetting
from ...base.toml_tables import TomlTable, TomlTables
from ..form import n_varied
from ..score import METRE, PROGRAM, Chord, Score, Track, controls_of, key_event, notes_of
from ..theory import MusicalKey
from ..timing import TEMPO, quarters_per_minute_to_us
from .counterpoint import MIN_BARS, Counterpoint
from .frame import TICKS_PER_QUARTER, ChordSpan, PieceFrame, RuleNote, RuleSection
from .grammar import ChordGrammar, Progression
from .markov import Markov, MelodyToken, tokens_of
from .melodies import Arpeggio, Automaton, LSystem, RandomMotion
from .rhythm import Euclid
from .rule import PitchSpan, restruck

__all__ = ["PRESETS", "RulePiece", "compose_by_rule"]


AnyRule = Annotated[
    RandomMotion | Arpeggio | LSystem | Automaton | Euclid | Markov | Progression | Counterpoint,
    Field(discriminator="rule"),
]


class RulePiece(TomlTable):
    """A piece by rules, as its TOML file describes it.

    Attributes
    ----------
    title, description : str
    key, metre, form : str
        Used unless others are given.
    bars : int
    tempo : float
        Quarters a minute.
    range : (int, int)
        Of the voices that have none of their own.
    chords : ChordGrammar, optional
        Grammar of the chords; the usual one if a voice needs chords.
    voices : list of rules
    """

    title: str = Field(min_length=1, max_length=80)
    description: str = ""
    key: str = "C major"
    metre: str = "4/4"
    form: str = "A"
    bars: int = 16
    tempo: float = 100.0
    range: PitchSpan = (60, 79)
    chords: ChordGrammar | None = None
    voices: list[AnyRule] = Field(min_length=1, max_length=32)

    @property
    def grammar(self) -> ChordGrammar | None:
        """The grammar of the chords, None if no voice needs chords and there is none."""
        if self.chords is None and any(voice.needs_chords for voice in self.voices):
            return ChordGrammar()
        return self.chords

    @property
    def n_sections(self) -> int:
        """Sections of the form, by whose number the bars divide."""
        return len(PieceFrame(form=self.form, bars=self.bars).sections)

    @property
    def fewest_bars(self) -> int:
        """Bars of the shortest piece in the form."""
        shortest = MIN_BARS if any(isinstance(voice, Counterpoint) for voice in self.voices) else 1
        return shortest * self.n_sections


PRESETS = TomlTables(Path(__file__).parent / "presets", RulePiece, "rule")
"""The pieces that come with Wavewright."""


def compose_by_rule(
    rule: str | Path | RulePiece,
    *,
    key: str | None = None,
    bars: int | None = None,
    metre: str | None = None,
    tempo: float | None = None,
    form: str | None = None,
    pitches: tuple[int, int] | None = None,
    seed: int = 0,
    tunes: Sequence[Score] = (),
) -> Score:
    """Compose a score by rules.

    Parameters
    ----------
    rule : str, Path or RulePiece
        Name of a piece that comes with Wavewright, or a TOML file.
    key : str, optional
        Such as ``D``, ``F#m`` or ``A dorian``.
    bars : int, optional
    metre : str, optional
        Such as ``3/4``.
    tempo : float, optional
        Quarters a minute.
    form : str, optional
        Letters of sections, such as ``AABA``; ``A'`` is ``A`` with another end.
    pitches : (int, int), optional
        Lowest and highest pitch of voices without a range of their own.
    seed : int
        Same seed, same score.
    tunes : sequence of Score
        What rules of the kind ``markov`` learn from, instead of the tunes that come with Wavewright.

    Returns
    -------
    Score
        One track for each voice; two for a counterpoint.

    Raises
    ------
    BadSetting
        If there is no such rule, a setting is wrong, or they contradict each other.
    """
    piece = rule if isinstance(rule, RulePiece) else PRESETS.load(rule)
    lowest, highest = piece.range if pitches is None else pitches
    frame = PieceFrame(
        key=MusicalKey.parse(piece.key if key is None else key),
        lowest=lowest,
        highest=highest,
        metre=piece.metre if metre is None else metre,
        bars=piece.bars if bars is None else bars,
        tempo=piece.tempo if tempo is None else tempo,
        form=piece.form if form is None else form,
    )
    learned = [tokens_of(tune) for tune in tunes]
    if learned and not any(isinstance(voice, Markov) for voice in piece.voices):
        raise BadSetting(f"{piece.title} learns from no scores; only pieces with a voice of the rule markov do.")
    return _Composition(piece, frame, seed, learned).score()


class _Composition:
    """The sections of a piece, each composed once."""

    def __init__(self, piece: RulePiece, frame: PieceFrame, seed: int, learned: list[list[MelodyToken]]) -> None:
        self._piece, self._frame, self._seed, self._learned = piece, frame, seed, learned
        self._n_bars = frame.bars // len(frame.sections)

    def score(self) -> Score:
        frame, n_ticks = self._frame, self._n_bars * self._frame.bar_ticks
        lines = [(voice, name) for voice in self._piece.voices for name in voice.line_names]
        rows: list[list[tuple[int, int, int, int]]] = [[] for _ in lines]
        chords: list[Chord] = []
        last = frame.sections[-1]
        for index, letter in enumerate(frame.sections):
            spans, parts = self._section(letter, is_final=letter[0] == last[0])
            offset = index * n_ticks
            chords += [Chord(offset + span.start, span.chord.symbol(frame.key.sharps)) for span in spans]
            for row, notes in zip(rows, parts, strict=True):
                row += [(offset + each.start, each.duration, each.pitch, each.velocity) for each in notes]
        numerator, denominator = frame.metre_numbers
        return Score(
            tracks=tuple(
                Track(
                    notes_of(row),
                    name,
                    is_drum=voice.is_drum,
                    controls=controls_of([(0, PROGRAM, 0, voice.program)]),
                )
                for (voice, name), row in zip(lines, rows, strict=True)
            ),
            ticks_per_quarter=TICKS_PER_QUARTER,
            tempos=np.array([(0, quarters_per_minute_to_us(frame.tempo))], TEMPO),
            metres=np.array([(0, numerator, denominator, 24, 8)], METRE),
            keys=key_event(frame.key),
            chords=tuple(chords),
            title=self._piece.title,
            length=frame.bars * frame.bar_ticks,
        )

    def _section(self, letter: str, *, is_final: bool) -> tuple[list[ChordSpan], list[list[RuleNote]]]:
        """Return the chords and the notes of each track of a section; a prime changes the end of its letter's."""
        plain = self._composed(letter[0], 0, is_final=is_final)
        if len(letter) == 1:
            return plain
        other = self._composed(letter[0], 1, is_final=is_final)
        if any(isinstance(voice, Counterpoint) for voice in self._piece.voices):
            return other  # what is found as a whole is varied as a whole
        cut = (self._n_bars - n_varied(self._n_bars)) * self._frame.bar_ticks
        spans = [replace(span, end=min(span.end, cut)) for span in plain[0] if span.start < cut]
        spans += [replace(span, start=max(span.start, cut)) for span in other[0] if span.end > cut]
        parts = [
            [note for note in before if note.start < cut] + [note for note in after if note.start >= cut]
            for before, after in zip(plain[1], other[1], strict=True)
        ]
        return spans, parts

    def _composed(self, letter: str, variation: int, *, is_final: bool) -> tuple[list[ChordSpan], list[list[RuleNote]]]:
        """Return the chords and the notes of a letter; the same for the same seed."""
        numbers = [self._seed, ord(letter), variation]
        grammar = self._piece.grammar
        spans: list[ChordSpan] = []
        if grammar is not None:
            rng = np.random.default_rng([*numbers, 0])
            spans = grammar.chords(self._frame, self._n_bars, rng, is_final=is_final)
        section = RuleSection(self._frame, self._n_bars, tuple(spans), is_final)
        parts = []
        for index, voice in enumerate(self._piece.voices):
            rng = np.random.default_rng([*numbers, 1 + index])
            if self._learned and isinstance(voice, Markov):
                parts.append(voice.compose_from(self._learned, section, rng))
            else:
                parts += voice.compose_lines(section, rng)
        return spans, [restruck(notes) for notes in parts]
