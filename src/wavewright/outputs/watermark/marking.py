"""How the outputs of a task are marked, as its results and manifests state it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from .embedding import Watermark, marked
from .payload import NO_MODEL, Payload
from .sequences import DEFAULT_KEY

KEY_DIGITS = 4
"""Digits of the hash of a key of one's own in the origin of a file: they tell two keys apart, and name neither."""


@dataclass(frozen=True)
class Marking:
    """The mark of the outputs of a task.

    - ``payload``: number in the mark.
    - ``key``: key of the mark.
    - ``has_levels``: whether it has the second layer, for speech.
    """

    payload: Payload = NO_MODEL
    key: str = DEFAULT_KEY
    has_levels: bool = False

    def stream(self, sample_rate: int, n_channels: int) -> Watermark:
        """Open a stream that adds the mark."""
        return Watermark(sample_rate, n_channels, self.payload, self.key, self.has_levels)

    def blocks(self, waves: Iterable[np.ndarray], sample_rate: int) -> Iterator[np.ndarray]:
        """Add the mark to consecutive blocks ``(channels, time)``, see :func:`.embedding.marked`."""
        return marked(waves, sample_rate, self.payload, self.key, self.has_levels)

    def origin(self) -> dict[str, object]:
        """Return what the origin of a marked file states: the version of the mark, and digits of another key's hash."""
        origin: dict[str, object] = {"watermark": self.payload.version}
        if self.key != DEFAULT_KEY:
            origin["watermark_key"] = hashlib.sha256(self.key.encode()).hexdigest()[:KEY_DIGITS]
        return origin


def marking_of(model_hash: str | None, watermark: bool, key: str, *, is_speech: bool = False) -> Marking | None:
    """Return the marking of the outputs of a model, None without a watermark.

    - ``model_hash``: hash of the model, whose first digits are the payload.
    - ``watermark``, ``key``: as the tasks take them.
    - ``is_speech``: whether the outputs are speech, which gets the second layer, too.
    """
    if not watermark:
        return None
    return Marking(NO_MODEL if model_hash is None else Payload.of_model(model_hash), key, is_speech)
