"""Regions in time and frequency: the gain inside, nothing outside, copies, and gaps that heal."""

from __future__ import annotations

import subprocess

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings, strategies as st

from tests.effect_streams import check_edges, check_streams, cuts, in_blocks, noise, tone
from wavewright import edit
from wavewright.audio.sound_file import SoundFormat
from wavewright.base.errors import BadAudio, BadSetting
from wavewright.dsp.spectral_selection import harmonic_bands, inside_polygon
from wavewright.effects import Effect, SpectralCopy, SpectralGain, SpectralHeal, SpectralIsolate
from wavewright.effects.editing.chain import Chain

RATE = 16_000


def level_db(wave, reference):
    return 20 * np.log10(np.std(wave) / np.std(reference))


def snr_db(reference, estimate):
    return 10 * np.log10(np.square(reference).sum() / np.square(estimate - reference, dtype=np.float64).sum())


def window_of(effect):
    return effect.window_samples(RATE) / RATE


@pytest.mark.parametrize("gain_db", [-60.0, -24.0, -6.0, 12.0])
@pytest.mark.parametrize("hz", [2_000.0, 2_013.0, 2_500.0, 3_000.0])
def test_a_sine_in_the_band_gets_the_gain(hz, gain_db):
    wave = tone(hz, RATE, 2.0, 0.2)
    changed = SpectralGain(0.5, 1.5, 2_000.0, 3_000.0, gain_db=gain_db)(wave, RATE)
    inside = slice(round(0.5 * RATE), round(1.5 * RATE))
    assert level_db(changed[:, inside], wave[:, inside]) == pytest.approx(gain_db, abs=0.1)


@pytest.mark.parametrize("hz", [500.0, 1_500.0, 3_500.0, 7_000.0])
def test_a_sine_outside_of_the_band_is_unchanged(hz):
    effect = SpectralGain(0.5, 1.5, 2_000.0, 3_000.0, gain_db=-60.0)
    edge_hz = 8 / window_of(effect)
    assert edge_hz < 500.0
    wave = tone(hz, RATE, 2.0, 0.2)
    np.testing.assert_allclose(effect(wave, RATE), wave, atol=0.2 * 1e-4)
    assert level_db(effect(wave, RATE), wave) == pytest.approx(0.0, abs=0.01)


@given(
    start=st.floats(0.0, 1.0),
    seconds=st.floats(0.001, 1.0),
    low=st.floats(0.0, 7_000.0),
    width=st.floats(10.0, 9_000.0),
    gain_db=st.floats(-120.0, 60.0),
)
@settings(deadline=None, max_examples=15)
def test_outside_of_the_times_and_their_edges_no_bit_changes(start, seconds, low, width, gain_db):
    wave = noise(2 * RATE, 1)
    effects = [
        SpectralGain(start, start + seconds, low, low + width, gain_db=gain_db),
        SpectralHeal(start, start + seconds, low, low + width),
    ]
    for effect in effects:
        n_edge = effect.window_samples(RATE, 4_000.0) // 2 + 2
        first, last = round(start * RATE) - n_edge, round((start + seconds) * RATE) + n_edge
        changed = effect(wave, RATE)
        np.testing.assert_array_equal(changed[:, : max(0, first)], wave[:, : max(0, first)])
        np.testing.assert_array_equal(changed[:, last:], wave[:, last:])


def test_no_gain_changes_no_bit():
    wave = noise(RATE)
    np.testing.assert_array_equal(SpectralGain(0.2, 0.8, 1_000.0, 2_000.0)(wave, RATE), wave)


def test_a_region_and_the_rest_are_the_sound():
    wave = noise(2 * RATE)
    region = {"start_seconds": 0.3, "end_seconds": 1.1, "low_hz": 800.0, "high_hz": 2_400.0, "harmonics": 2}
    rest = SpectralGain(**region, gain_db=-120.0)(wave, RATE)
    alone = SpectralIsolate(**region)(wave, RATE)
    np.testing.assert_allclose(rest + alone, wave, atol=1e-5)
    assert not alone[:, : round(0.2 * RATE)].any()


