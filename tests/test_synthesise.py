"""`wavewright synthesise`: names, manifest, files that can be made again, lists, refusals."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

import wavewright
from tests.command_line import refused
from wavewright.apps.cli import run
from wavewright.audio.clip import Clip
from wavewright.audio.sound_file import open_sound
from wavewright.base.errors import BadFolder, BadSetting
from wavewright.data import manifest
from wavewright.synth.procedural import PROCEDURES, Rain
from wavewright.synth.procedural.descriptions import describe

RATE = 8_000


def made(out: Path, **changes: object) -> object:
    return wavewright.synthesise(
        **{"name": "rain", "out": out, "seconds": 0.5, "sample_rate": RATE, "quiet": True} | changes
    )


def test_variations_are_numbered_files_of_consecutive_seeds(tmp_path):
    result = made(tmp_path, variations=3, seed=7, set=("surface=metal", "drops_per_second=400"))
    assert [each.path.name for each in result.files] == ["rain_01.wav", "rain_02.wav", "rain_03.wav"]
    assert [each.details["seed"] for each in result.files] == [7, 8, 9]
    assert result.details["settings"]["surface"] == "metal"
    lines = [json.loads(line) for line in (tmp_path / "manifest.jsonl").read_text().splitlines()]
    assert [line["audio_filepath"] for line in lines] == [each.path.name for each in result.files]
    expected = Rain(400.0, surface="metal").render(0.5, RATE, 8)
    np.testing.assert_allclose(Clip.read(tmp_path / "rain_02.wav").wave, expected, atol=2**-22)


def test_a_file_says_how_to_make_it_again(tmp_path):
    made(tmp_path / "first", variations=2, seed=3, set=("drop_mm=1",))
    comment = json.loads(open_sound(tmp_path / "first" / "rain_02.wav").tags["comment"])
    assert comment["procedure"] == "rain"
    assert comment["channels"] == 2
    settings = tuple(f"{name}={value}" for name, value in comment["settings"].items())
    made(tmp_path / "again", seed=comment["seed"], seconds=comment["seconds"], set=settings)
    first, again = (tmp_path / path for path in ("first/rain_02.wav", "again/rain_01.wav"))
    np.testing.assert_array_equal(Clip.read(first).wave, Clip.read(again).wave)


def test_the_manifest_is_one_to_train_from(tmp_path):
    made(tmp_path)
    made(tmp_path, name="click", seconds=None)
    entries = manifest.read(tmp_path / "manifest.jsonl").entries
    assert {entry.label for entry in entries} == {"rain", "click"}


def test_the_same_call_writes_the_same_files_and_another_is_refused(tmp_path):
    made(tmp_path)
    before = (tmp_path / "rain_01.wav").read_bytes()
    made(tmp_path)
    assert (tmp_path / "rain_01.wav").read_bytes() == before
    with pytest.raises(
        BadFolder, match=r"rain_01\.wav exists already and is another clip than the one that rain makes"
    ):
        made(tmp_path, seed=1)
    made(tmp_path, seed=1, file_name="shower")
    assert (tmp_path / "shower_01.wav").is_file()


def test_loops_have_names_of_their_own(tmp_path):
    (file,) = made(tmp_path, loop=True, seconds=1.37).files
    assert file.path == tmp_path / "rain_loop_01.wav"
    wave = Clip.read(file.path).wave
    np.testing.assert_allclose(wave, Rain().render(1.37, RATE, 0, is_loop=True), atol=2**-22)


@pytest.mark.parametrize("name", ["bang.wav", "bang.flac", "bang.ogg"])
def test_one_file(tmp_path, name):
    result = made(tmp_path / name, name="explosion", seconds=None, set=("mass_kg=0.1",), channels="mono")
    assert result.files[0].path.name == name
    assert open_sound(tmp_path / name).header.n_channels == 1
    assert [path.name for path in tmp_path.iterdir()] == [name]
    made(tmp_path / name, name="explosion", seconds=None, set=("mass_kg=0.1",), channels="mono")
    with pytest.raises(BadFolder, match="exists already"):
        made(tmp_path / name, name="explosion", seconds=None)
    with pytest.raises(BadSetting, match="one file, and 2 variations"):
        made(tmp_path / name, variations=2)


def test_a_mono_effect_has_two_equal_channels(tmp_path):
    (stereo,) = made(tmp_path, name="engine", channels="stereo", seconds=0.3).files
    (mono,) = made(tmp_path, name="engine", channels="mono", seconds=0.3, file_name="mono").files
    wave = Clip.read(mono.path).wave
    np.testing.assert_array_equal(Clip.read(stereo.path).wave, np.concatenate([wave, wave]))


def test_what_cannot_be_made_leaves_no_folder(tmp_path, capsys):
    out = ("--out", str(tmp_path / "fx"), "--quiet")
    messages = {
        ("lasr",): "There is no procedure 'lasr'; the nearest is laser.",
        ("qqq",): "There is no procedure 'qqq'; there are wind, rain",
        ("laser", "--seconds", "3"): "Laser has a length of its own",
        ("click", "--loop"): "is no loop; leave loop out",
        ("rain", "--set", "drops=3"): "There is no setting 'drops'; the nearest are",
        ("rain", "--set", "surface=mud"): "cannot be 'mud'",
        ("rain", "--set", "drop_mm"): "has no value",
        ("rain", "--set", "drop_mm=99"): "drop_mm is 99.0; it must lie between 0.5 and 6.0.",
        ("rain", "--seconds", "0"): "--seconds is 0",
        ("rain", "--sample-rate", "4000"): "--sample-rate is 4000",
        ("rain", "--seed", "4294967295", "--variations", "2"): "choose a lower seed",
    }
    for arguments, message in messages.items():
        assert message in refused(capsys, "synthesise", *arguments, *out)
    assert not (tmp_path / "fx").exists()


def test_lists(capsys):
    assert run(["synthesise", "--list"]) == 0
    text = capsys.readouterr().out
    for name in PROCEDURES:
        assert re.search(rf"^{name} \((any length|one-shot)\): ", text, re.MULTILINE)
    assert run(["synthesise", "rain", "--list", "--json"]) == 0
    (rain,) = json.loads(capsys.readouterr().out)["details"]["procedures"]
    assert rain["parameters"][2]["choices"] == ["stone", "leaves", "water", "metal", "glass", "earth"]


@pytest.mark.parametrize("name", PROCEDURES)
def test_every_setting_is_described_with_its_range(name):
    description = describe(name, PROCEDURES[name])
    assert description.parameters
    for parameter in description.parameters:
        assert parameter.description.endswith("."), parameter
        assert parameter.choices or parameter.low < parameter.high
        assert parameter.allowed
