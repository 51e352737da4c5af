"""Pitch candidates of a recording by the similarity of its spectra to those of harmonic tones.

After A. Camacho, J. G. Harris: A sawtooth waveform inspired pitch estimator for speech and music. JASA 124(3), 2008
(SWIPE'): compressed magnitudes on an ERB scale are multiplied by kernels with lobes at the first and the prime
harmonics and valleys between them. A subharmonic matches few of its harmonics, and an octave above finds the others in
its valleys. Changed: windows are longer, so that a note is separate from the rest of the one before; maxima are
corrected for the norm of the kernels; and a Viterbi path over notes chooses (``notes.py``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...dsp.mel import mel_filterbank
from ...dsp.spectrum import FrameBuffer, hann_window, power_spectrum
from .note_network import MARGIN, N_PITCHES, STEPS_PER_SEMITONE, NoteLogOdds, PitchEvidence
from .settings import HIGHEST_PITCH, LOWEST_PITCH

SAMPLE_RATE = 16_000
HOP_LENGTH = 160
FRAMES_PER_SECOND = SAMPLE_RATE / HOP_LENGTH
N_CANDIDATES = 5
WINDOWS = (4096, 2048, 1024, 512, 256)
LONG_WINDOWS, SHORT_WINDOWS = WINDOWS[:-1], WINDOWS[1:]  # of the candidates, and half as long, of changes
LONG_PERIODS, SHORT_PERIODS = 12, 6  # in the window that is best for a pitch
ONSET_WINDOW = 512  # of levels and onsets
COMPRESSION = 0.6  # exponent of the magnitudes
PADDING = 2  # of the transforms, for interpolation
ERB_STEP = 0.1
N_MELS = 40
RISE_FRAMES = 2  # between the spectra whose difference is an onset
FLOOR_POWER = 1e-9  # of mel bands
RANGE_DB = 50.0  # below the loudest band of the last seconds, in which bands count
FORGOTTEN_DB = 12.0 / FRAMES_PER_SECOND  # of that band, each frame
BLOCK_FRAMES = 256
N_HARMONICS = 5  # whose levels are measured
FLOOR_DB = -120.0  # of harmonics
PRIMES = (1, 2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97)
HZ_OF_A4, PITCH_OF_A4 = 440.0, 69


@dataclass(frozen=True)
class MelodyFrames:
    """Features of a recording, FRAMES_PER_SECOND of them; frame ``t`` is centred on sample ``t * HOP_LENGTH``.

    - ``pitch``: candidates in semitones (69 is 440 Hz), ``(frames, N_CANDIDATES)`` float32, the clearest first.
    - ``clarity``: similarity to a harmonic tone of each candidate, 0 where there is none.
    - ``level_db``: RMS in dB of full scale, ``(frames,)``.
    - ``rise_db``: mean rise of the mel spectrum within 20 ms in dB, ``(frames,)``.
    - ``sounds``, ``begins``: log odds that each note sounds, and that it begins, ``(frames, N_PITCHES)`` float16.
    - ``tuning``: of the notes, in semitones above 440 Hz for A4.
    """

    pitch: np.ndarray
    clarity: np.ndarray
    level_db: np.ndarray
    rise_db: np.ndarray
    sounds: np.ndarray
    begins: np.ndarray
    tuning: float

    def __len__(self) -> int:
        return len(self.level_db)


class MelodyFrameMeter:
    """Features of consecutive blocks of a wave of SAMPLE_RATE."""

    def __init__(self) -> None:
        n_steps = (HIGHEST_PITCH - LOWEST_PITCH + 2 * MARGIN) * STEPS_PER_SEMITONE
        self._grid = LOWEST_PITCH - MARGIN + np.arange(n_steps + 1) / STEPS_PER_SEMITONE
        self._kernels = [_WindowKernels(n_window, self._grid) for n_window in WINDOWS]
        self._norms = _norms(self._kernels, n_steps + 1)
        self._filters = mel_filterbank(SAMPLE_RATE, PADDING * ONSET_WINDOW, N_MELS)
        self._frames = FrameBuffer(1, WINDOWS[0], HOP_LENGTH)
        self._frames.add(np.zeros((1, WINDOWS[0] // 2), np.float32))
        self._mel = np.zeros((0, N_MELS), np.float32)  # of the last frames
        self._loudest_db = -np.inf
        self._parts: list[tuple[np.ndarray, ...]] = []
        self._log_odds = NoteLogOdds()

    def add(self, wave: np.ndarray) -> None:
        """Add the next block of the wave, ``(1, time)``."""
        frames = self._frames.add(wave)[0]
        for start in range(0, len(frames), BLOCK_FRAMES):
            self._add_frames(frames[start : start + BLOCK_FRAMES])

    def result(self) -> MelodyFrames:
        """Return the features of all blocks."""
        self.add(np.zeros((1, WINDOWS[0] // 2), np.float32))
        none = np.zeros((0, N_CANDIDATES), np.float32), np.zeros(0, np.float32)
        parts = self._parts or [(none[0], none[0], none[1], none[1])]
        pitch, clarity, level_db, rise_db = (np.concatenate(part) for part in zip(*parts, strict=True))
        sounds, begins = self._log_odds.result()
        return MelodyFrames(pitch, clarity, level_db, rise_db, sounds, begins, self._log_odds.tuning)

    def evidence(self) -> tuple[PitchEvidence, float, float]:
        """Return what the network would see of a wave of less than half a minute, its tuning and its loudest level."""
        self.add(np.zeros((1, WINDOWS[0] // 2), np.float32))
        return self._log_odds.evidence()

    def _add_frames(self, frames: np.ndarray) -> None:
        salience, short = np.zeros((2, len(frames), len(self._grid)), np.float32)
        harmonics_db = np.full((len(frames), N_PITCHES, N_HARMONICS), FLOOR_DB, np.float32)
        for kernels in self._kernels:
            clarity, magnitude = kernels.clarity(frames)
            salience[:, kernels.used] += clarity * kernels.long_weight
            short[:, kernels.used] += clarity * kernels.short_weight
            harmonics_db[:, *kernels.harmonics] = kernels.levels_db(magnitude)
        n_short = ONSET_WINDOW
        middle = (WINDOWS[0] - n_short) // 2
        wave = frames[:, middle : middle + n_short] * hann_window(n_short)
        power = power_spectrum(np.fft.rfft(wave, PADDING * n_short))
        mel = 10 * np.log10(power @ self._filters.T / n_short + FLOOR_POWER).astype(np.float32)
        mel = np.maximum(mel, (self._loudest(mel.max(axis=1)) - RANGE_DB)[:, None])
        known = np.concatenate([self._mel if len(self._mel) else np.repeat(mel[:1], RISE_FRAMES, 0), mel])
        rise_db = np.maximum(mel - _widened(known[:-RISE_FRAMES]), 0.0).mean(axis=1)
        self._mel = known[-RISE_FRAMES:]
        mean_square = np.square(wave).sum(axis=1) / np.square(hann_window(n_short)).sum()
        level_db = 10 * np.log10(mean_square + 1e-12)
        peaks = _peaks(salience, self._grid, self._norms)
        level_db = level_db.astype(np.float32)
        self._parts.append((*peaks, level_db, rise_db))
        evidence = PitchEvidence(salience, short, harmonics_db, level_db, rise_db, peaks[0][:, 0], peaks[1][:, 0])
        self._log_odds.add(evidence)

    def _loudest(self, band_db: np.ndarray) -> np.ndarray:
        """Return the level of the loudest band so far, which decays, for each frame."""
        decay = FORGOTTEN_DB * np.arange(1, len(band_db) + 1)
        loudest: np.ndarray = np.maximum(np.maximum.accumulate(band_db + decay), self._loudest_db) - decay
        self._loudest_db = float(loudest[-1])
        return loudest.astype(np.float32)


class _WindowKernels:
    """Kernels of the candidates for which a window of one length is best, or second best, as the long or short one."""

    def __init__(self, n_window: int, grid: np.ndarray) -> None:
        self._n_window = n_window
        self._window = hann_window(n_window)
        f0_hz = HZ_OF_A4 * 2 ** ((grid - PITCH_OF_A4) / 12)
        long_weight = _weight(LONG_PERIODS * SAMPLE_RATE / f0_hz, n_window, LONG_WINDOWS)
        short_weight = _weight(SHORT_PERIODS * SAMPLE_RATE / f0_hz, n_window, SHORT_WINDOWS)
        used = np.flatnonzero(long_weight + short_weight)
        self.used = slice(int(used[0]), int(used[-1]) + 1)
        self.long_weight, self.short_weight = (
            weight[self.used].astype(np.float32) for weight in (long_weight, short_weight)
        )
        erb_hz = _erb_scale(f0_hz.min() / 4)
        position = erb_hz * PADDING * n_window / SAMPLE_RATE
        self._below = np.minimum(position.astype(np.int64), PADDING * n_window // 2 - 1)
        self._fraction = (position - self._below).astype(np.float32)
        kernels, norms = zip(*(_kernel(hz, erb_hz) for hz in f0_hz[self.used]), strict=True)
        self.norms = np.array(norms)
        self._kernels = np.stack(kernels, axis=1).astype(np.float32)
        first = MARGIN * STEPS_PER_SEMITONE
        notes = np.flatnonzero(short_weight[first:-first:STEPS_PER_SEMITONE] > 0.5)
        hz = f0_hz[first:-first:STEPS_PER_SEMITONE][notes, None] * np.arange(1, N_HARMONICS + 1)
        row, order = np.nonzero(hz < SAMPLE_RATE / 2)
        self.harmonics = notes[row], order
        """Pitches and orders of the harmonics that are measured with this window, two arrays."""
        self._bins = np.rint(hz[row, order] * PADDING * n_window / SAMPLE_RATE).astype(np.int64)

    def clarity(self, frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the clarity of the candidates that are used, ``(frames, candidates)``, and the magnitudes."""
        start = (frames.shape[1] - self._n_window) // 2
        windowed = frames[:, start : start + self._n_window] * self._window
        magnitude = np.abs(np.fft.rfft(windowed, PADDING * self._n_window)).astype(np.float32)
        below, above = magnitude[:, self._below], magnitude[:, self._below + 1]
        compressed = (below + (above - below) * self._fraction) ** COMPRESSION
        compressed /= np.sqrt(np.square(compressed).sum(axis=1, keepdims=True)) + 1e-9
        return compressed @ self._kernels, magnitude

    def levels_db(self, magnitude: np.ndarray) -> np.ndarray:
        """Return the levels of the harmonics in dB of a full sine, ``(frames, harmonics)``."""
        amplitude = magnitude[:, self._bins] * (2 / self._window.sum())
        levels_db: np.ndarray = 20 * np.log10(amplitude + 10 ** (FLOOR_DB / 20))
        return levels_db


