"""Projects of mixes as data that the panel Mix draws and changes, and what can move in a chain of effects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from ...audio.sound_file import SoundFormat
from ...base.errors import BadAudio, BadSetting, Named, WavewrightError
from ...base.json_text import JsonValue
from ...base.ranges import ranges_of
from ...base.toml_tables import parse_table
from ...effects.editing.chain import CHAIN_EFFECTS, Chain
from ...effects.editing.quantities import QUANTITIES, quantity_of, short_name
from ...effects.effect import Effect
from ...effects.mixing.automation import Points, automation_of, check_automations
from ...effects.mixing.plan import MASTER
from ...effects.mixing.project import (
    AutomationSection,
    ProjectSection,
    RegionSection,
    StripSection,
    TrackSection,
    chain_of,
)

SECTIONS: Mapping[str, type[BaseModel]] = {
    "project": ProjectSection,
    "track": TrackSection,
    "region": RegionSection,
}


def describe_sections() -> dict[str, object]:
    """Return the ranges and defaults of the numbers of a project, by section and name."""
    return {name: _numbers_of(section) for name, section in SECTIONS.items()}


def _numbers_of(section: type[BaseModel]) -> dict[str, object]:
    described: dict[str, object] = {}
    for name, schema in section.model_json_schema()["properties"].items():
        found = next((each for each in [schema, *schema.get("anyOf", ())] if each.get("type") == "number"), None)
        if found is not None:
            described[name] = {
                "minimum": found.get("minimum"),
                "maximum": found.get("maximum"),
                "default": schema.get("default"),
            }
    return described


def read_mix(text: str) -> dict[str, Any]:
    """Return a project as data: times in seconds, levels in dB, points of effects in the units of their settings.

    Values that are the usual ones are left out. No file is opened.

    Raises BadSetting with the position of the first fault.
    """
    project = parse_table(ProjectSection, text, "a project")
    contents: dict[str, Any] = project.model_dump(mode="json", exclude_defaults=True)
    for key, kind, strips in (("tracks", "track", project.tracks), ("buses", "bus", project.buses)):
        for number, (strip, data) in enumerate(zip(strips, contents.get(key, ()), strict=True), 1):
            with Named(f"{kind} {number}"):
                _set_points(strip, data)
    with Named(MASTER):
        _set_points(project.master, contents.get(MASTER, {}))
    return contents


def _set_points(strip: StripSection, data: dict[str, Any]) -> None:
    """Let the points of effects be numbers."""
    chain = chain_of(strip.effects, Path())
    automation: AutomationSection = strip.automation
    for section, each in zip(automation.effects, data.get("automation", {}).get("effects", ()), strict=True):
        motion = section.automation(chain).motion
        if isinstance(motion, Points):
            each["points"] = [list(point) for point in zip(motion.times, motion.targets, strict=True)]


def movable_settings(call: Mapping[str, JsonValue]) -> dict[str, object]:
    """Return the numbers of a chain that can move: step, setting, title, range, unit, curve and value of each.

    - ``call``: ``chain``, and ``channels`` and ``sample_rate`` in Hz of the mix.
    - returns: ``settings``, and ``problem``: why the chain is none, empty if it is one.
    """
    try:
        chain = Chain.parse(str(call.get("chain", "")))
        sound = SoundFormat(int(str(call.get("sample_rate"))), int(str(call.get("channels"))))
        settings = [
            setting
            for number, effect in enumerate(chain.effects, 1)
            for setting in _settings_of(chain, number, effect, sound)
        ]
    except (BadSetting, BadAudio, ValueError) as error:
        return {"settings": [], "problem": str(error)}
    return {"settings": settings, "problem": ""}


def _settings_of(chain: Chain, step: int, effect: Effect, sound: SoundFormat) -> Iterator[dict[str, object]]:
    ranges = ranges_of(type(effect))
    effect_name = next((name for name, kind in CHAIN_EFFECTS.items() if kind is type(effect)), "effect")
    for field in fields(effect):
        value, limits = getattr(effect, field.name), ranges.get(field.name)
        if limits is None:
            continue
        values = value if isinstance(value, tuple) else (value,)
        for index, number in enumerate(values, 1):
            name = f"{short_name(field.name)}.{index}" if isinstance(value, tuple) else short_name(field.name)
            if isinstance(number, bool) or not isinstance(number, int | float):
                continue
            if not _moves(chain, step, name, number, limits, sound):
                continue
            quantity = quantity_of(field.name)
            yield {
                "step": step,
                "setting": name,
                "title": f"{effect_name} {name.replace('_', ' ')}",
                "minimum": limits[0],
                "maximum": limits[1],
                "unit": next(iter(quantity.units)),
                "curve": "exponential" if quantity is QUANTITIES["hz"] else "linear",
                "value": number,
            }


def _moves(chain: Chain, step: int, name: str, value: float, limits: tuple[float, float], sound: SoundFormat) -> bool:
    """Return whether a number can move to a value near its own."""
    other = value + 0.1 * (limits[1] - value) if value < limits[1] else value + 0.1 * (limits[0] - value)
    if isinstance(value, int):
        other = value + 1 if value < limits[1] else value - 1
    try:
        motion = automation_of(chain, step, name, lambda _: Points.through([(0.0, value), (1.0, other)], "linear"))
        check_automations(chain, (motion,), sound)
    except (WavewrightError, ValueError):
        return False
    return True
