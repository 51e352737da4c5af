"""Draws for a fair comparison: whole groups, equal counts, merged takes, and intervals of known width."""

from __future__ import annotations

import numpy as np
import pytest

from wavewright import metrics
from wavewright.base.errors import BadSetting
from wavewright.metrics import set_metrics
from wavewright.metrics.clips import EmbeddedClips
from wavewright.metrics.relative_frechet import frechet_at_equal_counts
from wavewright.metrics.sampling import bootstrap_rows, draw_equal_counts, draw_one_per_cluster, split_in_halves
from wavewright.metrics.set_metrics import near_duplicate_clusters, sample_metrics


def normal(n: int, d: int, seed: int, mean: float = 0.0, scale: float = 1.0) -> np.ndarray:
    return mean + scale * np.random.default_rng(seed).standard_normal((n, d))


class TestSampling:
    def test_halves_share_no_group_and_hold_equal_labels(self):
        rng = np.random.default_rng(0)
        groups = rng.integers(12, size=200)
        labels = rng.choice(["kick", "snare", "hat"], size=200)
        for _ in range(10):
            first, second = split_in_halves(groups, labels, rng)
            assert not set(groups[first]) & set(groups[second])
            assert (np.sort(labels[first]) == np.sort(labels[second])).all()
            assert len(first) > 60
            assert len(set(first)) == len(first)

    def test_label_of_one_group_drops_out(self):
        groups, labels = np.array([0, 0, 1, 2, 3]), np.array(["a", "a", "b", "b", "b"])
        first, second = split_in_halves(groups, labels, np.random.default_rng(0))
        assert set(labels[first]) == set(labels[second]) == {"b"}

    def test_equal_counts(self):
        left, right = np.array(list("aaabbc")), np.array(list("abbbbd"))
        first, second = draw_equal_counts(left, right, np.random.default_rng(0))
        assert left[first].tolist() == right[second].tolist() == ["a", "b", "b"]
        first, _ = draw_equal_counts(left, right, np.random.default_rng(0), at_most={"b": 1})
        assert left[first].tolist() == ["b"]

    def test_one_per_cluster(self):
        clusters = np.array([0, 0, 1, 2, 2, 2])
        rng = np.random.default_rng(0)
        drawn = np.array([draw_one_per_cluster(clusters, rng) for _ in range(300)])
        assert (clusters[drawn] == [0, 1, 2]).all()
        assert np.bincount(drawn[:, 2], minlength=6)[3:].min() > 60  # each take has its turn

    def test_groups_are_resampled_whole(self):
        groups = np.array(["x", "y", "x", "z"])
        drawn = bootstrap_rows(groups, np.random.default_rng(3))
        counts = np.bincount(drawn, minlength=4)
        assert counts[0] == counts[2]
        assert counts[0] + counts[1] + counts[3] == 3

    def test_bootstrap_of_a_mean_is_the_known_interval(self):
        sample = normal(400, 1, 0)[:, 0]
        result = metrics.bootstrap_interval(np.mean, [sample], repeats=2000, seed=1)
        half_width = 1.96 * sample.std() / np.sqrt(400)
        assert result.value == sample.mean()
        assert result.high - result.value == pytest.approx(half_width, rel=0.1)
        assert result.value - result.low == pytest.approx(half_width, rel=0.1)

    def test_bootstrap_over_groups_is_wider(self):
        group = np.repeat(np.arange(20), 10)
        sample = np.random.default_rng(0).standard_normal(20)[group] + 0.01 * np.random.default_rng(1).standard_normal(
            200
        )
        alone = metrics.bootstrap_interval(np.mean, [sample], seed=0)
        whole = metrics.bootstrap_interval(np.mean, [sample], [group], seed=0)
        assert (whole.high - whole.low) / (alone.high - alone.low) == pytest.approx(np.sqrt(10), rel=0.25)

    def test_same_seed_same_interval(self):
        samples = [normal(20, 3, 0), normal(20, 3, 1)]
        first, second = (
            metrics.bootstrap_interval(metrics.frechet_distance, samples, repeats=20, seed=5) for _ in range(2)
        )
        assert first == second


