"""Interpolate between two clips and write the steps as files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from ..base import parameters
from ..base.parameters import FREE_TEXT, NAMES_MODEL
from ..base.rules import Without
from ..base.task_parameters import checked
from ..contracts.runtime import InterpolationName
from ..families import loading
from ..inference.latent_clips.derivation import MAX_CLIPS, Derivation, Origin
from ..inference.latent_clips.source import read_clip
from ..outputs.clip_folder import OutputClip
from ..outputs.made import Made
from ..outputs.watermark.marking import marking_of
from ..outputs.watermark.payload import DEFAULT_KEY

MODEL_OVER_TIME = "morph-textures"
"""The default model of morphs over time."""


@checked
def morph(
    file_a: Annotated[Path, Field(description="Sound file to start from.")],
    file_b: Annotated[Path, Field(description="Sound file to end at.")],
    steps: Annotated[int, Field(description="Number of clips, both ends included.", ge=2, le=MAX_CLIPS)] = 9,
    interpolation: Annotated[
        InterpolationName,
        Field(
            description="Path between the latents: linear, through less pronounced clips, or slerp, at a constant "
            "distance from the mean of all clips."
        ),
    ] = "slerp",
    over_time: Annotated[
        bool,
        Field(description="One clip that changes from the one into the other, for a model of clips of any length."),
        Without("transfer", "joined", "steps"),
    ] = False,
    transfer: Annotated[
        bool,
        Field(description="One clip with the rhythm of the first and the sound of the second file, for such a model."),
        Without("joined", "steps"),
    ] = False,
    joined: Annotated[bool, Field(description="Write one more file with all steps, one after another.")] = False,
    label_a: Annotated[
        str | None,
        Field(description="Label of the first clip; default: the labels of the nearest training clips."),
        FREE_TEXT,
    ] = None,
    label_b: Annotated[str | None, Field(description="Label of the last clip; default: likewise."), FREE_TEXT] = None,
    seed: parameters.NoiseSeed = 0,
    model: Annotated[
        str | None,
        Field(
            description=f"Name of a VAE, or the path of its folder; default: {parameters.DEFAULT_VAE}, and "
            f"{MODEL_OVER_TIME} with over_time or transfer."
        ),
        NAMES_MODEL,
    ] = None,
    out: parameters.ClipFolder = Path("wavewright-clips"),
    format: parameters.ClipFormat = "wav",
    pitch_a: parameters.MidiPitch = None,
    pitch_b: parameters.MidiPitch = None,
    residual: parameters.ResidualFraction = 1.0,
    watermark: parameters.IsMarked = True,
    watermark_key: parameters.MarkKey = DEFAULT_KEY,
) -> Made:
    """Interpolate between two clips and write the steps as files.

    The first and the last step are reconstructions of the two files, with their residual unless ``residual`` is
    smaller than 1. File names sort in the order of the steps; each file's comment states how it was made, and
    ``manifest.jsonl`` lists the steps.

    Raises BadAudio if a file cannot be read or is silent; BadModel if the model is no VAE; BadSetting if the model does
    not have or cannot do what is requested; BadFolder if the output folder cannot be written.
    """
    is_single = over_time or transfer
    runtime = loading.load_morpher(model or (MODEL_OVER_TIME if is_single else parameters.DEFAULT_VAE))
    (a, wave_a), (b, wave_b) = read_clip(file_a, runtime), read_clip(file_b, runtime)
    labels, pitches = (label_a, label_b), (pitch_a, pitch_b)
    marking = marking_of(runtime.folder.hash, watermark, watermark_key)
    derivation = Derivation(runtime, "morph", (a, b), labels, pitches, seed, 0.0 if transfer else residual, marking)
    derivation.check_memory(max(len(wave_a), len(wave_b)), 1 if is_single else steps)
    if transfer:
        wave = runtime.transfer(wave_a, wave_b, label_b, pitch_b, seed)
        clip = OutputClip(
            wave, derivation.stem("transfer"), {**derivation.origin(), "transfer": True, "label": label_b}
        )
        return derivation.write(iter([clip]), out, format)
    waves = runtime.morph(wave_a, wave_b, steps, interpolation, over_time, *labels, *pitches, seed, residual)
    origin = derivation.origin(interpolation=interpolation)
    stem = derivation.stem(interpolation, "over_time" if over_time else f"x{steps}")
    if over_time:
        clips = iter([OutputClip(waves[0], stem, {**origin, "over_time": True, "label": None})])
    else:
        clips = _steps(waves, {**origin, "steps": steps}, stem, labels, joined)
    return derivation.write(clips, out, format)


def _steps(
    waves: Sequence[np.ndarray], origin: Origin, stem: str, labels: tuple[str | None, str | None], joined: bool
) -> Iterator[OutputClip]:
    """Yield the steps ``(1, time)`` and, if requested, all of them in one file."""
    last = len(waves) - 1
    for index, wave in enumerate(waves):
        label = None
        if index == 0 or labels[0] == labels[1]:
            label = labels[0]
        elif index == last:
            label = labels[1]
        step = {**origin, "t": round(index / last, 6), "index": index, "label": label}
        yield OutputClip(wave, f"{stem}-{index:03d}", step)
    if joined:
        yield OutputClip(np.concatenate(waves, axis=1), f"{stem}-joined", {**origin, "joined": True}, listed=False)
