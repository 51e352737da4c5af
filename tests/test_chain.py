"""Chains: their grammar, their text and its round trip, streams and passes; effects with other files."""

from __future__ import annotations

from dataclasses import MISSING, fields
from pathlib import Path

import numpy as np
import pytest

from wavewright import Chain, Clip
from wavewright.audio.sound_file import SoundFormat
from wavewright.base.errors import BadAudio, BadSetting
from wavewright.base.ranges import ranges_of
from wavewright.dsp.assembly import fade_gains
from wavewright.effects import Compressor, Ducker, FadeOut, Gain, HighPass, Limiter, NormalisePeak, Trim
from wavewright.effects.editing.chain import CHAIN_EFFECTS, OTHER_NAMES, split_steps
from wavewright.effects.editing.effects_with_files import Append, Insert, OtherSound, Overlay
from wavewright.effects.editing.quantities import format_value, parse_value, short_name

RATE = 16_000


def noise(n_samples: int, n_channels: int = 2, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.3, 0.3, (n_channels, n_samples)).astype(np.float32)


@pytest.mark.parametrize(
    "text",
    [
        "highpass 80Hz; compress ratio=3 threshold=-18dB; limit -1dBTP",
        "HIGHPASS 80\ncompress -18 3:1 # a comment\n\n; limit ceiling = -1 dB".replace(" dB", "dB"),
        "highpass frequency_hz=0.08kHz;compress threshold_db=-18 ratio=3;limit -1dBFS;",
    ],
)
def test_a_chain_can_be_written_in_several_ways(text):
    assert Chain.parse(text) == Chain((HighPass(80.0), Compressor(-18.0, 3.0), Limiter(-1.0)))


@pytest.mark.parametrize(
    ("setting", "kind", "text", "value"),
    [
        ("attack_ms", float, "0.25s", 250.0),
        ("attack_ms", float, "0:01", 1_000.0),
        ("seconds", float, "1:02.5", 62.5),
        ("seconds", float, "1:00:02", 3_602.0),
        ("seconds", float, "250ms", 0.25),
        ("at_seconds", float, "2min", 120.0),
        ("seconds", float, "1.5h", 5_400.0),
        ("frequency_hz", float, "2.5kHz", 2_500.0),
        ("frequency_hz", float, "1e3", 1_000.0),
        ("mix", float, "25%", 0.25),
        ("ratio", float, "4:1", 4.0),
        ("ratio", float, "1.5x", 1.5),
        ("gain_db", float, "-3DB", -3.0),
        ("loudness_lufs", float, "-16LUFS", -16.0),
        ("end_seconds", float | None, "3", 3.0),
        ("n_voices", int, "3", 3),
        ("linked", bool, "No", False),
        ("bands_db", tuple[float, ...], "1,2dB,-3", (1.0, 2.0, -3.0)),
        ("curve", str, "linear", "linear"),
        ("file", Path, "a b.wav", Path("a b.wav")),
    ],
)
def test_values_have_units(setting, kind, text, value):
    assert parse_value(setting, kind, text) == value
    assert parse_value(setting, kind, format_value(setting, value).strip('"')) == value


