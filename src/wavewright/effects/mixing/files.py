"""Write mixes and their stems as sound files, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path

import numpy as np

from ...audio.clip import Clip, check_stem_files, finest_subtype, stem_comment, warn_of_left_out, write_blocks
from ...audio.file_formats.metadata import SoundMetadata
from ...audio.wave_blocks import ClippedSamples, ClippingMeter, PeakMeter
from ...base.errors import BadSetting
from ...base.names import file_stem
from ...base.units import gain_to_db
from ...base.whole_file import check_target, whole_folder
from ...outputs.carried_metadata import left_out_of_each
from ...outputs.made import Made, MadeFile, sound_file
from ...outputs.watermark.marking import Marking
from .plan import MASTER, Mix
from .rendering import render_blocks, render_strip_blocks
from .sources import FileSource

LOWER_THE_MIX = "lower gain_db of the master, let it limit, or write floats by --subtype FLOAT"


def check_out(mix: Mix, out: Path) -> None:
    """Raise BadFolder or BadSetting if ``out`` cannot be written, or is one of the files of the mix."""
    check_target(out, *files_of(mix), *_files_of_chains(mix))


def check_stems(mix: Mix, folder: Path, out: Path) -> None:
    """Raise BadSetting if a stem would be the mix or one of its files, or there are none."""
    stems = [folder / file for file in _stem_files(mix, out.suffix).values()]
    check_stem_files(stems, out, *files_of(mix), *_files_of_chains(mix))


def files_of(mix: Mix) -> list[Path]:
    """Return the sound files of a mix, each once."""
    sources = [placement.source for strip in mix.strips.values() for placement in strip.placements]
    return list(dict.fromkeys(source.path for source in sources if isinstance(source, FileSource)))


def _files_of_chains(mix: Mix) -> list[Path]:
    """Return the files that the effects of a mix read."""
    chains = [strip.chain for strip in mix.strips.values()]
    chains += [placement.chain for strip in mix.strips.values() for placement in strip.placements]
    return [file for chain in chains if chain is not None for file in chain.files]


def _stem_files(mix: Mix, suffix: str) -> dict[str, str]:
    """Return the names of the files of stems by track and bus; raise BadSetting if there are none."""
    names = [name for name in mix.strips if name != MASTER]
    if not names:
        raise BadSetting(
            "The mix has no track that is not muted, so there are no stems; unmute one, or leave them out."
        )
    files: dict[str, str] = {}
    used: set[str] = set()  # without capitals, which not all file systems tell from small letters
    for name in names:
        stems = (file_stem(name, *([str(number)] if number > 1 else [])) for number in count(1))
        stem = next(stem for stem in stems if stem.casefold() not in used)
        used.add(stem.casefold())
        files[name] = f"{stem}{suffix}"
    return files


def write_mix(
    mix: Mix,
    out: Path,
    source: str,
    *,
    subtype: str | None = None,
    metadata: Mapping[str, str] | SoundMetadata | None = None,
    is_loop: bool = False,
    show: Callable[[float], object] = lambda _: None,
    marking: Marking | None = None,
    left_out: Sequence[str] | None = None,
) -> Made:
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
    left_out : sequence, optional
        What it lacks of its files, for a warning; by default all that they hold beside their sound.
    """
    check_out(mix, out)
    meter = PeakMeter()
    blocks: Iterable[np.ndarray] = render_blocks(mix)
    blocks = blocks if marking is None else marking.blocks(blocks, mix.sample_rate)
    clips = _clips(meter.measured(blocks), mix, show)
    clipping = ClippingMeter()
    lost = left_out_of_each(files_of(mix)) if left_out is None else [*left_out]
    header = write_blocks(
        out,
        clips,
        subtype or finest_subtype(out),
        metadata if isinstance(metadata, SoundMetadata) else dict(metadata or {}),
        mix.expected_seconds,
        is_loop=is_loop,
        clipping=clipping,
        left_out=lost,
    )
    warn_of_left_out(out, lost)
    peak_db = float(gain_to_db(meter.peak))
    return mixed_file(sound_file(out, header), source, peak_db, clipping.result(), marking is not None)


def mixed_file(
    file: MadeFile, source: str, peak_db: float, clipped: ClippedSamples | None = None, is_marked: bool = False
) -> Made:
    """Return the result of a mix that was written, with its largest sample in dB of full scale before it was stored."""
    details = {"source": source, "peak_db": peak_db, "is_marked": is_marked, "clipped": clipped}
    notes = [clipped.warning(LOWER_THE_MIX)] if clipped else []
    return Made.of(file, details=details, lines=[f"  peak {peak_db:.1f} dB"], notes=notes)


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
    files = _stem_files(mix, suffix)
    with whole_folder(folder, list(files.values())[-1]) as hidden:
        for name, file in files.items():
            blocks = render_strip_blocks(mix, name, n_samples)
            path = hidden / file
            clips = _clips(blocks, mix)
            comment = stem_comment("mix", name)
            write_blocks(path, clips, subtype or finest_subtype(path), comment, seconds, clipping=clipping)
    return tuple(folder / file for file in files.values())


def _clips(blocks: Iterable[np.ndarray], mix: Mix, show: Callable[[float], object] = lambda _: None) -> Iterator[Clip]:
    n_rendered = 0
    for block in blocks:
        yield Clip(block, mix.sample_rate)
        n_rendered += block.shape[1]
        show(n_rendered / mix.sample_rate)
