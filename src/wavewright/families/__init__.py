"""The model families: each is imported here, and is in the table by that."""

from __future__ import annotations

import difflib
from typing import Any

from ..contracts.family import Family
from ..errors import BadSetting
from .acoustic import ACOUSTIC as ACOUSTIC
from .classifier import CLASSIFIER as CLASSIFIER
from .codec import CODEC as CODEC
from .gan import GAN as GAN
from .lstm import LSTM as LSTM
from .prior import PRIOR as PRIOR
from .vae import VAE as VAE
from .vocoder import VOCODER as VOCODER
from .wavenet import WAVENET as WAVENET

AnyFamily = Family[Any]

FAMILIES: dict[str, AnyFamily] = {each.name: each for each in list(vars().values()) if isinstance(each, Family)}
"""Every family by its name, in alphabetical order."""


def family(name: str) -> AnyFamily:
    """Return a family by its name; raise BadSetting for one that there is not."""
    if name not in FAMILIES:
        nearest = difflib.get_close_matches(name, FAMILIES, n=1)
        hint = f"; did you mean {nearest[0]}?" if nearest else "."
        raise BadSetting(f"There is no model family {name!r}; the families are {', '.join(FAMILIES)}{hint}")
    return FAMILIES[name]
