"""The family ``instrument``: levels of notes, voices, names of notes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tiny_families import trained

from wavewright import load
from wavewright.families.instrument.analysis import note_levels
from wavewright.families.instrument.config import InstrumentConfig
from wavewright.families.instrument.recipe import DEFAULT_VELOCITY, pitch_by_name, velocity_by_name
from wavewright.families.instrument.voice import HOP, NoteVoice, VoiceSettings, render_note

CONFIG = InstrumentConfig(n_partials=24)
RATE = CONFIG.sample_rate


def constant(levels):
    return lambda times, _: np.broadcast_to(np.asarray(levels, float), (len(times), len(levels)))


def only_partial(number, level_db=0.0):
    levels = np.full(CONFIG.n_levels, -80.0)
    levels[number - 1] = level_db
    return constant(levels)


@pytest.mark.parametrize(
    ("name", "pitch"),
    [
        ("As3", 58),
        ("C#4-v80", 61),
        ("flute_Bb2", 46),
        ("Cello A-1", 9),
        ("c4", 60),
        ("058", 58),
        ("piano 61 v127", 61),
        ("violin-E6-vel100", 88),
        ("bob-3", None),
        ("take one", None),
    ],
)
def test_pitch_is_read_from_names(name, pitch):
    assert pitch_by_name(Path(f"{name}.wav")) == pitch


def test_velocity_is_read_from_names():
    names = ("A4-v80", "A4_vel100", "A4", "A4-v300")
    expected = [80, 100, DEFAULT_VELOCITY, DEFAULT_VELOCITY]
    assert [velocity_by_name(Path(f"{name}.wav")) for name in names] == expected


@pytest.mark.parametrize("pitch", [40, 57.3, 81])
def test_levels_of_sines_are_their_powers(pitch):
    f0_hz = 440 * 2 ** ((pitch - 69) / 12)
    time = np.arange(2 * RATE) / RATE
    wave = sum(a * np.sin(2 * np.pi * k * f0_hz * time) for k, a in ((1, 0.5), (2, 0.25), (5, 0.02)))
    levels = note_levels(wave, pitch, CONFIG)[20]
    for k, amplitude in ((1, 0.5), (2, 0.25), (5, 0.02)):
        assert levels[k - 1] == pytest.approx(10 * np.log10(amplitude**2 / 2), abs=0.7)
    assert levels[CONFIG.n_partials :].max() < -50


def test_a_recording_out_of_tune_has_the_same_partials():
    time = np.arange(2 * RATE) / RATE
    levels = [note_levels(np.sin(2 * np.pi * 440 * 2 ** (c / 1200) * time), 69, CONFIG)[20] for c in (0, 30)]
    assert levels[0][0] == pytest.approx(levels[1][0], abs=0.3)


def test_levels_of_white_noise_are_its_power_in_each_band():
    wave = 0.1 * np.random.default_rng(0).standard_normal(2 * RATE)
    measured = note_levels(wave, 69, CONFIG)[5:, CONFIG.n_partials :].mean(axis=0)
    expected = 10 * np.log10(0.01 * np.diff(CONFIG.band_edges_hz) / (RATE / 2))
    np.testing.assert_allclose(measured, expected, atol=3)


@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000])
@pytest.mark.parametrize("pitch", [33, 60.5, 93])
def test_tuning_is_within_a_tenth_of_a_cent(rate, pitch):
    wave = render_note(only_partial(1), VoiceSettings.of(CONFIG, rate), pitch, 1.0)[:rate]
    spectrum = np.abs(np.fft.rfft(wave * np.hanning(rate), 16 * rate))
    peak = int(spectrum.argmax())
    a, b, c = np.log(spectrum[peak - 1 : peak + 2])
    hertz = (peak + 0.5 * (a - c) / (a - 2 * b + c)) / 16
    assert abs(1200 * np.log2(hertz / (440 * 2 ** ((pitch - 69) / 12)))) < 0.1


def test_noise_has_the_levels_of_its_bands():
    levels = np.full(CONFIG.n_levels, -80.0)
    levels[-4] = 0.0
    wave = render_note(constant(levels), VoiceSettings.of(CONFIG, RATE), 60, 1.5)[HOP:RATE]
    power = np.abs(np.fft.rfft(wave)) ** 2
    hertz = np.fft.rfftfreq(len(wave), 1 / RATE)
    low, high = CONFIG.band_edges_hz[-6], CONFIG.band_edges_hz[-2]
    assert power[(hertz > low) & (hertz < high)].sum() > 0.98 * power.sum()


@pytest.mark.parametrize("sizes", [(1,), (100, 7, 256), (4_096,)])
def test_blocks_change_no_sample(sizes):
    rng = np.random.default_rng(1)
    levels = rng.uniform(-60, -10, (5, CONFIG.n_levels))

    def moving(times, _):
        return levels[(times * 40).astype(int) % 5]

    whole = NoteVoice(moving, VoiceSettings.of(CONFIG, RATE), 60).process(6_000)
    voice = NoteVoice(moving, VoiceSettings.of(CONFIG, RATE), 60)
    pieces, position = [], 0
    while position < 6_000:
        size = min(sizes[len(pieces) % len(sizes)], 6_000 - position)
        pieces.append(voice.process(size))
        position += size
    np.testing.assert_array_equal(np.concatenate(pieces), whole)


def test_a_note_is_as_long_as_it_is_held_and_silent_after_its_release():
    voice = NoteVoice(only_partial(1), VoiceSettings.of(CONFIG, RATE), 60)
    held = voice.process(5 * RATE)
    assert np.sqrt(np.mean(held[-RATE:] ** 2)) == pytest.approx(np.sqrt(np.mean(held[RATE : 2 * RATE] ** 2)), rel=0.01)
    voice.release()
    after = voice.process(RATE)
    n = round(CONFIG.release_s * RATE)
    assert voice.is_over
    assert not after[n:].any()
    assert np.abs(np.diff(np.concatenate([held[-10:], after]))).max() < 1.1 * np.abs(np.diff(held)).max()


def test_a_decay_goes_on_after_the_learned_part():
    def decaying(times, _):
        levels = np.full((len(times), CONFIG.n_levels), -80.0)
        levels[:, 0] = -20 * times
        return levels

    voice = NoteVoice(decaying, VoiceSettings.of(CONFIG, RATE), 60)
    wave = voice.process(5 * RATE)
    powers = [10 * np.log10(np.mean(wave[s * RATE : (s + 1) * RATE] ** 2)) for s in (1, 2, 3)]
    np.testing.assert_allclose(np.diff(powers), -20, atol=0.5)
    assert voice.is_over


def test_partials_do_not_alias():
    levels = constant([0.0] * CONFIG.n_partials + [-80.0] * CONFIG.n_bands)
    wave = render_note(levels, VoiceSettings.of(CONFIG, RATE), 93, 1.0)[:RATE]
    power = np.abs(np.fft.rfft(wave * np.blackman(RATE))) ** 2
    bins = np.arange(len(power))
    distance = np.abs(bins / 1760 - np.round(bins / 1760)) * 1760
    assert power[distance > 60].max() < 1e-6 * power.max()


def test_a_model_plays_the_pitches_that_it_is_asked_for():
    model = load(trained("instrument").out)
    latent = model.timbre(model.labels[0])
    waves = [model.render(latent, 62, seed=seed) for seed in (3, 3, 4)]
    np.testing.assert_array_equal(waves[0], waves[1])
    assert not np.array_equal(waves[0], waves[2])
    assert model.encode(waves[0], 62).shape == (model.config.latent_size,)
