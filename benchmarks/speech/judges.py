"""Judge speech: word errors by a recogniser, DNSMOS and PESQ, each left out with a sentence where it is not installed.

DNSMOS P.835 rates the naturalness of speech: Reddy, Gopal and Cutler, "DNSMOS P.835: a non-intrusive perceptual
objective speech quality metric to evaluate noise suppressors", 2022, through the package speechmos (MIT).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness.peers import DNSMOS, MOONSHINE, PESQ, STOI
from benchmarks.harness.script import Option, Options, Report, optional
from wavewright.audio.clip import Clip
from wavewright.base.errors import BadFolder
from wavewright.metrics import paired
from wavewright.metrics.recogniser import Recogniser
from wavewright.metrics.sampling import Interval, bootstrap_interval

SAMPLE_RATE = 16_000

JUDGE_OPTIONS = (
    Option("recogniser", Path("judges/package/dist/model/tiny/quantized"), "folder of Moonshine's graphs"),
    Option("no_dnsmos", False, "leave out DNSMOS, which takes seconds a clip", smoke=True),
)
"""The options of :class:`Judges`."""


RATINGS = optional(word_error_percent=".1f", dnsmos=".2f", pesq=".2f", stoi_percent=".1f")
DIFFERENCES = optional(points_above_the_reference=".1f", dnsmos_below_the_reference=".2f")
"""Columns of :meth:`Ratings.cells`, the latter against a reference."""


@dataclass(frozen=True)
class Ratings:
    """Scores of clips, NaN where they are not known: ``word_errors (clips, 2)`` are errors and words."""

    word_errors: np.ndarray
    dnsmos: np.ndarray
    pesq: np.ndarray
    stoi_percent: np.ndarray

    def cells(self, reference: Ratings | None = None) -> dict[str, Interval | None]:
        """Return the columns RATINGS, with those of DIFFERENCES beside other speech of the same sentences."""
        cells = {"word_error_percent": word_error_interval(self.word_errors)}
        cells |= {name: mean_interval(getattr(self, name)) for name in ("dnsmos", "pesq", "stoi_percent")}
        if reference is not None:
            cells["points_above_the_reference"] = word_error_interval(self.word_errors, reference.word_errors)
            cells["dnsmos_below_the_reference"] = mean_interval(reference.dnsmos - self.dnsmos)
        return cells


class Judges:
    """Judges of speech, loaded once; what is not installed scores NaN."""

    def __init__(self, options: Options, report: Report, with_pesq: bool = False) -> None:
        """Load the judges by ``JUDGE_OPTIONS``; note in ``report`` what is left out."""
        self.recogniser = _load_recogniser(options.recogniser, report)
        self.has_dnsmos = report.has(DNSMOS) and not options.no_dnsmos
        self.has_pesq = with_pesq and report.has(PESQ)
        self.has_stoi = with_pesq and report.has(STOI)

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

    def stoi_percent(self, reference: np.ndarray, estimate: np.ndarray) -> float:
        """Return the STOI of waves ``(time,)`` at 16 kHz, in percent."""
        return 100 * paired.stoi(reference, estimate) if self.has_stoi else np.nan

    def errors(self, waves: Sequence[np.ndarray], sample_rate: int, texts: Sequence[str]) -> np.ndarray:
        """Return the word errors and words of each of several waves, ``(waves, 2)``."""
        found = [self.word_errors(wave, sample_rate, text) for wave, text in zip(waves, texts, strict=True)]
        return np.array(found, float)

    def ratings(
        self, estimates: Sequence[np.ndarray], texts: Sequence[str], references: Sequence[np.ndarray]
    ) -> Ratings:
        """Return the scores of waves ``(time,)`` at 16 kHz in which texts are spoken."""
        pairs = [*zip(references, estimates, strict=True)]
        return Ratings(
            self.errors(estimates, SAMPLE_RATE, texts),
            np.array([self.dnsmos(wave, SAMPLE_RATE) for wave in estimates]),
            np.array([self.pesq(*pair) for pair in pairs]),
            np.array([self.stoi_percent(*pair) for pair in pairs]),
        )


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


def visqol(reference: np.ndarray, estimate: np.ndarray, mode: str) -> float:
    """Return the ViSQOL of waves ``(time,)``: mode ``speech`` at 16 kHz, ``audio`` at 48 kHz."""
    api: Any = _visqol_api(mode)
    rate = SAMPLE_RATE if mode == "speech" else 48_000
    return float(api.measure_from_arrays(reference.astype(np.float64), estimate.astype(np.float64), rate).moslqo)


@cache
def _visqol_api(mode: str) -> object:
    from visqol import VisqolApi

    api = VisqolApi()
    api.create(mode=mode)
    return api


def _percent_of_words(rows: np.ndarray) -> float:
    """Return errors of all sentences over words of all sentences, ``(sentences, 2)``, in percent."""
    return float(100 * rows[:, 0].sum() / rows[:, 1].sum())


def _load_recogniser(folder: Path, report: Report) -> Recogniser | None:
    if not report.has(MOONSHINE, "Word errors"):
        return None
    try:
        return Recogniser(folder)
    except BadFolder as error:
        report.note(f"Word errors: left out. {error}")
        return None
