"""Edges of clips: pops at the beginning, clicks at the end, and single samples at full scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..dsp.onset import CLICK_FACTOR, local_crest_factor
from ..units import gain_to_db, seconds_to_samples

EDGE_SECONDS = 0.02
TOLERANCE_DB = 3.0  # by which the peak of an edge may exceed that of the body
COPY_TOLERANCE_DB = 6.0  # by which an edge of a copy may exceed that of its source
TAIL_SECONDS = 0.06  # before the last edge of a one-shot: what the edge may not rise above
SILENCE_DB = -40.0  # relative to the peak: an edge of a one-shot below this is silent, whatever comes before it
STOP_SECONDS, STOP_DB = (
    0.00025,
    -30.0,
)  # at the end of a one-shot, relative to the peak: louder, it is cut off while it sounds
FULL_SCALE = 0.99
FLOOR_DB = -120.0

Kind = Literal["continuous", "one-shot"]
"""``continuous``: speech and textures, whose edges are not louder than their body; ``one-shot``: peaks early, decays."""


@dataclass(frozen=True)
class Edges:
    """Levels at the two ends of a clip.

    Attributes
    ----------
    begin_db, end_db : float
        Peaks of the first and last EDGE_SECONDS, relative to the peak of the body between them.
    tail_db : float
        Peak of the last EDGE_SECONDS relative to that of the TAIL_SECONDS before.
    end_to_peak_db, stop_db : float
        Peaks of the last EDGE_SECONDS and STOP_SECONDS, relative to the peak of the clip.
    rms_db, clip_rms_db : float
        Root mean square of the body, and of the whole clip, in dB of full scale.
    n_isolated : int
        Samples at full scale by themselves, see :func:`count_isolated`.
    """

    begin_db: float
    end_db: float
    tail_db: float
    end_to_peak_db: float
    stop_db: float
    rms_db: float
    clip_rms_db: float
    n_isolated: int


def measure_edges(wave: np.ndarray, sample_rate: int) -> Edges:
    """Measure both ends of a clip.

    Parameters
    ----------
    wave : np.ndarray
        Samples, ``(time,)`` or ``(channels, time)``. The edges of a clip of less than 80 ms are a quarter of it each.
    sample_rate : int
        Samples a second.

    Returns
    -------
    Edges
        Levels in dB, at least -120.
    """
    size = np.abs(np.atleast_2d(wave)).max(axis=0).astype(np.float64)  # (time,)
    n_edge = max(1, min(seconds_to_samples(EDGE_SECONDS, sample_rate), len(size) // 4))
    n_tail = seconds_to_samples(TAIL_SECONDS, sample_rate)
    body = slice(n_edge, max(n_edge + 1, len(size) - n_edge))
    end = _peak(size[-n_edge:])
    return Edges(
        begin_db=_ratio_db(_peak(size[:n_edge]), _peak(size[body])),
        end_db=_ratio_db(end, _peak(size[body])),
        tail_db=_ratio_db(end, _peak(size[max(0, len(size) - n_edge - n_tail) : -n_edge])),
        end_to_peak_db=_ratio_db(end, _peak(size)),
        stop_db=_ratio_db(_peak(size[-max(1, seconds_to_samples(STOP_SECONDS, sample_rate)) :]), _peak(size)),
        rms_db=_rms_db(np.atleast_2d(wave)[:, body]),
        clip_rms_db=_rms_db(wave),
        n_isolated=sum(count_isolated(channel, sample_rate) for channel in np.atleast_2d(wave)),
    )


def count_isolated(wave: np.ndarray, sample_rate: int) -> int:
    """Count samples of ``wave (time,)`` at full scale whose local crest factor is above CLICK_FACTOR."""
    places = np.flatnonzero(np.abs(wave) >= FULL_SCALE).tolist()
    return sum(local_crest_factor(wave, place, sample_rate) > CLICK_FACTOR for place in places)


def edge_faults(
    wave: np.ndarray,
    sample_rate: int,
    kind: Kind = "continuous",
    source: Edges | None = None,
    rms_range_db: tuple[float, float] = (-np.inf, np.inf),
    copy_tolerance_db: float = COPY_TOLERANCE_DB,
) -> list[str]:
    """List what is wrong with the ends of a clip.

    Parameters
    ----------
    wave : np.ndarray
        Samples, ``(time,)`` or ``(channels, time)``.
    sample_rate : int
        Samples a second.
    kind : {"continuous", "one-shot"}
        Whether the clip may peak in its first EDGE_SECONDS and has to end in silence.
    source : Edges, optional
        The edges of what the clip is a copy or a change of: what the source itself has, and ``copy_tolerance_db`` more,
        is no fault.
    rms_range_db : tuple of float
        Lowest and highest root mean square in dB of full scale: of the body, or of the whole clip for a one-shot.
    copy_tolerance_db : float
        By how much an edge of a copy may exceed that of its source.

    Returns
    -------
    list of str
        A phrase for each fault; empty for a clip without any.
    """
    found = measure_edges(wave, sample_rate)
    limits = {"begin_db": TOLERANCE_DB, "end_db": TOLERANCE_DB}
    if kind == "one-shot":
        limits = {"stop_db": STOP_DB}
        if found.end_to_peak_db > SILENCE_DB:
            limits["tail_db"] = TOLERANCE_DB
    faults = []
    if not np.isfinite(wave).all():
        faults.append("not finite")
    if found.n_isolated:
        faults.append(f"{found.n_isolated} isolated samples at full scale")
    rms_db = found.clip_rms_db if kind == "one-shot" else found.rms_db
    if not rms_range_db[0] <= rms_db <= rms_range_db[1]:
        faults.append(f"rms {rms_db:.1f} dB, not {rms_range_db[0]:.1f} to {rms_range_db[1]:.1f}")
    for name, limit in limits.items():
        allowed = limit if source is None else max(limit, getattr(source, name) + copy_tolerance_db)
        if (level := getattr(found, name)) > allowed:
            faults.append(f"{name} {level:.1f}, above {allowed:.1f}")
    return faults


def _rms_db(wave: np.ndarray) -> float:
    return float(gain_to_db(np.sqrt(np.mean(np.square(wave, dtype=np.float64))), FLOOR_DB))


def _peak(size: np.ndarray) -> float:
    return float(size.max(initial=0.0))


def _ratio_db(level: float, reference: float) -> float:
    """``level`` in dB relative to ``reference``; silence is FLOOR_DB below anything."""
    return float(gain_to_db(level, FLOOR_DB) - gain_to_db(reference, FLOOR_DB))
