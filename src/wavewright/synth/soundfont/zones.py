"""Zones of presets and instruments: ranges, generators and modulators, globals applied."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from ...base.errors import BadSoundFont
from . import generators as gen
from .generators import N_GENERATORS

Identity = tuple[int, int, int, int]
"""Source, destination, source of the amount, and transform of a modulator."""


@dataclass(frozen=True)
class Zone:
    """A zone with the global one of its preset or instrument applied.

    - ``terminal``: index of the instrument or sample.
    - ``keys``, ``velocities``: first and last.
    - ``amounts``: generators that the zone sets, by number.
    - ``modulators``: amounts of modulators.
    """

    terminal: int
    keys: tuple[int, int]
    velocities: tuple[int, int]
    amounts: dict[int, int]
    modulators: dict[Identity, int]


@dataclass
class _Open:
    """A zone that is being read."""

    amounts: dict[int, int] = field(default_factory=dict)
    modulators: dict[Identity, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Level:
    """Zones of all presets, or of all instruments.

    - ``heads``, ``bags``, ``generators``, ``modulators``: records of the file, see :mod:`.bank`.
    - ``terminal``: generator that ends a zone: that of an instrument or a sample.
    - ``n_terminals``: number of instruments or samples.
    """

    heads: np.ndarray
    bags: np.ndarray
    generators: np.ndarray
    modulators: np.ndarray
    terminal: int
    n_terminals: int

    def check(self, name: str, tags: tuple[str, str, str, str]) -> None:
        """Raise BadSoundFont unless all indices rise and lie in their tables, and all zones end in these."""
        head_tag, bag_tag, generator_tag, modulator_tag = tags
        if len(self.heads) < 2:
            raise BadSoundFont(f"{name} has no entries in its chunk {head_tag!r} except the terminal one: it is empty.")
        _check_rising(self.heads["bag"], len(self.bags) - 1, name, head_tag, bag_tag)
        _check_rising(self.bags["generator"], len(self.generators), name, bag_tag, generator_tag)
        _check_rising(self.bags["modulator"], len(self.modulators), name, bag_tag, modulator_tag)
        ends = self.generators["number"] == self.terminal
        terminals = self.generators["amount"][ends].view(np.uint16)
        if len(terminals) and int(terminals.max()) >= self.n_terminals:
            raise BadSoundFont(
                f"{name} is damaged: {generator_tag!r} refers to entry {int(terminals.max())} of "
                f"{self.n_terminals}; counted from 0."
            )

    def n_zones(self) -> np.ndarray:
        """Return the number of zones of each entry."""
        return np.diff(self.heads["bag"].astype(np.int64))

    def terminals(self, index: int) -> np.ndarray:
        """Return the terminals of the zones of an entry."""
        first, last = (int(each) for each in self.heads["bag"][index : index + 2])
        rows = self.generators[int(self.bags["generator"][first]) : int(self.bags["generator"][last])]
        terminals: np.ndarray = rows["amount"][rows["number"] == self.terminal].view(np.uint16)
        return terminals

    def zones(self, index: int) -> Iterator[Zone]:
        """Yield the zones of an entry that have a terminal, the global zone applied."""
        first, last = (int(each) for each in self.heads["bag"][index : index + 2])
        common = _Open()
        for bag in range(first, last):
            own = self._read(bag)
            if self.terminal in own.amounts:
                amounts = common.amounts | own.amounts
                yield Zone(
                    amounts.pop(self.terminal) & 0xFFFF,
                    _range(amounts.pop(gen.KEY_RANGE, None)),
                    _range(amounts.pop(gen.VELOCITY_RANGE, None)),
                    amounts,
                    common.modulators | own.modulators,
                )
            elif bag == first:
                common = own

    def _read(self, bag: int) -> _Open:
        """Return generators up to the terminal, the later ones of equals, and the modulators of a zone."""
        opened = _Open()
        first, last = (int(each) for each in self.bags["generator"][bag : bag + 2])
        for number, amount in self.generators[first:last].tolist():
            if number < N_GENERATORS:
                opened.amounts[number] = amount
            if number == self.terminal:
                break
        first, last = (int(each) for each in self.bags["modulator"][bag : bag + 2])
        for source, destination, amount, amount_source, transform in self.modulators[first:last].tolist():
            if destination < N_GENERATORS:
                opened.modulators[source, destination, amount_source, transform] = amount
        return opened


def _range(stored: int | None) -> tuple[int, int]:
    """Return first and last key or velocity; the bytes of a range may be in either order."""
    if stored is None:
        return gen.FULL_RANGE
    ends = sorted((stored & 0xFF, stored >> 8 & 0xFF))
    return ends[0], min(ends[1], 127)


def _check_rising(indices: np.ndarray, n_items: int, name: str, tag: str, items: str) -> None:
    wide = indices.astype(np.int64)
    if int(wide.max()) > n_items:
        raise BadSoundFont(f"{name} is damaged: {tag!r} refers to entry {int(wide.max())} of {items!r}, of {n_items}.")
    if np.any(np.diff(wide) < 0):
        raise BadSoundFont(f"{name} is damaged: the indices of {tag!r} in {items!r} fall; they must rise.")
