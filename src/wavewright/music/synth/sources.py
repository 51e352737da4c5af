"""The source of sound of a patch."""

from __future__ import annotations

from .oscillators import OscillatorSource
from .patch import Patch
from .source import VoiceSource


def open_source(patch: Patch, n_voices: int, sample_rate: int) -> VoiceSource:
    """Return the source of sound of a patch.

    Parameters
    ----------
    patch : Patch
    n_voices : int
        Rows of its state.
    sample_rate : int
        In Hz.
    """
    return OscillatorSource(patch.oscillators, n_voices, sample_rate)
