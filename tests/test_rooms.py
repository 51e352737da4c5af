"""Simulated rooms, and dereverberation by weighted prediction error."""

import numpy as np
import pytest
from scipy.signal import oaconvolve

from wavewright.dsp.rooms import Room, early_response
from wavewright.dsp.wpe import BLOCK_SECONDS, OVERLAP_SECONDS, dereverberate, dereverberated_blocks

RATE = 16_000


def decay_seconds(response):
    """Return the reverberation time from the decay of the remaining energy between -5 and -25 dB (Schroeder)."""
    energy = np.cumsum(response[::-1].astype(np.float64) ** 2)[::-1]
    level_db = 10 * np.log10(energy / energy[0] + 1e-15)
    start, end = (int(np.argmax(level_db < limit)) for limit in (-5, -25))
    return 3 * (end - start) / RATE


class TestRooms:
    @pytest.mark.parametrize("t60", [0.3, 0.6, 1.0])
    def test_the_reverberation_time_is_about_the_one_that_is_asked_for(self, t60):
        rng = np.random.default_rng(0)
        measured = [decay_seconds(Room(np.array([5.0, 4.0, 3.0]), t60).response(rng, RATE)) for _ in range(20)]
        assert 0.5 * t60 < np.median(measured) < 1.3 * t60

    def test_the_direct_sound_is_the_first_sample(self):
        rng = np.random.default_rng(1)
        for _ in range(20):
            response = Room.random(rng).response(rng, RATE)
            assert response[0] == 1
            assert np.isfinite(response).all()

    def test_late_reverberation_starts_white_and_decays_faster_at_high_frequencies(self):
        t60, rate, n_fft = 0.8, 24_000, 1_200
        room, rng = Room(np.array([5.0, 4.0, 3.0]), t60), np.random.default_rng(0)
        responses = [room.response(rng, rate)[round(0.06 * rate) :] for _ in range(12)]
        frames = [response[: 8 * n_fft].reshape(8, n_fft) for response in responses]  # of 50 ms
        power = sum(np.abs(np.fft.rfft(each)) ** 2 for each in frames)
        low, high = (10 * np.log10(power[:, hz // 20 : hz // 20 + 100].mean(axis=1)) for hz in (100, 9_000))
        assert abs(low[0] - high[0]) < 5
        seconds = 0.05 * np.arange(8)
        assert -60 / np.polyfit(seconds, low, 1)[0] == pytest.approx(t60, rel=0.25)
        assert 0.3 * t60 < -60 / np.polyfit(seconds, high, 1)[0] < 0.9 * t60

    def test_a_seed_gives_the_same_room(self):
        first, second = (Room.random(rng).response(rng, 8_000) for rng in map(np.random.default_rng, (5, 5)))
        assert np.array_equal(first, second)

    def test_the_early_response_ends(self):
        rng = np.random.default_rng(2)
        response = Room(np.array([5.0, 4.0, 3.0]), 0.8).response(rng, RATE)
        early = early_response(response, RATE, 0.05)
        assert len(early) == 800
        np.testing.assert_array_equal(early[:640], response[:640])
        assert abs(early[-1]) <= abs(response[799])

    def test_nearer_sources_reverberate_less(self):
        room = Room(np.array([6.0, 5.0, 3.0]), 0.6)

        def reverberant(distance):
            rng = np.random.default_rng(3)
            return np.median([np.square(room.response(rng, RATE, distance)[40:]).sum() for _ in range(30)])

        assert reverberant(0.2) < reverberant(3.0)


def speech(seconds, seed=0):
    rng = np.random.default_rng(seed)
    n_samples = int(seconds * RATE)
    syllables = np.repeat(rng.random(n_samples // 1_600 + 1) > 0.4, 1_600)[:n_samples]
    return (0.1 * rng.standard_normal(n_samples) * syllables).astype(np.float32)


class TestWpe:
    @pytest.mark.parametrize("n_channels", [1, 2])
    def test_late_reverberation_gets_less(self, n_channels):
        dry, rng = speech(6), np.random.default_rng(4)
        room = Room(np.array([6.0, 5.0, 3.0]), 0.7)
        responses = [room.response(rng, RATE) for _ in range(n_channels)]
        wet = np.stack([oaconvolve(dry, response)[: len(dry)] for response in responses]).astype(np.float32)
        early = np.stack([oaconvolve(dry, early_response(each, RATE, 0.03))[: len(dry)] for each in responses])
        left = dereverberate(wet, RATE)
        assert left.shape == wet.shape
        assert np.mean((left - early) ** 2) < 0.85 * np.mean((wet - early) ** 2)

    def test_a_dry_sound_stays(self):
        dry = speech(4)[None]
        assert np.mean((dereverberate(dry, RATE) - dry) ** 2) < 0.05 * np.mean(dry**2)

    def test_mix_is_linear(self):
        wave = speech(2, 1)[None]
        full = dereverberate(wave, RATE)
        np.testing.assert_allclose(dereverberate(wave, RATE, 0.25), wave + 0.25 * (full - wave), atol=1e-6)

    @pytest.mark.parametrize("n_samples", [1, 700, 5_000])
    def test_short_sounds_and_silence(self, n_samples):
        assert dereverberate(speech(1)[None, :n_samples], RATE).shape == (1, n_samples)
        assert not dereverberate(np.zeros((2, n_samples), np.float32), RATE).any()

    @pytest.mark.parametrize("seconds", [0.5, 30.0, 63.7])
    def test_blocks_have_as_many_samples_whatever_their_sizes(self, seconds):
        rate = 2_000
        wave = speech(seconds)[None, : round(seconds * rate)]
        results = []
        for n_block in (1_000, 7_777):
            blocks = (wave[:, start : start + n_block] for start in range(0, wave.shape[1], n_block))
            results.append(np.concatenate(list(dereverberated_blocks(blocks, rate)), axis=1))
        assert results[0].shape == wave.shape
        np.testing.assert_array_equal(*results)
        assert BLOCK_SECONDS > OVERLAP_SECONDS
