"""Mixes written as projects, which give the same samples when they are read again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, fields, replace
from pathlib import Path

from ...base.errors import BadSetting
from ...base.toml_tables import toml_value
from ..dynamics import Ducker
from ..editing.chain import Chain
from ..effect import Effect
from .plan import MASTER, Mix, Placement, Point, Strip
from .sources import FileSource


def project_text(mix: Mix, path_of: Callable[[Path], str]) -> str:
    """Return a mix of sound files as a project in TOML.

    Raises BadSetting if a project cannot say what is in the mix.

    Parameters
    ----------
    mix : Mix
        Without oscillators, followers and points in its effects.
    path_of : callable
        Returns the path of a file, relative to the folder of the project.
    """
    top = {"sample_rate": mix.sample_rate, "channels": mix.n_channels, "length": mix.seconds}
    parts = [_table(top)]
    for strip in mix.strips.values():
        if strip.automations or not all(isinstance(each.source, FileSource) for each in strip.placements):
            raise BadSetting(f"{strip.name} has generated sounds or effects that move, which are not written.")
        if strip.name == MASTER:
            parts.append(f"[master]\n{_table(_fader(strip, path_of))}")
        else:
            parts.append(f"[[{'buses' if strip.is_bus else 'tracks'}]]\n{_table(_strip(strip, path_of))}")
        parts += [f"[[tracks.regions]]\n{_table(_region(placement, path_of))}" for placement in strip.placements]
    return "\n".join(parts)


def _table(values: Mapping[str, object]) -> str:
    return "".join(f"{name} = {toml_value(value)}\n" for name, value in values.items() if value not in (None, "", ()))


def _fader(strip: Strip, path_of: Callable[[Path], str]) -> dict[str, object]:
    return {
        "gain_db": strip.fader.gain_db,
        "pan": strip.fader.pan,
        "effects": _chain(strip.chain, path_of),
        "automation.gain_db": _points(strip.fader.gain_points),
        "automation.pan": _points(strip.fader.pan_points),
    }


def _strip(strip: Strip, path_of: Callable[[Path], str]) -> dict[str, object]:
    duck = strip.duck and {"by": strip.duck.by, **_changes(strip.duck.ducker)}
    return {
        "name": strip.name,
        "mute": strip.output is None,
        **_fader(strip, path_of),
        "duck": duck,
        "output": strip.output,
        "sends": [asdict(send) for send in strip.sends] or None,
    }


def _changes(ducker: Ducker) -> dict[str, float]:
    """Return the settings that are not the usual ones."""
    return {name: value for name, value in asdict(ducker).items() if value != getattr(Ducker(), name)}


def _points(points: tuple[Point, ...]) -> list[list[float]] | None:
    return [[point.seconds, point.value] for point in points] or None


def _region(placement: Placement, path_of: Callable[[Path], str]) -> dict[str, object]:
    assert isinstance(placement.source, FileSource)
    return {
        "file": path_of(placement.source.path),
        "start": placement.start_seconds,
        "offset": placement.offset_seconds,
        "length": placement.seconds,
        "loop": placement.is_loop,
        "speed": placement.speed,
        "effects": _chain(placement.chain, path_of),
        "fade_in": placement.fade_in_seconds,
        "fade_out": placement.fade_out_seconds,
        "fade_curve": placement.fade_curve,
        "gain_db": placement.gain_db,
        "pan": placement.pan,
    }


def _chain(chain: Chain | None, path_of: Callable[[Path], str]) -> str:
    """Return the text of a chain, whose files are named by their places."""
    if chain is None:
        return ""
    return str(Chain(tuple(_placed(effect, path_of) for effect in chain.effects)))


def _placed(effect: Effect, path_of: Callable[[Path], str]) -> Effect:
    paths = {field.name: getattr(effect, field.name) for field in fields(effect)}
    return replace(effect, **{name: Path(path_of(path)) for name, path in paths.items() if isinstance(path, Path)})
