"""List the effects of chains."""

from __future__ import annotations

import re
from dataclasses import MISSING, Field as DataclassField, dataclass, fields

from ..base.ranges import ranges_of
from ..base.task_parameters import checked
from ..effects.editing.chain import CHAIN_EFFECTS
from ..effects.editing.quantities import format_value, short_name
from ..outputs.made import Made


@dataclass(frozen=True)
class SettingDescription:
    """A setting of an effect: its name in chains, its default, and its range if it has one."""

    name: str
    default: str
    range: tuple[float, float] | None


@dataclass(frozen=True)
class EffectDescription:
    """An effect of chains: its name, what it does, and its settings in their order."""

    name: str
    description: str
    settings: tuple[SettingDescription, ...]


@checked
def list_effects() -> Made:
    """List the effects that `edit` and `mix` have, with their settings and ranges."""
    effects = [_description(name) for name in CHAIN_EFFECTS]
    lines = []
    for effect in effects:
        lines.append(f"{effect.name}: {effect.description}")
        for setting in effect.settings:
            limits = f", {setting.range[0]:g} to {setting.range[1]:g}" if setting.range else ""
            lines.append(f"    {setting.name}={setting.default}{limits}")
    return Made(details={"effects": effects}, lines=tuple(lines))


def _description(name: str) -> EffectDescription:
    """Return the description of an effect: the first line of its docstring, and its fields."""
    kind = CHAIN_EFFECTS[name]
    ranges = ranges_of(kind)
    settings = [
        SettingDescription(short_name(field.name), _default(field), ranges.get(field.name)) for field in fields(kind)
    ]
    summary = re.sub(r":\w+:`(.*?)`", r"\1", (kind.__doc__ or "").split("\n\n")[0]).replace("``", "")
    return EffectDescription(name, " ".join(summary.split()), tuple(settings))


def _default(field: DataclassField[object]) -> str:
    """Return the default of a setting as text, empty if it has none."""
    if field.default is MISSING or field.default is None:
        return ""
    return format_value(field.name, round(field.default, 3) if isinstance(field.default, float) else field.default)