class TestRelativeFrechet:
    def test_half_to_half_of_groups(self):
        # clips of a group are alike, so halves of whole groups lie farther apart than halves of clips
        groups = np.repeat(np.arange(20), 10)
        rows = normal(20, 4, 0)[groups] + 0.05 * normal(200, 4, 1)
        whole = metrics.half_to_half(rows, groups)
        alone = metrics.half_to_half(rows)
        assert whole.n_clips == alone.n_clips == 100
        assert whole.distance.value > 3 * alone.distance.value
        assert whole.distance.low <= whole.distance.value <= whole.distance.high

    def test_same_distribution_has_ratio_one(self):
        labels = np.repeat(["a", "b"], 150)
        shift = np.repeat([0.0, 5.0], 150)[:, None]
        reference = EmbeddedClips.of(normal(300, 5, 0) + shift, labels)
        estimate = EmbeddedClips.of(normal(300, 5, 1) + shift, labels)
        result = metrics.relative_frechet(reference, estimate, bootstrap_repeats=50)
        assert result.ratio.value == pytest.approx(1.0, abs=0.25)
        assert result.ratio.low < 1.0 < result.ratio.high
        assert result.n_clips == 150

    def test_label_balance_does_not_count(self):
        shift = {"a": 0.0, "b": 8.0}
        labels, made_labels = np.repeat(["a", "b"], [200, 100]), np.repeat(["a", "b"], [60, 240])
        reference = EmbeddedClips.of(normal(300, 3, 0) + np.array([[shift[x]] for x in labels]), labels)
        estimate = EmbeddedClips.of(normal(300, 3, 1) + np.array([[shift[x]] for x in made_labels]), made_labels)
        assert metrics.relative_frechet(reference, estimate, bootstrap_repeats=0).ratio.value < 2.0
        assert frechet_at_equal_counts(reference, estimate).value < 0.5
        assert metrics.frechet_distance(reference.embeddings, estimate.embeddings) > 5.0

    def test_far_estimate_has_a_large_ratio(self):
        reference = EmbeddedClips.of(normal(100, 3, 0))
        result = metrics.relative_frechet(reference, EmbeddedClips.of(normal(40, 3, 1, mean=3.0)), bootstrap_repeats=10)
        assert result.ratio.low > 20
        assert result.n_clips == 40  # halves are cut to what the estimate has

    def test_needs_groups_to_split(self):
        reference = EmbeddedClips.of(normal(10, 2, 0), groups=np.zeros(10))
        with pytest.raises(BadSetting, match="more groups"):
            metrics.relative_frechet(reference, EmbeddedClips.of(normal(10, 2, 1)))


class TestSummary:
    def test_takes_of_a_sound_do_not_separate_real_from_generated(self):
        # each of 60 sounds has five takes; a perfect generator draws new sounds
        takes = np.repeat(normal(60, 6, 0), 5, axis=0) + 0.01 * normal(300, 6, 1)
        reference = EmbeddedClips.of(takes, groups=np.repeat(np.arange(60), 5))
        estimate = EmbeddedClips.of(normal(300, 6, 2))
        for takes_from in ("distance", "group"):
            clusters = near_duplicate_clusters(reference, takes_from, near_duplicate_distance=0.2)
            assert len(np.unique(clusters)) == 60
            result = sample_metrics(reference, estimate, clusters)
            assert result.one_nn_accuracy == pytest.approx(0.5, abs=0.08)
            assert result.fraction_no_closer > 0.95
            assert result.precision_recall.coverage > 0.85
            assert result.diversity == pytest.approx(1.0, abs=0.08)
        assert metrics.one_nn_accuracy(reference.embeddings, estimate.embeddings) > 0.7  # without merging

    def test_layers_of_a_drum_do_not_lower_the_limit_against_copies(self):
        # three drums at 0, 30 and 60 with layers 5 apart, of two labels; one of four clips 6 from the first drum
        positions = np.array([0.0, 5.0, 30.0, 35.0, 60.0, 65.0])
        labels, drums = np.repeat(["a", "b"], 6), np.tile(np.repeat(["x", "y", "z"], 2), 2)
        reference = EmbeddedClips.of(np.tile(positions, 2)[:, None] + np.linspace(0, 1e-3, 12)[:, None], labels, drums)
        estimate = EmbeddedClips.of(np.array([[-6.0], [-40.0], [-50.0], [-60.0]] * 2), np.repeat(["a", "b"], 4))
        clusters = near_duplicate_clusters(reference, "distance", near_duplicate_distance=3.0)
        merged = sample_metrics(reference, estimate, clusters, repeats=1)
        assert [of_label.copying.limit for of_label in merged.labels.values()] == pytest.approx([25, 25], abs=0.01)
        assert merged.fraction_no_closer == 0.75
        layers = sample_metrics(reference, estimate, clusters, repeats=1, merge_groups=False)
        assert [of_label.copying.limit for of_label in layers.labels.values()] == pytest.approx([5, 5], abs=0.01)
        assert layers.fraction_no_closer == 1.0

    def test_clusters_of_different_labels_differ(self):
        reference = EmbeddedClips.of(np.zeros((4, 2)), np.array(list("abab")))
        assert near_duplicate_clusters(reference, "distance", 1.0).tolist() == [0, 1, 0, 1]
        with pytest.raises(BadSetting, match="takes_from='group'"):
            near_duplicate_clusters(reference, "distance", None)

    def test_large_sets_are_reduced(self, monkeypatch):
        monkeypatch.setattr(set_metrics, "MAX_CLIPS", 40)
        labels = np.repeat(["a", "b"], 100)
        reference, estimate = EmbeddedClips.of(normal(200, 3, 0), labels), EmbeddedClips.of(normal(200, 3, 1), labels)
        result = set_metrics.distribution_distances(reference, estimate)
        assert result.frechet_infinity.sizes[-1] == 40
        assert sum(np.array(result.ndb.reference_fractions) * 40) == pytest.approx(40)
        assert result.relative_frechet.n_clips == 100
