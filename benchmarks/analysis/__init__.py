"""Loudness beside FFmpeg, and the confidences of tempo and key by kind of recording."""
