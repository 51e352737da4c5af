"""Wavewright makes sound: it trains generative audio models on your own recordings and puts them to use."""
__version__ = "0.1.0"
