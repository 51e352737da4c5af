"""Shared parts of the tasks of VAEs: the model, clips at its input, options, and the files that are written."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from .. import loading
from ..data.decode import decode_at
from ..data.entry import SILENT_PEAK, Entry, Scan, read_length
from ..errors import BadAudio, BadFolder, BadModel, BadSetting, MissingExtra
from ..names import file_stem
from ..progress_bar import progress_bar
from .clip_folder import OutputClip, write_clips

if TYPE_CHECKING:
    from ..families.vae.runtime import VaeRuntime

DEFAULT_MODEL = "morph-drums"
MAX_CLIP_SECONDS = 600.0  # of an input, which is held in memory
MAX_TOTAL_SECONDS = 1_200.0  # of all outputs of a call, which are held in memory, too
MAX_RESIDUAL_SECONDS = 300.0  # of them, for clips of any length with their residual
MAX_CLIPS = 1_000  # of a call
MIN_REPORTED_DB = 0.05  # of an attenuation
MAX_STEM_LENGTH = 32  # characters of an input's name in the names of outputs

Origin = dict[str, object]
"""Provenance of a clip: model, task, sources and settings, as its file and the manifest state them."""

Pitch = Annotated[
    float | None,
    Field(
        description="Pitch of the clip, a MIDI number (60: middle C), for a model that was trained with pitch.",
        ge=0,
        le=127,
    ),
]

ResidualFraction = Annotated[
    float,
    Field(
        description="Fraction of the residual (what the model does not reconstruct) that is added back: 1 for all, 0 "
        "for the decoder's output alone.",
        ge=0,
        le=1,
    ),
]

SourceLabel = Annotated[
    str | None, Field(description="Label of the clip; default: the labels of the nearest training clips.")
]
ModelName = Annotated[str, Field(description="Name of a VAE, or the path of its folder.")]
OutputFolder = Annotated[Path, Field(description="Folder to write to.")]


@dataclass(frozen=True)
class SourceClip:
    """An input file.

    Attributes
    ----------
    file
        Its path.
    hash
        First 12 digits of its SHA-256.
    seconds, sample_rate, n_channels
        Of the file.
    changes
        What was done to it before the model: mixed, resampled, cut.
    """

    file: Path
    hash: str
    seconds: float
    sample_rate: int
    n_channels: int
    changes: tuple[str, ...] = ()

    @property
    def stem(self) -> str:
        """Name of the file in the names of outputs."""
        return self.file.stem[:MAX_STEM_LENGTH]

    def __str__(self) -> str:
        return f"{self.file} was {', '.join(self.changes)}."


@dataclass(frozen=True)
class DerivedClip:
    """One file below the output folder."""

    file: str
    seconds: float


@dataclass(frozen=True)
class DerivedClips:
    """The files that a model made from input clips.

    Attributes
    ----------
    out
        The output folder.
    model, model_hash
        Name and hash of the model.
    sample_rate
        Hz.
    sources
        The inputs.
    clips
        The outputs.
    attenuation_db
        By how much all outputs were attenuated because the loudest would exceed full scale.
    """

    out: Path
    model: str
    model_hash: str
    sample_rate: int
    sources: tuple[SourceClip, ...]
    clips: tuple[DerivedClip, ...]
    attenuation_db: float = 0.0

    def __str__(self) -> str:
        lines = [f"  {clip.file}" for clip in self.clips]
        clips = "1 clip" if len(self.clips) == 1 else f"{len(self.clips)} clips"
        lines.append(f"{clips} by {self.model} ({self.model_hash}) in {self.out}")
        lines += [str(source) for source in self.sources if source.changes]
        if self.attenuation_db >= MIN_REPORTED_DB:
            subject = "The clip was" if len(self.clips) == 1 else "All clips were"
            lines.append(f"{subject} attenuated by {self.attenuation_db:.1f} dB to stay within full scale.")
        return "\n".join(lines)


def open_vae(name: str) -> VaeRuntime:
    """Open a VAE by its name or path; raise BadModel for a model of another family."""
    from ..families.vae.runtime import VaeRuntime

    runtime = loading.load(name)
    if not isinstance(runtime, VaeRuntime):
        raise BadModel(
            f"{name} is of the family {runtime.card.family}, which has no latents; give a VAE with --model "
            "(`wavewright models` names each model's family)."
        )
    return runtime


def read_clip(file: Path, runtime: VaeRuntime, allow_silence: bool = False) -> tuple[SourceClip, np.ndarray]:
    """Read an input file of any sample rate and number of channels.

    Parameters
    ----------
    file
        The file.
    runtime
        The model.
    allow_silence
        Accept a silent file.

    Returns
    -------
    source : SourceClip
        The file's properties.
    wave : np.ndarray
        ``(time,)`` float32, mono at the model's sample rate.

    Raises
    ------
    BadAudio
        If the file cannot be read, is too long or silent.
    """
    n_frames, sample_rate, n_channels = read_length(file)
    entry = Entry(file, None, None, n_frames / sample_rate, sample_rate, n_channels, n_frames)
    wave = _decode_entry(entry, runtime, allow_silence)
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    changes = changes_of(n_channels, sample_rate, runtime.sample_rate)
    if runtime.config.latent == "clip" and len(wave) > runtime.config.n_samples:
        changes.append(f"cut to {runtime.config.n_samples / runtime.sample_rate:.2f} s from its onset")
    return SourceClip(file, digest[:12], entry.seconds, sample_rate, n_channels, tuple(changes)), wave


def changes_of(n_channels: int, sample_rate: int, to_sample_rate: int) -> list[str]:
    """Return what a mono model of a sample rate requires of a file, in words."""
    changes = [f"mixed from {n_channels} channels to one"] if n_channels > 1 else []
    return changes + ([f"resampled from {sample_rate} to {to_sample_rate} Hz"] if sample_rate != to_sample_rate else [])


def origin_of(runtime: VaeRuntime, task: str, sources: Sequence[SourceClip], **pitches: float | None) -> Origin:
    """Return the model, the task, the inputs and the pitches that were requested."""
    return {
        "model": runtime.name,
        "model_hash": runtime.folder.hash,
        "task": task,
        "sources": [{"file": source.file.name, "hash": source.hash} for source in sources],
        **{name: pitch for name, pitch in pitches.items() if pitch is not None},
    }


def residual_name(residual: float) -> list[str]:
    """Return the part of a file's name that states the fraction of the residual, none for all of it."""
    return [] if residual == 1 else [f"residual{residual:g}"]


