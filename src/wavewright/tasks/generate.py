"""Make new sounds with a model and write them as files that say where they came from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from .. import loading
from ..clip import Clip, read_header
from ..contracts.runtime import Continuer, Generator, Interpolator
from ..errors import BadSetting
from ..names import file_stem
from . import LARGEST_SEED, checked
from .latent_clips import Pitch, changes_of
from .rejection import Judged, Rejection
from .sound_folder import Made, SoundFormat, Written, write_sounds

MOST_STEPS = 1000  # from one seed to another


@dataclass(frozen=True)
class Sound:
    """One generated file: what it was made from, and what the judges said of it where they were asked."""

    file: str
    label: str | None
    index: int
    seconds: float
    confidence: float | None = None
    novelty_db: float | None = None


@dataclass(frozen=True)
class Generated:
    """The files of one call. ``interpolate`` are the seeds of a way, or None.

    ``n_rejected`` clips were made and left out; ``n_close`` were kept for want of better ones, although they lie closer to a training
    sound than the training sounds of their label lie to each other. ``changes`` says what became of the sound that is continued.
    """

    out: Path
    model: str
    model_hash: str
    seed: int
    interpolate: tuple[int, int] | None
    sample_rate: int
    sounds: tuple[Sound, ...]
    n_rejected: int = 0
    n_close: int = 0
    changes: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [f"  {sound.file}" for sound in self.sounds]
        rejected = f", {self.n_rejected} left out" if self.n_rejected else ""
        sounds = "1 sound" if len(lines) == 1 else f"{len(lines)} sounds"
        lines.append(f"{sounds} by {self.model} ({self.model_hash}) in {self.out}{rejected}")
        if self.n_close:
            lines.append(
                f"{self.n_close} of them may pass for copies of training sounds: more recordings or a shorter training help."
            )
        return "\n".join([*lines, *self.changes])


@checked
def generate(
    model: Annotated[str, Field(description="Name of a model, or the path of its folder.")],
    label: Annotated[str | None, Field(description="Kind of sound; without it, every label in turn.")] = None,
    count: Annotated[int, Field(description="Number of sounds.", ge=1, le=100_000)] = 8,
    seed: Annotated[int, Field(description="Same seed, same sounds.", ge=0, le=LARGEST_SEED)] = 0,
    interpolate: Annotated[
        tuple[int, int] | None,
        Field(description="Two seeds: go in --count sounds from the first sound of one to that of the other."),
    ] = None,
    out: Annotated[Path, Field(description="Folder to write to.")] = Path("wavewright-sounds"),
    format: Annotated[SoundFormat, Field(description="File format; wav and flac have 24 bits.")] = "wav",
    min_confidence: Annotated[
        float | None,
        Field(
            description="Leave out sounds that a classifier takes for the asked label with less than this.", ge=0, le=1
        ),
    ] = None,
    min_novelty: Annotated[
        float | None,
        Field(
            description="Leave out sounds closer than this to a training sound, in dB, 0 for none; default: closer than the training "
            "sounds are to each other.",
            ge=0,
        ),
    ] = None,
    code: Annotated[
        tuple[float, ...] | None,
        Field(description="InfoGAN code, number by number: 1 for the chosen category, 0 for the others, then -1 to 1."),
    ] = None,
    seconds: Annotated[
        float | None,
        Field(
            description="Length of each sound, with --continue-from included; default: as its kind lasts.", gt=0, le=600
        ),
    ] = None,
    temperature: Annotated[
        float | None, Field(description="Below 1 safer, above 1 wilder; default: the model's own.", ge=0, le=2)
    ] = None,
    speaker: Annotated[str | None, Field(description="Who speaks; default: drawn for each sound.")] = None,
    continue_from: Annotated[
        Path | None, Field(description="A sound file that each sound begins with and goes on from.")
    ] = None,
    judge: Annotated[
        str | None, Field(description="Classifier for --min-confidence; default: one that knows the labels.")
    ] = None,
    pitch: Pitch = None,
) -> Generated:
    """Make new sounds with a model.

    Files are called ``<model>-<label>-s<seed>-<index>``; a sound depends on model, label, seed and index alone, so the same call
    makes the same files again, and these replace each other. A file of that name with another sound is never replaced. Each file
    carries model, hash, seed, index and label in its comment; ``manifest.jsonl`` lists all files of the folder. Nothing is written
    where the call fails. Raises BadModel, BadSetting for what the model does not have, BadFolder for a folder that is in the way.
    """
    player = loading.load_generator(model)
    options = {"code": code, "seconds": seconds, "temperature": temperature, "speaker": speaker, "pitch": pitch}
    asked = {name: value for name, value in options.items() if value is not None}
    make = _maker(player, asked, continue_from)
    rejection = Rejection(player, make, min_confidence, min_novelty, judge)
    if judge is not None and min_confidence is None:
        raise BadSetting(
            f"The judge {judge} has nothing to say without a limit; give --min-confidence as well, or leave it out."
        )
    call: dict[str, Any] = {"model": player.card.name, "model_hash": player.folder.hash, "seed": seed, **asked}
    if code is not None:
        call["code"] = list(code)
    if continue_from is not None:
        call["continue_from"] = continue_from.name
        call["continue_from_hash"] = hashlib.sha256(continue_from.read_bytes()).hexdigest()[:12]
    if interpolate is None:
        found = rejection.choose(label, count, seed)
    else:
        if seed:
            raise BadSetting(
                f"The seed {seed} has no meaning on the way between two seeds; give --seed or --interpolate."
            )
        if asked or continue_from or rejection.is_asked_for:
            raise BadSetting(
                "The sounds on the way between two seeds are what they are: none can be left out or made otherwise; give "
                "--interpolate without min_confidence, min_novelty, code, seconds, temperature, speaker, pitch and continue_from."
            )
        call |= {"seed": interpolate[0], "interpolate": list(interpolate), "steps": count}
        found = _way(player, label, interpolate, count)
    written = write_sounds(_made(found, call), player.sample_rate, out, format)
    return Generated(
        out,
        call["model"],
        call["model_hash"],
        call["seed"],
        interpolate,
        player.sample_rate,
        tuple(_sound(each) for each in written),
        rejection.n_rejected,
        rejection.n_close,
        _changes(continue_from, player.sample_rate),
    )


def _maker(
    player: Generator, options: dict[str, Any], continue_from: Path | None
) -> Callable[[str | None, int, int], np.ndarray]:
    """What makes the clip ``(channels, time)`` of a label, seed and index; raises BadSetting for an option that the model does not have."""
    unknown = [name for name in options if name not in player.options]
    if unknown:
        name = unknown[0]
        raise BadSetting(f"{player.card.name} has no {name} to choose; leave {name} out, or use another model.")
    if continue_from is None:
        return lambda label, seed, index: player.generate(label, 1, seed, index, **options)[0]
    if not isinstance(player, Continuer):
        raise BadSetting(f"{player.card.name} cannot continue a sound; leave continue_from out.")
    if "seconds" not in options:
        raise BadSetting("Nothing says how long the continued sound is to be; give --seconds, the given part included.")
    given = Clip.read(continue_from).resample(player.sample_rate).wave.mean(axis=0, keepdims=True)  # (1, time)
    return lambda label, seed, index: player.continue_from(given, label=label, seed=seed, index=index, **options)


def _changes(continue_from: Path | None, sample_rate: int) -> tuple[str, ...]:
    """A sentence on what became of the sound to continue, where anything did."""
    if continue_from is None:
        return ()
    found = read_header(continue_from)
    changes = changes_of(found.n_channels, found.sample_rate, sample_rate)
    return (f"{continue_from} was {', '.join(changes)}.",) if changes else ()


def _way(player: Generator, label: str | None, seeds: tuple[int, int], steps: int) -> Iterator[Judged]:
    """The sounds on the way from one seed to another."""
    if not isinstance(player, Interpolator):
        raise BadSetting(
            f"{player.card.name} knows no way from one sound to another; give --seed in the place of --interpolate."
        )
    if steps > MOST_STEPS:
        raise BadSetting(
            f"The way between two seeds in {steps} sounds is too long; at most {MOST_STEPS} fit into memory."
        )
    for seed in seeds:
        if not 0 <= seed <= LARGEST_SEED:
            raise BadSetting(f"The seed {seed} is out of range; give a whole number from 0 to {LARGEST_SEED}.")
    name = label if label is not None else (player.labels[0] if player.labels else None)
    for index, wave in enumerate(player.interpolate(*seeds, steps, label)):
        yield Judged(wave, name, index)


def _made(found: Iterator[Judged], call: dict[str, Any]) -> Iterator[Made]:
    """The clips with their names and what they were made from."""
    for judged in found:
        origin = {**call, "index": judged.index, "label": judged.label}
        measured = {"confidence": judged.confidence, "novelty_db": judged.novelty_db}
        said = {name: value for name, value in measured.items() if value is not None}
        yield Made(judged.wave, _stem(origin), origin, said)


def _sound(written: Written) -> Sound:
    return Sound(written.file, written.origin["label"], written.origin["index"], written.seconds, **written.measured)


def _stem(origin: dict[str, Any]) -> str:
    """The name of a file without its ending, of letters that every file system knows."""
    seeds = f"s{origin['seed']}"
    if "interpolate" in origin:
        seeds += f"to{origin['interpolate'][1]}x{origin['steps']}"
    if "code" in origin:
        seeds += "c" + "_".join(f"{number:g}" for number in origin["code"])
    if "continue_from" in origin:
        seeds += f"after-{Path(origin['continue_from']).stem}"
    seeds += "".join(
        f"-{origin[name]:g}{unit}"
        for name, unit in (("seconds", "s"), ("temperature", "t"), ("pitch", "p"))
        if name in origin
    )
    label = [origin[name] for name in ("label", "speaker") if origin.get(name) is not None]
    return file_stem(origin["model"], *label, seeds, f"{origin['index']:03d}")
