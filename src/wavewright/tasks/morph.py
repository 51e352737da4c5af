"""Walk from one sound to another and write the sounds on the way as files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from ..errors import BadSetting
from ..families.vae.morphing import Way
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


@checked
def morph(
    file_a: Annotated[Path, Field(description="Sound file to start from.")],
    file_b: Annotated[Path, Field(description="Sound file to end at.")],
    steps: Annotated[int, Field(description="Number of sounds, both ends included.", ge=2, le=MOST_SOUNDS)] = 9,
    way: Annotated[
        Way,
        Field(
            description="Straight, through calmer sounds, or round the mean of all sounds, at an even distance from it."
        ),
    ] = "spherical",
    over_time: Annotated[
        bool,
        Field(description="One sound that turns from the one into the other, for a model of sounds of any length."),
    ] = False,
    joined: Annotated[bool, Field(description="Write one more file with all steps, one after another.")] = False,
    label_a: Annotated[
        str | None, Field(description="Kind of the first sound; default: that of the training sounds nearest to it.")
    ] = None,
    label_b: Annotated[str | None, Field(description="Kind of the last sound; default: likewise.")] = None,
    seed: Annotated[int, Field(description="Of the noise in the sounds.", ge=0, le=LARGEST_SEED)] = 0,
    model: Annotated[str, Field(description="Name of a VAE, or the path of its folder.")] = DEFAULT_MODEL,
    out: Annotated[Path, Field(description="Folder to write to.")] = Path("wavewright-sounds"),
    format: Annotated[SoundFormat, Field(description="File format; wav and flac have 24 bits.")] = "wav",
    pitch_a: Pitch = None,
    pitch_b: Pitch = None,
    detail: DetailShare = 1.0,
) -> Derived:
    """Walk from one sound to another and write the sounds on the way.

    The first and the last are the two files as the model hears them, but for what ``detail`` leaves out. Their names sort in the order of
    the way; each file's comment says what it was made from, and ``manifest.jsonl`` lists the steps. Raises BadAudio for a file that
    cannot be read or is silent, BadModel for a model without latents, BadSetting for what it cannot do, BadFolder for a folder that is in
    the way.
    """
    if over_time and joined:
        raise BadSetting(
            "A sound that turns over time has no steps that could be joined; leave --over-time or --joined out."
        )
    player = open_vae(model)
    (a, wave_a), (b, wave_b) = read_sound(file_a, player), read_sound(file_b, player)
    check_room(player, max(len(wave_a), len(wave_b)), 1 if over_time else steps, detail)
    waves = player.morph(wave_a, wave_b, steps, way, over_time, label_a, label_b, pitch_a, pitch_b, seed, detail)
    call = {
        **origin_of(player, "morph", (a, b)),
        "way": way,
        "seed": seed,
        "labels": [label_a, label_b],
        "detail": detail,
    }
    call |= told_pitch(pitch_a=pitch_a, pitch_b=pitch_b)
    name = sound_name(
        player,
        (a, b),
        (label_a, label_b),
        [way, "over_time" if over_time else f"x{steps}", *detail_name(detail)],
        seed,
        (pitch_a, pitch_b),
    )
    if over_time:
        sounds = iter([Made(waves[0], name, {**call, "over_time": True, "label": None})])
    else:
        sounds = _steps(waves, {**call, "steps": steps}, name, joined)
    return write_derived(player, (a, b), sounds, out, format)


def _steps(waves: Sequence[np.ndarray], call: dict[str, Any], name: str, joined: bool) -> Iterator[Made]:
    """The sounds ``(1, time)`` of a way, and where asked for, all of them one after another."""
    last = len(waves) - 1
    first_label, last_label = call["labels"]
    for index, wave in enumerate(waves):
        is_first = index == 0 or first_label == last_label
        label = first_label if is_first else last_label if index == last else None
        yield Made(
            wave, f"{name}-{index:03d}", {**call, "part": round(index / last, 6), "index": index, "label": label}
        )
    if joined:
        yield Made(np.concatenate(waves, axis=1), f"{name}-joined", {**call, "joined": True}, listed=False)
