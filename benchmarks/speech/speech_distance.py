"""Distances of spoken sentences from recordings of the same sentences: mel cepstra, pitch, voicing, and the speaker."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.spatial.distance import cdist

from benchmarks.harness.judges import SAMPLE_RATE
from benchmarks.harness.waves import resampled
from wavewright.audio.clip import Clip
from wavewright.dsp.mel import speech_hop_length, speech_mel
from wavewright.dsp.pitch import track_pitch
from wavewright.metrics.recogniser import trim_silence

N_CEPSTRA = 24  # without the first, which is the level
MIN_PITCH_HZ = 65.0
MAX_PITCH_HZ = 500.0


def distance(reference: np.ndarray, estimate: np.ndarray, sample_rate: int) -> dict[str, float]:
    """Return the distances of waves ``(time,)``, trimmed, frames of 16 ms aligned by dynamic time warping.

    ``cepstral_db`` is the mel-cepstral distortion, ``pitch_semitones`` the root mean squared difference of frames that
    are voiced in both, the difference of the medians subtracted, and ``voicing_percent`` counts frames that are voiced
    in one alone. Mel-cepstral distortion is ``10 / ln 10 * sqrt(2 * sum (c - c')^2)`` over cepstra 1 to 24, here of 80
    log-mel amplitudes (R. Kubichek, "Mel-cepstral distance measure for objective speech quality assessment", 1993).
    """
    pair = [trim_silence(resampled(wave, sample_rate, SAMPLE_RATE)) for wave in (reference, estimate)]
    cepstra = [_cepstra(wave) for wave in pair]
    rows, columns = warping_path(cdist(cepstra[0].T, cepstra[1].T)).T
    difference = cepstra[0][:, rows] - cepstra[1][:, columns]
    cepstral_db = 10 / np.log(10) * np.sqrt(2 * np.square(difference).sum(axis=0)).mean()
    hop_length = speech_hop_length(SAMPLE_RATE)
    tracks = [track_pitch(wave, SAMPLE_RATE, hop_length, MIN_PITCH_HZ, MAX_PITCH_HZ).f0_hz for wave in pair]
    reference_hz, estimate_hz = tracks[0][rows], tracks[1][columns]
    is_voiced = (reference_hz > 0) & (estimate_hz > 0)
    semitones = (
        12 * np.log2(estimate_hz[is_voiced] / reference_hz[is_voiced]) if is_voiced.any() else np.array([np.nan])
    )
    semitones = semitones - np.median(semitones)
    voicing = 100 * np.mean((reference_hz > 0) != (estimate_hz > 0))
    pitch_semitones = float(np.sqrt(np.mean(semitones**2)))
    return {"cepstral_db": float(cepstral_db), "pitch_semitones": pitch_semitones, "voicing_percent": float(voicing)}


def warping_path(cost: np.ndarray) -> np.ndarray:
    """Return the cheapest path ``(steps, 2)`` from the first to the last cell of ``cost (n, m)`` by steps of at most 1.

    H. Sakoe, S. Chiba, "Dynamic programming algorithm optimization for spoken word recognition", 1978.
    """
    total = np.empty_like(cost)
    total[0] = np.cumsum(cost[0])
    for row in range(1, len(cost)):
        above = np.minimum(total[row - 1], np.concatenate([[np.inf], total[row - 1, :-1]]))
        along = np.cumsum(cost[row])
        total[row] = along + np.minimum.accumulate(above - along + cost[row])  # steps along the row, all at once
    path = [(len(cost) - 1, cost.shape[1] - 1)]
    while path[-1] != (0, 0):
        row, column = path[-1]
        steps = ((row - 1, column - 1), (row - 1, column), (row, column - 1))
        path.append(min((step for step in steps if min(step) >= 0), key=lambda step: total[step]))
    return np.array(path[::-1])


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
