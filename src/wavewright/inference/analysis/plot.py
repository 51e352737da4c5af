"""Plot of an analysis: waveform, spectrogram, loudness, pitch, speech and music over time, with silence shaded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ...dsp.loudness import STEP_SECONDS, STEPS_PER_SHORT_TERM
from ...plots import Curve, draw_overview, read_overview
from .content_features import STEP_SECONDS as CONTENT_SECONDS
from .pitch import HOP_SECONDS
from .report import Analysis, Curves

LOUDNESS_LUFS = (-60.0, 0.0)
MAX_POINTS = 5_000  # of a curve


def draw_analysis(analysis: Analysis, out: Path) -> None:
    """Draw what an analysis found over time into a PNG file.

    - ``analysis``: from :func:`.files.analyse_file`; its file is read again.

    Raises BadAudio if the file cannot be read, or BadSetting or BadFolder or MissingExtra as
    :func:`wavewright.plots.check_drawable`.
    """
    curves = [] if analysis.curves is None else [*_curves(analysis.curves, analysis.seconds, analysis.pitch.limits_hz)]
    draw_overview(
        read_overview(analysis.file),
        out,
        ("waveform", "spectrogram"),
        title=analysis.file.name,
        curves=curves,
        shaded=analysis.silence.segments,
    )


def _curves(curves: Curves, seconds: float, limits_hz: tuple[float, float]) -> Iterator[Curve]:
    """Yield the panels of loudness, pitch, speech and music, with at most MAX_POINTS each."""
    window_seconds = min(STEP_SECONDS * STEPS_PER_SHORT_TERM, seconds)
    times, lufs = _thinned(curves.short_term_lufs, STEP_SECONDS)
    yield Curve("LUFS (3 s)", times + window_seconds / 2, np.maximum(lufs, LOUDNESS_LUFS[0]), LOUDNESS_LUFS)
    times, f0_hz = _thinned(curves.f0_hz, HOP_SECONDS)
    f0_hz = np.where(f0_hz > 0, f0_hz, np.nan)
    yield Curve("pitch, Hz", times, f0_hz, limits_hz, is_logarithmic=True)
    for name, probabilities in (("speech", curves.speech), ("music", curves.music)):
        times, values = _thinned(probabilities, CONTENT_SECONDS)
        yield Curve(name, times + CONTENT_SECONDS / 2, values, (0.0, 1.0))


def _thinned(values: np.ndarray, step_seconds: float) -> tuple[np.ndarray, np.ndarray]:
    """Return times in seconds and values, of which only every n-th is kept where there are many."""
    n_steps = max(1, len(values) // MAX_POINTS)
    thinned = values[::n_steps]
    return step_seconds * n_steps * np.arange(len(thinned)), thinned
