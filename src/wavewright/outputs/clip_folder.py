"""Clips as files of one folder: each records its origin, a manifest lists them, and all are written or none."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ..audio.clip import Clip, warn_of_clipping, write_blocks
from ..audio.sound_file import read_origin
from ..audio.wave_blocks import ClippingMeter, CountedWaves
from ..base.errors import BadFolder
from ..base.names import inside
from ..base.units import samples_to_seconds
from ..base.whole_file import check_name, whole_folder
from .made import MadeFile
from .manifest_file import MANIFEST_FILE, manifest_lines, manifest_with, record_of
from .watermark.marking import Marking


@dataclass(frozen=True)
class OutputClip:
    """A clip to write.

    - ``wave``: ``(channels, time)``, or consecutive blocks of it, which are written as they are read.
    - ``stem``: name of its file without the ending.
    - ``origin``: everything that determines the clip, at least ``model`` and ``model_hash``, or ``procedure``: the
      comment of the file and a part of its line of the manifest.
    - ``scores``: further numbers for the manifest.
    - ``listed``: false for a clip that the manifest leaves out.
    - ``is_loop``: the clip is a seamless loop; WAV files get loop points.
    - ``expected_seconds``: about how long the blocks are together, see :func:`wavewright.audio.clip.write_blocks`.
    """

    wave: np.ndarray | Iterable[np.ndarray]
    stem: str
    origin: Mapping[str, object]
    scores: Mapping[str, float] = field(default_factory=dict)
    listed: bool = True
    is_loop: bool = False
    expected_seconds: float | None = None


def write_clips(
    clips: Iterator[OutputClip], sample_rate: int, out: Path, format: str, marking: Marking | None = None
) -> tuple[MadeFile, ...]:
    """Write clips as files of a folder, all or none.

    Each file is written into a hidden folder; when all are complete they are moved into the folder, the manifest last.
    Entries of the manifest are retained, also those that other processes add meanwhile.

    Raises BadFolder if the folder cannot be written to, its manifest is none, or a file of a clip's name has another
    origin.
    """
    check_name(out)
    manifest_lines(out / MANIFEST_FILE)  # refuse a file that is not a manifest before any work
    clips = itertools.chain([next(clips)], clips)  # a model that fails at the first clip leaves no folder
    written: list[MadeFile] = []
    records: dict[str, dict[str, object]] = {}

    def write_manifest(hidden: Path) -> None:
        for clip in written:
            check_origin(clip.path, clip.origin)
        (hidden / MANIFEST_FILE).write_text(manifest_with(out, records), encoding="utf-8")

    with whole_folder(out, MANIFEST_FILE, write_manifest) as hidden:
        for clip in clips:
            written.append(_write_clip(_marked(clip, sample_rate, marking), sample_rate, out, hidden, format))
            if clip.listed:
                records[written[-1].path.name] = record_of(out, written[-1]) | {**clip.scores}
    return tuple(written)


def _marked(clip: OutputClip, sample_rate: int, marking: Marking | None) -> OutputClip:
    """Return the clip with the mark, if any, in its wave and its origin."""
    if marking is None:
        return clip
    waves = marking.blocks(_blocks_of(clip), sample_rate)
    return replace(clip, wave=waves, origin={**clip.origin, **marking.origin()})


def _blocks_of(clip: OutputClip) -> Iterable[np.ndarray]:
    return [clip.wave] if isinstance(clip.wave, np.ndarray) else clip.wave


def _write_clip(clip: OutputClip, sample_rate: int, out: Path, hidden: Path, format: str) -> MadeFile:
    """Write a clip into the hidden folder; raise BadFolder if ``out`` has a file of its name with another origin."""
    name = f"{clip.stem}.{format}"
    check_origin(out / name, clip.origin)
    subtype = "VORBIS" if format == "ogg" else "PCM_24"
    comment = json.dumps(dict(clip.origin))
    waves = CountedWaves(_blocks_of(clip))
    blocks = (Clip(wave, sample_rate) for wave in waves)
    path, tags = inside(hidden, name), {"comment": comment}
    clipping = ClippingMeter()
    write_blocks(path, blocks, subtype, tags, clip.expected_seconds, is_loop=clip.is_loop, clipping=clipping)
    warn_of_clipping(out / name, clipping, "take another seed, or lower the level of what it is made from")
    return MadeFile(
        path=out / name,
        seconds=samples_to_seconds(waves.n_samples, sample_rate),
        sample_rate=sample_rate,
        n_channels=waves.n_channels,
        by=_maker_of(clip.origin),
        details=clip.scores,
        origin=clip.origin,
    )


def check_origin(path: Path, origin: Mapping[str, object]) -> None:
    """Raise BadFolder if ``path`` exists and its clip has another origin."""
    if path.exists() and read_origin(path) != origin:
        raise BadFolder(
            f"{path} exists already and is another clip than the one that {_maker_of(origin)} makes; choose "
            "another folder with --out."
        )


def _maker_of(origin: Mapping[str, object]) -> str:
    """Return the model with its hash, or the procedure, that an origin names."""
    return f"{origin['model']} ({origin['model_hash']})" if "model" in origin else str(origin["procedure"])
