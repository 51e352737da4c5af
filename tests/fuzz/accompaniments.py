"""Styles as text files, chords as text, and scores that are accompanied or that styles are learned from."""

from __future__ import annotations

import random
import re
import warnings
from pathlib import Path

from fuzz import mutate, scores

CHORDS = ("C", "Am7", "F#m7b5/C", "V7", "bVII", "|", "||", "%", "N.C.", "/", "Hm", "C/", "viio7", "I" * 20, "\u266d")
_styles: dict[str, str] = {}


def WARM_UP() -> None:
    from wavewright.music.accompaniment import load_style, style_names, style_text

    scores.WARM_UP()
    _styles.update({name: style_text(load_style(name)) for name in style_names()})


def read_style(rng: random.Random, folder: Path) -> None:
    """Accompany a melody in a style with strange numbers, texts and patterns."""
    from wavewright.music.accompaniment import accompany, load_style
    from wavewright.music.formats.midi_writing import write_midi
    from wavewright.music.score import Score, Track, notes_of

    text = rng.choice(list(_styles.values()))
    if rng.random() < 0.7:
        values = list(re.finditer(r"(?<= = )\S+$", text, re.MULTILINE))
        chosen = rng.choice(values)
        new = rng.choice((*mutate.STRANGE_NUMBERS, '""', '"x"', '"C1..C2"', '"1-|-"', "[]", "{}", '"4/4"', "true"))
        text = text[: chosen.start()] + new + text[chosen.end() :]
    contents = mutate.encoded(rng, mutate.text_of(rng, text)) if rng.random() < 0.4 else text.encode()
    (folder / "x.toml").write_bytes(contents)
    melody = Score((Track(notes_of([(240 * index, 200, 60 + index % 12, 80) for index in range(40)])),))
    write_midi(accompany(melody, load_style(folder / "x.toml"), seed=rng.randrange(9)))


def read_chords(rng: random.Random, folder: Path) -> None:
    """Accompany a melody with strange chords in a strange key."""
    from wavewright.tasks.accompany import accompany

    (folder / "x.mid").write_bytes(scores.healthy_midi(rng))
    known = CHORDS[: rng.choice((8, 8, len(CHORDS)))]
    words = ["C", *(rng.choice(known) for _ in range(rng.choice((0, 1, 8, 300))))]
    text = mutate.text_of(rng, " ".join(words)) if rng.random() < 0.3 else " ".join(words)
    key = rng.choice((None, None, "C", "F#m", "D dorian", "Bb blues", "H"))
    accompany(folder / "x.mid", folder / "out.mid", rng.choice(list(_styles)), chords=text, key=key, quiet=True)
    (folder / "out.mid").unlink()


def read_scores_of_a_style(rng: random.Random, folder: Path) -> None:
    """Learn a style from damaged scores, and accompany a damaged melody in it."""
    from wavewright.tasks.accompany import accompany

    (folder / "songs").mkdir(exist_ok=True)
    for number in range(2):
        (folder / "songs" / f"{number}.mid").write_bytes(scores.damaged_midi(rng))
    (folder / "x.mid").write_bytes(scores.damaged_midi(rng))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        accompany(folder / "x.mid", folder / "out.mid", learn_from=folder / "songs")
    (folder / "out.mid").unlink()


READERS = {"style": read_style, "chords": read_chords, "learned-style": read_scores_of_a_style}
