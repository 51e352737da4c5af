"""Look up labels and speakers by name."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from ..base.errors import BadSetting


def index_of(name: str, known: Sequence[str], kind: str, model: str) -> int:
    """Return the index of a label or speaker among the known ones; raise BadSetting if the model has no such name.

    The message names the ``kind``, ``"label"`` or ``"speaker"``, and the model.
    """
    if name in known:
        return known.index(name)
    if not known:
        raise BadSetting(f"{model} has no {kind}s, so {name!r} cannot be asked for; leave the {kind} out.")
    nearest = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean {nearest[0]}?" if nearest else "."
    raise BadSetting(f"{model} has no {kind} {name!r}; its {kind}s are {', '.join(known)}{hint}")


def required_index(name: str | None, known: Sequence[str], kind: str, model: str) -> int:
    """Return the index of a label or speaker as :func:`index_of`, 0 if the model has none and None is given.

    Raises BadSetting if the model needs a name.
    """
    if name is not None:
        return index_of(name, known, kind, model)
    if known:
        raise BadSetting(f"{model} is conditioned on a {kind}; give one of {', '.join(known)}.")
    return 0
