"""The mark: the same in any chunks, inaudible by its level, detected after changes, and not where there is none."""

from __future__ import annotations

import math

import numpy as np
import pytest
import soxr

from wavewright.base.errors import BadAudio, BadSetting
from wavewright.outputs.watermark.carrier import SpeedFolding, carrier_wave, folded, frame_grid, whitened
from wavewright.outputs.watermark.detection import MarkSearch, detect_blocks, detect_wave, segments_of
from wavewright.outputs.watermark.evidence import (
    SLOPE,
    best_position,
    log_evidence_of,
    log_sum,
    scores_of,
)
from wavewright.outputs.watermark.marking import LEVEL_DB, Watermark, mark_wave, marked
from wavewright.outputs.watermark.payload import (
    CHIP_RATE_HZ,
    DEFAULT_KEY,
    HIGHEST_HARMONIC,
    LOWEST_HARMONIC,
    N_CHIPS,
    N_SEQUENCES,
    SHIFT_CHIPS,
    Payload,
    keyed_signs,
)

PAYLOAD = Payload(0xABC)
GOLDEN_SIGNS = [1, -1, -1, 1, 1, 1, -1, -1, 1, -1, -1, 1]
"""The first signs of the default key: marks of all versions have them."""


def speech_like(seconds: float, sample_rate: int = 16_000, n_channels: int = 1, seed: int = 0) -> np.ndarray:
    """Return syllables of harmonics and noise with pauses ``(channels, time)``."""
    rng = np.random.default_rng(seed)
    times = np.arange(int(seconds * sample_rate)) / sample_rate
    pitch_hz = 120 + 30 * np.sin(2 * np.pi * 0.7 * times + rng.uniform(0, 6))
    phase = 2 * np.pi * np.cumsum(pitch_hz) / sample_rate
    voiced = sum(np.sin(k * phase) / k for k in range(1, 30) if k * 150 < sample_rate / 2)
    syllables = np.clip(np.sin(2 * np.pi * 3.1 * times + rng.uniform(0, 6)) + 0.3, 0, None)
    wave = 0.1 * syllables * voiced + rng.standard_normal((n_channels, len(times))) * (0.003 + 0.02 * syllables**2)
    return wave.astype(np.float32)


# --------------------------------------------------------------------------------------------------------- the stream


