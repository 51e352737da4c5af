"""A Markov chain of the voices of scores: how long runs two pieces have in common by the habits of a style alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .score_runs import NoteSequence

ORDER = 2


class NoteChain:
    """A chain of second order of each voice.

    It falls back on fewer notes where only one piece goes on from them: there, it would repeat that piece.

    Parameters
    ----------
    pieces
        The voices of each; voices of one number follow one chain.
    """

    def __init__(self, pieces: Sequence[Sequence[NoteSequence]]) -> None:
        self._following: dict[tuple[object, ...], list[object]] = {}
        self._first_piece: dict[tuple[object, ...], int] = {}
        self._is_shared: set[tuple[object, ...]] = set()
        for piece, voices in enumerate(pieces):
            for number, voice in enumerate(voices):
                for index, event in enumerate(voice):
                    for order in range(min(index, ORDER) + 1):
                        past = (number, *voice[index - order : index])
                        self._following.setdefault(past, []).append(event)
                        if self._first_piece.setdefault(past, piece) != piece:
                            self._is_shared.add(past)

    def draw(self, lengths: Sequence[int], rng: np.random.Generator) -> list[NoteSequence]:
        """Return voices of these lengths; numbers that no piece has are left out."""
        known = [(number, length) for number, length in enumerate(lengths) if (number,) in self._following]
        return [self._voice(number, length, rng) for number, length in known]

    def _voice(self, number: int, length: int, rng: np.random.Generator) -> NoteSequence:
        voice: list[object] = []
        while len(voice) < length:
            past = voice[-ORDER:]
            while past and (number, *past) not in self._is_shared:
                past = past[1:]
            choices = self._following[(number, *past)]
            voice.append(choices[int(rng.integers(len(choices)))])
        return tuple(voice)
