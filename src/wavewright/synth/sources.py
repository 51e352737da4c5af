"""The source of sound of a patch."""

from __future__ import annotations

from .drums import DrumSource
from .fm import FMSource
from .formula_source import FormulaSource
from .grains import GrainSource
from .modal import ModalSource
from .oscillators import OscillatorSource
from .patch import Patch
from .source import VoiceSource
from .strings import StringSource


def open_source(patch: Patch, n_voices: int, sample_rate: int) -> VoiceSource:
    """Return the source of sound of a patch.

    - ``n_voices``: rows of its state.
    - ``sample_rate``: in Hz.
    """
    if patch.fm is not None:
        return FMSource(patch.fm, n_voices, sample_rate)
    if patch.string is not None:
        return StringSource(patch.string, n_voices, sample_rate)
    if patch.modal is not None:
        return ModalSource(patch.modal, n_voices, sample_rate)
    if patch.grains is not None:
        return GrainSource(patch.grains, n_voices, sample_rate)
    if patch.formula is not None:
        return FormulaSource(patch.formula, n_voices, sample_rate)
    if patch.drums:
        return DrumSource(patch.drums, n_voices, sample_rate)
    return OscillatorSource(patch.oscillators, n_voices, sample_rate)
