"""Effects on sound: frozen settings that process a whole wave, or open a stream for one of any length."""

from collections.abc import Mapping

from ..audio.sound_file import SoundFormat
from .channels import Balance, LeftRight, MidSide, Mono, Pan, SwapChannels, ToStereo, Width
from .clicks import DeClick
from .clipping import DeClip
from .colour import BitCrush, Dither, Saturation
from .delays import Chorus, Delay, Flanger, Vibrato
from .dynamics import Compressor, DeEsser, Ducker, Expander, Gate
from .effect import Effect, EffectStream, KeyedEffect, KeyedStream, Measurement, TwoPassEffect
from .filters import GraphicEqualiser, HighPass, HighShelf, HumNotch, LowPass, LowShelf, Notch, Peak, RemoveDC
from .levels import FadeIn, FadeOut, Gain, InvertPolarity, NormalisePeak, NormaliseRMS
from .limiter import Limiter
from .linear_phase import LinearPhaseEqualiser
from .looping import MakeLoop
from .loudness import NormaliseLoudness
from .modulation import Phaser, RingModulator, Tremolo
from .resampling import Resample, Speed
from .silence import RemoveSilence, TrimSilence
from .space import ConvolutionReverb, Reverb
from .spectral import SpectralCopy, SpectralGain, SpectralHeal, SpectralIsolate
from .stretching import PitchShift, Stretch
from .trimming import Pad, Reverse, Trim

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
    "lineareq": LinearPhaseEqualiser,
    "gain": Gain,
    "invert": InvertPolarity,
    "fadein": FadeIn,
    "fadeout": FadeOut,
    "normalise": NormalisePeak,
    "rms": NormaliseRMS,
    "loudness": NormaliseLoudness,
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
    "saturate": Saturation,
    "crush": BitCrush,
    "dither": Dither,
    "convolve": ConvolutionReverb,
    "reverb": Reverb,
    "midside": MidSide,
    "leftright": LeftRight,
    "width": Width,
    "balance": Balance,
    "pan": Pan,
    "stereo": ToStereo,
    "mono": Mono,
    "swap": SwapChannels,
    "trim": Trim,
    "pad": Pad,
    "reverse": Reverse,
    "resample": Resample,
    "speed": Speed,
    "stretch": Stretch,
    "pitch": PitchShift,
    "silence": RemoveSilence,
    "topandtail": TrimSilence,
    "declick": DeClick,
    "declip": DeClip,
    "loop": MakeLoop,
    "spectralgain": SpectralGain,
    "isolate": SpectralIsolate,
    "spectralcopy": SpectralCopy,
    "heal": SpectralHeal,
}
"""Effects by their names in chains."""

__all__ = [
    "EFFECTS",
    "Balance",
    "BitCrush",
    "Chorus",
    "Compressor",
    "ConvolutionReverb",
    "DeClick",
    "DeClip",
    "DeEsser",
    "Delay",
    "Dither",
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
    "LinearPhaseEqualiser",
    "LowPass",
    "LowShelf",
    "MakeLoop",
    "Measurement",
    "MidSide",
    "Mono",
    "NormaliseLoudness",
    "NormalisePeak",
    "NormaliseRMS",
    "Notch",
    "Pad",
    "Pan",
    "Peak",
    "Phaser",
    "PitchShift",
    "RemoveDC",
    "RemoveSilence",
    "Resample",
    "Reverb",
    "Reverse",
    "RingModulator",
    "Saturation",
    "SoundFormat",
    "SpectralCopy",
    "SpectralGain",
    "SpectralHeal",
    "SpectralIsolate",
    "Speed",
    "Stretch",
    "SwapChannels",
    "ToStereo",
    "Tremolo",
    "Trim",
    "TrimSilence",
    "TwoPassEffect",
    "Vibrato",
    "Width",
]
