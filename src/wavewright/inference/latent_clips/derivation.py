"""Clips that a VAE derives from input clips: their origin, their names and their files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ...audio.clip import warn_of_left_out
from ...base.errors import BadSetting
from ...base.names import file_stem
from ...contracts.morphing import Morpher
from ...contracts.runtime import identity
from ...outputs.carried_metadata import left_out_of_each
from ...outputs.clip_folder import OutputClip, write_clips
from ...outputs.made import Made
from ...outputs.watermark.marking import Marking
from .source import SourceClip

MAX_CLIPS = 1_000  # of a call
MAX_TOTAL_SECONDS = 1_200.0  # of all outputs of a call, which are held in memory
MAX_RESIDUAL_SECONDS = 300.0  # of them, for clips of any length with their residual
MIN_REPORTED_DB = 0.05  # of an attenuation

Origin = dict[str, object]
"""Provenance of a clip: model, task, sources and settings, as its file and the manifest state them."""


@dataclass(frozen=True)
class Derivation:
    """A task that derives clips: the model, the input clips, and the settings that all such tasks have.

    - ``runtime``, ``task``: the model, and the name of the task.
    - ``sources``, ``labels``, ``pitches``: the input clips, and the label and the pitch (a MIDI number) of each; None
      as the model measures them.
    - ``seed``: seed of the noise.
    - ``residual``: fraction of the residual that is added back, from 0 to 1.
    - ``marking``: the mark of the outputs, None without one.
    """

    runtime: Morpher
    task: str
    sources: tuple[SourceClip, ...]
    labels: tuple[str | None, ...]
    pitches: tuple[float | None, ...]
    seed: int
    residual: float
    marking: Marking | None = None

    def check_memory(self, n_samples: int, count: int) -> None:
        """Raise BadSetting if ``count`` outputs of an input of ``n_samples`` are too long together."""
        clip_samples = self.runtime.clip_samples
        is_clip = clip_samples is not None
        seconds = (n_samples if clip_samples is None else clip_samples) / self.runtime.sample_rate
        if self.residual and not is_clip and MAX_RESIDUAL_SECONDS < count * seconds <= MAX_TOTAL_SECONDS:
            raise BadSetting(
                f"{count} clips of {seconds:.1f} s with their residual last longer than the {MAX_RESIDUAL_SECONDS:.0f} "
                "s that fit into memory; ask for fewer, give shorter clips, or leave the residual out with --residual "
                "0."
            )
        if count * seconds > MAX_TOTAL_SECONDS:
            raise BadSetting(
                f"{count} clips of {seconds:.1f} s last longer than the {MAX_TOTAL_SECONDS:.0f} s that fit into "
                "memory; ask for fewer, or give shorter clips."
            )

    def origin(self, **settings: object) -> Origin:
        """Return the model, the task, the inputs and all settings; ``settings`` are those of the task alone."""
        names = ["pitch"] if len(self.pitches) == 1 else ["pitch_a", "pitch_b"]
        pitches = {name: pitch for name, pitch in zip(names, self.pitches, strict=True) if pitch is not None}
        label_names = ["label"] if len(self.labels) == 1 else ["label_a", "label_b"]
        labels: Origin = dict(zip(label_names, self.labels, strict=True))
        return {
            **identity(self.runtime),
            "task": self.task,
            "sources": [{"file": source.file.name, "hash": source.hash} for source in self.sources],
            **pitches,
            **settings,
            "seed": self.seed,
            **labels,
            "residual": self.residual,
        }

    def stem(self, *settings: str) -> str:
        """Return the stem of the outputs: model, inputs, labels and pitches if any, and the task's settings."""
        names = [
            "-to-".join(source.stem for source in self.sources),
            "-to-".join(label for label in self.labels if label is not None),
            "-to-".join(f"{pitch:g}p" for pitch in self.pitches if pitch is not None),
            *settings,
            "" if self.residual == 1 else f"residual{self.residual:g}",
            f"s{self.seed}" if self.seed else "",
        ]
        return file_stem(self.runtime.name, *filter(None, names))

    def write(self, clips: Iterator[OutputClip], out: Path, format: str, attenuation_db: float = 0.0) -> Made:
        """Write outputs as files of a folder; raises as :func:`.clip_folder.write_clips`."""
        written = write_clips(clips, self.runtime.sample_rate, out, format, self.marking)
        warn_of_left_out(out, left_out_of_each(source.file for source in self.sources))
        notes = [str(source) for source in self.sources if source.changes]
        if attenuation_db >= MIN_REPORTED_DB:
            subject = "The clip was" if len(written) == 1 else "All clips were"
            notes.append(f"{subject} attenuated by {attenuation_db:.1f} dB to stay within full scale.")
        details = {"sources": self.sources, "attenuation_db": attenuation_db, "is_marked": self.marking is not None}
        return Made(out=out, files=written, notes=tuple(notes), details=details)