@pytest.mark.parametrize(
    ("setting", "kind", "text", "message"),
    [
        ("gain_db", float, "3Hz", "'hz' is no unit of a level; it must be a level in dB"),
        ("gain_db", float, "loud", "gain is 'loud'; it must be a level in dB"),
        ("n_voices", int, "2.5", "whole number"),
        ("linked", bool, "maybe", "yes or no"),
        ("bands_db", tuple[float, ...], "1,,2", "bands is ''"),
        ("seconds", float, "1:2:3:4", "must be a time in s"),
        ("frequency_hz", float, "nan", "must be a frequency"),
    ],
)
def test_wrong_values_are_refused_with_their_units(setting, kind, text, message):
    with pytest.raises(BadSetting, match=message):
        parse_value(setting, kind, text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no step"),
        (" ; # nothing", "no step"),
        ("gain 3; compres ratio=3", r"no effect 'compres' \(line 1, character 9\); did you mean compress\?"),
        ("gain 3\n  wibble", r"no effect 'wibble' \(line 2, character 3\); There are highpass"),
        (
            "gain level=3",
            r"'gain level=3' \(line 1, character 1 of the chain\): gain has no setting 'level'; it has gain",
        ),
        ("gain 3 4", "'4' is one value too many; gain has 1 value"),
        ("gain 3 gain=4", "given twice"),
        ("gain 3kHz", "'khz' is no unit of a level"),
        ("gain 300", "must lie between -120.0 and 60.0"),
        ("gain 1; gain = 3dB", r"'gain = 3dB' \(line 1, character 9 of the chain\) does not begin with an effect"),
        ("gain gain=", "'gain=' at line 1, character 1 of the chain is no setting; write name=value"),
        ('append "a.wav', "quotation mark is left open in the chain at line 1, character 8"),
        ("append", "append needs file"),
        ("duck depth=3", "duck needs file"),
        ("fadein 1s round", "curve is 'round'; it must be one of linear"),
    ],
)
def test_wrong_chains_are_refused_with_their_place(text, message):
    with pytest.raises(BadSetting, match=message):
        Chain.parse(text)


@pytest.mark.parametrize("effect", CHAIN_EFFECTS)
def test_the_beginning_of_a_name_and_a_wrong_letter_give_a_guess(effect):
    wrong = f"{effect[:-1]}x" if len(effect) > 3 else effect.upper() + "x"
    for given in {effect[:4], effect.replace("ise", "ize"), wrong} - set(CHAIN_EFFECTS):
        with pytest.raises(BadSetting, match=r"did you mean ([a-z]+ or )*" + effect):
            Chain.parse(f"{given} 3")


def test_names_of_other_programs_give_a_guess():
    with pytest.raises(BadSetting, match="did you mean equaliser or lineareq or peak") as refusal:
        Chain.parse("eq")
    assert len(str(refusal.value)) < 200
    assert not set(OTHER_NAMES) & set(CHAIN_EFFECTS)
    assert {name for names in OTHER_NAMES.values() for name in names} <= set(CHAIN_EFFECTS)


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("1.5..", (1.5, None)),
        ("..30", (0.0, 30.0)),
        ("1:02..1:03.5", (62.0, 63.5)),
        ("-2s..-1s", (-2.0, -1.0)),
        ("4", (4.0, None)),
    ],
)
def test_trims_are_ranges(text, times):
    assert Chain.parse(f"trim {text}") == Chain((Trim(*times),))


def test_steps_know_where_they_stand():
    steps = split_steps('gain 1 ; append "a; b #c.wav" 2s #d;e\n\n # only a comment\n  gain #x')
    assert [(step.name, step.line, step.character) for step in steps] == [
        ("gain", 1, 1),
        ("append", 1, 10),
        ("gain", 4, 3),
    ]
    assert [argument.value for argument in steps[1].arguments] == ["a; b #c.wav", "2s"]


@pytest.mark.parametrize("name", CHAIN_EFFECTS)
def test_the_text_of_a_chain_makes_the_same_chain(name):
    kind = CHAIN_EFFECTS[name]
    rng = np.random.default_rng(len(name))
    values = {each.name: Path("a folder/b;c.wav") for each in fields(kind) if each.default is MISSING}
    for setting, (low, high) in ranges_of(kind).items():
        default = next(each.default for each in fields(kind) if each.name == setting)
        if isinstance(default, float) and np.isfinite([low, high]).all():
            values[setting] = float(rng.uniform(low, min(high, 1e6)))
    for effect in (kind(**values), kind(**{name: values[name] for name in values if name == "file"})):
        chain = Chain((effect, Gain(1.0)))
        assert Chain.parse(str(chain)) == chain


def test_short_names_of_settings_differ_within_each_effect():
    for kind in CHAIN_EFFECTS.values():
        names = [short_name(each.name) for each in fields(kind)]
        assert len(names) == len({*names})


