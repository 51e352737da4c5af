"""Scores: notes by track, tempo map, metres, keys and chords, all on a grid of ticks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape

import numpy as np

from ..base.errors import BadSetting
from .theory import MusicalKey
from .timing import TEMPO, TempoMap

# --- A small piano roll as SVG, without a plotting library

WIDTH, HEIGHT, MARGIN = 640, 180, 4  # pixels
MAX_NOTES = 2_000
MIN_WIDTH = 1.0  # of a note
COLOURS = ("#3f5fa8", "#c2571a", "#2f8f6b", "#8a4fb0", "#b8912b", "#c0406f", "#3a9bb5", "#6b6b76")


def roll_svg(tracks: Sequence[np.ndarray], seconds: float, title: str) -> str:
    """Return notes as an SVG: time from left to right, pitch upwards, a colour for each track.

    - ``tracks``: start and end in seconds, and pitch, of the notes of each track, ``(notes, 3)``; the first MAX_NOTES
      are drawn.
    """
    pitches = np.concatenate([notes[:MAX_NOTES, 2] for notes in tracks] or [np.zeros(0)])
    low, high = (pitches.min(), pitches.max()) if len(pitches) else (60.0, 60.0)
    row = (HEIGHT - 2 * MARGIN) / (high - low + 1)
    per_second = (WIDTH - 2 * MARGIN) / max(seconds, 1e-3)
    shapes = []
    for index, notes in enumerate(tracks):
        path = "".join(
            f"M{MARGIN + per_second * start:.1f} {HEIGHT - MARGIN - row * (pitch - low + 1):.1f}"
            f"h{(width := max(per_second * (end - start), MIN_WIDTH)):.1f}v{row:.1f}h-{width:.1f}z"
            for start, end, pitch in notes[:MAX_NOTES]
        )
        shapes.append(f'<path fill="{COLOURS[index % len(COLOURS)]}" d="{path}"/>')
    label = escape(f"Piano roll of {title}" if title else "Piano roll")
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}"'
    return f'<svg role="img" aria-label="{label}" {size}>{"".join(shapes)}</svg>'


NOTE = np.dtype(
    [("start", "<i8"), ("duration", "<i8"), ("pitch", "<i2"), ("velocity", "<i2"), ("release_velocity", "<i2")]
)
"""A note: start and duration in ticks, pitch 0 to 127 (69 is A4), velocity 1 to 127, velocity of its end 0 to 127."""

CONTROL = np.dtype([("tick", "<i8"), ("kind", "<i2"), ("number", "<i2"), ("value", "<i2"), ("phase", "<i2")])
"""A change of a channel.

``kind`` is one of the five below, ``number`` the controller or key, else 0. ``value`` is 0 to 127; that of a bend -8192
to 8191. ``phase`` orders events of one tick: 0 is before the ends of notes, 1 between ends and starts, 2 after starts.
"""

KEY_PRESSURE, CONTROL_CHANGE, PROGRAM, CHANNEL_PRESSURE, PITCH_BEND = 0xA, 0xB, 0xC, 0xD, 0xE

METRE = np.dtype(
    [("tick", "<i8"), ("numerator", "<i2"), ("denominator", "<i4"), ("click_clocks", "<i2"), ("thirty_seconds", "<i2")]
)
"""A metre from a tick on; the last two are those of MIDI: clocks of a metronome's click, 32nds in a quarter."""

KEY = np.dtype([("tick", "<i8"), ("sharps", "<i2"), ("mode", "<U10")])
"""A key from a tick on: -7 (flats) to 7 (sharps), and one of MODES."""

RELEASE_VELOCITY = 64
"""Velocity of the end of a note whose instrument does not measure it."""


NO_CHORD = "N.C."
"""Symbol from which on no chord sounds."""


@dataclass(frozen=True)
class Chord:
    """A chord symbol such as ``Am7``, ``D/F#`` or NO_CHORD, from a tick on."""

    tick: int
    symbol: str


@dataclass(frozen=True)
class MetaEvent:
    """A text or other event that plays nothing.

    - ``kind``: type of the meta event of MIDI (1 is text, 2 copyright, 5 lyrics, 6 a marker ...), or 0xF0 and 0xF7 for
      system-exclusive messages.
    """

    tick: int
    kind: int
    data: bytes

    @property
    def text(self) -> str:
        """The data as text: UTF-8 where it is valid, otherwise Latin-1."""
        try:
            return self.data.decode("utf-8")
        except UnicodeDecodeError:
            return self.data.decode("latin-1")


