"""Make new sounds with a model and write them as files that say where they came from."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from .. import models
from ..clip import Clip, read_metadata
from ..errors import BadAudio, BadFolder, BadModel, BadSetting
from . import checked
from .rejection import Judged, Rejection

MANIFEST_FILE = "manifest.jsonl"
LARGEST_SEED = 2**32 - 1


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
    """The files of one call; ``n_rejected`` clips were made and left out. ``interpolate`` are the seeds of a way, else None."""

    out: Path
    model: str
    model_hash: str
    seed: int
    interpolate: tuple[int, int] | None
    sample_rate: int
    sounds: tuple[Sound, ...]
    n_rejected: int = 0

    def __str__(self) -> str:
        lines = [f"  {sound.file}" for sound in self.sounds]
        rejected = f", {self.n_rejected} left out" if self.n_rejected else ""
        return "\n".join([*lines, f"{len(lines)} sounds by {self.model} ({self.model_hash}) in {self.out}{rejected}"])

    def origin(self, sound: Sound) -> dict[str, Any]:
        """What a file says of itself: with the model of this hash it can be made again."""
        origin: dict[str, Any] = {"model": self.model, "model_hash": self.model_hash, "seed": self.seed}
        if self.interpolate is not None:
            origin |= {"interpolate": list(self.interpolate), "steps": len(self.sounds)}
        return {**origin, "index": sound.index, "label": sound.label}


@checked
def generate(
    model: Annotated[str, Field(description="Name of a model, or the path of its folder.")],
    label: Annotated[str | None, Field(description="Kind of sound; without it, every label in turn.")] = None,
    count: Annotated[int, Field(description="Number of sounds.", ge=1, le=100_000)] = 8,
    seed: Annotated[int, Field(description="Same seed, same sounds.", ge=0, le=LARGEST_SEED)] = 0,
    interpolate: Annotated[
        tuple[int, int] | None, Field(description="Two seeds: go from the first sound of one to that of the other.")
    ] = None,
    steps: Annotated[int, Field(description="Sounds on the way, both ends included, with --interpolate.", ge=2, le=1000)] = 8,
    out: Annotated[Path, Field(description="Folder to write to.")] = Path("wavewright-sounds"),
    format: Annotated[Literal["wav", "flac", "ogg"], Field(description="File format; wav and flac have 24 bits.")] = "wav",
    min_confidence: Annotated[
        float | None,
        Field(description="Leave out sounds that a classifier takes for the asked label with less than this.", ge=0, le=1),
    ] = None,
    min_novelty: Annotated[
        float | None,
        Field(
            description="Leave out sounds closer than this to a training sound, in dB; takes of one drum lie within 3.", ge=0
        ),
    ] = None,
    judge: Annotated[
        str | None, Field(description="Classifier for --min-confidence; default: one that knows the labels.")
    ] = None,
) -> Generated:
    """Make new sounds with a model.

    Files are called ``<model>-<label>-s<seed>-<index>``; a sound depends on model, label, seed and index alone, so the same call
    makes the same files again, and these replace each other. A file of that name with another sound is never replaced. Each file
    carries model, hash, seed, index and label in its comment; ``manifest.jsonl`` lists all files of the folder. Nothing is written
    where the call fails. Raises BadModel, BadSetting for what the model does not have, BadFolder for a folder that is in the way.
    """
    player = models.load(model)
    if not hasattr(player, "generate"):
        raise BadModel(
            f"{model} is of the family {player.card.family}, which makes no sounds; `wavewright models` lists those that do."
        )
    rejection = Rejection(player, min_confidence, min_novelty, judge)
    if interpolate is None:
        found, n_rejected = rejection.choose(label, count, seed)
        seeds = f"s{seed}"
    else:
        found, n_rejected = _way(player, label, interpolate, steps, rejection)
        seed, seeds = interpolate[0], f"s{interpolate[0]}to{interpolate[1]}x{steps}"
    sounds = tuple(_sound(player.card, seeds, format, judged) for judged in found)
    card = player.card
    made = Generated(out, card.name, player.folder.hash, seed, interpolate, card.sample_rate, sounds, n_rejected)
    _write(made, [judged.wave for judged in found])
    return made


def _way(player: Any, label: str | None, seeds: tuple[int, int], steps: int, rejection: Rejection) -> tuple[list[Judged], int]:
    """The sounds on the way from one seed to another; one that is refused has no place to go, so refusing is not possible."""
    if rejection.is_active:
        raise BadSetting(
            "Sounds on the way between two seeds cannot be left out; give min_confidence or min_novelty without interpolate."
        )
    for seed in seeds:
        if not 0 <= seed <= LARGEST_SEED:
            raise BadSetting(f"The seed {seed} is out of range; give a whole number from 0 to {LARGEST_SEED}.")
    name = label if label is not None else (player.labels[0] if player.labels else None)
    waves = player.interpolate(*seeds, steps, label)
    return [Judged(wave, name, index) for index, wave in enumerate(waves)], 0


def _sound(card: models.Card, seeds: str, format: str, judged: Judged) -> Sound:
    parts = [card.name, *([judged.label] if judged.label is not None else []), seeds, f"{judged.index:03d}"]
    stem = "-".join(re.sub(r"[^\w.+]+", "_", part) for part in parts)
    seconds = judged.wave.shape[-1] / card.sample_rate
    return Sound(f"{stem}.{format}", judged.label, judged.index, seconds, judged.confidence, judged.novelty_db)


def _write(made: Generated, waves: Sequence[np.ndarray]) -> None:
    """Write all files beside their places, then move them into these, the manifest last."""
    kept = _kept_records(made)
    existed = made.out.is_dir()
    try:
        made.out.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=".wavewright-", dir=made.out))
    except (FileExistsError, NotADirectoryError) as error:
        raise BadFolder(f"{made.out} is a file or lies in one; give a folder to write to with --out.") from error
    try:
        for sound, wave in zip(made.sounds, waves, strict=True):
            subtype = "VORBIS" if sound.file.endswith(".ogg") else "PCM_24"
            Clip(wave, made.sample_rate).write(temporary / sound.file, subtype, {"comment": json.dumps(made.origin(sound))})
        lines = [json.dumps(record, ensure_ascii=False) + "\n" for record in [*kept, *(_record(made, s) for s in made.sounds)]]
        (temporary / MANIFEST_FILE).write_text("".join(lines), encoding="utf-8")
        for name in [*(sound.file for sound in made.sounds), MANIFEST_FILE]:
            (temporary / name).replace(made.out / name)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        if not existed and not any(made.out.iterdir()):
            made.out.rmdir()


def _record(made: Generated, sound: Sound) -> dict[str, Any]:
    """A line of the manifest, with the field names that ``data.manifest`` reads."""
    measured = {"confidence": sound.confidence, "novelty_db": sound.novelty_db}
    return {
        "audio_filepath": sound.file,
        "duration": round(sound.seconds, 6),
        **made.origin(sound),
        **{name: value for name, value in measured.items() if value is not None},
    }


def _kept_records(made: Generated) -> list[dict[str, Any]]:
    """What the manifest lists besides the files of this call; raises BadFolder where a file would replace another sound."""
    for sound in made.sounds:
        path = made.out / sound.file
        if path.exists() and _origin_of(path) != made.origin(sound):
            raise BadFolder(
                f"{path} is there already and is another sound than the one that {made.model} ({made.model_hash}) makes; "
                "choose another folder with --out."
            )
    names = {sound.file for sound in made.sounds}
    return [record for record in _records(made.out / MANIFEST_FILE) if record["audio_filepath"] not in names]


def _records(manifest: Path) -> Iterator[dict[str, Any]]:
    if not manifest.is_file():
        return
    try:
        for line in manifest.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            record["audio_filepath"]  # a line without it is not one of ours
            yield record
    except (ValueError, KeyError, TypeError) as error:
        raise BadFolder(
            f"{manifest} is not a manifest of sounds, so it cannot be added to; choose another folder with --out."
        ) from error


def _origin_of(path: Path) -> Any:
    """What a sound file says of itself; None where it says nothing."""
    try:
        return json.loads(read_metadata(path)["comment"])
    except (BadAudio, ValueError, KeyError):
        return None
