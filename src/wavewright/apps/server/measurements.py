"""Counts and times of a server, in the text format of Prometheus."""

from __future__ import annotations

import threading
from collections import defaultdict

FIRST_AUDIO_SECONDS = (0.01, 0.02, 0.04, 0.06, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Upper limits of the histogram of the time to the first audio."""

PREFIX = "wavewright_"
HELP = {
    "requests_total": "Requests by path and status.",
    "audio_seconds_total": "Seconds of audio that were sent.",
    "characters_total": "Characters of texts that were accepted.",
    "cancelled_total": "Requests whose client left before the end.",
    "skipped_total": "Passages of texts that could not be read.",
    "first_audio_seconds": "Time from a request to its first audio.",
    "jobs": "Requests that are computed or wait.",
    "jobs_limit": "Most requests at a time.",
    "ready": "1 once the default voice is loaded.",
}
"""Of each number. Counters are counted where it happens, by `Measurements.count`; gauges are given by app.py."""


class Measurements:
    """Counters and one histogram; methods may be called by several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: defaultdict[tuple[str, str], float] = defaultdict(float)
        self._buckets = [0] * len(FIRST_AUDIO_SECONDS)
        self._first_audio_sum = 0.0
        self._n_first_audio = 0

    def count(self, name: str, amount: float = 1.0, labels: str = "") -> None:
        """Add to a counter of `HELP`; labels are text such as ``status="200"``."""
        with self._lock:
            self._counts[name, labels] += amount

    def first_audio(self, seconds: float) -> None:
        """Add the time from a request to its first audio."""
        with self._lock:
            self._first_audio_sum += seconds
            self._n_first_audio += 1
            for index, limit in enumerate(FIRST_AUDIO_SECONDS):
                self._buckets[index] += seconds <= limit

    def text(self, **gauges: float) -> str:
        """Return everything as text; gauges have names of `HELP` too."""
        with self._lock:
            counts = sorted(self._counts.items())
            buckets, n_first_audio, total = list(self._buckets), self._n_first_audio, self._first_audio_sum
        lines = []
        for name in sorted({name for (name, _), _ in counts}):
            lines += _heading(name, "counter")
            lines += [
                f"{PREFIX}{name}{f'{{{labels}}}' if labels else ''} {value:.15g}"
                for (counted, labels), value in counts
                if counted == name
            ]
        lines += _heading("first_audio_seconds", "histogram")
        name = f"{PREFIX}first_audio_seconds"
        limits = [*(f"{limit:g}" for limit in FIRST_AUDIO_SECONDS), "+Inf"]
        lines += [
            f'{name}_bucket{{le="{limit}"}} {count}'
            for limit, count in zip(limits, [*buckets, n_first_audio], strict=True)
        ]
        lines += [f"{name}_sum {total:.15g}", f"{name}_count {n_first_audio}"]
        for gauge, value in gauges.items():
            lines += [*_heading(gauge, "gauge"), f"{PREFIX}{gauge} {value:g}"]
        return "\n".join(lines) + "\n"


def _heading(name: str, kind: str) -> list[str]:
    return [f"# HELP {PREFIX}{name} {HELP[name]}", f"# TYPE {PREFIX}{name} {kind}"]
