"""A sound file that is made of another one: kept if it is up to date, else written whole, with what its source has."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np

from ..audio.clip import BITS, FINEST, UNCLIPPED, Clip, suffix_like, warn_of_left_out, write_blocks
from ..audio.file_formats.metadata import TAGS, SoundMetadata, plain
from ..audio.file_kind import is_video
from ..audio.sound_file import AudioHeader, OpenSound, open_sound
from ..audio.wave_blocks import LOWER_FIRST, ClippingMeter
from ..base.errors import BadAudio, BadSetting
from ..base.json_text import JsonValue, parse
from ..base.names import file_stem
from ..base.whole_file import check_target, new_target
from .made import MadeFile, sound_file

BLOCK_SECONDS = 10.0
ALAC_SUBTYPES = {"ALAC_16": "PCM_16", "ALAC_24": "PCM_24"}
"""Subtypes of lossless M4A files, and those of the same bits in other files."""

Process: TypeAlias = Callable[[Callable[[], Iterator[np.ndarray]]], Iterable[np.ndarray]]
"""Makes blocks ``(channels, time)`` of those of the source, which each call of its argument reads once more."""


@dataclass(frozen=True)
class Carried:
    """The metadata of a file that is made of another one, whose comment says how, and what of the source's it lacks."""

    metadata: SoundMetadata
    left_out: tuple[str, ...] = ()

    @property
    def origin(self) -> JsonValue:
        """The contents of the comment."""
        return parse(self.metadata.tags["comment"])

    def with_comment(self, origin: Mapping[str, object]) -> Carried:
        """Return the same with a comment that says what made the file; the source's is left out unless it holds it.

        It holds the language of the source's, too, as ``eng``.
        """
        comments = [name for name, text in self.metadata.fields if plain(name, text)[0].lower() == "comment"]
        lost = ("the tag 'comment'",) if comments and "source_comment" not in origin else ()
        languages = [name.partition(":")[2].rstrip(":") for name in comments if ":" in name]
        if languages and not lost:
            origin = {**origin, "source_comment_language": ", ".join(languages)}
        return Carried(self.metadata.with_tags({"comment": json.dumps(origin)}), (*self.left_out, *lost))


def file_beside(source: Path, done: str) -> Path:
    """Return the default name of a file that is made of another one: beside it, of its kind where that is written."""
    return source.with_name(f"{source.stem}-{done}{source.suffix if is_video(source) else suffix_like(source)}")


def new_sound(path: Path, made_of: Mapping[str, str]) -> Path:
    """Return the path of a sound file as `new_target`; it may replace one that was made of the same, by its comment."""
    try:
        return path if made_of.items() <= open_sound(path).origin.items() else new_target(path)
    except BadAudio:  # also if there is none
        return new_target(path)


def file_of_format(
    source: Path, out: Path | None, format: str | None, kind: str, suffixes: Sequence[str], usual: str
) -> Path:
    """Return the file to write of another one: ``out``, or one of its name with a format, or with the ``usual`` one.

    Raises BadFolder as `check_target` and `new_target`; BadSetting for an ending that no file of the ``kind`` has, or
    another format.
    """
    target = new_target(Path(f"{file_stem(source.stem)}.{format or usual}")) if out is None else out
    check_target(target)
    suffix = target.suffix.lower()
    if suffix not in suffixes:
        raise BadSetting(f"{target} is no {kind}; its name must end with {', '.join(suffixes)}.")
    if format is not None and suffix != f".{format}":
        raise BadSetting(f"--format is {format}, and --out is {target}; give one of them, or the same format.")
    return target


