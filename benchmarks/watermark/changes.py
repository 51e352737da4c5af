"""Changes of sound that a mark should survive: codecs, sample rates, noise, filters, speed, rooms, vocoders."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy.signal
import soxr

from benchmarks.codec.opus import copy_by_wavewright
from benchmarks.harness.waves import through_codec
from wavewright.audio.sound_file import SoundFormat
from wavewright.base.units import db_to_gain
from wavewright.data.mixing import rms
from wavewright.dsp.rooms import Room
from wavewright.effects.editing.chain import Chain
from wavewright.families import loading

Change = Callable[[np.ndarray, int], np.ndarray]
"""A function of a wave ``(time,)`` and its sample rate."""

ROOM_METRES, ROOM_T60 = (5.0, 4.0, 2.6), 0.4
SEED = 11


def coded(codec: str, container: str, kbps: float) -> Change:
    """Return the change by a codec of PyAV."""
    return lambda wave, sample_rate: through_codec(wave, sample_rate, codec, container, kbps)[0]


def through_rate(rate: int) -> Change:
    """Return the change by another sample rate and back."""
    return lambda wave, sample_rate: soxr.resample(soxr.resample(wave, sample_rate, rate), rate, sample_rate)


def with_noise(snr_db: float) -> Change:
    """Return the change by white noise."""
    level = db_to_gain(-snr_db)
    return lambda wave, _: wave + level * rms(wave) * np.random.default_rng(SEED).standard_normal(len(wave))


def filtered(kind: str, hertz: float) -> Change:
    """Return the change by a Butterworth filter of 24 dB an octave."""
    return lambda wave, rate: scipy.signal.sosfilt(scipy.signal.butter(4, hertz, kind, output="sos", fs=rate), wave)


def edited(text: str) -> Change:
    """Return the change by a chain of effects."""

    def change(wave: np.ndarray, sample_rate: int) -> np.ndarray:
        blocks = Chain.parse(text).process_blocks([wave[None].astype(np.float32)], SoundFormat(sample_rate, 1))
        return np.concatenate(list(blocks), axis=1)[0]

    return change


def in_a_room(wave: np.ndarray, sample_rate: int) -> np.ndarray:
    """Return the wave in a room of 52 cubic metres with a reverberation time of 0.4 s."""
    response = Room(np.array(ROOM_METRES), ROOM_T60).response(np.random.default_rng(SEED), sample_rate)
    return scipy.signal.fftconvolve(wave, response)[: len(wave)]


def vocoded(wave: np.ndarray, sample_rate: int) -> np.ndarray:
    """Return the copy by the bundled vocoder."""
    vocoder = loading.load_vocoder("vocoder")
    own = soxr.resample(wave, sample_rate, vocoder.sample_rate).astype(np.float32)
    return soxr.resample(vocoder.vocode(vocoder.mel_of(own))[0], vocoder.sample_rate, sample_rate)


def neurally_coded(wave: np.ndarray, sample_rate: int) -> np.ndarray:
    """Return the copy by the bundled speech codec at 6 kbit/s."""
    return copy_by_wavewright(wave.astype(np.float32), "speech-codec", 6.0, sample_rate)[0]


SHORT_CHANGES: dict[str, Change] = {
    "none": lambda wave, _: wave,
    "MP3 64": coded("libmp3lame", "mp3", 64),
    "Opus 16": coded("libopus", "ogg", 16),
    "AAC 48": coded("aac", "adts", 48),
    "8 kHz": through_rate(8_000),
    "16 kHz": through_rate(16_000),
    "noise 20 dB": with_noise(20.0),
    "low-pass 3 kHz": filtered("lowpass", 3_000),
    "high-pass 1.5 kHz": filtered("highpass", 1_500),
    "speed 1.05": lambda wave, _: soxr.resample(wave, 1.05, 1.0),
    "speed 0.95": lambda wave, _: soxr.resample(wave, 0.95, 1.0),
    "Opus 6": coded("libopus", "ogg", 6),
    "speech-codec 6": neurally_coded,
}
"""Changes of clips of 3 s."""

LONG_CHANGES: dict[str, Change] = {
    "stretch 1.1": edited("stretch factor=1.1"),
    "pitch +1": edited("pitch semitones=1st"),
    "room": in_a_room,
    "vocoder": vocoded,
    "Opus 6": coded("libopus", "ogg", 6),
    "speech-codec 6": neurally_coded,
}
"""Changes of speech of 30 s."""

REPORTED = ("Opus 6", "speech-codec 6")
"""Changes without a bar."""

UNMARKED_CHANGES: dict[str, Change] = {
    "none": lambda wave, _: wave,
    "reversed": lambda wave, _: wave[::-1],
    "high-pass 1.5 kHz": filtered("highpass", 1_500),
    "low-pass 3 kHz": filtered("lowpass", 3_000),
    "MP3 64": coded("libmp3lame", "mp3", 64),
    "Opus 16": coded("libopus", "ogg", 16),
}
"""Changes of unmarked sound."""
