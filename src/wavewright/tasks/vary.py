"""Write variations of a sound as files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

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
def vary(
    file: Annotated[Path, Field(description="Sound file to vary.")],
    amount: Annotated[float, Field(description="0 is the sound itself, 1 a new sound of its kind.", ge=0, le=1)] = 0.3,
    count: Annotated[int, Field(description="Number of variations.", ge=1, le=MOST_SOUNDS)] = 8,
    seed: Annotated[int, Field(description="Same seed, same variations.", ge=0, le=LARGEST_SEED)] = 0,
    label: Annotated[
        str | None, Field(description="Kind of the sound; default: that of the training sounds nearest to it.")
    ] = None,
    model: Annotated[str, Field(description="Name of a VAE, or the path of its folder.")] = DEFAULT_MODEL,
    out: Annotated[Path, Field(description="Folder to write to.")] = Path("wavewright-sounds"),
    format: Annotated[SoundFormat, Field(description="File format; wav and flac have 24 bits.")] = "wav",
    pitch: Pitch = None,
    detail: DetailShare = 1.0,
) -> Derived:
    """Write variations of a sound.

    A variation depends on the sound, the amount, the seed and its number alone. Each file's comment says what it was made from, and
    ``manifest.jsonl`` lists all files of the folder. Raises BadAudio for a file that cannot be read or is silent, BadModel for a model
    without latents, BadSetting for a label or a pitch that it does not have, BadFolder for a folder that is in the way.
    """
    player = open_vae(model)
    source, wave = read_sound(file, player)
    check_room(player, len(wave), count, detail)
    waves = player.vary(wave, amount, seed, count, label, pitch, detail)
    call = {
        **origin_of(player, "vary", [source]),
        "amount": amount,
        "seed": seed,
        "detail": detail,
        **told_pitch(pitch=pitch),
    }
    name = sound_name(player, [source], [label], [f"vary{amount:g}", *detail_name(detail)], seed, [pitch])
    sounds = (
        Made(each, f"{name}-{index:03d}", {**call, "index": index, "label": label}) for index, each in enumerate(waves)
    )
    return write_derived(player, [source], sounds, out, format)
