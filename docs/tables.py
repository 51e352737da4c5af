"""Write the tables that follow from the code into the pages: model families, effects in chains, procedural effects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from wavewright.families import FAMILIES
from wavewright.tasks.edit import edit
from wavewright.tasks.synthesise import synthesise

ROOT = Path(__file__).resolve().parents[1]


def families() -> str:
    """Return the table of families: name, purpose, sizes, command, and whether ``--from`` works."""
    lines = ["| family | purpose | sizes | command | `--from` |", "|---|---|---|---|---|"]
    for name, family in FAMILIES.items():
        command = family.command_line("MODEL")
        sizes = ", ".join(f"`{size}`" for size in family.sizes)
        lines.append(
            f"| `{name}` | {family.summary} | {sizes} | `{command}` | {'yes' if family.warm_starts else 'no'} |"
        )
    return "\n".join(lines) + "\n"


def effects() -> str:
    """Return the table of effects in chains: name, purpose, and settings with their defaults in order."""
    lines = ["| effect | | settings and defaults |", "|---|---|---|"]
    for effect in edit(list_=True).effects:
        settings = " ".join(f"`{setting.name}={setting.default}`" for setting in effect.settings)
        lines.append(f"| `{effect.name}` | {effect.description} | {settings} |")
    return "\n".join(lines) + "\n"


def procedures() -> str:
    """Return the table of procedural effects: each with its settings, defaults, ranges and descriptions."""
    lines = ["| effect | setting | default | from, to | |", "|---|---|---|---|---|"]
    for procedure in synthesise(list_=True).procedures:
        kind = "any length" if procedure.is_texture else "one-shot"
        lines.append(f"| **`{procedure.name}`** | | | {kind} | {procedure.description} |")
        for each in procedure.parameters:
            lines.append(f"| | `{each.name}` | {each.default} | {each.allowed} | {each.description} |")
    return "\n".join(lines) + "\n"


TABLES: Mapping[str, tuple[str, Callable[[], str]]] = {
    "families": ("README.md", families),
    "effects": ("docs/edit.md", effects),
    "procedures": ("docs/synthesise.md", procedures),
}
"""Tables by name: the page, and the function that returns the table."""


def with_table(name: str) -> tuple[Path, str]:
    """Return the page of a table, and its text with the present table between its two comments."""
    page, table = TABLES[name]
    path = ROOT / page
    start, end = f"<!-- {name}: python docs/tables.py -->\n", f"<!-- end of {name} -->\n"
    before, _, rest = path.read_text(encoding="utf-8").partition(start)
    _, _, after = rest.partition(end)
    return path, f"{before}{start}\n{table()}\n{end}{after}"


if __name__ == "__main__":
    for table in TABLES:
        path, text = with_table(table)
        path.write_text(text, encoding="utf-8")
