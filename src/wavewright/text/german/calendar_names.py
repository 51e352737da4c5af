"""Names of the months and days of the week."""

from __future__ import annotations

from .tables import rows

_ROWS = rows("calendar", 3)
MONTHS = tuple(name for kind, name, _ in _ROWS if kind == "month")
MONTH_NAMES = {written: name for kind, name, short in _ROWS if kind == "month" for written in short.split()}
"""Months by their written forms."""
WEEKDAYS = {written: name for kind, name, short in _ROWS if kind == "weekday" for written in short.split()}
"""Days of the week by their written forms."""
