"""Alignments against an enumeration of all alignments, priors and positions against their formulas."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.stats import betabinom

from wavewright.dsp.alignment import (
    averages_by_symbol,
    best_durations,
    beta_binomial_prior,
    forward_sum,
    symbol_position_features,
)


def all_paths(n_frames: int, is_skippable: np.ndarray) -> list[tuple[int, ...]]:
    """Every alignment, as the symbol of each frame."""
    n_symbols = len(is_skippable)
    paths = []
    for durations in product(range(n_frames + 1), repeat=n_symbols):
        if sum(durations) == n_frames and all(d > 0 or s for d, s in zip(durations, is_skippable, strict=True)):
            paths.append(tuple(np.repeat(np.arange(n_symbols), durations)))
    return paths


CASES = [
    (5, [False, False, False]),
    (6, [False, True, False, False]),
    (5, [False, True, False, True, False]),
    (3, [True, False, True]),
    (1, [False]),
]


@pytest.mark.parametrize(("n_frames", "skippable"), CASES)
def test_sum_posterior_and_best_path_equal_those_of_all_paths(n_frames, skippable):
    is_skippable = np.array(skippable)
    scores = np.random.default_rng(n_frames).normal(size=(n_frames, len(skippable)))
    paths = all_paths(n_frames, is_skippable)
    values = np.array([scores[np.arange(n_frames), path].sum() for path in paths])
    probabilities = np.exp(values - np.logaddexp.reduce(values))
    expected = np.zeros_like(scores)
    for path, probability in zip(paths, probabilities, strict=True):
        expected[np.arange(n_frames), path] += probability
    # Padding around a clip changes nothing.
    padded = np.full((1, n_frames + 2, len(skippable) + 3), 9.0)
    padded[0, :n_frames, : len(skippable)] = scores
    flags = np.ones((1, len(skippable) + 3), bool)
    flags[0, : len(skippable)] = is_skippable
    sizes = np.array([n_frames]), np.array([len(skippable)])
    totals, posterior = forward_sum(padded, flags, *sizes)
    assert totals[0] == pytest.approx(np.logaddexp.reduce(values))
    np.testing.assert_allclose(posterior[0, :n_frames, : len(skippable)], expected, atol=1e-6)
    assert posterior.sum() == pytest.approx(n_frames, rel=1e-6)
    durations, has_path = best_durations(padded, flags, *sizes)
    best = paths[int(values.argmax())]
    np.testing.assert_array_equal(durations[0, : len(skippable)], np.bincount(best, minlength=len(skippable)))
    assert has_path.all()


def test_too_few_frames_have_no_path_and_are_distributed_uniformly():
    scores, flags = np.zeros((1, 2, 4)), np.zeros((1, 4), bool)
    totals, posterior = forward_sum(scores, flags, np.array([2]), np.array([4]))
    durations, has_path = best_durations(scores, flags, np.array([2]), np.array([4]))
    assert totals[0] < -1e29
    assert not posterior.any()
    assert not has_path[0]
    assert durations.sum() == 2


def test_skippable_symbol_of_low_likelihood_has_no_frame():
    likely = np.repeat([0, 2], 4)
    scores = np.full((1, 8, 3), -9.0)
    scores[0, np.arange(8), likely] = 0.0
    durations, _ = best_durations(scores, np.array([[False, True, False]]), np.array([8]), np.array([3]))
    np.testing.assert_array_equal(durations[0], [4, 0, 4])


def test_the_prior_is_a_beta_binomial_distribution():
    n_frames, n_symbols = 7, 5
    frames = np.arange(1, n_frames + 1)[:, None]
    expected = betabinom.logpmf(np.arange(n_symbols)[None], n_symbols - 1, frames, n_frames + 1 - frames)
    prior = beta_binomial_prior(n_frames, n_symbols)
    np.testing.assert_allclose(prior, expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(np.exp(beta_binomial_prior(900, 120)).sum(1), 1.0, rtol=1e-3)


def test_averages_by_symbol_are_weighted():
    values, weights = np.array([1.0, 3.0, 7.0, 9.0, 5.0]), np.array([1.0, 1.0, 0.0, 1.0, 0.0])
    mean, fractions = averages_by_symbol(values, weights, np.array([2, 0, 2, 1]))
    np.testing.assert_allclose(mean, [2.0, 0.0, 9.0, 0.0])
    np.testing.assert_allclose(fractions, [1.0, 0.0, 0.5, 0.0])


def test_position_features_of_each_frame():
    positions, features = symbol_position_features(np.array([2, 0, 3]))
    np.testing.assert_array_equal(positions, [0, 0, 2, 2, 2])
    np.testing.assert_allclose(features[:, 0], [-0.25, 0.25, -1 / 3, 0.0, 1 / 3], atol=1e-6)
    np.testing.assert_allclose(features[2, 1:3], [1.0, np.exp(-1.0)], rtol=1e-6)
    np.testing.assert_allclose(features[4, 1:3], features[2, 2:0:-1], rtol=1e-6)
