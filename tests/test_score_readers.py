"""Scores that we write, played by Verovio and abc2midi: the same notes at the same times."""

from __future__ import annotations

import base64
import io
import re
import shutil
import subprocess
from dataclasses import replace

import mido
import numpy as np
import pytest

from wavewright import read_score, write_score
from wavewright.base.errors import ScoreWarning
from wavewright.music.formats.abc_reading import read_abc
from wavewright.music.formats.abc_writing import write_abc
from wavewright.music.formats.musicxml_writing import write_musicxml
from wavewright.music.score import KEY, METRE, Chord, Score, Track, empty, notes_of
from wavewright.music.theory import MODES

QUARTER = 480
N_SCORES = [20, 300]
LENGTHS = [60, 120, 180, 240, 300, 360, 420, 480, 600, 720, 840, 960, 1_200, 1_440, 2_400]
GRID = 1 / 16
"""Quarters within which a time counts as the same."""


def random_score(rng: np.random.Generator, *, n_voices: int) -> Score:
    """Return a score of tied values, triplets and quintuplets, rests and chords; one voice or overlapping ones."""
    rows = []
    for voice in range(n_voices):
        position = 0
        while position < 8 * QUARTER:
            kind = rng.integers(8)
            lengths = [160] * 3 if kind == 0 else [96] * 5 if kind == 1 else [int(rng.choice(LENGTHS))]
            for length in lengths:
                pitches = rng.choice(np.arange(48, 60) + 13 * voice, rng.choice([1, 1, 1, 2, 3]), replace=False)
                if rng.random() < 0.85:
                    rows += [(position, length, int(pitch), 90) for pitch in pitches]
                position += length
    numerator, denominator = rng.choice([(4, 4), (3, 4), (6, 8), (5, 8), (0, 0)])
    metres = np.array([(0, numerator, denominator, 24, 8)], METRE) if numerator else empty(METRE)
    return Score((Track(notes_of(rows)),), QUARTER, metres=metres)


def notes_in(contents: bytes) -> list[tuple[float, float, int]]:
    """Return start and end in quarters, and pitch of the notes of a MIDI file."""
    file = mido.MidiFile(file=io.BytesIO(contents))
    notes = []
    for track in file.tracks:
        now, held = 0, {}
        for message in track:
            now += message.time
            if message.type == "note_on" and message.velocity:
                held[message.note] = now
            elif message.type in ("note_on", "note_off") and message.note in held:
                notes.append((held.pop(message.note) / file.ticks_per_beat, now / file.ticks_per_beat, message.note))
    return sorted(notes, key=lambda note: (round(note[0] / GRID * 2), note[2]))


def assert_alike(score: Score, played: list[tuple[float, float, int]]) -> None:
    rows = score.tracks[0].notes
    starts, ends = rows["start"] / QUARTER, (rows["start"] + rows["duration"]) / QUARTER
    expected = sorted(
        zip(starts.tolist(), ends.tolist(), rows["pitch"].tolist(), strict=True),
        key=lambda note: (round(note[0] / GRID * 2), note[2]),
    )
    assert [note[2] for note in played] == [note[2] for note in expected]
    np.testing.assert_allclose([note[:2] for note in played], [note[:2] for note in expected], atol=GRID)


@pytest.mark.parametrize("n", N_SCORES)
def test_verovio_plays_our_musicxml(n):
    verovio = pytest.importorskip("verovio")
    verovio.enableLog(verovio.LOG_OFF)
    rng = np.random.default_rng(n)
    for _ in range(n):
        score = random_score(rng, n_voices=int(rng.integers(1, 3)))
        toolkit = verovio.toolkit()
        assert toolkit.loadData(write_musicxml(score).decode())
        assert_alike(score, notes_in(base64.b64decode(toolkit.renderToMIDI())))


@pytest.mark.skipif(shutil.which("abc2midi") is None, reason="abc2midi is not installed")
@pytest.mark.parametrize("n", N_SCORES)
def test_abc2midi_plays_our_abc(tmp_path, n):
    rng = np.random.default_rng(n)
    for _ in range(n):
        score = random_score(rng, n_voices=1)
        starts = np.unique(score.tracks[0].notes["start"])  # abc2midi ties no chord of A and A sharp that one divides
        ticks = sorted(rng.choice(starts, min(len(starts), rng.integers(5)), replace=False))
        chords = tuple(Chord(int(tick), str(rng.choice(["Am7", "F#", "C/G"]))) for tick in ticks)
        ticks = sorted({0, *rng.choice(starts, min(len(starts), rng.integers(4)), replace=False).tolist()})
        keys = np.array([(tick, rng.integers(-7, 8), rng.choice(sorted(MODES))) for tick in ticks], KEY)
        contents = write_abc(replace(score, chords=chords, keys=keys))
        (again,), _ = read_abc(contents)
        assert [(tick * QUARTER / again.ticks_per_quarter, *key) for tick, *key in again.keys.tolist()] == keys.tolist()
        contents = re.sub(rb"(?m)(^K:.*)", rb"\1\n%%MIDI gchordoff", contents)
        (tmp_path / "x.abc").write_bytes(contents)
        command = ["abc2midi", "x.abc", "-o", "x.mid"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert "Error" not in done.stdout, done.stdout
        assert_alike(score, notes_in((tmp_path / "x.mid").read_bytes()))


@pytest.mark.parametrize("suffix", [".musicxml", ".mxl"])
def test_chord_symbols_that_musicxml_cannot_hold_are_named(tmp_path, suffix):
    chords = tuple(Chord(480 * beat, symbol) for beat, symbol in enumerate(("C", "Quux", "N.C.", "slowly", "Quux")))
    with pytest.warns(ScoreWarning, match=r"Left out: chord symbols that are no chords: 'Quux', 'slowly'\.") as said:
        write_score(Score(chords=chords, length=2_400), tmp_path / f"a{suffix}")
    assert len(said) == 1
    assert [chord.symbol for chord in read_score(tmp_path / f"a{suffix}").chords] == ["C", "N.C."]
    write_score(Score(chords=chords[:1], length=2_400), tmp_path / f"b{suffix}")
