"""Write mixes and their stems as sound files, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...audio.clip import Clip, describe_audio, finest_subtype, warn_of_left_out, write_blocks
from ...audio.notebook import files_html
from ...audio.sound_file import open_sound
from ...audio.wave_blocks import LOWER_THE_TRACKS, ClippedSamples, ClippingMeter, PeakMeter
from ...base.errors import BadSetting
from ...base.names import file_stem
from ...base.units import gain_to_db
from ...base.whole_file import check_target, whole_folder
from ...outputs.carried_metadata import left_out_of
from ...outputs.watermark.marking import Marking
from .plan import MASTER, Mix
from .rendering import render_blocks, render_strip_blocks
from .sources import FileSource

LOWER_THE_MIX = "lower gain_db of the master, let it limit, or write floats by --subtype FLOAT"


@dataclass(frozen=True, kw_only=True)
class MixedFile:
    """A mix as a file.

    Attributes
    ----------
    out, source : Path
        The file, and the project or preset.
    seconds, sample_rate, n_channels
        Its format.
    peak_db : float
        Largest sample before it was stored, in dB of full scale.
    clipped : ClippedSamples or None
        Samples of the mix beyond full scale, unless they are stored as floats.
    clipped_in_stems : ClippedSamples or None
        The same of the stems.
    stems : tuple of Path
        Files of the tracks and buses.
    is_marked : bool
        The mix has the inaudible mark of generated sound.
    """

    out: Path
    source: str
    seconds: float
    sample_rate: int
    n_channels: int
    peak_db: float
    stems: tuple[Path, ...] = ()
    is_marked: bool = False
    clipped: ClippedSamples | None = None
    clipped_in_stems: ClippedSamples | None = None

    @property
    def sound_files(self) -> tuple[Path, ...]:
        """The sound files that were written."""
        return (self.out, *self.stems)

    def _repr_html_(self) -> str:
        """Return players and the text for notebooks."""
        return files_html(self.sound_files, self)

    def __str__(self) -> str:
        """Return the file, its format, its peak and the stems."""
        size = describe_audio(self.seconds, self.sample_rate, self.n_channels)
        lines = [f"{self.out}: {size}, peak {self.peak_db:.1f} dB"]
        if self.clipped:
            lines.append(self.clipped.warning(LOWER_THE_MIX))
        lines += [f"  {stem}" for stem in self.stems]
        if self.clipped_in_stems:
            lines.append(f"Of the stems, {self.clipped_in_stems.warning(LOWER_THE_TRACKS)}")
        return "\n".join(lines)


def check_out(mix: Mix, out: Path) -> None:
    """Raise BadFolder or BadSetting if ``out`` cannot be written, or is one of the files of the mix."""
    check_target(out, *_files_of(mix))


def _files_of(mix: Mix) -> list[Path]:
    """Return the sound files of a mix, each once."""
    sources = [placement.source for strip in mix.strips.values() for placement in strip.placements]
    return list(dict.fromkeys(source.path for source in sources if isinstance(source, FileSource)))


def write_mix(
    mix: Mix,
    out: Path,
    source: str,
    *,
    subtype: str | None = None,
    metadata: Mapping[str, str] | None = None,
    is_loop: bool = False,
    show: Callable[[float], object] = lambda _: None,
    marking: Marking | None = None,
    names_losses: bool = True,
) -> MixedFile:
    """Render a mix to a file.

    Raises BadSetting, BadFolder or BadAudio if the mix cannot be rendered or written; then nothing is written.

    Parameters
    ----------
    mix : Mix
        Checked.
    out : Path
        Its ending is the format.
    source : str
        Name of the project or preset.
    subtype : str, optional
        Bits of a sample, 24 by default where the format has them.
    metadata : mapping, optional
        Tags.
    is_loop : bool
        WAV files get loop points.
    show : callable
        Called with the seconds that have been rendered.
    marking : Marking, optional
        The mark of generated sound that the mix gets.
    names_losses : bool
        Warn of what its files hold beside their sound, which a mix does not have.
    """
    check_out(mix, out)
    meter = PeakMeter()
    blocks: Iterable[np.ndarray] = render_blocks(mix)
    blocks = blocks if marking is None else marking.blocks(blocks, mix.sample_rate)
    clips = _clips(meter.measured(blocks), mix, show)
    clipping = ClippingMeter()
    write_blocks(
        out,
        clips,
        subtype or finest_subtype(out),
        dict(metadata or {}),
        mix.expected_seconds,
        is_loop=is_loop,
        clipping=clipping,
    )
    if names_losses:
        warn_of_left_out(out, [f"{name} of {path.name}" for path in _files_of(mix) for name in left_out_of(path)])
    written = open_sound(out).header
    return MixedFile(
        out=out,
        source=source,
        seconds=written.seconds or 0.0,
        sample_rate=written.sample_rate,
        n_channels=written.n_channels,
        peak_db=float(gain_to_db(meter.peak)),
        is_marked=marking is not None,
        clipped=clipping.result(),
    )


def write_stems(
    mix: Mix,
    folder: Path,
    seconds: float,
    suffix: str = ".wav",
    subtype: str | None = None,
    clipping: ClippingMeter | None = None,
) -> tuple[Path, ...]:
    """Render all tracks and buses, each behind its fader, to files as long as the mix, all or none.

    The stems of what goes to the master add up to its input. ``clipping`` counts their clipped samples.
    """
    n_samples = round(seconds * mix.sample_rate)
    names = [name for name in mix.strips if name != MASTER]
    if not names:
        raise BadSetting(
            "The mix has no track that is not muted, so there are no stems; unmute one, or leave them out."
        )
    files = {name: f"{file_stem(name)}{suffix}" for name in names}
    with whole_folder(folder, files[names[-1]]) as hidden:
        for name in names:
            blocks = render_strip_blocks(mix, name, n_samples)
            path = hidden / files[name]
            clips = _clips(blocks, mix)
            write_blocks(path, clips, subtype or finest_subtype(path), None, seconds, clipping=clipping)
    return tuple(folder / file for file in files.values())


def _clips(blocks: Iterable[np.ndarray], mix: Mix, show: Callable[[float], object] = lambda _: None) -> Iterator[Clip]:
    n_rendered = 0
    for block in blocks:
        yield Clip(block, mix.sample_rate)
        n_rendered += block.shape[1]
        show(n_rendered / mix.sample_rate)
