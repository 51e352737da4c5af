"""Remove noise and reverberation from recordings: a file, a folder or a stream."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

from pydantic import Field

from ..audio.sound_file import open_sound
from ..base.byte_stream import is_stream
from ..base.parameters import NAMES_MODEL, OF_FILES, STANDARD_STREAM, InForm, Quiet, Workers, WritesSounds
from ..base.progress_bar import progress_bar
from ..base.task_parameters import checked
from ..base.whole_file import check_target
from ..contracts.enhancement import MAX_ATTENUATION_DB, USUAL_ATTENUATION_DB, EnhancementSettings
from ..inference.enhancement.files import Enhancement, Processors, begin_enhancing, enhance_file
from ..outputs.made import Made
from ..outputs.made_file import file_beside

if TYPE_CHECKING:
    from ..audio.pcm import PcmStream

RAW_SAMPLE_RATE = 16_000
DEREVERB_ATTENUATION_DB = 12.0  # more would remove speech together with late reverberation


@checked
def enhance(
    source: Annotated[Path, Field(description="Sound file, folder, or - for standard input.")],
    out: Annotated[
        Path | None,
        Field(description="File or folder to write; default: <name>-enhanced beside it, or standard output for -."),
        WritesSounds(".wav", like="source"),
    ] = None,
    denoise: Annotated[
        bool,
        Field(description="Remove noise; the default without --dereverb, and with --max-attenuation-db or --model."),
    ] = False,
    dereverb: Annotated[
        bool, Field(description="Remove reverberation, by WPE; with --denoise by WPE and the model.")
    ] = False,
    max_attenuation_db: Annotated[
        float | None,
        Field(
            description="Largest attenuation by the model in dB, 120 for no limit; default: 24, and up to 40 where "
            "noise is loud, with --dereverb 12.",
            ge=0,
            le=MAX_ATTENUATION_DB,
        ),
        InForm(step=1, high=60, start=USUAL_ATTENUATION_DB),
    ] = None,
    mix: Annotated[
        float,
        Field(description="Fraction of the enhanced sound; the rest is as it was.", ge=0, le=1),
        InForm(step=0.05),
    ] = 1.0,
    model: Annotated[
        str | None,
        Field(
            description="Name of a denoiser, the path of its folder, or an ONNX file of another program; default: the "
            "bundled one of the file's rate."
        ),
        NAMES_MODEL,
    ] = None,
    separate: Annotated[
        bool, Field(description="Enhance each channel by itself; by default all share a mask, so the image stays.")
    ] = False,
    report: Annotated[
        bool, Field(description="Plot the sound before and after to <name>-report.png, and print levels."), OF_FILES
    ] = False,
    workers: Workers = 0,
    quiet: Quiet = False,
) -> Made:
    """Remove noise and reverberation from speech of any length, sample rate and number of channels.

    A model removes noise. ``dereverb`` predicts late reverberation from the past and subtracts it (WPE); alone it uses
    no model and leaves noise as it is; with ``denoise``, a limit or a model, that then attenuates both by 12 dB or the
    limit. The sound stays in time, and has as many samples. Of a folder, all sound files are enhanced, those in its
    folders too; called again, what is up to date is kept. Standard input is 16-bit audio, raw mono at 16 kHz or WAV,
    and is enhanced as it arrives, to standard output in the same form; nothing is returned.

    Raises BadAudio if a sound cannot be read; BadModel if the model does not exist, enhances nothing or is damaged;
    BadFolder if files cannot be written, or a folder contains no sound; MissingExtra if a report is asked for, and
    matplotlib is not installed.
    """
    streams = is_stream(source, out)
    chosen = enhancement_of(denoise, dereverb, max_attenuation_db, mix, model, separate, streams)
    enhancement = replace(chosen, with_report=report)
    if streams:
        enhance_stream(sys.stdin.buffer, sys.stdout.buffer, enhancement)
        return Made(out=STANDARD_STREAM)
    if source.is_dir():
        from ..data.folder import table_of
        from ..outputs.converted_folder import convert_folder  # with its processes, slow to import

        begin = partial(begin_enhancing, enhancement)
        return convert_folder(source, out, begin, "enhancing", "enhanced", workers, quiet, table=table_of(source))
    sound = open_sound(source)
    target = out or file_beside(source, "enhanced")
    check_target(target, source)
    if report:
        from ..inference.enhancement.report import plot_path  # slow to import
        from ..plots import check_drawable

        check_drawable(plot_path(target))
    with progress_bar(f"enhancing {source.name}", sound.header.seconds, quiet) as show:
        return Made.of(enhance_file(sound, target, Processors(enhancement), show))


def enhancement_of(
    denoise: bool = False,
    dereverb: bool = False,
    max_attenuation_db: float | None = None,
    mix: float = 1.0,
    model: str | None = None,
    separate: bool = False,
    is_stream: bool = True,
) -> Enhancement:
    """Return the settings that parameters of `enhance` stand for, without a report."""
    uses_model = denoise or not dereverb or max_attenuation_db is not None or model is not None
    if max_attenuation_db is None and dereverb:
        max_attenuation_db = DEREVERB_ATTENUATION_DB
    settings = EnhancementSettings(dereverb, max_attenuation_db, mix, is_linked=not separate)
    uses_wpe = dereverb and not (is_stream and uses_model)  # WPE would delay a stream by half a minute
    return Enhancement(model, uses_wpe, uses_model, False, settings)


def enhance_stream(source: BinaryIO, sink: BinaryIO, enhancement: Enhancement) -> None:
    """Enhance 16-bit audio as it arrives; Ctrl-C ends the audio, not the stream.

    Raises BadAudio if the source cannot be read; BadModel if the model does not exist or is damaged.

    Parameters
    ----------
    source
        Raw mono samples at 16 kHz, or a WAV file; see :func:`.pcm.read_pcm`.
    sink
        Where as many samples are written to, raw or as a WAV file as they came.
    enhancement
        How it is enhanced.
    """
    from ..audio.pcm import process_pcm  # of streams alone

    processors = Processors(enhancement)

    def process(audio: PcmStream) -> PcmStream:
        processor = processors.of(audio.sample_rate)
        return replace(audio, waves=processor.process_blocks(audio.waves, audio.sample_rate, audio.n_channels))

    process_pcm(source, sink, RAW_SAMPLE_RATE, process)
