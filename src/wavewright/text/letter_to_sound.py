"""Letters of an unknown word to phones, by a joint n-gram of letters and the phones that they stand for.

Bisani, Ney: Joint-sequence models for grapheme-to-phoneme conversion, 2008. Here every letter stands for none, one or two phones, so
that a word has as many pairs as letters and a beam walks over it letter by letter; the n-grams are trained by
``recipes/letter_to_sound.py``, smoothed by Kneser and Ney's rule (Chen, Goodman: An empirical study of smoothing techniques for
language modeling, 1999) and kept as a trie whose probabilities are of 8 bits.
"""

from __future__ import annotations

import json
import lzma
import struct
import sys
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

STEPS_PER_NAT = 16
"""Probabilities are kept as whole steps of ``-ln p``, at most 255."""

BEGIN, END = 0, 1
"""The pairs that stand before and behind every word."""

MAGIC = b"WWL2S1"
BEAM = 12
LONGEST = 48
"""Letters that are read at once; a longer word is read in parts, which keeps time linear and hypotheses small."""


@dataclass(frozen=True)
class NgramTable:
    """The n-grams of one length in the order of their contexts: node ``k`` of the level below has ``first[k] .. first[k + 1]``."""

    symbols: array[int]
    costs: array[int]
    backoffs: array[int]
    first: array[int]


class LetterToSound:
    """A trained model; ``pairs[k]`` is a letter and its phones, pairs 0 and 1 stand before and behind a word."""

    def __init__(self, pairs: Sequence[tuple[str, tuple[str, ...]]], levels: Sequence[NgramTable]) -> None:
        self.pairs = tuple(pairs)
        self._levels = tuple(levels)
        self._of_letter: dict[str, list[int]] = {}
        for number, (letter, _) in enumerate(self.pairs):
            if letter:
                self._of_letter.setdefault(letter, []).append(number)
        self._nodes: dict[tuple[int, ...], int] = {}

    @property
    def letters(self) -> frozenset[str]:
        """The letters that the model has seen."""
        return frozenset(self._of_letter)

    def phones(self, word: str) -> tuple[str, ...]:
        """The likeliest phones of a word in lower case; letters that the model has not seen are silent."""
        word = "".join(letter for letter in word if letter in self._of_letter)
        parts = [word[start : start + LONGEST] for start in range(0, len(word), LONGEST)]
        return tuple(phone for part in parts for phone in self._phones(part))

    def _phones(self, word: str) -> tuple[str, ...]:
        longest = len(self._levels) - 1
        beam: dict[tuple[int, ...], tuple[float, tuple[int, ...]]] = {(BEGIN,): (0.0, ())}
        for letter in word:
            grown: dict[tuple[int, ...], tuple[float, tuple[int, ...]]] = {}
            for history, (cost, path) in beam.items():
                for pair in self._of_letter[letter]:
                    total = cost + self._cost(history, pair)
                    state = (*history, pair)[-longest:]
                    if state not in grown or total < grown[state][0]:
                        grown[state] = (total, (*path, pair))
            beam = dict(sorted(grown.items(), key=lambda item: item[1][0])[:BEAM])
        ends = sorted((cost + self._cost(history, END), path) for history, (cost, path) in beam.items())
        readings = [tuple(phone for pair in path for phone in self.pairs[pair][1]) for _, path in ends]
        return next((phones for phones in readings if _has_one_main_stress(phones)), readings[0])

    def _cost(self, history: tuple[int, ...], pair: int) -> int:
        """``-ln p(pair | history)`` in steps: that of the longest n-gram that is kept, and the weights of the contexts left behind."""
        cost = 0
        while history:
            node = self._node(history)
            if node >= 0:
                level = self._levels[len(history)]
                found = _find(level, node, pair)
                if found >= 0:
                    return cost + level.costs[found]
                cost += self._levels[len(history) - 1].backoffs[node]
            history = history[1:]
        return cost + self._levels[0].costs[pair]

    def _node(self, history: tuple[int, ...]) -> int:
        """Where an n-gram stands in its level, or -1."""
        known = self._nodes.get(history)
        if known is None:
            if len(history) == 1:
                known = history[0]
            else:
                parent = self._node(history[:-1])
                known = -1 if parent < 0 else _find(self._levels[len(history) - 1], parent, history[-1])
            if len(self._nodes) > 200_000:
                self._nodes.clear()
            self._nodes[history] = known
        return known


def _find(level: NgramTable, parent: int, symbol: int) -> int:
    end = level.first[parent + 1]
    place = bisect_left(level.symbols, symbol, level.first[parent], end)
    return place if place < end and level.symbols[place] == symbol else -1


def _has_one_main_stress(phones: Sequence[str]) -> bool:
    """Whether there is one main stress, or no vowel that could have one."""
    stresses = [phone[-1] for phone in phones if phone[-1].isdigit()]
    return not stresses or stresses.count("1") == 1


def pack(pairs: Sequence[tuple[str, tuple[str, ...]]], levels: Sequence[NgramTable]) -> bytes:
    """A model as the bytes of its file: what the arrays hold, then the arrays, all of it compressed."""
    header = json.dumps({"pairs": pairs, "sizes": [len(level.symbols) for level in levels]}).encode()
    counts = [array("H", (b - a for a, b in zip(level.first, level.first[1:], strict=False))) for level in levels]
    body = [struct.pack("<I", len(header)), header]
    for level, count in zip(levels, counts, strict=True):
        body += [_little(level.symbols), _little(level.costs), _little(level.backoffs), _little(count)]
    return MAGIC + lzma.compress(b"".join(body), preset=9)


def unpack(contents: bytes) -> LetterToSound:
    """The model of a file's bytes; raises ValueError where they are not those of a model."""
    if not contents.startswith(MAGIC):
        raise ValueError("These bytes are not a letter-to-sound model.")
    body = lzma.decompress(contents[len(MAGIC) :])
    place = 4 + struct.unpack_from("<I", body)[0]
    header = json.loads(body[4:place])
    levels, n_parents = [], 1
    for size in header["sizes"]:
        arrays = []
        for kind, length in (("H", size), ("B", size), ("B", size), ("H", n_parents)):
            values = array(kind)
            values.frombytes(body[place : place + length * values.itemsize])
            if sys.byteorder == "big":
                values.byteswap()
            place += length * values.itemsize
            arrays.append(values)
        symbols, costs, backoffs, counts = arrays
        levels.append(NgramTable(symbols, costs, backoffs, array("I", accumulate(counts, initial=0))))
        n_parents = size
    return LetterToSound([(letter, tuple(phones)) for letter, phones in header["pairs"]], levels)


def _little(values: array[int]) -> bytes:
    values = array(values.typecode, values)
    if sys.byteorder == "big":
        values.byteswap()
    return values.tobytes()
