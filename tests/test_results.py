"""The result of every command: its type, its text, and its JSON, which has one shape."""

import dataclasses
import inspect
import json
import re
import shlex
import types
import typing
from pathlib import Path

import numpy as np
import pytest

from wavewright import Clip
from wavewright.apps.cli import run
from wavewright.base.parameters import STANDARD_STREAM
from wavewright.base.result import SHOWN_FAILURES, Failed, Result
from wavewright.outputs.made import SHOWN_FILES, Made, MadeFile
from wavewright.tasks.catalogue import function_of
from wavewright.tasks.commands import all_commands
from wavewright.tasks.json_results import SHAPE, as_json

PAGE = Path(__file__).parents[1] / "docs" / "results.md"
WITHOUT_RESULT = {("serve",)}
SEVERAL = {("recognise",), ("evaluate",), ("data", "inspect"), ("live",)}
"""Commands with options that answer another question."""

LINES = """
    edit a.wav --do 'gain -3dB' --out edited.wav
    edit sounds --do 'gain -3dB' --out edited --workers 1
    edit a.wav --do 'gain -3dB' --dry-run
    effects
    split a.wav --every 0.5 --out pieces
    mix project.toml --out mix.wav --stems stems
    mix project.toml --dry-run
    layer --list
    synthesise rain --seconds 1 --variations 2 --out rain
    synthesise rain --list
    compose-by-rule
    compose-by-rule band --bars 4 --out band.mid
    accompany --list
    analyse a.wav
    detect a.wav --same-speed
    detect sounds --same-speed
    phonemes Hello.
    data inspect sounds
    models list
"""


def returned(entry: str) -> list[object]:
    """Return the types that a command may return."""
    hint = typing.get_type_hints(inspect.unwrap(function_of(entry)))["return"]
    is_union = isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union
    return list(typing.get_args(hint)) if is_union else [hint]


@pytest.fixture
def sounds(tmp_path, monkeypatch) -> Path:
    """Return a folder with a sound, and one with a sound that cannot be read, too."""
    monkeypatch.chdir(tmp_path)
    Path("sounds").mkdir()
    tone = Clip(0.3 * np.sin(0.3 * np.arange(16_000))[None].astype(np.float32), 16_000)
    for name in ("a.wav", "sounds/a.wav"):
        tone.write(Path(name))
    Path("sounds/b.wav").write_bytes(b"RIFF no")
    Path("project.toml").write_text('[[tracks]]\nname = "a"\nregions = [{ file = "a.wav" }]\n')
    return tmp_path


def test_every_command_returns_a_result_and_few_return_several():
    several = set()
    for words, entry in all_commands():
        kinds = [kind for kind in returned(entry) if kind is not type(None)]
        assert all(issubclass(kind, Result) for kind in kinds), words
        assert kinds or words in WITHOUT_RESULT
        several |= {words} if len(returned(entry)) > 1 else set()
    assert several == SEVERAL


@pytest.mark.parametrize("line", [line.strip() for line in LINES.strip().splitlines()])
def test_json_has_one_shape(line, sounds, capsys):
    code = run([*shlex.split(line), "--json"])
    printed = json.loads(capsys.readouterr().out)
    assert list(printed) == [*SHAPE]
    assert code == (2 if printed["failed"] and "inspect" not in line else 0)
    assert bool(printed["failed"]) == ("sounds" in line)
    assert all(list(each) == ["what", "reason"] for each in printed["failed"])
    for file in printed["files"]:
        assert list(file) == [field.name for field in dataclasses.fields(MadeFile) if not field.metadata]
        assert Path(file["path"]).is_file()


def test_what_a_command_finds_out_is_in_the_details():
    @dataclasses.dataclass(frozen=True)
    class Found(Result):
        number: int

    assert as_json(Found(3, notes=("A note.",), failed=(Failed(Path("a.wav"), "It is empty."),))) == {
        **SHAPE,
        "notes": ["A note."],
        "failed": [{"what": "a.wav", "reason": "It is empty."}],
        "details": {"number": 3},
    }


def test_the_text_names_the_file_or_counts_those_of_a_folder():
    files = tuple(
        MadeFile(path=Path(f"out/{number}.wav"), seconds=1.0, sample_rate=8_000, n_channels=1, by="drums (12)")
        for number in range(SHOWN_FILES + 2)
    )
    kept = dataclasses.replace(files[0], is_new=False, notes=("It was clipped.",))
    assert str(Made.of(kept, lines=["  more"], notes=["Note."])) == (
        "out/0.wav: 1.00 s, 8000 Hz, mono by drums (12) (kept, it is up to date)\nIt was clipped.\n  more\nNote."
    )
    assert str(Made.of(files[0], MadeFile(path=Path("a.srt")))).endswith("\n  a.srt")
    failed = tuple(Failed(f"line {number}", "No.") for number in range(1, SHOWN_FAILURES + 4))
    made = Made(out=Path("out"), files=(kept, *files[1:]), failed=failed)
    text = str(made).splitlines()
    assert text[:3] == [
        "  0.wav: 1.00 s, 8000 Hz, mono (kept, it is up to date)",
        "    It was clipped.",
        "  1.wav: 1.00 s, 8000 Hz, mono",
    ]
    assert "  and 2 more; --json lists all" in text
    assert "22 of 45 files, 22.00 s by drums (12) in out: 21 new, 1 kept, 23 failed" in text
    assert text[-2:] == ["  line 20: No.", "  and 3 more; --json lists all"]
    assert (made.exit_code, made.seconds, made.is_new, len(made.sound_files)) == (2, 1.0, True, len(files))
    assert str(Made(out=STANDARD_STREAM, files=files)) == ""


def test_a_failure_names_its_item_once():
    assert str(Failed(Path("a.wav"), "a.wav is empty.")) == "a.wav is empty."
    assert str(Failed("line 3", "It has no text.")) == "line 3: It has no text."


def test_the_page_lists_the_names():
    tables = [re.findall(r"^\| (`.*?`) \|", part, re.M) for part in PAGE.read_text(encoding="utf-8").split("\n\n")]
    names = [[name for cell in table for name in re.findall(r"`(\w+)`", cell)] for table in tables if table]
    assert names[0] == [*SHAPE]
    assert {*names[1]} == {field.name for field in dataclasses.fields(MadeFile) if not field.metadata}
