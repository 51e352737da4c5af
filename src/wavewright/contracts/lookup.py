"""Look up labels and speakers by name."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from ..base.errors import BadSetting


def index_of(name: str, known: Sequence[str], kind: str, model: str) -> int:
    """Return the index of a name among the known ones.

    Raises BadSetting if the model has no such name.

    Parameters
    ----------
    name
        The label or speaker to look up.
    known
        The names that the model has.
    kind
        What the names are, for the message: ``"label"`` or ``"speaker"``.
    model
        Name of the model, for the message.
    """
    if name in known:
        return known.index(name)
    if not known:
        raise BadSetting(f"{model} has no {kind}s, so {name!r} cannot be asked for; leave the {kind} out.")
    nearest = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean {nearest[0]}?" if nearest else "."
    raise BadSetting(f"{model} has no {kind} {name!r}; its {kind}s are {', '.join(known)}{hint}")


def required_index(name: str | None, known: Sequence[str], kind: str, model: str) -> int:
    """Return the index of a label or speaker, 0 if the model has none; raise BadSetting if it needs one.

    Parameters
    ----------
    name, known, kind, model
        As for :func:`index_of`; None for no name.
    """
    if name is not None:
        return index_of(name, known, kind, model)
    if known:
        raise BadSetting(f"{model} is conditioned on a {kind}; give one of {', '.join(known)}.")
    return 0
