"""Effects on sound: frozen settings that process a whole wave, or open a stream for one of any length."""

from collections.abc import Mapping

from .channels import Balance, LeftRight, MidSide, Mono, MonoToStereo, Pan, SwapChannels, Width
from .delays import Chorus, Delay, Flanger, Vibrato
from .dynamics import Compressor, DeEsser, Ducker, Expander, Gate
from .effect import Effect, EffectStream, KeyedEffect, KeyedStream, Measurement, TwoPassEffect
from .filters import GraphicEqualiser, HighPass, HighShelf, HumNotch, LowPass, LowShelf, Notch, Peak, RemoveDC
from .levels import FadeIn, FadeOut, Gain, InvertPolarity, NormalisePeak, NormaliseRMS
from .limiter import Limiter
from .modulation import Phaser, RingModulator, Tremolo

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
    "gain": Gain,
    "invert": InvertPolarity,
    "fadein": FadeIn,
    "fadeout": FadeOut,
    "normalise": NormalisePeak,
    "rms": NormaliseRMS,
    "compress": Compressor,
    "expand": Expander,
    "gate": Gate,
    "deess": DeEsser,
    "duck": Ducker,
    "limit": Limiter,
    "tremolo": Tremolo,
    "ring": RingModulator,
    "phaser": Phaser,
    "delay": Delay,
    "vibrato": Vibrato,
    "chorus": Chorus,
    "flanger": Flanger,
    "midside": MidSide,
    "leftright": LeftRight,
    "width": Width,
    "balance": Balance,
    "pan": Pan,
    "stereo": MonoToStereo,
    "mono": Mono,
    "swap": SwapChannels,
}
"""Effects by their names in chains."""

__all__ = [
    "EFFECTS",
    "Balance",
    "Chorus",
    "Compressor",
    "DeEsser",
    "Delay",
    "Ducker",
    "Effect",
    "EffectStream",
    "Expander",
    "FadeIn",
    "FadeOut",
    "Flanger",
    "Gain",
    "Gate",
    "GraphicEqualiser",
    "HighPass",
    "HighShelf",
    "HumNotch",
    "InvertPolarity",
    "KeyedEffect",
    "KeyedStream",
    "LeftRight",
    "Limiter",
    "LowPass",
    "LowShelf",
    "Measurement",
    "MidSide",
    "Mono",
    "MonoToStereo",
    "NormalisePeak",
    "NormaliseRMS",
    "Notch",
    "Pan",
    "Peak",
    "Phaser",
    "RemoveDC",
    "RingModulator",
    "SwapChannels",
    "Tremolo",
    "TwoPassEffect",
    "Vibrato",
    "Width",
]
