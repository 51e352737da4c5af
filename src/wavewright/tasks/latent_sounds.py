"""What the tasks of latents share: the model, sounds as it hears them, and the sounds that are made of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import Field

from .. import loading
from ..data.decode import decode_at
from ..data.entry import SILENT_PEAK, Entry, Scan, read_length
from ..errors import BadAudio, BadFolder, BadModel, BadSetting, MissingExtra
from ..names import file_stem
from ..progress_bar import progress_bar
from .sound_folder import Made, write_sounds

if TYPE_CHECKING:
    from ..families.vae.runtime import VaeRuntime

DEFAULT_MODEL = "morph-drums"
LONGEST_SECONDS = 600.0  # of a sound that is read, which is held in memory
MOST_SECONDS = 1_200.0  # of all sounds of a call, which are held in memory, too
MOST_DETAILED_SECONDS = 300.0  # of them where sounds of any length keep their detail
MOST_SOUNDS = 1_000
LEAST_DB = 0.05  # of which a word is said
LETTERS_OF_A_NAME = 32  # that the name of a sound takes from the name of a file

Pitch = Annotated[
    float | None,
    Field(
        description="Pitch of the sound, a MIDI number (60: middle C), for a model that was trained with pitch.",
        ge=0,
        le=127,
    ),
]

DetailShare = Annotated[
    float,
    Field(
        description="Share of what the model does not rebuild of the sound that is kept: 1 for all, 0 for the model's own sound.",
        ge=0,
        le=1,
    ),
]


@dataclass(frozen=True)
class Source:
    """A sound file that was given, the first digits of its SHA-256, and what became of it on its way to the model."""

    file: Path
    hash: str
    seconds: float
    sample_rate: int
    n_channels: int
    changes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What the names of the sounds made of it take from its own."""
        return self.file.stem[:LETTERS_OF_A_NAME]

    def __str__(self) -> str:
        return f"{self.file} was {', '.join(self.changes)}."


@dataclass(frozen=True)
class DerivedSound:
    """One file below the folder."""

    file: str
    seconds: float


@dataclass(frozen=True)
class Derived:
    """The files that a model made of given sounds, all turned down by ``turned_down_db`` where the loudest would pass full scale."""

    out: Path
    model: str
    model_hash: str
    sample_rate: int
    sources: tuple[Source, ...]
    sounds: tuple[DerivedSound, ...]
    turned_down_db: float = 0.0

    def __str__(self) -> str:
        lines = [f"  {sound.file}" for sound in self.sounds]
        sounds = "1 sound" if len(lines) == 1 else f"{len(lines)} sounds"
        lines.append(f"{sounds} by {self.model} ({self.model_hash}) in {self.out}")
        lines += [str(source) for source in self.sources if source.changes]
        if self.turned_down_db >= LEAST_DB:
            what = "The sound was" if len(self.sounds) == 1 else "All were"
            lines.append(f"{what} turned down by {self.turned_down_db:.1f} dB, since full scale would be passed.")
        return "\n".join(lines)


def open_vae(name: str) -> VaeRuntime:
    """The model of a name or path; raises BadModel for one that has no latents."""
    from ..families.vae.runtime import VaeRuntime

    player = loading.load(name)
    if not isinstance(player, VaeRuntime):
        raise BadModel(
            f"{name} is of the family {player.card.family}, which knows no latents; give a VAE with --model (`wavewright models` "
            "names each model's family)."
        )
    return player


def read_sound(file: Path, player: VaeRuntime, may_be_silent: bool = False) -> tuple[Source, np.ndarray]:
    """A sound file of any rate and number of channels, and its wave ``(time,)`` mono at the model's rate.

    Raises BadAudio where it cannot be read, is too long or, unless it ``may_be_silent``, silent.
    """
    n_frames, sample_rate, n_channels = read_length(file)
    entry = Entry(file, None, None, n_frames / sample_rate, sample_rate, n_channels, n_frames)
    wave = _wave_of(entry, player, may_be_silent)
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    changes = changes_of(n_channels, sample_rate, player.sample_rate)
    if player.config.latent == "clip" and len(wave) > player.config.n_samples:
        changes.append(f"heard for {player.config.n_samples / player.sample_rate:.2f} s from its onset")
    return Source(file, digest[:12], entry.seconds, sample_rate, n_channels, tuple(changes)), wave


def changes_of(n_channels: int, sample_rate: int, to_sample_rate: int) -> list[str]:
    """What becomes of a sound on its way to a model of one channel and one rate, in words."""
    changes = [f"mixed from {n_channels} channels to one"] if n_channels > 1 else []
    return changes + ([f"resampled from {sample_rate} to {to_sample_rate} Hz"] if sample_rate != to_sample_rate else [])


