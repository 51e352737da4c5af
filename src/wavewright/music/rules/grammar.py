"""Chord progressions from a grammar, and the voices that play them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from ...base.errors import BadSetting
from ...base.names import quoted
from ...base.toml_tables import TomlTable
from ..accompaniment.voicing import lead_voices
from ..theory import CHORD_KINDS, ChordSymbol, MusicalKey
from .frame import ChordSpan, PieceFrame, RuleNote, RuleSection
from .rule import Beats, VoiceRule, to_ticks, weighted_choice

DEGREES = ("I", "II", "III", "IV", "V", "VI", "VII")
MIN_SEMITONES = 18  # in which every chord has a voicing
MAX_CHORDS = 256

DEFAULT_PRODUCTIONS: dict[str, dict[str, float]] = {
    "phrase": {"T S D T": 3, "T S D": 3, "T phrase": 1, "T D T S D": 1, "T D": 0.01, "T": 0.001},
    "ending": {"T S D T": 4, "phrase S D T": 2, "S D T": 1, "D T": 0.01, "I": 0.001},
    "T": {"I": 6, "I VI": 2, "VI": 1, "I III": 0.5, "T T": 1},
    "S": {"IV": 4, "II": 4, "IV II": 1, "VI II": 1, "S S": 0.5},
    "D": {"V": 6, "VII": 0.7, "D D": 0.5, "V V": 1},
}
"""Functional harmony: tonic, subdominant and dominant areas in phrases; incomplete phrases if they are short."""


def diatonic_chord(degree: int, key: MusicalKey, n_notes: int) -> ChordSymbol:
    """Return the chord of stacked thirds on a degree of a scale of seven notes; a triad where there is no name for it.

    Raises
    ------
    BadSetting
        If the scale has not seven notes, or no such triad has a name.
    """
    if len(key.intervals) != len(DEGREES):
        raise BadSetting(f"Chords by degrees need a scale of seven notes; {key.name} has {len(key.intervals)}.")
    root = key.pitch_of_degree(degree)
    for n in (n_notes, 3):
        intervals = tuple(key.pitch_of_degree(degree + 2 * index) - root for index in range(n))
        kinds = [kind for kind, of_kind in CHORD_KINDS.items() if of_kind == intervals]
        if kinds:
            return ChordSymbol(root % 12, kinds[0])
    raise BadSetting(f"The triad on degree {DEGREES[degree]} of {key.name} has no name.")


class ChordGrammar(TomlTable):
    """A context-free grammar whose strings are degrees of the scale.

    Attributes
    ----------
    productions : dict
        What each symbol becomes, with weights: strings of symbols and of degrees ``I`` to ``VII``. ``phrase`` is where
        a section starts, ``ending`` the last one, if there is such a symbol.
    chords_per_bar : int
    sevenths : bool
        Chords of four notes.

    References
    ----------
    M. Rohrmeier, "Towards a generative syntax of tonal harmony", 2011.
    """

    productions: dict[str, dict[str, Annotated[float, Field(gt=0, le=1e6)]]] = Field(
        default=DEFAULT_PRODUCTIONS, min_length=1, max_length=64
    )
    chords_per_bar: int = Field(default=1, ge=1, le=8)
    sevenths: bool = False

    @model_validator(mode="after")
    def _derives(self) -> ChordGrammar:
        if "phrase" not in self.productions:
            raise ValueError("there is no symbol phrase, where sections start")
        for symbol, options in self.productions.items():
            for text in options:
                unknown = [word for word in text.split() if word not in self.productions and word not in DEGREES]
                if unknown or not text.split():
                    raise ValueError(f"{symbol} becomes {quoted(text)}; write symbols of the grammar and I to VII")
        for symbol in self.productions:
            reached, new = set[str](), {symbol}
            while new:
                reached |= new
                single = {text.strip() for each in new for text in self.productions[each] if len(text.split()) == 1}
                if symbol in single:
                    raise ValueError(f"{symbol} becomes itself alone; let it become a degree or several symbols")
                new = (single & self.productions.keys()) - reached
        return self

    def degrees(self, n_chords: int, rng: np.random.Generator, *, is_final: bool = False) -> list[int]:
        """Return so many degrees, 0 to 6, drawn from all strings of that length by their probabilities.

        Raises
        ------
        BadSetting
            If the grammar has no string of this length, or it is above MAX_CHORDS.
        """
        start = "ending" if is_final and "ending" in self.productions else "phrase"
        if n_chords > MAX_CHORDS:
            raise BadSetting(f"A section has {n_chords} chords; at most {MAX_CHORDS} are derived: give shorter ones.")
        derivation = _Derivation(self.productions)
        if derivation.probability(start, n_chords) <= 0:
            raise BadSetting(f"The grammar has no progression of {n_chords} chords; give another number of bars.")
        return derivation.draw((start,), n_chords, rng)

    def chords(self, frame: PieceFrame, n_bars: int, rng: np.random.Generator, *, is_final: bool) -> list[ChordSpan]:
        """Return the chords of a section; equal adjacent chords in a bar stay two."""
        degrees = self.degrees(n_bars * self.chords_per_bar, rng, is_final=is_final)
        edges = [
            bar * frame.bar_ticks + self._beat(index, frame) * frame.beat_ticks
            for bar in range(n_bars)
            for index in range(self.chords_per_bar)
        ] + [n_bars * frame.bar_ticks]
        chords = [diatonic_chord(degree, frame.key, 4 if self.sevenths else 3) for degree in degrees]
        spans = zip(edges, edges[1:], chords, strict=False)
        return [ChordSpan(start, end, chord) for start, end, chord in spans if end > start]

    def _beat(self, index: int, frame: PieceFrame) -> int:
        """Return the beat of a chord of a bar; later ones of more chords than beats are left out."""
        return -(-index * frame.n_beats // self.chords_per_bar)


class _Derivation:
    """Strings of a given length that symbols become, by inside probabilities.

    References
    ----------
    K. Lari, S. Young, "The estimation of stochastic context-free grammars using the inside-outside algorithm", 1990.
    """

    def __init__(self, productions: Mapping[str, Mapping[str, float]]) -> None:
        self._strings = {
            symbol: [(tuple(text.split()), weight / sum(options.values())) for text, weight in options.items()]
            for symbol, options in productions.items()
        }
        self._known: dict[tuple[tuple[str, ...], int], float] = {}

    def probability(self, symbol: str, n: int) -> float:
        """Return the probability that a symbol becomes a string of length ``n``."""
        for length in range(1, n):  # so that the recursion stays shallow
            for each in self._strings:
                self._inside((each,), length)
        return self._inside((symbol,), n)

    def draw(self, string: tuple[str, ...], n: int, rng: np.random.Generator) -> list[int]:
        """Return the degrees that a string of symbols becomes, ``n`` in all."""
        if len(string) > 1:
            splits = range(1, n - len(string) + 2)
            weights = [self._inside(string[:1], each) * self._inside(string[1:], n - each) for each in splits]
            first = splits[weighted_choice(rng, weights)]
            return self.draw(string[:1], first, rng) + self.draw(string[1:], n - first, rng)
        if string[0] not in self._strings:
            return [DEGREES.index(string[0])]
        options = self._strings[string[0]]
        chosen = weighted_choice(rng, [weight * self._inside(each, n) for each, weight in options])
        return self.draw(options[chosen][0], n, rng)

    def _inside(self, string: tuple[str, ...], n: int) -> float:
        """Return the probability that a string of symbols becomes one of length ``n``."""
        if len(string) > n:
            return 0.0
        if (string, n) not in self._known:
            if len(string) > 1:
                probability = sum(
                    self._inside(string[:1], first) * self._inside(string[1:], n - first)
                    for first in range(1, n - len(string) + 2)
                )
            elif string[0] in self._strings:
                probability = sum(weight * self._inside(each, n) for each, weight in self._strings[string[0]])
            else:
                probability = float(n == 1)
            self._known[string, n] = probability
        return self._known[string, n]


class Progression(VoiceRule):
    """The chords of the piece, voiced with the least motion.

    Attributes
    ----------
    notes : int
        Voices of a chord.
    value : number, optional
        Beats after which a chord is struck again; held by default.
    """

    rule: Literal["progression"] = "progression"
    notes: int = Field(default=4, ge=1, le=6)
    value: Beats | None = None

    @property
    def needs_chords(self) -> bool:
        """A progression is one of chords."""
        return True

    def compose(self, section: RuleSection, rng: np.random.Generator) -> list[RuleNote]:
        """Return the chords; those of a final section end on the tonic by the grammar."""
        pitches = self.pitches(section)
        lowest, highest = self.range or (section.frame.lowest, section.frame.highest)
        if self.notes > 1 and highest - lowest < MIN_SEMITONES:
            raise BadSetting(f"Chords need a range of {MIN_SEMITONES} semitones; this one has {highest - lowest}.")
        chords = [span.chord for span in section.chords]
        voicings = lead_voices(chords, self.notes, lowest, highest) if self.notes > 1 else self._roots(chords, pitches)
        notes = []
        for span, voicing in zip(section.chords, voicings, strict=True):
            value = span.end - span.start if self.value is None else to_ticks(self.value, section)
            for start in range(span.start, span.end, value):
                duration, velocity = min(value, span.end - start), section.velocity(start, self.velocity)
                notes += [RuleNote(start, duration, pitch, velocity) for pitch in sorted(set(voicing))]
        return notes

    @staticmethod
    def _roots(chords: list[ChordSymbol], pitches: list[int]) -> list[tuple[int, ...]]:
        """Return the root of each chord, as near as possible to that before."""
        before = pitches[len(pitches) // 3]
        roots: list[tuple[int, ...]] = []
        for chord in chords:
            tones = [p for p in pitches if p % 12 == chord.root] or [
                p for p in pitches if p % 12 in chord.pitch_classes
            ]
            before = min(tones or pitches, key=lambda pitch: (abs(pitch - before), pitch))
            roots.append((before,))
        return roots
