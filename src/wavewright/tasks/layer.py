"""Layered backgrounds: textures and randomised one-shots from a preset, rendered to one sound file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

from pydantic import Field

from ..base.errors import BadSetting
from ..base.parameters import MAX_SEED, POSITIONAL, IsMarked, MarkKey, Quiet, SampleBits, WritesSounds
from ..base.progress_bar import progress_bar
from ..base.task_parameters import checked
from ..base.version import __version__
from ..effects.mixing.files import check_out, write_mix
from ..families import loading
from ..inference.layering.layers import PRESETS, Preset, mix_of, read_preset
from ..outputs.made import Made, listed
from ..outputs.made_file import new_sound
from ..outputs.watermark.marking import Marking, marking_of
from ..outputs.watermark.payload import DEFAULT_KEY


@checked
def layer(
    preset: Annotated[
        str | None, Field(description="Name of a preset (--list shows them), or a TOML file."), POSITIONAL
    ] = None,
    seconds: Annotated[float, Field(description="Length of the background.", gt=0, le=7 * 86_400)] = 60.0,
    seed: Annotated[int, Field(description="Same seed, same samples.", ge=0, le=MAX_SEED)] = 0,
    out: Annotated[
        Path | None,
        Field(description="Sound file to write; default: <preset>-s<seed>.wav in the current folder."),
        WritesSounds(".wav"),
    ] = None,
    loop: Annotated[
        bool, Field(description="Make a seamless loop, with loop points in WAV files; one-shots wrap around.")
    ] = False,
    subtype: SampleBits = None,
    list_: Annotated[bool, Field(description="List the presets.")] = False,
    watermark: IsMarked = True,
    watermark_key: MarkKey = DEFAULT_KEY,
    quiet: Quiet = False,
) -> Made:
    """Make a layered background of any length, in bounded memory.

    A preset has textures (a file, a folder, a model or a procedure) and one-shots at random times with random level,
    position, pitch and distance. All that is random follows from the seed; the file records it in its comment. If a
    model makes one of the sounds, the file gets the mark of generated sound.

    Raises BadSetting if the preset is wrong; BadAudio or BadFolder if files cannot be read or written; BadModel if a
    model cannot be loaded.
    """
    if list_:
        return listed("presets", map(_description, PRESETS.names), "{name}  {title} ({layers})")
    if preset is None:
        raise BadSetting(f"There is no preset to make; give a .toml file, or one of {', '.join(PRESETS.names)}.")
    read = read_preset(preset)
    target = (
        new_sound(Path(f"{read.name}-s{seed}{'-loop' if loop else ''}.wav"), {"preset": read.name})
        if out is None
        else out
    )
    mix = mix_of(read, seconds, seed, is_loop=loop)
    check_out(mix, target)
    marking = _marking(read, watermark, watermark_key)
    origin = {"preset": read.name, "seconds": seconds, "seed": seed, "loop": loop, "wavewright": __version__}
    origin |= {} if marking is None else marking.origin()
    with progress_bar(f"making {read.name}", seconds, quiet) as show:
        return write_mix(
            mix,
            target,
            read.name,
            subtype=subtype,
            metadata={"title": read.title, "comment": json.dumps(origin)},
            is_loop=loop,
            show=show,
            marking=marking,
        )


def _marking(preset: Preset, watermark: bool, key: str) -> Marking | None:
    """Return the mark of a background with sounds of models, which names the model if there is only one."""
    models = {section.generator for section in preset.section.layers if section.generator}
    if not models:
        return None
    return marking_of(loading.load_generator(models.pop()).folder.hash if len(models) == 1 else None, watermark, key)


def _description(name: str) -> dict[str, object]:
    read = read_preset(name)
    layers = [section.name or f"layer {number}" for number, section in enumerate(read.section.layers, 1)]
    return {"name": name, "title": read.title, "layers": layers}
