"""Names of parameters on the command line."""

from __future__ import annotations

import inspect
from typing import get_args

from . import POSITIONAL


def is_argument(parameter: inspect.Parameter, hint: object) -> bool:
    """Return True for a parameter that is an argument on the command line, not an option."""
    return parameter.default is parameter.empty or POSITIONAL in get_args(hint)


def name_of_option(parameter: inspect.Parameter, hint: object) -> str:
    """Return the name of a parameter on the command line; a final ``_`` avoids a keyword of Python."""
    return parameter.name if is_argument(parameter, hint) else f"--{parameter.name.rstrip('_').replace('_', '-')}"
