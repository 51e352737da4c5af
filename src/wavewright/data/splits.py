"""Divide clips into train, valid and test by a hash of a name or group, so that files added later never move the others."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from ..errors import BadFolder, BadSetting
from .entry import Entry, Split

SplitBy = Literal["name", "group"]
"""``name``: every file for itself; ``group``: a whole group (speaker, kit) goes to one split, clips without group by name."""


def split_of(key: str, valid: float = 0.1, test: float = 0.1) -> Split:
    """The split of ``key``, which depends on the key and the two fractions alone.

    The hash of the key is a number in [0, 1): below ``test`` it is a test clip, below ``test + valid`` a validation clip, else
    a training clip; so raising ``valid`` takes from the training clips only. Names that differ only in how an accent is
    encoded are the same. Raises BadSetting where the fractions are negative or leave nothing to train on.
    """
    if not (valid >= 0 and test >= 0 and valid + test < 1):
        raise BadSetting(
            f"The fractions are valid {valid} and test {test}; each must be 0 or more and their sum below 1."
        )
    digest = hashlib.blake2b(
        unicodedata.normalize("NFC", key).encode("utf-8", "surrogateescape"), digest_size=8
    ).digest()
    position = int.from_bytes(digest, "big") / 2**64
    if position < test:
        return "test"
    return "valid" if position < test + valid else "train"


def assign(entries: Sequence[Entry], by: SplitBy = "name", valid: float = 0.1, test: float = 0.1) -> list[Entry]:
    """The entries with their splits filled in; a split that an entry already has, from a manifest, stays.

    Divided by name, the key is the file name without folder and ending, so that a collection may be moved or converted and all
    parts of one file stay together. Divided by group, a split given to any clip of a group holds for the whole group.
    Raises BadFolder where the manifest tears a group apart, BadSetting where ``by`` or the fractions are impossible.
    """
    if by not in ("name", "group"):
        raise BadSetting(f"by is {by!r}; it must be 'name' or 'group'.")
    given = _given_splits(entries) if by == "group" else {}
    divided = []
    for entry in entries:
        key = entry.group if by == "group" and entry.group is not None else entry.path.stem
        split = entry.split or given.get(entry.group) or split_of(key, valid, test)
        divided.append(replace(entry, split=split))
    return divided


def groups_beyond_speakers(entries: Sequence[Entry]) -> list[Entry]:
    """The entries without groups that are just their speaker: a model that is told who speaks is to learn from every speaker.

    A manifest that names speakers and no groups keeps the clips of one speaker together, as is right for a model that meets others.
    """
    return [replace(entry, group=None) if entry.group == entry.speaker else entry for entry in entries]


def _given_splits(entries: Sequence[Entry]) -> dict[str | None, Split]:
    given: dict[str | None, Split] = {}
    for entry in entries:
        if entry.group is None or entry.split is None:
            continue
        if given.setdefault(entry.group, entry.split) != entry.split:
            raise BadFolder(
                f"The manifest puts group {entry.group!r} into both {given[entry.group]} and {entry.split}; "
                "give the whole group one split, or divide by name."
            )
    return given
