"""The tables of facts of Spanish in ``data/``."""

from __future__ import annotations

from pathlib import Path

from ..tables import Tables, alternatives, of_kind

__all__ = ["alternatives", "data_text", "mapping", "of_kind", "rows", "word_list"]

_TABLES = Tables(Path(__file__).with_name("data"))
data_text, rows, mapping, word_list = _TABLES.data_text, _TABLES.rows, _TABLES.mapping, _TABLES.word_list
