"""Scores as files: MIDI, ABC and MusicXML."""

from .formats import READABLE, WRITABLE, read_score, read_tunes, write_score

__all__ = ["READABLE", "WRITABLE", "read_score", "read_tunes", "write_score"]
