"""Segmentation of heart sounds into beats: rate by autocorrelation, then a hidden semi-Markov model of four states.

References
----------
Schmidt et al., "Segmentation of heart sound recordings by a duration-dependent hidden Markov model", 2010.
Springer, Tarassenko and Clifford, "Logistic regression-HSMM-based heart sound segmentation", 2016.

Changes: no annotated recordings are needed, since the probability of a sound follows from the level of its envelope
within the recording, and several rates are compared by the likelihood of the whole recording.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wavewright.base.errors import BadAudio

FRAME_RATE_HZ = 50  # of the envelope
BAND_HZ = (25.0, 400.0)  # of heart sounds
SMOOTHING_SECONDS = 0.04  # of the envelope
CYCLE_SECONDS = (0.33, 2.0)  # 180 to 30 beats a minute
SYSTOLE_SECONDS = (0.18, 0.55)  # from the onset of S1 to that of S2
MAX_SYSTOLE_FRACTION = 0.6  # of a cycle
SOUND_SECONDS = (0.12, 0.10)  # mean durations of S1 and S2 (Schmidt et al., 2010, rounded)
SOUND_DEVIATION_SECONDS = 0.025
INTERVAL_DEVIATION = 0.12  # of systole and diastole, of their means
MIN_INTERVAL_DEVIATION_SECONDS = 0.03
SHORTEST_SECONDS = 0.04  # mean duration of a state
N_CANDIDATES = 3  # rates that are compared
STEEPNESS = 3.0  # of the probability of a sound, per standard deviation of the level
FEWEST_SOUND = 0.1  # of the frames that are sounds, and of those that are not
MIN_SECONDS = 2.0
POWER_FLOOR = 1e-9  # of the largest power
STATES = ("s1", "systole", "s2", "diastole")


@dataclass(frozen=True)
class HeartBeats:
    """Onsets of the four parts of each whole beat of a recording, in seconds.

    Attributes
    ----------
    onsets
        ``(beats, 5)``: of the first sound (S1), systole, the second sound (S2), diastole, and the end.
    log_likelihood
        Mean over frames, to compare segmentations of one recording.
    """

    onsets: np.ndarray
    log_likelihood: float

    @property
    def rate_bpm(self) -> float:
        """Median rate in beats a minute; NaN without a whole beat."""
        return float(60 / np.median(self.onsets[:, 4] - self.onsets[:, 0])) if len(self.onsets) else float("nan")

    @property
    def systole_seconds(self) -> np.ndarray:
        """Time from the onset of S1 to that of S2 of each beat, ``(beats,)``."""
        seconds: np.ndarray = self.onsets[:, 2] - self.onsets[:, 0]
        return seconds


def segment_beats(wave: np.ndarray, sample_rate: int) -> HeartBeats:
    """Find the beats of a recording of heart sounds.

    Parameters
    ----------
    wave
        ``(time,)``, at least two seconds.
    sample_rate
        In hertz, at least 1,000.

    Returns
    -------
    HeartBeats
        Whole beats, in order.

    Raises
    ------
    BadAudio
        If the wave has another shape, is shorter or silent, has NaN or infinite values, or too low a sample rate.
    """
    level = sound_level(wave, sample_rate)
    emission = _emission(level)
    segmentations = [_decode(emission, cycle, systole) for cycle, systole in _candidates(level)]
    return max(segmentations, key=lambda beats: beats.log_likelihood)


def sound_level(wave: np.ndarray, sample_rate: int) -> np.ndarray:
    """Return the level of heart sounds, the natural logarithm of the power in their band, at FRAME_RATE_HZ.

    Short loud disturbances are limited to the median of the loudest parts of each half second.
    """
    from scipy.signal import butter, sosfiltfilt

    wave = np.asarray(wave, dtype=np.float64)
    if wave.ndim != 1 or not np.isfinite(wave).all():
        raise BadAudio(f"The wave has shape {wave.shape}; it must be (time,), without NaN or infinite values.")
    if sample_rate < 1_000 or len(wave) < MIN_SECONDS * sample_rate:
        raise BadAudio(
            f"The wave lasts {len(wave) / max(sample_rate, 1):.2g} s at {sample_rate} Hz; beats are found in at least "
            f"{MIN_SECONDS:g} s at 1,000 Hz or more."
        )
    if not np.ptp(wave):
        raise BadAudio("The recording is silent, so there are no beats in it.")
    high_hz = min(BAND_HZ[1], 0.45 * sample_rate)
    filtered = sosfiltfilt(butter(2, (BAND_HZ[0], high_hz), "bandpass", fs=sample_rate, output="sos"), wave)
    n_smoothed = max(1, round(SMOOTHING_SECONDS * sample_rate))
    window = np.hanning(n_smoothed + 2)[1:-1]
    power = np.convolve(filtered**2, window / window.sum(), "same")
    frames = power[np.arange(0, len(power), sample_rate / FRAME_RATE_HZ).astype(int)]
    level: np.ndarray = np.log(_limited(frames) + POWER_FLOOR * frames.max())
    return level


def _limited(power: np.ndarray) -> np.ndarray:
    """Return power ``(frames,)``, at most 3 times the median of the peaks of all half seconds."""
    n_frames = FRAME_RATE_HZ // 2
    n_parts = len(power) // n_frames
    peaks = power[: n_parts * n_frames].reshape(n_parts, n_frames).max(axis=1)
    limited: np.ndarray = np.minimum(power, 3 * np.median(peaks))
    return limited


def _candidates(level: np.ndarray) -> list[tuple[float, float]]:
    """Return likely pairs of cycle and systole in seconds, by peaks of the autocorrelation of the level."""
    centred = level - level.mean()
    n_lags = min(len(level) - 1, round(CYCLE_SECONDS[1] * FRAME_RATE_HZ) + 1)
    correlation = np.array([np.dot(centred[: len(centred) - lag], centred[lag:]) for lag in range(n_lags + 1)])
    correlation /= (len(centred) - np.arange(n_lags + 1)) * max(centred.var(), 1e-12)
    lags = _peaks(correlation, CYCLE_SECONDS[0], CYCLE_SECONDS[1])[:N_CANDIDATES]
    pairs = []
    for lag in lags:
        cycle = lag / FRAME_RATE_HZ
        longest = min(SYSTOLE_SECONDS[1], MAX_SYSTOLE_FRACTION * cycle)
        within = _peaks(correlation, min(SYSTOLE_SECONDS[0], 0.9 * longest), longest)
        usual = 0.21 + 0.1 * cycle  # shorter at a higher rate (Weissler et al., 1968, roughly)
        pairs += [(cycle, min(usual, longest))] + [(cycle, each / FRAME_RATE_HZ) for each in within[:1]]
    return pairs


def _peaks(correlation: np.ndarray, shortest: float, longest: float) -> list[int]:
    """Return lags of local maxima between two times in seconds, the highest first; without any, the largest value."""
    low, high = (round(seconds * FRAME_RATE_HZ) for seconds in (shortest, longest))
    high = max(low, min(high, len(correlation) - 2))
    lags = [
        lag for lag in range(max(low, 1), high + 1) if correlation[lag - 1] <= correlation[lag] > correlation[lag + 1]
    ]
    if not lags:
        return [low + int(np.argmax(correlation[low : high + 1]))]
    return sorted(lags, key=lambda lag: -correlation[lag])


def _decode(emission: np.ndarray, cycle: float, systole: float) -> HeartBeats:
    """Return the most probable beats for a cycle and a systole in seconds (Viterbi over states and durations)."""
    means = (SOUND_SECONDS[0], systole - SOUND_SECONDS[0], SOUND_SECONDS[1], cycle - systole - SOUND_SECONDS[1])
    durations = [_log_durations(max(mean, SHORTEST_SECONDS), state) for state, mean in enumerate(means)]
    total = np.concatenate([np.zeros((4, 1)), np.cumsum(emission, axis=1)], axis=1)  # (states, frames + 1)
    n_frames = emission.shape[1]
    score = np.full((4, n_frames + 1), -np.inf)  # of the best path in which a state ends before a frame
    chosen = np.zeros((4, n_frames + 1), dtype=np.int64)  # duration of that state
    score[:, 0] = 0.0
    for frame in range(1, n_frames + 1):
        for state, log_duration in enumerate(durations):
            n = min(frame, len(log_duration))
            starts = frame - np.arange(1, n + 1)
            before = score[state - 1, starts]
            paths = before + log_duration[:n] - total[state, starts]
            if frame <= len(log_duration):  # the recording may begin within a state
                paths[-1] = total[state, 0] * -1
            best = int(np.argmax(paths))
            score[state, frame] = paths[best] + total[state, frame]
            chosen[state, frame] = best + 1
    return _beats(score, chosen, n_frames)


def _log_durations(mean: float, state: int) -> np.ndarray:
    """Return the logarithm of the probability of 1, 2, ... frames of a state."""
    deviation = SOUND_DEVIATION_SECONDS
    if STATES[state] in ("systole", "diastole"):
        deviation = max(INTERVAL_DEVIATION * mean, MIN_INTERVAL_DEVIATION_SECONDS)
    longest = max(2, round((mean + 3 * deviation) * FRAME_RATE_HZ))
    seconds = np.arange(1, longest + 1) / FRAME_RATE_HZ
    log_probability: np.ndarray = -0.5 * ((seconds - mean) / deviation) ** 2
    normalised: np.ndarray = log_probability - np.log(np.exp(log_probability).sum())
    return normalised


def _emission(level: np.ndarray) -> np.ndarray:
    """Return the log probability of each frame in each state ``(4, frames)``, by its level in the recording."""
    threshold = _between_classes(level)
    odds = STEEPNESS * (level - threshold) / max(level.std(), 1e-9)
    sound, silence = -np.logaddexp(0, -odds), -np.logaddexp(0, odds)
    return np.stack([sound, silence, sound, silence])


def _between_classes(level: np.ndarray) -> float:
    """Return the threshold that divides levels into two classes of least variance within them (Otsu, 1979)."""
    ordered = np.sort(level)
    counts = np.arange(1, len(ordered))
    sums = np.cumsum(ordered)[:-1]
    means = sums / counts, (ordered.sum() - sums) / (len(ordered) - counts)
    between = counts * (len(ordered) - counts) * (means[1] - means[0]) ** 2
    between[(counts < FEWEST_SOUND * len(ordered)) | (counts > (1 - FEWEST_SOUND) * len(ordered))] = 0
    index = int(np.argmax(between))
    return float(ordered[index : index + 2].mean())


def _beats(score: np.ndarray, chosen: np.ndarray, n_frames: int) -> HeartBeats:
    """Trace the best path back, and return its whole beats."""
    state, frame = int(np.argmax(score[:, n_frames])), n_frames
    log_likelihood = float(score[state, n_frames] / n_frames)
    starts: list[tuple[int, int]] = []  # of states, with their number
    while frame > 0:
        frame -= int(chosen[state, frame])
        starts.append((frame, state))
        state = (state - 1) % 4
    starts.reverse()
    starts = starts[1:] if starts and starts[0][0] == 0 else starts  # begun before the recording
    onsets = [
        [start for start, _ in starts[index : index + 5]] for index in range(len(starts) - 4) if starts[index][1] == 0
    ]
    return HeartBeats(np.array(onsets, dtype=np.float64).reshape(-1, 5) / FRAME_RATE_HZ, log_likelihood)
