"""Distances of spoken sentences from recordings of the same sentences: mel cepstra, pitch, voicing, and the speaker."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.harness.judges import SAMPLE_RATE
from benchmarks.harness.waves import resampled
from wavewright.audio.clip import Clip
from wavewright.dsp.mel import speech_hop_length, speech_mel
from wavewright.dsp.pitch import track_pitch
from wavewright.metrics.recogniser import trim_silence

N_CEPSTRA = 24  # without the first, which is the level
PITCHES_HZ = 65.0, 500.0  # lowest and highest


def distance(reference: np.ndarray, estimate: np.ndarray, sample_rate: int) -> dict[str, float]:
    """Return the distances of waves ``(time,)``, trimmed, frames of 16 ms aligned by dynamic time warping.

    ``cepstral_db`` is the mel-cepstral distortion, ``pitch_semitones`` the root mean squared difference of frames that
    are voiced in both, the difference of the medians subtracted, and ``voicing_percent`` counts frames that are voiced
    in one alone. Mel-cepstral distortion is ``10 / ln 10 * sqrt(2 * sum (c - c')^2)`` over cepstra 1 to 24, here of 80
    log-mel amplitudes (R. Kubichek, "Mel-cepstral distance measure for objective speech quality assessment", 1993).
    """
    from librosa.sequence import dtw

    pair = [trim_silence(resampled(wave, sample_rate, SAMPLE_RATE)) for wave in (reference, estimate)]
    cepstra = [_cepstra(wave) for wave in pair]
    rows, columns = dtw(cepstra[0], cepstra[1])[1].T
    difference = cepstra[0][:, rows] - cepstra[1][:, columns]
    cepstral_db = 10 / np.log(10) * np.sqrt(2 * np.square(difference).sum(axis=0)).mean()
    tracks = [track_pitch(wave, SAMPLE_RATE, speech_hop_length(SAMPLE_RATE), *PITCHES_HZ).f0_hz for wave in pair]
    reference_hz, estimate_hz = tracks[0][rows], tracks[1][columns]
    is_voiced = (reference_hz > 0) & (estimate_hz > 0)
    semitones = 12 * np.log2(estimate_hz[is_voiced] / reference_hz[is_voiced]) if is_voiced.any() else np.array(np.nan)
    return {
        "cepstral_db": float(cepstral_db),
        "pitch_semitones": float(np.sqrt(np.mean((semitones - np.median(semitones)) ** 2))),
        "voicing_percent": float(100 * np.mean((reference_hz > 0) != (estimate_hz > 0))),
    }


def _cepstra(wave: np.ndarray) -> np.ndarray:
    """Return cepstra 1 to N_CEPSTRA, ``(N_CEPSTRA, frames)``: log-mel amplitudes as a sum of cosines over the bands."""
    from scipy.fft import dct

    log_amplitude = 0.5 * speech_mel(wave, SAMPLE_RATE)
    return dct(log_amplitude, axis=0, norm="ortho")[1 : N_CEPSTRA + 1] * np.sqrt(2 / len(log_amplitude))


class SpeakerEncoder:
    """Speaker embeddings by Resemblyzer (Wan et al., "Generalized end-to-end loss for speaker verification", 2018)."""

    def __init__(self) -> None:
        from resemblyzer import VoiceEncoder

        self._encoder = VoiceEncoder("cpu", verbose=False)

    def embed(self, clip: Clip) -> np.ndarray:
        """Return the embedding ``(256,)``, of length 1, of a clip without the silence around it."""
        return self._encoder.embed_utterance(trim_silence(clip.mono().resample(SAMPLE_RATE).wave[0]))

    def cosine(self, reference: np.ndarray, estimate: np.ndarray) -> float:
        """Return the cosine between embeddings of waves ``(time,)`` at 16 kHz."""
        return float(np.dot(self._encoder.embed_utterance(reference), self._encoder.embed_utterance(estimate)))


def mean_similarity(references: Sequence[np.ndarray], embeddings: Sequence[np.ndarray]) -> float:
    """Return the mean cosine between embeddings and the mean of ``references``."""
    mean = np.mean(references, axis=0)
    return float(np.mean(np.stack(embeddings) @ (mean / np.linalg.norm(mean))))
