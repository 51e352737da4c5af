"""Divide clips into train, valid and test by a hash of a name or group, so that added files never move the others."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from ..base.errors import BadFolder, BadSetting
from .entry import Entry, Split

SplitBy = Literal["name", "group"]
"""``name``: every file by itself; ``group``: a whole group (speaker, kit) in one split, clips without group by name."""


def split_of(key: str, valid: float = 0.1, test: float = 0.1) -> Split:
    """Return the split of ``key``, which depends on the key and the two fractions alone.

    The hash of the key is a number in [0, 1): below ``test`` it is a test clip, below ``test + valid`` a validation
    clip, else a training clip. Raising ``valid`` therefore takes training clips only.

    - ``key``: a file name or group. Names that differ only in how an accent is encoded are the same.
    - ``valid``, ``test``: expected fractions of the clips, 0 or more, their sum below 1.
    - returns: ``train``, ``valid`` or ``test``.

    Raises BadSetting if the fractions are negative or leave nothing to train on.
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


def assign_splits(entries: Sequence[Entry], by: SplitBy = "name", valid: float = 0.1, test: float = 0.1) -> list[Entry]:
    """Return the entries with a split each; a split that an entry already has, from a manifest, stays.

    - ``entries``: clips.
    - ``by``: ``name``: the key is the file name without folder and ending, so that a collection may be moved or
      converted, and all segments of one file stay together. ``group``: the key is the group, and a manifest's split of
      any clip of a group holds for the whole group.
    - ``valid``, ``test``: as for :func:`split_of`.
    - returns: in the same order.

    Raises BadFolder if the manifest puts a group into several splits, or BadSetting if ``by`` or the fractions are
    invalid.
    """
    if by not in ("name", "group"):
        raise BadSetting(f"by is {by!r}; it must be 'name' or 'group'.")
    preset = _preset_splits(entries) if by == "group" else {}
    divided = []
    for entry in entries:
        key = entry.group if by == "group" and entry.group is not None else entry.path.stem
        split = entry.split or preset.get(entry.group) or split_of(key, valid, test)
        divided.append(replace(entry, split=split))
    return divided


def without_speaker_groups(entries: Sequence[Entry]) -> list[Entry]:
    """Return the entries without groups that merely repeat the speaker.

    A manifest that names speakers but no groups keeps all clips of a speaker in one split. That suits a model for
    unknown speakers; a model with speaker labels needs training clips of every speaker.
    """
    return [replace(entry, group=None) if entry.group == entry.speaker else entry for entry in entries]


def _preset_splits(entries: Sequence[Entry]) -> dict[str | None, Split]:
    """Return the split of each group that a manifest assigns; raise BadFolder where it assigns two."""
    preset: dict[str | None, Split] = {}
    for entry in entries:
        if entry.group is None or entry.split is None:
            continue
        if preset.setdefault(entry.group, entry.split) != entry.split:
            raise BadFolder(
                f"The manifest puts group {entry.group!r} into both {preset[entry.group]} and {entry.split}; "
                "give the whole group one split, or divide by name."
            )
    return preset
