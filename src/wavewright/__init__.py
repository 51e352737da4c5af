"""Wavewright trains generative audio models on your own recordings; it generates, speaks, edits and encodes sound."""

from __future__ import annotations

import os

import lazy_loader

# ONNX Runtime's Linux wheel connects to its maker's host 45 s after its import unless this is set before the import.
# See SECURITY.md.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
