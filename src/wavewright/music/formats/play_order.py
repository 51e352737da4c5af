"""The order in which written music sounds: repeats, endings, da capo, dal segno, coda and fine."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from ...base.errors import BadScore

MAX_SYMBOLS = 500_000
"""Symbols of a voice with all repeats."""

MAX_DEPTH = 20
"""Repeats within repeats."""

MAX_PASSES = 100


@dataclass(frozen=True)
class BarLine:
    """A bar line.

    - ``is_double``: it ends a section.
    - ``endings``: passes of the ending that begins at it; empty if none does.
    - ``starts_ending``: an ending begins at it, with or without numbers.
    - ``ends_ending``: the last ending of a repeat ends at it.
    - ``is_line``: false for an ending that begins within a bar.
    - ``n_passes``: how often the section that it repeats is played; 2 by default.
    - ``n_passes_of_next``: how often the section that it starts is played at least.
    """

    starts_repeat: bool = False
    ends_repeat: bool = False
    is_double: bool = False
    endings: frozenset[int] = frozenset()
    starts_ending: bool = False
    ends_ending: bool = False
    is_line: bool = True
    n_passes: int = 2
    n_passes_of_next: int = 1


@dataclass(frozen=True)
class JumpMark:
    """A mark of a jump: segno and coda are targets; the others act at the next bar line.

    - ``kind``: ``segno``, ``coda``, ``coda sign`` (the first of two stands for ``to coda``), ``to coda``, ``fine``,
      ``da capo`` or ``dal segno``.
    - ``until``: of a jump: ``fine`` or ``coda`` if it says which of them counts after it.
    - ``label``: distinguishes several segnos and codas.
    """

    kind: str
    until: str = ""
    label: str = ""


JUMPS = ("da capo", "dal segno")

_WORDS = (
    ("da capo", re.compile(r"(d\.? ?c\.?|da ?capo)(?![a-z])")),
    ("dal segno", re.compile(r"(d\.? ?s\.?|dal ?segno)(?![a-z])")),
    ("to coda", re.compile(r"(to|da) ?coda$")),
    ("fine", re.compile(r"(al ?)?fine$")),
)
_REST = re.compile(
    r"[ .,]*(senza rep\w*)?[ .,]*(((al?|e|poi|to|the|then) ?)?((al?|la|the) ?)?(fine|coda|segno)[ .,]*){0,3}"
)


def mark_of(text: str) -> JumpMark | None:
    """Return the jump that words such as ``D.C. al Fine`` stand for; None for other words.

    Examples
    --------
    >>> mark_of("D.C. al Fine")
    JumpMark(kind='da capo', until='fine', label='')
    >>> mark_of("Fine with care") is None
    True
    """
    words = " ".join(text.lower().split())[:60].strip(" .!,;:")
    for kind, pattern in _WORDS:
        match = pattern.match(words)
        if match is None:
            continue
        rest = words[match.end() :]
        if kind not in ("da capo", "dal segno"):
            return JumpMark(kind)
        if _REST.fullmatch(rest):
            return JumpMark(kind, next((name for name in ("coda", "fine") if name in rest), ""))
    return None


@dataclass
class _RepeatedSection:
    """A repeated section: what all passes play, and its endings with the passes that play them."""

    body: list[_Node] = field(default_factory=list)
    endings: list[tuple[frozenset[int], list[_Node]]] = field(default_factory=list)
    n_passes: int = 1
    least_passes: int = 1

    @property
    def current(self) -> list[_Node]:
        """The list that is being read."""
        return self.endings[-1][1] if self.endings else self.body

    def passes(self) -> list[list[_Node]]:
        """Return what each pass plays after the body; every ending is played."""
        n_passes = max([self.n_passes, *(max(numbers, default=0) for numbers, _ in self.endings)])
        if len(self.endings) == 1 and self.n_passes == 1:
            return [self.endings[0][1]]
        played: list[list[_Node]] = []
        numbered = [(numbers or frozenset({at}), nodes) for at, (numbers, nodes) in enumerate(self.endings, 1)]
        for number in range(1, min(n_passes, MAX_PASSES) + 1):
            candidates = [(len(numbers), nodes) for numbers, nodes in numbered if number in numbers]
            played.append(min(candidates, key=lambda each: each[0])[1] if candidates else [])
        return played + [nodes for _, nodes in numbered if not any(nodes is each for each in played)]


_Node = int | _RepeatedSection
"""Index of an item, or a section."""


def in_order(items: Sequence[object], *, nested: bool = False) -> Iterator[int]:
    """Yield the indices of items in the order in which they sound.

    A section that a jump returns to is played without repeats, with the last of its endings.

    - ``items``: BarLine, JumpMark, and others, which have no part in the order.
    - ``nested``: repeats may lie within others. Otherwise a repeat that begins before another has ended is none.

    Raises BadScore if there are more than MAX_SYMBOLS with all repeats.
    """
    tree = _SectionParser(items, nested).nodes()
    marks = {index: item for index, item in enumerate(items) if isinstance(item, JumpMark)}
    if not any(mark.kind in JUMPS for mark in marks.values()):
        yield from _limited(_played(tree))
    else:
        yield from _limited(_with_jumps(items, marks, [*_limited(_played(tree))], [*_played(tree, once=True)]))


def _limited(indices: Iterator[int]) -> Iterator[int]:
    for count, index in enumerate(indices):
        if count >= MAX_SYMBOLS:
            raise BadScore(f"A voice has more than {MAX_SYMBOLS} notes with all repeats.")
        yield index


def _played(nodes: Iterable[_Node], *, once: bool = False) -> Iterator[int]:
    """Yield the indices of nodes with all passes, or with the last alone."""
    for node in nodes:
        if isinstance(node, int):
            yield node
            continue
        passes = node.passes() or [[]]
        for ending in passes[-1:] if once else passes:
            yield from _played(node.body, once=once)
            yield from _played(ending, once=once)


class _SectionParser:
    """Turns items into nested sections."""

    def __init__(self, items: Sequence[object], nested: bool) -> None:
        self._items, self._nested = items, nested
        self._is_ending_next, self._next_sign = _ahead(items)
        self._open = [_RepeatedSection()]  # the first one is the piece
        self._boundary = 0  # where a repeat without a start begins

    def nodes(self) -> list[_Node]:
        """Return items as indices and sections."""
        for index, item in enumerate(self._items):
            self._open[-1].current.append(index)
            if isinstance(item, BarLine):
                self._end_at(index, item)
                self._start_at(item)
        self._close_all()
        return self._open[0].body

    def _end_at(self, index: int, line: BarLine) -> None:
        """End a pass, an ending or a part of the piece at a bar line."""
        section = self._open[-1]
        if line.ends_repeat:
            section = self._innermost()
            section.n_passes = max(section.n_passes, section.least_passes, line.n_passes)
            if not line.starts_ending and not self._is_ending_next[index]:
                self._close()
        elif line.ends_ending or (line.is_double and not line.starts_ending):
            if section.endings and not self._goes_on(index, section):
                self._close()
            elif len(self._open) == 1:
                self._boundary = len(section.body)

    def _goes_on(self, index: int, section: _RepeatedSection) -> bool:
        """Return True if the ending of a section goes on after a double bar line: a sign of a repeat ends it."""
        sign = self._next_sign[index]
        if self._is_ending_next[index]:
            return True
        return sign is not None and sign.ends_repeat and (sign.starts_ending or len(section.endings) == 1)

    def _start_at(self, line: BarLine) -> None:
        """Begin an ending or a section after a bar line."""
        if line.starts_ending:
            self._innermost().endings.append((line.endings, []))
        if line.starts_repeat:
            if not self._nested:
                self._close_all()
            if len(self._open) < MAX_DEPTH:
                self._open.append(_RepeatedSection(least_passes=line.n_passes_of_next))

    def _innermost(self) -> _RepeatedSection:
        """Return the innermost section; in none, open one from the boundary on."""
        if len(self._open) == 1:
            body = self._open[0].body
            self._open.append(_RepeatedSection(body[self._boundary :]))
            del body[self._boundary :]
        return self._open[-1]

    def _close(self) -> None:
        """Add the innermost section to the one around it; one that never ended is none."""
        section = self._open.pop()
        is_section = section.endings or section.n_passes > 1
        self._open[-1].current.extend([section] if is_section else section.body)
        if len(self._open) == 1:
            self._boundary = len(self._open[0].body)

    def _close_all(self) -> None:
        while len(self._open) > 1:
            self._close()


def _ahead(items: Sequence[object]) -> tuple[list[bool], list[BarLine | None]]:
    """Return for each item whether an ending begins after it, before any music, and the next sign of a repeat."""
    is_ending_next = [False] * len(items)
    next_sign: list[BarLine | None] = [None] * len(items)
    is_ending, sign = False, None
    for index in range(len(items) - 1, -1, -1):
        is_ending_next[index], next_sign[index] = is_ending, sign
        item = items[index]
        if isinstance(item, BarLine):
            is_ending = item.starts_ending
            sign = item if item.ends_repeat or item.starts_repeat or item.starts_ending else sign
        elif not isinstance(item, JumpMark):
            is_ending = False
    return is_ending_next, next_sign


def _with_jumps(items: Sequence[object], marks: dict[int, JumpMark], full: list[int], once: list[int]) -> Iterator[int]:
    """Yield indices with all repeats up to a jump, from then on without."""
    lines = [index for index, item in enumerate(items) if isinstance(item, BarLine) and item.is_line]
    acts: dict[int, list[JumpMark]] = {}
    signs = [index for index, mark in marks.items() if mark.kind == "coda sign"]
    has_to_coda = any(mark.kind == "to coda" for mark in marks.values())
    for index, mark in marks.items():
        kind = "to coda" if len(signs) > 1 and index == signs[0] and not has_to_coda else mark.kind
        if kind in (*JUMPS, "fine", "to coda"):
            at = bisect_left(lines, index)
            acts.setdefault(lines[at] if at < len(lines) else len(items) - 1, []).append(replace(mark, kind=kind))
    last = {index: position for position, index in enumerate(full)}
    first_full, first_once = (_first_positions(each) for each in (full, once))
    executed: set[int] = set()
    order, position, until = full, 0, None
    while position < len(order):
        index = order[position]
        yield index
        position += 1
        for mark in acts.get(index, ()):
            if mark.kind in JUMPS and id(mark) not in executed and (order is once or position == last[index] + 1):
                target = 0 if mark.kind == "da capo" else _target(marks, ("segno",), mark.label, first=True)
                if target is not None:
                    executed.add(id(mark))
                    order, position, until = once, first_once.get(target, len(once)), mark.until
                    break
            elif mark.kind == "fine" and until is not None and until != "coda":
                return
            elif mark.kind == "to coda" and until is not None and until != "fine":
                target = _target(marks, ("coda", "coda sign"), mark.label, first=False)
                if target is not None and target > index:
                    order, position, until = full, first_full.get(target, len(full)), None
                    break


def _target(marks: dict[int, JumpMark], kinds: tuple[str, ...], label: str, *, first: bool) -> int | None:
    """Return the index of a target with a label, or else of the first or last one."""
    found = [index for index, mark in marks.items() if mark.kind in kinds]
    labelled = [index for index in found if marks[index].label == label]
    return next(iter(labelled or (found if first else found[::-1])), None) if not labelled or first else labelled[-1]


def _first_positions(order: list[int]) -> dict[int, int]:
    """Return the first position of each index."""
    positions: dict[int, int] = {}
    for position, index in enumerate(order):
        positions.setdefault(index, position)
    return positions
