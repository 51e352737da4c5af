"""Adjust attributes of a clip, such as its brightness, and write the result as files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from ..base import parameters
from ..base.errors import BadSetting
from ..base.task_parameters import checked
from ..contracts.morphing import MAX_CANDIDATES, Morpher
from ..families import loading
from ..inference.latent_clips.derivation import MAX_CLIPS, Derivation
from ..inference.latent_clips.source import read_clip
from ..outputs.clip_folder import OutputClip
from ..outputs.made import Made
from ..outputs.watermark.marking import marking_of
from ..outputs.watermark.payload import DEFAULT_KEY


@checked
def adjust(
    file: Annotated[Path, Field(description="Sound file to change.")],
    set: Annotated[
        tuple[str, ...] | dict[str, float],
        Field(
            description="Change an attribute: name=amount, in its unit, for example brightness=+1; may be given "
            "several times."
        ),
    ] = (),
    steps: Annotated[
        int, Field(description="Number of clips, from no change to the whole amount.", ge=1, le=MAX_CLIPS)
    ] = 1,
    label: parameters.SourceLabel = None,
    seed: parameters.NoiseSeed = 0,
    model: parameters.VaeName = parameters.DEFAULT_VAE,
    out: parameters.ClipFolder = Path("wavewright-clips"),
    format: parameters.ClipFormat = "wav",
    pitch: parameters.MidiPitch = None,
    residual: parameters.ResidualFraction = 1.0,
    candidates: Annotated[
        int,
        Field(
            description="Most candidates of the search for the amounts; 1 is fast and misses them by more.",
            ge=1,
            le=MAX_CANDIDATES,
        ),
    ] = MAX_CANDIDATES,
    watermark: parameters.IsMarked = True,
    watermark_key: parameters.MarkKey = DEFAULT_KEY,
) -> Made:
    """Adjust attributes of a clip, at once or in steps; without --set, the error names the attributes of the model.

    Each file's comment states how it was made, and ``manifest.jsonl`` lists all files of the folder. If a clip would
    exceed full scale, all are attenuated alike, and the result states by how much.

    Raises BadAudio if the file cannot be read or is silent; BadModel if the model is no VAE; BadSetting if the model
    does not have an attribute or a pitch, or an amount is invalid; BadFolder if the output folder cannot be written.
    """
    runtime = loading.load_morpher(model)
    amounts = _amounts(set, runtime)
    source, wave = read_clip(file, runtime)
    marking = marking_of(runtime.folder.hash, watermark, watermark_key)
    derivation = Derivation(runtime, "adjust", (source,), (label,), (pitch,), seed, residual, marking)
    derivation.check_memory(len(wave), steps)
    fractions = np.linspace(0.0, 1.0, steps).tolist() if steps > 1 else [1.0]
    adjusted = runtime.adjust(wave, amounts, fractions, label, seed, pitch, residual, candidates)
    origin = derivation.origin(attributes=amounts, steps=steps)
    changed = [f"{name}{amount:+g}" for name, amount in amounts.items()]
    if candidates != MAX_CANDIDATES:
        origin["candidates"] = candidates
        changed.append(f"c{candidates}")
    stem = derivation.stem(*changed, f"x{steps}")
    clips = (
        OutputClip(each, f"{stem}-{index:03d}", {**origin, "fraction": round(fraction, 6), "index": index})
        for index, (fraction, each) in enumerate(zip(fractions, adjusted.waves, strict=True))
    )
    return derivation.write(clips, out, format, adjusted.attenuation_db)


def _amounts(settings: tuple[str, ...] | Mapping[str, float], runtime: Morpher) -> dict[str, float]:
    """Return the amount of each attribute; raise BadSetting if there is none, or one is invalid."""
    available = ", ".join(f"{attribute.name} ({attribute.unit})" for attribute in runtime.attributes)
    if not available:
        raise BadSetting(f"{runtime.name} has no attributes to adjust; train it again, or use another model.")
    if not settings:
        raise BadSetting(
            f"There is nothing to adjust; {runtime.name} has the attributes {available}: give one with --set "
            "brightness=1."
        )
    if isinstance(settings, Mapping):
        return dict(settings)
    amounts: dict[str, float] = {}
    for setting in settings:
        name, _, amount = setting.partition("=")
        name = name.strip()
        if name in amounts:
            raise BadSetting(f"The attribute {name} is set twice; set it once, to the sum of both amounts.")
        try:
            amounts[name] = float(amount)
        except ValueError as error:
            raise BadSetting(f"The attribute {setting!r} has no amount; write name=amount, of {available}.") from error
    return amounts
