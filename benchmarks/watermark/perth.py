"""Perth, another mark, run by PyTorch without torchaudio.

Of torchaudio it uses the spectrogram and its inverse, which are PyTorch's own transforms with other names, and imports
a stretch that it never calls. Of setuptools it uses the path of its own files. Stand-ins for these are in place while
it is imported, where the packages are missing; its network and its weights are its own.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from types import ModuleType
from typing import TYPE_CHECKING, Protocol

import numpy as np

from benchmarks.harness.peers import PERTH

if TYPE_CHECKING:
    import torch

IMPLICIT = "perth.perth_net.perth_net_implicit.perth_watermarker"
NEEDS = ("librosa", "torch", "yaml", "scipy")
THRESHOLD = 0.5


def has_perth() -> bool:
    """Return whether Perth and what else it needs are installed."""
    return PERTH.is_installed and all(importlib.util.find_spec(name) is not None for name in NEEDS)


def marked_by_perth(wave: np.ndarray, sample_rate: int) -> np.ndarray:
    """Return sound ``(time,)`` with the mark of Perth, as long as it was."""
    output = np.asarray(_perth().apply_watermark(wave, sample_rate=sample_rate))[: len(wave)]
    return np.pad(output, (0, len(wave) - len(output)))


def is_perths(wave: np.ndarray, sample_rate: int) -> bool:
    """Return whether Perth detects its mark."""
    wave = np.ascontiguousarray(wave, np.float32)
    return bool(np.mean(_perth().get_watermark(wave, sample_rate=sample_rate)) > THRESHOLD)


class _Perth(Protocol):
    """What is used of Perth."""

    def apply_watermark(self, signal: np.ndarray, sample_rate: int) -> np.ndarray: ...

    def get_watermark(self, wm_signal: np.ndarray, sample_rate: int) -> np.ndarray: ...


@cache
def _perth() -> _Perth:
    with _stand_ins():
        perth: _Perth = importlib.import_module(IMPLICIT).PerthImplicitWatermarker()
    return perth


@contextmanager
def _stand_ins() -> Iterator[None]:
    """Provide what is missing of torchaudio and setuptools for the time of an import."""
    made = {
        name: module
        for name, module in (*_torchaudio().items(), ("pkg_resources", _pkg_resources()))
        if name not in sys.modules and importlib.util.find_spec(name.partition(".")[0]) is None
    }
    sys.modules.update(made)
    try:
        yield
    finally:
        for name in made:
            del sys.modules[name]


def _torchaudio() -> dict[str, ModuleType]:
    """Return torchaudio with the transforms that Perth makes, whose windows are in its weights."""
    import torch

    class Transform(torch.nn.Module):
        """Settings of frames, and their window."""

        def __init__(
            self,
            *,
            n_fft: int,
            win_length: int,
            hop_length: int,
            window_fn: Callable[[int], torch.Tensor],
            power: None = None,
            normalized: bool = False,
        ) -> None:
            super().__init__()
            assert power is None
            assert not normalized
            self.frames = {"n_fft": n_fft, "win_length": win_length, "hop_length": hop_length}
            self.register_buffer("window", window_fn(win_length))

    class Spectrogram(Transform):
        """Complex spectrogram of a wave: centred frames, reflected at the ends."""

        def forward(self, wave: torch.Tensor) -> torch.Tensor:
            return torch.stft(wave, **self.frames, window=self.window, return_complex=True)

    class InverseSpectrogram(Transform):
        """Wave of a complex spectrogram."""

        def forward(self, spectra: torch.Tensor) -> torch.Tensor:
            return torch.istft(spectra, **self.frames, window=self.window)

    class TimeStretch(torch.nn.Module):
        """What Perth makes and never calls; its buffer is in the weights."""

        def __init__(self, *, n_freq: int, hop_length: int) -> None:
            super().__init__()
            self.register_buffer("phase_advance", torch.zeros(n_freq, 1))

    package, transforms = ModuleType("torchaudio"), ModuleType("torchaudio.transforms")
    for transform in (Spectrogram, InverseSpectrogram, TimeStretch):
        setattr(transforms, transform.__name__, transform)
    package.transforms = transforms  # type: ignore[attr-defined]
    return {"torchaudio": package, "torchaudio.transforms": transforms}


def _pkg_resources() -> ModuleType:
    """Return setuptools' module with the path of a file of a package."""
    module = ModuleType("pkg_resources")

    def resource_filename(package: str, name: str) -> str:
        return str(files(package.partition(".")[0]) / "perth_net" / name)

    vars(module)["resource_filename"] = resource_filename
    return module
