"""Automation of effects: what moves is heard as it should be, and what cannot move says so."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import repeat

import numpy as np
import pytest

from wavewright import Clip, mix
from wavewright.audio.sound_file import SoundFormat
from wavewright.base.errors import BadSetting
from wavewright.base.units import db_to_gain
from wavewright.effects import EFFECTS, Effect, Gain, Reverb, TwoPassEffect
from wavewright.effects.editing.chain import CHAIN_EFFECTS, Chain
from wavewright.effects.mixing.automation import (
    SHAPES,
    STEP_SAMPLES,
    Automation,
    Follower,
    MovingEffect,
    Oscillation,
    Points,
    automation_of,
    check_automations,
)

RATE = 48_000


def no_keys(name: str):
    raise AssertionError(name)


def numbers() -> list[tuple[str, str]]:
    """Return the effects in chains and their numbers."""
    return [
        (name, field.name)
        for name, kind in CHAIN_EFFECTS.items()
        if not any(field.type == "Path" for field in fields(kind))
        for field in fields(kind)
        if isinstance(field.default, int | float) and not isinstance(field.default, bool)
    ]


def moved(effect: Effect, setting: str, points, wave: np.ndarray, cuts=()) -> np.ndarray:
    """Return a wave under an automation, pushed in blocks between cuts."""
    motion = Points.through(points, "linear")
    stream = MovingEffect(effect, (Automation(0, setting, motion),), no_keys).stream(SoundFormat(RATE, len(wave)))
    blocks = np.split(wave, sorted(cuts), axis=1)
    return np.concatenate(list(stream.process_blocks(blocks)), axis=1)


def two_values(kind: type[Effect], setting: str) -> tuple[Effect, float, float] | None:
    """Return an effect with its default settings, and two other values near the default; None if there are none."""
    effect = kind()
    now = getattr(effect, setting)
    for factor in (1.5, 0.6, 0.9):
        other = round(now * factor + 0.25) if isinstance(now, int) else now * factor + 0.01
        try:
            replace(effect, **{setting: other})
        except BadSetting:
            continue
        if other != now:
            return effect, now, other
    return None


CANNOT = {
    *(("limit", "look_ahead_ms"), ("vibrato", "depth_cents"), ("vibrato", "rate_hz")),  # they decide the latency
    *(("delay", "tail_seconds"), ("reverb", "tail_seconds")),
    *(("highpass", "order"), ("lowpass", "order"), ("hum", "n_harmonics"), ("phaser", "n_filters")),
    *(("chorus", "n_voices"), ("lineareq", "length_ms")),
}
"""Numbers of effects that can move otherwise: they decide of how many parts an effect is made, or how late it is."""
NEVER = {
    *("fadein", "fadeout", "trim", "pad", "resample", "speed", "stretch", "pitch", "silence", "loop"),
    *("declick", "declip", "spectralgain", "isolate", "heal"),
}
"""Effects that change the length or hold samples back."""


@pytest.mark.parametrize(("name", "setting"), numbers())
def test_every_number_moves_or_says_why_it_cannot(name, setting):
    kind = CHAIN_EFFECTS[name]
    if (values := two_values(kind, setting)) is None:
        pytest.skip("it has one value alone")
    effect, start, end = values
    n_channels = 1 if name == "pan" else 2
    motion = Points.through([(0.0, start), (0.02, end)], "linear")
    chain = Chain((effect,))
    automations, sound = [Automation(0, setting, motion)], SoundFormat(RATE, n_channels)
    if issubclass(kind, TwoPassEffect) or name in NEVER or (name, setting) in CANNOT:
        with pytest.raises(BadSetting, match="cannot move"):
            check_automations(chain, automations, sound)
        return
    check_automations(chain, automations, sound)
    wave = np.random.default_rng(0).standard_normal((n_channels, 5_000)).astype(np.float32) * 0.1
    static = effect(wave, RATE)
    assert np.array_equal(moved(effect, setting, [(0.0, start)], wave), static)  # at rest it is the effect
    whole = moved(effect, setting, [(0.0, start), (0.02, end)], wave)
    assert np.array_equal(whole, moved(effect, setting, [(0.0, start), (0.02, end)], wave, [1, 300, 2_047]))
    assert whole.shape == static.shape
    assert np.isfinite(whole).all()
    # A stream that takes over other settings before any sound is that of the other settings.
    other = replace(effect, **{setting: end}).stream(SoundFormat(RATE, n_channels))
    adopted = effect.stream(SoundFormat(RATE, n_channels))
    adopted.adopt(replace(effect, **{setting: end}).stream(SoundFormat(RATE, n_channels)))
    starts_otherwise = name in ("expand", "gate") and setting in ("range_db", "ratio")  # their gain at the start
    assert starts_otherwise or np.allclose(adopted.push(wave), other.push(wave), atol=1e-6)


def test_a_gain_moves_as_its_formula():
    wave = np.ones((1, RATE), np.float32)
    points = [(0.1, -40.0), (0.6, 0.0), (0.7, -6.0)]
    output = moved(Gain(), "gain_db", points, wave)[0]
    decibels = np.interp((np.arange(RATE) + 1) / RATE, *zip(*points, strict=True))
    assert np.allclose(output, db_to_gain(decibels), rtol=0.03)
    assert np.abs(np.diff(output)).max() < 2e-4  # nothing jumps


def test_a_filter_sweeps():
    time = np.arange(4 * RATE) / RATE
    wave = np.sin(2 * np.pi * 1_000 * time)[None].astype(np.float32)
    effect = EFFECTS["lowpass"](frequency_hz=100.0)
    output = moved(effect, "frequency_hz", [(0.5, 100.0), (3.5, 20_000.0)], wave)[0]
    levels = [np.sqrt(np.mean(part**2)) for part in (output[: RATE // 2], output[-RATE // 2 :])]
    assert levels[0] < 0.01 < 0.7 < levels[1]
    assert np.abs(output).max() < 1.01


def test_a_delay_that_grows_keeps_what_it_heard():
    """A copy that comes later and later is the sound at a lower pitch, without gaps."""
    time = np.arange(3 * RATE) / RATE
    wave = np.sin(2 * np.pi * 200 * time)[None].astype(np.float32)
    effect = EFFECTS["delay"](seconds=0.05, feedback=0.0, mix=1.0)
    output = moved(effect, "seconds", [(0.5, 0.05), (2.5, 0.25)], wave)[0]
    frames = output[RATE:].reshape(-1, RATE // 50)
    assert np.abs(frames).max(1).min() > 0.9
    turning = output[RATE : 2 * RATE]
    crossings = np.flatnonzero(np.diff(np.signbit(turning))).size / 2
    assert crossings == pytest.approx(200 * (1 - 0.1), abs=2)


def test_a_reverb_that_grows_does_not_burst():
    wave = np.random.default_rng(0).standard_normal((2, 2 * RATE)).astype(np.float32) * 0.1
    output = moved(Reverb(mix=1.0), "size", [(0.2, 0.1), (1.8, 3.0)], wave)
    assert np.abs(output).max() < 2 * np.abs(Reverb(mix=1.0)(wave, RATE)).max()


def test_an_oscillator_has_its_shape():
    positions = {name: [shape(phase) for phase in (0.0, 0.25, 0.5, 0.75)] for name, shape in SHAPES.items()}
    assert positions["sine"] == pytest.approx([0, 0.5, 1, 0.5])
    assert positions["triangle"] == pytest.approx([0, 0.5, 1, 0.5])
    assert positions["rise"] == pytest.approx([0, 0.25, 0.5, 0.75])
    assert positions["fall"] == pytest.approx([1, 0.75, 0.5, 0.25])
    assert positions["square"] == pytest.approx([0, 0, 1, 1])
    values = Oscillation(100.0, 400.0, "exponential", 2.0, "sine", 0.25).values(RATE, no_keys)
    for number in range(RATE // STEP_SAMPLES):
        phase = 0.25 + 2.0 * number * STEP_SAMPLES / RATE
        assert next(values) == pytest.approx(100 * 4 ** (0.5 - 0.5 * np.cos(2 * np.pi * phase)))


def test_curves_go_through_their_points():
    for curve, middle in (("linear", 505.0), ("exponential", 100.0), ("hold", 10.0)):
        values = Points.through([(0.0, 10.0), (2 * STEP_SAMPLES / RATE, 1_000.0)], curve).values(RATE, no_keys)
        assert [next(values) for _ in range(4)] == pytest.approx([10.0, middle, 1_000.0, 1_000.0])


def test_a_follower_follows_the_level():
    key = np.concatenate([np.zeros(RATE), np.full(RATE, db_to_gain(-30.0)), np.ones(RATE)])[None].astype(np.float32)
    values = Follower(0.0, -20.0, "linear", "voice", -50.0, -10.0).values(RATE, lambda name: [key[:, :7], key[:, 7:]])
    taken = [next(values) for _ in range(3 * RATE // STEP_SAMPLES)]
    at = [taken[int(seconds * RATE / STEP_SAMPLES)] for seconds in (0.9, 1.9, 2.9)]
    assert at == pytest.approx([0.0, -10.0, -20.0], abs=0.01)


PROJECT = """
[[tracks]]
name = "pad"
effects = "lowpass 500Hz; gain 0dB; equaliser"
automation.effects = [
  { step = 1, setting = "frequency", points = [[0, "100Hz"], ["0:02", "10kHz"]] },
  { step = 2, setting = "gain", follow = { by = "kick", low = 0, high = "-40dB", floor_db = -60, release_ms = 20 } },
  { step = 3, setting = "bands.6", lfo = { low = 0, high = 3, rate_hz = 2 } },
]
regions = [{ file = "pad.wav" }]

