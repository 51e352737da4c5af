"""Write variations of a clip as files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from ..base import parameters
from ..base.task_parameters import checked
from ..families import loading
from ..inference.latent_clips.derivation import MAX_CLIPS, Derivation
from ..inference.latent_clips.source import read_clip
from ..outputs.clip_folder import OutputClip
from ..outputs.made import Made
from ..outputs.watermark.marking import marking_of
from ..outputs.watermark.payload import DEFAULT_KEY


@checked
def vary(
    file: Annotated[Path, Field(description="Sound file to vary.")],
    amount: Annotated[
        float, Field(description="0 is the clip itself, 1 a new clip of its kind.", ge=0, le=1), parameters.InForm(0.02)
    ] = 0.3,
    count: Annotated[int, Field(description="Number of variations.", ge=1, le=MAX_CLIPS)] = 8,
    seed: Annotated[int, Field(description="Same seed, same variations.", ge=0, le=parameters.MAX_SEED)] = 0,
    label: parameters.SourceLabel = None,
    model: parameters.VaeName = parameters.DEFAULT_VAE,
    out: parameters.ClipFolder = Path("wavewright-clips"),
    format: parameters.ClipFormat = "wav",
    pitch: parameters.MidiPitch = None,
    residual: parameters.ResidualFraction = 1.0,
    watermark: parameters.IsMarked = True,
    watermark_key: parameters.MarkKey = DEFAULT_KEY,
) -> Made:
    """Write variations of a clip as files.

    A variation depends on the clip, the amount, the seed and its index alone. Each file's comment states how it was
    made, and ``manifest.jsonl`` lists all files of the folder.

    Raises BadAudio or BadModel if the file cannot be read or is silent, or the model is no VAE; BadSetting if the model
    does not have the label or a pitch; BadFolder if the output folder cannot be written.
    """
    runtime = loading.load_morpher(model)
    source, wave = read_clip(file, runtime)
    marking = marking_of(runtime.folder.hash, watermark, watermark_key)
    derivation = Derivation(runtime, "vary", (source,), (label,), (pitch,), seed, residual, marking)
    derivation.check_memory(len(wave), count)
    waves = runtime.vary(wave, amount, seed, count, label, pitch, residual)
    origin, stem = derivation.origin(amount=amount), derivation.stem(f"vary{amount:g}")
    clips = (OutputClip(each, f"{stem}-{index:03d}", {**origin, "index": index}) for index, each in enumerate(waves))
    return derivation.write(clips, out, format)