def _weight(samples: np.ndarray, n_window: int, windows: tuple[int, ...]) -> np.ndarray:
    """Return the weight of a window beside the others for pitches that so many samples are best for."""
    if n_window not in windows:
        return np.zeros(len(samples))
    octaves = np.log2(np.clip(samples, windows[-1], windows[0]) / n_window)  # 0 where the window is best
    weight: np.ndarray = np.maximum(1 - np.abs(octaves), 0.0)
    return weight


def _erb_scale(lowest_hz: float) -> np.ndarray:
    """Return frequencies with equal steps on the scale of equivalent rectangular bandwidths, up to 0.99 of Nyquist."""
    low, high = (21.4 * np.log10(1 + hz / 229) for hz in (lowest_hz, 0.99 * SAMPLE_RATE / 2))
    return 229 * (10 ** (np.arange(low, high, ERB_STEP) / 21.4) - 1)


def _kernel(f0_hz: float, erb_hz: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the kernel of a pitch, lobes at the first and the prime harmonics with valleys around, and its norm."""
    ratio = erb_hz / f0_hz
    n_harmonics = int(erb_hz[-1] / f0_hz - 0.75)
    kernel = np.zeros(len(erb_hz))
    for harmonic in PRIMES:
        if harmonic > max(n_harmonics, 1):
            break
        distance = np.abs(ratio - harmonic)
        lobe = distance < 0.25
        kernel[lobe] = np.cos(2 * np.pi * ratio[lobe])
        valley = (distance > 0.25) & (distance < 0.75)
        kernel[valley] += np.cos(2 * np.pi * ratio[valley]) / 2
    kernel *= np.sqrt(1 / erb_hz)
    norm = float(np.sqrt(np.square(kernel[kernel > 0]).sum()))
    return kernel / norm, norm


def _norms(kernels: list[_WindowKernels], n_steps: int) -> np.ndarray:
    """Return the norm of each kernel before it is normalised, ``(candidates,)``."""
    norms = np.ones(n_steps)
    for each in kernels:
        norms[each.used] = each.norms
    return norms


def _widened(mel: np.ndarray) -> np.ndarray:
    """Return the maximum over three neighbouring bands, so that vibrato is no onset."""
    padded = np.pad(mel, ((0, 0), (1, 1)), mode="edge")
    result: np.ndarray = np.maximum(np.maximum(padded[:, :-2], padded[:, 1:-1]), padded[:, 2:])
    return result


def _peaks(salience: np.ndarray, grid: np.ndarray, norms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return pitch and height of the largest maxima over the grid, ``(frames, N_CANDIDATES)``.

    Normalised kernels favour higher pitches a little, so positions are those of the maxima without.
    """
    padded = np.pad(salience, ((0, 0), (1, 1)), constant_values=-1.0)
    before, here, after = padded[:, :-2], padded[:, 1:-1], padded[:, 2:]
    height = np.where((here >= before) & (here > after), here, 0.0)
    best = np.argpartition(-height, N_CANDIDATES, axis=1)[:, :N_CANDIDATES]
    best = np.take_along_axis(best, np.argsort(-np.take_along_axis(height, best, 1), axis=1), 1)
    norms = np.pad(norms, 1, mode="edge")
    before, here, after = (
        np.take_along_axis(each, best, 1) * norms[best + offset] for offset, each in enumerate((before, here, after))
    )
    curvature = before - 2 * here + after
    shift = np.clip(0.5 * (before - after) / np.where(curvature < 0, curvature, -1.0), -1.0, 1.0)
    clarity = np.take_along_axis(height, best, 1)
    pitch = grid[best] + shift / STEPS_PER_SEMITONE
    return pitch.astype(np.float32), clarity.astype(np.float32)
