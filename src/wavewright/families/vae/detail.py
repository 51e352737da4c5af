"""What a reconstruction lacks of its recording: kept, so that walks, variations and sliders begin with the recording's own sound."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...dsp.phase import unit_phasors
from ...dsp.spectral_frames import FrameSettings

FLOOR = 1e-4  # of a full-scale tone: what lies below is neither missed nor too much
LARGEST_GAIN = 20.0
EVENED_SECONDS = (0.0, 0.02, 0.05, 0.2)  # over which a detail's energy may be smoothed, one after another
STEADY = 1e-9  # added to what is divided by
LEAST_OF_OWN = 1e-3  # of a sound's own frames, whose phases count where the recording is silent


@dataclass(frozen=True)
class Detail:
    """What a recording's frames have that its reconstruction's have not.

    ``spectrum (frames, bins)`` is the recording's, whose phases are kept. ``log_gains``, of the same shape, are the natural logarithms of
    its levels over those of the reconstruction, without what chance does to its noise. A ``share`` of both is kept: 1 for all.
    The energy that it gives or takes is smoothed over ``even_frames``.
    """

    spectrum: np.ndarray
    log_gains: np.ndarray
    share: float = 1.0
    even_frames: float = 0.0

    @classmethod
    def of(cls, spectrum: np.ndarray, power: np.ndarray, share: float, settings: FrameSettings) -> Detail:
        """From the spectrum of a recording ``(frames, bins)`` and the power of its reconstruction, of the same shape."""
        floor, most = np.float32(FLOOR * settings.scale), np.float32(np.log(LARGEST_GAIN))
        log_gains = np.log((np.abs(spectrum) + floor) / (np.sqrt(power) + floor))
        return cls(spectrum, np.clip(log_gains, -most, most), share)

    def towards(self, other: Detail, part: float | np.ndarray) -> Detail:
        """The detail at ``part`` (0 to 1) of the way to another sound's, for all frames or for each ``(frames, 1)``.

        What both have in common stays. Of what they have not the mean would be calmer than either, so cosine and sine weigh it, by which it
        varies as much as before.
        """
        a, b = self.log_gains, other.log_gains
        common, alone = (1 - part) * a + part * b, np.cos(np.pi / 2 * part) * a + np.sin(np.pi / 2 * part) * b
        unlike = np.abs(a - b) / (np.abs(a) + np.abs(b) + np.float32(STEADY))
        log_gains = common + unlike * (alone - common)
        spectrum = (1 - part) * self.spectrum + part * other.spectrum
        return replace(self, spectrum=spectrum.astype(np.complex64), log_gains=log_gains.astype(np.float32))

    def evened(self, n_frames: float) -> Detail:
        """This detail with its energy smoothed over a Gaussian of ``n_frames``; only for sounds that are decoded as a whole."""
        return replace(self, even_frames=n_frames)

    def faded(self, share: float) -> Detail:
        """This share of it."""
        return replace(self, share=share * self.share)

    def of_frames(self, first: int, last: int) -> Detail:
        """That of frames ``first`` to ``last``."""
        return replace(self, spectrum=self.spectrum[first:last], log_gains=self.log_gains[first:last])

    def added(self, spectrum: np.ndarray, power: np.ndarray) -> np.ndarray:
        """``spectrum (frames, bins)`` of a sound of ``power``, which it has without what chance does to its noise, with this detail."""
        share = np.float32(self.share)
        level = np.abs(spectrum) ** (1 - share) * (np.sqrt(power) * np.exp(self._smoothed(power))) ** share
        own = max(1 - share, np.float32(LEAST_OF_OWN))
        return level * unit_phasors(share * self.spectrum + own * spectrum)

    def _smoothed(self, power: np.ndarray) -> np.ndarray:
        """The logarithms of the gains ``(frames, bins)``, each frame's turned up or down so that those of energy are smooth in time."""
        if not self.even_frames:
            return self.log_gains
        from scipy.ndimage import gaussian_filter1d  # slow to import

        before, after = (np.sum(each, axis=1, dtype=np.float64) for each in (power, power * np.exp(2 * self.log_gains)))
        found = np.log((after + STEADY) / (before + STEADY)) / 2
        smooth = gaussian_filter1d(found, self.even_frames, mode="nearest")
        return self.log_gains + (smooth - found).astype(np.float32)[:, None]
