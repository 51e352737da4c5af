"""The room of the original: found by how its speech decays, and put around the lines of a dub as a reverb."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..audio.sound_file import SoundFormat
from ..base.units import db_to_gain, seconds_to_samples
from ..effects.space import Reverb
from .project import CastMember, DubLine, DubProject
from .speaking import line_file
from .stretches import RATE, waves_between
from .timing import next_starts

WINDOW, HOP = 512, 128  # samples
BANDS_HZ = (250.0, 700.0, 1_500.0, 3_000.0, 6_000.0)
"""Edges of the bands in which decays are measured."""
LAGS = np.array([3, 6, 9, 13, 18, 25, 35])
"""Hops after a peak at which the level is read: 24 to 280 ms."""
HOLD = 40  # hops after a peak in which nothing is louder
ABOVE_FLOOR_DB = 25.0  # of a peak, so that its decay is heard
MIN_PEAKS = 4  # of a band
NO_DECAY_DB = -30.0  # of a band with fewer
FLOOR_QUANTILE, FLOOR_FACTOR = 0.03, 1.5
TAIL_SECONDS = 0.4  # after a line that is listened to
MIN_SECONDS, MAX_SECONDS = 4.0, 40.0  # of speech
SECONDS = (0.15, 0.2, 0.27, 0.36, 0.5, 0.65, 0.85, 1.1)
WET_DB = (-24.0, -18.0, -12.0, -7.0, -3.0, 2.0, 7.0)
"""Reverberation times, and levels of the reverb over the direct sound, of the rooms that are tried."""
SIZE, PRE_DELAY_MS = 0.25, 3.0
N_NEAREST = 5  # of these rooms, whose mean is taken
MIN_GAIN_DB = 0.5  # by which a room has to be nearer than none


def with_rooms(project: DubProject, source: Path, folder: Path) -> DubProject:
    """Return the project in which cast members whose effects have no reverb speak in the original's room."""
    ends = next_starts([line.time for line in project.lines], None)
    heard = {line: min(line.end + TAIL_SECONDS, after) for line, after in zip(project.lines, ends, strict=True)}
    cast = tuple(_in_room(project, member, heard, source, folder) for member in project.cast)
    return project.model_copy(update={"cast": cast})


def _in_room(
    project: DubProject, member: CastMember, heard: dict[DubLine, float], source: Path, folder: Path
) -> CastMember:
    if "reverb" in member.effects:
        return member
    spoken_by = [line for line in heard if project.member_of(line).speaker == member.speaker]
    own = [line for line in spoken_by if line_file(folder, line).is_file()]
    original = [*waves_between(source, [(line.start, heard[line]) for line in own])]
    spoken = [next(waves_between(line_file(folder, line), [(0.0, line.seconds or 0.0)])) for line in own]
    reverb = matched_reverb(original, spoken)
    if reverb is None:
        return member
    step = f"reverb seconds={reverb.seconds:.2f} mix={reverb.mix:.2f} size={SIZE:g} pre_delay_ms={PRE_DELAY_MS:g}"
    return member.model_copy(update={"effects": "; ".join(each for each in (member.effects, step) if each)})


