"""How far spoken sentences lie from recordings of the same sentences: mel cepstra, pitch and voicing along the best alignment, and speaker.

pip install ".[metrics]" && pip install --no-deps Resemblyzer==0.1.4 && pip install webrtcvad-wheels
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.speech.recogniser import spoken_part
from wavewright.clip import Clip
from wavewright.dsp.pitch import track_pitch
from wavewright.dsp.speech_mel import speech_hop_length, speech_mel
from wavewright.errors import MissingExtra

SAMPLE_RATE = 16_000
N_CEPSTRA = 24  # without the first, which is the level
LOWEST_PITCH_HZ, HIGHEST_PITCH_HZ = 65.0, 500.0


@dataclass(frozen=True)
class Distance:
    """``cepstral_db``: mel-cepstral distortion; ``pitch_semitones``: root of the mean squared difference where both are voiced, the
    difference of the medians taken out; ``voicing_percent``: frames of which one side alone is voiced."""

    cepstral_db: float
    pitch_semitones: float
    voicing_percent: float


def distance(reference: np.ndarray, estimate: np.ndarray, sample_rate: int) -> Distance:
    """Between waves ``(time,)`` at one rate, their silence at both ends left out, frames of 16 ms aligned by dynamic time warping.

    Mel-cepstral distortion as in R. Kubichek, "Mel-cepstral distance measure for objective speech quality assessment", 1993:
    ``10 / ln 10 * sqrt(2 * sum (c - c')^2)`` over cepstra 1 to 24, here of 80 log-mel amplitudes.
    """
    import librosa

    pair = [spoken_part(Clip(wave[None], sample_rate).resample(SAMPLE_RATE).wave[0]) for wave in (reference, estimate)]
    cepstra = [_cepstra(wave) for wave in pair]
    _, path = librosa.sequence.dtw(cepstra[0], cepstra[1], metric="euclidean")
    rows, columns = path.T
    apart = cepstra[0][:, rows] - cepstra[1][:, columns]
    cepstral_db = 10 / np.log(10) * np.sqrt(2 * np.square(apart).sum(axis=0)).mean()
    pitch = [_pitch(wave, cepstrum.shape[1]) for wave, cepstrum in zip(pair, cepstra, strict=True)]
    known, said = pitch[0][rows], pitch[1][columns]
    both = (known > 0) & (said > 0)
    semitones = 12 * np.log2(said[both] / known[both]) if both.any() else np.full(1, np.nan)
    semitones = semitones - np.median(semitones)
    voicing = 100 * np.mean((known > 0) != (said > 0))
    return Distance(float(cepstral_db), float(np.sqrt(np.mean(semitones**2))), float(voicing))


def _cepstra(wave: np.ndarray) -> np.ndarray:
    """Cepstra 1 to N_CEPSTRA, ``(N_CEPSTRA, frames)``: log-mel amplitudes as the sum of so many cosines over the bands."""
    from scipy.fft import dct

    log_amplitude = 0.5 * speech_mel(wave, SAMPLE_RATE)
    return dct(log_amplitude, axis=0, norm="ortho")[1 : N_CEPSTRA + 1] * np.sqrt(2 / len(log_amplitude))


def _pitch(wave: np.ndarray, n_frames: int) -> np.ndarray:
    track = track_pitch(wave, SAMPLE_RATE, speech_hop_length(SAMPLE_RATE), LOWEST_PITCH_HZ, HIGHEST_PITCH_HZ)
    return track.f0_hz[:n_frames]


class Speakers:
    """Who is heard, as Resemblyzer's embeddings (Wan et al., "Generalized end-to-end loss for speaker verification", 2018)."""

    def __init__(self) -> None:
        """Load the encoder; raises MissingExtra without its package."""
        try:
            from resemblyzer import VoiceEncoder
        except ImportError as error:
            raise MissingExtra(
                f"Resemblyzer cannot be imported ({error}); see benchmarks/speech/speech_distance.py."
            ) from error
        self._encoder = VoiceEncoder("cpu", verbose=False)

    def embed(self, wave: np.ndarray, sample_rate: int) -> np.ndarray:
        """The embedding ``(256,)``, of length 1, of a wave ``(time,)``."""
        heard = spoken_part(Clip(wave[None], sample_rate).resample(SAMPLE_RATE).wave[0])
        return self._encoder.embed_utterance(heard)

    @staticmethod
    def similarity(natural: Sequence[np.ndarray], embedded: Sequence[np.ndarray]) -> float:
        """The mean cosine between embeddings and the middle of natural ones."""
        middle = np.mean(natural, axis=0)
        return float(np.mean(np.stack(embedded) @ (middle / np.linalg.norm(middle))))
