"""Embeddings and cheats on synthetic sounds."""

from __future__ import annotations

import numpy as np
import pytest
import soxr
import torch
from tiny_clips import TinyCard, TinyJudge, tones

from wavewright import metrics
from wavewright.base.errors import BadAudio, BadModel, BadSetting
from wavewright.metrics.comparison import cheat_one_clip_per_class, cheat_resampled_copies
from wavewright.metrics.distances import pairwise_distances
from wavewright.metrics.embeddings import LogMelEmbedding
from wavewright.nn.novelty import DifferentiableLogMelEmbedding


class TestLogMelEmbedding:
    embedding = metrics.LogMelEmbedding(22_050, 0.3)

    def test_shape_and_level(self):
        waves, _ = tones(6)
        rows = self.embedding(waves, 22_050)
        assert rows.shape == (6, 240)
        np.testing.assert_allclose(self.embedding(0.01 * waves, 22_050), rows, atol=1e-4)

    @pytest.mark.parametrize("sample_rate", [4_000, 8_000, 11_025, 16_000, 22_050, 44_100, 96_000])
    def test_the_shortest_sound_at_any_rate(self, sample_rate):
        noise = np.random.default_rng(0).standard_normal((2, sample_rate // 10)).astype(np.float32)
        rows = metrics.LogMelEmbedding(sample_rate, 0.1)(noise, sample_rate)
        assert rows.shape == (2, 240)
        assert np.isfinite(rows).all()
        assert np.linalg.norm(rows[0] - rows[1]) > 1.0

    def test_length_is_cut_and_padded(self):
        waves, _ = tones(2)
        rows = self.embedding(waves, 22_050)
        np.testing.assert_allclose(self.embedding(np.pad(waves, ((0, 0), (0, 5000))), 22_050), rows)
        short = metrics.LogMelEmbedding(22_050, 0.6)
        np.testing.assert_allclose(short(np.pad(waves, ((0, 0), (0, 9000))), 22_050), short(waves, 22_050))

    def test_silence_is_the_floor(self):
        row = self.embedding(np.zeros((1, 100)), 22_050)[0]
        np.testing.assert_allclose(row[:192], -70 / np.sqrt(192))
        np.testing.assert_allclose(row[192:], 0.0, atol=1e-4)

    @pytest.mark.parametrize(
        ("sample_rate", "n_samples"), [(44_100, 31_232), (8_000, 4_000), (16_000, 1_600), (24_000, 30_001)]
    )
    def test_differentiable_version_is_equal(self, sample_rate, n_samples):
        rng = np.random.default_rng(n_samples)
        waves = (rng.normal(size=(3, n_samples)) * np.exp(-np.arange(n_samples) / n_samples * [[2], [30], [9]])).astype(
            np.float32
        )
        waves[1] = np.sin(np.arange(n_samples) * 0.1)
        waves[2, n_samples // 2 :] = 0
        there = torch.tensor(waves, requires_grad=True)
        result = DifferentiableLogMelEmbedding(sample_rate, n_samples)(there)
        np.testing.assert_allclose(
            result.detach(), LogMelEmbedding(sample_rate, n_samples / sample_rate)(waves, sample_rate), atol=2e-3
        )
        result.square().sum().backward()
        assert there.grad is not None
        assert there.grad.isfinite().all()

    def test_distance_reads_in_decibels(self):
        # noise against the same noise 6 dB lower in the second half: levels differ by 6 dB in those spans
        wave = np.random.default_rng(0).standard_normal(round(0.3 * 22_050))
        lower = wave.copy()
        lower[: round(0.08 * 22_050)] *= 2.0
        rows = self.embedding(np.stack([wave, lower]), 22_050)
        levels = (rows[0] - rows[1])[:192].reshape(8, 24) * np.sqrt(192)
        assert levels[-1].mean() - levels[0].mean() == pytest.approx(20 * np.log10(2), abs=0.5)

    def test_near_copies_are_nearer_than_other_sounds(self):
        waves, labels = tones(40)
        rows = self.embedding(waves, 22_050)
        copies, copied_labels = cheat_resampled_copies(waves, labels, 22_050, 20, seed=1)
        distances = pairwise_distances(rows, self.embedding(copies, 22_050))
        assert np.median(distances.min(axis=0)) < 2.0
        others = pairwise_distances(rows, rows) + 1e9 * np.eye(40)
        assert np.median(others.min(axis=0)) > 3.0
        assert (labels[distances.argmin(axis=0)] == copied_labels).all()

    def test_same_embedding_at_another_rate(self):
        waves, _ = tones(4)
        upsampled = np.stack([soxr.resample(wave, 22_050, 44_100) for wave in waves])
        difference = self.embedding(upsampled, 44_100) - self.embedding(waves, 22_050)
        assert np.linalg.norm(difference, axis=1).max() < self.embedding.near_duplicate_distance
        assert np.median(np.abs(difference)) < 0.01

    def test_refuses(self):
        with pytest.raises(BadAudio, match=r"\(n, time\)"):
            self.embedding(np.zeros(10), 22_050)
        with pytest.raises(BadAudio, match="not finite"):
            self.embedding(np.full((1, 10), np.inf), 22_050)
        with pytest.raises(BadSetting, match=r"0.1 to 60 seconds"):
            metrics.LogMelEmbedding(22_050, 0.01)


class TestClassifierEmbedding:
    def test_wraps_a_runtime(self):
        embedding = metrics.ClassifierEmbedding(TinyJudge())
        waves, labels = tones(20)
        assert (embedding.name, embedding.sample_rate, embedding.test_accuracy) == ("judge", 22_050, 0.91)
        assert embedding(waves, 22_050).shape == (20, 9)
        assert metrics.label_agreement(embedding.probabilities(waves, 22_050), labels, embedding.labels) >= 0.9
        assert embedding.probabilities(np.repeat(waves, 2, axis=1), 44_100).shape == (20, 2)

    def test_refuses_a_model_that_cannot_classify(self):
        runtime = type("Runtime", (), {"card": TinyCard("gan")})()
        with pytest.raises(BadModel, match="family gan"):
            metrics.ClassifierEmbedding(runtime)


class TestCheats:
    def test_one_clip_per_class(self):
        waves, labels = tones(10)
        made, made_labels = cheat_one_clip_per_class(waves, labels, 7)
        assert made_labels.tolist() == ["noise"] * 7 + ["tone"] * 7
        assert (made[:7] == made[0]).all()
        assert any((made[0] == wave).all() for wave in waves[labels == "noise"])

    def test_copies_use_every_recording_and_change_it_a_little(self):
        waves, labels = tones(10)
        made, made_labels = cheat_resampled_copies(waves, labels, 22_050, 5)
        assert made.shape == (10, waves.shape[1])
        assert not any((copy == wave).all() for copy in made for wave in waves)
        unchanged, _ = cheat_resampled_copies(waves, labels, 22_050, 5, max_speed_change=0, max_attenuation_db=0)
        matches = [np.flatnonzero(np.isclose(waves, copy, atol=1e-6).all(axis=1)).tolist() for copy in unchanged]
        assert sorted(np.concatenate(matches)) == list(range(10))
        assert (labels[[match[0] for match in matches]] == made_labels).all()


class TestSpeechEmbedding:
    embedding = metrics.SpeechEmbedding(8_000)

    def word(self, seconds: float = 0.4, pitch_hz: float = 120.0) -> np.ndarray:
        """A soft hiss, then a louder buzz."""
        n_hiss, n_buzz = round(0.25 * seconds * 8_000), round(0.75 * seconds * 8_000)
        hiss = 0.05 * np.random.default_rng(3).standard_normal(n_hiss)
        return np.concatenate([hiss, np.sign(np.sin(2 * np.pi * pitch_hz * np.arange(n_buzz) / 8_000))]).astype(
            np.float32
        )

    def test_invariant_to_silence_and_gain(self):
        word = self.word()
        around = np.stack([np.pad(word, (1_600, 3_200)), np.pad(0.01 * word, (0, 4_800))])
        rows = self.embedding(around, 8_000)
        assert rows.shape == (2, 241)
        np.testing.assert_allclose(rows, np.repeat(self.embedding(word[None], 8_000), 2, axis=0), atol=1e-3)

    def test_each_doubling_of_the_length_is_6_db(self):
        short, long = (self.embedding(self.word(seconds)[None], 8_000)[0] for seconds in (0.4, 0.8))
        assert long[-1] - short[-1] == pytest.approx(6.0)
        levels = np.linalg.norm(long[:192] - short[:192])
        assert levels < 0.3 * np.linalg.norm(self.embedding(self.word(0.4, 240.0)[None], 8_000)[0][:192] - short[:192])

    def test_padding_misleads_the_other_embedding(self):
        words = [
            np.pad(word, (0, 8_000 - len(word))) for word in (self.word(0.4), self.word(0.8), self.word(0.4, 240.0))
        ]
        by_speech, by_log_mel = (
            [float(np.linalg.norm(rows[row] - rows[0])) for row in (1, 2)]
            for rows in (
                self.embedding(np.stack(words), 8_000),
                metrics.LogMelEmbedding(8_000, 1.0)(np.stack(words), 8_000),
            )
        )
        longer, higher = by_speech
        assert longer < higher
        assert by_log_mel[0] > 2 * longer

    def test_silence_and_short_sounds_have_a_row(self):
        rows = self.embedding(np.stack([np.zeros(400), np.r_[1.0, np.zeros(399)]]), 8_000)
        assert np.isfinite(rows).all()
        np.testing.assert_allclose(rows[0, :192], -50 / np.sqrt(192))
