"""Which labels and speakers a model learns, and the clips that have them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..errors import BadFolder
from .entry import Entry, Problem

Kind = Literal["label", "speaker"]


@dataclass(frozen=True)
class Named:
    """The names that a model learns (none: it is not told any), the clips to learn from, and why others are left out."""

    labels: tuple[str, ...]
    speakers: tuple[str, ...]
    entries: tuple[Entry, ...]
    problems: tuple[Problem, ...] = ()


def choose_names(
    entries: Sequence[Entry], labels: Sequence[str] = (), speakers: Sequence[str] = (), smallest_class: int = 1
) -> Named:
    """Labels as by :func:`choose_labels`, and the speakers ``speakers``, or else all where every training clip has one and there are
    several; with the clips that have one of each.
    """
    named = choose_labels(entries, labels, smallest_class)
    counts = _counts(named.entries, "speaker")
    _check_asked(speakers, counts, "speaker")
    is_known = len(counts) > 1 and all(entry.speaker is not None for entry in named.entries if entry.split == "train")
    chosen = tuple(speakers) or (tuple(sorted(counts)) if is_known else ())
    if not chosen:
        return named
    missing = [entry for entry in named.entries if entry.speaker is None]
    problems = [Problem(entry.path, "it has no speaker, where others have one") for entry in missing]
    kept = tuple(entry for entry in named.entries if entry.speaker in chosen)
    return Named(named.labels, chosen, kept, (*named.problems, *problems))


def choose_labels(entries: Sequence[Entry], asked: Sequence[str] = (), smallest_class: int = 1) -> Named:
    """The labels ``asked`` for, or else those of ``smallest_class`` training clips or more, and the clips that have them.

    ``entries`` know their splits; those of ``test`` are left out, and clips of labels that are not asked for without a word. Raises
    BadFolder for a label that no training clip has.
    """
    counts = _counts(entries, "label")
    used = tuple(entry for entry in entries if entry.split != "test")
    if not asked and not counts:
        return Named((), (), used)
    _check_asked(asked, counts, "label")
    chosen = tuple(asked) or tuple(sorted(name for name, count in counts.items() if count >= smallest_class))
    kept, problems = [], []
    for entry in used:
        if entry.label is None:
            problems.append(Problem(entry.path, "it has no label, where others have one"))
        elif entry.label in chosen:
            kept.append(entry)
        elif not asked:
            reason = (
                f"its label {entry.label!r} has only {counts[entry.label]} training clips; {smallest_class} are needed"
            )
            problems.append(Problem(entry.path, reason))
    return Named(chosen, (), tuple(kept), tuple(problems))


def numbers_of(names: Iterable[str | None], known: Sequence[str]) -> np.ndarray:
    """The place of each of ``names`` among those ``known``, ``(n,)`` int64; 0 for each where a model is told none."""
    places = {name: place for place, name in enumerate(known)}
    return np.array([places[str(name)] if known else 0 for name in names], np.int64)


def _counts(entries: Sequence[Entry], kind: Kind) -> Counter[str]:
    """How many training clips each name has."""
    names = [getattr(entry, kind) for entry in entries if entry.split == "train"]
    return Counter(str(name) for name in names if name is not None)


def _check_asked(asked: Sequence[str], counts: Counter[str], kind: Kind) -> None:
    """Raise BadFolder for a name that no training clip has."""
    for name in asked:
        if not counts[name]:
            found = ", ".join(sorted(counts)) or f"no {kind}s"
            what = f"with the label {name!r}" if kind == "label" else f"of the speaker {name!r}"
            raise BadFolder(f"There is no clip {what} to train on; the folder has {found}.")
