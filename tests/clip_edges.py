"""Defects at the edges of clips: pops at the start, clicks at the end, and single samples at full scale."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np

from wavewright.base.units import gain_to_db, seconds_to_samples
from wavewright.dsp.onset import CLICK_FACTOR, local_crest_factor

EDGE_SECONDS = 0.02
TOLERANCE_DB = 3.0  # by which the peak of an edge may exceed that of the body
COPY_TOLERANCE_DB = 6.0  # by which an edge of a copy may exceed that of its source
TAIL_SECONDS = 0.06  # before the last edge of a one-shot, which may not rise above it
SILENCE_DB = -40.0  # relative to the peak: the last edge of a one-shot is silent below this
STOP_SECONDS = 0.00025
STOP_DB = -30.0  # relative to the peak: a one-shot whose last STOP_SECONDS are louder is cut off too early
FULL_SCALE = 0.99
FLOOR_DB = -120.0

ClipKind = Literal["continuous", "one-shot"]
"""``continuous``: speech and textures, with edges no louder than the body; ``one-shot``: early peak, then decay."""


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
        Sample rate in hertz.

    Returns
    -------
    Edges
        Levels in dB, at least -120.
    """
    magnitude = np.abs(np.atleast_2d(wave)).max(axis=0).astype(np.float64)  # (time,)
    n_edge = max(1, min(seconds_to_samples(EDGE_SECONDS, sample_rate), len(magnitude) // 4))
    n_tail = seconds_to_samples(TAIL_SECONDS, sample_rate)
    body = slice(n_edge, max(n_edge + 1, len(magnitude) - n_edge))
    end = _peak(magnitude[-n_edge:])
    return Edges(
        begin_db=_ratio_db(_peak(magnitude[:n_edge]), _peak(magnitude[body])),
        end_db=_ratio_db(end, _peak(magnitude[body])),
        tail_db=_ratio_db(end, _peak(magnitude[max(0, len(magnitude) - n_edge - n_tail) : -n_edge])),
        end_to_peak_db=_ratio_db(end, _peak(magnitude)),
        stop_db=_ratio_db(_peak(magnitude[-max(1, seconds_to_samples(STOP_SECONDS, sample_rate)) :]), _peak(magnitude)),
        rms_db=_rms_db(np.atleast_2d(wave)[:, body]),
        clip_rms_db=_rms_db(wave),
        n_isolated=sum(count_isolated(channel, sample_rate) for channel in np.atleast_2d(wave)),
    )


def count_isolated(wave: np.ndarray, sample_rate: int) -> int:
    """Count the samples of a wave ``(time,)`` at full scale whose local crest factor is above CLICK_FACTOR."""
    indices = np.flatnonzero(np.abs(wave) >= FULL_SCALE).tolist()
    return sum(local_crest_factor(wave, index, sample_rate) > CLICK_FACTOR for index in indices)


def edge_faults(
    wave: np.ndarray,
    sample_rate: int,
    kind: ClipKind = "continuous",
    source: Edges | None = None,
    rms_range_db: tuple[float, float] = (-np.inf, np.inf),
    copy_tolerance_db: float = COPY_TOLERANCE_DB,
) -> list[str]:
    """List the defects at the ends of a clip.

    Parameters
    ----------
    wave : np.ndarray
        Samples, ``(time,)`` or ``(channels, time)``.
    sample_rate : int
        Sample rate in hertz.
    kind : {"continuous", "one-shot"}
        Whether the clip may peak in its first EDGE_SECONDS and has to end in silence.
    source : Edges, optional
        Edges of the clip that this one is a copy or a variant of; levels up to ``copy_tolerance_db`` above those of the
        source are no fault.
    rms_range_db : tuple of float
        Lowest and highest root mean square in dB of full scale: of the body, or of the whole clip for a one-shot.
    copy_tolerance_db : float
        Amount by which an edge of a copy may exceed that of its source.

    Returns
    -------
    list of str
        A phrase for each fault; empty for a clip without any.
    """
    edges = measure_edges(wave, sample_rate)
    limits = {"begin_db": TOLERANCE_DB, "end_db": TOLERANCE_DB}
    if kind == "one-shot":
        limits = {"stop_db": STOP_DB}
        if edges.end_to_peak_db > SILENCE_DB:
            limits["tail_db"] = TOLERANCE_DB
    faults = []
    if not np.isfinite(wave).all():
        faults.append("not finite")
    if edges.n_isolated:
        faults.append(f"{edges.n_isolated} isolated samples at full scale")
    rms_db = edges.clip_rms_db if kind == "one-shot" else edges.rms_db
    if not rms_range_db[0] <= rms_db <= rms_range_db[1]:
        faults.append(f"rms {rms_db:.1f} dB, not {rms_range_db[0]:.1f} to {rms_range_db[1]:.1f}")
    levels_db = asdict(edges)
    source_levels_db = {} if source is None else asdict(source)
    for name, limit_db in limits.items():
        allowed_db = max(limit_db, source_levels_db.get(name, -np.inf) + copy_tolerance_db)
        if levels_db[name] > allowed_db:
            faults.append(f"{name} {levels_db[name]:.1f}, above {allowed_db:.1f}")
    return faults


def _rms_db(wave: np.ndarray) -> float:
    return float(gain_to_db(np.sqrt(np.mean(np.square(wave, dtype=np.float64))), FLOOR_DB))


def _peak(magnitude: np.ndarray) -> float:
    return float(magnitude.max(initial=0.0))


def _ratio_db(level: float, reference: float) -> float:
    """Return ``level`` in dB relative to ``reference``; both are limited to FLOOR_DB."""
    return float(gain_to_db(level, FLOOR_DB) - gain_to_db(reference, FLOOR_DB))