@pytest.mark.parametrize("sample_rate", [8_000, 11_025, 16_000, 22_050, 24_000, 37_919, 44_100, 48_000, 192_000])
@pytest.mark.parametrize("n_channels", [1, 2])
def test_any_chunks_give_the_samples_of_the_whole_wave(sample_rate, n_channels):
    wave = speech_like(0.7, sample_rate, n_channels)
    whole = mark_wave(wave, sample_rate, PAYLOAD)
    assert whole.shape == wave.shape
    assert whole.dtype == np.float32
    rng = np.random.default_rng(sample_rate)
    stream = Watermark(sample_rate, n_channels, PAYLOAD)
    for _ in range(2):  # finish resets the stream
        outputs, start = [], 0
        while start < wave.shape[1]:
            chunk = wave[:, start : start + rng.choice([0, 1, 7, sample_rate // 100, sample_rate // 3])]
            outputs.append(stream.push(chunk))
            start += chunk.shape[1]
            n_held = start - sum(output.shape[1] for output in outputs)
            assert 0 <= n_held <= stream.max_held_samples <= 0.04 * sample_rate
        outputs.append(stream.finish())
        np.testing.assert_array_equal(np.concatenate(outputs, axis=1), whole)


def test_reset_forgets():
    stream = Watermark(16_000)
    first = stream.push(speech_like(0.3))
    stream.reset()
    np.testing.assert_array_equal(stream.push(speech_like(0.3)), first)


@pytest.mark.parametrize("n_samples", [1, 2, 255, 256, 257, 511, 512, 513, 4_000])
def test_lengths_are_kept(n_samples):
    assert mark_wave(speech_like(1.0)[:, :n_samples], 16_000).shape == (1, n_samples)


def test_blocks_give_as_many_samples():
    blocks = np.array_split(speech_like(1.3), 9, axis=1)
    joined = np.concatenate(list(marked(iter(blocks), 16_000)), axis=1)
    np.testing.assert_array_equal(joined, mark_wave(np.concatenate(blocks, axis=1), 16_000))
    assert list(marked([], 16_000)) == []


def test_silence_stays_silence_and_pauses_stay_as_quiet():
    wave = speech_like(2.0)
    wave[:, 8_000:16_000] = 0.0
    wave[:, 16_000:24_000] *= 1e-3
    output = mark_wave(wave, 16_000)
    assert not output[:, 8_600:15_400].any()  # a frame reaches 512 samples
    assert not mark_wave(np.zeros((2, 5_000), np.float32), 44_100).any()
    quiet = slice(16_600, 23_400)
    assert abs(10 * math.log10(np.square(output[:, quiet]).mean() / np.square(wave[:, quiet]).mean())) < 0.2


@pytest.mark.parametrize("has_levels", [False, True])
@pytest.mark.parametrize("sample_rate", [16_000, 44_100])
def test_pauses_stay_as_quiet_where_a_frame_reaches_into_speech(sample_rate, has_levels):
    rng = np.random.default_rng(4)
    wave = (0.1 * rng.standard_normal((1, 2 * sample_rate))).astype(np.float32)
    phase = np.arange(wave.shape[1]) / sample_rate % 0.2  # a tenth of a second of speech, and as long a pause
    wave[:, phase >= 0.1] *= 10 ** (-50 / 20)
    output = mark_wave(wave, sample_rate, has_levels=has_levels)
    is_pause = (phase > 0.104) & (phase < 0.196)  # all but two parts of a frame, of 2 ms, at its ends
    power = [np.square(each[:, is_pause]).mean() for each in (output, wave)]
    assert abs(10 * math.log10(power[0] / power[1])) < 0.15


@pytest.mark.parametrize("sample_rate", [8_000, 16_000, 24_000, 44_100, 96_000])
def test_the_level_is_the_same_at_every_rate_and_scale(sample_rate):
    wave = np.random.default_rng(1).standard_normal((1, 2 * sample_rate)).astype(np.float32) * 0.1
    mark = mark_wave(wave, sample_rate) - wave
    frequencies = np.fft.rfftfreq(wave.shape[1], 1 / sample_rate)
    inside = (frequencies > 400) & (frequencies < min(6_000, 0.45 * sample_rate))
    power = [np.square(np.abs(np.fft.rfft(each[0])))[inside].sum() for each in (mark, wave)]
    assert 10 * math.log10(power[0] / power[1]) == pytest.approx(LEVEL_DB, abs=1.0)
    outside = np.square(np.abs(np.fft.rfft(mark[0])))[(frequencies < 100) | (frequencies > 7_500)].sum()
    assert outside < 1e-3 * power[0]
    np.testing.assert_allclose(mark_wave(wave / 64, sample_rate), mark_wave(wave, sample_rate) / 64, atol=1e-9)


def test_the_mark_fades_in_and_out():
    wave = np.random.default_rng(2).standard_normal((1, 16_100)).astype(np.float32) * 0.1
    mark = mark_wave(wave, 16_000) - wave
    hop = frame_grid(16_000).hop_length
    assert mark[0, 0] == 0.0
    assert np.abs(mark[0, :20]).max() < 0.02 * np.abs(mark).max()
    n_whole = 16_100 - 16_100 % hop
    assert np.abs(mark[0, n_whole - 20 :]).max() < 0.02 * np.abs(mark).max()


def test_full_scale_is_not_exceeded():
    wave = np.clip(3.0 * speech_like(1.0), -1.0, 1.0)
    assert np.abs(mark_wave(4 * wave, 16_000)).max() <= np.abs(4 * wave).max()
    assert np.abs(mark_wave(wave, 16_000)).max() <= 1.0


def test_the_carrier_repeats_every_0_24_s_and_differs_by_key_and_payload():
    wave = carrier_wave(48_000, "a", PAYLOAD)
    assert len(wave) == 0.24 * 48_000
    for other in (carrier_wave(48_000, "b", PAYLOAD), carrier_wave(48_000, "a", Payload(0xABD))):
        assert np.corrcoef(wave, other)[0, 1] < 0.9
    periods = carrier_wave(37_919, "a", PAYLOAD)
    assert len(periods) == 6 * 37_919
    harmonics = np.abs(np.fft.rfft(periods))
    assert harmonics[::25].max() > 1e6 * np.delete(harmonics, slice(None, None, 25)).max()
    np.testing.assert_allclose(carrier_wave(16_000, "a", PAYLOAD), carrier_wave(32_000, "a", PAYLOAD)[::2], atol=1e-9)


def test_frames_repeat_with_the_period_where_they_can():
    for sample_rate in (8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000, 192_000):
        assert 0.24 * sample_rate % frame_grid(sample_rate).hop_length == pytest.approx(0, abs=1e-6)
        assert frame_grid(sample_rate).hop_length / sample_rate == pytest.approx(0.016, rel=0.1)


def test_other_shapes_are_refused():
    with pytest.raises(BadAudio, match="this stream takes"):
        Watermark(16_000, 2).push(np.zeros((1, 10), np.float32))


# --------------------------------------------------------------------------------------------------------- the payload


@pytest.mark.parametrize(("model", "version"), [(0, 0), (0xABC, 1), (4_095, 15), (1, 2)])
def test_payloads_are_two_bytes(model, version):
    payload = Payload(model, version)
    assert Payload.from_bytes(payload.to_bytes()) == payload
    assert all(0 <= number < 256 for number in payload.to_bytes())


def test_a_payload_names_the_model():
    assert Payload.of_model("abcdef012345") == PAYLOAD
    assert PAYLOAD.model_prefix == "abc"
    with pytest.raises(BadSetting, match="from 0 to 4095"):
        Payload(4_096)
    with pytest.raises(BadSetting, match="from 0 to 15"):
        Payload(0, 16)


# ----------------------------------------------------------------------------------------------------------- detection


@pytest.mark.parametrize("payload", [Payload(0, 0), PAYLOAD, Payload(4_095, 15)])
@pytest.mark.parametrize("sample_rate", [8_000, 22_050, 44_100])
def test_mark_payload_and_place_are_detected(payload, sample_rate):
    wave = speech_like(3.0, sample_rate)
    found = detect_wave(mark_wave(wave, sample_rate, payload), sample_rate)
    assert found.is_marked
    assert found.p_value < 1e-9
    assert found.payload == payload
    assert found.speed == 1.0
    assert found.position in (0, 1, N_CHIPS - 1)
    assert found.seconds == pytest.approx(3.0, abs=0.01)
    assert found.marked_seconds > 2.0


@pytest.mark.parametrize("sample_rate", [11_025, 37_919])
def test_rates_whose_period_is_no_whole_number_of_frames(sample_rate):
    assert detect_wave(mark_wave(speech_like(3.0, sample_rate), sample_rate, PAYLOAD), sample_rate).payload == PAYLOAD


def test_nothing_is_detected_without_the_mark_or_with_another_key():
    wave = speech_like(4.0)
    for sound, key in ((wave, DEFAULT_KEY), (mark_wave(wave, 16_000, PAYLOAD, "mine"), DEFAULT_KEY)):
        found = detect_wave(sound, 16_000, key)
        assert not found.is_marked
        assert found.p_value > 1e-3
        assert found.payload is None
        assert found.segments == ()
    assert detect_wave(mark_wave(wave, 16_000, PAYLOAD, "mine"), 16_000, "mine").payload == PAYLOAD


@pytest.mark.parametrize(
    "change",
    [
        lambda wave: wave[:, 5_431:],
        lambda wave: 0.01 * wave,
        lambda wave: -wave,
        lambda wave: soxr.resample(soxr.resample(wave[0], 16_000, 8_000), 8_000, 16_000)[None],
        lambda wave: wave + np.random.default_rng(0).standard_normal(wave.shape) * wave.std() * 0.1,
        lambda wave: np.diff(wave, axis=1),
        lambda wave: np.concatenate([np.zeros((1, 777)), wave], axis=1),
        lambda wave: np.round(wave * 127) / 127,
        lambda wave: np.tanh(5 * wave),
    ],
    ids=["cropped", "quiet", "inverted", "8 kHz", "noise", "high-pass", "late", "8 bits", "saturated"],
)
def test_the_mark_survives(change):
    found = detect_wave(change(mark_wave(speech_like(5.0), 16_000, PAYLOAD)), 16_000)
    assert found.payload == PAYLOAD
    assert found.marked_seconds > 2.5


@pytest.mark.parametrize("speed", [0.953, 0.99, 1.0021, 1.0477])
def test_other_speeds_are_searched(speed):
    wave = mark_wave(speech_like(5.0, 48_000), 48_000, PAYLOAD)
    faster = soxr.resample(wave[0], 48_000 * speed, 48_000)[None]
    found = detect_wave(faster, 48_000)
    assert found.payload == PAYLOAD
    assert found.speed == pytest.approx(speed, abs=1e-4)
    assert found.marked_seconds == pytest.approx(5.0 / speed, abs=0.8)
    assert not detect_wave(faster, 48_000, any_speed=False).is_marked


def test_a_stereo_mark_survives_a_mix_to_mono_and_opposite_channels():
    wave = speech_like(4.0, n_channels=2)
    output = mark_wave(wave, 16_000, PAYLOAD)
    assert detect_wave(output, 16_000).payload == PAYLOAD
    assert detect_wave(output.mean(axis=0, keepdims=True), 16_000).payload == PAYLOAD


def test_marked_seconds_are_located():
    wave = speech_like(26.0)
    wave[:, 7 * 16_000 : 16 * 16_000] = mark_wave(wave, 16_000, PAYLOAD)[:, 7 * 16_000 : 16 * 16_000]
    found = detect_wave(wave, 16_000)
    assert found.payload == PAYLOAD
    assert len(found.segments) == 1
    assert found.segments[0].start_s == pytest.approx(7.0, abs=0.8)
    assert found.segments[0].end_s == pytest.approx(16.0, abs=0.8)


def test_blocks_are_detected_as_the_whole():
    wave = mark_wave(speech_like(13.3), 16_000, PAYLOAD)
    whole = detect_wave(wave, 16_000)
    blocks = detect_blocks(lambda: np.array_split(wave, 7, axis=1), 16_000)
    assert blocks == whole


def test_short_clips_are_detected_together():
    search = MarkSearch()
    logs = []
    for index in range(30):
        clip = mark_wave(speech_like(0.3, seed=index), 16_000, PAYLOAD)
        one = MarkSearch()
        for each in (one, search):
            each.start_recording()
            each.add(next(segments_of([clip], 16_000)))
        logs.append(one.result()[0])
    log_evidence, best = search.result()
    assert log_evidence > math.log(1e6)
    assert best.payload == PAYLOAD
    assert search.total.shape == (2, HIGHEST_HARMONIC - LOWEST_HARMONIC)
    assert np.median(logs) < math.log(1e6)


@pytest.mark.parametrize("wave", [np.zeros((1, 16_000)), np.zeros((2, 0)), np.full((1, 9_000), 0.3), np.ones((1, 1))])
def test_sound_without_content_has_no_mark(wave):
    found = detect_wave(wave, 16_000)
    assert not found.is_marked
    assert found.p_value == 1.0
    assert detect_blocks(lambda: [], 16_000).seconds == 0.0


# ----------------------------------------------------------------------------------------------------------- the proof


@pytest.mark.parametrize("kind", ["noise", "one harmonic", "click"])
def test_e_values_have_a_mean_of_at_most_one(kind):
    """Average exp(a z - a^2 / 2) over keys, at an ``a`` where the mean of as many numbers is near that of all."""
    rng = np.random.default_rng(3)
    n_harmonics = HIGHEST_HARMONIC - LOWEST_HARMONIC
    fold = {
        "noise": rng.standard_normal(n_harmonics) + 1j * rng.standard_normal(n_harmonics),
        "one harmonic": np.eye(1, n_harmonics, 200)[0] + 0j,
        "click": np.ones(n_harmonics) + 0j,
    }[kind]
    scores = np.concatenate([scores_of(fold, f"key {index}").ravel() for index in range(12)])
    assert np.exp(2 * scores - 2).mean() < 1.05
    assert scores.max() < math.sqrt(2 * math.log(1e3 * len(scores)))


def test_scores_are_those_of_the_definition():
    wave = whitened(speech_like(1.0))
    fold = folded(wave)
    scores = scores_of(fold, "k")
    spectrum = np.zeros(N_CHIPS // 2 + 1, complex)
    spectrum[LOWEST_HARMONIC:HIGHEST_HARMONIC] = fold
    period = np.fft.irfft(spectrum, N_CHIPS)
    for index, position in ((0, 0), (1, 17), (2, 3_839)):
        signs = np.roll(keyed_signs("k", f"noise {index}", N_CHIPS), position)
        assert scores[index, position] == pytest.approx(period @ signs / np.linalg.norm(period), abs=1e-9)


def test_evidence_is_the_mean_over_positions_and_payloads():
    scores = np.random.default_rng(0).standard_normal((N_SEQUENCES, N_CHIPS)) * 3
    slope = SLOPE / math.sqrt(N_SEQUENCES)
    values = slope * scores - slope**2 / 2
    means = []
    for position in range(0, N_CHIPS, 7):
        shifted = [values[index, (position + SHIFT_CHIPS * np.arange(256)) % N_CHIPS] for index in (1, 2)]
        means.append(values[0, position] + sum(log_sum(each) - math.log(256) for each in shifted))
    positions = np.zeros(N_CHIPS)
    for residue in range(SHIFT_CHIPS):  # all positions, by the sums of their residue
        others = sum(log_sum(values[index, residue::SHIFT_CHIPS]) - math.log(256) for index in (1, 2))
        positions[residue::SHIFT_CHIPS] = values[0, residue::SHIFT_CHIPS] + others
    np.testing.assert_allclose(positions[::7], means, atol=1e-9)
    assert _of_one_polarity(positions) > -5
    assert log_evidence_of(scores) >= _of_one_polarity(positions) - math.log(2)
    assert log_evidence_of(scores) == pytest.approx(log_evidence_of(-scores), abs=1e-9)
    strong = scores.copy()
    strong[:, 0] += 10.0  # the other polarity adds nothing
    values[:, 0] += slope * 10.0
    for residue in range(SHIFT_CHIPS):
        others = sum(log_sum(values[index, residue::SHIFT_CHIPS]) - math.log(256) for index in (1, 2))
        positions[residue::SHIFT_CHIPS] = values[0, residue::SHIFT_CHIPS] + others
    assert log_evidence_of(strong) == pytest.approx(_of_one_polarity(positions) - math.log(2), abs=1e-6)


def _of_one_polarity(positions: np.ndarray) -> float:
    return float(log_sum(positions)) - math.log(N_CHIPS)


def test_the_best_position_is_that_of_the_highest_sum():
    scores = np.random.default_rng(5).standard_normal((N_SEQUENCES, N_CHIPS))
    for index, position in enumerate((1_000, 1_000 + 200 * SHIFT_CHIPS, 1_000 - 10 * SHIFT_CHIPS)):
        scores[index, position % N_CHIPS] = 10.0
    assert best_position(scores) == (pytest.approx(30 / math.sqrt(3)), 1_000, (200, 246))


def test_signs_are_balanced_and_reproducible():
    signs = keyed_signs("key", "noise 0", 100_000)
    assert set(np.unique(signs)) == {-1.0, 1.0}
    assert abs(signs.mean()) < 0.02
    assert abs((signs[1:] * signs[:-1]).mean()) < 0.02
    np.testing.assert_array_equal(keyed_signs("wavewright", "noise 0", 12), GOLDEN_SIGNS)


def test_unmarked_sound_of_all_sorts_is_not_detected():
    rng = np.random.default_rng(11)
    wave = speech_like(6.0)
    sounds = [wave, wave[:, ::-1], np.diff(wave), np.tile(wave[:, :3_840], 25), np.sign(wave), np.cumsum(wave, axis=1)]
    clicks = np.zeros((1, 60_000))
    clicks[:, ::3_840] = 1.0
    tone = np.sin(2 * np.pi * 1_000 / 0.24 / 16_000 * np.arange(60_000))[None]
    for sound in [*sounds, clicks, tone, rng.standard_normal((1, 60_000))]:
        for key in ("a", "b"):
            assert detect_wave(sound, 16_000, key, any_speed=False).p_value > 1e-3


def test_folding_at_speed_one_is_that_of_whole_periods():
    wave = whitened(speech_like(2.4))
    fold = SpeedFolding(wave).folded(np.array([1.0]))[0]
    exact = folded(wave)
    assert abs(np.vdot(fold, exact)) / np.linalg.norm(fold) / np.linalg.norm(exact) > 0.9
    assert CHIP_RATE_HZ * 0.24 == N_CHIPS
