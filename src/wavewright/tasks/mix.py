"""Mix the tracks of a project file to one sound file."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from ..audio.clip import describe_audio
from ..audio.wave_blocks import ClippingMeter
from ..base.files import short_hash_of
from ..base.parameters import DRY_RUN, Quiet, SampleBits, Writes, WritesSounds
from ..base.progress_bar import progress_bar
from ..base.task_parameters import checked
from ..base.version import __version__
from ..effects.mixing.files import check_out, check_stems, write_mix, write_stems
from ..effects.mixing.plan import MASTER, Mix, Strip, label_of
from ..effects.mixing.project import read_project
from ..outputs.made import Made, with_stems


@checked
def mix(
    project: Annotated[Path, Field(description="Project file in TOML: tracks, regions, effects, automation, buses.")],
    out: Annotated[
        Path | None, Field(description="Sound file to write; default: <project>.wav beside it."), WritesSounds(".wav")
    ] = None,
    stems: Annotated[
        Path | None, Field(description="Folder for a file of each track and bus, as long as the mix."), Writes()
    ] = None,
    subtype: SampleBits = None,
    dry_run: Annotated[bool, Field(description="Check the project and show the plan; write nothing."), DRY_RUN] = False,
    quiet: Quiet = False,
) -> Made:
    """Mix the tracks of a project to one sound file, in bounded memory.

    The project is checked before anything is decoded; an error names the track and the region. Files of any sample rate
    are resampled, mono files are copied to all channels. The file records the project in its comment.

    Raises BadSetting if the project is wrong; BadAudio if a file cannot be read; BadFolder if a file cannot be written.
    """
    plan = read_project(project)
    target = project.with_suffix(".wav") if out is None else out
    check_out(plan, target)
    if stems is not None:
        check_stems(_audible(plan), stems, target)
    if dry_run:
        strips = [_planned(strip) for strip in plan.strips.values() if strip.name == MASTER or strip.output]
        return _plan(plan, strips)
    origin = {"mix": project.name, "project_hash": short_hash_of(project), "wavewright": __version__}
    with progress_bar(f"mixing {project.name}", plan.expected_seconds, quiet) as show:
        mixed = write_mix(
            plan, target, project.name, subtype=subtype, metadata={"comment": json.dumps(origin)}, show=show
        )
    if stems is None:
        return mixed
    clipping = ClippingMeter()
    files = write_stems(_audible(plan), stems, mixed.seconds or 0.0, target.suffix, subtype, clipping)
    return with_stems(mixed, files, clipping.result())


def _audible(plan: Mix) -> Mix:
    """Return a mix without muted strips."""
    return replace(
        plan, strips={name: strip for name, strip in plan.strips.items() if name == MASTER or strip.output is not None}
    )


def _plan(mix: Mix, strips: list[dict[str, Any]]) -> Made:
    """Return the strips of a mix; nothing has been decoded or written."""
    size = describe_audio(mix.expected_seconds or 0.0, mix.sample_rate, mix.n_channels)
    shown = size if mix.expected_seconds is not None else f"length depends on the sound, {size.split(', ', 1)[1]}"
    lines = [f"{shown}, without tails of effects"]
    for strip in strips:
        parts = []
        if strip["n_regions"]:
            end = "the end" if strip["end_seconds"] is None else f"{strip['end_seconds']:.2f} s"
            regions = "1 region" if strip["n_regions"] == 1 else f"{strip['n_regions']} regions"
            parts.append(f"{regions} from {strip['start_seconds']:.2f} s to {end}")
        parts += [strip["effects"]] if strip["effects"] else []
        parts += [f"to {', '.join(strip['to'])}"] if strip["to"] else []
        lines.append(f"  {strip['kind']}: {'; '.join(parts) or 'as it is'}")
    details = {"sample_rate": mix.sample_rate, "n_channels": mix.n_channels, "seconds": mix.expected_seconds}
    return Made(details={**details, "strips": strips}, lines=tuple(lines))


def _planned(strip: Strip) -> dict[str, Any]:
    ends = [placement.end_seconds for placement in strip.placements]
    known = [end for end in ends if end is not None]
    return {
        "name": strip.name,
        "kind": label_of(strip),
        "n_regions": len(ends),
        "start_seconds": min((placement.start_seconds for placement in strip.placements), default=None),
        "end_seconds": max(known) if known and len(known) == len(ends) else None,
        "effects": "" if strip.chain is None else str(strip.chain),
        "to": [destination.to for destination in strip.destinations()],
    }
