"""The version of Wavewright."""

__version__ = "0.1.0"
