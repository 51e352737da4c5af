"""Temperature, reliability, confusion and thresholds against formulas, scipy and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.optimize
import scipy.special
import scipy.stats

from wavewright.base.errors import BadSetting
from wavewright.metrics.calibration import (
    fit_score,
    fit_temperature,
    reliability,
    sigmoid,
    softmax,
)
from wavewright.metrics.confusion import confusion_matrix, label_scores, wilson_interval


def drawn_logits(n: int, n_labels: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Logits, and labels drawn from their softmax."""
    rng = np.random.default_rng(seed)
    logits = 3 * rng.standard_normal((n, n_labels))
    labels = (scipy.special.softmax(logits, axis=1).cumsum(1) < rng.random((n, 1))).sum(1).clip(max=n_labels - 1)
    return logits, labels


@pytest.mark.parametrize("temperature", [0.3, 1.0, 4.0])
def test_the_temperature_of_scaled_logits_is_found(temperature):
    logits, labels = drawn_logits(20_000, 5, seed=1)
    assert fit_temperature(temperature * logits, labels) == pytest.approx(temperature, rel=0.04)


def test_the_temperature_minimises_the_cross_entropy():
    logits, labels = drawn_logits(150, 3, seed=2)
    logits *= 2.5

    def loss(log_temperature: float) -> float:
        return -scipy.special.log_softmax(logits / np.exp(log_temperature), 1)[np.arange(150), labels].mean()

    best = scipy.optimize.minimize_scalar(loss, bounds=(-4, 4), method="bounded", options={"xatol": 1e-9}).x
    assert fit_temperature(logits, labels) == pytest.approx(np.exp(best), rel=1e-4)


def test_the_temperature_of_several_labels_a_clip():
    rng = np.random.default_rng(3)
    logits = 2 * rng.standard_normal((20_000, 3))
    targets = rng.random(logits.shape) < scipy.special.expit(logits)
    assert fit_temperature(3 * logits, targets) == pytest.approx(3, rel=0.05)


def test_no_clips_need_no_temperature():
    assert fit_temperature(np.zeros((0, 3)), np.zeros(0, int)) == 1.0


def test_shapes_that_do_not_match_are_refused():
    with pytest.raises(BadSetting, match="logits have shape"):
        fit_temperature(np.zeros((4, 3)), np.zeros(5, int))


def test_softmax_sigmoid_and_fit_equal_scipy():
    logits = np.random.default_rng(4).standard_normal((7, 4)) * 300
    np.testing.assert_allclose(softmax(logits), scipy.special.softmax(logits, axis=1), atol=1e-12)
    np.testing.assert_allclose(sigmoid(logits), scipy.special.expit(logits), atol=1e-12)
    np.testing.assert_allclose(fit_score(logits), scipy.special.logsumexp(logits, axis=1))


def test_drawn_labels_are_calibrated_and_overconfident_ones_not():
    logits, labels = drawn_logits(20_000, 4, seed=5)
    errors = []
    for scale in (1.0, 3.0):
        probabilities = softmax(scale * logits)
        errors.append(reliability(probabilities.max(1), probabilities.argmax(1) == labels).error)
    assert errors[0] < 0.015 < 0.05 < errors[1]


def test_reliability_by_hand():
    result = reliability(np.array([0.55, 0.55, 0.95, 1.0]), np.array([True, False, True, True]))
    assert result.counts == (2, 2)
    assert result.confidence == pytest.approx((0.55, 0.975))
    assert result.accuracy == (0.5, 1.0)
    assert result.error == pytest.approx(0.5 * 0.05 + 0.5 * 0.025)


def test_confusion_and_scores_equal_scikit_learn():
    sklearn_metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(7)
    truth, predicted = rng.integers(0, 4, 200), rng.integers(0, 4, 200)
    one_hot = np.eye(5, dtype=bool)
    np.testing.assert_array_equal(
        confusion_matrix(one_hot[truth], one_hot[predicted]),
        sklearn_metrics.confusion_matrix(truth, predicted, labels=range(5)),
    )
    scores = label_scores(one_hot[truth], one_hot[predicted], tuple("abcde"))
    expected = sklearn_metrics.precision_recall_fscore_support(truth, predicted, labels=range(5), zero_division=0)
    for k, score in enumerate(scores):
        values = [score.precision, score.recall, score.f1]
        np.testing.assert_allclose([each.value for each in values], [column[k] for column in expected[:3]])
        assert score.n_clips == expected[3][k]
        assert all(each.low <= each.value <= each.high for each in values)


@pytest.mark.parametrize(("n_hits", "n_all"), [(0, 9), (7, 9), (9, 9), (640, 1_000)])
def test_the_interval_of_a_proportion_is_that_of_scipy(n_hits, n_all):
    interval = wilson_interval(n_hits, n_all)
    expected = scipy.stats.binomtest(n_hits, n_all).proportion_ci(method="wilson")
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high), abs=1e-6)
