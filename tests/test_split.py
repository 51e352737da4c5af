"""`wavewright split`: the files of a split are the samples of the source, at silences and at times."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
import soundfile

from wavewright import Clip, edit, split
from wavewright.audio.sound_file import open_sound
from wavewright.base.errors import BadAudio, BadFolder, BadSetting
from wavewright.effects.editing import splitting

RATE = 8_000


def bursts(*seconds: float) -> np.ndarray:
    """Return noise and silence in turn, of so many seconds each, in stereo."""
    rng = np.random.default_rng(0)
    levels = [0.0 if index % 2 else 0.5 for index in range(len(seconds))]
    pieces = [level * rng.uniform(0.1, 1, (2, round(each * RATE))) for level, each in zip(levels, seconds, strict=True)]
    return np.concatenate(pieces, axis=1).astype(np.float32)


@pytest.fixture
def source(tmp_path):
    return Clip(bursts(0.5, 1.0, 0.7, 0.2, 0.3, 2.0, 0.4), RATE).write(
        tmp_path / "a take.wav", "FLOAT", {"title": "A take"}
    )


def test_sounds_between_silences_become_files(source):
    result = split(source, padding=0.1)
    assert result.out.name == "a take-split"
    assert [(each.details["start_seconds"], each.details["end_seconds"]) for each in result.files] == [
        (0.0, 0.6),
        (1.4, 2.8),
        (4.6, 5.1),
    ]
    wave = Clip.read(source).wave
    for segment in result.files:
        start, end = round(segment.details["start_seconds"] * RATE), round(segment.details["end_seconds"] * RATE)
        np.testing.assert_array_equal(Clip.read(result.out / segment.path.name).wave, wave[:, start:end])
        assert soundfile.info(result.out / segment.path.name).subtype == "FLOAT"
        assert open_sound(result.out / segment.path.name).tags["title"] == "A take"
    lines = [json.loads(line) for line in (result.out / "manifest.jsonl").read_text().splitlines()]
    assert [line["audio_filepath"] for line in lines] == [segment.path.name for segment in result.files]
    assert "3 files" in str(result)


@pytest.mark.parametrize("block_seconds", [10.0, 0.333])
@pytest.mark.parametrize("options", [{"every": 0.77}, {"at": (0.1, 3.0, 1.5)}, {"at": (1.0,), "every": 2.0}])
def test_the_parts_of_a_split_at_times_are_the_whole_sound(source, monkeypatch, block_seconds, options):
    monkeypatch.setattr(splitting, "BLOCK_SECONDS", block_seconds)
    result = split(source, **options)
    parts = [Clip.read(result.out / segment.path.name).wave for segment in result.files]
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), Clip.read(source).wave)
    times = {*options.get("at", ()), *np.arange(1, 10) * options.get("every", 99.0)}
    assert len(parts) == 1 + sum(time < 5.1 for time in times)


def test_a_second_split_replaces_the_first(source):
    split(source, every=1.0)
    result = split(source, every=1.0)
    assert len((result.out / "manifest.jsonl").read_text().splitlines()) == len(result.files) == 6


def test_parts_of_an_earlier_split_that_stay_are_named(source):
    split(source, every=1.0)
    result = split(source, every=1.3)
    left = "2 files, such as a_take_05.wav, are of an earlier split of a take.wav, and left in "
    assert result.notes == (f"{left}{result.out}.",)
    assert split(source, every=1.0).notes == ()


def test_files_that_are_no_part_of_the_source_are_not_replaced(source, tmp_path):
    (tmp_path / "own").mkdir()
    own = Clip(np.zeros((1, 9)), 8_000).write(tmp_path / "own" / "a_take_02.wav")
    own.with_name("manifest.jsonl").write_text(f'{{"audio_filepath": "{own.name}", "source": "other.wav"}}\n')
    before = own.read_bytes()
    with pytest.raises(BadFolder, match=r"_02\.wav exists, and is no part of .*; give another folder with --out"):
        split(source, own.parent, every=1.0)
    assert own.read_bytes() == before
    assert len(list(own.parent.iterdir())) == 2


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"at": (9.0,)}, BadSetting, "cannot be split at 9 s, since it is 5.100 s long"),
        ({"at": (0.0,)}, BadSetting, "cannot be split at 0 s"),
        ({"at": (1.0,), "padding": 0.2}, BadSetting, "at and padding exclude each other"),
        ({"silence_db": 0.0}, BadAudio, "no sound of 0.1 s above 0 dB"),
        ({"min_seconds": 3.0}, BadAudio, "no sound of 3 s"),
        ({"min_silence": 0.0}, BadSetting, "min_silence"),
    ],
)
def test_refuses(source, tmp_path, options, error, message):
    with pytest.raises(error, match=message):
        split(source, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("at_most", [0.9, 1.5, 2.0, 3.0, 60.0])
def test_parts_of_at_most_a_length_end_in_silences(source, at_most):
    result = split(source, at_most=at_most, min_silence=0.15)
    wave = Clip.read(source).wave
    parts = [Clip.read(result.out / segment.path.name).wave for segment in result.files]
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), wave)
    assert max(part.shape[1] for part in parts) <= at_most * RATE
    cuts = [round(segment.details["end_seconds"] * RATE) for segment in result.files[:-1]]
    assert not result.notes
    assert all(not wave[:, cut - 100 : cut + 100].any() for cut in cuts)


def test_parts_without_silence_end_at_the_quietest_moment(tmp_path):
    time = np.arange(9 * RATE) / RATE
    wave = np.sin(2 * np.pi * 440 * time) * (0.3 + 0.2 * np.cos(2 * np.pi * time / 3))  # quietest at 1.5, 4.5, 7.5 s
    source = Clip(wave[None], RATE).write(tmp_path / "a.wav")
    result = split(source, at_most=2.5)
    assert max(each.details["end_seconds"] - each.details["start_seconds"] for each in result.files) <= 2.5
    assert [each.details["end_seconds"] for each in result.files][:1] == pytest.approx([1.5], abs=0.15)
    n_cuts = len(result.files) - 1
    assert f"{n_cuts} of {n_cuts} cuts are at the quietest moment" in str(result)


@pytest.mark.parametrize(
    ("options", "message"), [({"every": 1.0}, "every and at_most"), ({"padding": 0.2}, "at_most and padding")]
)
def test_lengths_and_other_ways_of_splitting_exclude_each_other(source, options, message):
    with pytest.raises(BadSetting, match=f"{message} exclude each other"):
        split(source, at_most=2.0, **options)


@pytest.mark.parametrize("n_channels", [1, 2])
@pytest.mark.parametrize(
    ("offset", "noise_db", "pause"), [(0.02, None, 1.0), (0.0, -38.0, 1.0), (-0.05, -42.0, 1.0), (0.0, None, 0.25)]
)
def test_a_sound_that_stays_one_file_comes_with_advice_that_splits_it(tmp_path, n_channels, offset, noise_db, pause):
    time = np.arange(RATE) / RATE
    tone = np.concatenate([0.3 * np.sin(2 * np.pi * 440 * time), np.zeros(round(pause * RATE))])
    wave = np.tile(tone, (n_channels, 3))[:, : 3 * len(tone) - round(pause * RATE)] + offset
    if noise_db is not None:
        wave += 10 ** (noise_db / 20) * np.random.default_rng(0).uniform(-1, 1, wave.shape)
    source = Clip(wave, RATE).write(tmp_path / "a take.wav")
    once = split(source, tmp_path / "once")
    assert len(once.files) == 1
    assert once.notes[0] in str(once)
    if offset:
        assert "wavewright edit '" in once.notes[0]
        source = edit(source, do="dc").out
    options = dict(re.findall(r"--(silence-db|min-silence) (-?[\d.]*\d)", once.notes[0]))
    options = {name.replace("-", "_"): float(value) for name, value in options.items()}
    assert len(split(source, tmp_path / "again", **options).files) == 3


def test_a_sound_without_pause_is_said_to_have_none(tmp_path):
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(3 * RATE) / RATE)[None]
    assert "there is no pause" in split(Clip(tone, RATE).write(tmp_path / "a.wav")).notes[0]
    assert split(Clip(tone[:, : RATE // 4], RATE).write(tmp_path / "b.wav")).notes == ()


def test_too_many_files_are_refused(source, tmp_path, monkeypatch):
    monkeypatch.setattr(splitting, "MAX_SEGMENTS", 5)
    with pytest.raises(BadSetting, match="split into 51 files; at most 5"):
        split(source, tmp_path / "out", every=0.1)


def test_the_source_is_never_replaced(tmp_path):
    source = Clip(bursts(1.0), RATE).write(tmp_path / "x_01.wav")
    before = source.read_bytes()
    (tmp_path / "x.wav").write_bytes(before)
    (tmp_path / "link").symlink_to(tmp_path)
    source.unlink()
    (tmp_path / "x_01.wav").hardlink_to(tmp_path / "x.wav")
    with pytest.raises(BadSetting, match="never replaced"):
        split(tmp_path / "x.wav", tmp_path)
    assert (tmp_path / "x.wav").read_bytes() == before
