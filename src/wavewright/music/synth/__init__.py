"""The synthesiser: band-limited oscillators, other sources of sound, patches as data, an engine that plays them."""

from .engine import SynthEngine
from .patch import Patch
from .patch_files import load_patch, parse_patch, patch_names

__all__ = ["Patch", "SynthEngine", "load_patch", "parse_patch", "patch_names"]
