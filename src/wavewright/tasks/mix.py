"""Mix the tracks of a project file to one sound file."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from pydantic import Field

from ..audio.clip import describe_audio
from ..audio.wave_blocks import ClippingMeter
from ..base.file_hash import short_hash_of
from ..base.parameters import Quiet, Writes, WritesSounds
from ..base.progress_bar import progress_bar
from ..base.version import __version__
from ..effects.mixing.files import MixedFile, check_out, write_mix, write_stems
from ..effects.mixing.plan import MASTER, Mix, Strip, label_of
from ..effects.mixing.project import read_project
from . import checked


@dataclass(frozen=True)
class PlannedStrip:
    """A track, a bus or the master of a plan: its regions, effects and destinations."""

    name: str
    kind: str
    n_regions: int
    start_seconds: float | None
    end_seconds: float | None
    effects: str
    to: tuple[str, ...]


@dataclass(frozen=True)
class MixPlan:
    """The strips of a mix; nothing has been decoded or written."""

    project: Path
    sample_rate: int
    n_channels: int
    seconds: float | None
    strips: tuple[PlannedStrip, ...]

    def __str__(self) -> str:
        """Return a line for the mix, and one for each strip."""
        size = describe_audio(self.seconds or 0.0, self.sample_rate, self.n_channels)
        shown = size if self.seconds is not None else f"length depends on the sound, {size.split(', ', 1)[1]}"
        lines = [f"{self.project}: {shown}, without tails of effects"]
        for strip in self.strips:
            details = []
            if strip.n_regions:
                end = "the end" if strip.end_seconds is None else f"{strip.end_seconds:.2f} s"
                regions = "1 region" if strip.n_regions == 1 else f"{strip.n_regions} regions"
                details.append(f"{regions} from {strip.start_seconds:.2f} s to {end}")
            details += [strip.effects] if strip.effects else []
            details += [f"to {', '.join(strip.to)}"] if strip.to else []
            lines.append(f"  {strip.kind}: {'; '.join(details) or 'as it is'}")
        return "\n".join(lines)


@checked
def mix(
    project: Annotated[Path, Field(description="Project file in TOML: tracks, regions, effects, automation, buses.")],
    out: Annotated[
        Path | None, Field(description="Sound file to write; default: <project>.wav beside it."), WritesSounds(".wav")
    ] = None,
    stems: Annotated[
        Path | None, Field(description="Folder for a file of each track and bus, as long as the mix."), Writes()
    ] = None,
    subtype: Annotated[
        str | None, Field(description="Bits of a sample, such as PCM_16 or FLOAT; default: 24 bits.")
    ] = None,
    dry_run: Annotated[bool, Field(description="Check the project and show the plan; write nothing.")] = False,
    quiet: Quiet = False,
) -> MixedFile | MixPlan:
    """Mix the tracks of a project to one sound file, in bounded memory.

    The project is checked before anything is decoded; an error names the track and the region. Files of any sample rate
    are resampled, mono files are copied to all channels. The file records the project in its comment.

    Raises BadSetting if the project is wrong; BadAudio if a file cannot be read; BadFolder if a file cannot be written.
    """
    plan = read_project(project)
    target = project.with_suffix(".wav") if out is None else out
    check_out(plan, target)
    if dry_run:
        strips = tuple(_planned(strip) for strip in plan.strips.values() if strip.name == MASTER or strip.output)
        return MixPlan(project, plan.sample_rate, plan.n_channels, plan.expected_seconds, strips)
    origin = {"mix": project.name, "project_hash": short_hash_of(project), "wavewright": __version__}
    with progress_bar(f"mixing {project.name}", plan.expected_seconds, quiet) as show:
        mixed = write_mix(
            plan, target, project.name, subtype=subtype, metadata={"comment": json.dumps(origin)}, show=show
        )
    if stems is None:
        return mixed
    clipping = ClippingMeter()
    files = write_stems(_audible(plan), stems, mixed.seconds, target.suffix, subtype, clipping)
    return replace(mixed, stems=files, clipped_in_stems=clipping.result())


def _audible(plan: Mix) -> Mix:
    """Return a mix without muted strips."""
    return replace(
        plan, strips={name: strip for name, strip in plan.strips.items() if name == MASTER or strip.output is not None}
    )


def _planned(strip: Strip) -> PlannedStrip:
    ends = [placement.end_seconds for placement in strip.placements]
    known = [end for end in ends if end is not None]
    return PlannedStrip(
        name=strip.name,
        kind=label_of(strip),
        n_regions=len(ends),
        start_seconds=min((placement.start_seconds for placement in strip.placements), default=None),
        end_seconds=max(known) if known and len(known) == len(ends) else None,
        effects="" if strip.chain is None else str(strip.chain),
        to=tuple(destination.to for destination in strip.destinations()),
    )
