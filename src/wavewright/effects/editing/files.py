"""Edit sound files by a chain: the result names the chain in its comment, and the original stays unchanged."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

import numpy as np

from ...audio.clip import Clip, describe_audio, warn_of_left_out, write_blocks
from ...audio.notebook import files_html
from ...audio.sound_file import TAGS, AudioHeader, OpenSound, SoundSource, open_sound
from ...audio.video_file import is_video, replace_sound
from ...audio.wave_blocks import ClippedSamples, ClippingMeter
from ...base.errors import BadAudio, BadSetting
from ...base.file_hash import short_hash_of
from ...base.json_text import parse
from ...base.version import __version__
from ...base.whole_file import check_target
from ...outputs.converted_folder import Conversion, ConvertedFolder, ConvertFile, subtype_like
from .. import MakeLoop
from .carried_metadata import MAX_COMMENT_LENGTH, Carried, carried
from .chain import Chain, SoundFormat, step_text

BLOCK_SECONDS = 1.0
LENGTH_TOLERANCE_SECONDS = 0.05  # of videos
AGAINST_CLIPPING = "lower the gain, end the chain with limit or normalise, or write a .wav file with --subtype FLOAT"


@dataclass(frozen=True)
class Edit:
    """A chain, the tags that it writes, and the subtype of the files (that of the source by default).

    ``keeps_tags`` says whether the tags of the source are written too.
    """

    chain: Chain
    tags: Mapping[str, str] = field(default_factory=dict)
    subtype: str | None = None
    keeps_tags: bool = True

    def files(self) -> list[Path]:
        """Return the files that the chain brings in."""
        values = [getattr(effect, each.name) for effect in self.chain.effects for each in fields(effect)]
        return [value for value in values if isinstance(value, Path)]

    def metadata(self, source: OpenSound, formats: Sequence[SoundFormat]) -> Carried:
        """Return the metadata of an edited file: that of the source, the edit's tags, and a comment with the chain.

        ``formats`` are those before the first effect and after each. Markers and loop points move with the sound.
        """
        origin: dict[str, object] = {"edit": str(self.chain), "source": source.path.name, "source_hash": source.hash}
        kept = carried(source.metadata, self.chain.effects, formats)
        if not self.keeps_tags:
            kept = Carried(replace(kept.metadata, fields=(), pictures=(), parts=()), ())
        comment = self._comment(origin, source, kept.metadata.tags.get("comment", ""))
        return replace(kept, metadata=kept.metadata.with_tags({**self.tags, "comment": comment}))

    def _comment(self, origin: dict[str, object], source: OpenSound, comment: str) -> str:
        """Return what the comment says: the chain, the source, and the source's own comment."""
        origin["wavewright"] = __version__
        if hashes := {path.name: short_hash_of(path) for path in self.files()}:
            origin["files"] = hashes
        if comment:
            origin["source_comment"] = source.origin or comment
        if len(json.dumps(origin)) > MAX_COMMENT_LENGTH:
            origin["edit"] = "; ".join(map(step_text, self.chain.effects))  # the defaults follow from the version
        for optional in ("source_comment", "files"):
            if len(json.dumps(origin)) > MAX_COMMENT_LENGTH:
                origin.pop(optional, None)
        return json.dumps(origin)


@dataclass(frozen=True, kw_only=True)
class EditedFile:
    """An edited sound file; ``is_new`` unless it existed before, made in the same way of the same sound.

    ``clipped`` are the samples beyond full scale that the format of the file cannot hold; ``warnings`` are sentences on
    what effects left out. A file that was kept has neither.
    """

    out: Path
    file: Path
    chain: str
    seconds: float
    sample_rate: int
    n_channels: int
    is_new: bool = True
    clipped: ClippedSamples | None = None
    warnings: tuple[str, ...] = ()

    @property
    def sound_files(self) -> tuple[Path, ...]:
        """The sound files that were written."""
        return (self.out,)

    def _repr_html_(self) -> str:
        """Return players and the text for notebooks."""
        return files_html(self.sound_files, self)

    def __str__(self) -> str:
        """Return the file and its format."""
        note = "" if self.is_new else " (kept, it is up to date)"
        line = f"{self.out}: {describe_audio(self.seconds, self.sample_rate, self.n_channels)}{note}"
        return f"{line}\n{self.details}" if self.details else line

    @property
    def details(self) -> str:
        """The warnings, and one of clipped samples, if there are any."""
        clipped = [self.clipped.warning(AGAINST_CLIPPING)] if self.clipped else []
        return "\n".join([*self.warnings, *clipped])