def test_a_chain_is_its_effects_one_after_the_other():
    wave = noise(5_000)
    effects = (HighPass(200.0), FadeOut(0.1), Limiter(-12.0), Gain(-3.0))
    expected = wave
    for effect in effects:
        expected = effect(expected, RATE)
    chain = Chain(effects)
    np.testing.assert_array_equal(chain(wave, RATE), expected)
    np.testing.assert_array_equal(chain.on(Clip(wave, RATE)).wave, expected)
    for seed in range(3):
        cuts = np.sort(np.random.default_rng(seed).integers(0, 5_001, 7))
        blocks = list(chain.process_blocks(np.split(wave, cuts, axis=1), SoundFormat(RATE, 2)))
        np.testing.assert_array_equal(np.concatenate(blocks, axis=1), expected)


def test_effects_that_measure_read_the_sound_again():
    wave = noise(3_000, 1)
    chain = Chain.parse("gain -20dB; normalise -3dB; gain -1dB; normalise -6dB")
    n_opened = 0

    def open_blocks():
        nonlocal n_opened
        n_opened += 1
        return np.split(wave, 3, axis=1)

    processed = np.concatenate(list(chain.process(open_blocks, SoundFormat(RATE, 1))), axis=1)
    assert n_opened == chain.n_passes == 3
    assert np.abs(processed).max() == pytest.approx(10 ** (-6 / 20), rel=1e-5)
    with pytest.raises(BadSetting, match="depends on the whole sound"):
        next(chain.process_blocks([wave], SoundFormat(RATE, 1)))


def test_a_trim_ends_the_reading_of_each_pass():
    n_read = []

    def open_blocks():
        n_read.append(0)
        for block in np.split(noise(16_000, 1), 10, axis=1):
            n_read[-1] += 1
            yield block

    processed = list(
        Chain.parse("gain 1dB; trim ..0.25; normalise; fadeout 0.1s").process(open_blocks, SoundFormat(RATE, 1))
    )
    assert sum(block.shape[1] for block in processed) == 4_000
    assert n_read == [3, 3]


def test_one_channel_and_one_dimension_stay_so():
    wave = noise(100, 1)[0]
    assert Chain((Gain(0.0),))(wave, RATE).shape == (100,)
    assert Chain.parse("stereo")(wave, RATE).shape == (2, 100)
    assert Chain((NormalisePeak(),))(np.zeros((1, 0), np.float32), RATE).shape == (1, 0)


def test_formats_follow_the_chain_and_name_the_step_that_fails():
    source = SoundFormat(RATE, 1, 2.0)
    assert Chain.parse("reverb tail=1s; stereo").formats(source) == [
        SoundFormat(RATE, 1, 3.0),
        SoundFormat(RATE, 2, 3.0),
    ]
    with pytest.raises(BadSetting, match=r"Step 2 of the chain \(highpass frequency=9000Hz\)"):
        Chain.parse("gain 1; highpass 9kHz").formats(source)


@pytest.fixture
def other(tmp_path):
    return Clip(noise(1_500, seed=5), RATE).write(tmp_path / "other.wav", "FLOAT")


def check_cuts(effect, wave: np.ndarray, expected: np.ndarray) -> None:
    """Check the result of an effect, and that blocks of any length change no bit."""
    np.testing.assert_array_equal(effect(wave, RATE), expected)
    for seed in range(4):
        cuts = np.sort(np.random.default_rng(seed).integers(0, wave.shape[1] + 1, 9))
        blocks = effect.stream(SoundFormat(RATE, len(wave))).process_blocks(np.split(wave, cuts, axis=1))
        np.testing.assert_array_equal(np.concatenate(list(blocks), axis=1), expected)


@pytest.mark.parametrize(("n_samples", "n_before"), [(4_000, 800), (4_000, 3_200), (500, 800), (0, 0), (1_500, 0)])
def test_overlay_adds_a_file_at_its_time(other, n_samples, n_before):
    wave, sound = noise(n_samples), Clip.read(other).wave
    expected = np.zeros((2, max(n_samples, n_before + 1_500)), np.float32)
    expected[:, :n_samples] = wave
    expected[:, n_before : n_before + 1_500] += sound * np.float32(0.1)
    check_cuts(Overlay(other, n_before / RATE, -20.0), wave, expected)


