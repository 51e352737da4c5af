"""Which of the bundled denoisers enhances a sound."""

from __future__ import annotations

import re
from typing import Literal

from ... import models
from ...base.errors import BadModel

MODEL_PREFIX = "denoise-"
DenoiserSize = Literal["small", "best"]
"""Of bundled models; all but small are the end of a name: ``denoise-16k-best``. recipes/denoiser.py makes them."""


def model_for(sample_rate: int, size: DenoiserSize = "small") -> str:
    """Return the name of the denoiser for recordings of a sample rate.

    Of the models ``denoise-16k`` and ``denoise-48k`` (``denoise-16k-best`` for the size best), it is the
    slowest rate that keeps all frequencies, or else the highest.

    Raises BadModel if there is no model of that size.
    """
    suffix = "" if size == "small" else f"-{size}"
    names = models.names()
    matches = [match for name in names if (match := re.fullmatch(rf"{MODEL_PREFIX}(\d+)k{suffix}", name))]
    rates_khz = sorted(int(match[1]) for match in matches)
    if not rates_khz:
        there = ", ".join(name for name in names if name.startswith(MODEL_PREFIX)) or "none"
        raise BadModel(
            f"There is no denoiser of the size {size} (there is {there}); train one with `wavewright train FOLDER "
            "--family denoiser`, and give its folder with --model."
        )
    khz = next((each for each in rates_khz if 1_000 * each >= sample_rate), rates_khz[-1])
    return f"{MODEL_PREFIX}{khz}k{suffix}"
