"""Judge speech: word errors by a recogniser, DNSMOS, PESQ and STOI, each left out with a sentence if not installed.

Means of scores over clips have 95 % bootstrap intervals, word errors those over all words.

DNSMOS P.835 rates the naturalness of speech: Reddy, Gopal and Cutler, "DNSMOS P.835: a non-intrusive perceptual
objective speech quality metric to evaluate noise suppressors", 2022, through the package speechmos (MIT).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from benchmarks.harness.peers import DNSMOS, MOONSHINE, PESQ, STOI
from benchmarks.harness.script import Option, Options, Report, optional
from benchmarks.harness.waves import resampled
from wavewright.base.errors import BadFolder
from wavewright.metrics import paired
from wavewright.metrics.recogniser import Recogniser
from wavewright.metrics.sampling import Interval, bootstrap_interval

SAMPLE_RATE = 16_000
VISQOL_RATES = {"speech": SAMPLE_RATE, "audio": 48_000}
JUDGE_OPTIONS = (
    Option("recogniser", Path("judges/package/dist/model/tiny/quantized"), "folder of Moonshine's graphs"),
    Option("no_dnsmos", False, "leave out DNSMOS, which takes seconds a clip", smoke=True),
)
"""The options of :class:`Judges`."""

RATINGS = optional(word_error_percent=".1f", dnsmos=".2f", pesq=".2f", stoi_percent=".1f")
"""Columns of the means of :meth:`Judges.ratings`."""

DIFFERENCES = optional(points_above_the_reference=".1f", dnsmos_below_the_reference=".2f")
"""Columns of :func:`differences`."""


Scores: TypeAlias = Mapping[str, float]
"""Scores of a clip by the name of their column; ``errors`` and ``words`` are those of the text that it speaks."""


def mean_interval(values: np.ndarray | Sequence[float]) -> Interval | None:
    """Return the mean of the finite values with its interval; None without any."""
    finite = np.asarray(values, float)
    finite = finite[np.isfinite(finite)]
    return bootstrap_interval(np.mean, [finite]) if len(finite) else None


def word_error_interval(rows: Sequence[Scores], reference: Sequence[Scores] = ()) -> Interval | None:
    """Return the word error in percent, or its difference in points from other speech of the same sentences.

    None where nothing was recognised.
    """
    pairs = zip(rows, reference or [{"errors": 0.0}] * len(rows), strict=True)
    counts = [(row["errors"] - other["errors"], row["words"]) for row, other in pairs if "errors" in row]
    if not counts:
        return None
    return bootstrap_interval(lambda drawn: float(100 * drawn[:, 0].sum() / drawn[:, 1].sum()), [np.array(counts)])


def means(rows: Sequence[Scores]) -> dict[str, Interval | None]:
    """Return the mean of each score over the clips that have it, and the word error as ``word_error_percent``."""
    names = {name for row in rows for name in row}
    cells = {name: mean_interval([row[name] for row in rows if name in row]) for name in names - {"errors", "words"}}
    return {**cells, "word_error_percent": word_error_interval(rows)} if "errors" in names else cells


class Judges:
    """Judges of speech by ``JUDGE_OPTIONS``, loaded once; there is no score of what is not installed."""

    def __init__(self, options: Options, report: Report, with_pesq: bool = False) -> None:
        self.recogniser = None
        if report.has(MOONSHINE, "Word errors"):
            try:
                self.recogniser = Recogniser(options.recogniser)
            except BadFolder as error:
                report.note(f"Word errors: left out. {error}")
        self.has_dnsmos = report.has(DNSMOS) and not options.no_dnsmos
        self.has_pesq = with_pesq and report.has(PESQ)
        self.has_stoi = with_pesq and report.has(STOI)

    def words(self, wave: np.ndarray, sample_rate: int, text: str) -> dict[str, float]:
        """Return the numbers of word ``errors`` and ``words`` of ``wave (time,)``; none without its ``text``."""
        if self.recogniser is None or not text:
            return {}
        errors = self.recogniser.errors(wave, sample_rate, text)
        return {"errors": float(errors.n_errors), "words": float(errors.n_words)}

    def opinion(self, wave: np.ndarray, sample_rate: int) -> dict[str, float]:
        """Return the overall ``dnsmos``, 1 (bad) to 5 (excellent), of ``wave (time,)``; its last 2 s may not count."""
        if not self.has_dnsmos:
            return {}
        wave = resampled(wave, sample_rate, SAMPLE_RATE)
        return {"dnsmos": paired.dnsmos(wave, wave)}

    def likeness(self, reference: np.ndarray, estimate: np.ndarray) -> dict[str, float]:
        """Return the wide-band ``pesq``, NaN without speech, and ``stoi_percent`` of waves ``(time,)`` at 16 kHz."""
        scores = {"pesq": paired.pesq(reference, estimate)} if self.has_pesq else {}
        return scores | ({"stoi_percent": 100 * paired.stoi(reference, estimate)} if self.has_stoi else {})

    def ratings(
        self, estimates: Sequence[np.ndarray], texts: Sequence[str], references: Sequence[np.ndarray]
    ) -> list[dict[str, float]]:
        """Return all scores of waves ``(time,)`` at 16 kHz in which texts are spoken."""
        return [
            self.words(wave, SAMPLE_RATE, text) | self.opinion(wave, SAMPLE_RATE) | self.likeness(reference, wave)
            for wave, text, reference in zip(estimates, texts, references, strict=True)
        ]


def differences(rows: Sequence[Scores], reference: Sequence[Scores]) -> dict[str, Interval | None]:
    """Return the columns DIFFERENCES of speech beside other speech of the same sentences."""
    losses = [other["dnsmos"] - row["dnsmos"] for row, other in zip(rows, reference, strict=True) if "dnsmos" in row]
    points = word_error_interval(rows, reference)
    return {"points_above_the_reference": points, "dnsmos_below_the_reference": mean_interval(losses)}


def visqol(reference: np.ndarray, estimate: np.ndarray, mode: str) -> float:
    """Return the ViSQOL of waves ``(time,)``: mode ``speech`` at 16 kHz, ``audio`` at 48 kHz."""
    api: Any = _visqol_api(mode)
    pair = reference.astype(np.float64), estimate.astype(np.float64)
    return float(api.measure_from_arrays(*pair, VISQOL_RATES[mode]).moslqo)


@cache
def _visqol_api(mode: str) -> object:
    from visqol import VisqolApi

    api = VisqolApi()
    api.create(mode=mode)
    return api
