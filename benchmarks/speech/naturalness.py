"""The judge of how natural speech sounds: DNSMOS P.835 (Reddy, Gopal and Cutler, 2022), through the package speechmos (MIT).

pip install ".[metrics]"
"""

from __future__ import annotations

import numpy as np

from wavewright.clip import Clip
from wavewright.errors import MissingExtra

SAMPLE_RATE = 16_000


def dnsmos(wave: np.ndarray, sample_rate: int) -> float:
    """The overall score, 1 (bad) to 5 (excellent), of ``wave`` ``(time,)``; short ones are repeated to 9 s by the package.

    Raises MissingExtra without speechmos.
    """
    try:
        from speechmos import dnsmos as judge
    except ImportError as error:
        raise MissingExtra('DNSMOS needs the package speechmos: pip install ".[metrics]".') from error
    clip = Clip(np.asarray(wave, np.float32)[None], sample_rate).resample(SAMPLE_RATE)
    return float(judge.run(np.clip(clip.wave[0], -1.0, 1.0), sr=SAMPLE_RATE)["ovrl_mos"])
