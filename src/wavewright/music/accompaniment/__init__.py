"""Accompaniment of melodies: chords by a hidden Markov model, styles as data, voice leading."""

from .arrangement import accompany
from .style import AccompanimentStyle, load_style, parse_style, style_names

__all__ = ["AccompanimentStyle", "accompany", "load_style", "parse_style", "style_names"]
