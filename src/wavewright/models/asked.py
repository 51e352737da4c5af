"""What is asked of a model by name, found among what it has, or refused with what it has."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from ..errors import BadSetting


def place_of(asked: str, known: Sequence[str], kind: str, model: str) -> int:
    """The place of a label or speaker (``kind``) among those ``known`` to ``model``; raises BadSetting for one that it lacks."""
    if asked in known:
        return known.index(asked)
    if not known:
        raise BadSetting(f"{model} has no {kind}s, so {asked!r} cannot be asked for; leave the {kind} out.")
    nearest = difflib.get_close_matches(asked, known, n=1)
    hint = f"; did you mean {nearest[0]}?" if nearest else "."
    raise BadSetting(f"{model} has no {kind} {asked!r}; its {kind}s are {', '.join(known)}{hint}")
