"""Levels of speech and pauses before and after an enhancement, and a plot of both."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...audio.sound_file import OpenSound, SoundSource, open_sound
from ...base.units import gain_to_db
from ...dsp.levels import FrameLevels
from ...plots import check_drawable, draw_comparison, read_overview

QUIET, LOUD = 10, 95  # percentiles of the levels of frames


@dataclass(frozen=True)
class Levels:
    """Levels of the frames of a sound, in dB of full scale.

    - ``background_db``: level that a tenth of the frames stays below: the noise in pauses.
    - ``foreground_db``: level that one frame in twenty exceeds: the speech.
    """

    background_db: float
    foreground_db: float

    @classmethod
    def of(cls, path: SoundSource) -> Levels:
        """Return the levels of a sound file of any length; raise BadAudio if it cannot be read."""
        sound = open_sound(path)
        header = sound.header
        frames = FrameLevels(header.sample_rate, header.n_channels)
        for block in sound.blocks():
            frames.add(block)
        return cls.of_frames(frames)

    @classmethod
    def of_frames(cls, frames: FrameLevels) -> Levels:
        """Return the levels of a sound whose frames have been measured."""
        power = frames.powers()
        background, foreground = (float(gain_to_db(np.sqrt(np.percentile(power, rank)))) for rank in (QUIET, LOUD))
        return cls(round(background, 1), round(foreground, 1))


@dataclass(frozen=True)
class EnhancementReport:
    """Levels before and after an enhancement."""

    before: Levels
    after: Levels
    plot: Path  # image of both mel spectrograms

    def __str__(self) -> str:
        """Return a line for the pauses and one for the speech."""
        before, after = self.before, self.after
        pauses = f"{before.background_db:.1f} -> {after.background_db:.1f} dB"
        speech = f"{before.foreground_db:.1f} -> {after.foreground_db:.1f} dB"
        return f"  pauses {pauses}, speech {speech}, {self.plot}"


def plot_path(out: Path) -> Path:
    """Return the path of the plot of an enhanced file."""
    return out.with_name(f"{out.stem}-report.png")


def write_report(sound: OpenSound, out: Path) -> EnhancementReport:
    """Draw mel spectrograms before and after, and measure levels.

    Raises BadAudio if a file cannot be read, or BadSetting or BadFolder or MissingExtra if the plot cannot be drawn.
    """
    plot = plot_path(out)
    check_drawable(plot)
    made = open_sound(out)
    overviews = {f"before: {sound.path.name}": read_overview(sound), f"after: {out.name}": read_overview(made)}
    draw_comparison(overviews, plot)
    return EnhancementReport(Levels.of(sound), Levels.of(made), plot)
