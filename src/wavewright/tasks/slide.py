"""Move what can be heard in a sound, such as its brightness, by sliders, and write the result as files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from ..errors import BadSetting
from . import LARGEST_SEED, checked
from .latent_sounds import (
    DEFAULT_MODEL,
    MOST_SOUNDS,
    Derived,
    DetailShare,
    Pitch,
    check_room,
    detail_name,
    open_vae,
    origin_of,
    read_sound,
    sound_name,
    told_pitch,
    write_derived,
)
from .sound_folder import Made, SoundFormat

if TYPE_CHECKING:
    from ..families.vae.runtime import VaeRuntime


@checked
def slide(
    file: Annotated[Path, Field(description="Sound file to change.")],
    set: Annotated[
        tuple[str, ...] | dict[str, float],
        Field(
            description="Move a slider: name=amount, in its unit, for example brightness=+1; may be given several times."
        ),
    ] = (),
    steps: Annotated[
        int, Field(description="Number of sounds, from no change to all of it.", ge=1, le=MOST_SOUNDS)
    ] = 1,
    label: Annotated[
        str | None, Field(description="Kind of the sound; default: that of the training sounds nearest to it.")
    ] = None,
    seed: Annotated[int, Field(description="Of the noise in the sounds.", ge=0, le=LARGEST_SEED)] = 0,
    model: Annotated[str, Field(description="Name of a VAE, or the path of its folder.")] = DEFAULT_MODEL,
    out: Annotated[Path, Field(description="Folder to write to.")] = Path("wavewright-sounds"),
    format: Annotated[SoundFormat, Field(description="File format; wav and flac have 24 bits.")] = "wav",
    pitch: Pitch = None,
    detail: DetailShare = 1.0,
) -> Derived:
    """Move attributes of a sound by sliders, all at once or in steps; without --set, the error names the sliders of the model.

    Each file's comment says what it was made from, and ``manifest.jsonl`` lists all files of the folder. Where full scale would be
    passed, all are turned down alike, and the result says by how much. Raises BadSetting for a slider or a pitch that the model does not have, or
    an amount that is none, BadAudio for a file that cannot be read or is silent, BadModel for a model without latents, BadFolder for a folder
    that is in the way.
    """
    player = open_vae(model)
    amounts = _amounts(set, player)
    source, wave = read_sound(file, player)
    check_room(player, len(wave), steps, detail)
    parts = np.linspace(0.0, 1.0, steps).tolist() if steps > 1 else [1.0]
    swept = player.sweep(wave, amounts, parts, label, seed, pitch, detail)
    call = {
        **origin_of(player, "slide", [source]),
        "sliders": amounts,
        "steps": steps,
        "seed": seed,
        "label": label,
        "detail": detail,
    }
    call |= told_pitch(pitch=pitch)
    moved = [f"{name}{amount:+g}" for name, amount in amounts.items()]
    name = sound_name(player, [source], [label], [*moved, f"x{steps}", *detail_name(detail)], seed, [pitch])
    sounds = (
        Made(each, f"{name}-{index:03d}", {**call, "part": round(part, 6), "index": index})
        for index, (part, each) in enumerate(zip(parts, swept.waves, strict=True))
    )
    return write_derived(player, [source], sounds, out, format, swept.turned_down_db)


def _amounts(given: tuple[str, ...] | Mapping[str, float], player: VaeRuntime) -> dict[str, float]:
    """How far each slider is moved; raises BadSetting where none is, or where it cannot be understood."""
    has = ", ".join(f"{slider.name} ({slider.unit})" for slider in player.sliders)
    if not has:
        raise BadSetting(f"{player.card.name} has no sliders; train it again, or play another model.")
    if not given:
        raise BadSetting(
            f"Nothing is to be moved; {player.card.name} has the sliders {has}: give one with --set brightness=1."
        )
    if isinstance(given, Mapping):
        return dict(given)
    amounts: dict[str, float] = {}
    for setting in given:
        name, _, amount = setting.partition("=")
        if name.strip() in amounts:
            raise BadSetting(f"The slider {name.strip()} is set twice; set it once, to the sum of what is meant.")
        try:
            amounts[name.strip()] = float(amount)
        except ValueError as error:
            raise BadSetting(f"The slider {setting!r} has no amount; write name=amount, of {has}.") from error
    return amounts
