"""An inaudible keyed mark in generated sound, and its detector with a proved bound on false positives.

:class:`Watermark` adds the mark block by block, :func:`marked` to consecutive blocks and :func:`mark_wave` to a whole
wave. :func:`detect_wave` and :func:`detect_blocks` search for it. The mark is noise of keyed signs that repeats every
0.24 s, shaped to the spectrum of the sound (spread spectrum; I. Cox et al., 1997: Secure spread spectrum watermarking
for multimedia). Speech has a second layer, levels of cells in time and frequency, see :mod:`.whitening`. What is new
here is the evidence of :mod:`.evidence`, whose bound holds for every sound.
"""

from .detection import Detection, MarkSearch, detect_blocks, detect_wave
from .embedding import Watermark, mark_wave, marked
from .localisation import MarkedSegment
from .payload import Payload
from .sequences import DEFAULT_KEY

__all__ = [
    "DEFAULT_KEY",
    "Detection",
    "MarkSearch",
    "MarkedSegment",
    "Payload",
    "Watermark",
    "detect_blocks",
    "detect_wave",
    "mark_wave",
    "marked",
]
