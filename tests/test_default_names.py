"""A file that was not named is not replaced: what has the default name of a result may be somebody's work."""

from __future__ import annotations

import numpy as np
import pytest
from command_line import refused

from wavewright import Clip
from wavewright.apps.cli import run

BANK = "<region> sample=tone.wav key=60\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Clip(0.3 * np.sin(np.arange(16_000, dtype=np.float32) / 8)[None], 16_000).write("tone.wav")
    (tmp_path / "song.abc").write_text("X:1\nT:Song\nM:4/4\nL:1/4\nK:C\nCDEF|GABc|\n")
    (tmp_path / "bank.sfz").write_text(BANK)
    return tmp_path


@pytest.mark.parametrize(
    ("command", "made"),
    [
        ("render song.abc --instrument bank.sfz", "song.wav"),
        ("accompany song.abc --style pop", "song-pop.mid"),
        ("compose-by-rule alberti --bars 4", "alberti-0.mid"),
        ("layer campfire --seconds 0.1", "campfire-s0.wav"),
        ("encode tone.wav", "tone.wwc"),
        ("encode tone.wav --tokens 2", "tone.json"),
    ],
)
def test_only_a_file_that_was_named_is_replaced(command, made, folder, capsys):
    (folder / made).write_bytes(b"mine")
    assert f"{made} exists" in refused(capsys, *command.split())
    assert (folder / made).read_bytes() == b"mine"
    assert run([*command.split(), "--out", made, "--quiet"]) == 0
    assert (folder / made).read_bytes() != b"mine"


@pytest.mark.parametrize(
    ("command", "made"),
    [("render song.abc --instrument bank.sfz", "song.wav"), ("layer campfire --seconds 0.1", "campfire-s0.wav")],
)
def test_a_sound_of_the_same_is_replaced(command, made, folder, capsys):
    assert run([*command.split(), "--quiet"]) == run([*command.split(), "--quiet"]) == 0
    capsys.readouterr()
    Clip.read(folder / "tone.wav").write(folder / made)
    assert f"{made} exists" in refused(capsys, *command.split())


def test_a_sample_of_the_instrument_is_not_replaced(folder, capsys):
    before = (folder / "tone.wav").read_bytes()
    assert "is read" in refused(capsys, "render", "song.abc", "--instrument", "bank.sfz", "--out", "tone.wav")
    assert (folder / "tone.wav").read_bytes() == before