[[tracks]]
name = "kick"
output = "away"
regions = [{ file = "kick.wav" }]

[[buses]]
name = "away"
gain_db = -120
"""


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(1)
    Clip(rng.standard_normal((2, 2 * RATE)) * 0.1, RATE).write(tmp_path / "pad.wav")
    kick = np.zeros((2, 2 * RATE))
    kick[:, RATE // 2 : RATE] = 0.9
    Clip(kick, RATE).write(tmp_path / "kick.wav")
    return tmp_path


def rendered(folder, text):
    (folder / "mix.toml").write_text(text, encoding="utf-8")
    mix(folder / "mix.toml", folder / "mix.wav", subtype="FLOAT", quiet=True)
    return Clip.read(folder / "mix.wav").wave


def test_a_project_moves_what_it_says(folder):
    wave = rendered(folder, PROJECT)
    levels = np.sqrt(np.square(wave[0, : 2 * RATE].reshape(8, -1)).mean(1))
    assert levels[3] < 0.05 * levels[1]  # under the kick
    assert levels[1] < levels[4] < levels[7]  # the filter opens
    again = rendered(folder, PROJECT.replace('by = "kick"', 'by = "away"'))
    assert np.sqrt(np.square(again[0, RATE * 3 // 4 : RATE]).mean()) > 10 * levels[3]  # it is too quiet to follow


def test_what_follows_a_muted_track_stays_where_it_is(folder):
    muted = PROJECT.replace('name = "kick"', 'name = "kick"\nmute = true')
    without = muted.replace("  { step = 2", "#")
    assert np.array_equal(rendered(folder, muted), rendered(folder, without))


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("step = 2", "step = 4", "step is 4, and effects has 3 steps"),
        ('"frequency"', '"cutoff"', "no setting 'cutoff'; there are frequency, order"),
        (
            '"frequency", points = [[0, "100Hz"], ["0:02", "10kHz"]]',
            '"order", points = [[0, 2], [1, 6]]',
            "order cannot move",
        ),
        ('"bands.6"', '"bands"', "name one, such as bands.1"),
        ('"bands.6"', '"bands.11"', "bands has 10 numbers"),
        ('"10kHz"', '"30kHz"', "must lie below half of that"),
        ('"10kHz"', '"300kHz"', "frequency_hz is 300000"),
        ('by = "kick"', 'by = "drum"', "follow is by 'drum', which does not exist"),
        ('by = "kick"', 'by = "pad"', "in a circle"),
        ("floor_db = -60", "floor_db = 0", "floor_db is 0 and ceiling_db -10"),
        ("rate_hz = 2", "rate_hz = 90", "must be at most 20"),
        ("rate_hz = 2", "wave = 2", "there is no setting 'wave'; there are low, high, rate_hz"),
        ("rate_hz = 2", 'shape = "saw"', "shape is 'saw'; it must be one of sine"),
        ('["0:02", "10kHz"]', '[0, "10kHz"]', "points: the times do not rise"),
        (', points = [[0, "100Hz"], ["0:02", "10kHz"]]', "", "give one of points, lfo and follow"),
        ('"lowpass 500Hz; gain', '"normalise; gain', "no setting 'frequency'"),
        (
            "{ low = 0, high = 3, rate_hz = 2 } }",
            '{ low = 0, high = 3 }, curve = "exponential" }',
            "needs values above 0",
        ),
    ],
)
def test_what_cannot_be_automated_is_said(folder, before, after, words):
    assert before in PROJECT
    with pytest.raises(BadSetting, match=words):
        rendered(folder, PROJECT.replace(before, after))
    assert not (folder / "mix.wav").exists()


def test_a_normalised_chain_moves_too(folder):
    """What is measured first is measured as it moves."""
    text = PROJECT.replace("; equaliser", "; equaliser; normalise -3dB")
    wave = rendered(folder, text)
    assert np.abs(wave).max() == pytest.approx(db_to_gain(-3.0), rel=1e-4)


def test_a_setting_has_its_short_and_its_long_name():
    chain = Chain.parse("compress; gain 3dB")
    motions = list(repeat(Points.through([(0.0, 1.0)], "linear"), 2))
    for name in ("threshold", "threshold_db"):
        assert automation_of(chain, 1, name, lambda _: motions[0]).setting == "threshold_db"
    with pytest.raises(BadSetting, match="no number that can move"):
        automation_of(chain, 1, "linked", lambda _: motions[0])
