"""The mark in sound files, and in the files of a folder together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from ...audio.sound_file import open_sound
from .detection import Detection, MarkSearch, detect_blocks
from .evidence import MAX_P_VALUE, p_value_of
from .localisation import MarkedSegment
from .payload import Payload

SMALLEST_P_VALUE = 1e-300
"""Bounds below it are reported as it."""


@dataclass(frozen=True)
class FileDetection:
    """The mark in a file.

    - ``is_marked``: the mark was detected: `p_value` is at most 1e-6.
    - ``p_value``: bound on the chance that unmarked sound gives as much evidence, whatever it is.
    - ``model``: first three hexadecimal digits of the hash of the model that made the sound; None without a mark, or if
      only the levels of the mark are left.
    - ``models``: names of the installed models whose hash starts with these digits.
    - ``version``: version of the mark; None without a model.
    - ``speed``, ``semitones``: speed and pitch of the sound relative to those when it was marked; the pitch where only
      the levels are left.
    - ``segments``: where the mark is.
    - ``marked_seconds``, ``seconds``: length of all marked segments, and of the file.
    """

    file: Path
    is_marked: bool
    p_value: float
    model: str | None
    models: tuple[str, ...]
    version: int | None
    speed: float
    segments: tuple[MarkedSegment, ...]
    marked_seconds: float
    seconds: float
    semitones: float = 0.0

    def __str__(self) -> str:
        if not self.is_marked:
            return f"{self.file}: no mark with this key"
        where = ", ".join(f"{segment.start_s:.1f} to {segment.end_s:.1f}" for segment in self.segments)
        changes = "" if self.speed == 1.0 else f", played at {self.speed:.4f} of its speed"
        changes += f", {self.semitones:+g} semitones" if self.semitones else ""
        maker = "model unknown" if self.model is None else maker_of(self.model, self.models)
        return f"{self.file}: marked, {maker}, {chance_of(self.p_value)}; {where} s of {self.seconds:.1f} s{changes}"


@dataclass(frozen=True)
class JointDetection:
    """The mark in all files of a folder together, as if each starts where its marked sound started.

    - ``is_marked``, ``p_value``, ``model``, ``models``, ``version``: as of :class:`FileDetection`.
    """

    is_marked: bool
    p_value: float
    model: str | None
    models: tuple[str, ...]
    version: int | None

    def __str__(self) -> str:
        if not self.is_marked:
            return "together: no mark with this key"
        return f"together: marked, {maker_of(self.model or '', self.models)}, {chance_of(self.p_value)}"


def maker_of(model: str, models: tuple[str, ...]) -> str:
    """Return the text for the model in a payload."""
    names = f" ({', '.join(models)})" if models else ""
    return f"model {model}...{names}"


def chance_of(p_value: float) -> str:
    """Return the text for a bound on false positives."""
    return f"chance of a false positive at most {max(p_value, SMALLEST_P_VALUE):.0e}"


def detect_file(
    path: Path,
    key: str,
    any_speed: bool,
    names_of: Callable[[Payload], tuple[str, ...]],
    together: MarkSearch | None = None,
) -> FileDetection:
    """Search for the mark in a sound file of any length.

    - ``key``, ``any_speed``, ``together``: as for :func:`.detection.detect_blocks`.
    - ``names_of``: returns the names of the models that a payload can mean.

    Raises BadAudio if the file cannot be read.
    """
    sound = open_sound(path)
    detection = detect_blocks(sound.blocks, sound.header.sample_rate, key, any_speed, together)
    return _described(path, detection, names_of)


def _described(path: Path, detection: Detection, names_of: Callable[[Payload], tuple[str, ...]]) -> FileDetection:
    payload = detection.payload
    return FileDetection(
        file=path,
        is_marked=detection.is_marked,
        p_value=max(detection.p_value, SMALLEST_P_VALUE),
        model=None if payload is None else payload.model_prefix,
        models=() if payload is None else names_of(payload),
        version=None if payload is None else payload.version,
        speed=detection.speed,
        segments=detection.segments,
        marked_seconds=detection.marked_seconds,
        seconds=detection.seconds,
        semitones=detection.semitones,
    )


def joint_detection(search: MarkSearch, names_of: Callable[[Payload], tuple[str, ...]]) -> JointDetection:
    """Return the result of a search over several files."""
    log_evidence, payload = search.result_with_payload()
    p_value = max(p_value_of(log_evidence), SMALLEST_P_VALUE)
    unmarked = JointDetection(False, p_value, None, (), None)
    if p_value > MAX_P_VALUE:
        return unmarked
    return replace(
        unmarked, is_marked=True, model=payload.model_prefix, models=names_of(payload), version=payload.version
    )
