"""Edges of clips: what counts as a fault, the parts that kept making them, and a few clips of every generator."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from clip_edges import EDGE_SECONDS, count_isolated, edge_faults, measure_edges
from random_clips import check

from wavewright.dsp.onset import CLICK_FACTOR, attenuate_end, local_crest_factor
from wavewright.dsp.spectrum import istft, stft
from wavewright.dsp.tilt import tilt_spectrum
from wavewright.families import loading
from wavewright.families.lstm.config import LstmConfig
from wavewright.families.lstm.frames import frames_to_wave
from wavewright.families.lstm.sampling import attenuate_edges, quietest_cut
from wavewright.families.vae.adjustment import AttributeAdjustment, is_attack_late
from wavewright.families.vae.attributes import AttributeDirections, brightness

RATE = 16_000
N_EDGE = round(EDGE_SECONDS * RATE)
HALF_HOPS = LstmConfig(sample_rate=RATE, n_fft=256, hop_length=128, n_mels=16, n_iterations=6)


def noise(n_samples, seed=0, gain=0.1):
    return (gain * np.random.default_rng(seed).standard_normal(n_samples)).astype(np.float32)


def decaying(n_samples=RATE // 2, hz=180.0, seconds=0.05):
    time = np.arange(n_samples) / RATE
    return (0.9 * np.sin(2 * np.pi * hz * time) * np.exp(-time / seconds)).astype(np.float32)


# --- what a fault is


def test_levels_of_edges_are_those_of_a_known_wave():
    wave = np.full(RATE, 0.1, np.float32)
    wave[5], wave[-10:], wave[-5:] = 0.2, 0.4, 0.05
    result = measure_edges(wave, RATE)
    assert result.begin_db == pytest.approx(20 * np.log10(2))
    assert result.end_db == result.tail_db == pytest.approx(20 * np.log10(4))
    assert result.end_to_peak_db == 0.0
    assert result.stop_db == pytest.approx(20 * np.log10(0.05 / 0.4))
    assert result.rms_db == pytest.approx(-20.0)
    assert measure_edges(np.stack([0 * wave, wave]), RATE).begin_db == result.begin_db


def test_pops_clicks_lone_samples_and_wrong_levels_are_faults():
    wave = noise(RATE)
    assert edge_faults(wave, RATE) == []
    pop, click, lone = (wave.copy() for _ in range(3))
    pop[:40] *= 4
    click[-1] = 1.0
    lone[RATE // 2] = -1.0
    assert [fault.split()[0] for fault in edge_faults(pop, RATE)] == ["begin_db"]
    assert [fault.split()[0] for fault in edge_faults(click, RATE)] == ["1", "end_db"]
    assert edge_faults(lone, RATE) == ["1 isolated samples at full scale"]
    assert edge_faults(wave, RATE, rms_range_db=(-19, 0)) == ["rms -20.0 dB, not -19.0 to 0.0"]
    assert edge_faults(pop, RATE, source=measure_edges(pop, RATE)) == []  # what the source has is no fault of its copy
    assert edge_faults(np.full(RATE, np.nan), RATE)[0] == "not finite"


def test_a_one_shot_may_begin_loud_but_ends_in_silence():
    wave = decaying()
    assert edge_faults(wave, RATE, "one-shot") == []
    click = wave.copy()
    click[-1] = 0.067  # after near silence
    assert [fault.split()[0] for fault in edge_faults(click, RATE, "one-shot")] == ["stop_db", "tail_db"]
    assert [fault.split()[0] for fault in edge_faults(wave[:800], RATE, "one-shot")] == [
        "stop_db"
    ]  # cut while it sounds


def test_noise_and_loud_tones_hold_no_lone_samples():
    for seed in range(5):
        wave = noise(RATE, seed)
        assert count_isolated(wave / np.abs(wave).max(), RATE) == 0
    assert count_isolated(np.sin(np.arange(RATE)), RATE) == 0
    assert count_isolated(np.eye(1, 50, 7)[0], RATE) == 1


# --- inverse transforms


@pytest.mark.parametrize("hop_length", [64, 100, 128])
@pytest.mark.parametrize("padding", ["zero", "none"])
def test_no_edge_of_an_inverse_transform_explodes(hop_length, padding):
    rng = np.random.default_rng(hop_length)
    for n_samples in (*rng.integers(2_000, 4_000, 20).tolist(), 2_560 - 1, 2_560 - 2):
        n_frames = n_samples // hop_length + 1
        spectrum = (rng.standard_normal((129, n_frames)) + 1j * rng.standard_normal((129, n_frames))).astype(
            np.complex64
        )
        wave = istft(spectrum, 256, hop_length, n_samples=n_samples, padding=padding)
        body = np.abs(wave[128:-256]).max()
        assert np.abs(wave).max() < 3 * body  # divided by the squared windows alone: up to 100,000 times


def test_a_well_covered_edge_is_divided_as_before():
    wave = noise(3_333)
    np.testing.assert_allclose(istft(stft(wave, 256, 64), 256, 64, n_samples=3_333), wave, atol=1e-6)
    whole = istft(stft(wave[:3_328], 256, 128), 256, 128, n_samples=3_328)
    np.testing.assert_allclose(whole, wave[:3_328], atol=1e-6)


@pytest.mark.parametrize("source", ["noise", "griffin-lim"])
def test_frames_become_a_wave_of_any_length_without_a_click(source):
    config = replace(HALF_HOPS, source=source)
    rng = np.random.default_rng(0)
    for n_samples in (*rng.integers(2_000, 9_000, 8).tolist(), 3_839, 3_838, 3_712, 12_799):
        frames = np.full((n_samples // config.hop_length + 1, config.n_mels), -2.0, np.float32)
        wave = frames_to_wave(frames, config, np.random.default_rng(n_samples), n_samples)
        assert wave.shape == (n_samples,)
        assert (
            measure_edges(wave, RATE).end_db < 6
        )  # the last frame stands for half a window at the level of a whole one


def test_a_wave_cut_between_frames_begins_like_the_whole_one():
    frames = noise(31 * 16).reshape(31, 16)
    whole = frames_to_wave(frames, HALF_HOPS, np.random.default_rng(0), 30 * 128)
    cut = frames_to_wave(frames[:30], HALF_HOPS, np.random.default_rng(0), 30 * 128 - 1)
    reach = (HALF_HOPS.n_iterations + 1) * HALF_HOPS.n_fft  # of the last frame, which is repeated rather than known
    np.testing.assert_array_equal(cut[:-reach], whole[: -reach - 1])


# --- textures


def test_a_texture_is_cut_where_both_edges_are_soft():
    levels_db = np.array([9, 0, 3, 0, 0, 9, 1, 9, 0, 0, 9], np.float64)
    assert quietest_cut(levels_db, 6, 1) == 3  # frames 3 to 8, which begin and end with 0
    assert quietest_cut(np.array([0.0, 5, 1, 1, 0, 1, 9, 1]), 4, 2) == 2  # louder edges: 5, 5, 1, 9, 9
    assert quietest_cut(levels_db, 11, 2) == 0


def test_loud_edges_are_turned_down_and_nothing_else_changes():
    wave = noise(RATE)
    assert attenuate_edges(wave, N_EDGE) is wave or np.array_equal(attenuate_edges(wave, N_EDGE), wave)
    loud = wave.copy()
    loud[:100] *= 5
    loud[-100:] *= 5
    attenuated = attenuate_edges(loud, N_EDGE)
    assert edge_faults(attenuated, RATE) == []
    np.testing.assert_array_equal(attenuated[2 * N_EDGE : -2 * N_EDGE], loud[2 * N_EDGE : -2 * N_EDGE])
    np.testing.assert_array_equal(attenuate_edges(loud, N_EDGE, has_start=False)[: RATE // 2], loud[: RATE // 2])
    np.testing.assert_array_equal(attenuate_edges(loud[:100], N_EDGE), loud[:100])


@pytest.mark.parametrize("seconds", [(54 * 512 - 2) / 44_100, 15.0])  # a little less than a whole number of hops
def test_long_ambience_is_no_click_after_silence(seconds):
    player = loading.load("ambience")
    (wave,) = player.generate("rain", seconds=seconds)
    assert edge_faults(wave, player.sample_rate) == []
    assert measure_edges(wave, player.sample_rate).rms_db > -36


def test_ambience_begins_without_a_pop():
    player = loading.load("ambience")
    for label, index in (
        ("rain", 0),
        ("rain", 13),
        ("rain", 15),
        ("fire-crackling", 3),
        ("fire-crackling", 8),
        ("helicopter", 11),
    ):
        (wave,) = player.generate(label, 1, 0, index, seconds=1.5)
        assert edge_faults(wave, player.sample_rate) == [], (label, index)


# --- adjustment of attributes


@pytest.mark.parametrize("tilt_db", [-9.0, -3.0, 3.0, 9.0])
def test_a_tilt_has_output_neither_before_its_cause_nor_round_the_end(tilt_db):
    wave = np.zeros(RATE // 2, np.float32)
    wave[400:1_000] = decaying(600)
    result = tilt_spectrum(wave, tilt_db, RATE)
    peak = np.abs(result).max()
    assert np.abs(result[:400]).max() < 1e-4 * peak
    assert np.abs(result[-N_EDGE:]).max() < 0.01 * peak


def test_an_attack_is_late_where_its_level_comes_later():
    wave = decaying()
    delayed = np.concatenate([np.zeros(RATE // 50, np.float32), wave])[: len(wave)]
    assert is_attack_late(delayed, wave, RATE)
    assert not is_attack_late(wave, delayed, RATE)
    assert not is_attack_late(0.1 * wave, wave, RATE)
    assert not is_attack_late(np.zeros_like(wave), wave, RATE)


def test_an_adjustment_leaves_the_attack_where_it_is():
    """A decoder whose attack comes the later, the brighter it is."""

    def decode(latents):
        bright = float(latents[0, 0])
        wave = decaying(hz=400 * 2**bright)
        late = max(0, round(0.03 * RATE * bright))
        return np.concatenate([0.02 * wave[:late], wave])[: len(wave)]

    adjustment = AttributeAdjustment(
        np.zeros((1, 2), np.float32), AttributeDirections(np.eye(2, dtype=np.float32)), decode, RATE
    )
    start = decode(np.zeros((1, 2)))
    for octaves in (-0.8, 0.4, 1.0):
        assert not is_attack_late(adjustment.adjust({"brightness": octaves}), start, RATE)


def test_an_adjustment_with_one_candidate_searches_nothing():
    """A decoder that follows half of the change; the tilt does the rest."""
    decoded = []

    def decode(latents):
        decoded.append(float(latents[0, 0]))
        return decaying(hz=400 * 2 ** (decoded[-1] / 2))

    adjustment = AttributeAdjustment(
        np.zeros((1, 2), np.float32), AttributeDirections(np.eye(2, dtype=np.float32)), decode, RATE, max_candidates=1
    )
    wave = adjustment.adjust({"brightness": 0.8})
    assert decoded == [0.0, pytest.approx(0.8)]
    assert brightness(wave, RATE) - brightness(decaying(hz=400), RATE) == pytest.approx(0.8, abs=0.05)


@pytest.mark.parametrize(("index", "size"), [(3_000, 0.6), (3_000, 3.0), (6_000, 0.6), (6_000, 3.0)])
def test_an_adjustment_makes_no_click(index, size):
    """A decoder of which every shifted clip has a lone sample above all others."""

    def decode(latents):
        bright = float(latents[0, 0])
        wave = 0.5 * decaying(hz=200 * 2**bright)
        wave[index] += size * (bright != 0.0)
        return wave

    start = decode(np.zeros((1, 2)))
    adjustment = AttributeAdjustment(
        np.zeros((1, 2), np.float32), AttributeDirections(np.eye(2, dtype=np.float32)), decode, RATE
    )
    wave = adjustment.adjust({"brightness": 2.5})
    assert local_crest_factor(wave, int(np.abs(wave).argmax()), RATE) < CLICK_FACTOR
    assert not np.array_equal(wave, start)


@pytest.mark.parametrize("index", [0, 7, 49])
def test_the_crest_factor_of_a_lone_sample_is_infinite(index):
    assert local_crest_factor(np.eye(1, 50, index)[0], index, RATE) == np.inf
    assert local_crest_factor(np.zeros(50), index, RATE) == 0.0


def test_local_crest_factor_is_a_sample_over_the_level_around_it():
    square = np.where(np.arange(RATE) % 2, 0.1, -0.1)
    square[5_000] = 0.7
    assert local_crest_factor(square, 5_000, RATE) == pytest.approx(7.0)
    assert local_crest_factor(square, 5_002, RATE) == pytest.approx(1.0)  # which is next to the large one
    n_around = round(0.005 * RATE) - 2  # samples on each side, without the nearest two; one of them is 0.7
    level = np.sqrt((0.7**2 + (2 * n_around - 1) * 0.1**2) / (2 * n_around))
    assert local_crest_factor(square, 5_010, RATE) == pytest.approx(0.1 / level)


def test_an_end_that_rises_out_of_its_decay_is_turned_down():
    wave = decaying()
    assert attenuate_end(wave, RATE) is wave
    rising = wave.copy()
    rising[-100:] += noise(100)
    assert edge_faults(rising, RATE, "one-shot") != []
    result = attenuate_end(rising, RATE)
    assert edge_faults(result, RATE, "one-shot") == []
    np.testing.assert_array_equal(result[: -RATE // 40], rising[: -RATE // 40])
    np.testing.assert_array_equal(attenuate_end(rising[-200:], RATE), rising[-200:])
    stopped = wave[:1_620]  # in the middle of a swing
    assert edge_faults(stopped, RATE, "one-shot") != []
    assert edge_faults(attenuate_end(stopped, RATE), RATE, "one-shot") == []
    np.testing.assert_array_equal(attenuate_end(stopped, RATE)[:-80], stopped[:-80])


# --- every generator


def uses(name: str, *models: str):
    return pytest.param(name, marks=pytest.mark.uses(*models))


@pytest.mark.parametrize(
    "name",
    [
        *("drums", "digits", "ambience"),
        uses("continued", "lstm"),
        uses("speech", "acoustic", "vocoder"),
        uses("codec", "acoustic", "vocoder", "codec"),
        uses("vocoder", "acoustic", "vocoder"),
        *(uses(name, "vae", "gan") for name in ("adjust", "vary", "morph")),
    ],
)
def test_random_clips_have_no_faults(name):
    count = {"drums": 6, "digits": 6, "ambience": 4, "continued": 3}.get(name, 2)
    assert check(name, count, seed=2026).faults == []