TEXT, COPYRIGHT, LYRICS = 0x01, 0x02, 0x05  # kinds of texts
MARKERS = (0x06, 0x07)  # kinds of markers: those, and cue points
DETAILS = {
    "composer": "C",
    "subtitle": "T",
    "rhythm": "R",
    "origin": "O",
    "area": "A",
    "source": "S",
    "book": "B",
    "discography": "D",
    "file": "F",
    "group": "G",
    "history": "H",
    "notes": "N",
    "transcription": "Z",
    "lyricist": "",
    "arranger": "",
    "rights": "",
}
"""Kinds of details of a score beside its title, and their fields in ABC, empty where it has none."""
CREATORS = ("composer", "lyricist", "arranger")


def detail_event(name: str, text: str) -> MetaEvent:
    """Return a text with one of DETAILS, see `Score.details`."""
    return MetaEvent(0, TEXT, f"{name}:{' '.join(text.split())}".encode("utf-8", "replace"))


def empty(dtype: np.dtype) -> np.ndarray:
    """Return an array of no events."""
    return np.zeros(0, dtype)


def key_event(key: MusicalKey) -> np.ndarray:
    """Return a key from the start on, KEY ``(1,)``."""
    return np.array([(0, key.sharps, key.mode)], KEY)


def notes_of(rows: Iterable[Sequence[int]]) -> np.ndarray:
    """Return notes from rows of start, duration, pitch and velocity, sorted by start.

    Examples
    --------
    >>> notes_of([(0, 480, 60, 80), (480, 480, 64, 80)])["pitch"].tolist()
    [60, 64]
    """
    notes = np.array([(*row, RELEASE_VELOCITY) for row in rows], NOTE)
    return notes[np.argsort(notes["start"], kind="stable")]


def controls_of(rows: Iterable[Sequence[int]]) -> np.ndarray:
    """Return controls from rows of tick, kind, number and value, before the notes of their ticks."""
    controls = np.array([(*row, 0) for row in rows], CONTROL)
    return controls[np.argsort(controls["tick"], kind="stable")]


@dataclass(frozen=True, eq=False)
class Track:
    """The notes of one instrument.

    - ``notes``: NOTE, sorted by start; notes of one start keep their order.
    - ``is_drum``: pitches are drums of General MIDI.
    - ``channel``: MIDI channel, 0 to 15; chosen when it is written by default. Tracks of one channel have one
      instrument.
    - ``port``: MIDI port; each has its own channels.
    - ``controls``: CONTROL, sorted by tick and phase.
    - ``metas``: texts and other events, sorted by tick.
    - ``inherited``: values by kind and number of the controls that other tracks of its channel set before its first
      note, where this one does not set them later.
    """

    notes: np.ndarray = field(default_factory=lambda: empty(NOTE))
    name: str = ""
    is_drum: bool = False
    channel: int | None = None
    port: int = 0
    controls: np.ndarray = field(default_factory=lambda: empty(CONTROL))
    metas: tuple[MetaEvent, ...] = ()
    inherited: Mapping[tuple[int, int], int] = field(default_factory=dict)

    @property
    def program(self) -> int:
        """The programme at the first note, 0 to 127; 0 if none is selected."""
        if (PROGRAM, 0) in self.inherited:
            return self.inherited[PROGRAM, 0]
        first = self.notes["start"][0] if len(self.notes) else self.controls["tick"].max(initial=0)
        is_selected = (self.controls["kind"] == PROGRAM) & (self.controls["tick"] <= first)
        return int(self.controls["value"][is_selected][-1]) if is_selected.any() else 0

    def with_program(self, program: int) -> Track:
        """Return the track with one programme from its start on."""
        others = self.controls[self.controls["kind"] != PROGRAM]
        inherited = {key: value for key, value in self.inherited.items() if key[0] != PROGRAM}
        controls = np.concatenate([controls_of([(0, PROGRAM, 0, program)]), others])
        return replace(self, controls=controls, inherited=inherited)

    @property
    def end(self) -> int:
        """The tick after the last event."""
        ends = [
            (self.notes["start"] + self.notes["duration"]).max(initial=0),
            self.controls["tick"].max(initial=0),
            *(meta.tick for meta in self.metas[-1:]),
        ]
        return int(max(ends))


