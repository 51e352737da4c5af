"""`wavewright layer`: presets become the same background for the same seed, of any length, and seamless loops."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from wavewright import Clip, layer
from wavewright.audio.sound_file import open_sound, read_origin
from wavewright.audio.wav_chunks import LoopPoints, read_loops
from wavewright.base.errors import BadAudio, BadSetting
from wavewright.effects.mixing.rendering import render_blocks
from wavewright.inference.layering.layers import AIR_HZ, AIR_METRES, PRESETS, Range, mix_of, read_preset

RATE = 8_000
HEAD = f"sample_rate = {RATE}\n"


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    Clip(rng.uniform(-0.1, 0.1, (1, 3 * RATE)), RATE).write(tmp_path / "rain.wav", "FLOAT")
    (tmp_path / "drops").mkdir()
    for number in range(3):
        Clip(np.full((1, 100), 0.1 * (number + 1)), RATE).write(tmp_path / "drops" / f"{number}.wav", "FLOAT")
    return tmp_path


def preset(text: str, folder, name: str = "bed"):
    path = folder / f"{name}.toml"
    path.write_text(HEAD + text)
    return read_preset(str(path))


def rendered(text: str, folder, seconds: float = 10.0, seed: int = 0, *, is_loop: bool = False) -> np.ndarray:
    mix = mix_of(preset(text, folder), seconds, seed, is_loop=is_loop)
    return np.concatenate(list(render_blocks(mix)), axis=1)


RAIN = '[[layers]]\nname = "rain"\nfile = "rain.wav"\n'
DROPS = '[[layers]]\nname = "drops"\nfolder = "drops"\nevery = [0.5, 1.5]\n'


def test_a_background_follows_from_its_seed(folder):
    text = RAIN + DROPS + "gain_db = [-6, 0]\npan = [-1, 1]\nsemitones = [-2, 2]\ndistance_m = [100, 500]\n"
    first, again, other = (rendered(text, folder, seed=seed) for seed in (1, 1, 2))
    assert first.shape == (2, 10 * RATE)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_layer_does_not_change_with_the_layers_after_it(folder):
    rain = rendered(RAIN, folder, 5.0, 3)
    both = mix_of(preset(RAIN + DROPS, folder), 5.0, 3)
    assert np.array_equal(rendered(RAIN + DROPS, folder, 5.0, 3)[:, :10], rain[:, :10])
    assert list(both.strips) == ["rain", "drops", "master"]


def test_one_shots_keep_their_distances(folder):
    mix = mix_of(preset(DROPS, folder), 1_000.0, 4)
    starts = [placement.start_seconds for placement in mix.strips["drops"].placements]
    gaps = np.diff(starts)
    assert gaps.min() >= 0.5
    assert gaps.max() <= 1.5
    assert abs(gaps.mean() - 1.0) < 0.05
    assert starts[-1] < 1_000.0
    sources = [placement.source for placement in mix.strips["drops"].placements]
    assert all(a is not b for a, b in pairwise(sources))
    assert len({id(source) for source in sources}) == 3


def test_one_shots_lie_within_their_ranges(folder):
    mix = mix_of(preset(DROPS + "gain_db = [-9, '-3dB']\npan = [-0.5, 0.2]\nsemitones = [-12, 12]", folder), 500.0, 5)
    placements = mix.strips["drops"].placements
    for name, low, high in (("gain_db", -9, -3), ("pan", -0.5, 0.2), ("speed", 0.5, 2.0)):
        values = [getattr(placement, name) for placement in placements]
        assert low <= min(values) < low + 0.1 * (high - low)
        assert high - 0.1 * (high - low) < max(values) <= high


def test_the_air_takes_3_db_at_its_distance(folder):
    mix = mix_of(preset(DROPS + f"distance_m = {AIR_METRES}", folder), 10.0, 0)
    (effect,) = mix.strips["drops"].placements[0].chain.effects
    assert (effect.frequency_hz, effect.order) == (AIR_HZ, 1)
    assert mix_of(preset(DROPS, folder), 10.0, 0).strips["drops"].placements[0].chain is None


@pytest.mark.parametrize("seconds", [0.7, 4.0, 25.0])
def test_a_loop_is_the_same_from_every_round_on(folder, seconds):
    """One-shots at the end sound on at the start: two rounds of the loop are a steady state."""
    text = DROPS.replace("[0.5, 1.5]", "[0.3, 0.9]") + 'effects = "delay 0.25s feedback=0"\n'
    loop = rendered(text, folder, seconds, 6, is_loop=True)
    mix = mix_of(preset(text, folder), seconds, 6, is_loop=True)
    placements = [each for each in mix.strips["drops"].placements if 0 <= each.start_seconds < seconds]
    n = round(seconds * RATE)
    expected = np.zeros(n)
    for placement in placements:
        position = round(placement.start_seconds * RATE) - round(mix.skipped_seconds * RATE)
        wave = Clip.read(placement.source.path).wave[0] * 10 ** (placement.gain_db / 20)
        for delay, gain in ((0, 0.7), (2_000, 0.3)):
            np.add.at(expected, (position + delay + np.arange(len(wave))) % n, gain * wave)
    np.testing.assert_allclose(loop[0], expected, atol=1e-6)


def test_textures_loop_without_a_seam(folder):
    loop = rendered(RAIN, folder, 7.3, 7, is_loop=True)
    assert loop.shape == (2, round(7.3 * RATE))
    source = Clip.read(folder / "rain.wav").wave[0]
    matches = np.lib.stride_tricks.sliding_window_view(source, 40)
    mix = mix_of(preset(RAIN, folder), 7.3, 7, is_loop=True)
    (placement,) = mix.strips["rain"].placements
    texture = np.concatenate(list(placement.source.blocks()), axis=1)
    for channel in texture:  # the end of a texture is what precedes its start in the recording
        joined = np.concatenate([channel[-20:], channel[:20]])
        assert np.abs(matches - joined).max(axis=1).min() < 1e-6
    np.testing.assert_allclose(np.tile(texture, 2)[:, round(7.3 * RATE) : 2 * round(7.3 * RATE)], texture)
    rotated = np.roll(texture, -round(mix.skipped_seconds * RATE), axis=1)
    np.testing.assert_array_equal(loop, rotated)


def test_mono_textures_become_wide_unless_told_otherwise(folder):
    wide = rendered(RAIN, folder)
    narrow = rendered(RAIN + "wide = false", folder)
    assert abs(np.corrcoef(wide)[0, 1]) < 0.3
    np.testing.assert_array_equal(narrow[0], narrow[1])


def test_procedures_and_models_are_layers(tmp_path):
    text = """
    [[layers]]
    procedure = "wind"
    settings = { wind_speed_m_s = [5.0, 9.0] }
    [[layers]]
    generator = "ambience"
    label = "rain"
    gain_db = -12
    [[layers]]
    procedure = "click"
    every = 0.5
    variations = 2
    [[layers]]
    procedure = "footsteps"
    every = 2
    length = [1, 1.5]
    variations = 2
    settings = { ground = "gravel" }
    """
    path = tmp_path / "all.toml"
    path.write_text("sample_rate = 16000\nchannels = 1\n" + text)
    mix = mix_of(read_preset(str(path)), 4.0, 0)
    wave = np.concatenate(list(render_blocks(mix)), axis=1)
    assert wave.shape == (1, 64_000)
    assert all(np.abs(wave[:, start : start + 16_000]).max() > 1e-3 for start in range(0, 64_000, 16_000))
    assert len({id(placement.source) for placement in mix.strips["layer 3"].placements}) == 2


@pytest.mark.parametrize("name", PRESETS.names)
def test_presets_need_no_files(name):
    mix = mix_of(read_preset(name), 1.0, 0, is_loop=True)
    wave = np.concatenate(list(render_blocks(mix)), axis=1)
    assert wave.shape == (2, 48_000)
    assert 0.001 < np.abs(wave).max() < 1.0
    assert not any(hasattr(placement.source, "path") for strip in mix.strips.values() for placement in strip.placements)


def test_there_are_at_least_six_presets():
    assert len(PRESETS.names) >= 6
    assert "rain-and-thunder  Rain with distant thunder (rain, patter, thunder)" in str(layer(list_=True))


def test_the_file_records_the_seed_and_the_loop(folder, monkeypatch):
    monkeypatch.chdir(folder)
    preset("title = 'A bed'\n" + RAIN, folder)
    made = layer(str(folder / "bed.toml"), 2.0, 9, loop=True, quiet=True)
    assert made.out.name == "bed-s9-loop.wav"
    assert read_origin(made.out) | {"wavewright": ""} == {
        "preset": "bed",
        "seconds": 2.0,
        "seed": 9,
        "loop": True,
        "wavewright": "",
    }
    assert open_sound(made.out).tags["title"] == "A bed"
    assert read_loops(made.out) == (LoopPoints(0, 2 * RATE),)
    assert read_loops(layer(str(folder / "bed.toml"), 2.0, quiet=True).out) == ()


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("", BadSetting, "layers is missing"),
        ("[[layers]]", BadSetting, "layer 1: give one of file, folder, generator and procedure"),
        (
            "[[layers]]\nname='x'\nfile='a'\nprocedure='b'",
            BadSetting,
            "layer 'x': file and procedure exclude each other",
        ),
        ("[[layers]]\nfile='no.wav'", BadAudio, r"layer 1 'layer 1': .*no\.wav does not exist"),
        ("[[layers]]\nname='x'\nprocedure='snow'", BadSetting, "layer 1 'x': There is no procedure 'snow'; there are"),
        ("[[layers]]\nprocedure='wind'\nsettings={speed=3}", BadSetting, "no setting 'speed'; there are wind_speed"),
        ("[[layers]]\nprocedure='wind'\nsettings={howl=3}", BadSetting, "howl is 3"),
        ("[[layers]]\nprocedure='wind'\nsettings={howl=[1, 0.5]}", BadSetting, "howl do not rise"),
        ("[[layers]]\nprocedure='wind'\nsettings={howl=true}", BadSetting, "howl is True"),
        ("[[layers]]\nprocedure='wind'\nevery=3", BadSetting, "wind has no length of its own"),
        ("[[layers]]\nprocedure='thunder'", BadSetting, "thunder is a one-shot; give every"),
        ("[[layers]]\nprocedure='wind'\nsemitones=3", BadSetting, "change the settings"),
        (
            "[[layers]]\nfile='rain.wav'\nlength=3",
            BadSetting,
            "layer 1: length belongs to every; give both, or leave length out",
        ),
        ("[[layers]]\nfile='rain.wav'\nlabel='x'", BadSetting, "label belongs to generator"),
        ("[[layers]]\nfile='rain.wav'\nsettings={x=1}", BadSetting, "settings belongs to procedure"),
        ("[[layers]]\nfile='rain.wav'\nevery=[3, 1]", BadSetting, "every: the numbers must rise"),
        ("[[layers]]\nfile='rain.wav'\nevery=[1, 2, 3]", BadSetting, "every: write a number, or two"),
        ("[[layers]]\nfile='rain.wav'\npan=2", BadSetting, "pan: .*between -1 and 1"),
        ("[[layers]]\nfile='rain.wav'\nloud=2", BadSetting, "no setting 'loud'; there are name, file"),
        ("[[layers]]\nname='x'\nfile='rain.wav'\n[[layers]]\nname='x'\nfile='rain.wav'", BadSetting, "in use already"),
        ("[[layers]]\ngenerator='ambience'\nlabel='snow'", BadSetting, "snow"),
    ],
)
def test_what_is_wrong_is_named_with_its_position(folder, text, kind, message):
    with pytest.raises(kind, match=message):
        mix_of(preset(text, folder), 2.0, 0)


def test_unknown_presets_and_lengths(folder):
    with pytest.raises(BadSetting, match=r"no preset 'snow'; give one such as"):
        layer("snow")
    with pytest.raises(BadSetting, match="no preset to make"):
        layer()
    with pytest.raises(BadSetting, match="must be above 0"):
        mix_of(preset(RAIN, folder), 0.0, 0)
    with pytest.raises(BadSetting, match="more than 100000 one-shots"):
        mix_of(preset(DROPS.replace("[0.5, 1.5]", "0.01"), folder), 5_000.0, 0)


def test_ranges_draw_between_their_ends():
    rng = np.random.default_rng(0)
    drawn = [Range(-3.0, 5.0).draw(rng) for _ in range(1_000)]
    assert -3 <= min(drawn) < -2.9
    assert 4.9 < max(drawn) <= 5
    assert Range(2.0, 2.0).draw(rng) == 2.0
