"""Live enhancement: 16-bit samples in, as many samples out, equal to those of a file."""

from __future__ import annotations

import threading
from typing import Any

from starlette.datastructures import QueryParams

from ...audio.pcm import to_pcm
from ...base.errors import WavewrightError
from ...inference.enhancement.files import Enhancement, Processors
from ...tasks.catalogue import TaskDescription, describe
from ...tasks.enhance import enhancement_of
from .live_socket import MAX_CHANNELS, RATES, LiveBytes, LiveWork, checked_model, whole_number
from .speech_request import BadRequest

DEFAULT_RATE = 16_000
MAX_PROCESSORS = 8
"""Settings for which models stay open."""

KEYS = ("denoise", "dereverb", "max_attenuation_db", "mix", "size", "model", "separate")
"""Parameters of the task ``enhance`` that apply to a stream."""


class LiveEnhancement:
    """The work of ``/v1/audio/enhance/stream``; models stay open."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._processors: dict[Enhancement, Processors] = {}

    def work_of(self, query: QueryParams) -> LiveWork:
        """Return the work that the parameters of an address ask for; raise BadRequest for one that is not valid."""
        rate = whole_number(query, "sample_rate", DEFAULT_RATE, *RATES)
        n_channels = whole_number(query, "channels", 1, 1, MAX_CHANNELS)
        enhancement = _enhancement_of(query)

        def work(stream: LiveBytes) -> dict[str, int]:
            with self._lock:
                if enhancement not in self._processors and len(self._processors) >= MAX_PROCESSORS:
                    self._processors.pop(next(iter(self._processors)))
                processors = self._processors.setdefault(enhancement, Processors(enhancement))
                processor = processors.of(rate)
            n_samples = 0
            for wave in processor.process_blocks(stream.waves(n_channels), rate, n_channels):
                stream.write(to_pcm(wave))
                n_samples += wave.shape[1]
            return {"samples": n_samples}

        return work


def _enhancement_of(query: QueryParams) -> Enhancement:
    task = describe("enhance")
    values: dict[str, Any] = {key: _value(task, key, query[key]) for key in KEYS if query.get(key)}
    if isinstance(values.get("model"), str):
        checked_model(values["model"], "denoiser")
    return enhancement_of(**values)


def _value(task: TaskDescription, key: str, text: str) -> object:
    try:
        return task.parameter(key).check(text)
    except WavewrightError as error:
        raise BadRequest(str(error), key) from error
