"""Streams: sound of any length in pieces of any lengths, which change no sample of the result."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np


def without_latency(outputs: Iterable[np.ndarray], latency_samples: int) -> Iterator[np.ndarray]:
    """Yield the outputs of a stream, time last, without their first ``latency_samples`` samples; none is empty."""
    n_early = latency_samples
    for output in outputs:
        n_dropped = min(n_early, output.shape[-1])
        n_early -= n_dropped
        if output.shape[-1] > n_dropped:
            yield output[..., n_dropped:]
