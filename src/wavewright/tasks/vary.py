"""Write variations of a clip as files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from . import LARGEST_SEED, checked
from .clip_folder import AudioFormat, OutputClip
from .latent_clips import (
    DEFAULT_MODEL,
    MAX_CLIPS,
    DerivedClips,
    ModelName,
    Origin,
    OutputFolder,
    Pitch,
    ResidualFraction,
    SourceLabel,
    check_memory,
    clip_name,
    open_vae,
    origin_of,
    read_clip,
    residual_name,
    write_derived,
)


@checked
def vary(
    file: Annotated[Path, Field(description="Sound file to vary.")],
    amount: Annotated[float, Field(description="0 is the clip itself, 1 a new clip of its kind.", ge=0, le=1)] = 0.3,
    count: Annotated[int, Field(description="Number of variations.", ge=1, le=MAX_CLIPS)] = 8,
    seed: Annotated[int, Field(description="Same seed, same variations.", ge=0, le=LARGEST_SEED)] = 0,
    label: SourceLabel = None,
    model: ModelName = DEFAULT_MODEL,
    out: OutputFolder = Path("wavewright-sounds"),
    format: Annotated[AudioFormat, Field(description="File format; wav and flac have 24 bits.")] = "wav",
    pitch: Pitch = None,
    residual: ResidualFraction = 1.0,
) -> DerivedClips:
    """Write variations of a clip as files.

    A variation depends on the clip, the amount, the seed and its index alone. Each file's comment states how it was
    made, and ``manifest.jsonl`` lists all files of the folder.

    Raises
    ------
    BadAudio
        If the file cannot be read or is silent.
    BadModel
        If the model is no VAE.
    BadSetting
        If the model does not have the label or a pitch.
    BadFolder
        If the output folder cannot be written.
    """
    runtime = open_vae(model)
    source, wave = read_clip(file, runtime)
    check_memory(runtime, len(wave), count, residual)
    waves = runtime.vary(wave, amount, seed, count, label, pitch, residual)
    origin: Origin = {
        **origin_of(runtime, "vary", [source], pitch=pitch),
        "amount": amount,
        "seed": seed,
        "label": label,
        "residual": residual,
    }
    settings = [f"vary{amount:g}", *residual_name(residual)]
    name = clip_name(runtime, [source], [label], settings, seed, [pitch])
    clips = (OutputClip(each, f"{name}-{index:03d}", {**origin, "index": index}) for index, each in enumerate(waves))
    return write_derived(runtime, [source], clips, out, format)
