"""Synthesise sound effects by rules, without a model, and write them as files for games and films."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from ..audio.clip import FORMATS, Clip, warn_of_clipping, write_blocks
from ..audio.wave_blocks import ClippingMeter, CountedWaves
from ..base.errors import BadSetting
from ..base.names import file_stem, nearest_names, quoted
from ..base.parameters import MAX_SEED, POSITIONAL, ClipFormat, Quiet, SettingChanges, WritesSounds
from ..base.progress_bar import progress_bar
from ..base.task_parameters import checked
from ..base.units import samples_to_seconds
from ..base.version import __version__
from ..base.whole_file import check_target
from ..contracts.settings import assignments_of, override_settings
from ..outputs.clip_folder import OutputClip, check_origin, write_clips
from ..outputs.made import Made, MadeFile, sound_file
from ..synth.procedural import PROCEDURES, Procedure
from ..synth.procedural.descriptions import describe
from ..synth.procedural.procedure import SAMPLE_RATES_HZ, SECONDS

MAX_VARIATIONS = 1_000


@checked
def synthesise(
    name: Annotated[
        str | None, Field(description="Procedure: wind, rain, fire ...; all are listed without one."), POSITIONAL
    ] = None,
    out: Annotated[
        Path, Field(description="Folder to write to, or a sound file (.wav, .flac, .ogg)."), WritesSounds(or_file=True)
    ] = Path("wavewright-effects"),
    seconds: Annotated[
        float | None,
        Field(description="Length; default: 10 for textures. One-shots have their own.", ge=SECONDS[0], le=SECONDS[1]),
    ] = None,
    variations: Annotated[
        int, Field(description="Number of files, of consecutive seeds.", ge=1, le=MAX_VARIATIONS)
    ] = 1,
    seed: Annotated[int, Field(description="Same seed, same samples.", ge=0, le=MAX_SEED)] = 0,
    set: SettingChanges = (),
    loop: Annotated[bool, Field(description="Let the end of each texture continue at its start.")] = False,
    sample_rate: Annotated[
        int, Field(description="Sample rate in Hz.", ge=SAMPLE_RATES_HZ[0], le=SAMPLE_RATES_HZ[1])
    ] = 44_100,
    channels: Annotated[
        Literal["default", "mono", "stereo"], Field(description="Channels; default: what suits the procedure.")
    ] = "default",
    file_name: Annotated[
        str | None, Field(description="Start of the file names; default: the procedure, and loop.")
    ] = None,
    format: ClipFormat = "wav",
    list_: Annotated[bool, Field(description="List the procedures, or one, with all settings.")] = False,
    quiet: Quiet = False,
) -> Made:
    """Synthesise sound effects by rules: wind, rain, fire, footsteps, engines, impacts, explosions, clicks ...

    Files are named ``rain_01.wav``, ``rain_02.wav`` and so on. Each states in its comment how it was made, and
    ``manifest.jsonl`` lists all files of the folder. The same call writes the same files again; a file of that name
    that was made differently is never replaced. Textures are written in bounded memory.

    Raises BadSetting if the procedure or a setting is unknown or out of its range, or does not apply; BadFolder if the
    folder or file cannot be written.
    """
    if name is None or list_:
        names = PROCEDURES if name is None else (_known(name),)
        listed = [describe(each, PROCEDURES[each]) for each in names]
        return Made(details={"procedures": listed}, lines=("\n\n".join(map(str, listed)),))
    procedure = override_settings(PROCEDURES[_known(name)](), assignments_of(set))
    if seed + variations - 1 > MAX_SEED:
        raise BadSetting(f"{variations} variations from the seed {seed} on go beyond {MAX_SEED}; choose a lower seed.")
    job = _Job(name, procedure, seconds, sample_rate, {"default": None, "mono": 1, "stereo": 2}[channels], loop)
    seeds = range(seed, seed + variations)
    with progress_bar(f"synthesising {name}", None if seconds is None else variations * seconds, quiet) as show:
        if out.suffix.lower() in FORMATS and not out.is_dir():
            files: Sequence[MadeFile] = [_write_file(job, seeds, out, show)]
        else:
            stem = file_stem(file_name if file_name is not None else f"{name}_loop" if loop else name)
            files = _write_folder(job, seeds, out, stem, format, show)
    details = {"procedure": name, "settings": asdict(procedure), "loop": loop}
    return Made(out=out, files=tuple(files), details=details)


@dataclass(frozen=True)
class _Job:
    """Everything but the seed that determines a file."""

    name: str
    procedure: Procedure
    seconds: float | None
    sample_rate: int
    n_channels: int | None
    is_loop: bool

    def blocks(self, seed: int) -> Iterator[np.ndarray]:
        """Return the blocks of a file."""
        return self.procedure.blocks(
            self.seconds, self.sample_rate, seed, n_channels=self.n_channels, is_loop=self.is_loop
        )

    def origin(self, seed: int) -> dict[str, object]:
        """Return how a file was made, as its comment and the manifest state it."""
        return {
            "procedure": self.name,
            "label": self.name,
            "settings": asdict(self.procedure),
            "seed": seed,
            "seconds": self.seconds,
            "sample_rate": self.sample_rate,
            "channels": self.n_channels or self.procedure.default_channels,
            "loop": self.is_loop,
            "wavewright": __version__,
        }


def _write_file(job: _Job, seeds: range, out: Path, show: Callable[[float], None]) -> MadeFile:
    """Write the only variation to a file."""
    if len(seeds) > 1:
        raise BadSetting(f"{out} is one file, and {len(seeds)} variations are asked for; give a folder with --out.")
    check_target(out)
    seed = seeds[0]
    check_origin(out, job.origin(seed))
    waves = CountedWaves(job.blocks(seed), lambda n: show(samples_to_seconds(n, job.sample_rate)))
    comment = json.dumps(job.origin(seed))
    clips = (Clip(wave, job.sample_rate) for wave in waves)
    clipping = ClippingMeter()
    header = write_blocks(out, clips, None, {"comment": comment}, job.seconds, is_loop=job.is_loop, clipping=clipping)
    warn_of_clipping(out, clipping, "set weaker values, or another seed")
    return replace(sound_file(out, header), by=job.name, details={"seed": seed})


def _write_folder(
    job: _Job, seeds: range, out: Path, stem: str, format: str, show: Callable[[float], None]
) -> Sequence[MadeFile]:
    """Write numbered files and the manifest, all or none."""
    n_finished = 0

    def shown(n_samples: int) -> None:
        show(samples_to_seconds(n_finished + n_samples, job.sample_rate))

    def clips() -> Iterator[OutputClip]:
        nonlocal n_finished
        for number, seed in enumerate(seeds, 1):
            waves = CountedWaves(job.blocks(seed), shown)
            name = f"{stem}_{number:02d}"
            yield OutputClip(waves, name, job.origin(seed), expected_seconds=job.seconds, is_loop=job.is_loop)
            n_finished += waves.n_samples

    written = write_clips(clips(), job.sample_rate, out, format)
    return [replace(each, details={"seed": seed}) for each, seed in zip(written, seeds, strict=True)]


def _known(name: str) -> str:
    """Return the name of a procedure; raise BadSetting if there is none of it."""
    if name in PROCEDURES:
        return name
    nearest = nearest_names(name, PROCEDURES, 1)
    hint = f"the nearest is {nearest[0]}" if nearest else f"there are {', '.join(PROCEDURES)}"
    raise BadSetting(f"There is no procedure {quoted(name)}; {hint}.")
