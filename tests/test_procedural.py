"""Procedural effects: the same bits for a seed, the same sound at every rate, loops that close, and their physics."""

from __future__ import annotations

import tracemalloc
from dataclasses import FrozenInstanceError, fields, is_dataclass

import numpy as np
import pytest
import scipy.signal
import soxr

from wavewright.base.errors import BadSetting
from wavewright.base.ranges import ranges_of
from wavewright.synth.procedural import (
    PROCEDURES,
    Click,
    CombustionEngine,
    Explosion,
    Fire,
    Footsteps,
    Impact,
    Laser,
    Rain,
    Stream,
    Texture,
    Thunder,
    Wind,
)
from wavewright.synth.procedural.bubbles import bubbles
from wavewright.synth.procedural.explosion import positive_phase_seconds
from wavewright.synth.procedural.footsteps import GROUNDS
from wavewright.synth.procedural.impact import MATERIALS, THICKNESS_OF_SIZE
from wavewright.synth.procedural.partials import Partials, with_partials
from wavewright.synth.procedural.procedure import KNEE, PEAK, below_peak
from wavewright.synth.procedural.rain import LEVEL, SURFACES
from wavewright.synth.procedural.shaped_noise import ShapedNoise, octaves
from wavewright.synth.procedural.timeline import RandomCurve, Timeline, random_numbers

RATE = 16_000
TEXTURES = {name: each for name, each in PROCEDURES.items() if each.is_texture}
ONE_SHOTS = {name: each for name, each in PROCEDURES.items() if not each.is_texture}


def seconds_of(procedure: type) -> float | None:
    return 2.5 if procedure.is_texture else None


