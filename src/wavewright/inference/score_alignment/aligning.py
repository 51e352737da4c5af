"""Times of the notes and bars of a score in a recording, by chroma, onsets and dynamic time warping."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...base.errors import BadAudio, BadScore
from ...dsp.compiled import compiled
from ...dsp.spectrum import frame, hann_window, power_spectrum
from ...music.bars import bars_of
from ...music.performance import perform
from ...music.score import Score
from ...music.timing import MAX_US_PER_QUARTER, TEMPO
from ...synth.soundfont import PlayerSettings, SoundFontEngine, default_soundfont

# --- Dynamic time warping within a band, compiled

N_CLASSES = 12


@compiled("the alignment of scores")
def warp(a: np.ndarray, b: np.ndarray, centres: np.ndarray, steps: np.ndarray, totals: np.ndarray) -> None:
    """Fill the steps by which the cheapest path reaches each pair of frames.

    The cost of a pair is one minus the product of their chroma, and the distance of their onsets; that of a diagonal
    step counts twice, so that all paths have one length.

    - ``a``, ``b``: float32 ``(frames, 24)``, chroma and onsets.
    - ``centres``: frame of ``b`` in the middle of the band of each frame of ``a``, rising.
    - ``steps``: uint8 ``(frames of a, width)``: 1 from the frame of ``a`` before, 3 from that of ``b``, 2 from both.
    - ``totals``: float64 ``(2, width)``, scratch memory.
    """
    width = steps.shape[1]
    half = width // 2
    for i in range(len(a)):
        row, before = i % 2, (i + 1) % 2
        shift = centres[i] - centres[i - 1] if i > 0 else 0
        for w in range(width):
            totals[row, w] = np.inf
            j = centres[i] - half + w
            if j < 0 or j >= len(b):
                continue
            product, distance = 0.0, 0.0
            for k in range(N_CLASSES):
                product += a[i, k] * b[j, k]
                difference = a[i, N_CLASSES + k] - b[j, N_CLASSES + k]
                distance += difference * difference
            cost = 1.0 - product + np.sqrt(distance)
            best, step = np.inf, 0
            if i == 0 and j == 0:
                best = cost
            u = w + shift
            if i > 0 and u < width and totals[before, u] + cost < best:
                best, step = totals[before, u] + cost, 1
            if i > 0 and 0 < u <= width and totals[before, u - 1] + 2.0 * cost < best:
                best, step = totals[before, u - 1] + 2.0 * cost, 2
            if w > 0 and totals[row, w - 1] + cost < best:
                best, step = totals[row, w - 1] + cost, 3
            totals[row, w] = best
            steps[i, w] = step


def warping_path(a: np.ndarray, b: np.ndarray, n_half: int) -> np.ndarray:
    """Return the cheapest path between two sequences of features, int64 ``(steps, 2)``: rows of frames of both.

    - ``a``, ``b``: float32 ``(frames, 24)``.
    - ``n_half``: frames of ``b`` that the path may be away from the straight line, on either side.
    """
    centres = np.round(np.linspace(0, len(b) - 1, len(a))).astype(np.int64)
    largest = int(np.diff(centres).max(initial=1))
    n_half = max(n_half, largest + 1)
    steps = np.zeros((len(a), 2 * n_half + 1), np.uint8)
    warp(a, b, centres, steps, np.full((2, 2 * n_half + 1), np.inf))
    i, j = len(a) - 1, len(b) - 1
    path = [(i, j)]
    while i or j:
        step = int(steps[i, j - int(centres[i]) + n_half])
        if not step:
            break
        i, j = i - (step != 3), j - (step != 1)
        path.append((i, j))
    return np.array(path[::-1], np.int64)


RATE, HOP, N_FFT = 22_050, 441, 4_096
HOP_SECONDS = HOP / RATE
LOWEST_KEY, HIGHEST_KEY = 33, 96
COMPRESSION = 1e4
LOCAL_FRAMES = 50
"""Onsets are relative to the largest one within so many frames on either side."""

DECAY = (0.9, 0.8, 0.65, 0.5, 0.35, 0.2, 0.1)
"""Fractions of an onset that remain in the frames after it."""

BAND_SECONDS, BAND_FRACTION = 20.0, 0.15
MAX_SECONDS = 3_600.0
SHORTEST_QUARTER_US = 1_000
REST_SECONDS = 0.5
"""Silence around both sounds, which takes up what precedes and follows the music of the other one."""

FRAMES_PER_BLOCK = 512


@dataclass(frozen=True, eq=False)
class ScoreAlignment:
    """A score in a recording.

    - ``ticks``, ``seconds``: rising ticks of the score, and when they are played, from the start of the recording.
    - ``fit``: mean correlation of the chroma of both on the path, 0 to 1; it is low where the score is another piece.
    """

    ticks: np.ndarray
    seconds: np.ndarray
    fit: float

    def times(self, ticks: np.ndarray) -> np.ndarray:
        """Return when ticks are played, in seconds."""
        result: np.ndarray = np.interp(ticks, self.ticks, self.seconds)
        return result

    def played_score(self, score: Score) -> Score:
        """Return the score with the tempo of each quarter of the recording, from its first tick on."""
        quarter = score.ticks_per_quarter
        ticks = np.arange(0, score.length + quarter, quarter)
        spans = np.diff(self.times(ticks)) * 1e6
        us = np.clip(np.round(spans), SHORTEST_QUARTER_US, MAX_US_PER_QUARTER).astype(np.int64)
        return replace(score, tempos=np.array(list(zip(ticks[:-1].tolist(), us.tolist(), strict=True)), TEMPO))


def features_of(wave: np.ndarray) -> np.ndarray:
    """Return chroma and decaying onsets of pitch classes (S. Ewert, M. Mueller, P. Grosche, ICASSP 2009).

    - ``wave``: ``(time,)`` at RATE.
    - returns: float32 ``(frames, 24)``, a frame every HOP samples.
    """
    frames = frame(np.pad(wave.astype(np.float32), N_FFT // 2), N_FFT, HOP)
    window, filters = hann_window(N_FFT), _filters()
    bands = np.concatenate(
        [
            power_spectrum(np.fft.rfft(frames[first : first + FRAMES_PER_BLOCK] * window)) @ filters
            for first in range(0, len(frames), FRAMES_PER_BLOCK)
        ]
    )
    level = np.log1p(COMPRESSION * bands / max(float(bands.max()), 1e-12))
    fold = np.zeros((HIGHEST_KEY - LOWEST_KEY + 1, N_CLASSES), np.float32)
    fold[np.arange(len(fold)), np.arange(LOWEST_KEY, HIGHEST_KEY + 1) % N_CLASSES] = 1.0
    chroma = level @ fold
    norms = np.linalg.norm(chroma, axis=1, keepdims=True)
    chroma = chroma / np.maximum(norms, 0.1 * float(norms.max()) + 1e-9)
    rise = np.maximum(np.diff(level, axis=0, prepend=level[:1]), 0.0) @ fold
    strength = np.linalg.norm(rise, axis=1)
    padded = np.pad(strength, LOCAL_FRAMES, mode="edge")
    local = np.lib.stride_tricks.sliding_window_view(padded, 2 * LOCAL_FRAMES + 1).max(axis=1)
    rise = rise / np.maximum(local, 0.1 * float(strength.max()) + 1e-9)[:, None]
    onsets = rise.copy()
    for n, left in enumerate(DECAY, 1):
        onsets[n:] = np.maximum(onsets[n:], left * rise[:-n])
    return np.concatenate([chroma, onsets], axis=1).astype(np.float32)


def _filters() -> np.ndarray:
    """Return triangles of a semitone on either side of each key, float32 ``(bins, keys)``."""
    hertz = np.fft.rfftfreq(N_FFT, 1.0 / RATE)
    pitches = 69.0 + 12.0 * np.log2(np.maximum(hertz, 1e-6) / 440.0)
    rows = []
    for key in range(LOWEST_KEY, HIGHEST_KEY + 1):
        row = np.maximum(0.0, 1.0 - np.abs(pitches - key) / 0.7)
        if not row.any():
            row[int(np.abs(pitches - key).argmin())] = 1.0
        rows.append(row / row.sum())
    return np.array(rows, np.float32).T


def align_score(wave: np.ndarray, score: Score) -> ScoreAlignment:
    """Align a recording with its score.

    - ``wave``: ``(time,)`` at RATE.

    Raises BadAudio if the recording is silent, shorter than a second or longer than an hour, or BadScore if the score
    has no notes.
    """
    if not score.n_notes:
        raise BadScore("The score has no notes to align.")
    if not RATE <= len(wave) <= MAX_SECONDS * RATE or not np.abs(wave).max() > 0.0:
        raise BadAudio("The recording is silent, or does not last between a second and an hour.")
    n_rest = round(REST_SECONDS / HOP_SECONDS) * HOP
    played = features_of(np.pad(wave, n_rest))
    settings = PlayerSettings(reverb=0.0, chorus=0.0)
    blocks = perform(score, RATE).blocks(lambda: SoundFontEngine(default_soundfont(), RATE, settings))
    written = features_of(np.pad(np.concatenate([*blocks], axis=1).mean(axis=0), n_rest))
    band = max(BAND_SECONDS / HOP_SECONDS, BAND_FRACTION * max(len(played), len(written)))
    path = warping_path(played, written, min(round(band), len(written)))
    fit = _mean_correlation(played[path[:, 0], :N_CLASSES], written[path[:, 1], :N_CLASSES])
    # The mean of the frames of the recording that a frame of the score is aligned with.
    counts = np.bincount(path[:, 1], minlength=len(written))
    means = np.bincount(path[:, 1], path[:, 0], minlength=len(written)) / np.maximum(counts, 1)
    starts = np.unique(np.concatenate([track.notes["start"] for track in score.tracks]))
    at = (score.tempo_map.seconds(starts) + REST_SECONDS) / HOP_SECONDS
    known = np.flatnonzero(counts)
    seconds = np.maximum.accumulate(np.interp(at, known, means[known]) * HOP_SECONDS - REST_SECONDS)
    seconds = np.clip(seconds, 0.0, len(wave) / RATE)
    ticks, seconds = _extended(starts, seconds, score)
    return ScoreAlignment(ticks, seconds, round(min(max(fit, 0.0), 1.0), 3))


def _mean_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Return the mean correlation of pairs of chroma ``(pairs, 12)``, without silence."""
    centred = [each - each.mean(axis=1, keepdims=True) for each in (a, b)]
    norms = [np.linalg.norm(each, axis=1) for each in centred]
    is_sounding = (norms[0] > 0.0) & (norms[1] > 0.0)
    if not is_sounding.any():
        return 0.0
    products = (centred[0] * centred[1]).sum(axis=1)[is_sounding]
    return float(np.mean(products / (norms[0] * norms[1])[is_sounding]))


def _extended(starts: np.ndarray, seconds: np.ndarray, score: Score) -> tuple[np.ndarray, np.ndarray]:
    """Add the first and the last tick, at the tempo of what lies between."""
    written = score.tempo_map.seconds(np.array([0, int(starts[0]), int(starts[-1]), score.length]))
    span = float(written[2] - written[1])
    ratio = float(seconds[-1] - seconds[0]) / span if span > 0.0 else 1.0
    ticks, times = [int(each) for each in starts], [float(each) for each in seconds]
    if ticks[0] > 0:
        ticks, times = [0, *ticks], [max(0.0, times[0] - ratio * float(written[1] - written[0])), *times]
    if ticks[-1] < score.length:
        ticks, times = [*ticks, score.length], [*times, times[-1] + ratio * float(written[3] - written[2])]
    return np.array(ticks, np.int64), np.array(times)


def bar_times(alignment: ScoreAlignment, score: Score) -> list[tuple[int, float]]:
    """Return number and start in seconds of each bar."""
    bars = bars_of(score)
    times = alignment.times(np.array([bar.start for bar in bars]))
    return [(bar.number, float(time)) for bar, time in zip(bars, times, strict=True)]
