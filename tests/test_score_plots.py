"""Scores as piano rolls and as notation."""

from __future__ import annotations

import sys
from xml.etree import ElementTree

import numpy as np
import pytest

from wavewright import Score, plot, write_score
from wavewright.apps.cli import run
from wavewright.base.errors import BadFolder, BadScore, MissingExtra
from wavewright.music.score import Chord, Track, notes_of
from wavewright.plots import read_png_title
from wavewright.plots.plots import MAP_COLOURS

image = pytest.importorskip("matplotlib.image")


def rgb(colour: str) -> np.ndarray:
    return np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255


@pytest.fixture
def song(tmp_path):
    melody = Track(notes_of([(480 * index, 480, 60 + 2 * index, 127) for index in range(8)]), "$Melody")
    drums = Track(notes_of([(480 * index, 100, 36, 127) for index in range(8)]), is_drum=True)
    write_score(Score((melody, drums), chords=(Chord(0, "Am7"), Chord(1_920, "$x$"))), tmp_path / "song.mid")
    return tmp_path / "song.mid"


def test_a_piano_roll_shows_rising_notes_in_the_colour_of_their_track(song, tmp_path):
    shown = plot(song, tmp_path / "song.png")
    assert str(shown) == f"{tmp_path / 'song.png'}: 4.00 s\n  notes: 16, tracks: 2"
    assert read_png_title(tmp_path / "song.png") == "song.mid"
    pixels = image.imread(tmp_path / "song.png")[..., :3]
    rows, columns = np.nonzero(np.abs(pixels - rgb(MAP_COLOURS[0])).max(axis=2) < 0.02)
    is_note = rows > 60  # below the names of the tracks
    starts = [rows[is_note & (columns >= left) & (columns < left + 30)].mean() for left in range(150, 1_100, 120)]
    assert (np.diff(starts) < 0).all()
    drums = np.abs(pixels - rgb(MAP_COLOURS[1])).max(axis=2) < 0.02
    assert np.nonzero(drums)[0].max() > rows[is_note].max()


def test_scores_of_any_kind_are_drawn(tmp_path):
    drums = Track(notes_of([(0, 0, 81, 1)]), is_drum=True)
    many = tuple(Track(notes_of([(0, 10**7, pitch, 64)]), "_n") for pitch in (0, 127, *range(20)))
    for index, score in enumerate((Score((drums,)), Score(many), Score((Track(notes_of([(0, 0, 60, 80)])),)))):
        write_score(score, tmp_path / f"{index}.mid")
        assert plot(tmp_path / f"{index}.mid").out.is_file()


def test_notation_has_the_notes_and_rests(song, tmp_path):
    pytest.importorskip("verovio")
    shown = plot(song, tmp_path / "song.svg")
    assert shown.files[0].details["kind"] == "notation"
    classes = [each.get("class") for each in ElementTree.parse(tmp_path / "song.svg").iter() if each.get("class")]
    # 8 quarters, and 8 drums of 100 ticks, of which each is two tied values
    assert (classes.count("note"), classes.count("measure"), classes.count("staff")) == (8 + 2 * 8, 2, 4)


def test_notation_without_verovio_names_the_extra(song, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "verovio", None)
    with pytest.raises(MissingExtra, match="notation"):
        plot(song, tmp_path / "song.svg")
    assert not (tmp_path / "song.svg").exists()


def test_scores_without_notes_and_other_images_are_refused(song, tmp_path, capsys):
    write_score(Score(title="x"), tmp_path / "empty.mid")
    for name in ("x.png", "x.svg"):
        with pytest.raises(BadScore, match="0 notes"):
            plot(tmp_path / "empty.mid", tmp_path / name)
    plot(song, tmp_path / "song.png")
    with pytest.raises(BadFolder, match="not a plot of"):
        plot(tmp_path / "empty.mid", tmp_path / "song.png")
    assert run(["plot", str(song), str(tmp_path / "empty.mid"), "--out", str(tmp_path / "plots")]) == 2
    assert f"{tmp_path / 'empty.mid'}: The score has 0 notes" in capsys.readouterr().out
