"""The bundled tunes in the public domain that have chords, by title."""

from __future__ import annotations

from wavewright.music.rules.markov import tune_collection

TUNES = {tune.title: tune for tune in tune_collection() if tune.chords}
