"""Remove the echo of a loudspeaker from a recording of a microphone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from ..audio.sound_file import open_sound
from ..base.parameters import NAMES_MODEL, Quiet, Writes
from ..base.progress_bar import progress_bar
from ..base.task_parameters import checked
from ..base.whole_file import check_target
from ..contracts.enhancement import EchoCanceller
from ..contracts.runtime import model_text
from ..dsp.echo import EchoSettings
from ..families import loading
from ..inference.enhancement.echo import LinearCanceller, check_recordings, without_echo
from ..inference.enhancement.files import lost_above
from ..outputs.carried_metadata import carried_with
from ..outputs.made import Made
from ..outputs.made_file import file_beside, keep_or_make

LINEAR_RATE = 16_000
DEFAULT_MODEL = "echo-16k"


@checked
def cancel_echo(
    mic: Annotated[Path, Field(description="Recording of the microphone.")],
    far: Annotated[Path, Field(description="What the loudspeaker played: the far end, started at the same time.")],
    out: Annotated[
        Path | None, Field(description="File to write; default: <mic>-echo-free beside it."), Writes(".wav", like="mic")
    ] = None,
    linear: Annotated[bool, Field(description="Only subtract the echo by a linear filter, without a model.")] = False,
    model: Annotated[
        str, Field(description="Name of a model that removes echo, or the path of its folder."), NAMES_MODEL
    ] = DEFAULT_MODEL,
    unchecked: Annotated[bool, Field(description="Do not check that the two recordings belong together.")] = False,
    quiet: Quiet = False,
) -> Made:
    """Remove from a microphone the echo of a loudspeaker, of any length, sample rate and channels.

    The delay of the echo is searched, up to 0.64 s, and followed. A Kalman filter subtracts the echo, and a network
    removes what it leaves, such as that of a distorting loudspeaker. The far end is mixed to mono; it may be shorter or
    longer than the microphone. Called again, a file that is up to date is kept.

    Raises BadAudio if a sound cannot be read, or the recordings are swapped, too far apart or do not belong together;
    BadModel if the model does not exist, removes no echo or is damaged; BadSetting or BadFolder if the file cannot be
    written.
    """
    sound, far_sound = open_sound(mic), open_sound(far)
    header = sound.header
    target = out or file_beside(mic, "echo-free")
    check_target(target, mic, far)
    maker: EchoCanceller | LinearCanceller
    maker = LinearCanceller(LINEAR_RATE) if linear else loading.load_echo_canceller(model)
    settings = EchoSettings()
    max_delay_seconds = settings.max_delay_blocks * settings.block_length / LINEAR_RATE
    note = None if unchecked else check_recordings(sound, far_sound, max_delay_seconds)
    model_name = "linear" if isinstance(maker, LinearCanceller) else maker.name
    model_hash = "Kalman filter" if isinstance(maker, LinearCanceller) else maker.folder.hash
    origin = {
        "model": model_name,
        "model_hash": model_hash,
        "source": mic.name,
        "source_hash": sound.hash,
        "far": far.name,
        "far_hash": far_sound.hash,
    }
    with progress_bar(f"removing echo from {mic.name}", header.seconds, quiet) as show:
        made = keep_or_make(
            sound,
            target,
            carried_with(origin, sound),
            lambda blocks: without_echo(blocks(), far_sound, header, maker),
            by=model_text(model_name, model_hash),
            show=show,
        )
    notes = () if note is None else (note,)
    return Made.of(lost_above(maker.sample_rate / 2, made), notes=notes, details={"far": far})
