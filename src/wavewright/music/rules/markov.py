"""Melodies by Markov chains of any order, learned from tunes, with back-off where a context never occurred."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from ...base.errors import BadSetting
from ...base.toml_tables import TomlTable
from ..accompaniment.melody import find_key, melody_track, skyline
from ..bars import bars_of
from ..score import METRE, Score, Track, notes_of
from ..theory import MusicalKey, nearest_of, pitch_of
from .frame import TICKS_PER_QUARTER, RuleNote, RuleSection
from .melodies import nearest_pitch, tonic_near
from .rule import VoiceRule, weighted_choice

TUNES = Path(__file__).parent / "tunes.toml"
MAX_ORDER = 12
GRID = 12
"""Steps of a quarter to which starts and durations are rounded: thirty-seconds of triplets are lost."""

MAX_QUARTERS = 8
"""Longest note or rest that is learned."""

REST = None


@dataclass(frozen=True)
class MelodyToken:
    """A note or a rest of a melody in any key.

    Attributes
    ----------
    interval : int, optional
        Semitones above the tonic in the middle of the melody; None for a rest.
    steps : int
        Duration in steps of GRID to a quarter.
    """

    interval: int | None
    steps: int


def tokens_of(score: Score) -> list[MelodyToken]:
    """Return the melody of a score as tokens, relative to the tonic that is nearest to its mean pitch.

    Raises
    ------
    BadSetting
        If it has no melody.
    """
    notes = skyline(score.tracks[melody_track(score)])
    key = find_key(notes, bars_of(score))
    tonic = nearest_of(round(float(notes["pitch"].mean())), [key.tonic])
    per_step = score.ticks_per_quarter / GRID
    starts = np.rint(notes["start"] / per_step).astype(int)
    ends = np.rint((notes["start"] + notes["duration"]) / per_step).astype(int)
    following = np.append(starts[1:], ends[-1:])
    ends = np.minimum(np.maximum(ends, starts + 1), following)
    ends = np.where(following - ends < GRID // 4, following, ends)  # played short, not a rest
    tokens = []
    for start, end, after, pitch in zip(starts, ends, following, notes["pitch"], strict=True):
        if end > start:
            tokens.append(MelodyToken(int(pitch) - tonic, min(int(end - start), MAX_QUARTERS * GRID)))
        if after > end:
            tokens.append(MelodyToken(REST, min(int(after - end), MAX_QUARTERS * GRID)))
    return tokens


class MarkovChain:
    """Counts of what follows each context of up to ``order`` tokens.

    Parameters
    ----------
    tunes : iterable of sequences of MelodyToken
    order : int
        Longest context, from 0.

    Raises
    ------
    BadSetting
        If there are no tokens.
    """

    def __init__(self, tunes: Iterable[Sequence[MelodyToken]], order: int) -> None:
        self.order = order
        self._counts: defaultdict[tuple[MelodyToken, ...], Counter[MelodyToken]] = defaultdict(Counter)
        for tune in tunes:
            for index, token in enumerate(tune):
                for length in range(min(order, index) + 1):
                    self._counts[tuple(tune[index - length : index])][token] += 1
        if not self._counts:
            raise BadSetting("There is no melody to learn from; give scores with one.")

    def counts(self, context: Sequence[MelodyToken]) -> Counter[MelodyToken]:
        """Return how often each token followed a context."""
        return self._counts.get(tuple(context), Counter())

    def draw(
        self, past: Sequence[MelodyToken], allowed: set[MelodyToken], rng: np.random.Generator
    ) -> MelodyToken | None:
        """Return a random next token of those that are allowed, None if none of them ever occurred.

        A context of ``c`` occurrences and ``t`` different followers decides with the probability ``c / (c + t)``,
        otherwise the next shorter one does (Witten and Bell, "The zero-frequency problem", 1991).
        """
        for length in range(min(self.order, len(past)), -1, -1):
            counts = self.counts(past[len(past) - length :])
            total, kinds = counts.total(), len(counts)
            options = [(token, count) for token, count in counts.items() if token in allowed]
            if options and (length == 0 or rng.random() * (total + kinds) < total):
                return options[weighted_choice(rng, [count for _, count in options])][0]
        return None

    @property
    def tokens(self) -> list[MelodyToken]:
        """All tokens that occurred."""
        return list(self._counts[()])


class Markov(VoiceRule):
    """A melody by a Markov chain of notes with their durations.

    Attributes
    ----------
    order : int
        Notes that the next one depends on.
    """

    rule: Literal["markov"] = "markov"
    order: int = Field(default=3, ge=0, le=MAX_ORDER)

    def compose(self, section: RuleSection, rng: np.random.Generator) -> list[RuleNote]:
        """Return a melody in the manner of the bundled tunes of a like metre."""
        return self.compose_from(bundled_tunes(section.frame.n_beats != section.frame.metre_numbers[0]), section, rng)

    def compose_from(
        self, tunes: Sequence[Sequence[MelodyToken]], section: RuleSection, rng: np.random.Generator
    ) -> list[RuleNote]:
        """Return a melody in the manner of tunes; notes of other keys are moved to the nearest of the key."""
        pitches = self.pitches(section)
        chain = _chain(tuple(map(tuple, tunes)), self.order)
        tonic = nearest_of((pitches[0] + pitches[-1]) // 2, [section.frame.key.tonic])
        fitted = {token: self._pitch(token, tonic, pitches) for token in chain.tokens}
        usable = [token for token, pitch in fitted.items() if pitch is not None or token.interval is REST]
        per_step = TICKS_PER_QUARTER // GRID
        past: list[MelodyToken] = []
        notes: list[RuleNote] = []
        tick = 0
        while tick < section.length:
            left = section.frame.bar_ticks - tick % section.frame.bar_ticks
            allowed = {token for token in usable if token.steps * per_step <= left}
            if tick + left == section.length and not notes:
                allowed = {token for token in allowed if token.interval is not REST} or allowed
            token = chain.draw(past, allowed, rng)
            duration = left if token is None else token.steps * per_step
            pitch = tonic if token is None else fitted[token]
            if pitch is not None:
                pitch = nearest_pitch(pitches, pitch)
                notes.append(RuleNote(tick, duration, pitch, section.velocity(tick, self.velocity)))
            past = past if token is None else [*past[-MAX_ORDER:], token]
            tick += duration
        if section.is_final and notes:
            last = notes[-1]
            bar_end = last.start - last.start % section.frame.bar_ticks + section.frame.bar_ticks
            notes[-1] = RuleNote(
                last.start, bar_end - last.start, tonic_near(section, pitches, last.pitch), last.velocity
            )
        return notes

    @staticmethod
    def _pitch(token: MelodyToken, tonic: int, pitches: list[int]) -> int | None:
        """Return the pitch of a token in the key, None for a rest and where it is outside of the range."""
        if token.interval is None:
            return None
        target = tonic + token.interval
        pitch = nearest_pitch(pitches, target)
        return pitch if abs(pitch - target) <= 2 else None


@cache
def _chain(tunes: tuple[tuple[MelodyToken, ...], ...], order: int) -> MarkovChain:
    return MarkovChain(tunes, order)


class TuneTable(TomlTable):
    """A tune in the public domain: key, metre, and notes with their lengths in eighths, such as ``F#4:3 r E4``."""

    title: str
    metre: str
    key: str
    notes: str
    chords: str = ""

    def score(self, ticks_per_quarter: int = TICKS_PER_QUARTER) -> Score:
        """Return the tune as a score of one track; a note without a length has two eighths."""
        rows, tick = [], 0
        for word in self.notes.replace("|", " ").split():
            name, _, eighths = word.partition(":")
            length = round(float(eighths or 2) * ticks_per_quarter / 2)
            if name != "r":
                rows.append((tick, length, pitch_of(name), 80))
            tick += length
        numerator, denominator = (int(number) for number in self.metre.split("/"))
        metres = np.array([(0, numerator, denominator, 24, 8)], METRE)
        return Score((Track(notes_of(rows), "melody"),), ticks_per_quarter, metres=metres, title=self.title)

    @property
    def musical_key(self) -> MusicalKey:
        """The key."""
        return MusicalKey.parse(self.key)


class TuneCollection(TomlTable):
    """The tunes that come with Wavewright."""

    tunes: list[TuneTable]


@cache
def tune_collection() -> tuple[TuneTable, ...]:
    """Return the tunes that come with Wavewright, all in the public domain."""
    import tomllib

    return tuple(TuneCollection.model_validate(tomllib.loads(TUNES.read_text(encoding="utf-8"))).tunes)


@cache
def bundled_tunes(is_compound: bool) -> tuple[tuple[MelodyToken, ...], ...]:
    """Return the tokens of the bundled tunes in compound metres (6/8), or in the others."""
    chosen = [tune for tune in tune_collection() if tune.metre.endswith("/8") == is_compound]
    return tuple(tuple(tokens_of(tune.score())) for tune in chosen)
