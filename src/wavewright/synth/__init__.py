"""The synthesiser: band-limited oscillators, other sources of sound, patches as data, an engine that plays them."""

from .engine import SynthEngine
from .general_midi import general_midi
from .patch import Patch, load_patch, parse_patch, patch_names
from .waves import wave_patch

__all__ = ["Patch", "SynthEngine", "general_midi", "load_patch", "parse_patch", "patch_names", "wave_patch"]
