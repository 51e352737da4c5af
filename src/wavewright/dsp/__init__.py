"""Signal processing as pure functions on arrays ``(..., time)``; float32 in, float32 out."""

from .companding import mu_law_decode, mu_law_dequantise, mu_law_encode, mu_law_quantise
from .excitation import disperse, mix_by_periodicity, pulse_train, shape_to_mel
from .loudness import LoudnessMeter, integrated_loudness, normalise_loudness, normalise_peak
from .mel import hz_to_mel, log_mel, mel_filterbank, mel_spectrogram, mel_to_hz, mfcc, power_to_db
from .onset import align, count_onsets, fade, onset_sample, trim
from .phase import griffin_lim, mel_to_power
from .pitch import PitchTrack, f0_to_octaves, track_pitch
from .spectrum import hann_window, istft, power_spectrum, spectrogram, stft
from .true_peak import TruePeakMeter

__all__ = [
    "LoudnessMeter",
    "PitchTrack",
    "TruePeakMeter",
    "align",
    "count_onsets",
    "disperse",
    "f0_to_octaves",
    "fade",
    "griffin_lim",
    "hann_window",
    "hz_to_mel",
    "integrated_loudness",
    "istft",
    "log_mel",
    "mel_filterbank",
    "mel_spectrogram",
    "mel_to_hz",
    "mel_to_power",
    "mfcc",
    "mix_by_periodicity",
    "mu_law_decode",
    "mu_law_dequantise",
    "mu_law_encode",
    "mu_law_quantise",
    "normalise_loudness",
    "normalise_peak",
    "onset_sample",
    "power_spectrum",
    "power_to_db",
    "pulse_train",
    "shape_to_mel",
    "spectrogram",
    "stft",
    "track_pitch",
    "trim",
]
