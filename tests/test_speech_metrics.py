"""Harmonics-to-noise ratio and word errors against what is known of them."""

from __future__ import annotations

import numpy as np
import pytest

from wavewright.base.errors import BadAudio, BadSetting
from wavewright.metrics.harmonicity import harmonics_to_noise, harmonics_to_noise_of_all
from wavewright.metrics.word_errors import number_in_words, spoken_words, word_errors


def voice(f0_hz: float, sample_rate: int, snr_db: float, seconds: float = 4.0, n_partials: int = 1) -> np.ndarray:
    """Partials of equal level in white noise of a known ratio."""
    time = np.arange(int(seconds * sample_rate)) / sample_rate
    wave = sum(np.sin(2 * np.pi * f0_hz * partial * time + partial) for partial in range(1, n_partials + 1))
    noise = np.random.default_rng(1).standard_normal(len(time))
    return wave + noise * np.sqrt((wave**2).mean() / 10 ** (snr_db / 10))


class TestHarmonicity:
    @pytest.mark.parametrize("snr_db", [5.0, 10.0, 20.0, 30.0])
    @pytest.mark.parametrize(
        ("f0_hz", "sample_rate", "n_partials"), [(100.0, 8_000, 1), (123.4, 8_000, 10), (210.7, 16_000, 20)]
    )
    def test_it_is_the_ratio_of_partials_to_white_noise(self, f0_hz, sample_rate, n_partials, snr_db):
        result = harmonics_to_noise(voice(f0_hz, sample_rate, snr_db, n_partials=n_partials), sample_rate)
        assert result.median_db == pytest.approx(snr_db, abs=1.0)
        assert result.voiced_fraction == 1.0

    def test_level_does_not_count(self):
        wave = voice(150.0, 8_000, 15.0)
        np.testing.assert_allclose(
            harmonics_to_noise(1e-3 * wave, 8_000).hnr_db, harmonics_to_noise(wave, 8_000).hnr_db, atol=1e-6
        )

    def test_white_noise_is_not_voiced(self):
        noise = np.random.default_rng(0).standard_normal(32_000)
        assert harmonics_to_noise(noise, 8_000).voiced_fraction < 0.05

    def test_only_voiced_frames_count_and_silence_is_none(self):
        noise = 0.5 * np.random.default_rng(0).standard_normal(16_000)
        wave = np.concatenate([voice(120.0, 8_000, 20.0, 2.0), noise, np.zeros(16_000)])
        result = harmonics_to_noise(wave, 8_000)
        assert result.median_db == pytest.approx(20.0, abs=1.0)
        assert result.voiced_fraction == pytest.approx(0.5, abs=0.05)

    def test_many_sounds_are_joined_and_short_ones_have_no_frame(self):
        waves = [voice(120.0, 8_000, 20.0, 0.5), np.ones(100)]
        result = harmonics_to_noise_of_all(waves, 8_000)
        np.testing.assert_array_equal(result.hnr_db, harmonics_to_noise(waves[0], 8_000).hnr_db)
        assert np.isnan(harmonics_to_noise(waves[1], 8_000).median_db)

    def test_what_cannot_be_measured_is_refused(self):
        with pytest.raises(BadAudio, match=r"must be \(time,\)"):
            harmonics_to_noise(np.zeros((2, 800)), 8_000)
        with pytest.raises(BadSetting, match="must rise"):
            harmonics_to_noise(np.zeros(800), 8_000, 500.0, 75.0)


class TestWords:
    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("Press 1, then #.", "press one then pound"),
            ("It's 3.5%, ok?", "it is three point five percent okay"),
            ("the party\u2019s name; you're 2,162nd", "the partys name you are two thousand one hundred sixty two nd"),
            ("I can't, won't and don't", "i can not will not and do not"),
            ("agent 007 - log-in", "agent zero zero seven log in"),
            ("...", ""),
        ],
    )
    def test_text_becomes_spoken_words(self, text, words):
        assert " ".join(spoken_words(text)) == words

    def test_numbers(self):
        assert number_in_words(0) == "zero"
        assert number_in_words(40) == "forty"
        assert number_in_words(1_000_019) == "one million nineteen"
        assert number_in_words(999_999_999).split()[-2:] == ["ninety", "nine"]
        with pytest.raises(BadSetting, match="words are known"):
            number_in_words(-1)

    @pytest.mark.parametrize(
        ("spoken", "recognised", "errors"),
        [
            ("a b c", "a b c", 0),
            ("a b c", "a x c", 1),
            ("a b c", "a c", 1),
            ("a b c", "a b b c d", 2),
            ("please log in now", "please login now", 0),
            ("the blacklist", "the black list", 0),
            ("a b c", "", 3),
        ],
    )
    def test_errors_are_the_fewest_edits(self, spoken, recognised, errors):
        result = word_errors(spoken.split(), recognised.split())
        assert (result.n_errors, result.n_words) == (errors, len(spoken.split()))
        assert result.rate == errors / result.n_words
