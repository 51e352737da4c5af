"""Scores as MIDI, ABC and MusicXML files: damaged, of random events, and with wrong lengths and counts."""

from __future__ import annotations

import random
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from fuzz import mutate

_files: dict[str, list[bytes]] = {"mid": [], "xml": []}


def WARM_UP() -> None:
    from wavewright.music.formats.midi_writing import write_midi
    from wavewright.music.formats.musicxml_writing import write_musicxml
    from wavewright.music.formats.xml_tree import packed
    from wavewright.music.score import Chord, MetaEvent, Score, Track, controls_of, notes_of
    from wavewright.music.timing import TEMPO

    notes = notes_of([(120 * index, 100 + index, 50 + index % 30, 90) for index in range(60)])
    controls = controls_of([(0, 0xC, 0, 4), (10, 0xE, 0, -5), (20, 0xB, 7, 100)])
    track = Track(notes, "melody", controls=controls, metas=(MetaEvent(5, 5, b"la"), MetaEvent(6, 0xF0, b"~\xf7")))
    score = Score((track, track), 480, np.array([(0, 400_000)], TEMPO), chords=(Chord(0, "Am"),), title="tune")
    _files["xml"] += [write_musicxml(score), packed(write_musicxml(score))]
    _files["mid"] += [write_midi(score), write_midi(Score((track,), 96))]


def read_midi_file(rng: random.Random, folder: Path) -> None:
    """Read a damaged MIDI file, and write and read what came out of it."""
    _read_and_write(folder / "x.mid", damaged_midi(rng), folder / "out.mid")


def healthy_midi(rng: random.Random) -> bytes:
    """Return a MIDI file."""
    return rng.choice(_files["mid"])


def damaged_midi(rng: random.Random) -> bytes:
    """Return a MIDI file of random events, or one with wrong bytes or counts."""
    contents = _events(rng) if rng.random() < 0.3 else mutate.bytes_of(rng, rng.choice(_files["mid"]))
    if rng.random() < 0.3 and len(contents) > 14:
        at = rng.choice((8, 10, 12))
        value = rng.choice((0, 1, 2, 3, 0x7FFF, 0x8000, 0xE728, 0xFFFF))
        contents = contents[:at] + value.to_bytes(2, "big") + contents[at + 2 :]
    return contents


def _events(rng: random.Random) -> bytes:
    """Return a track of random events."""
    events = bytearray()
    for _ in range(rng.choice((0, 1, 50, 400))):
        delta = rng.choice((0, 1, 100, 127))
        status = rng.choice((0x80, 0x90, 0x91, 0xB0, 0xC0, 0xE0, 0xFF, 0xF0, 0xF1))
        length = rng.choice((0, 1, 2, 3, 4, 127))
        tail = {0xFF: bytes([rng.choice((1, 3, 0x20, 0x21, 0x51, 0x58, 0x59)), length]) + rng.randbytes(length)}
        tail |= {0xF0: bytes([length]) + rng.randbytes(length), 0xF1: b"\0", 0xC0: bytes([rng.randrange(128)])}
        events += bytes([delta, status]) + tail.get(status, bytes([rng.randrange(58, 62), rng.randrange(128)]))
    events += rng.choice((b"", b"\0\xff/\0"))
    return b"MThd\0\0\0\6\0\1\0\1\0\x60MTrk" + len(events).to_bytes(4, "big") + events


def _read_and_write(path: Path, contents: bytes, out: Path) -> None:
    """Read a file; what comes out can be written as MIDI, and is the same when it is read again."""
    from wavewright.music.formats import read_tunes, write_score

    path.write_bytes(contents)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        score = read_tunes(path)[0]
    str(score.seconds)
    write_score(score, out)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = read_tunes(out)[0]
    assert again.n_notes == score.n_notes
    assert _starts_and_ends(again.tracks) == _starts_and_ends(score.tracks)
    out.unlink()


def read_musicxml_file(rng: random.Random, folder: Path) -> None:
    """Read a damaged MusicXML file, with strange numbers or compressed, and write it as MIDI."""
    plain, compressed = _files["xml"]
    contents = mutate.bytes_of(rng, rng.choice((plain, plain, compressed)))
    if rng.random() < 0.6:
        text = plain.decode()
        for _ in range(rng.choice((1, 1, 3))):
            numbers = list(re.finditer(r"(?<=>)[^<>\s]+(?=<)", text))
            chosen = rng.choice(numbers)
            text = text[: chosen.start()] + rng.choice(mutate.STRANGE_NUMBERS) + text[chosen.end() :]
        contents = text.encode()
    _read_and_write(folder / "x.mxl", contents, folder / "out.mid")


def _starts_and_ends(tracks: tuple[Any, ...]) -> tuple[list[Any], list[Any]]:
    """Return pitches with their starts, and with their ends: MIDI does not say which end is that of which start."""
    notes = [note for track in tracks for note in track.notes.tolist()]
    return sorted(note[:1] + note[2:4] for note in notes), sorted((note[0] + note[1], note[2]) for note in notes)


def read_abc_file(rng: random.Random, folder: Path) -> None:
    """Read an ABC file with strange pieces, and write it as MIDI."""
    text = rng.choice(TUNES)
    if rng.random() < 0.5:
        pieces = [rng.choice(PIECES) for _ in range(rng.choice((1, 5, 200)))]
        text = f"X:1\nM:{rng.choice(METRES)}\nK:{rng.choice(KEYS)}\n{' '.join(pieces)}\n"
    contents = mutate.encoded(rng, mutate.text_of(rng, text)) if rng.random() < 0.8 else text.encode()
    if rng.random() < 0.2:
        contents = mutate.bytes_of(rng, contents)
    _read_and_write(folder / "x.abc", contents, folder / "out.mid")


TUNES = (
    'X:1\nT:One\nM:6/8\nL:1/8\nQ:3/8=100\nK:D dor\n|:"Dm"A3 d>ef|(3gab {c}d2-d|1 e6:|2 [fac]6|]\n',
    'X:1\nP:A2B\nK:G\nV:1 name="A b"\nV:2 octave=-1\n[V:1] P:A\n!f!g4 z4|\n[V:2] G,8 & D8|\nP:B\nZ4|\n\n'
    "X:2\nK:HP\nab\n",
)
PIECES = ("A", "^c'2", "__B,,/", "[CEG]", "(3", "(9:8:7", ">", "<<", "-", "|:", ":|", "|1", ":|2", "||", "{ab}", "z9")
PIECES += (
    "Z99",
    "&",
    '"Am7"',
    "!ff!",
    "[K:Bb mix]",
    "[M:7/16]",
    "[L:1/32]",
    "[Q:1/4=9999]",
    "\n",
    "\nP:A\n",
    "\nV:3\n",
)
METRES = ("4/4", "C|", "(2+3+2)/8", "0/4", "255/1", "none", "3/5", "")
KEYS = ("C", "F#m", "Cb loc", "HP", "D exp ^^f __b", "none", "clef=bass", "H", "G# lyd")

READERS = {"midi": read_midi_file, "abc": read_abc_file, "musicxml": read_musicxml_file}
