"""Pieces by rules as text files, with strange settings and frames."""

from __future__ import annotations

import random
import re
from pathlib import Path

from fuzz import mutate

VALUES = (
    '""',
    '"x"',
    '"C1..C2"',
    '"1/3"',
    '"1/0"',
    "[]",
    "{}",
    '"phrase phrase"',
    '["F", ""]',
    "true",
    "1024",
    "0.001",
)
FRAMES = {
    "key": ("C", "F#m", "Bb blues", "A chromatic", "H", "E locrian"),
    "metre": ("4/4", "3/4", "7/8", "1/16", "32/1", "4", "0/4", "5/3"),
    "form": ("A", "AABA", "AA'BA", "ABCDEFGH", "", "A1", "'"),
    "bars": (1, 4, 8, 96, 1_024, 0, -1),
    "tempo": (60.0, 400.0, 0.0, float("nan")),
    "pitches": ((60, 79), (0, 127), (60, 60), (90, 30), (100, 140)),
}
_pieces: list[str] = []


def WARM_UP() -> None:
    from wavewright.music import rules

    folder = Path(rules.__file__).parent / "presets"
    _pieces.extend(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.toml")))
    rules.compose_by_rule("folk-tune")


def read_rule(rng: random.Random, folder: Path) -> None:
    """Compose by a file with strange values or letters, in a strange frame."""
    from wavewright.music.formats.midi_writing import write_midi
    from wavewright.music.rules import compose_by_rule

    text = rng.choice(_pieces)
    for _ in range(rng.choice((0, 1, 1, 3))):
        chosen = rng.choice(list(re.finditer(r"(?<== )[^\s\[{][^\n,}\]]*|(?<=: )\d+", text)))
        text = text[: chosen.start()] + rng.choice((*mutate.STRANGE_NUMBERS, *VALUES)) + text[chosen.end() :]
    contents = mutate.encoded(rng, mutate.text_of(rng, text)) if rng.random() < 0.3 else text.encode()
    (folder / "x.toml").write_bytes(contents)
    frame = {name: rng.choice(values) for name, values in FRAMES.items() if rng.random() < 0.2}
    write_midi(compose_by_rule(folder / "x.toml", seed=rng.randrange(99), **frame))


READERS = {"rule": read_rule}