def origin_of(player: VaeRuntime, task: str, sources: Sequence[Source]) -> dict[str, Any]:
    """What a sound says of the model, the task and the files that it was made with."""
    return {
        "model": player.card.name,
        "model_hash": player.folder.hash,
        "task": task,
        "sources": [{"file": source.file.name, "hash": source.hash} for source in sources],
    }


def told_pitch(**pitches: float | None) -> dict[str, float]:
    """What a sound says of the pitches that were asked for, by name: nothing where none was."""
    return {name: pitch for name, pitch in pitches.items() if pitch is not None}


def detail_name(detail: float) -> list[str]:
    """What the name of a sound's file says of the share of detail that is kept: nothing of all of it."""
    return [] if detail == 1 else [f"detail{detail:g}"]


def check_room(player: VaeRuntime, n_samples: int, count: int, detail: float) -> None:
    """Raise BadSetting where ``count`` sounds made of one of ``n_samples`` would be too long together."""
    is_clip = player.config.latent == "clip"
    seconds = (player.config.n_samples if is_clip else n_samples) / player.sample_rate
    if detail and not is_clip and MOST_DETAILED_SECONDS < count * seconds <= MOST_SECONDS:
        raise BadSetting(
            f"{count} sounds of {seconds:.1f} s with their detail last longer than the {MOST_DETAILED_SECONDS:.0f} s that fit into memory; "
            "ask for fewer, give shorter sounds, or leave the detail out with --detail 0."
        )
    if count * seconds > MOST_SECONDS:
        raise BadSetting(
            f"{count} sounds of {seconds:.1f} s last longer than the {MOST_SECONDS:.0f} s that fit into memory; ask for fewer, or "
            "give shorter sounds."
        )


def write_derived(
    player: VaeRuntime,
    sources: Sequence[Source],
    sounds: Iterator[Made],
    out: Path,
    format: str,
    turned_down_db: float = 0.0,
) -> Derived:
    """Write sounds as files of ``out``; raises as :func:`.sound_folder.write_sounds`."""
    written = write_sounds(sounds, player.sample_rate, out, format)
    files = tuple(DerivedSound(sound.file, sound.seconds) for sound in written)
    return Derived(out, player.card.name, player.folder.hash, player.sample_rate, tuple(sources), files, turned_down_db)


def sound_name(
    player: VaeRuntime,
    sources: Sequence[Source],
    labels: Sequence[str | None],
    parts: Sequence[str],
    seed: int,
    pitches: Sequence[float | None] = (),
) -> str:
    """The name of a sound's file: the model, what it was made of, its labels and pitches if any, and what else tells it from others."""
    made_of = "-to-".join(source.name for source in sources)
    told = ["-to-".join(label for label in labels if label is not None)]
    told.append("-to-".join(f"{pitch:g}p" for pitch in pitches if pitch is not None))
    return file_stem(player.card.name, made_of, *filter(None, told), *parts, *([f"s{seed}"] if seed else []))


@dataclass(frozen=True)
class FolderLatents:
    """The sounds of a folder with their latents, ``names`` below ``root``, and the sentences that say what could not be used."""

    root: Path
    entries: tuple[Entry, ...]
    latents: tuple[np.ndarray, ...]
    problems: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """The files as the folder knows them."""
        return [_name_below(self.root, entry.path) for entry in self.entries]


def encode_folder(folder: Path, found: Scan, player: VaeRuntime, quiet: bool) -> FolderLatents:
    """The latents of all sounds that were found in a folder or manifest; raises BadFolder where none can be used."""
    kept, latents, problems = [], [], [str(problem) for problem in found.problems]
    total = sum(entry.seconds for entry in found.entries)
    done = 0.0
    with progress_bar(f"hearing {folder.name}", total, quiet) as show:
        for entry in found.entries:
            try:
                latents.append(player.encode(player.heard(_wave_of(entry, player)).wave))
                kept.append(entry)
            except (BadAudio, MissingExtra) as error:
                problems.append(str(error))
            done += entry.seconds
            show(done)
    if not kept:
        raise BadFolder(f"{folder} holds no sound that can be used: {problems[0].rstrip('.')}.")
    return FolderLatents(folder if folder.is_dir() else folder.parent, tuple(kept), tuple(latents), tuple(problems))


def _wave_of(entry: Entry, player: VaeRuntime, may_be_silent: bool = False) -> np.ndarray:
    """The wave ``(time,)`` of a clip, mono at the model's rate."""
    if entry.seconds > LONGEST_SECONDS:
        raise BadAudio(
            f"{entry.path} lasts {entry.seconds:.0f} s; sounds of up to {LONGEST_SECONDS:.0f} s can be used here: cut a part out of it."
        )
    wave = np.concatenate([*decode_at(entry, player.sample_rate, 1)], axis=1)[0]
    if not len(wave) or (not may_be_silent and np.abs(wave).max() <= SILENT_PEAK):
        raise BadAudio(
            f"{entry.path} is silent: no sample exceeds -60 dB of full scale; give a sound that can be heard."
        )
    return wave


def _name_below(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