def octave_levels(wave: np.ndarray, sample_rate: int, highest_hz: float) -> np.ndarray:
    """Levels in dB of the octave bands from 125 Hz on, relative to all of them together."""
    frequency_hz, density = scipy.signal.welch(wave, sample_rate, nperseg=min(len(wave), sample_rate // 4))
    centres = 125.0 * 2.0 ** np.arange(10)
    centres = centres[centres * np.sqrt(2) < highest_hz]
    edges = [(centre / np.sqrt(2), centre * np.sqrt(2)) for centre in centres]
    powers = [density[(frequency_hz >= low) & (frequency_hz < high)].sum() * frequency_hz[1] for low, high in edges]
    return 10 * np.log10(np.array(powers) + 1e-12)


@pytest.mark.parametrize("procedure", PROCEDURES.values(), ids=PROCEDURES)
def test_a_seed_determines_every_bit(procedure):
    seconds = seconds_of(procedure)
    first, again = (procedure().render(seconds, RATE, 7) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    other = procedure().render(seconds, RATE, 8)
    n_samples = min(first.shape[1], other.shape[1])
    difference = np.sqrt(np.mean((first[:, :n_samples] - other[:, :n_samples]) ** 2))
    assert difference > 0.2 * np.sqrt(np.mean(first**2))


@pytest.mark.parametrize("procedure", PROCEDURES.values(), ids=PROCEDURES)
def test_effects_have_no_click_no_offset_and_a_bounded_peak(procedure):
    wave = procedure().render(seconds_of(procedure), 44_100, 3)
    assert wave.dtype == np.float32
    assert wave.shape[0] == procedure.default_channels
    assert 0.05 < np.abs(wave).max() <= PEAK + 1e-6
    assert np.abs(wave[:, [0, -1]]).max() < 1e-3
    assert abs(wave.mean()) < 3e-3
    if procedure.is_texture:
        assert abs(wave.mean()) < 3e-4
        assert wave.shape[1] == round(2.5 * 44_100)


@pytest.mark.parametrize("procedure", TEXTURES.values(), ids=TEXTURES)
def test_variations_of_a_texture_have_one_spectrum(procedure):
    levels = [octave_levels(procedure().render(6.0, RATE, seed)[0], RATE, 6_000) for seed in range(3)]
    loud = np.mean(levels, axis=0) > np.max(levels) - 25
    assert np.ptp(levels, axis=0)[loud].max() < 7


@pytest.mark.parametrize("procedure", PROCEDURES.values(), ids=PROCEDURES)
def test_the_sound_below_nyquist_does_not_depend_on_the_sample_rate(procedure):
    seconds = seconds_of(procedure)
    high = procedure().render(seconds, 48_000, 5)[0]
    low = procedure().render(seconds, RATE, 5)[0]
    resampled = soxr.resample(high, 48_000, RATE)
    n_samples = min(len(resampled), len(low))
    low, resampled = (
        wave[200 : n_samples - 200] if n_samples > 2_000 else wave[:n_samples] for wave in (low, resampled)
    )
    # Waves of an engine pass a pipe that interpolates between samples; their spectra agree.
    if procedure is not CombustionEngine:
        assert np.corrcoef(low, resampled)[0, 1] > 0.97
    difference = octave_levels(low, RATE, 5_700) - octave_levels(resampled, RATE, 5_700)
    difference -= 0 if procedure.is_texture else np.median(difference)  # one-shots are normalised
    loud = octave_levels(low, RATE, 5_700) > octave_levels(low, RATE, 5_700).max() - 40
    assert np.abs(difference[loud]).max() < 1.0


@pytest.mark.parametrize("procedure", PROCEDURES.values(), ids=PROCEDURES)
@pytest.mark.parametrize("sample_rate", [8_000, 11_025, 22_050, 96_000])
def test_every_sample_rate_is_rendered(procedure, sample_rate):
    wave = procedure().render(0.3 if procedure.is_texture else None, sample_rate, 1)
    assert np.isfinite(wave).all()
    assert np.abs(wave).max() <= PEAK + 1e-6


@pytest.mark.parametrize("procedure", TEXTURES.values(), ids=TEXTURES)
def test_textures_come_in_short_blocks(procedure):
    blocks = [*procedure().blocks(3.3, RATE, 2)]
    assert max(block.shape[1] for block in blocks) <= RATE
    np.testing.assert_array_equal(np.concatenate(blocks, axis=1), procedure().render(3.3, RATE, 2))


@pytest.mark.parametrize("procedure", TEXTURES.values(), ids=TEXTURES)
def test_memory_does_not_grow_with_the_length(procedure):
    peaks = []
    for seconds in (4.0, 40.0):
        for _ in procedure().blocks(1.0, 8_000):
            pass
        tracemalloc.start()
        for _ in procedure().blocks(seconds, 8_000):
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.3 * peaks[0] + 200_000


@pytest.mark.parametrize("procedure", TEXTURES.values(), ids=TEXTURES)
@pytest.mark.parametrize("seconds", [0.37, 3.0, 4.7])
def test_a_loop_is_one_period(procedure, seconds):
    """The cells after the end are those from the start on."""
    timeline = Timeline(RATE, round(seconds * RATE), 4, is_loop=True)
    source = procedure()._open(timeline, 1)
    n_before = int(np.ceil(source.preroll_seconds / timeline.cell_seconds))
    cells = [source.cell(cell) for cell in range(-n_before, 2 * timeline.n_cells)][n_before:]
    first, second = (np.concatenate(half, axis=1) for half in (cells[: timeline.n_cells], cells[timeline.n_cells :]))
    assert first.shape[1] == timeline.n_samples
    np.testing.assert_allclose(first, second, atol=2e-3 * np.abs(first).max())
    wave = procedure().render(seconds, RATE, 4, is_loop=True)
    assert wave.shape[1] == timeline.n_samples


@pytest.mark.parametrize("procedure", TEXTURES.values(), ids=TEXTURES)
def test_the_seam_of_a_loop_is_no_click(procedure):
    steps, seams = [], []
    for seed in range(5):
        wave = procedure().render(1.6, RATE, seed, is_loop=True, n_channels=1)[0].astype(float)
        curvature = np.abs(np.diff(np.concatenate([wave, wave[:2]]), 2))
        steps.append(curvature[:-2])
        seams.append(curvature[-2:].max())
    assert np.median(seams) <= np.percentile(np.concatenate(steps), 99)


def test_cells_of_a_loop_are_equally_long_and_cells_of_a_line_are_seconds():
    loop = Timeline(RATE, 40_001, 0, is_loop=True)
    lengths = [loop.n_samples_of(cell) for cell in range(-loop.n_cells, loop.n_cells)]
    assert sum(lengths) == 2 * 40_001
    assert np.ptp(lengths) <= 1
    assert max(lengths) <= RATE
    assert Timeline(RATE, 40_001, 0).n_samples_of(-5) == RATE


@pytest.mark.parametrize("sample_rate", [8_000, 44_100])
def test_noise_has_the_spectrum_that_it_is_given(sample_rate):
    spectrum = octaves((62.5, 0), (8_000, -21))
    noise = ShapedNoise(Timeline(sample_rate, 60 * sample_rate, 1), "test", [spectrum])
    wave = np.concatenate([noise.cell(cell)[0, 0] for cell in range(60)])
    levels = octave_levels(wave, sample_rate, 3_500)
    np.testing.assert_allclose(levels - levels[2], [6, 3, 0, -3, -6], atol=0.5)
    second = np.array([np.mean(noise.cell(cell) ** 2) for cell in range(20)])
    assert np.ptp(10 * np.log10(second)) < 3


def test_noise_of_unit_power_has_unit_power():
    noise = ShapedNoise(Timeline(RATE, RATE, 1), "test", [octaves((100, 0), (1_000, 0), (2_000, -60))], 2)
    wave = np.concatenate([noise.cell(cell) for cell in range(30)], axis=2)
    np.testing.assert_allclose(np.mean(wave**2, axis=2), 1, atol=0.06)
    assert abs(np.corrcoef(wave[0])[0, 1]) < 0.02


def test_curves_have_unit_variance_and_close_in_loops():
    timeline = Timeline(1_000, 400_000, 3)
    curve = RandomCurve(timeline, "test", (0.1, 5.0), 5 / 3)
    points = np.concatenate([curve.points(cell)[:-1] for cell in range(400)])
    assert abs(points.std() - 1) < 0.15
    assert abs(points.mean()) < 0.1
    loop = Timeline(1_000, 7_300, 3, is_loop=True)
    curve = RandomCurve(loop, "test", (0.1, 5.0), 5 / 3)
    np.testing.assert_allclose(curve.points(0), curve.points(loop.n_cells), atol=1e-9)
    np.testing.assert_allclose(curve.points(0)[-1], curve.points(1)[0], atol=1e-9)


def test_a_partial_follows_its_formula():
    partials = Partials.of(*np.array([[0.0105], [440.0], [30.0], [0.8]]), slope_hz=np.array([500.0]))
    wave = with_partials(np.zeros((1, 0), np.float32), partials, 48_000)[0]
    time = np.arange(len(wave)) / 48_000 - 0.0105
    expected = 0.8 * np.exp(-30 * time) * np.sin(2 * np.pi * (440 * time + 250 * time**2))
    expected[(time < 0) | (time > 7 / 30 - 1e-3)] = 0
    np.testing.assert_allclose(wave[:11_000], expected[:11_000], atol=2e-4)
    energy = np.sum(wave.astype(float) ** 2) / 48_000
    still = Partials.of(*np.array([[0.0], [440.0], [30.0], [0.8]]))
    np.testing.assert_allclose(still.energy()[0], energy, rtol=0.01)


def test_partials_above_nyquist_are_left_out():
    partials = Partials.of(*np.array([[0.0], [5_000.0], [30.0], [1.0]]))
    assert not with_partials(np.zeros((2, 10), np.float32), partials, 8_000).any()


def test_constant_power_panning():
    partials = Partials.of(np.zeros(3), np.full(3, 300.0), np.full(3, 20.0), np.ones(3), np.array([-1.0, 0.0, 1.0]))
    for row, (left, right) in enumerate([(1, 0), (np.sqrt(0.5), np.sqrt(0.5)), (0, 1)]):
        one = with_partials(np.zeros((2, 0), np.float32), partials.chosen(np.arange(3) == row), RATE)
        peaks = np.abs(one).max(axis=1) / np.abs(one).max() * max(left, right)
        np.testing.assert_allclose(peaks, [left, right], atol=1e-6)


def test_samples_below_the_knee_are_unchanged_and_none_exceeds_the_peak():
    wave = np.linspace(-3, 3, 1_001, dtype=np.float32)[None]
    bent = below_peak(wave)
    assert np.abs(bent).max() <= PEAK
    assert (np.diff(bent[0]) >= 0).all()
    quiet = np.abs(wave) <= KNEE
    np.testing.assert_array_equal(bent[quiet], wave[quiet])


# ------------------------------------------------------------------------------------------ physics


@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("drops_per_second", [50.0, 10_000.0])
def test_rain_has_one_level_for_all_surfaces_and_rates(surface, drops_per_second):
    """Campbell's theorem: the power of drops is their rate times the mean energy of one."""
    wave = Rain(drops_per_second, surface=surface).render(12.0, 44_100, 1)
    assert abs(20 * np.log10(np.sqrt(np.mean(wave**2)) / LEVEL)) < 1.5


def test_bubbles_have_minnaerts_frequency_and_rise():
    partials = bubbles(np.zeros(2), np.array([1.0, 5.0]), np.ones(2), np.zeros(2), 0.1)
    np.testing.assert_allclose(partials.frequency_hz, [3_000, 600])
    np.testing.assert_allclose(partials.slope_hz / partials.decay_hz, 0.1 * partials.frequency_hz)


@pytest.mark.parametrize("steps_per_minute", [60.0, 120.0])
def test_footsteps_keep_their_pace(steps_per_minute):
    wave = Footsteps(steps_per_minute, "stone").render(20.0, RATE, 1, n_channels=1)[0]
    envelope = np.abs(wave).reshape(-1, 160).max(axis=1)  # every 10 ms
    envelope = envelope - envelope.mean()
    lags = np.correlate(envelope, envelope, "full")[len(envelope) :]
    shortest = 20
    period = (shortest + 1 + np.argmax(lags[shortest : round(8_000 / steps_per_minute)])) / 100
    assert abs(period * steps_per_minute / 60 - 1) < 0.06


@pytest.mark.parametrize("ground", GROUNDS)
def test_every_ground_has_steps(ground):
    wave = Footsteps(ground=ground).render(3.0, RATE, 1)
    assert 0.1 < np.abs(wave).max() <= PEAK


@pytest.mark.parametrize(
    ("speed_rpm", "n_cylinders", "cycle", "hz"), [(3_000, 4, "four-stroke", 100), (3_000, 1, "two-stroke", 50)]
)
def test_an_engine_fires_at_the_rate_of_its_speed(speed_rpm, n_cylinders, cycle, hz):
    engine = CombustionEngine(float(speed_rpm), n_cylinders, cycle, roughness=0.0, valves=0.0)
    wave = engine.render(4.0, RATE, 1)[0]
    frequency_hz, density = scipy.signal.welch(wave, RATE, nperseg=RATE)
    harmonics = [density[round(hz * number)] for number in range(1, 6)]
    between = [np.median(density[round(hz * (number + 0.3)) : round(hz * (number + 0.7))]) for number in range(1, 6)]
    assert 10 * np.log10(np.max(np.array(harmonics) / np.array(between))) > 15
    assert frequency_hz[1] == 1


def test_wires_whistle_at_the_frequency_of_their_vortices():
    """0.2 * 10 m/s / 4 mm = 500 Hz, and the other wire at 382 Hz."""
    wind = Wind(gustiness=0.0, howl=0.0, whistle=1.0)
    wave = wind.render(20.0, RATE, 1, n_channels=1)[0]
    frequency_hz, density = scipy.signal.welch(wave, RATE, nperseg=4_096)
    band = (frequency_hz > 440) & (frequency_hz < 600)
    assert abs(frequency_hz[band][np.argmax(density[band])] - 500) < 20


def test_a_storm_is_brighter_than_a_breeze():
    def brightness(speed: float) -> float:
        levels = octave_levels(Wind(speed).render(10.0, RATE, 1)[0], RATE, 6_000)
        return float(levels[3:].max() - levels[0])

    assert brightness(25.0) > brightness(3.0) + 6


def test_more_crackles_make_more_peaks():
    def kurtosis(crackles: float) -> float:
        wave = Fire(crackles_per_second=crackles).render(10.0, RATE, 1)[0].astype(float)
        return float(np.mean(wave**4) / np.mean(wave**2) ** 2)

    assert kurtosis(0.0) < 7 < kurtosis(20.0)


def test_thunder_lasts_longer_from_a_taller_channel_and_rumbles_lower_from_afar():
    tall, low = (Thunder(height_m=height).render(None, RATE, 2) for height in (5_000.0, 800.0))
    assert tall.shape[1] > 1.5 * low.shape[1]
    near, far = (
        octave_levels(Thunder(distance).render(None, RATE, 2)[0], RATE, 6_000) for distance in (300.0, 8_000.0)
    )
    assert near[4] - near[0] > far[4] - far[0] + 3


def test_thunder_to_one_side_is_louder_in_its_channel():
    sides, louder_db = [], []
    for seed in (0, 3, 5, 6):
        thunder = Thunder(1_000.0, height_m=1_000.0)
        position, _ = thunder._channel(random_numbers(seed, "thunder"))
        sides.append(np.mean(position[:, 1] / np.linalg.norm(position, axis=1)))
        left, right = np.square(thunder.render(None, 8_000, seed).astype(float)).sum(axis=1)
        louder_db.append(10 * np.log10(right / left))
    assert np.abs(sides).min() > 0.1
    assert (np.sign(sides) == np.sign(louder_db)).all()


def test_the_positive_phase_is_that_of_kinney_and_graham():
    """1 kg at 10 m: 3.5 ms (Hopkinson scaling keeps the ratio to the cube root of the charge)."""
    assert positive_phase_seconds(1.0, 10.0) == pytest.approx(0.0035, rel=0.2)
    assert positive_phase_seconds(8.0, 20.0) == pytest.approx(2 * positive_phase_seconds(1.0, 10.0))


def test_distant_explosions_are_duller_and_longer():
    near, far = (Explosion(distance_m=metres, debris=0.0).render(None, RATE, 1) for metres in (10.0, 1_500.0))
    assert far.shape[1] > near.shape[1]
    near_levels, far_levels = (octave_levels(each[0], RATE, 6_000) for each in (near, far))
    assert near_levels[4] - near_levels[0] > far_levels[4] - far_levels[0] + 6


@pytest.mark.parametrize("material", MATERIALS)
def test_the_lowest_mode_of_a_bar_is_that_of_its_material(material):
    size_m = 0.4
    wave = Impact(material, "bar", size_m, damping=1.0).render(None, 48_000, 1)[0]
    expected_hz = 1.028 * THICKNESS_OF_SIZE["bar"] / size_m * MATERIALS[material].speed_m_s
    density = np.abs(np.fft.rfft(wave, 1 << 18)) ** 2
    frequency_hz = np.fft.rfftfreq(1 << 18, 1 / 48_000)
    near = (frequency_hz > 0.9 * expected_hz) & (frequency_hz < 1.1 * expected_hz)
    assert density[near].max() > 0.01 * density.max()


@pytest.mark.parametrize("damping", [1.0, 2.0])
@pytest.mark.parametrize("material", MATERIALS)
def test_modes_decay_by_friction_and_by_losses_to_air_and_support(material, damping):
    """The loss factor of a material is the decay rate over pi times the frequency; losses of all kinds add up."""
    wave = Impact(material, "bar", 0.4, damping=damping).render(None, 48_000, 1)[0].astype(float)
    hz = 1.028 * THICKNESS_OF_SIZE["bar"] / 0.4 * MATERIALS[material].speed_m_s
    seconds, window = np.arange(len(wave)) / 48_000, np.hanning(round(8 * 48_000 / hz))
    envelope = np.abs(scipy.signal.fftconvolve(wave * np.exp(-2j * np.pi * hz * seconds), window, "valid"))
    falling = (envelope < 0.5 * envelope.max()) & (envelope > 0.02 * envelope.max()) & (seconds[: len(envelope)] > 0.02)
    rate = -np.polyfit(seconds[: len(envelope)][falling], np.log(envelope[falling]), 1)[0]
    expected = damping * (np.pi * hz * MATERIALS[material].loss + MATERIALS[material].radiation_hz)
    assert expected < rate < 1.2 * expected  # air takes more of higher modes


def test_metal_rings_longer_than_wood_and_damping_shortens():
    wood, metal = (Impact(material).render(None, RATE, 1).shape[1] for material in ("wood", "metal"))
    assert metal > 10 * wood
    assert Impact("metal", damping=20.0).render(None, RATE, 1).shape[1] < metal / 2


def test_a_laser_falls_in_pitch():
    wave = Laser(modulation_index=0.0, buzz=0.0).render(None, RATE, 1)[0]
    crossings = np.flatnonzero(np.diff(np.signbit(wave)))
    early, late = (np.sum((crossings >= start) & (crossings < start + 800)) for start in (0, 3_000))
    assert early > 3 * late


def test_notes_of_a_click_follow_each_other():
    one, three = (Click(n_notes=notes, spacing_ms=100.0).render(None, RATE, 1) for notes in (1, 3))
    assert three.shape[1] - one.shape[1] == pytest.approx(0.2 * RATE, abs=0.03 * RATE)


def test_bubbles_of_running_water_are_higher_when_they_are_smaller():
    small, large = (octave_levels(Stream(300.0, each).render(4.0, RATE)[0], RATE, 6_000) for each in (0.8, 6.0))
    assert np.argmax(small) > np.argmax(large)


# ----------------------------------------------------------------------------------------- settings


@pytest.mark.parametrize("procedure", PROCEDURES.values(), ids=PROCEDURES)
def test_procedures_are_frozen_settings_with_ranges(procedure):
    assert is_dataclass(procedure)
    settings = procedure()
    with pytest.raises(FrozenInstanceError):
        setattr(settings, fields(procedure)[0].name, 1.0)
    numbers = {field.name for field in fields(procedure) if isinstance(getattr(settings, field.name), float | int)}
    assert numbers == {*ranges_of(procedure)}
    for name, (low, high) in ranges_of(procedure).items():
        assert low <= getattr(settings, name) <= high
        for value in (low - 1, high * 2 + 1, float("nan")):
            with pytest.raises(BadSetting, match=name):
                procedure(**{name: value})


@pytest.mark.parametrize("procedure", PROCEDURES.values(), ids=PROCEDURES)
def test_the_ends_of_all_ranges_are_rendered(procedure):
    for name, limits in ranges_of(procedure).items():
        for value in limits:
            settings = procedure(**{name: value})
            wave = settings.render(0.2 if procedure.is_texture else None, 8_000, 1)
            assert np.isfinite(wave).all(), (name, value)
            assert np.abs(wave).max() <= PEAK + 1e-6


def test_choices_are_checked():
    for make in (
        lambda: Rain(surface="mud"),
        lambda: Footsteps(ground="lava"),
        lambda: Impact("jelly"),
        lambda: Impact(shape="ball"),
    ):
        with pytest.raises(BadSetting, match="must be one of"):
            make()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"sample_rate": 4_000}, "sample_rate is 4000"),
        ({"seconds": 0.01}, "seconds is 0.01"),
        ({"seed": -1}, "seed is -1"),
        ({"n_channels": 3}, "must lie between 1 and 2"),
    ],
)
def test_what_cannot_be_rendered_is_refused(settings, message):
    with pytest.raises(BadSetting, match=message):
        Rain().blocks(**settings)


def test_one_shots_have_neither_length_nor_loop():
    with pytest.raises(BadSetting, match="length of its own"):
        Laser().blocks(3.0)
    with pytest.raises(BadSetting, match="has a length of its own, and is no loop; leave loop out"):
        Laser().blocks(is_loop=True)
    with pytest.raises(BadSetting, match="has a length of its own, and is no loop; leave seconds out"):
        Laser().blocks(2.0)


def test_a_mono_effect_has_two_equal_channels_where_they_are_asked_for():
    left, right = Laser().render(n_channels=2)
    assert np.array_equal(left, right)
    assert np.array_equal(left, Laser().render()[0])


def test_mono_and_stereo():
    assert Rain().render(0.5, RATE, n_channels=1).shape == (1, RATE // 2)
    left, right = Rain().render(2.0, RATE)
    assert abs(np.corrcoef(left, right)[0, 1]) < 0.6
    assert issubclass(Rain, Texture)
