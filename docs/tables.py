"""Write what follows from the code and the bundled models into the pages: tables, and numbers in sentences.

python docs/tables.py                          # tables and facts
python docs/tables.py --demo wavewright-demo   # and the size of a demo
python docs/tables.py --check                  # change nothing, exit with 1 where a page differs
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

from wavewright.families import FAMILIES, SUMMARIES
from wavewright.models import bundled, find
from wavewright.models.card import Card
from wavewright.music.accompaniment import style_names
from wavewright.speech.voice_names import language_of_voice, voices_of_model
from wavewright.tasks.list_effects import list_effects
from wavewright.tasks.synthesise import synthesise

ROOT = Path(__file__).resolve().parents[1]


PAGES = {
    **{"classifier": "recognise", "denoiser": "enhance", "encoder": "pretrain", "gan": "generate"},
    **{"instrument": "render", "lstm": "recurrent", "prior": "codes", "transcriber": "transcribe", "vae": "morphing"},
}
"""Pages of families; that of any other family has its name."""


def families() -> str:
    """Return the table of families: name, purpose, sizes, command, and whether ``--from`` works."""
    lines = ["| family | purpose | sizes | command | `--from` |", "|---|---|---|---|---|"]
    for name, family in FAMILIES.items():
        command = "`, `".join(family.command_lines("MODEL"))
        sizes = ", ".join(f"`{size}`" for size in family.sizes)
        starts = "yes" if family.warm_starts else "no"
        page = PAGES.get(name, name)
        lines.append(f"| [`{name}`]({page}.md) | {SUMMARIES[name]} | {sizes} | `{command}` | {starts} |")
    return "\n".join(lines) + "\n"


def effects() -> str:
    """Return the table of effects in chains: name, purpose, and settings with their defaults in order."""
    lines = ["| effect | | settings and defaults |", "|---|---|---|"]
    for effect in list_effects().details["effects"]:
        settings = " ".join(f"`{setting.name}={setting.default}`" for setting in effect.settings)
        lines.append(f"| `{effect.name}` | {effect.description} | {settings} |")
    return "\n".join(lines) + "\n"


def procedures() -> str:
    """Return the table of procedural effects: each with its settings, defaults, ranges and descriptions."""
    lines = ["| effect | setting | default | from, to | |", "|---|---|---|---|---|"]
    for procedure in synthesise(list_=True).details["procedures"]:
        kind = "any length" if procedure.is_texture else "one-shot"
        lines.append(f"| **`{procedure.name}`** | | | {kind} | {procedure.description} |")
        for each in procedure.parameters:
            lines.append(f"| | `{each.name}` | {each.default} | {each.allowed} | {each.description} |")
    return "\n".join(lines) + "\n"


TABLES: Mapping[str, tuple[str, Callable[[], str]]] = {
    "families": ("docs/models.md", families),
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


LANGUAGES = {"en": "English", "de": "German"}
NUMBERS = {1: "one", 2: "two", 3: "three"}


def counted_voices() -> str:
    """Return how many bundled voices speak each language, such as ``one English and two German voices``."""
    counts = Counter(LANGUAGES[language_of_voice(voice)] for name in bundled() for voice in voices_of_model(name))
    kinds = [f"{NUMBERS.get(number, number)} {language}" for language, number in sorted(counts.items())]
    return f"{' and '.join(kinds)} voice{'s' * (set(counts.values()) != {1})}"


FACTS: Mapping[str, tuple[str, str, Callable[[], str]]] = {
    "trained models": (
        "README.md",
        r"one command,\n`wavewright`, and (.+?) trained models",
        lambda: str(len(bundled())),
    ),
    "families": ("README.md", r"trains (\d+) \[families\]", lambda: str(len(FAMILIES))),
    "families of the changelog": ("CHANGELOG.md", r"`train`: (\d+) families", lambda: str(len(FAMILIES))),
    "voices": ("README.md", r"seconds of audio\. It has (.+?);", counted_voices),
    "styles": ("docs/verbs.md", r"in one of (\d+) styles or one of yours", lambda: str(len(style_names()))),
    "instruments": ("docs/models.md", r"notes of (\d+) instruments", lambda: str(len(card("notes").labels))),
    "chorales": ("docs/models.md", r"\| (\d+) chorales of J\. S\. Bach", lambda: str(n_clips("chorales"))),
    "tunes": ("docs/models.md", r"\| (\d+) traditional tunes of", lambda: str(n_clips("folk-tunes"))),
    "songs": ("docs/models.md", r"\| (\d+) parts of songs", lambda: str(n_clips("songs"))),
    "quartets": ("docs/models.md", r"\| (\d+) parts of movements", lambda: str(n_clips("quartets"))),
    "clip": ("README.md", r"`?np\.shape\(waves\) is \(16, 1, (\d+)\)", lambda: str(card("drums").config["n_samples"])),
    **{
        f"licence of {name}": (
            "docs/models.md",
            rf"\| `{name}` \| .*\| ((?:CC|Apache|MIT)\S*) \|\n",
            lambda name=name: card(name).licence,
        )
        for name in bundled()
    },
}
"""Numbers and names in sentences: the page, the sentence with one group, and the function that returns the group."""

DEMO_SIZE = "README.md", r"writes audio from every bundled model \((\d+) MB\)"
"""The size of a demo: the page, and the sentence with one group."""


def card(name: str) -> Card:
    """Return the card of a bundled model."""
    return Card.read(find(name))


def n_clips(name: str) -> int:
    """Return the number of recordings or scores that a bundled model learned from."""
    return sum(source.n_clips for source in card(name).sources)


def with_value(page: str, sentence: str, value: str) -> tuple[Path, str]:
    """Return a page, and its text with a value in a sentence; raise ValueError if the page lacks the sentence."""
    path = ROOT / page
    text = path.read_text(encoding="utf-8")
    found = re.findall(sentence, text)
    if len(found) != 1:
        raise ValueError(
            f"{page} has {len(found)} sentences like {sentence!r}; write the sentence there, or change the fact."
        )
    start, end = re.search(sentence, text).span(1)  # type: ignore[union-attr]
    return path, text[:start] + value + text[end:]


def with_fact(name: str) -> tuple[Path, str]:
    """Return the page of a fact, and its text with the present value."""
    page, sentence, value = FACTS[name]
    return with_value(page, sentence, value())


def with_demo_size(folder: Path) -> tuple[Path, str]:
    """Return the page with the size of a demo, and its text with that of ``folder``; a size within 5 MB may stay."""
    page, sentence = DEMO_SIZE
    megabytes = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
    said = re.search(sentence, (ROOT / page).read_text(encoding="utf-8"))
    if said is not None and abs(int(said[1]) - megabytes) < 5:
        return with_value(page, sentence, said[1])
    return with_value(page, sentence, f"{round(megabytes, -1):.0f}")


def main() -> int:
    """Write all tables and facts, or compare them; return 1 where a page differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--demo", type=Path, help="folder that wavewright demo wrote")
    parser.add_argument("--check", action="store_true", help="change nothing, exit with 1 where a page differs")
    options = parser.parse_args()
    updates: list[Callable[[], tuple[Path, str]]] = [
        *(lambda name=name: with_table(name) for name in TABLES),
        *(lambda name=name: with_fact(name) for name in FACTS),
        *([lambda: with_demo_size(options.demo)] if options.demo else []),
    ]
    differs = False
    for update in updates:
        path, text = update()
        if path.read_text(encoding="utf-8") != text:
            differs = True
            print(f"{path.name} differs: run python docs/tables.py" if options.check else f"{path.name} updated")
            if not options.check:
                path.write_text(text, encoding="utf-8")
    return int(differs and options.check)


if __name__ == "__main__":
    sys.exit(main())
