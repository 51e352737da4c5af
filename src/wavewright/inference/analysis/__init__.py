"""Loudness, levels, spectrum, silence, content, pitch, tempo and key of a recording, in one pass of bounded memory.

Every meter has ``add(wave)`` for consecutive blocks ``(channels, time)`` of any lengths and ``result()``.
"""
