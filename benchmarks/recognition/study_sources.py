"""Sources of generated clips of the study: kinds, with or without a judge, and made like recordings or not.

The name of a source is its kind, then ``-match`` if each clip gets the ends, the spectrum and the noise of a recording
of its label, then ``-all`` if no judge leaves clips out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wavewright.data.entry import Entry
from wavewright.data.labelled import ProceduralLabels
from wavewright.families import loading
from wavewright.speech.spoken_labels import SpokenLabels
from wavewright.speech.voice import Voice
from wavewright.training.clip_sources import ClipSource, FolderOfClips

VOICE = "en-kathleen"
CORPORA = {"voices": "spoken-digits", "keys": "keys"}
"""Corpus of each kind that is a folder of clips."""

BUNDLED = "drums"
KINDS = ("same", "all", "bundled", "spoken", *CORPORA, "procedural")
NO_JUDGE, MATCH = "-all", "-match"
SOURCES = tuple(kind + match + judge for kind in KINDS for match in ("", MATCH) for judge in ("", NO_JUDGE))


@dataclass(frozen=True)
class SourceName:
    """A name of a source, taken apart."""

    kind: str
    is_matched: bool
    is_judged: bool

    @classmethod
    def parse(cls, name: str) -> SourceName:
        """Return the parts of one of SOURCES."""
        stem = name.removesuffix(NO_JUDGE) if name not in KINDS else name
        return cls(stem.removesuffix(MATCH), stem.endswith(MATCH), stem == name)


def open_untrained(kind: str, entries: Sequence[Entry], corpora: Path) -> ClipSource | None:
    """Return the source of a kind, None for those that learn from the recordings of the study."""
    if kind == "bundled":
        return loading.load_generator(BUNDLED)
    if kind == "spoken":
        return SpokenLabels(Voice.load(VOICE), {str(entry.label): [str(entry.label)] for entry in entries})
    if kind in CORPORA:
        return FolderOfClips(corpora / CORPORA[kind])
    return ProceduralLabels() if kind == "procedural" else None
