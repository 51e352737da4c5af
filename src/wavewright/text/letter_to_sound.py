"""Predict the phones of unknown words with a joint n-gram model of letters and phones.

In this joint-sequence model (Bisani and Ney, 2008) every letter stands for zero, one or two phones, so that a word has
as many pairs as letters, and a beam search extends hypotheses letter by letter. ``recipes/letter_to_sound.py`` trains
the n-grams with modified Kneser-Ney smoothing (Chen and Goodman, 1999). A file stores them as a trie with 8-bit
probabilities.

References
----------
M. Bisani, H. Ney: Joint-sequence models for grapheme-to-phoneme conversion. Speech Communication, 2008.
S. F. Chen, J. Goodman: An empirical study of smoothing techniques for language modeling. Computer Speech & Language,
1999.
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
from itertools import accumulate, pairwise

STEPS_PER_NAT = 16
"""Quantisation of ``-ln p`` to whole steps, at most 255."""

BEGIN, END = 0, 1
"""Pairs before and after every word."""

MAGIC = b"WWL2S1"
BEAM = 12
LONGEST = 48
"""Letters of one search; a longer word is split, so that time stays linear and hypotheses small."""

MAX_CACHED_NODES = 200_000


@dataclass(frozen=True)
class NgramTable:
    """The n-grams of one order, sorted by context: the last pair of each, its cost and its back-off weight.

    Costs (``-ln p``) and weights are in steps. ``first[k]`` is the index of the first n-gram whose context is n-gram
    ``k`` of the order below; ``first[k + 1]`` ends them.
    """

    symbols: array[int]
    costs: array[int]
    backoffs: array[int]
    first: array[int]


class LetterToSound:
    """A trained letter-to-sound model.

    - ``pairs``: a letter and its phones; the first two are `BEGIN` and `END`.
    - ``tables``: the n-grams of order 1, 2 and so on.
    """

    def __init__(self, pairs: Sequence[tuple[str, tuple[str, ...]]], tables: Sequence[NgramTable]) -> None:
        self.pairs = tuple(pairs)
        self._tables = tuple(tables)
        self._letter_pairs: dict[str, list[int]] = {}
        for index, (letter, _) in enumerate(self.pairs):
            if letter:
                self._letter_pairs.setdefault(letter, []).append(index)
        self._nodes: dict[tuple[int, ...], int] = {}

    @property
    def letters(self) -> frozenset[str]:
        """Letters of the training words."""
        return frozenset(self._letter_pairs)

    def phones(self, word: str) -> tuple[str, ...]:
        """Return the most probable phones of a word in lower case; letters outside `letters` are silent."""
        word = "".join(letter for letter in word if letter in self._letter_pairs)
        segments = [word[start : start + LONGEST] for start in range(0, len(word), LONGEST)]
        return tuple(phone for segment in segments for phone in self._search(segment))

    def _search(self, word: str) -> tuple[str, ...]:
        """Return the phones of the best path with one main stress, or of the best path."""
        longest_context = len(self._tables) - 1
        beam: dict[tuple[int, ...], tuple[float, tuple[int, ...]]] = {(BEGIN,): (0.0, ())}
        for letter in word:
            extended: dict[tuple[int, ...], tuple[float, tuple[int, ...]]] = {}
            for history, (cost, path) in beam.items():
                for pair in self._letter_pairs[letter]:
                    total = cost + self._cost(history, pair)
                    state = (*history, pair)[-longest_context:]
                    if state not in extended or total < extended[state][0]:
                        extended[state] = (total, (*path, pair))
            beam = dict(sorted(extended.items(), key=lambda item: item[1][0])[:BEAM])
        ends = sorted((cost + self._cost(history, END), path) for history, (cost, path) in beam.items())
        readings = [tuple(phone for pair in path for phone in self.pairs[pair][1]) for _, path in ends]
        return next((phones for phones in readings if _has_one_main_stress(phones)), readings[0])

    def _cost(self, history: tuple[int, ...], pair: int) -> int:
        """Return ``-ln p(pair | history)`` in steps: that of the longest stored n-gram, plus the back-off weights."""
        cost = 0
        while history:
            node = self._node(history)
            if node >= 0:
                table = self._tables[len(history)]
                index = _find(table, node, pair)
                if index >= 0:
                    return cost + table.costs[index]
                cost += self._tables[len(history) - 1].backoffs[node]
            history = history[1:]
        return cost + self._tables[0].costs[pair]

    def _node(self, history: tuple[int, ...]) -> int:
        """Return the index of an n-gram in its table, or -1."""
        node = self._nodes.get(history)
        if node is None:
            if len(history) == 1:
                node = history[0]
            else:
                parent = self._node(history[:-1])
                node = -1 if parent < 0 else _find(self._tables[len(history) - 1], parent, history[-1])
            if len(self._nodes) > MAX_CACHED_NODES:
                self._nodes.clear()
            self._nodes[history] = node
        return node


def _find(table: NgramTable, parent: int, symbol: int) -> int:
    """Return the index of the n-gram of a context and a pair, or -1."""
    end = table.first[parent + 1]
    index = bisect_left(table.symbols, symbol, table.first[parent], end)
    return index if index < end and table.symbols[index] == symbol else -1


def _has_one_main_stress(phones: Sequence[str]) -> bool:
    """Return whether exactly one vowel has the main stress, or there is no vowel."""
    stresses = [phone[-1] for phone in phones if phone[-1].isdigit()]
    return not stresses or stresses.count("1") == 1


def pack(pairs: Sequence[tuple[str, tuple[str, ...]]], tables: Sequence[NgramTable]) -> bytes:
    """Serialise a model: a JSON header and the arrays, compressed with LZMA."""
    header = json.dumps({"pairs": pairs, "sizes": [len(table.symbols) for table in tables]}).encode()
    body = [struct.pack("<I", len(header)), header]
    for table in tables:
        counts = array("H", (end - start for start, end in pairwise(table.first)))
        body += [_little_endian(values) for values in (table.symbols, table.costs, table.backoffs, counts)]
    return MAGIC + lzma.compress(b"".join(body), preset=9)


def unpack(contents: bytes) -> LetterToSound:
    """Deserialise a model that `pack` wrote; raise ValueError for other bytes."""
    if not contents.startswith(MAGIC):
        raise ValueError("These bytes are not a letter-to-sound model.")
    body = lzma.decompress(contents[len(MAGIC) :])
    offset = 4 + struct.unpack_from("<I", body)[0]
    header = json.loads(body[4:offset])
    tables: list[NgramTable] = []
    n_parents = 1
    for size in header["sizes"]:
        arrays = []
        for kind, length in (("H", size), ("B", size), ("B", size), ("H", n_parents)):
            values = array(kind)
            values.frombytes(body[offset : offset + length * values.itemsize])
            if sys.byteorder == "big":
                values.byteswap()
            offset += length * values.itemsize
            arrays.append(values)
        symbols, costs, backoffs, counts = arrays
        tables.append(NgramTable(symbols, costs, backoffs, array("I", accumulate(counts, initial=0))))
        n_parents = size
    return LetterToSound([(letter, tuple(phones)) for letter, phones in header["pairs"]], tables)


def _little_endian(values: array[int]) -> bytes:
    values = array(values.typecode, values)
    if sys.byteorder == "big":
        values.byteswap()
    return values.tobytes()
