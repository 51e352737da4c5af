"""Edit recordings by a chain of effects: a file, a folder or a stream."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

from pydantic import Field

from ..audio.clip import describe_audio
from ..audio.file_formats.metadata import TAGS
from ..audio.pcm import PcmStream, process_pcm
from ..audio.sound_file import SoundFormat, open_sound
from ..base.byte_stream import is_stream
from ..base.errors import BadSetting
from ..base.names import quoted
from ..base.parameters import DRY_RUN, FREE_TEXT, OF_FILES, STANDARD_STREAM, Quiet, Workers, WritesSounds
from ..base.progress_bar import progress_bar
from ..base.rules import OneOf
from ..base.task_parameters import checked
from ..effects.editing.chain import Chain, step_text
from ..effects.editing.files import Edit, begin_editing, check_edit, edit_file
from ..effects.effect import TwoPassEffect
from ..outputs.made import Made
from ..outputs.made_file import file_beside

RAW_SAMPLE_RATE = 16_000


@checked
def edit(
    source: Annotated[Path, Field(description="Sound file, folder, or - for standard input.")],
    out: Annotated[
        Path | None,
        Field(description="File or folder to write; default: <name>-edited beside it, or standard output for -."),
        WritesSounds(".wav", like="source"),
    ] = None,
    do: Annotated[
        str | None,
        Field(description="The chain, such as 'highpass 80Hz; loudness -16LUFS; limit -1dBTP'."),
        FREE_TEXT,
        OneOf("chain"),
    ] = None,
    chain: Annotated[Path | None, Field(description="Text file with the chain, a step on each line.")] = None,
    tag: Annotated[
        tuple[str, ...],
        Field(description="Write a tag: title=My song; several times, also for several texts of one tag."),
        FREE_TEXT,
        OF_FILES,
    ] = (),
    no_tags: Annotated[bool, Field(description="Leave out the tags of the source.")] = False,
    subtype: Annotated[
        str | None, Field(description="Bits of a sample, such as PCM_24 or FLOAT; default: as the source."), OF_FILES
    ] = None,
    dry_run: Annotated[bool, Field(description="Check the chain and show the plan; write nothing."), DRY_RUN] = False,
    workers: Workers = 0,
    quiet: Quiet = False,
) -> Made:
    """Edit sound files by a chain of effects.

    The chain is checked before anything is read. The original is never changed; the result says in its comment what
    was done. Of a folder, all sound files are edited, those in its folders too; called again, what is up to date is
    kept. Standard input is 16-bit audio, raw mono at 16 kHz or WAV, and is edited as it arrives; nothing is returned.

    Raises BadSetting if the chain is none or does not fit the sound; BadAudio if a sound cannot be read; BadFolder if
    files cannot be written, or a folder contains no sound.
    """
    steps = Chain.parse(do or "") if chain is None else Chain.read(chain)
    work = Edit(steps, tags_of(tag), subtype, not no_tags)
    if is_stream(source, out):
        _edit_stream(work)
        return Made(out=STANDARD_STREAM)
    if source.is_dir() and not dry_run:
        from ..data.folder import table_of
        from ..outputs.converted_folder import convert_folder  # with its processes, slow to import

        begin = partial(begin_editing, work)
        return convert_folder(source, out, begin, "editing", "edited", workers, quiet, table=table_of(source))
    if source.is_dir():
        raise BadSetting(f"{source} is a folder; give one of its files to see the plan of the chain.")
    sound = open_sound(source)
    header = sound.header
    target = out or file_beside(source, "edited")
    formats = check_edit(sound, work, target)
    if dry_run:
        return _plan(target, work.chain, formats)
    seconds = None if header.seconds is None else header.seconds * work.chain.n_passes
    with progress_bar(f"editing {source.name}", seconds, quiet) as show:
        return Made.of(edit_file(sound, work, target, show))


def _plan(out: Path, chain: Chain, formats: Sequence[SoundFormat]) -> Made:
    """Return the steps of an edit with the format after each; nothing has been decoded or written."""
    names = ("as it is", *(step_text(effect, is_complete=True) for effect in chain.effects))
    steps = [{"step": name, **vars(after)} for name, after in zip(names, formats, strict=True)]
    lines = [f"To {out}, in {chain.n_passes} {'pass' if chain.n_passes == 1 else 'passes'}"]
    for number, (name, after) in enumerate(zip(names, formats, strict=True)):
        size = describe_audio(after.seconds or 0.0, after.sample_rate, after.n_channels)
        shown = size if after.seconds is not None else f"length depends on the sound, {size.split(', ', 1)[1]}"
        lines.append(f"{number:3d}  {shown}: {name}")
    return Made(out=out, details={"n_passes": chain.n_passes, "steps": steps}, lines=tuple(lines))


def tags_of(texts: tuple[str, ...]) -> dict[str, str]:
    """Return tags by name; raise BadSetting for an unknown one."""
    tags: dict[str, str] = {}
    for text in texts:
        name, separator, value = text.partition("=")
        if not separator or name not in TAGS or name == "comment":
            known = ", ".join(each for each in TAGS if each != "comment")
            raise BadSetting(f"--tag is {quoted(text)}; write name=text, where the name is one of {known}.")
        tags[name] = f"{tags[name]}\0{value}" if name in tags else value
    return tags


def _edit_stream(work: Edit) -> None:
    """Edit 16-bit audio from standard input as it arrives."""
    if work.chain.n_passes > 1:
        whole = next(effect for effect in work.chain.effects if isinstance(effect, TwoPassEffect))
        raise BadSetting(f"'{step_text(whole)}' needs the whole sound, which a stream never has; edit a file instead.")

    def process(audio: PcmStream) -> PcmStream:
        last = work.chain.formats(audio.format)[-1]
        mask = audio.mask if last.n_channels == audio.n_channels else 0
        waves = work.chain.process_blocks(audio.waves, audio.format)
        return PcmStream(last.sample_rate, last.n_channels, waves, audio.is_wav, mask)

    process_pcm(sys.stdin.buffer, sys.stdout.buffer, RAW_SAMPLE_RATE, process)
