"""Make the clips and spectrograms of the gallery: ``python docs/gallery.py``, then ``mkdocs build --strict``.

The commands are those that a person types. They run in ``docs/gallery``, which git ignores, and always start from an
empty folder; the same version makes the same files.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "gallery"


@dataclass(frozen=True)
class Row:
    """Clips that belong together: the commands that make them and which of their files are shown."""

    title: str
    commands: tuple[str, ...]
    clips: tuple[str, ...]


@dataclass(frozen=True)
class Chapter:
    """Rows about one thing to do."""

    title: str
    text: str
    rows: tuple[Row, ...]


def _drums(label: str) -> Row:
    command = f"generate drums --label {label} --count 3 --seed 7 --format ogg --out {label}"
    return Row(label.capitalize(), (command,), (f"{label}/*.ogg",))


def _spoken(title: str, name: str, options: str, text: str) -> Row:
    return Row(title, (f'speak "{text}" {options}--out {name}.ogg',), (f"{name}.ogg",))


def _patch(name: str) -> Row:
    command = f"render C4 --instrument {name} --seconds 2 --out {name}.ogg"
    return Row(name.replace("-", " ").capitalize(), (command,), (f"{name}.ogg",))


def _wave(title: str, name: str, formula: str) -> Row:
    return Row(title, (f'render A3 --instrument "{formula}" --seconds 2 --out {name}.ogg',), (f"{name}.ogg",))


CHAPTERS = (
    Chapter(
        "Drums",
        "One-shots by the GAN `drums`; see [Generate](generate.md).",
        (
            *map(_drums, ("kick", "snare", "hat", "tom", "cymbal")),
            Row(
                "From one kick to another",
                ("generate drums --label kick --interpolate 7 9 --count 5 --format ogg --out kick-7-to-9",),
                ("kick-7-to-9/*.ogg",),
            ),
        ),
    ),
    Chapter(
        "Textures and words",
        "Mel frames, one after another, by the LSTMs `ambience` and `digits`; see [Textures and words](recurrent.md).",
        (
            Row(
                "Rain",
                ("generate ambience --label rain --seconds 8 --count 1 --seed 7 --format ogg --out rain",),
                ("rain/*.ogg",),
            ),
            Row(
                "Sea waves",
                ("generate ambience --label sea-waves --seconds 8 --count 1 --seed 7 --format ogg --out sea-waves",),
                ("sea-waves/*.ogg",),
            ),
            Row(
                "A summer night",
                ("generate ambience --label insects --seconds 8 --count 1 --seed 7 --format ogg --out insects",),
                ("insects/*.ogg",),
            ),
            Row(
                "The word seven by one speaker",
                ("generate digits --label 7 --speaker theo --count 3 --seed 7 --format ogg --out seven",),
                ("seven/*.ogg",),
            ),
        ),
    ),
    Chapter(
        "Between sounds",
        "Morphs, variations and single attributes by VAEs, `morph-drums` and `morph-textures`; see [Edit and "
        "morph](morphing.md).",
        (
            Row(
                "From a kick to a snare",
                (
                    "morph kick/drums-kick-s7-000.ogg snare/drums-snare-s7-000.ogg --steps 5 --format ogg "
                    "--out kick-to-snare",
                ),
                ("kick-to-snare/*.ogg",),
            ),
            Row(
                "Variations of a snare",
                ("vary snare/drums-snare-s7-000.ogg --amount 0.5 --count 3 --format ogg --out more-snares",),
                ("more-snares/*.ogg",),
            ),
            Row(
                "The same snare, brighter",
                ("adjust snare/drums-snare-s7-000.ogg --set brightness=+1 --steps 3 --format ogg --out bright-snares",),
                ("bright-snares/*.ogg",),
            ),
            Row(
                "Rain that changes into the sea",
                (
                    "morph rain/ambience-rain-s7-8s-000.ogg sea-waves/ambience-sea-waves-s7-8s-000.ogg --over-time "
                    "--format ogg --out rain-to-sea",
                ),
                ("rain-to-sea/*.ogg",),
            ),
        ),
    ),
    Chapter(
        "The synthesiser",
        "Single notes of patches, and waves from formulas; see [The synthesiser](synth.md).",
        (
            *map(_patch, ("saw-lead", "warm-pad", "electric-piano", "nylon-guitar", "choir-aah", "church-bell")),
            _wave("A formula", "formula", "sin(2*pi*f*t) + 0.3*saw(2*f*t)"),
            _wave("A formula that changes", "falling", "exp(-2*t) * sin(2*pi*f*t + 6*exp(-4*t)*sin(2*pi*3.5*f*t))"),
        ),
    ),
    Chapter(
        "Speech",
        "The voice `en-kathleen`; see [Speaking](speaking.md).",
        (
            _spoken("A sentence", "hello", "", "Hello. It is ten past six, and the kettle is on."),
            _spoken("Slower and lower", "slow", "--rate 0.8 --pitch -3 ", "Hello. It is ten past six."),
            _spoken("A question", "question", "", "Did you record the violin, or was it Dr. Green who did?"),
        ),
    ),
    Chapter(
        "Compressed speech",
        "The sentence above by the codec `speech-codec`, in two bitrates; see [Compress](codec.md).",
        (
            Row(
                "5 kbit/s",
                ("encode hello.ogg --kbps 5 --out hello-5-kbps.wwc", "decode hello-5-kbps.wwc --out hello-5-kbps.ogg"),
                ("hello-5-kbps.ogg",),
            ),
            Row(
                "1.6 kbit/s",
                (
                    "encode hello.ogg --kbps 1.6 --out hello-1.6-kbps.wwc",
                    "decode hello-1.6-kbps.wwc --out hello-1.6-kbps.ogg",
                ),
                ("hello-1.6-kbps.ogg",),
            ),
        ),
    ),
)


def plot_of(clip: Path) -> Path:
    """Return the path of the spectrogram beside a clip."""
    return clip.parent / f"{clip.stem}-plot.png"


def make() -> int:
    """Make all clips and spectrograms; return the number of clips."""
    from wavewright.apps.cli import run

    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    before = Path.cwd()
    os.chdir(FOLDER)
    try:
        clips: list[str] = []
        for row in (row for chapter in CHAPTERS for row in chapter.rows):
            for command in row.commands:
                if code := run(shlex.split(command)):
                    raise SystemExit(f"wavewright {command} ended with {code}.")
            made = sorted(path.as_posix() for pattern in row.clips for path in Path().glob(pattern))
            if not made:
                raise SystemExit(f"{row.title}: no file matches {', '.join(row.clips)}.")
            clips += made
        for clip in clips:
            run(["plot", clip, "--kind", "mel"])
    finally:
        os.chdir(before)
    return len(clips)


if __name__ == "__main__":
    n_clips = make()
    sys.stdout.write(f"{n_clips} clips with their spectrograms are in {FOLDER}.\n")
