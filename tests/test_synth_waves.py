"""Waves from formulas, drawings and tables: the values, the spectra, the aliases, the faults."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import signal

from wavewright.audio.clip import Clip
from wavewright.base.errors import BadSetting
from wavewright.synth import SynthEngine, wave_patch
from wavewright.synth.formula import FUNCTIONS, is_periodic, parse_formula
from wavewright.synth.waves import read_period

RATE = 48_000
T = np.linspace(0.0, 0.02, 501)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3 - 4 / 8", 6.5 + 0 * T),
        ("-2^2 + 2^-1 + 2**3**0", -1.5 + 0 * T),
        ("(1 + 2) * -(3 % 2)", -3.0 + 0 * T),
        ("7 - 3 - 2", 2.0 + 0 * T),
        ("1.5e-1 + .5 + 2.", 2.65 + 0 * T),
        ("sin(2*pi*f*t)", np.sin(2 * np.pi * 330 * T)),
        ("exp(-3*t) * cos(f)", np.exp(-3 * T) * np.cos(330)),
        ("max(min(t, 0.01), 0.005)", np.clip(T, 0.005, 0.01)),
        ("clip(1000*t, 2, 5) + mod(7, 4)", np.clip(1_000 * T, 2, 5) + 3),
        ("phase", 330 * T % 1),
        ("log(e) + sqrt(4) + abs(-1) + tanh(0) + tan(0)", 4.0 + 0 * T),
        ("saw(0.75) + square(0.75) + pulse(0.2, 0.3) + triangle(0.25)", 0.5 - 1 + 1 + 1 + 0 * T),
    ],
)
def test_formulas_have_the_values_of_mathematics(text, expected):
    np.testing.assert_allclose(parse_formula(text)(T, 330.0), expected, atol=1e-12)


def test_noise_is_uniform_and_a_function_of_its_argument():
    noise = parse_formula("noise()")(np.arange(20_000) / RATE, 100.0)
    assert abs(noise.mean()) < 0.02
    assert noise.std() == pytest.approx(3**-0.5, rel=0.02)
    assert abs(np.corrcoef(noise[1:], noise[:-1])[0, 1]) < 0.03
    assert np.array_equal(parse_formula("noise(t)")(T, 5.0), parse_formula("noise()")(T, 9.0))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the end at character 1"),
        ("sin(2*pi*f*t", r"the end at character 13.*\)"),
        ("sin(2*pi*f*t))", "character 14"),
        ("2 +* 3", r'"\*" at character 4'),
        ("sew(t)", "character 1.*saw"),
        ("sin(t) + 3 q", "character 12.*operator"),
        ("sin t", r"character 5.*\( after sin"),
        ("clip(t, 1)", "clip with 3 arguments, not 2"),
        ("__import__(t)", "character 1,"),
        ("t.real", "character 2"),
        ("t[0]", "character 2"),
        ("x = 3", "character 3,"),
        ("1 if t else 2", "character 3"),
        ("(" * 60 + "t" + ")" * 60, "nesting"),
        ("-" * 300 + "t", "nesting"),
        ("+".join(["t"] * 900), "at most"),
        ("t" * 3_000, "3000 characters"),
        ("9" * 400, "infinite"),
        ("log(t)", "t = 0"),
        ("1/(t-0.01)", "t = 0.01"),
    ],
)
def test_faults_are_explained_at_their_position(text, said):
    with pytest.raises(BadSetting, match=said):
        parse_formula(text)(T, 330.0)


def test_random_texts_give_an_error_or_a_formula():
    rng = np.random.default_rng(8)
    words = [
        *FUNCTIONS,
        "t",
        "f",
        "phase",
        "pi",
        "1",
        "2.5",
        "(",
        ")",
        ",",
        "+",
        "-",
        "*",
        "/",
        "^",
        "%",
        " ",
        "é",
        "'",
    ]
    for _ in range(2_000):
        text = "".join(words[i] for i in rng.integers(0, len(words), rng.integers(1, 14)))
        try:
            parse_formula(text)(T, 100.0)
        except BadSetting:
            continue


@pytest.mark.parametrize(
    ("text", "periodic"),
    [("sin(2*pi*f*t)", True), ("saw(2*f*t) + phase", True), ("exp(-t)*saw(f*t)", False), ("noise()", False)],
)
def test_periodic_formulas_are_recognised(text, periodic):
    assert is_periodic(parse_formula(text), 220.0) is periodic


def played(wave, key=69, seconds=1.5):
    engine = SynthEngine(wave_patch(wave), RATE)
    engine.note_on(0, key, 127)
    return engine.process(int(seconds * RATE))[0].astype(float)


def test_a_formula_has_its_harmonics_and_no_aliases():
    wave = played("sin(2*pi*f*t) + 0.3*saw(2*f*t)", 111)[-RATE:]
    levels = np.abs(np.fft.rfft(wave * np.kaiser(RATE, 24)))
    frequency = 440 * 2 ** (42 / 12)
    harmonic = (
        np.abs(np.arange(len(levels)) / frequency - np.round(np.arange(len(levels)) / frequency)) < 16 / frequency
    )
    assert 20 * np.log10(levels[~harmonic].max() / levels.max()) < -100
    peaks = [levels[round(frequency * n) - 8 : round(frequency * n) + 9].max() for n in (1, 2, 4)]
    np.testing.assert_allclose(np.array(peaks) / peaks[0], [1, 0.3 * 2 / np.pi, 0.3 / np.pi], rtol=0.03)


def test_a_formula_that_changes_over_time_is_rendered_as_it_stands():
    wave = played("exp(-5*t) * sin(2*pi*f*t*(1 + 0.1*t))", 57, 0.5)
    t = np.arange(len(wave)) / RATE
    expected = np.exp(-5 * t) * np.sin(2 * np.pi * 220 * t * (1 + 0.1 * t))
    inner = slice(RATE // 50, None)
    scale = np.dot(wave[inner], expected[inner]) / np.dot(expected[inner], expected[inner])
    assert np.abs(wave - scale * expected)[inner].max() < 1e-3 * scale


def test_jumps_of_a_formula_that_changes_over_time_do_not_alias():
    wave = played("exp(-0.1*t) * saw(f*t)", 111, 1.2)[-RATE:]
    levels = np.abs(np.fft.rfft(wave * np.kaiser(RATE, 24)))
    frequency = 440 * 2 ** (42 / 12)
    harmonic = (
        np.abs(np.arange(len(levels)) / frequency - np.round(np.arange(len(levels)) / frequency)) < 30 / frequency
    )
    below = np.arange(len(levels)) < 20_000
    assert 20 * np.log10(levels[~harmonic & below].max() / levels.max()) < -35


def test_the_lengths_of_blocks_change_no_bit():
    patch = wave_patch("exp(-2*t) * saw(f*t) + 0.1*noise()")
    whole, pieces = SynthEngine(patch, RATE), SynthEngine(patch, RATE)
    for engine in (whole, pieces):
        engine.note_on(0, 60, 90)
    expected = whole.process(5_000)
    assert np.array_equal(
        expected, np.concatenate([pieces.process(n).copy() for n in (1, 255, 700, 44, 4_000)], axis=1)
    )


def write(folder, name, text):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_drawings_and_tables_of_a_wave_are_the_same_wave(tmp_path):
    ramp = [-1 + 2 * n / 64 for n in range(64)]
    files = [
        write(tmp_path, "a.svg", '<svg><path stroke="red" d="M 0,100 L 200,-100"/></svg>'),
        write(tmp_path, "b.svg", "<svg><path d='m0 100 c 50 -50 150 -150 200 -200'/></svg>"),
        write(tmp_path, "a.csv", "x,y\n0,-1\n1,1\n"),
    ]
    line = np.linspace(-1, 1, 4_096, endpoint=False)
    for file in files:
        assert np.abs(read_period(file) - line).max() < 2e-3
    table = write(tmp_path, "b.csv", "\n".join(map(str, ramp)))
    Clip(np.array([ramp], np.float32) * 0.5, 8_000).write(tmp_path / "one.wav", subtype="FLOAT")
    for file in (table, tmp_path / "one.wav"):
        assert np.corrcoef(read_period(file), line)[0, 1] > 0.95


@pytest.mark.parametrize("curve", ["S 150 150 200 100", "Q 150 0 200 100", "T 200 100", "H 200", "V 40 L 200 100"])
def test_all_commands_of_paths_reach_the_end(tmp_path, curve):
    period = read_period(write(tmp_path, "x.svg", f'<path d="M0 100 Q 50 200 100 100 {curve} Z M 0 0 L 9 9"/>'))
    assert np.abs(period).max() == pytest.approx(1.0)
    assert abs(period.mean()) < 1e-3


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.svg", "<svg></svg>", "no <path"),
        ("a.svg", '<path d="M0 0 A 1 1 0 0 0 5 5"/>', "'A'"),
        ("a.svg", '<path d="M0 0 L 10"/>', "'L'"),
        ("a.svg", '<path d="M0 0 L 10 5 L 4 3"/>', "turn back at point 3"),
        ("a.svg", '<path d="M0 5 L 5 5 L 10 5"/>', "flat"),
        ("a.csv", "0,1\n2,three\n", "Line 2"),
        ("a.csv", "0,1\n2\n", "different"),
        ("a.csv", "", "none"),
        ("a.csv", "0,0\n1,nan\n2,0", "finite"),
        ("a.wav", "no sound", "a.wav"),
    ],
)
def test_wrong_drawings_and_tables_are_refused(tmp_path, name, text, said):
    with pytest.raises(ValueError, match=said):
        read_period(write(tmp_path, name, text))


def test_missing_files_and_other_endings_are_refused(tmp_path):
    with pytest.raises(ValueError, match="missing"):
        wave_patch(tmp_path / "missing.svg")
    with pytest.raises(BadSetting, match="csv"):
        read_period(tmp_path / "wave.png")


def test_the_period_of_a_table_is_in_tune(tmp_path):
    rng = np.random.default_rng(5)
    path = write(tmp_path, "r.csv", "\n".join(map(str, rng.normal(size=37))))
    wave = played(path, 57)[-RATE:]
    lags = signal.correlate(wave, wave, "full")[RATE - 1 :]
    assert RATE / (150 + np.argmax(lags[150:280])) == pytest.approx(220, rel=5e-3)
