"""The commands ``play`` and ``live``: files and instruments through the sound output of this machine."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from ...base.errors import BadSetting
from ...base.parameters import PYTHON_ONLY, InstrumentName, Quiet
from ...base.result import Result
from ...base.task_parameters import checked
from ...base.units import db_to_gain
from ...music.engine import DRUM_CHANNEL, InstrumentEngine
from ...synth.banks import playable_instrument
from .devices import MidiInput, SoundOutput, SystemMidi, SystemOutput
from .performer import BlockPlayer, LivePerformer, is_score, playable_score, playable_sound, with_meter

SCORE_RATE_HZ = 48_000
WAIT_SECONDS = 0.2
WARM_UP_KEYS = (40, 60, 80)

Output = Annotated[SoundOutput | None, Field(description="Sound output; default: that of this machine."), PYTHON_ONLY]
Midi = Annotated[MidiInput | None, Field(description="MIDI input; default: that of this machine."), PYTHON_ONLY]
DeviceName = Annotated[str | None, Field(description="A part of the name of the sound output; default: the usual one.")]


@dataclass(frozen=True)
class Played(Result):
    """A sound that was played."""

    file: Path  # the sound or score
    seconds: float  # how much of it was played

    def __str__(self) -> str:
        return f"{self.file}: {self.seconds:.2f} s played"


@dataclass(frozen=True)
class Devices(Result):
    """Sound outputs and MIDI inputs of this machine, by name."""

    outputs: tuple[str, ...]
    inputs: tuple[str, ...]

    def __str__(self) -> str:
        outputs = [f"  {name}" for name in self.outputs] or ["  none"]
        inputs = [f"  {name}" for name in self.inputs] or ["  none"]
        return "\n".join(["Sound outputs:", *outputs, "MIDI inputs:", *inputs])


@dataclass(frozen=True)
class LiveSession(Result):
    """A session that has ended.

    - ``input``: the MIDI port.
    - ``latency_ms``: from a message to its sound: a block, and what the device reports.
    - ``n_notes``: notes that were played.
    - ``n_blocks``, ``n_late``: blocks, and those that took longer than they sound.
    - ``load_99``: time that a block took over the time that it sounds, 99th percentile.
    """

    input: str
    latency_ms: float
    n_notes: int
    n_blocks: int
    n_late: int
    load_99: float

    def __str__(self) -> str:
        late = f", {self.n_late} too late" if self.n_late else ""
        return (
            f"{self.n_notes} notes from {self.input}; latency {self.latency_ms:.1f} ms; {self.n_blocks} blocks{late}, "
            f"99 % of them in {100 * self.load_99:.0f} % of their time or less"
        )


@checked
def play(
    file: Annotated[Path, Field(description="Sound file, or score (MIDI, ABC, MusicXML).")],
    start: Annotated[float, Field(description="Where to start, in seconds.", ge=0)] = 0.0,
    end: Annotated[float | None, Field(description="Where to end, in seconds; default: the end.", gt=0)] = None,
    loop: Annotated[bool, Field(description="Repeat it until Ctrl-C.")] = False,
    instrument: InstrumentName = None,
    gain_db: Annotated[float, Field(description="Gain in dB.", ge=-60, le=24)] = 0.0,
    device: DeviceName = None,
    quiet: Quiet = False,
    output: Output = None,
) -> Played:
    """Play a sound file or a score.

    Ctrl-C ends it. Scores are played by a SoundFont, an SFZ file, a patch or a wave, as by `render`.

    Raises BadAudio, BadScore or BadSoundFont if the file or the instrument cannot be read; BadSetting if a time is
    outside the sound, or there is no such device; MissingExtra if the extra ``live`` is not installed.
    """
    gain = float(db_to_gain(gain_db))
    if is_score(file):
        sound = playable_score(file, playable_instrument(instrument, SCORE_RATE_HZ).open_engine, SCORE_RATE_HZ, gain)
    elif instrument is not None:
        raise BadSetting(f"{file} is a sound, and {instrument} plays scores; give a MIDI, ABC or MusicXML file.")
    else:
        sound = playable_sound(file)
    player = BlockPlayer(sound, start, end, loop)

    def fill(block: np.ndarray) -> bool:
        has_more = player.fill(block)
        if not is_score(file) and gain != 1.0:
            np.clip(block * np.float32(gain), -1.0, 1.0, out=block)
        return has_more

    devices = output or SystemOutput()
    with devices.opened(device, sound.sample_rate, sound.n_channels, 0, fill) as opened:
        if not quiet:
            print(f"playing {file}; Ctrl-C ends it", file=sys.stderr)
        _wait(opened.wait, None)
    return Played(file, player.n_played / sound.sample_rate)


@checked
def live(
    instrument: InstrumentName = None,
    program: Annotated[int, Field(description="Program of General MIDI at the start, 0 to 127.", ge=0, le=127)] = 0,
    midi: Annotated[str | None, Field(description="A part of the name of the MIDI input; default: the first.")] = None,
    device: DeviceName = None,
    channel: Annotated[
        int | None, Field(description="Play all messages on this MIDI channel, 1 to 16, but drums.", ge=1, le=16)
    ] = None,
    sample_rate: Annotated[int, Field(description="Sample rate in Hz.", ge=8_000, le=192_000)] = 48_000,
    block: Annotated[int, Field(description="Samples of a block; fewer give less latency.", ge=16, le=4_096)] = 128,
    gain_db: Annotated[float, Field(description="Gain in dB.", ge=-60, le=24)] = 0.0,
    seconds: Annotated[float | None, Field(description="End after so long; default: at Ctrl-C.", gt=0)] = None,
    list_: Annotated[bool, Field(description="List the devices.")] = False,
    quiet: Quiet = False,
    output: Output = None,
    input_: Midi = None,
) -> LiveSession | Devices:
    """Play an instrument live: MIDI in, sound out.

    The latency is printed. Without a MIDI port, one is opened that other programs connect to.

    Raises BadSoundFont if the SoundFont or SFZ file cannot be read; BadSetting if the instrument does not exist, or
    there is no such device; MissingExtra if the extra ``live`` is not installed.
    """
    outputs, inputs = output or SystemOutput(), input_ or SystemMidi()
    if list_:
        return Devices(tuple(outputs.names()), tuple(inputs.names()))
    engine = playable_instrument(instrument, sample_rate).open_engine()
    _warm_up(engine, block)
    for number in range(16):
        engine.program(number, 0, program if number != DRUM_CHANNEL else 0)
    if instrument is not None and not quiet:
        print(f"reading {instrument}", file=sys.stderr)
    for number in (0, DRUM_CHANNEL):
        engine.load(number)
    performer = LivePerformer(engine, float(db_to_gain(gain_db)), None if channel is None else channel - 1)
    times: list[float] = []
    fill = with_meter(performer.fill, times)
    with outputs.opened(device, sample_rate, 2, block, fill) as opened, inputs.opened(midi, performer.receive) as name:
        latency_ms = 1_000.0 * (block / sample_rate + opened.latency_seconds)
        if not quiet:
            print(f"{name}: latency {latency_ms:.1f} ms; Ctrl-C ends it", file=sys.stderr)
        _wait(opened.wait, seconds)
    loads = np.array(times or [0.0]) * sample_rate / block
    n_late = int((loads > 1.0).sum())
    return LiveSession(name, latency_ms, performer.n_notes, len(times), n_late, float(np.percentile(loads, 99)))


def _wait(wait: Callable[[float], bool], seconds: float | None) -> None:
    """Wait for the end of the output, for Ctrl-C, or for some seconds."""
    left = seconds
    try:
        while (left is None or left > 0.0) and not wait(WAIT_SECONDS if left is None else min(left, WAIT_SECONDS)):
            left = None if left is None else left - WAIT_SECONDS
    except KeyboardInterrupt:
        return


def _warm_up(engine: InstrumentEngine, n_block: int) -> None:
    """Play a few notes that nobody hears, so that compiled loops are ready."""
    for key in WARM_UP_KEYS:
        engine.note_on(0, key, 80)
        engine.process(n_block)
        engine.note_off(0, key)
    engine.pitch_bend(0, 1)
    engine.process(n_block)
    engine.reset()
