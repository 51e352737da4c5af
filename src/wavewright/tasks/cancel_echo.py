"""Remove the echo of a loudspeaker from a recording of a microphone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from ..audio.clip import Clip, describe_audio, suffix_like, write_blocks
from ..audio.sound_file import open_sound
from ..audio.wave_blocks import LOWER_FIRST, ClippedSamples, ClippingMeter, CountedWaves
from ..base.errors import BadSetting
from ..base.parameters import NAMES_MODEL, Quiet, Writes
from ..base.progress_bar import progress_bar
from ..base.whole_file import check_target
from ..contracts.enhancement import EchoCanceller
from ..contracts.model_results import ConvertedFile
from ..dsp.echo import EchoSettings
from ..families import loading
from ..inference.enhancement.echo import LinearCanceller, check_recordings, without_echo
from . import checked

LINEAR_RATE = 16_000
BLOCK_SECONDS = 10.0
DEFAULT_MODEL = "echo-16k"


@dataclass(frozen=True, kw_only=True)
class EchoFree(ConvertedFile):
    """A recording without the echo of ``far``.

    Attributes
    ----------
    n_channels
        Channels of the recording.
    highest_hz
        Highest frequency that is left.
    note
        What is unusual about the recordings, or None.
    """

    far: Path
    n_channels: int
    highest_hz: float
    note: str | None = None
    clipped: ClippedSamples | None = None

    def __str__(self) -> str:
        """Return the file, its length, and notes."""
        lines = [f"{self.out}: {describe_audio(self.seconds, self.sample_rate, self.n_channels)} by {self.made_by}"]
        if self.highest_hz < self.sample_rate / 2:
            lines.append(
                f"What lay above {self.highest_hz:.0f} Hz is lost, since {self.model} has a lower sample rate."
            )
        warning = self.clipped.warning(LOWER_FIRST) if self.clipped else None
        return "\n".join([*lines, *filter(None, [self.note, warning])])


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
) -> EchoFree:
    """Remove from a microphone the echo of a loudspeaker, of any length, sample rate and channels.

    The delay of the echo is searched, up to 0.64 s, and followed. A Kalman filter subtracts the echo, and a network
    removes what it leaves, such as that of a distorting loudspeaker. The far end is mixed to mono; it may be shorter or
    longer than the microphone.

    Raises
    ------
    BadAudio
        If a sound cannot be read, or the recordings are swapped, too far apart or do not belong together.
    BadModel
        If the model does not exist, removes no echo or is damaged.
    BadSetting, BadFolder
        If the file cannot be written.
    """
    sound, far_sound = open_sound(mic), open_sound(far)
    header = sound.header
    target = mic.with_name(f"{mic.stem}-echo-free{suffix_like(mic)}") if out is None else out
    check_target(target)
    for path in (mic, far):
        if target.exists() and target.samefile(path):
            raise BadSetting(f"{target} is a recording itself, which is never replaced; give another file with --out.")
    maker: EchoCanceller | LinearCanceller
    maker = LinearCanceller(LINEAR_RATE) if linear else loading.load_echo_canceller(model)
    settings = EchoSettings()
    max_delay_seconds = settings.max_delay_blocks * settings.block_length / LINEAR_RATE
    note = None if unchecked else check_recordings(sound, far_sound, max_delay_seconds)
    with progress_bar(f"removing echo from {mic.name}", header.seconds, quiet) as show:
        waves = CountedWaves(sound.blocks(BLOCK_SECONDS), lambda n_samples: show(n_samples / header.sample_rate))
        processed = without_echo(waves, far_sound, header, maker)
        clipping = ClippingMeter()
        write_blocks(target, (Clip(wave, header.sample_rate) for wave in processed), clipping=clipping)
    return EchoFree(
        model="linear" if isinstance(maker, LinearCanceller) else maker.name,
        model_hash="Kalman filter" if isinstance(maker, LinearCanceller) else maker.folder.hash,
        out=target,
        file=mic,
        far=far,
        seconds=waves.n_samples / header.sample_rate,
        sample_rate=header.sample_rate,
        n_channels=header.n_channels,
        highest_hz=maker.sample_rate / 2,
        note=note,
        clipped=clipping.result(),
    )