@dataclass(frozen=True, eq=False)
class Score:
    """Music: tracks of notes and what holds for all of them.

    Attributes
    ----------
    tracks : tuple of Track
    ticks_per_quarter : int
        1 to 32767.
    tempos : np.ndarray
        TEMPO, sorted by tick: microseconds of a quarter from each tick on; 120 quarters a minute before the first.
    metres, keys : np.ndarray
        METRE and KEY, sorted by tick; 4/4 and no key before the first.
    chords : tuple of Chord
        Sorted by tick.
    metas : tuple of MetaEvent
        Texts and other events of no track, sorted by tick.
    title : str
    length : int
        Ticks to the end; extended to the last event where it is shorter.
    bar_lines : np.ndarray
        Ticks of all bar lines, int64, rising, from 0 to the end of the last bar, where they do not follow from the
        metres: a pickup, a bar that is cut. Empty where bars follow from the metres, see :func:`.bars_of`.
    """

    tracks: tuple[Track, ...] = ()
    ticks_per_quarter: int = 480
    tempos: np.ndarray = field(default_factory=lambda: empty(TEMPO))
    metres: np.ndarray = field(default_factory=lambda: empty(METRE))
    keys: np.ndarray = field(default_factory=lambda: empty(KEY))
    chords: tuple[Chord, ...] = ()
    metas: tuple[MetaEvent, ...] = ()
    title: str = ""
    length: int = 0
    bar_lines: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))

    def __post_init__(self) -> None:
        if not 1 <= self.ticks_per_quarter <= 32_767:
            raise BadSetting(f"ticks_per_quarter is {self.ticks_per_quarter}; it must lie between 1 and 32767.")
        ends = [track.end for track in self.tracks]
        ends += [int(events["tick"].max(initial=0)) for events in (self.tempos, self.metres, self.keys)]
        ends += [chord.tick for chord in self.chords[-1:]] + [meta.tick for meta in self.metas[-1:]]
        object.__setattr__(self, "length", max([self.length, *ends]))

    @property
    def tempo_map(self) -> TempoMap:
        """Ticks to seconds and samples, and back."""
        return TempoMap(self.ticks_per_quarter, self.tempos)

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return float(self.tempo_map.seconds(self.length))

    @property
    def details(self) -> tuple[tuple[str, str], ...]:
        """Names and texts of DETAILS: texts as `detail_event` makes them, at the start, which MIDI files hold, too."""
        pairs = ((meta, *meta.text.partition(":")[::2]) for meta in self.metas)
        return tuple(
            (name, text) for meta, name, text in pairs if name in DETAILS and text and detail_event(name, text) == meta
        )

    def texts(self, *kinds: int) -> list[MetaEvent]:
        """Return the texts of some kinds, those of its tracks too, by their ticks."""
        events = (*self.metas, *(meta for track in self.tracks for meta in track.metas))
        return sorted((each for each in events if each.kind in kinds), key=lambda meta: meta.tick)

    def _repr_html_(self) -> str:
        """Return a piano roll and a line of text for notebooks."""
        tracks = []
        for track in self.tracks:
            start, duration = track.notes["start"], track.notes["duration"]
            ends = self.tempo_map.seconds(start + duration)
            tracks.append(np.stack([self.tempo_map.seconds(start), ends, track.notes["pitch"]], axis=1))
        n_tracks = sum(len(track) > 0 for track in tracks)
        text = f"{self.title or 'score'}: {self.seconds:.1f} s, {self.n_notes} notes, {n_tracks} tracks"
        from ..audio.notebook import text_html

        return roll_svg(tracks, self.seconds, self.title) + text_html(text)

    @property
    def n_notes(self) -> int:
        """Number of notes of all tracks."""
        return sum(len(track.notes) for track in self.tracks)


def keys_of(score: Score) -> list[tuple[int, MusicalKey]]:
    """Return the keys of a score, each with its tick."""
    return [(tick, MusicalKey.of_sharps(sharps, mode)) for tick, sharps, mode in score.keys.tolist()]
