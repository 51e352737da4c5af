"""Accompaniment of melodies: chords by a hidden Markov model, styles as data, voice leading."""

from .arrangement import accompany
from .learning import learn_style
from .style import AccompanimentStyle, load_style, parse_style, style_names, style_text

__all__ = [
    "AccompanimentStyle",
    "accompany",
    "learn_style",
    "load_style",
    "parse_style",
    "style_names",
    "style_text",
]
