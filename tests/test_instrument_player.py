"""Scores played by a learned instrument: blocks, controllers, timbres over time, the verb ``render``."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
from tiny_families import trained

from wavewright import Clip, Score, render, write_score
from wavewright.apps.cli import run
from wavewright.base.errors import BadModel, BadSetting, ScoreWarning
from wavewright.families.instrument.config import InstrumentConfig
from wavewright.families.instrument.runtime import InstrumentPlayer, nearest_label
from wavewright.families.instrument.voice import VoiceSettings
from wavewright.families.loading import load_instrument
from wavewright.music.score import METRE, Track, notes_of
from wavewright.music.timbre_path import TimbrePath, TimbrePoint, parse_timbre, timbre_path
from wavewright.tasks import learned_instrument

RATE = 16_000
CONFIG = InstrumentConfig(sample_rate=RATE, n_partials=8, n_bands=4, latent_size=2, release_s=0.1)


def levels(latents, pitch, velocity, seconds):
    """Partials 1 and 2 have the two levels of the latent."""
    result = np.full((len(seconds), CONFIG.n_levels), -80.0)
    result[:, :2] = np.broadcast_to(latents, (len(seconds), 2))
    return result


def player(*points, times=None, seed=0):
    latents = np.array(points or [(0.0, -80.0)])
    path = TimbrePath(latents, np.arange(len(latents)) * 1.0 if times is None else np.array(times))
    return InstrumentPlayer(levels, VoiceSettings.of(CONFIG, RATE), lambda _: path, seed)


def level_at(wave, hertz):
    window = np.hanning(wave.shape[-1])
    tone = np.exp(-2j * np.pi * hertz * np.arange(wave.shape[-1]) / RATE)
    return 2 * abs((wave * window * tone).sum()) / window.sum()


def play(engine, sizes, total=RATE):
    """Play notes, a bend and controllers, each at its sample, in blocks of some sizes."""
    events = {
        0: lambda: engine.note_on(0, 60, 100),
        1_500: lambda: engine.note_on(1, 67, 80),
        2_345: lambda: engine.pitch_bend(0, 4_000),
        3_000: lambda: engine.control(0, 1, 127),
        4_001: lambda: engine.control(1, 74, 90),
        5_000: lambda: engine.control(0, 10, 20),
        6_000: lambda: engine.note_off(0, 60),
        9_000: lambda: engine.note_off(1, 67),
    }
    stops = sorted({*events, *range(0, total, sizes), total})
    blocks = []
    for start, end in itertools.pairwise(stops):
        if start in events:
            events[start]()
        blocks.append(engine.process(end - start))
    return np.concatenate(blocks, axis=1)


@pytest.mark.parametrize("size", [64, 777])
def test_blocks_change_no_sample_of_scores(size):
    expected = play(player((0, -80), (-80, 0)), RATE)
    np.testing.assert_array_equal(play(player((0, -80), (-80, 0)), size), expected)
    assert np.abs(expected).max() > 0.01


def test_same_seed_same_samples_also_after_a_reset():
    engine = player(seed=3)
    first = play(engine, 4_000)
    engine.reset()
    np.testing.assert_array_equal(play(engine, 4_000), first)
    assert not np.array_equal(play(player(seed=4), 4_000), first)


def test_silence_follows_the_release():
    engine = player()
    engine.note_on(0, 60, 100)
    engine.process(RATE)
    engine.note_off(0, 60)
    assert engine.process(RATE)[:, round(0.1 * RATE) + 1 :].any() == np.False_
    assert engine.is_silent()


def test_the_pedal_sustains_and_the_second_of_two_notes_of_a_key_stays():
    engine = player()
    engine.control(0, 64, 127)
    for _ in range(2):
        engine.note_on(0, 60, 100)
    engine.note_off(0, 60)
    assert engine.process(RATE).any()
    engine.control(0, 64, 0)
    engine.process(RATE)
    assert not engine.is_silent()
    engine.control(0, 123, 0)
    engine.process(RATE)
    assert engine.is_silent()


def test_the_bend_is_exact():
    engine = player()
    engine.note_on(0, 69, 100)
    engine.pitch_bend(0, 8191)
    wave = engine.process(RATE)[0]
    expected = 440 * 2 ** (2 * 8191 / 8192 / 12)
    assert level_at(wave, expected) > 50 * level_at(wave, 440)


@pytest.mark.parametrize("held", [1.0, 3.0])
def test_the_timbre_moves_over_time_also_in_long_notes(held):
    engine = player((0, -70), (-70, 0), times=(0.0, held))
    engine.note_on(0, 69, 100)
    wave = engine.process(round((held + 0.5) * RATE))[0]
    for partial, (start, end) in ((440, (1, 0)), (880, (0, 1))):
        first, last = level_at(wave[400:2_400], partial), level_at(wave[-4_000:], partial)
        assert (first > 100 * last) if start > end else (last > 100 * first)


def test_controller_74_moves_along_the_path():
    engine = player((0, -70), (-70, 0), times=(0.0, 0.001))
    engine.control(0, 74, 0)
    engine.note_on(0, 69, 100)
    wave = engine.process(RATE)[0]
    assert level_at(wave, 440) > 100 * level_at(wave, 880)


def test_pan_and_volume():
    engine = player()
    engine.control(0, 10, 127)
    engine.note_on(0, 60, 100)
    left, right = engine.process(4_000)
    assert np.abs(left).max() < 1e-6 < np.abs(right).max()


def test_more_notes_than_voices_keep_sounding():
    engine = player()
    for key in range(100):
        engine.note_on(0, 20 + key, 100)
        engine.process(10)
    assert np.isfinite(engine.process(1_000)).all()


def test_timbres_are_parsed():
    assert parse_timbre("flute") == (TimbrePoint("flute"),)
    assert parse_timbre("a .. b..c") == tuple(map(TimbrePoint, "abc"))
    assert parse_timbre("1:a, 2.5:b") == (TimbrePoint("a", 1.0), TimbrePoint("b", 2.5))


@pytest.mark.parametrize("text", ["", "a..", "..", "1:", "0:a", "x:a", "nan:a", "2:a,1:b", "1:a,1:b", "1:a,b"])
def test_other_timbres_are_refused(text):
    with pytest.raises(BadSetting, match="1:flute,9:violin"):
        parse_timbre(text)


def test_points_are_spread_over_the_score_or_lie_at_bars():
    latents = {"a": np.zeros(2), "b": np.ones(2)}
    even = timbre_path("a..b..a", latents.__getitem__, lambda bar: 0.0, 8.0)
    np.testing.assert_allclose(even.at(np.array([-1, 0, 2, 4, 6, 99]))[:, 0], [0, 0, 0.5, 1, 0.5, 0])
    by_bars = timbre_path("1:a,3:b", latents.__getitem__, lambda bar: 2 * (bar - 1), 8.0)
    np.testing.assert_allclose(by_bars.at(np.array([0, 2, 4, 8]))[:, 0], [0, 0.5, 1, 1])


@pytest.mark.parametrize("faster", [1.0, 2.0])
def test_timbres_lie_at_bars_and_parts_of_bars_of_the_score(faster, monkeypatch):
    metres = np.array([(0, 4, 4, 24, 8), (2 * 1_920, 3, 4, 24, 8)], METRE)  # of 2 s and, from the third on, 1.5 s
    score = Score((Track(notes_of([(0, 2 * 1_920 + 2 * 1_440, 60, 90)])),), 480, metres=metres)
    opened = SimpleNamespace(
        name="", timbre={"a": np.zeros(2), "b": np.ones(2)}.__getitem__, engine=lambda *given: given
    )
    monkeypatch.setattr(learned_instrument, "load_instrument", lambda _: opened)
    text = "1:a,2:b,2.5:a,3:b,4:a,4.5:b"
    *_, engine = learned_instrument.open_instrument("", text, score, score.seconds / faster, RATE, 0)
    path = engine()[0](0)
    np.testing.assert_allclose(path.times_s, np.array([0, 2, 3, 4, 5.5, 6.25]) / faster)


def test_programs_have_the_nearest_label():
    assert nearest_label(40, ("flute", "violin", "viola")) == "violin"
    assert nearest_label(43, ("flute", "cello")) == "cello"
    assert nearest_label(5, ("mine", "yours")) == "mine"
    assert nearest_label(5, ()) is None


@pytest.fixture
def song(tmp_path):
    rows = [(480 * index, 400, 60 + index, 90) for index in range(4)]
    drums = Track(notes_of([(0, 100, 36, 100)]), is_drum=True)
    return write_score(Score((Track(notes_of(rows)), drums), 480), tmp_path / "song.mid") or tmp_path / "song.mid"


@pytest.mark.filterwarnings("ignore:.*plays no drums")
def test_a_model_renders_a_score(song, tmp_path):
    model = str(trained("instrument").out)
    options = {"instrument": model, "quiet": True, "sample_rate": RATE}
    with pytest.warns(ScoreWarning, match="plays no drums; 1 of the 5 notes of song.mid are left out"):
        first = render(tmp_path / "song.mid", tmp_path / "1.wav", timbre="high..low", **options)
    again = render(tmp_path / "song.mid", tmp_path / "2.wav", timbre="high..low", **options)
    other = render(tmp_path / "song.mid", tmp_path / "3.wav", timbre="1:low", seed=1, **options)
    by_program = render(tmp_path / "song.mid", tmp_path / "4.wav", **options)
    waves = [Clip.read(each.out).wave for each in (first, again, other, by_program)]
    np.testing.assert_array_equal(waves[0], waves[1])
    assert not np.array_equal(waves[0], waves[2])
    assert first.details["n_notes"] == 4
    assert "high..low" in first.by
    assert all(np.abs(wave).max() > 0.01 for wave in waves)


def test_the_command_renders_a_note(tmp_path):
    model = str(trained("instrument").out)
    out = tmp_path / "note.wav"
    arguments = ["A3", "--instrument", model, "--timbre", "low", "--seconds", "1", "--out", str(out)]
    assert run(["render", *arguments, "--quiet"]) == 0
    assert 1.0 < Clip.read(out).seconds < 1.5


@pytest.fixture(scope="module")
def notes():
    return load_instrument("notes")


@pytest.mark.parametrize("label", ["piano", "flute", "recorded-violin"])
@pytest.mark.parametrize("pitch", [40, 69, 91])
def test_notes_of_the_bundled_model_are_in_tune(notes, label, pitch):
    wave = notes.render(notes.timbre(label), pitch, 90, 1.2).astype(np.float64)
    rate, frequency = notes.sample_rate, 440 * 2 ** ((pitch - 69) / 12)
    half = rate // 2
    window = np.hanning(half) * np.exp(-2j * np.pi * frequency / rate * np.arange(half))
    first, second = ((wave[start : start + half] * window).sum() for start in (rate // 10, rate // 10 + half))
    turn = np.angle(second / first * np.exp(-2j * np.pi * frequency * half / rate))
    assert abs(1200 * np.log2(1 + turn * rate / (2 * np.pi * half * frequency))) < 0.5
    assert 0.05 < np.abs(wave).max() < 1


def test_every_timbre_of_the_bundled_model_sounds_and_ends(notes):
    for label in notes.labels:
        wave = notes.render(notes.timbre(label), 60, 100, 0.5)
        assert 0.02 < np.abs(wave[: notes.sample_rate // 2]).max() <= 1, label
        assert np.abs(wave[-100:]).max() < 1e-3, label


def test_velocity_changes_the_level_of_the_bundled_model(notes):
    levels = [np.square(notes.render(notes.timbre("piano"), 60, velocity)).sum() for velocity in (30, 70, 120)]
    assert levels[0] < levels[1] < levels[2]


def test_timbres_of_the_bundled_model_move_over_a_note(notes):
    ends = np.stack([notes.timbre(label) for label in ("flute", "harpsichord")])
    times = np.linspace(0, 1.5, 50)
    fixed = [notes.levels(end, 67, 100, times) for end in ends]
    moving = notes.levels(TimbrePath(ends, np.array([0, 1.5])).at(times), 67, 100, times)
    np.testing.assert_allclose(moving[0], fixed[0][0], atol=1e-2)
    np.testing.assert_allclose(moving[-1], fixed[1][-1], atol=1e-2)
    assert np.abs(moving[25] - fixed[0][25]).mean() > 1 < np.abs(moving[25] - fixed[1][25]).mean()


def test_bad_names_are_refused(song, tmp_path):
    model, options = str(trained("instrument").out), {"score": "A3", "out": tmp_path / "x.wav", "quiet": True}
    with pytest.raises(BadSetting, match="label"):
        render(instrument=model, timbre="high..none", **options)
    with pytest.raises(BadSetting, match="timbre belongs to instrument; give both"):
        render(timbre="flute", **options)
    with pytest.raises(BadSetting, match="patch saw-lead has one timbre"):
        render(instrument="saw-lead", timbre="flute", **options)
    with pytest.raises(BadModel, match="plays no scores"):
        render(instrument="drums", **options)
    with pytest.raises(BadModel):
        load_instrument("none-of-these")
    assert not (tmp_path / "x.wav").exists()