def check_memory(runtime: VaeRuntime, n_samples: int, count: int, residual: float) -> None:
    """Raise BadSetting if ``count`` outputs of an input of ``n_samples`` are too long together."""
    is_clip = runtime.config.latent == "clip"
    seconds = (runtime.config.n_samples if is_clip else n_samples) / runtime.sample_rate
    if residual and not is_clip and MAX_RESIDUAL_SECONDS < count * seconds <= MAX_TOTAL_SECONDS:
        raise BadSetting(
            f"{count} clips of {seconds:.1f} s with their residual last longer than the {MAX_RESIDUAL_SECONDS:.0f} s "
            "that fit into memory; ask for fewer, give shorter clips, or leave the residual out with --residual 0."
        )
    if count * seconds > MAX_TOTAL_SECONDS:
        raise BadSetting(
            f"{count} clips of {seconds:.1f} s last longer than the {MAX_TOTAL_SECONDS:.0f} s that fit into memory; "
            "ask for fewer, or give shorter clips."
        )


def write_derived(
    runtime: VaeRuntime,
    sources: Sequence[SourceClip],
    clips: Iterator[OutputClip],
    out: Path,
    format: str,
    attenuation_db: float = 0.0,
) -> DerivedClips:
    """Write outputs as files of a folder; raises as :func:`.clip_folder.write_clips`."""
    written = write_clips(clips, runtime.sample_rate, out, format)
    files = tuple(DerivedClip(clip.file, clip.seconds) for clip in written)
    return DerivedClips(
        out, runtime.name, runtime.folder.hash, runtime.sample_rate, tuple(sources), files, attenuation_db
    )


def clip_name(
    runtime: VaeRuntime,
    sources: Sequence[SourceClip],
    labels: Sequence[str | None],
    settings: Sequence[str],
    seed: int,
    pitches: Sequence[float | None] = (),
) -> str:
    """Return the stem of an output: model, inputs, labels and pitches if any, and the settings that distinguish it."""
    names = [
        "-to-".join(source.stem for source in sources),
        "-to-".join(label for label in labels if label is not None),
        "-to-".join(f"{pitch:g}p" for pitch in pitches if pitch is not None),
    ]
    return file_stem(runtime.name, *filter(None, names), *settings, *([f"s{seed}"] if seed else []))


@dataclass(frozen=True)
class FolderLatents:
    """The latents of the clips of a folder.

    Attributes
    ----------
    root
        The folder, or that of the manifest.
    entries, latents
        The clips, and the latents of each.
    problems
        Files that cannot be used, one sentence each.
    """

    root: Path
    entries: tuple[Entry, ...]
    latents: tuple[np.ndarray, ...]
    problems: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """Paths of the files below the folder."""
        return [_name_below(self.root, entry.path) for entry in self.entries]


def encode_folder(folder: Path, scanned: Scan, runtime: VaeRuntime, quiet: bool) -> FolderLatents:
    """Encode all clips of a scanned folder or manifest.

    Parameters
    ----------
    folder
        Folder or manifest.
    scanned
        Its clips.
    runtime
        The model.
    quiet
        Show no progress.

    Raises
    ------
    BadFolder
        If no clip can be used.
    """
    entries: list[Entry] = []
    latents: list[np.ndarray] = []
    problems = [str(problem) for problem in scanned.problems]
    seconds = 0.0
    with progress_bar(f"encoding {folder.name}", sum(entry.seconds for entry in scanned.entries), quiet) as show:
        for entry in scanned.entries:
            try:
                latents.append(runtime.encode(runtime.align(_decode_entry(entry, runtime)).wave))
                entries.append(entry)
            except (BadAudio, MissingExtra) as error:
                problems.append(str(error))
            seconds += entry.seconds
            show(seconds)
    if not entries:
        raise BadFolder(f"{folder} holds no clip that can be used: {problems[0].rstrip('.')}.")
    return FolderLatents(folder if folder.is_dir() else folder.parent, tuple(entries), tuple(latents), tuple(problems))


def _decode_entry(entry: Entry, runtime: VaeRuntime, allow_silence: bool = False) -> np.ndarray:
    """Return the wave ``(time,)`` of a clip, mono at the model's sample rate."""
    if entry.seconds > MAX_CLIP_SECONDS:
        raise BadAudio(
            f"{entry.path} lasts {entry.seconds:.0f} s; clips of up to {MAX_CLIP_SECONDS:.0f} s can be used here: cut "
            "it."
        )
    wave: np.ndarray = np.concatenate([*decode_at(entry, runtime.sample_rate, 1)], axis=1)[0]
    if not len(wave) or (not allow_silence and np.abs(wave).max() <= SILENT_PEAK):
        raise BadAudio(f"{entry.path} is silent: no sample exceeds -60 dB of full scale; give another file.")
    return wave


def _name_below(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
