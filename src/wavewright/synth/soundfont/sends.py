"""Effects that voices are sent to; they rest where they are silent."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...effects.effect import EffectStream

QUIET = 1e-5
"""Amplitude below which the tail of an effect counts as silence."""

QUIET_SAMPLES = 8_192
"""Length of the silence after which the effect is at rest; longer than any block."""


class SendEffect:
    """An effect with a mono input and a stereo output, exactly silent soon after its tail falls below QUIET.

    Parameters
    ----------
    open_stream : callable
        Returns a new stream of two channels.
    """

    def __init__(self, open_stream: Callable[[], EffectStream]) -> None:
        self._open_stream = open_stream
        self.reset()

    @property
    def is_silent(self) -> bool:
        """True if the output is zero until the next input."""
        return self._stream is None

    def reset(self) -> None:
        """Drop the tail."""
        self._stream: EffectStream | None = None
        self._n_quiet = 0

    def add(self, send: np.ndarray, output: np.ndarray) -> None:
        """Add the effect of the next samples to the output.

        Parameters
        ----------
        send : np.ndarray
            float32 ``(time,)``, at most QUIET_SAMPLES; zeros after a rest start the effect at the first other sample.
        output : np.ndarray
            float32 ``(2, time)``, added to.
        """
        if self._stream is None:
            loud = np.flatnonzero(send)
            if not len(loud):
                return
            self._stream = self._open_stream()
            self._n_quiet = 0
            send, output = send[loud[0] :], output[:, loud[0] :]
        wet = self._stream.process(np.stack([send, send]))
        rest = QUIET_SAMPLES - self._n_quiet
        if send[-1] != 0.0 and (send[0] != 0.0 or rest > len(send)):  # nothing to search
            output += wet
            self._n_quiet = 0
            return
        loud = np.flatnonzero((np.abs(wet).max(axis=0) > QUIET) | (send != 0.0))
        if (loud[0] if len(loud) else len(send)) >= rest:
            output[:, :rest] += wet[:, :rest]
            self.reset()
            self.add(send[rest:], output[:, rest:])
            return
        output += wet
        self._n_quiet = len(send) - 1 - int(loud[-1]) if len(loud) else self._n_quiet + len(send)
