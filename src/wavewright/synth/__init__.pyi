"""The names of the synthesiser, for type checkers and for `__init__.py`."""

from .engine import SynthEngine as SynthEngine, general_midi as general_midi
from .patch import (
    Patch as Patch,
    load_patch as load_patch,
    parse_patch as parse_patch,
    patch_names as patch_names,
)
from .waves import wave_patch as wave_patch