def check_edit(source: OpenSound, edit: Edit, out: Path) -> list[SoundFormat]:
    """Check that a file can be edited, without decoding it; return its format, and that after each effect.

    Raises
    ------
    BadAudio, BadSetting, BadFolder
        If the source cannot be read, the chain does not fit it, or ``out`` is one of the files that are read.
    """
    check_target(out)
    for path in (source.path, *edit.files()):
        if out.exists() and path.exists() and out.samefile(path):
            raise BadSetting(f"{out} is read by the edit and is never replaced; give another file with --out.")
    formats = _formats(source.header, edit.chain)
    if is_video(out):
        before, after = formats[0].seconds, formats[-1].seconds
        if before is not None and (after is None or abs(after - before) > LENGTH_TOLERANCE_SECONDS):
            raise BadSetting(f"The chain changes the length of the sound, and {out} keeps its picture; edit it apart.")
    return formats


def edit_file(
    source: SoundSource, edit: Edit, out: Path, show: Callable[[float], object] = lambda _: None
) -> EditedFile:
    """Edit a sound file of any length, in bounded memory; a file that is up to date is kept.

    Parameters
    ----------
    source : Path or OpenSound
        The file.
    out : Path
        The file to write; of a video, the images are copied.
    edit : Edit
        The chain and the tags.
    show : callable
        Called with the seconds that have been read, over all passes.

    Raises
    ------
    BadAudio, BadSetting, BadFolder
        As :func:`check_edit`, and where decoding or writing fails; then nothing is written.
    """
    sound = open_sound(source)
    formats = check_edit(sound, edit, out)
    last, header = formats[-1], sound.header
    kept = edit.metadata(sound, formats)
    is_new = not _is_up_to_date(out, kept.metadata.tags)
    clipping, warnings = ClippingMeter(), list[str]()
    if is_new:
        n_read = 0

        def blocks() -> Iterator[np.ndarray]:
            nonlocal n_read
            for block in sound.blocks(BLOCK_SECONDS):
                yield block
                n_read += block.shape[1]
                show(n_read / header.sample_rate)

        waves = edit.chain.process(blocks, header.sample_rate, header.n_channels, warnings.append)
        clips = _clips(waves, last.sample_rate, sound.path)
        if is_video(out):
            replace_sound(sound.path, out, clips, clipping)
        else:
            subtype = edit.subtype or subtype_like(header, out)
            is_loop = isinstance(edit.chain.effects[-1], MakeLoop)
            left_out = [*kept.left_out]
            write_blocks(
                out,
                clips,
                subtype,
                kept.metadata,
                last.seconds,
                is_loop=is_loop,
                clipping=clipping,
                left_out=left_out,
            )
            warn_of_left_out(out, left_out)
    written = open_sound(out).header
    return EditedFile(
        out=out,
        file=sound.path,
        chain=str(edit.chain),
        seconds=written.seconds or 0.0,
        sample_rate=written.sample_rate,
        n_channels=written.n_channels,
        is_new=is_new,
        clipped=clipping.result(),
        warnings=tuple(warnings),
    )


def _clips(waves: Iterator[np.ndarray], sample_rate: int, source: Path) -> Iterator[Clip]:
    """Yield waves as clips; raise BadAudio if there is no sample."""
    n_samples = 0
    for wave in waves:
        n_samples += wave.shape[1]
        yield Clip(wave, sample_rate)
    if not n_samples:
        raise BadAudio(f"The chain leaves nothing of {source}, so nothing was written; check its first steps.")


def _formats(header: AudioHeader, chain: Chain) -> list[SoundFormat]:
    source = SoundFormat(header.sample_rate, header.n_channels, header.seconds)
    return [source, *chain.formats(source)]


def _is_up_to_date(out: Path, metadata: Mapping[str, str]) -> bool:
    """Return True for a file with these tags, made by the same edit of the same sound."""
    if not out.is_file() or is_video(out):
        return False
    try:
        sound = open_sound(out)
        if sound.origin != parse(metadata["comment"]):
            return False
    except BadAudio:
        return False
    written = sound.tags
    names = {*written, *metadata} & {*TAGS}
    return all(written.get(name, "") == metadata.get(name, "") for name in names - {"software"})


@dataclass(frozen=True)
class FolderEdit(Conversion[EditedFile]):
    """The edit of all files of a folder."""

    edit: Edit
    verbs = ("editing", "edited")

    def begin(self) -> ConvertFile[EditedFile]:
        """Return the function that edits a file."""
        return lambda source, out: edit_file(source, self.edit, out)

    def unnamed_origin(self, file: EditedFile) -> dict[str, object]:
        """Return the chain and the name of the source."""
        return {"edit": file.chain, "source": file.file.name}


EditedFolder = ConvertedFolder[EditedFile]
"""The edited files of a folder."""
