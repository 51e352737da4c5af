"""Write the table of model families into README.md, from `wavewright.families.FAMILIES`."""

from __future__ import annotations

from pathlib import Path

from wavewright.families import FAMILIES

README = Path(__file__).resolve().parents[1] / "README.md"
START, END = "<!-- families: python docs/families.py -->\n", "<!-- end of families -->\n"


def table() -> str:
    """Return the table of families: name, purpose, sizes, command, and whether ``--from`` works."""
    lines = ["| family | purpose | sizes | command | `--from` |", "|---|---|---|---|---|"]
    for name, family in FAMILIES.items():
        command = family.command_line("MODEL")
        sizes = ", ".join(f"`{size}`" for size in family.sizes)
        lines.append(
            f"| `{name}` | {family.summary} | {sizes} | `{command}` | {'yes' if family.warm_starts else 'no'} |"
        )
    return "\n".join(lines) + "\n"


def with_table(text: str) -> str:
    """Return the text of a page with the present table between its two comments."""
    before, _, rest = text.partition(START)
    _, _, after = rest.partition(END)
    return f"{before}{START}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    README.write_text(with_table(README.read_text(encoding="utf-8")), encoding="utf-8")
