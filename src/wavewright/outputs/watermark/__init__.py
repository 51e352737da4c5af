"""An inaudible keyed mark in generated sound, and its detector with a proved bound on false positives.

:class:`.marking.Watermark` adds the mark block by block, :func:`.marking.marked` to consecutive blocks and
:func:`.marking.mark_wave` to a whole wave. :func:`.detection.detect_wave` and :func:`.detection.detect_blocks` search
for it. The mark is noise of keyed signs that repeats every 0.24 s, shaped to the spectrum of the sound (spread
spectrum; I. Cox et al., 1997: Secure spread spectrum watermarking for multimedia). Speech has a second layer, levels of
cells in time and frequency, see :mod:`.carrier`. What is new here is the evidence of :mod:`.evidence`, whose bound
holds for every sound.
"""
