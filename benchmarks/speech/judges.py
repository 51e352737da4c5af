"""Judge speech: word errors by a recogniser, DNSMOS and PESQ, each left out with a sentence where it is not installed.

DNSMOS P.835 rates the naturalness of speech: Reddy, Gopal and Cutler, "DNSMOS P.835: a non-intrusive perceptual
objective speech quality metric to evaluate noise suppressors", 2022, through the package speechmos (MIT).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from benchmarks.harness.peers import DNSMOS, MOONSHINE, PESQ
from benchmarks.harness.script import Report
from benchmarks.harness.tables import Column, columns, optional
from wavewright.audio.clip import Clip
from wavewright.base.errors import BadFolder
from wavewright.metrics import paired
from wavewright.metrics.recogniser import Recogniser
from wavewright.metrics.sampling import Interval, bootstrap_interval

SAMPLE_RATE = 16_000
DEFAULT_FOLDER = Path("judges/package/dist/model/tiny/quantized")


def add_judge_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of :class:`Judges`."""
    parser.add_argument("--recogniser", type=Path, default=DEFAULT_FOLDER, help="folder of Moonshine's graphs")
    parser.add_argument("--no-dnsmos", action="store_true", help="leave out DNSMOS, which takes seconds a clip")


def rating_columns(judged: str, counted: str, reference: str) -> dict[str, Column]:
    """Return the columns of what is judged: name, number of clips, word error, DNSMOS, and both against a reference."""
    word_errors = {"word_error_percent": ".1f", f"points_above_the_{reference}": ".1f"}
    dnsmos = {"dnsmos": ".2f", f"dnsmos_below_the_{reference}": ".2f"}
    return columns(**{judged: "s", counted: "d"}) | optional(**word_errors, **dnsmos)


class Judges:
    """Judges of speech, loaded once; what is not installed scores NaN."""

    def __init__(self, options: argparse.Namespace, report: Report, with_pesq: bool = False) -> None:
        """Load the judges by :func:`add_judge_options`; note in ``report`` what is left out."""
        self.recogniser = _load_recogniser(options.recogniser, report)
        self.has_dnsmos = DNSMOS.is_installed and not options.no_dnsmos
        self.has_pesq = with_pesq and PESQ.is_installed
        if not DNSMOS.is_installed:
            report.skip(DNSMOS, "DNSMOS")
        if with_pesq and not self.has_pesq:
            report.skip(PESQ, "PESQ")

    def word_errors(self, wave: np.ndarray, sample_rate: int, text: str) -> tuple[float, float]:
        """Return the number of word errors and of words of ``wave (time,)``, in which ``text`` is spoken."""
        if self.recogniser is None:
            return np.nan, np.nan
        errors = self.recogniser.errors(wave, sample_rate, text)
        return float(errors.n_errors), float(errors.n_words)

    def dnsmos(self, wave: np.ndarray, sample_rate: int) -> float:
        """Return the overall DNSMOS, 1 (bad) to 5 (excellent), of ``wave (time,)``, repeated up to 9 s."""
        if not self.has_dnsmos:
            return np.nan
        clip = Clip(np.asarray(wave, np.float32)[None], sample_rate).resample(SAMPLE_RATE)
        return paired.dnsmos(clip.wave[0], clip.wave[0])

    def pesq(self, reference: np.ndarray, estimate: np.ndarray) -> float:
        """Return the wide-band PESQ of waves ``(time,)`` at 16 kHz; NaN without speech."""
        return paired.pesq(reference, estimate) if self.has_pesq else np.nan


def word_error_interval(errors: np.ndarray, reference: np.ndarray | None = None) -> Interval | None:
    """Return the word error in percent with its bootstrap interval.

    Parameters
    ----------
    errors : ndarray
        Errors and words of each sentence, ``(sentences, 2)``.
    reference : ndarray, optional
        The same of other speech of the same sentences: the interval then is that of the difference, in points.

    Returns
    -------
    Interval or None
        None where nothing was recognised.
    """
    rows = errors if reference is None else np.column_stack([errors[:, 0] - reference[:, 0], errors[:, 1]])
    return bootstrap_interval(_percent_of_words, [rows]) if np.isfinite(rows).all() else None


def mean_interval(values: np.ndarray | list[float]) -> Interval | None:
    """Return the mean of the finite values with its bootstrap interval; None without any."""
    finite = np.asarray(values, float)
    finite = finite[np.isfinite(finite)]
    return bootstrap_interval(np.mean, [finite]) if len(finite) else None


def _percent_of_words(rows: np.ndarray) -> float:
    """Return errors of all sentences over words of all sentences, ``(sentences, 2)``, in percent."""
    return float(100 * rows[:, 0].sum() / rows[:, 1].sum())


def _load_recogniser(folder: Path, report: Report) -> Recogniser | None:
    if not MOONSHINE.is_installed:
        report.skip(MOONSHINE, "Word errors")
        return None
    try:
        return Recogniser(folder)
    except BadFolder as error:
        report.note(f"Word errors: left out. {error}")
        return None
