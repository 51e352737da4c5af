"""The bundled bank: complete, small, in tune, of equal loudness, and without clicks; its list of presets."""

from __future__ import annotations

import json

import numpy as np
import pytest

from wavewright.apps.cli import run
from wavewright.dsp.loudness import LoudnessMeter
from wavewright.music.accompaniment.style import DRUMS
from wavewright.music.engine import DRUM_CHANNEL
from wavewright.synth.patch import load_patch, patch_names
from wavewright.synth.soundfont import default_soundfont, open_soundfont
from wavewright.synth.soundfont.player import BUNDLED_BANK, PlayerSettings

DRY = PlayerSettings(reverb=0.0, chorus=0.0)
RATE = 44_100
DRUM_KEYS = range(27, 88)
NOTE_KEYS = (
    dict.fromkeys((9, 10, 112, 113, 124), 84)
    | dict.fromkeys((47, 116, 117, 118), 48)
    | dict.fromkeys(range(32, 38), 40)
)


@pytest.fixture(scope="module")
def engine():
    return open_soundfont(None, RATE, DRY)


def note(engine, program, key, seconds=1.0):
    engine.reset()
    engine.program(0, 0, program)
    engine.note_on(0, key, 100)
    return engine.process(round(seconds * RATE)).astype(np.float64)


def test_it_has_every_program_and_drum_of_general_midi():
    font = default_soundfont()
    assert BUNDLED_BANK.stat().st_size < 8_000_000
    kits = {(128, 0), (128, 16)}
    assert {(each.bank, each.program) for each in font.presets} == {(0, number) for number in range(128)} | kits
    for preset in font.presets:
        assert font.key_range(preset) == ((0, 127) if preset.bank == 0 else (DRUM_KEYS[0], DRUM_KEYS[-1]))
    for bank, program in kits:
        kit = font.regions(font.find(bank, program).index)
        assert {*kit.ranges[:, 0].tolist()} == {*DRUM_KEYS}
    assert "CC-BY 4.0" in font.texts["ICMT"]


def test_programs_are_equally_loud(engine):
    levels = []
    for program in range(128):
        meter = LoudnessMeter(RATE, 2)
        meter.add(note(engine, program, NOTE_KEYS.get(program, 60)).astype(np.float32))
        levels.append(meter.momentary_lufs().max())
    assert np.ptp(levels) < 3.3
    assert np.percentile(levels, 90) - np.percentile(levels, 10) < 0.5


@pytest.mark.parametrize("key", [41, 60, 77])
@pytest.mark.parametrize("program", [0, 4, 16, 24, 33, 42, 71, 80])
def test_programs_are_in_tune(engine, program, key):
    wave = note(engine, program, key)[0][2_205:]
    expected = 440.0 * 2.0 ** ((key - 69) / 12.0)
    spectrum = np.abs(np.fft.rfft(wave * np.hanning(len(wave)), 1 << 19))
    near = np.abs(np.fft.rfftfreq(1 << 19, 1 / RATE) / expected - 1.0) < 0.04
    peak = np.flatnonzero(near)[np.argmax(spectrum[near])]
    assert abs(1_200 * np.log2(peak * RATE / (1 << 19) / expected)) < 5.0


@pytest.mark.parametrize("program", [0, 2, 4, 25, 104])
def test_recorded_notes_go_on_fading_in_their_loops(engine, program):
    """From second to second a held note is quieter, by no more than 40 dB, and its loop repeats no bump of 3 dB."""
    wave = note(engine, program, 50, 10.0)
    frames = np.square(wave[:, : 100 * RATE // 10]).reshape(2, 100, -1).mean((0, 2))
    levels = 10 * np.log10(frames + 1e-14)
    seconds = levels.reshape(10, 10).mean(1)
    assert np.diff(seconds[1:]).max() < 0.5
    assert np.diff(seconds[1:]).min() > -40
    assert np.abs(np.diff(levels[50:], n=2)).max() < 3


@pytest.mark.parametrize("program", [43, 65])
def test_held_recordings_stay_at_their_level(engine, program):
    wave = note(engine, program, 50, 8.0)
    levels = 10 * np.log10(np.square(wave[:, : 80 * RATE // 10]).reshape(2, 80, -1).mean((0, 2)))
    assert np.ptp(levels[20:]) < 3


def test_a_harder_touch_plays_another_recording_of_the_piano(engine):
    """Louder layers are brighter, which a gain alone is not."""

    def centroid(velocity):
        engine.reset()
        engine.program(0, 0, 0)
        engine.note_on(0, 60, velocity)
        spectrum = np.square(np.abs(np.fft.rfft(engine.process(RATE).mean(0))))
        return float((np.fft.rfftfreq(RATE, 1 / RATE) * spectrum).sum() / spectrum.sum())

    soft, middle, hard = (centroid(velocity) for velocity in (40, 80, 120))
    assert soft < middle < hard


def test_the_bank_and_the_drum_kits_have_every_drum_of_styles():
    assert {*DRUMS.values()} <= {*DRUM_KEYS}
    kits = [patch for name in patch_names() if (patch := load_patch(name)).drums]
    assert len(kits) > 3
    for kit in kits:
        assert {*DRUMS.values()} <= {drum.key for drum in kit.drums}


@pytest.mark.parametrize(("key", "other"), [(42, 46), (44, 46), (80, 81), (86, 87), (71, 72), (73, 74), (78, 79)])
def test_a_drum_ends_those_that_it_excludes(engine, key, other):
    def tail(*keys):
        engine.reset()
        for each in keys:
            engine.note_on(DRUM_CHANNEL, each, 100)
            engine.process(RATE // 50)
        return np.abs(engine.process(RATE // 10)[:, RATE // 20 :]).max()

    alone, both = tail(key), tail(other, key)
    assert both == pytest.approx(alone, rel=0.05, abs=1e-3)


def test_drums_sound_and_end(engine):
    for key in DRUM_KEYS:
        engine.reset()
        engine.note_on(DRUM_CHANNEL, key, 100)
        assert np.abs(engine.process(RATE // 5)).max() > 0.005
        engine.process(4 * RATE)
        assert engine.is_silent()


@pytest.mark.parametrize(("program", "hertz"), [(16, 5_000), (11, 6_000), (46, 12_000)])
def test_loops_have_no_clicks(engine, program, hertz):
    """Above the partials, what a seam adds lies 55 dB below the note."""
    wave = note(engine, program, 60, 1.5)[0][RATE // 4 :]
    spectrum = np.fft.rfft(wave)
    spectrum[np.fft.rfftfreq(len(wave), 1 / RATE) < hertz] = 0.0
    above = np.fft.irfft(spectrum, len(wave))[2_000:-2_000]
    assert 20 * np.log10(np.abs(above).max() / np.abs(wave).max()) < -55


def test_the_command_lists_presets(capsys, tmp_path):
    assert run(["soundfont", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["details"]
    assert listed["name"] == "Wavewright General MIDI"
    assert len(listed["presets"]) == 130
    assert listed["presets"][-1] | {"sample_bytes": 0, "n_regions": 0} == {
        "bank": 128,
        "program": 16,
        "name": "Power Kit",
        "lowest_key": 27,
        "highest_key": 87,
        "n_regions": 0,
        "sample_bytes": 0,
    }
    assert run(["soundfont", str(BUNDLED_BANK)]) == 0
    assert "Church Organ" in capsys.readouterr().out
    (tmp_path / "x.sf2").write_bytes(b"RIFF")
    assert run(["soundfont", str(tmp_path / "x.sf2")]) == 2
    assert "not a SoundFont" in capsys.readouterr().err
