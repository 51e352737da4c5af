"""Accompaniment of melodies: chords by a hidden Markov model, styles as data, four-part harmony by a network."""

from .arrangement import accompany
from .chorale import harmonise
from .learning import learn_style
from .style import AccompanimentStyle, load_style, parse_style, style_names, style_text

__all__ = [
    "AccompanimentStyle",
    "accompany",
    "harmonise",
    "learn_style",
    "load_style",
    "parse_style",
    "style_names",
    "style_text",
]