def matched_reverb(original: Sequence[np.ndarray], spoken: Sequence[np.ndarray]) -> Reverb | None:
    """Return the reverb in which dry speech decays as the original does.

    Parameters
    ----------
    original, spoken
        Lines ``(time,)`` at 16 kHz, those of the original with what is heard after them.

    Returns
    -------
    Reverb or None
        None where no reverb is nearer than none, or less than MIN_SECONDS of speech is there.

    Notes
    -----
    Levels of four bands are read 24 to 280 ms after each peak after which nothing is louder; of these, the median and
    the quartile of the faster decays describe a room. The same is measured of the dry speech in the rooms that are
    tried, with the noise of the original, and the mean of the nearest ones is taken. So neither the language nor what
    is said has to be the same, and a voice whose recordings have a room of their own gets less of it.
    """
    wet, dry = _joined(original, 0.0), _joined(spoken, TAIL_SECONDS)
    if min(len(wet), len(dry)) < MIN_SECONDS * RATE:
        return None
    bands = band_powers(wet)
    floor = np.quantile(bands, FLOOR_QUANTILE, axis=1) * FLOOR_FACTOR
    wanted, loudest = decay_curves(bands, floor), np.quantile(bands, 0.95, axis=1)

    def distance(reverb: Reverb | None) -> float:
        tried = band_powers(dry if reverb is None else reverb.stream(SoundFormat(RATE, 1)).push(dry[None])[0])
        gains = loudest / np.maximum(np.quantile(tried, 0.95, axis=1), 1e-20)
        return float(np.abs(decay_curves(tried * gains[:, None] + floor[:, None], floor) - wanted).mean())

    rooms = [(seconds, wet_db) for seconds in SECONDS for wet_db in WET_DB]
    distances = [distance(_reverb(*room)) for room in rooms]
    nearest = np.argsort(distances)[:N_NEAREST]
    if distance(None) - distances[nearest[0]] < MIN_GAIN_DB:
        return None
    log_seconds, wet_db = np.mean([(np.log(rooms[each][0]), rooms[each][1]) for each in nearest], axis=0)
    return _reverb(float(np.exp(log_seconds)), float(wet_db))


def _reverb(seconds: float, wet_db: float) -> Reverb:
    """Return a reverb by its time and its level over the direct sound."""
    ratio = db_to_gain(wet_db)
    return Reverb(seconds=seconds, mix=float(ratio / (1 + ratio)), size=SIZE, pre_delay_ms=PRE_DELAY_MS)


def _joined(waves: Sequence[np.ndarray], after_seconds: float) -> np.ndarray:
    """Return waves one after another with silence after each, at most MAX_SECONDS of them."""
    silence = np.zeros(seconds_to_samples(after_seconds, RATE), np.float32)
    joined = np.concatenate([part for wave in waves for part in (wave, silence)] or [silence])
    return joined[: seconds_to_samples(MAX_SECONDS, RATE)]


def band_powers(wave: np.ndarray) -> np.ndarray:
    """Return the power of ``wave (time,)`` at RATE in each band, ``(bands, frames)``."""
    frames = np.lib.stride_tricks.sliding_window_view(wave, WINDOW)[::HOP] * np.hanning(WINDOW)
    spectra = np.square(np.abs(np.fft.rfft(frames, axis=1)))
    edges = np.searchsorted(np.fft.rfftfreq(WINDOW, 1 / RATE), BANDS_HZ)
    powers: np.ndarray = np.add.reduceat(spectra, edges, axis=1)[:, :-1].T
    return powers


def decay_curves(powers: np.ndarray, floor: np.ndarray) -> np.ndarray:
    """Return levels at LAGS after the peaks of bands in dB: median and lower quartile, ``(bands * 2 * lags,)``.

    Below the noise floor of a band nothing is read.
    """
    curves = []
    for power, lowest in zip(powers, floor, strict=True):
        smooth = np.convolve(power, np.ones(3) / 3, "same")
        level, floor_db = 10 * np.log10(np.maximum(smooth, lowest) + 1e-20), 10 * np.log10(lowest + 1e-20)
        after = np.lib.stride_tricks.sliding_window_view(level, HOLD + 1)
        peaks = np.flatnonzero((after[:, 0] > after[:, 1:].max(axis=1)) & (after[:, 0] > floor_db + ABOVE_FLOOR_DB))
        if len(peaks) < MIN_PEAKS:
            curves.append(np.full(2 * len(LAGS), NO_DECAY_DB))
            continue
        drops = level[peaks[:, None] + LAGS] - level[peaks][:, None]
        curves.append(np.quantile(drops, (0.5, 0.25), axis=0).ravel())
    return np.concatenate(curves)
