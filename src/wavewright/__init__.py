"""Wavewright makes sound: it trains generative audio models on your own recordings and puts them to use."""

from __future__ import annotations

import importlib
import os
from typing import Any

__version__ = "0.1.0"

# ONNX Runtime's Linux wheel connects to its maker's host 45 s after its import unless this is set before the import.
# See SECURITY.md.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

# The public words and where they live. Each is imported when it is first used, so that importing Wavewright stays quick.
_PLACES = {
    "Clip": "clip",
    "Prosody": "speech.prosody",
    "Voice": "speech.voice",
    "WavewrightError": "errors",
    "decode": "tasks.decode",
    "demo": "tasks.demo",
    "encode": "tasks.encode",
    "evaluate": "tasks.evaluate",
    "generate": "tasks.generate",
    "inspect": "tasks.inspect",
    "load": "loading",
    "map_sounds": "tasks.map_sounds",
    "morph": "tasks.morph",
    "neighbours": "tasks.neighbours",
    "phonemes": "tasks.phonemes",
    "plot": "tasks.plot",
    "slide": "tasks.slide",
    "speak": "tasks.speak",
    "train": "tasks.train",
    "vary": "tasks.vary",
}

__all__ = [
    "Clip",
    "Prosody",
    "Voice",
    "WavewrightError",
    "__version__",
    "decode",
    "demo",
    "encode",
    "evaluate",
    "generate",
    "inspect",
    "load",
    "map_sounds",
    "morph",
    "neighbours",
    "phonemes",
    "plot",
    "slide",
    "speak",
    "train",
    "vary",
]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module(f".{_PLACES[name]}", __name__), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_PLACES})