def keep_or_make(
    sound: OpenSound,
    out: Path,
    carried: Carried,
    process: Process,
    *,
    sample_rate: int | None = None,
    seconds: float | None = None,
    subtype: str | None = None,
    is_loop: bool = False,
    has_same_tags: bool = False,
    block_seconds: float = BLOCK_SECONDS,
    by: str = "",
    against_clipping: str = LOWER_FIRST,
    show: Callable[[float], object] = lambda _: None,
) -> MadeFile:
    """Make a sound file of another one of any length, in bounded memory, whole or not at all, unless it is up to date.

    Of a video, whose copy cannot say what made it, the sound is replaced every time and the rest is copied.

    Raises BadAudio, BadSetting or WavewrightError if the source cannot be decoded, or ``out`` cannot be written.

    Parameters
    ----------
    sound, out
        The source, and the file to write, which is up to date if its comment is that of ``carried``.
    carried
        The metadata; the comment says in JSON what the file is made of, and how.
    process
        How it is made.
    sample_rate, seconds
        Of what ``process`` makes; by default those of the source. In Hz; the length need not be exact.
    subtype
        By default that of the source, if the format of ``out`` has it.
    is_loop
        The sound is a seamless loop.
    has_same_tags
        A file whose other tags differ is not up to date either.
    block_seconds
        Length of the blocks that ``process`` gets.
    by
        What makes it, for the result.
    against_clipping
        Advice where samples exceed full scale.
    show
        Called with the seconds that have been read, over all passes.
    """
    header, clipping, n_read = sound.header, ClippingMeter(), 0

    def blocks() -> Iterator[np.ndarray]:
        nonlocal n_read
        for block in sound.blocks(block_seconds):
            n_read += block.shape[1]
            show(n_read / header.sample_rate)
            yield block

    kept = _up_to_date(out, carried.metadata.tags, has_same_tags)
    written = None if kept is None else kept.header
    if kept is None:
        clips = (Clip(wave, sample_rate or header.sample_rate) for wave in process(blocks))
        if is_video(out):
            from ..audio.video_file import replace_sound

            replace_sound(sound.path, out, clips, clipping)
        else:
            left_out = [*carried.left_out]
            subtype_of_source = subtype_like(header, out)
            if subtype is None and subtype_of_source == FINEST and header.subtype in ("PCM_32", "FLOAT", "DOUBLE"):
                left_out.append(f"bits of its samples beyond {BITS[FINEST]}")
            written = write_blocks(
                out,
                clips,
                subtype or subtype_of_source,
                carried.metadata,
                header.seconds if sample_rate is None else seconds,
                is_loop=is_loop,
                clipping=clipping,
                left_out=left_out,
            )
            warn_of_left_out(out, left_out)
    clipped = clipping.result()
    return replace(
        sound_file(out, written),
        source=sound.path,
        by=by,
        is_new=kept is None,
        notes=(clipped.warning(against_clipping),) if clipped else (),
        details={"clipped": clipped} if clipped else {},
        origin=carried.origin,
    )


def _up_to_date(out: Path, wanted: dict[str, str], has_same_tags: bool) -> OpenSound | None:
    """Return a file whose comment, and other tags if they matter, are those that are wanted."""
    if is_video(out) or not out.is_file():
        return None
    try:
        there = open_sound(out)
        tags, is_same = there.tags, there.origin == parse(wanted["comment"])
    except BadAudio:
        return None
    names = {*tags, *wanted} & {*TAGS} - {"software"} if has_same_tags else ()
    return there if is_same and all(tags.get(name, "") == wanted.get(name, "") for name in names) else None


def subtype_like(header: AudioHeader, out: Path) -> str | None:
    """Return the subtype of a source if the format of ``out`` has it, else None for the usual one."""
    is_pcm = header.subtype in BITS or header.subtype in UNCLIPPED
    suffix = out.suffix.lower()
    if header.subtype in ALAC_SUBTYPES:
        subtypes = {".m4a": header.subtype, ".m4b": header.subtype, ".ogg": None, ".opus": None, ".mp3": None}
        return subtypes.get(suffix, ALAC_SUBTYPES[header.subtype])
    if not is_pcm or suffix not in (".wav", ".flac", ".aiff", ".aif"):
        return None
    if suffix == ".flac" and header.subtype not in ("PCM_S8", "PCM_16", "PCM_24"):
        return "PCM_24" if header.subtype in (*UNCLIPPED, "PCM_32") else None
    return None if header.subtype in ("PCM_S8", "PCM_U8") else header.subtype