@pytest.mark.parametrize(
    ("n_samples", "n_fade"), [(4_000, 0), (4_000, 800), (4_000, 1_500), (4_000, 2_000), (300, 800)]
)
def test_append_joins_by_a_crossfade(other, n_samples, n_fade):
    wave, sound = noise(n_samples), Clip.read(other).wave
    n_held = min(n_samples, n_fade)
    n_both = min(n_held, 1_500)
    gains = fade_gains(n_both, "equal-power")
    start = n_samples - n_held
    middle = wave[:, n_samples - n_both :] * gains[::-1] + sound[:, :n_both] * gains
    expected = np.concatenate([wave[:, : n_samples - n_both], middle, sound[:, n_both:]], axis=1)
    assert start >= 0
    check_cuts(Append(other, n_fade / RATE), wave, expected)


@pytest.mark.parametrize("n_before", [0, 700, 4_000])
def test_insert_moves_what_follows(other, n_before):
    wave, sound = noise(4_000), Clip.read(other).wave
    expected = np.concatenate([wave[:, :n_before], sound, wave[:, n_before:]], axis=1)
    check_cuts(Insert(other, n_before / RATE), wave, expected)


def test_insert_needs_a_sound_that_is_long_enough(other):
    with pytest.raises(BadAudio, match="ends before 2 s"):
        Insert(other, 2.0)(noise(1_000), RATE)


def test_ducking_under_a_file_is_that_under_its_samples(other):
    wave = noise(4_000)
    effect = Chain.parse(f"duck {other} depth=20dB hold=10ms").effects[0]
    key = Clip.read(other).mono().wave
    expected = Ducker(depth_db=20.0, hold_ms=10.0)(wave, RATE, key)
    check_cuts(effect, wave, expected)


def test_convolution_with_a_file_resamples_it(tmp_path):
    response = np.zeros((1, 200), np.float32)
    response[0, 0] = 0.5
    path = Clip(response, RATE).write(tmp_path / "response.wav", "FLOAT")
    wave = noise(2_000)
    np.testing.assert_allclose(Chain.parse(f"convolve {path}")(wave, RATE), 0.5 * wave, atol=1e-6)
    assert Chain.parse(f"convolve {path}")(wave, 2 * RATE).shape == wave.shape


def test_other_sounds_come_in_the_rate_and_channels_of_the_first(tmp_path):
    tone = np.sin(2 * np.pi * 440 * np.arange(8_000) / 8_000).astype(np.float32)
    path = Clip(np.stack([tone, np.zeros_like(tone)]), 8_000).write(tmp_path / "tone.wav", "FLOAT")
    taken = OtherSound(path, RATE, 1).read(20_000)
    assert taken.shape == (1, 16_000)
    expected = 0.5 * np.sin(2 * np.pi * 440 * np.arange(16_000) / RATE)
    np.testing.assert_allclose(taken[0, 500:-500], expected[500:-500], atol=1e-3)
    mono = Clip(tone[None], 8_000).write(tmp_path / "mono.wav")
    assert OtherSound(mono, 8_000, 3).read(10).shape == (3, 10)
    with pytest.raises(BadAudio, match="2 channels, and the sound 3"):
        OtherSound(path, RATE, 3)


def test_settings_that_count_take_whole_numbers_alone():
    """Of all effects: neither infinity nor fractions, which a number in a text can be."""
    settings = [(name, each) for name, effect in CHAIN_EFFECTS.items() for each in fields(effect) if each.type == "int"]
    assert len(settings) > 3
    for name, setting in settings:
        for text in ("1e999", "-1e999", "2.5"):
            with pytest.raises(BadSetting, match="whole number"):
                Chain.parse(f"{name} {short_name(setting.name)}={text}")
