"""Metrics against closed forms, invariants and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest

from wavewright import metrics
from wavewright.base.errors import BadSetting
from wavewright.metrics.bins import kmeans
from wavewright.metrics.copying import smallest_distance
from wavewright.metrics.distances import pairwise_distances
from wavewright.metrics.set_metrics import classifier_scores


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
        assert metrics.frechet_distance(reference, estimate) == pytest.approx(
            metrics.frechet_distance(estimate, reference)
        )

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
            metrics.kernel_distance(normal(40, 4, seed), normal(60, 4, 1000 + seed), kernel=kernel)
            for seed in range(200)
        ]
        assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(len(values))
        assert np.min(values) < 0

    def test_rbf_by_hand(self):
        reference, estimate = np.array([[0.0], [1.0]]), np.array([[0.0], [2.0]])
        between = (1 + np.exp(-2.0) + np.exp(-0.5) + np.exp(-0.5)) / 4
        expected = np.exp(-0.5) + np.exp(-2.0) - 2 * between
        assert metrics.kernel_distance(reference, estimate) == pytest.approx(
            expected
        )  # the only distance, 1, is the bandwidth
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
        expected = [metrics.modified_inception_score(of_label) for of_label in (probabilities[:8], probabilities[8:])]
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

    def test_both_sets_have_scores(self):
        real, made = np.repeat(np.eye(2), 5, axis=0), np.tile([1.0, 0.0], (10, 1))
        labels = np.repeat(["a", "b"], 5)
        scores = classifier_scores(real, labels, made, labels, ["a", "b"])
        assert (scores.reference_agreement, scores.agreement) == (1.0, 0.5)
        assert (scores.reference_inception, scores.inception) == pytest.approx((2.0, 1.0))

    def test_refuses(self):
        with pytest.raises(BadSetting, match="sum to 1"):
            metrics.inception_score(np.ones((3, 2)))
        with pytest.raises(BadSetting, match="use one classifier"):
            metrics.am_score(np.eye(3), np.eye(2))


class TestBins:
    def test_equal_sets_differ_nowhere(self):
        rows = normal(300, 4, 0)
        result = metrics.ndb(rows, rows)
        assert (result.n_bins, result.different, result.different_fraction, result.js_divergence) == (30, 0, 0.0, 0.0)

    def test_a_single_bin_differs_everywhere(self):
        # ten bins of 20 clips against one bin of 200: every pooled test is far beyond 1.96
        centres = 100.0 * np.eye(10)
        reference = np.repeat(centres, 20, axis=0) + 0.01 * normal(200, 10, 0)
        result = metrics.ndb(reference, np.repeat(centres[:1], 200, axis=0), n_bins=10)
        assert result.different == 10
        assert sorted(result.reference_fractions) == pytest.approx([0.1] * 10)
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
        def split(count: int) -> np.ndarray:
            return np.repeat([[0.0], [9.0]], [count, 100 - count], axis=0)

        assert metrics.ndb(split(50), split(64), n_bins=2).different == 2
        assert metrics.ndb(split(50), split(63), n_bins=2).different == 0

    def test_kmeans_finds_separated_centres_and_survives_copies(self):
        centres = 50.0 * np.eye(6)
        rows = np.repeat(centres, 10, axis=0) + 0.1 * normal(60, 6, 0)
        result = kmeans(rows, 6)
        assert pairwise_distances(result, centres).min(axis=0).max() < 0.3
        assert kmeans(np.ones((5, 2)), 3).shape == (3, 2)


class TestNearestClips:
    def test_equal_sets(self):
        rows = normal(60, 3, 0)
        result = metrics.precision_recall_density_coverage(rows, rows, nearest_k=4)
        assert (result.precision, result.recall, result.coverage) == (1.0, 1.0, 1.0)

    def test_one_distribution_has_density_one_and_the_known_coverage(self):
        result = [
            metrics.precision_recall_density_coverage(normal(100, 3, seed), normal(100, 3, 500 + seed))
            for seed in range(20)
        ]
        n, k = 100, 5
        expected = 1 - np.prod([(n - i) / (2 * n - i) for i in range(1, k + 1)])  # Naeem et al., 2020, for equal counts
        assert np.mean([each.coverage for each in result]) == pytest.approx(expected, abs=0.01)
        assert np.mean([each.density for each in result]) == pytest.approx(1.0, abs=0.05)

    def test_separated_sets(self):
        result = metrics.precision_recall_density_coverage(normal(30, 3, 0), normal(30, 3, 1, mean=100.0))
        assert (result.precision, result.recall, result.density, result.coverage) == (0.0, 0.0, 0.0, 0.0)

    def test_one_of_two_modes(self):
        reference = np.concatenate([normal(50, 2, 0), normal(50, 2, 1, mean=100.0)])
        result = metrics.precision_recall_density_coverage(reference, normal(100, 2, 2))
        assert result.precision > 0.9
        assert result.recall <= 0.5
        assert result.coverage <= 0.5

    def test_radii_equal_scikit_learn(self):
        from sklearn.neighbors import NearestNeighbors

        reference, estimate = normal(40, 4, 0), normal(50, 4, 1, scale=1.5)
        radius = NearestNeighbors(n_neighbors=6).fit(reference).kneighbors(reference)[0][:, 5]  # itself comes first
        inside = pairwise_distances(reference, estimate) <= radius[:, None]
        result = metrics.precision_recall_density_coverage(reference, estimate)
        assert result.precision == pytest.approx(inside.any(axis=0).mean())
        assert result.density == pytest.approx(inside.sum() / (5 * 50))
        assert result.coverage == pytest.approx(inside.any(axis=1).mean())

    def test_accuracy_half_for_one_distribution_and_one_apart(self):
        values = [metrics.one_nn_accuracy(normal(80, 3, seed), normal(80, 3, 900 + seed)) for seed in range(30)]
        assert np.mean(values) == pytest.approx(0.5, abs=0.03)
        assert metrics.one_nn_accuracy(normal(30, 3, 0), normal(90, 3, 1, mean=50.0)) == 1.0

    def test_accuracy_of_copies_is_zero(self):
        rows = normal(30, 3, 0)
        assert metrics.one_nn_accuracy(rows, rows + 1e-6) == 0.0

    def test_accuracy_equals_scikit_learn(self):
        from sklearn.model_selection import LeaveOneOut, cross_val_score
        from sklearn.neighbors import KNeighborsClassifier

        reference, estimate = normal(30, 3, 0), normal(30, 3, 1, mean=0.7)
        side = np.repeat([0, 1], 30)
        rows = np.concatenate([reference, estimate])
        expected = cross_val_score(KNeighborsClassifier(1), rows, side, cv=LeaveOneOut()).mean()
        assert metrics.one_nn_accuracy(reference, estimate) == pytest.approx(expected)

    def test_accuracy_of_ties_is_one_half(self):
        rows = np.zeros((4, 2))
        assert metrics.one_nn_accuracy(rows, rows) == 0.5

    def test_diversity(self):
        rows = normal(20, 3, 0)
        assert metrics.diversity_ratio(rows, 0.5 * rows + 7) == pytest.approx(0.5)
        assert metrics.diversity_ratio(rows, np.repeat(rows[:1], 9, axis=0)) == 0.0
        assert metrics.diversity_ratio(np.array([[0.0], [2.0]]), np.array([[0.0], [1.0], [2.0]])) == pytest.approx(
            4 / 3 / 2
        )

    def test_distances_of_equal_rows_are_exactly_zero(self):
        rows = normal(50, 20, 0, mean=1e3)
        assert (np.diag(pairwise_distances(rows, rows.copy())) == 0).all()


class TestCopying:
    @pytest.mark.parametrize("seed", range(20))
    def test_groups_only_raise_the_limit(self, seed):
        rng = np.random.default_rng(seed)
        training = rng.normal(size=(rng.integers(2, 40), 3))
        groups = rng.integers(0, rng.integers(1, 12), len(training))
        threshold = rng.uniform(0, 2)
        assert smallest_distance(training, threshold, groups) >= smallest_distance(training, threshold)

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
        clusters = metrics.merge_near_duplicates(training, threshold=0.5)
        result = metrics.nearest_training_distance(training, np.array([[5.0], [10.2], [20.0], [50.0]]), clusters)
        assert result.training == pytest.approx([10.0, 9.9, 19.9])
        assert result.limit == pytest.approx(9.9)
        assert result.estimate == pytest.approx([4.9, 0.1, 9.9, 19.9])
        assert result.fraction_no_closer == 0.5
        assert smallest_distance(training, 0.5) == result.limit
        assert smallest_distance(training, 1e9) == 0.0  # all are one sound
        drums = np.array(["a", "a", "a", "a", "b", "b"])  # the second sound is a louder layer of the first
        assert smallest_distance(training, 0.5, drums) == pytest.approx(19.9)
        assert (
            smallest_distance(training, 0.5, np.array(list("abcdef"))) == result.limit
        )  # near-duplicates filed as six drums
        assert smallest_distance(training, 0.5, np.full(6, "a")) == result.limit  # all one drum: the groups say nothing
        unmerged = metrics.nearest_training_distance(training, np.array([[5.0], [10.2]]))
        assert unmerged.limit == pytest.approx(0.1)

    def test_percentile_lies_between_the_smallest_and_the_next(self):
        training = np.array([[0.0], [1.0], [3.0], [7.0]])  # distances 1, 1, 2, 4
        result = metrics.nearest_training_distance(training, np.array([[100.0]]), percentile=50)
        assert result.limit == pytest.approx(1.5)

    def test_new_clips_pass_and_copies_fail(self):
        training = normal(300, 6, 0)
        new = metrics.nearest_training_distance(training, normal(2000, 6, 1))
        assert (
            new.fraction_no_closer > 0.98
        )  # of new clips 2 in 301 fall below the smallest of 300 distances, on average
        copies = metrics.nearest_training_distance(training, training + 0.01 * normal(300, 6, 2))
        assert copies.fraction_no_closer < 0.01

    def test_needs_two_clusters(self):
        with pytest.raises(BadSetting, match="one sound"):
            metrics.nearest_training_distance(np.ones((3, 2)), np.ones((1, 2)), np.zeros(3))
