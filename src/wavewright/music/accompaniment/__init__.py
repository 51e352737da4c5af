"""Accompaniment of melodies: chords, styles, four-part harmony."""
