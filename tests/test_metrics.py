"""Metrics against closed forms, invariants and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
import soxr
from tiny_sounds import TinyCard, TinyJudge, tones

from wavewright import metrics
from wavewright.errors import BadAudio, BadModel, BadSetting
from wavewright.metrics import figures
from wavewright.metrics.bins import kmeans
from wavewright.metrics.cheats import cheat_one_clip_per_class, cheat_resampled_copies
from wavewright.metrics.clips import EmbeddedClips
from wavewright.metrics.closeness import equal_distance
from wavewright.metrics.distances import pairwise_distances
from wavewright.metrics.figures import neighbour_figures, score_figures, sounds_of
from wavewright.metrics.sampling import drawn_again, equal_counts, one_of_each, split_in_halves


def normal(n: int, d: int, seed: int, mean: float = 0.0, scale: float = 1.0) -> np.ndarray:
    return mean + scale * np.random.default_rng(seed).standard_normal((n, d))


def whitened(n: int, d: int, seed: int) -> np.ndarray:
    """Rows whose mean is exactly 0 and whose unbiased covariance is exactly the identity."""
    rows = normal(n, d, seed)
    rows -= rows.mean(axis=0)
    q, _ = np.linalg.qr(rows)
    return q * np.sqrt(n - 1)


class TestFrechet:
    def test_equals_the_closed_form_of_two_gaussians(self):
        d = 5
        rng = np.random.default_rng(0)
        roots = [rng.standard_normal((d, d)) for _ in range(2)]
        means = [rng.standard_normal(d) for _ in range(2)]
        reference, estimate = (
            whitened(200, d, seed) @ root.T + mean for seed, root, mean in zip((1, 2), roots, means, strict=True)
        )
        covariances = [root @ root.T for root in roots]
        eigenvalues = np.linalg.eigvals(covariances[0] @ covariances[1]).real
        expected = ((means[0] - means[1]) ** 2).sum() + sum(map(np.trace, covariances)) - 2 * np.sqrt(eigenvalues).sum()
        assert metrics.frechet_distance(reference, estimate) == pytest.approx(expected, rel=1e-10)

    def test_equal_covariances_leave_the_squared_distance_of_the_means(self):
        reference = normal(50, 8, 0)
        assert metrics.frechet_distance(reference, reference + 3.0) == pytest.approx(8 * 9.0)

    def test_scaled_rows(self):
        # covariances I and 4 I: d (1 + 4 - 2 * 2) = d
        assert metrics.frechet_distance(whitened(100, 6, 0), 2 * whitened(100, 6, 1)) == pytest.approx(6.0)

    @pytest.mark.parametrize("n", [2, 5, 20])
    def test_fewer_clips_than_dimensions(self, n):
        reference = normal(n, 64, 0)
        assert metrics.frechet_distance(reference, reference) == pytest.approx(0.0, abs=1e-9)
        # rows in orthogonal subspaces: the product of the covariances is 0, so only the traces are left
        left, right = np.zeros((n, 64)), np.zeros((n, 64))
        left[:, :20], right[:, 20:40] = normal(n, 20, 1), normal(n, 20, 2)
        left -= left.mean(axis=0)
        right -= right.mean(axis=0)
        expected = np.cov(left.T).trace() + np.cov(right.T).trace()
        assert metrics.frechet_distance(left, right) == pytest.approx(expected)

    def test_same_through_either_decomposition(self):
        reference, estimate = normal(30, 10, 0), normal(40, 10, 1, mean=0.5)
        padded = [np.pad(rows, ((0, 0), (0, 90))) for rows in (reference, estimate)]
        assert metrics.frechet_distance(*padded) == pytest.approx(metrics.frechet_distance(reference, estimate))

    def test_symmetric(self):
        reference, estimate = normal(12, 30, 0), normal(50, 30, 1)
        assert metrics.frechet_distance(reference, estimate) == pytest.approx(metrics.frechet_distance(estimate, reference))

    def test_infinity_takes_out_the_bias_of_small_samples(self):
        reference, estimate = normal(1200, 30, 0), normal(1200, 30, 1)
        line = metrics.frechet_distance_infinity(reference, estimate, seed=0)
        assert metrics.frechet_distance(reference, estimate) > 0.4  # the truth is 0
        assert abs(line.value) < 0.15
        assert line.r_squared > 0.98
        assert line.slope > 0
        assert (line.sizes[0], line.sizes[-1]) == (300, 1200)

    def test_refuses(self):
        with pytest.raises(BadSetting, match="at least 2"):
            metrics.frechet_distance(normal(1, 3, 0), normal(5, 3, 0))
        with pytest.raises(BadSetting, match="3 dimensions and the estimate 4"):
            metrics.frechet_distance(normal(5, 3, 0), normal(5, 4, 0))
        with pytest.raises(BadSetting, match="not finite"):
            metrics.frechet_distance(np.full((5, 3), np.nan), normal(5, 3, 0))
        with pytest.raises(BadSetting, match=r"must be \(n, d\)"):
            metrics.frechet_distance(np.zeros(5), normal(5, 3, 0))


class TestKernel:
    @pytest.mark.parametrize("kernel", ["rbf", "polynomial"])
    def test_unbiased_around_zero_for_one_distribution(self, kernel):
        values = [
            metrics.kernel_distance(normal(40, 4, seed), normal(60, 4, 1000 + seed), kernel=kernel) for seed in range(200)
        ]
        assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(len(values))
        assert np.min(values) < 0

    def test_rbf_by_hand(self):
        reference, estimate = np.array([[0.0], [1.0]]), np.array([[0.0], [2.0]])
        between = (1 + np.exp(-2.0) + np.exp(-0.5) + np.exp(-0.5)) / 4
        expected = np.exp(-0.5) + np.exp(-2.0) - 2 * between
        assert metrics.kernel_distance(reference, estimate) == pytest.approx(expected)  # the only distance, 1, is the bandwidth
        assert metrics.kernel_distance(reference, estimate, bandwidth=1.0) == pytest.approx(expected)

    def test_polynomial_equals_scikit_learn(self):
        from sklearn.metrics.pairwise import polynomial_kernel

        reference, estimate = normal(20, 5, 0), normal(30, 5, 1, mean=1.0)
        within = []
        for rows in (reference, estimate):
            matrix = polynomial_kernel(rows, degree=3, gamma=1 / 5, coef0=1)
            within.append(matrix[~np.eye(len(rows), dtype=bool)].mean())
        expected = sum(within) - 2 * polynomial_kernel(reference, estimate, degree=3, gamma=1 / 5, coef0=1).mean()
        assert metrics.kernel_distance(reference, estimate, kernel="polynomial") == pytest.approx(expected)

    def test_far_apart_is_two_means_of_a_side(self):
        reference = normal(30, 3, 0)
        within = np.exp(-(pairwise_distances(reference, reference) ** 2) / 2)
        expected = 2 * within[~np.eye(30, dtype=bool)].mean()
        assert metrics.kernel_distance(reference, reference + 1e3, bandwidth=1.0) == pytest.approx(expected)

    def test_refuses(self):
        with pytest.raises(BadSetting, match="'rbf' or 'polynomial'"):
            metrics.kernel_distance(normal(5, 2, 0), normal(5, 2, 1), kernel="linear")  # type: ignore[arg-type]
        with pytest.raises(BadSetting, match="no bandwidth"):
            metrics.kernel_distance(np.ones((5, 2)), normal(5, 2, 1))


class TestScores:
    def test_sure_and_even_classes(self):
        probabilities = np.tile(np.eye(7), (3, 1))
        assert metrics.inception_score(probabilities) == pytest.approx(7.0)
        assert metrics.am_score(probabilities, probabilities) == pytest.approx(0.0, abs=1e-9)

    def test_unsure_everywhere(self):
        probabilities = np.full((10, 4), 0.25)
        assert metrics.inception_score(probabilities) == pytest.approx(1.0)
        assert metrics.modified_inception_score(probabilities) == pytest.approx(1.0)
        assert metrics.am_score(np.eye(4), probabilities) == pytest.approx(np.log(4.0))

    def test_modified_score_is_the_mean_over_all_pairs(self):
        probabilities = np.random.default_rng(0).dirichlet(np.ones(5), size=30)
        divergences = [np.sum(p * np.log(p / q)) for p in probabilities for q in probabilities]
        assert metrics.modified_inception_score(probabilities) == pytest.approx(np.exp(np.mean(divergences)))

    def test_modified_score_within_labels_is_the_mean_over_labels(self):
        probabilities = np.random.default_rng(0).dirichlet(np.ones(3), size=20)
        labels = np.repeat(["a", "b"], [8, 12])
        expected = [metrics.modified_inception_score(part) for part in (probabilities[:8], probabilities[8:])]
        assert metrics.modified_inception_score(probabilities, labels) == pytest.approx(np.mean(expected))

    def test_am_score_adds_imbalance_and_entropy(self):
        reference = np.array([[1.0, 0.0], [0.0, 1.0]])
        probabilities = np.array([[0.9, 0.1], [0.6, 0.4]])
        imbalance = 0.5 * np.log(0.5 / 0.75) + 0.5 * np.log(0.5 / 0.25)
        entropy = -np.mean([0.9 * np.log(0.9) + 0.1 * np.log(0.1), 0.6 * np.log(0.6) + 0.4 * np.log(0.4)])
        assert metrics.am_score(reference, probabilities) == pytest.approx(imbalance + entropy)

    def test_agreement(self):
        probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.7, 0.3]])
        labels = np.array(["kick", "snare", "snare", "cowbell"])
        assert metrics.label_agreement(probabilities, labels, ["kick", "snare"]) == 0.5

    def test_figures_hold_both_sides(self):
        real, made = np.repeat(np.eye(2), 5, axis=0), np.tile([1.0, 0.0], (10, 1))
        labels = np.repeat(["a", "b"], 5)
        figures = score_figures(real, labels, made, labels, ["a", "b"])
        assert (figures.reference_agreement, figures.agreement) == (1.0, 0.5)
        assert (figures.reference_inception, figures.inception) == pytest.approx((2.0, 1.0))

    def test_refuses(self):
        with pytest.raises(BadSetting, match="sum to 1"):
            metrics.inception_score(np.ones((3, 2)))
        with pytest.raises(BadSetting, match="use one classifier"):
            metrics.am_score(np.eye(3), np.eye(2))


class TestBins:
    def test_equal_sets_differ_nowhere(self):
        rows = normal(300, 4, 0)
        result = metrics.ndb(rows, rows)
        assert (result.n_bins, result.different, result.share, result.js_divergence) == (30, 0, 0.0, 0.0)

    def test_one_place_differs_everywhere(self):
        # ten bins of 20 clips against one bin of 200: every pooled test is far beyond 1.96
        centres = 100.0 * np.eye(10)
        reference = np.repeat(centres, 20, axis=0) + 0.01 * normal(200, 10, 0)
        result = metrics.ndb(reference, np.repeat(centres[:1], 200, axis=0), n_bins=10)
        assert result.different == 10
        assert sorted(result.reference_share) == pytest.approx([0.1] * 10)
        q = 1.0
        middle = (0.1 + q) / 2
        expected = 0.5 * (0.1 * np.log(0.1 / middle) + 0.9 * np.log(2)) + 0.5 * q * np.log(q / middle)
        assert result.js_divergence == pytest.approx(expected)

    def test_disjoint_sets_reach_log_two(self):
        reference = np.concatenate([normal(50, 2, 0), normal(2, 2, 1, mean=1e4)])
        result = metrics.ndb(reference[:50], reference[:50] + 1e4, n_bins=2)
        assert result.js_divergence <= np.log(2) + 1e-12

    def test_two_proportions_by_hand(self):
        # 50 of 100 against 64 of 100: z = 0.14 / sqrt(0.57 * 0.43 * 0.02) = 1.9996 differs, 63 of 100 (1.856) does not
        def share(count: int) -> np.ndarray:
            return np.repeat([[0.0], [9.0]], [count, 100 - count], axis=0)

        assert metrics.ndb(share(50), share(64), n_bins=2).different == 2
        assert metrics.ndb(share(50), share(63), n_bins=2).different == 0

    def test_kmeans_finds_separated_centres_and_survives_copies(self):
        centres = 50.0 * np.eye(6)
        rows = np.repeat(centres, 10, axis=0) + 0.1 * normal(60, 6, 0)
        found = kmeans(rows, 6)
        assert pairwise_distances(found, centres).min(axis=0).max() < 0.3
        assert kmeans(np.ones((5, 2)), 3).shape == (3, 2)


class TestNeighbours:
    def test_equal_sets(self):
        rows = normal(60, 3, 0)
        found = metrics.precision_recall_density_coverage(rows, rows, n_neighbours=4)
        assert (found.precision, found.recall, found.coverage) == (1.0, 1.0, 1.0)

    def test_one_distribution_has_density_one_and_the_known_coverage(self):
        found = [
            metrics.precision_recall_density_coverage(normal(100, 3, seed), normal(100, 3, 500 + seed)) for seed in range(20)
        ]
        n, k = 100, 5
        expected = 1 - np.prod([(n - i) / (2 * n - i) for i in range(1, k + 1)])  # Naeem et al., 2020, for equal counts
        assert np.mean([each.coverage for each in found]) == pytest.approx(expected, abs=0.01)
        assert np.mean([each.density for each in found]) == pytest.approx(1.0, abs=0.05)

    def test_separated_sets(self):
        found = metrics.precision_recall_density_coverage(normal(30, 3, 0), normal(30, 3, 1, mean=100.0))
        assert (found.precision, found.recall, found.density, found.coverage) == (0.0, 0.0, 0.0, 0.0)

    def test_one_of_two_modes(self):
        reference = np.concatenate([normal(50, 2, 0), normal(50, 2, 1, mean=100.0)])
        found = metrics.precision_recall_density_coverage(reference, normal(100, 2, 2))
        assert found.precision > 0.9
        assert found.recall <= 0.5
        assert found.coverage <= 0.5

    def test_radii_equal_scikit_learn(self):
        from sklearn.neighbors import NearestNeighbors

        reference, estimate = normal(40, 4, 0), normal(50, 4, 1, scale=1.5)
        radius = NearestNeighbors(n_neighbors=6).fit(reference).kneighbors(reference)[0][:, 5]  # itself comes first
        inside = pairwise_distances(reference, estimate) <= radius[:, None]
        found = metrics.precision_recall_density_coverage(reference, estimate)
        assert found.precision == pytest.approx(inside.any(axis=0).mean())
        assert found.density == pytest.approx(inside.sum() / (5 * 50))
        assert found.coverage == pytest.approx(inside.any(axis=1).mean())

    def test_accuracy_half_for_one_distribution_and_one_apart(self):
        values = [metrics.nearest_neighbour_accuracy(normal(80, 3, seed), normal(80, 3, 900 + seed)) for seed in range(30)]
        assert np.mean(values) == pytest.approx(0.5, abs=0.03)
        assert metrics.nearest_neighbour_accuracy(normal(30, 3, 0), normal(90, 3, 1, mean=50.0)) == 1.0

    def test_accuracy_of_copies_is_zero(self):
        rows = normal(30, 3, 0)
        assert metrics.nearest_neighbour_accuracy(rows, rows + 1e-6) == 0.0

    def test_accuracy_equals_scikit_learn(self):
        from sklearn.model_selection import LeaveOneOut, cross_val_score
        from sklearn.neighbors import KNeighborsClassifier

        reference, estimate = normal(30, 3, 0), normal(30, 3, 1, mean=0.7)
        side = np.repeat([0, 1], 30)
        rows = np.concatenate([reference, estimate])
        expected = cross_val_score(KNeighborsClassifier(1), rows, side, cv=LeaveOneOut()).mean()
        assert metrics.nearest_neighbour_accuracy(reference, estimate) == pytest.approx(expected)

    def test_accuracy_of_ties_is_one_half(self):
        rows = np.zeros((4, 2))
        assert metrics.nearest_neighbour_accuracy(rows, rows) == 0.5

    def test_diversity(self):
        rows = normal(20, 3, 0)
        assert metrics.diversity_ratio(rows, 0.5 * rows + 7) == pytest.approx(0.5)
        assert metrics.diversity_ratio(rows, np.repeat(rows[:1], 9, axis=0)) == 0.0
        assert metrics.diversity_ratio(np.array([[0.0], [2.0]]), np.array([[0.0], [1.0], [2.0]])) == pytest.approx(4 / 3 / 2)

    def test_distances_of_equal_rows_are_exactly_zero(self):
        rows = normal(50, 20, 0, mean=1e3)
        assert (np.diag(pairwise_distances(rows, rows.copy())) == 0).all()


class TestCopying:
    def test_merges_by_distance_through_others_and_by_group(self):
        rows = np.array([[0.0], [10.0], [0.9], [1.8], [10.5]])
        assert metrics.merge_near_duplicates(rows, threshold=1.0).tolist() == [0, 1, 0, 0, 1]
        assert metrics.merge_near_duplicates(rows, groups=np.array(list("abcba"))).tolist() == [0, 1, 2, 1, 0]
        assert metrics.merge_near_duplicates(rows, 1.0, np.array(list("abcde"))).tolist() == [0, 1, 0, 0, 1]
        with pytest.raises(BadSetting, match="threshold, groups, or both"):
            metrics.merge_near_duplicates(rows)

    def test_limit_ignores_takes_of_one_sound(self):
        # three sounds at 0, 10 and 30, each with a second take 0.1 away
        training = np.array([[0.0], [0.1], [10.0], [10.1], [30.0], [30.1]])
        sounds = metrics.merge_near_duplicates(training, threshold=0.5)
        found = metrics.nearest_training_distance(training, np.array([[5.0], [10.2], [20.0], [50.0]]), sounds)
        assert found.training == pytest.approx([10.0, 9.9, 19.9])
        assert found.limit == pytest.approx(9.9)
        assert found.estimate == pytest.approx([4.9, 0.1, 9.9, 19.9])
        assert found.share_no_closer == 0.5
        assert found.closest == 1
        unmerged = metrics.nearest_training_distance(training, np.array([[5.0], [10.2]]))
        assert unmerged.limit == pytest.approx(0.1)

    def test_percentile_lies_between_the_smallest_and_the_next(self):
        training = np.array([[0.0], [1.0], [3.0], [7.0]])  # distances 1, 1, 2, 4
        found = metrics.nearest_training_distance(training, np.array([[100.0]]), percentile=50)
        assert found.limit == pytest.approx(1.5)

    def test_new_clips_pass_and_copies_fail(self):
        training = normal(300, 6, 0)
        new = metrics.nearest_training_distance(training, normal(2000, 6, 1))
        assert new.share_no_closer > 0.98  # of new clips 2 in 301 fall below the smallest of 300 distances, on average
        copies = metrics.nearest_training_distance(training, training + 0.01 * normal(300, 6, 2))
        assert copies.share_no_closer < 0.01

    def test_needs_two_sounds(self):
        with pytest.raises(BadSetting, match="one sound"):
            metrics.nearest_training_distance(np.ones((3, 2)), np.ones((1, 2)), np.zeros(3))


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
        first, second = equal_counts(left, np.arange(6), right, np.arange(6), np.random.default_rng(0))
        assert left[first].tolist() == right[second].tolist() == ["a", "b", "b"]
        first, _ = equal_counts(left, np.arange(6), right, np.arange(6), np.random.default_rng(0), {"b": 1})
        assert left[first].tolist() == ["b"]

    def test_one_of_each(self):
        clusters = np.array([0, 0, 1, 2, 2, 2])
        rng = np.random.default_rng(0)
        drawn = np.array([one_of_each(clusters, rng) for _ in range(300)])
        assert (clusters[drawn] == [0, 1, 2]).all()
        assert np.bincount(drawn[:, 2], minlength=6)[3:].min() > 60  # each take has its turn

    def test_groups_are_drawn_whole(self):
        groups = np.array(["x", "y", "x", "z"])
        drawn = drawn_again(groups, np.random.default_rng(3))
        counts = np.bincount(drawn, minlength=4)
        assert counts[0] == counts[2]
        assert counts[0] + counts[1] + counts[3] == 3

    def test_bootstrap_of_a_mean_is_the_known_interval(self):
        sample = normal(400, 1, 0)[:, 0]
        found = metrics.bootstrap_interval(np.mean, [sample], repeats=2000, seed=1)
        half_width = 1.96 * sample.std() / np.sqrt(400)
        assert found.value == sample.mean()
        assert found.high - found.value == pytest.approx(half_width, rel=0.1)
        assert found.value - found.low == pytest.approx(half_width, rel=0.1)

    def test_bootstrap_over_groups_is_wider(self):
        group = np.repeat(np.arange(20), 10)
        sample = np.random.default_rng(0).standard_normal(20)[group] + 0.01 * np.random.default_rng(1).standard_normal(200)
        alone = metrics.bootstrap_interval(np.mean, [sample], seed=0)
        whole = metrics.bootstrap_interval(np.mean, [sample], [group], seed=0)
        assert (whole.high - whole.low) / (alone.high - alone.low) == pytest.approx(np.sqrt(10), rel=0.25)

    def test_same_seed_same_interval(self):
        samples = [normal(20, 3, 0), normal(20, 3, 1)]
        first, second = (metrics.bootstrap_interval(metrics.frechet_distance, samples, repeats=20, seed=5) for _ in range(2))
        assert first == second


class TestCloseness:
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
        found = metrics.closeness(reference, estimate, bootstrap_repeats=50)
        assert found.ratio.value == pytest.approx(1.0, abs=0.25)
        assert found.ratio.low < 1.0 < found.ratio.high
        assert found.n_clips == 150

    def test_label_balance_does_not_count(self):
        shift = {"a": 0.0, "b": 8.0}
        labels, made_labels = np.repeat(["a", "b"], [200, 100]), np.repeat(["a", "b"], [60, 240])
        reference = EmbeddedClips.of(normal(300, 3, 0) + np.array([[shift[x]] for x in labels]), labels)
        estimate = EmbeddedClips.of(normal(300, 3, 1) + np.array([[shift[x]] for x in made_labels]), made_labels)
        assert metrics.closeness(reference, estimate, bootstrap_repeats=0).ratio.value < 2.0
        assert equal_distance(reference, estimate).value < 0.5
        assert metrics.frechet_distance(reference.embeddings, estimate.embeddings) > 5.0

    def test_far_estimate_has_a_large_ratio(self):
        reference = EmbeddedClips.of(normal(100, 3, 0))
        found = metrics.closeness(reference, EmbeddedClips.of(normal(40, 3, 1, mean=3.0)), bootstrap_repeats=10)
        assert found.ratio.low > 20
        assert found.n_clips == 40  # halves are cut to what the estimate has

    def test_needs_groups_to_split(self):
        reference = EmbeddedClips.of(normal(10, 2, 0), groups=np.zeros(10))
        with pytest.raises(BadSetting, match="more groups"):
            metrics.closeness(reference, EmbeddedClips.of(normal(10, 2, 1)))


class TestFigures:
    def test_takes_of_a_sound_do_not_tell_real_from_generated(self):
        # each of 60 sounds has five takes; a perfect generator draws new sounds
        takes = np.repeat(normal(60, 6, 0), 5, axis=0) + 0.01 * normal(300, 6, 1)
        reference = EmbeddedClips.of(takes, groups=np.repeat(np.arange(60), 5))
        estimate = EmbeddedClips.of(normal(300, 6, 2))
        for takes_from in ("distance", "group"):
            sounds = sounds_of(reference, takes_from, near_duplicate_distance=0.2)
            assert len(np.unique(sounds)) == 60
            found = neighbour_figures(reference, estimate, sounds)
            assert found.nearest_accuracy == pytest.approx(0.5, abs=0.08)
            assert found.share_no_closer > 0.95
            assert found.manifold.coverage > 0.85
            assert found.diversity == pytest.approx(1.0, abs=0.08)
        assert metrics.nearest_neighbour_accuracy(reference.embeddings, estimate.embeddings) > 0.7  # without merging

    def test_sounds_of_different_labels_differ(self):
        reference = EmbeddedClips.of(np.zeros((4, 2)), np.array(list("abab")))
        assert sounds_of(reference, "distance", 1.0).tolist() == [0, 1, 0, 1]
        with pytest.raises(BadSetting, match="takes_from='group'"):
            sounds_of(reference, "distance", None)


    def test_large_sides_are_drawn_from(self, monkeypatch):
        monkeypatch.setattr(figures, "LARGEST_SIDE", 40)
        labels = np.repeat(["a", "b"], 100)
        reference, estimate = EmbeddedClips.of(normal(200, 3, 0), labels), EmbeddedClips.of(normal(200, 3, 1), labels)
        found = figures.distance_figures(reference, estimate)
        assert found.infinity.sizes[-1] == 40
        assert sum(np.array(found.ndb.reference_share) * 40) == pytest.approx(40)
        assert found.closeness.n_clips == 100


class TestLogMelEmbedding:
    embedding = metrics.LogMelEmbedding(22_050, 0.3)

    def test_shape_and_level(self):
        waves, _ = tones(6)
        rows = self.embedding(waves, 22_050)
        assert rows.shape == (6, 240)
        np.testing.assert_allclose(self.embedding(0.01 * waves, 22_050), rows, atol=1e-4)

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

    def test_distance_reads_in_decibels(self):
        # noise against the same noise 6 dB lower in the second half: pictures differ by 6 dB in those spans
        wave = np.random.default_rng(0).standard_normal(round(0.3 * 22_050))
        lower = wave.copy()
        lower[: round(0.08 * 22_050)] *= 2.0
        rows = self.embedding(np.stack([wave, lower]), 22_050)
        picture = (rows[0] - rows[1])[:192].reshape(8, 24) * np.sqrt(192)
        assert picture[-1].mean() - picture[0].mean() == pytest.approx(20 * np.log10(2), abs=0.5)

    def test_near_copies_are_nearer_than_other_sounds(self):
        waves, labels = tones(40)
        rows = self.embedding(waves, 22_050)
        copies, copied_labels = cheat_resampled_copies(waves, labels, 22_050, 20, seed=1)
        distances = pairwise_distances(rows, self.embedding(copies, 22_050))
        assert np.median(distances.min(axis=0)) < 2.0
        others = pairwise_distances(rows, rows) + 1e9 * np.eye(40)
        assert np.median(others.min(axis=0)) > 3.0
        assert (labels[distances.argmin(axis=0)] == copied_labels).all()

    def test_hears_the_same_at_another_rate(self):
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
        unchanged, _ = cheat_resampled_copies(waves, labels, 22_050, 5, largest_speed_change=0, largest_attenuation_db=0)
        matches = [np.flatnonzero(np.isclose(waves, copy, atol=1e-6).all(axis=1)).tolist() for copy in unchanged]
        assert sorted(np.concatenate(matches)) == list(range(10))
        assert (labels[[match[0] for match in matches]] == made_labels).all()
