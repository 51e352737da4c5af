"""Effects on sound: frozen settings that process a whole wave, or open a stream for one of any length."""

from collections.abc import Mapping

from .effect import Effect, EffectStream, KeyedEffect, KeyedStream, Measurement, TwoPassEffect
from .filters import (
    GraphicEqualiser,
    HighPass,
    HighShelf,
    HumNotch,
    LowPass,
    LowShelf,
    Notch,
    Peak,
    RemoveDC,
)

EFFECTS: Mapping[str, type[Effect]] = {
    "highpass": HighPass,
    "lowpass": LowPass,
    "lowshelf": LowShelf,
    "highshelf": HighShelf,
    "peak": Peak,
    "notch": Notch,
    "hum": HumNotch,
    "dc": RemoveDC,
    "equaliser": GraphicEqualiser,
}
"""Effects by their names in chains."""

__all__ = [
    "EFFECTS",
    "Effect",
    "EffectStream",
    "GraphicEqualiser",
    "HighPass",
    "HighShelf",
    "HumNotch",
    "KeyedEffect",
    "KeyedStream",
    "LowPass",
    "LowShelf",
    "Measurement",
    "Notch",
    "Peak",
    "RemoveDC",
    "TwoPassEffect",
]