def test_harmonics_belong_to_the_region():
    wave = sum(tone(hz, RATE, 1.0, 0.1) for hz in (400.0, 800.0, 1_200.0, 1_600.0))
    alone = SpectralIsolate(0.0, None, 350.0, 450.0, harmonics=3)(wave, RATE)
    middle = slice(RATE // 4, 3 * RATE // 4)
    expected = sum(tone(hz, RATE, 1.0, 0.1) for hz in (400.0, 800.0, 1_200.0))
    np.testing.assert_allclose(alone[:, middle], expected[:, middle], atol=1e-3)
    assert harmonic_bands(300.0, 500.0, 5, 1_700.0) == ((300.0, 500.0), (600.0, 1_700.0))


def test_an_outline_selects_its_inside():
    x, y = np.meshgrid(np.linspace(-1, 2, 31), np.linspace(-1, 2, 31))
    corners = np.array([(0.02, 0.02), (1.02, 0.02), (1.02, 1.02)])
    np.testing.assert_array_equal(inside_polygon(corners, x, y), (y > 0.02) & (x < 1.02) & (y < x))
    # Two tones at once, of which a triangle has the one before 1 s and the other after it.
    wave = tone(1_000.0, RATE, 2.0, 0.2) + tone(3_000.0, RATE, 2.0, 0.2)
    outline = (
        0.0,
        400.0,
        0.9,
        400.0,
        0.9,
        2_400.0,
        2.0,
        2_400.0,
        2.0,
        3_600.0,
        1.1,
        3_600.0,
        1.1,
        1_600.0,
        0.0,
        1_600.0,
    )
    alone = SpectralIsolate(outline=outline)(wave, RATE)
    early, late = slice(RATE // 5, 4 * RATE // 5), slice(6 * RATE // 5, 9 * RATE // 5)
    np.testing.assert_allclose(alone[:, early], tone(1_000.0, RATE, 2.0, 0.2)[:, early], atol=2e-3)
    np.testing.assert_allclose(alone[:, late], tone(3_000.0, RATE, 2.0, 0.2)[:, late], atol=2e-3)


REGION = {"start_seconds": 0.02, "end_seconds": 0.09, "low_hz": 500.0, "high_hz": 2_000.0}
OUTLINE = (0.02, 500.0, 0.1, 800.0, 0.06, 3_000.0)


@pytest.mark.parametrize(
    "effect",
    [
        SpectralGain(**REGION, gain_db=-20.0),
        SpectralGain(outline=OUTLINE, gain_db=6.0),
        SpectralIsolate(**REGION, harmonics=3),
        SpectralHeal(**REGION),
        SpectralHeal(0.02, 0.05),
        SpectralHeal(outline=OUTLINE),
    ],
    ids=str,
)
def test_blocks_of_any_length_give_the_same(effect):
    check_streams(effect)
    check_edges(effect)
    wave = noise(40_000)
    np.testing.assert_array_equal(in_blocks(effect, wave, RATE, cuts(40_000, 0, 9_000)), effect(wave, RATE))


def test_a_copy_of_a_chirp_is_at_the_other_time():
    n_samples = 3 * RATE
    wave = np.zeros((2, n_samples), np.float32)
    time = np.arange(RATE // 2) / RATE
    chirp = np.hanning(len(time)) * np.sin(2 * np.pi * (1_000.0 + 1_000.0 * time) * time)
    wave[:, RATE // 2 : RATE] = 0.3 * chirp
    hum = tone(60.0, RATE, 3.0, 0.2, 2)
    for to in (0.1, 2.0):
        effect = SpectralCopy(0.5, 1.0, 600.0, 2_600.0, to_seconds=to, gain_db=-6.0)
        copied = effect(wave + hum, RATE)
        expected = wave + hum
        start = round(to * RATE)
        expected[:, start : start + RATE // 2] += np.float32(10 ** (-6 / 20) * 0.3 * chirp)
        np.testing.assert_allclose(copied, expected, atol=2e-3)


def test_a_copy_beyond_the_end_is_cut_with_a_warning(tmp_path):
    soundfile.write(tmp_path / "a.wav", noise(RATE, 1)[0], RATE)
    edited = edit(tmp_path / "a.wav", tmp_path / "b.wav", do="spectralcopy 0..0.5 to=0.8")
    assert "beyond the end" in str(edited)
    with pytest.raises(BadSetting, match="to_seconds is 2"):
        edit(tmp_path / "a.wav", tmp_path / "c.wav", do="spectralcopy 0..0.5 to=2s")


@pytest.mark.parametrize(("seconds", "least_db"), [(0.005, 35.0), (0.05, 40.0), (0.3, 40.0)])
def test_a_gap_in_steady_tones_gives_the_tones_back(seconds, least_db):
    wave = sum(tone(hz, RATE, 3.0, 0.1) for hz in (220.0, 554.4, 1_318.5, 5_003.0))
    gap = slice(round(1.3 * RATE), round((1.3 + seconds) * RATE))
    damaged = wave.copy()
    damaged[:, gap] = noise(gap.stop - gap.start, 1, level=0.5)
    healed = SpectralHeal(1.3, 1.3 + seconds)(damaged, RATE)
    assert snr_db(wave[:, gap], healed[:, gap]) > least_db


@pytest.mark.parametrize("seconds", [0.02, 0.2, 1.0])
def test_a_gap_in_noise_heals_to_noise_of_the_same_level(seconds):
    levels = []
    for seed in range(4):
        wave = noise(3 * RATE, 1, seed, 0.1)
        gap = slice(RATE, RATE + round(seconds * RATE))
        damaged = wave.copy()
        damaged[:, gap] = 0.0
        healed = SpectralHeal(1.0, 1.0 + seconds)(damaged, RATE)
        levels.append(level_db(healed[:, gap], wave))
        assert abs(np.corrcoef(healed[0, gap], wave[0, gap])[0, 1]) < 0.3
    assert np.mean(levels) == pytest.approx(0.0, abs=0.8)


def test_a_whistle_is_removed_from_its_band_alone():
    wave = tone(440.0, RATE, 2.0, 0.3) + noise(2 * RATE, 1, level=0.01)
    gap = slice(round(0.8 * RATE), round(1.2 * RATE))
    damaged = wave.copy()
    damaged[:, gap] += tone(2_500.0, RATE, 0.4, 0.3)
    healed = SpectralHeal(0.79, 1.21, 2_300.0, 2_700.0)(damaged, RATE)
    assert snr_db(wave[:, gap], healed[:, gap]) > 25.0


def test_healing_keeps_silence_and_equal_channels():
    mono = noise(RATE, 1)
    equal = SpectralHeal(0.4, 0.5)(np.concatenate([mono, mono]), RATE)
    np.testing.assert_allclose(equal[0], equal[1], atol=1e-6)
    one_sided = SpectralHeal(0.4, 0.5)(np.concatenate([mono, 0 * mono]), RATE)
    assert np.abs(one_sided[1]).max() < 1e-6
    silence = np.zeros((1, RATE), np.float32)
    damaged = silence.copy()
    damaged[:, 7_000:7_500] = 0.5
    assert np.abs(SpectralHeal(0.43, 0.48)(damaged, RATE)).max() < 1e-3


@pytest.mark.parametrize(("start", "end"), [(0.0, 0.1), (1.9, None), (1.9, 2.0)])
def test_regions_at_the_edges_heal_from_one_side(start, end):
    wave = tone(440.0, RATE, 2.0, 0.3)
    damaged = wave.copy()
    gap = slice(round(start * RATE), None if end is None else round(end * RATE))
    damaged[:, gap] = noise(RATE // 10, 1)
    healed = SpectralHeal(start, end)(damaged, RATE)
    assert snr_db(wave[:, gap], healed[:, gap]) > 20.0


def test_a_sound_without_surroundings_is_unchanged_with_a_warning():
    wave = noise(RATE, 1)
    stream = SpectralHeal().stream(SoundFormat(RATE, 1))
    np.testing.assert_array_equal(np.concatenate([*stream.process_blocks([wave])], axis=1), wave)
    assert "no sound before or after" in stream.warning()


@pytest.mark.parametrize(
    ("chain", "message"),
    [
        ("heal 2s 1s", "must lie after start_seconds"),
        ("heal 1s 2s 3kHz 2kHz", "must lie above low_hz"),
        ("spectralgain outline=1,2,3", "outline has 3 numbers"),
        ("spectralgain outline=1,2,3,4,5,-6", "not between 0 and"),
        ("spectralgain 5s outline=1,200,2,200,2,400", "lies outside"),
        ("isolate fade=-3ms", "fade_ms is -3"),
        ("isolate window=5s", "window_ms is 5000"),
        ("heal 0..1 900kHz", "low_hz"),
    ],
)
def test_bad_settings_are_refused(chain, message):
    with pytest.raises(BadSetting, match=message):
        Chain.parse(chain)


@pytest.mark.parametrize(
    ("chain", "message"),
    [
        ("heal 0..40", "at most 30 s"),
        ("spectralgain 99s gain=3dB", "begins at 99 s"),
        ("isolate 0s 1s 9kHz", "must be below 8000"),
    ],
)
def test_settings_that_do_not_fit_the_sound_are_refused(chain, message):
    with pytest.raises(BadSetting, match=message):
        Chain.parse(chain).formats(SoundFormat(RATE, 1, 60.0))


def test_a_stream_of_unknown_length_is_healed_to_its_end_only_while_it_is_short():
    stream = SpectralHeal(1.0).stream(SoundFormat(8_000, 1))
    with pytest.raises(BadAudio, match="at most 30 s"):
        list(stream.process_blocks([np.zeros((1, 8_000), np.float32)] * 40))


def test_chains_name_all_settings_and_read_them_again():
    text = "spectralgain 1.2..1.8 3kHz..5kHz gain=-24dB; heal 0.5 0.6 outline=0.5,100,0.6,100,0.55,900"
    chain = Chain.parse(text)
    assert Chain.parse(str(chain)) == chain
    assert chain.effects[0] == SpectralGain(1.2, 1.8, 3_000.0, 5_000.0, gain_db=-24.0)


@pytest.mark.parametrize(
    "command",
    [
        ["sox", "-n", "-r", "22050", "-c", "2", "-b", "8", "{}.wav"],
        ["sox", "-n", "-r", "44100", "-b", "24", "{}.wav"],
        ["sox", "-n", "-r", "96000", "-e", "float", "-b", "32", "{}.wav"],
        ["sox", "-n", "-r", "48000", "-c", "2", "{}.ogg"],
        ["sox", "-n", "-r", "11025", "{}.flac"],
    ],
    ids=" ".join,
)
def test_files_of_sox_are_changed_within_the_region_alone(command, tmp_path):
    source = tmp_path / command[-1].format("tone")
    subprocess.run([*command[:-1], source, "synth", "2", "sine", "2500", "gain", "-12"], check=True)
    changed = tmp_path / f"changed{source.suffix}"
    edit(source, changed, do="spectralgain 0.5..1.5 2kHz..3kHz gain=-24dB")
    edit(changed, tmp_path / "again.wav", do="heal 0.4..0.45; isolate 0..1")
    before, rate = soundfile.read(source, always_2d=True)
    after, _ = soundfile.read(changed, always_2d=True)
    assert after.shape == before.shape
    inside = slice(round(0.6 * rate), round(1.4 * rate))
    coarse = {"8": 3.0, "2": 0.5}  # at that level: 8 bits, and the coder of an OGG file
    tolerance = coarse.get(command[-2], 0.1)
    assert level_db(after[inside], before[inside]) == pytest.approx(-24.0, abs=tolerance)
    if source.suffix != ".ogg":
        np.testing.assert_array_equal(after[: round(0.3 * rate)], before[: round(0.3 * rate)])
        np.testing.assert_array_equal(after[round(1.7 * rate) :], before[round(1.7 * rate) :])


def test_every_spectral_effect_is_an_effect():
    for effect in (SpectralGain(), SpectralIsolate(), SpectralHeal(), SpectralCopy()):
        assert isinstance(effect, Effect)
