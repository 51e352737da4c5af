"""The tables of facts of English in ``data/``."""

from __future__ import annotations

from pathlib import Path

from ..tables import Tables, alternatives, of_kind

__all__ = ["DATA", "alternatives", "data_bytes", "data_text", "entries", "mapping", "of_kind", "rows", "word_list"]

DATA = Path(__file__).with_name("data")

_TABLES = Tables(DATA)
data_bytes, data_text, entries = _TABLES.data_bytes, _TABLES.data_text, _TABLES.entries
rows, mapping, word_list = _TABLES.rows, _TABLES.mapping, _TABLES.word_list
