"""Mix the lines of a dub with the original or its background, and write a sound file or a video."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from ..audio.clip import Clip
from ..audio.file_kind import is_video
from ..audio.sound_file import open_sound
from ..audio.video_file import replace_sound
from ..audio.video_tracks import VideoTracks
from ..audio.wave_blocks import ClippingMeter
from ..base.names import name_problem
from ..base.units import gain_to_db, seconds_to_samples
from ..base.whole_file import write_whole
from ..effects.dynamics import Ducker
from ..effects.editing.chain import Chain
from ..effects.mixing.files import files_of, mixed_file, write_mix
from ..effects.mixing.plan import MASTER, Duck, Fader, Mix, Placement, Strip
from ..effects.mixing.rendering import render_blocks
from ..effects.mixing.sources import FileSource
from ..effects.mixing.writing import project_text
from ..outputs.carried_metadata import carried_with, left_out_of_each
from ..outputs.made import Made, sound_file
from .drafting import relative
from .project import CastMember, DubLine, DubProject
from .speaking import line_file
from .timing import next_starts

DIALOGUE, ORIGINAL, BACKGROUND = "dialogue", "original", "background"
MIX_PROJECT = "mix.toml"
SAMPLE_RATE = 48_000
CEILING = "limit -1dBTP"
LEVEL_STEP_SECONDS = 0.01
MAX_LEVEL_DB = 6.0  # of a line from the usual one of the original
MAX_GAIN_DB = 24.0
FADE_OUT_SECONDS = 0.05  # of a line whose end is cut off
QUIET_DB = -60.0
START_DB = -40.0  # of the peak, from which on a line is audible
MAX_LEAD_SECONDS = 0.15  # of silence before a line that is left out


def mix_of(
    project: DubProject,
    source: Path | None,
    folder: Path,
    background: Path | None,
    end_seconds: float | None,
) -> Mix:
    """Return the mix of a dub.

    - ``source``: the original sound or video; None for subtitles alone.
    - ``folder``: of the sound files of the lines.
    - ``background``: replaces the original.
    - ``end_seconds``: end of the mix; None for that of the last line.

    Lines are as loud as the original is there, within MAX_LEVEL_DB of its usual level; without an original, as their
    voices are.
    """
    header = None if source is None else open_sound(source).header
    sample_rate, n_channels = (SAMPLE_RATE, 1) if header is None else (header.sample_rate, header.n_channels)
    lines = [line for line in project.lines if line.seconds is not None and line_file(folder, line).is_file()]
    gains = _gains(source, lines, folder) if source is not None else [0.0] * len(lines)
    limits = _limits(project, end_seconds)
    strips: dict[str, Strip] = {DIALOGUE: Strip(DIALOGUE, is_bus=True)}
    for number, (member, own) in enumerate(_by_member(project, lines, gains).items(), 1):
        placements = tuple(_placed(folder, line, gain, limits[line]) for line, gain in own)
        name, fader = _free_name(member, number, strips), Fader(member.gain_db, member.pan if n_channels == 2 else 0.0)
        strips[name] = Strip(name, placements, member.chain(folder.parent), fader=fader, output=DIALOGUE)
    bed = background or (source if project.original != "remove" else None)
    if bed is not None:
        ducks = background is None and project.original == "duck"
        duck = Duck(DIALOGUE, Ducker(depth_db=project.duck_db)) if ducks else None
        name = BACKGROUND if background else ORIGINAL
        strips[name] = Strip(name, (Placement(FileSource(bed)),), duck=duck)
    strips[MASTER] = Strip(MASTER, chain=Chain.parse(CEILING), output=None)
    mix = Mix(strips, sample_rate, n_channels, end_seconds)
    mix.check()
    return mix


def write_dubbed(
    mix: Mix,
    source: Path | None,
    out: Path,
    project_name: str,
    record: dict[str, object],
    tracks: VideoTracks,
    show: Callable[[float], object] = lambda _: None,
) -> Made:
    """Render a dub to a sound file, or to a copy of the video with the new sound.

    Raises BadSetting, BadAudio, BadFolder or MissingExtra as `write_mix` and `replace_sound` do.
    """
    if source is None:
        metadata = {"comment": json.dumps(record, ensure_ascii=False)}
        return write_mix(mix, out, project_name, metadata=metadata, show=show)
    if not is_video(out):
        kept = carried_with(record, open_sound(source))
        language = {"language": str(record["to"])} if "language" in kept.metadata.tags else {}
        left_out = (*kept.left_out, *left_out_of_each(file for file in files_of(mix) if file != source))
        tags = kept.metadata.with_tags(language)
        return write_mix(mix, out, project_name, metadata=tags, show=show, left_out=left_out)
    clipping = ClippingMeter()
    peak = 0.0
    n_rendered = 0

    def clips() -> Iterator[Clip]:
        nonlocal peak, n_rendered
        for block in render_blocks(mix):
            peak = max(peak, float(np.abs(block).max(initial=0.0)))
            n_rendered += block.shape[1]
            show(n_rendered / mix.sample_rate)
            yield Clip(block, mix.sample_rate)

    replace_sound(source, out, clips(), clipping, tracks)
    return mixed_file(sound_file(out), project_name, float(gain_to_db(max(peak, 1e-6))), clipping.result())


def _free_name(member: CastMember, number: int, strips: Mapping[str, Strip]) -> str:
    """Return the name of a speaker where it can be that of a track, else a number."""
    taken = {MASTER, ORIGINAL, BACKGROUND, *strips}
    is_free = name_problem(member.speaker, is_file=True) is None and member.speaker not in taken
    return member.speaker if is_free else f"voice {number}"


def write_mix_project(mix: Mix, folder: Path) -> None:
    """Write the mix of a dub as a project for `mix` into the folder of its lines."""
    write_whole(folder / MIX_PROJECT, project_text(mix, lambda path: relative(path, folder)).encode("utf-8"))


def _by_member(
    project: DubProject, lines: Sequence[DubLine], gains: Sequence[float]
) -> dict[CastMember, list[tuple[DubLine, float]]]:
    """Return the lines and their gains by who speaks them."""
    groups: dict[CastMember, list[tuple[DubLine, float]]] = {}
    for line, gain in zip(lines, gains, strict=True):
        groups.setdefault(project.member_of(line), []).append((line, gain))
    return groups


def _limits(project: DubProject, end: float | None) -> dict[DubLine, float | None]:
    """Return the longest time of each line that is cut off, None of others."""
    rooms = [
        after - line.start
        for line, after in zip(project.lines, next_starts([line.time for line in project.lines], end), strict=True)
    ]
    return {
        line: room if (line.seconds or 0.0) > room else None for line, room in zip(project.lines, rooms, strict=True)
    }


def _placed(folder: Path, line: DubLine, gain_db: float, limit: float | None) -> Placement:
    """Return where a line is placed: its first sound at its start, without the silence before it."""
    path = line_file(folder, line)
    return Placement(
        FileSource(path),
        start_seconds=line.start,
        offset_seconds=silence_before(path),
        seconds=limit,
        fade_out_seconds=0.0 if limit is None else FADE_OUT_SECONDS,
        gain_db=gain_db,
    )


def silence_before(sound: Path) -> float:
    """Return the seconds of a sound before its first sample above START_DB of its peak, at most MAX_LEAD_SECONDS."""
    clip = Clip.read(sound)
    wave, rate = clip.wave, clip.sample_rate
    level = np.abs(wave).max(axis=0)
    loud = np.flatnonzero(level > level.max(initial=0.0) * 10 ** (START_DB / 20))
    return min(float(loud[0]) / rate, MAX_LEAD_SECONDS) if len(loud) else 0.0


def _gains(source: Path, lines: Sequence[DubLine], folder: Path) -> list[float]:
    """Return the gain of each line in dB that makes it as loud as the original is there."""
    levels = original_levels(source, [(line.start, line.end) for line in lines])
    heard = [level for level in levels if level > QUIET_DB]
    if not heard:
        return [0.0] * len(lines)
    usual = float(np.median(heard))
    gains = []
    for line, level in zip(lines, levels, strict=True):
        wanted = min(max(level, usual - MAX_LEVEL_DB), usual + MAX_LEVEL_DB)
        own = original_levels(line_file(folder, line), [(0.0, line.seconds or 0.0)])[0]
        gains.append(min(max(wanted - own, -MAX_GAIN_DB), MAX_GAIN_DB) if own > QUIET_DB else 0.0)
    return gains


def original_levels(sound: Path, times: Sequence[tuple[float, float]]) -> list[float]:
    """Return the mean level in dB of full scale of a sound in each time from start to end in seconds."""
    opened = open_sound(sound)
    rate = opened.header.sample_rate
    size = seconds_to_samples(LEVEL_STEP_SECONDS, rate)
    energies: list[np.ndarray] = []
    rest = np.zeros(0)
    for block in opened.blocks():
        power = np.concatenate([rest, np.mean(np.square(block, dtype=np.float64), axis=0)])
        n_whole = len(power) // size
        energies.append(power[: n_whole * size].reshape(n_whole, size).mean(axis=1))
        rest = power[n_whole * size :]
    total = np.concatenate([[0.0], np.cumsum(np.concatenate(energies))]) if energies else np.zeros(1)
    levels = []
    for start, end in times:
        first = min(round(start * rate / size), len(total) - 1)
        last = min(max(round(end * rate / size), first + 1), len(total) - 1)
        mean = (total[last] - total[first]) / (last - first) if last > first else 0.0
        levels.append(float(10 * np.log10(mean + 1e-12)))
    return levels
