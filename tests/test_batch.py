"""Batches: a sound file for each line, resumable; lines that fail are listed, and the others are spoken."""

from __future__ import annotations

import csv
import dataclasses
import inspect
import io
import json
from pathlib import Path
from typing import get_type_hints

import numpy as np
import pytest

from wavewright.apps.cli import run
from wavewright.audio.clip import Clip
from wavewright.audio.sound_file import open_sound
from wavewright.base.errors import BadFolder, BadSetting, BadText, WavewrightError
from wavewright.base.result import Failed
from wavewright.data import manifest
from wavewright.dsp.loudness import integrated_loudness
from wavewright.dsp.true_peak import true_peak_db
from wavewright.speech.narration import batch as batches
from wavewright.speech.narration.batch import SETTING_COLUMNS, Line, read_lines, stem_problem
from wavewright.speech.narration.settings import NarrationSettings
from wavewright.tasks.narrate import narrate
from wavewright.tasks.speak import speak
from wavewright.tasks.speak_lines import speak_lines

pytestmark = pytest.mark.uses("acoustic", "vocoder")  # the default voice


def table(path: Path, columns: list[str], *rows: list[str], delimiter: str = ",") -> Path:
    """A CSV file."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows([columns, *rows])
    path.write_text(text.getvalue(), encoding="utf-8")
    return path


def test_every_line_of_a_table_is_a_file_with_its_own_settings(players, tmp_path):
    lines = table(
        tmp_path / "lines.csv",
        ["name", "text", "voice", "rate", "style", "seed", "who"],
        ["hello", "Hello, there.", "", "", "", "", "Ann"],
        ["bye.wav", "Good\nbye.", "en-ruth", "2", "sad", "7", "Bob"],
    )
    spoken = speak_lines(lines, out=tmp_path / "out", rate=1.15)
    assert [(line.path.name, line.details["line"], line.is_new) for line in spoken.files] == [
        ("hello.wav", 2, True),
        ("bye.wav", 3, True),
    ]
    assert not spoken.failed
    assert spoken.details["unused_columns"] == ("who",)
    assert [call.speaker for call in players["en"].calls[-2:]] == ["kathleen", "ruth"]
    assert players["en"].calls[-2].rate[1] == 1.15
    assert players["en"].calls[-1].rate[0] == pytest.approx(2 * 0.85)  # of silence; the waves of words are sped up
    for line, text, options in zip(
        spoken.files,
        ("Hello, there.", "Good\nbye."),
        ({"rate": 1.15}, {"voice": "en-ruth", "rate": 2, "style": "sad", "seed": 7}),
        strict=True,
    ):
        alone = speak(text, out=tmp_path / "alone.wav", **options)
        np.testing.assert_array_equal(
            Clip.read(tmp_path / "out" / line.path.name).wave, Clip.read(tmp_path / "alone.wav").wave
        )
        assert line.seconds == alone.seconds


@pytest.mark.parametrize(
    "written",
    [
        "sep=;\nName;Text;Rate;Sentence Pause;LUFS\na;One, two.;0,9;;-16,5\n",
        '"sep=|"\r\nNAME|TEXT|RATE|LUFS\r\na|"One, two."|0,9|-16,5\r\n',
        "SEP=\t\nfile\ttext\trate\tlufs\na.wav\tOne, two.\t0.9\t-16.5\n",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_tables_are_read_as_spreadsheets_write_them(tmp_path, written, encoding):
    path = tmp_path / "lines.csv"
    path.write_bytes(written.encode(encoding))
    result = read_lines(path)
    number = written.count("\n")
    assert result.lines == (Line(number, "a", "One, two.", {"rate": "0.9", "lufs": "-16.5"}),)
    assert result.unused_columns == ()


def test_columns_of_one_name_and_broken_lines_are_named_by_their_place(tmp_path):
    path = tmp_path / "lines.csv"
    path.write_text("Text,TEXT\na,b\n", encoding="utf-8")
    with pytest.raises(BadText, match="two columns of one name"):
        read_lines(path)
    path.write_text('sep=;\ntext\n"a', encoding="utf-8")
    with pytest.raises(BadText, match="line 3"):
        read_lines(path)
    path.write_text("Text,Seed\na,'1'\n", encoding="utf-8")
    assert read_lines(path, name_column="Seed").lines == (Line(2, "'1'", "a", {"seed": "'1'"}),)


def test_all_ways_to_speak_have_the_same_settings():
    names = {field.name for field in dataclasses.fields(NarrationSettings)}
    assert {*SETTING_COLUMNS} <= names
    for task, other in ((speak, set()), (narrate, {"ssml", "seconds"}), (speak_lines, set())):
        assert names - inspect.signature(task).parameters.keys() == other
        hints = get_type_hints(task, include_extras=True)
        assert all(
            hints[name] == get_type_hints(NarrationSettings, include_extras=True)[name] for name in names - other
        )


def test_settings_are_converted_and_checked():
    settings = NarrationSettings(rate=2).override({"rate": "0.5", "seed": "7", "lufs": "podcast"})
    assert (settings.rate, settings.seed, settings.target_lufs) == (0.5, 7, -16)
    with pytest.raises(BadSetting, match=r"Its energy is '11'; it must be at most 10"):
        settings.override({"energy": "11"})


def test_a_manifest_lists_what_can_be_trained_on(players, tmp_path):
    lines = table(tmp_path / "lines.csv", ["file", "text"], ["a", "One."], ["b", "Two, three."])
    (tmp_path / "out").mkdir()
    mine = '{"audio_filepath": "mine.wav", "label": "kick"}\n'
    (tmp_path / "out" / "manifest.jsonl").write_text(mine, encoding="utf-8")
    Clip(np.zeros((1, 100)), 8_000).write(tmp_path / "out" / "mine.wav")
    for _ in range(2):
        spoken = speak_lines(lines, out=tmp_path / "out")
        result = manifest.read(spoken.details["manifest"]).entries
        assert [(entry.path.name, entry.text, entry.speaker) for entry in result] == [
            ("mine.wav", None, None),
            ("a.wav", "One.", "kathleen"),
            ("b.wav", "Two, three.", "kathleen"),
        ]


def test_texts_without_names_are_numbered(players, tmp_path):
    (tmp_path / "plain.txt").write_text("One.\n\n  Two.  \r\nThree.", encoding="utf-8")
    assert [line.path.name for line in speak_lines(tmp_path / "plain.txt").files] == [
        "0001.wav",
        "0002.wav",
        "0003.wav",
    ]
    assert [line.number for line in read_lines(tmp_path / "plain.txt").lines] == [1, 3, 4]
    assert (tmp_path / "plain" / "0003.wav").is_file()
    (tmp_path / "objects.jsonl").write_text('{"text": "One."}\n\n{"text": "Two.", "rate": 2}\n', encoding="utf-8")
    result = read_lines(tmp_path / "objects.jsonl").lines
    (tmp_path / "array.json").write_text('[{"text": "One."},\n\n{"text": "Two.",\n"rate": 2}]', encoding="utf-8")
    assert [(each.text, each.settings) for each in read_lines(tmp_path / "array.json").lines] == [
        (each.text, each.settings) for each in result
    ]
    assert result == (Line(1, "0001", "One."), Line(3, "0002", "Two.", {"rate": 2}))
    made = speak_lines(tmp_path / "objects.jsonl", format="flac", subtitles="srt")
    assert sorted(path.name for path in made.out.iterdir()) == [
        "0001.flac",
        "0001.srt",
        "0002.flac",
        "0002.srt",
        "manifest.jsonl",
    ]


def test_a_batch_is_gone_on_with_where_it_was(players, tmp_path, monkeypatch):
    columns, rows = ["name", "text"], [["a", "One."], ["b", "Two."], ["c", "Three."]]
    lines = table(tmp_path / "lines.csv", columns, *rows)
    written, write = [], batches.write_speech

    def interrupted(path, *rest):
        if len(written) == 2:
            raise KeyboardInterrupt
        written.append(path.name)
        write(path, *rest)

    monkeypatch.setattr(batches, "write_speech", interrupted)
    with pytest.raises(KeyboardInterrupt):
        speak_lines(lines, out=tmp_path / "out")
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["a.wav", "b.wav", "manifest.jsonl"]
    assert len((tmp_path / "out" / "manifest.jsonl").read_text(encoding="utf-8").splitlines()) == 2
    monkeypatch.setattr(batches, "write_speech", write)

    def new_files(**options):
        return [line.path.name for line in speak_lines(lines, out=tmp_path / "out", **options).files if line.is_new]

    assert new_files() == ["c.wav"]
    assert new_files() == []
    table(lines, columns, rows[0], ["b", "Too."], rows[2])
    assert new_files() == ["b.wav"]
    assert new_files(rate=1.5) == ["a.wav", "b.wav", "c.wav"]
    assert new_files(rate=1.5, lufs="podcast") == ["a.wav", "b.wav", "c.wav"]
    assert new_files(rate=1.5, lufs=-16) == []
    (tmp_path / "out" / "a.wav").unlink()
    assert new_files(rate=1.5, lufs=-16) == ["a.wav"]
    assert new_files(rate=1.5, lufs=-16, subtitles="vtt") == ["a.wav", "b.wav", "c.wav"]
    table(tmp_path / "lines.csv", columns, ["a", "One."])
    speak_lines(lines, out=tmp_path / "out")
    assert len((tmp_path / "out" / "manifest.jsonl").read_text(encoding="utf-8").splitlines()) == 3


def test_lines_that_fail_are_listed_and_the_others_spoken(players, tmp_path, capsys):
    lines = table(
        tmp_path / "lines.csv",
        ["name", "text", "voice", "rate", "style", "lufs"],
        ["good", "One."],
        ["../evil", "Two."],
        ["GOOD", "Three."],
        ["quiet", ""],
        ["who", "Four.", "en-nobody"],
        ["fast", "Five.", "", "9"],
        ["word", "Six.", "", "quick"],
        ["angry", "Seven.", "", "", "furious"],
        ["loud", "Eight.", "", "", "", "0"],
        ["many", "Nine.", "", "", "", "", "more"],
        ["script", "\u4f60\u597d\u3002"],
        ["mine", "Ten."],
        ["last", "Eleven."],
    )
    (tmp_path / "out").mkdir()
    Clip(np.ones((1, 100)), 8_000).write(tmp_path / "out" / "mine.wav")
    mine = (tmp_path / "out" / "mine.wav").read_bytes()
    assert run(["speak-lines", str(lines), "--out", "out", "--json"]) == 2
    result = json.loads(capsys.readouterr().out)
    assert [Path(file["path"]).name for file in result["files"]] == ["good.wav", "last.wav"]
    problems = {int(each["what"].split()[-1]): each["reason"] for each in result["failed"]}
    assert {
        line: next(phrase for phrase in PHRASES if phrase in problem) for line, problem in problems.items()
    } == dict(zip(range(3, 14), PHRASES, strict=True))
    assert (tmp_path / "out" / "mine.wav").read_bytes() == mine
    assert sorted(path.name for path in tmp_path.rglob("*.wav")) == ["good.wav", "last.wav", "mine.wav"]
    assert run(["speak-lines", str(lines), "--out", "out"]) == 2
    text = capsys.readouterr().out
    assert "\n2 of 13 files, " in text
    assert "  line 3: It has the name '../evil'; a name has none of" in text


PHRASES = (
    *(
        "'../evil'",
        "as line 2 has",
        "has no text",
        "There is no voice 'en-nobody'",
        "at most 4",
        "must be a number",
    ),
    *("furious", "--lufs is 0", "more values than there are columns", "nothing to speak", "is not of lines.csv"),
)


@pytest.mark.parametrize(
    ("contents", "suffix", "message"),
    [
        ("", ".csv", "no column called 'text'; it has no columns"),
        ("name,words\na,b\n", ".csv", "no column called 'text'; it has name, words"),
        ("text,text\na,b\n", ".csv", "two columns of one name"),
        ('text\n"a\n', ".csv", "this is not CSV"),
        ("\n \n", ".txt", "no text to speak"),
        ("[1]\n", ".jsonl", "no column called 'text'"),
        ("text\nHello.\n", ".pdf", "ends in '.pdf'"),
        (b"text\n\xff\0\0a\n", ".csv", "is no text"),
    ],
)
def test_a_file_that_is_no_batch_is_refused_and_nothing_written(players, tmp_path, contents, suffix, message):
    path = tmp_path / f"lines{suffix}"
    path.write_bytes(contents if isinstance(contents, bytes) else contents.encode())
    with pytest.raises(WavewrightError, match=r"^[^\n]*$") as refusal:
        speak_lines(path, out=tmp_path / "out")
    assert message in str(refusal.value)
    assert not (tmp_path / "out").exists()


def test_settings_that_do_not_go_together_are_refused(players, tmp_path, capsys):
    lines = table(tmp_path / "lines.csv", ["name", "text"], ["a", "One."])
    for options, message in (
        ({"name_column": "id"}, "no column called 'id'; it has name, text"),
        ({"lufs": "loud"}, "--lufs is loud"),
    ):
        with pytest.raises((BadSetting, BadText), match=message):
            speak_lines(lines, **options)
    (tmp_path / "lines").mkdir()
    (tmp_path / "lines" / "manifest.jsonl").write_text("mine", encoding="utf-8")
    with pytest.raises(BadFolder, match=r"not a manifest of clips"):
        speak_lines(lines)
    assert run(["speak", "Hello.", "--lufs", "-16", "--out", "-"]) == 2
    assert "--lufs is for files" in capsys.readouterr().err


def test_lines_that_cannot_be_written_are_listed(players, tmp_path, monkeypatch):
    def full(*rest):
        raise WavewrightError("There is no space left.")

    monkeypatch.setattr(batches, "write_speech", full)
    lines = table(tmp_path / "lines.csv", ["name", "text"], ["a", "One."], ["b", "Two."])
    spoken = speak_lines(lines, out=tmp_path / "out")
    assert spoken.failed == tuple(Failed(f"line {number}", "There is no space left.") for number in (2, 3))
    assert spoken.exit_code == 2
    assert not list((tmp_path / "out").iterdir())


LETTERS = [*"abZ9 .-_~#%&'()é漢/\\:*?\"<>|\n\t\0\x7f\u2028", "\ud800", "..", "con", "x" * 90, "/etc/", "C:"]


def test_no_name_leaves_the_folder(tmp_path):
    """Random names: what is accepted can be written, can be read again and is directly in the folder."""
    rng = np.random.default_rng(0)
    out = tmp_path / "out"
    out.mkdir()
    accepted = set()
    for _ in range(2_000):
        name = "".join(LETTERS[index] for index in rng.integers(0, len(LETTERS), rng.integers(0, 7)))
        if not stem_problem(name):
            accepted.add(f"{name}.wav")
            path = out / f"{name}.wav"
            path.write_bytes(b"")
            assert path.resolve().parent == out.resolve()
    assert len(accepted) > 100
    assert {path.name for path in out.iterdir()} == accepted
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize(
    "name", ["", " ", ".", "..", "...", "a/b", "a\\b", "C:x", "con", "NUL.x", "lpt1", ".a", "a.", "é" * 101]
)
def test_names_that_are_none_are_refused(name):
    assert stem_problem(name)


def test_random_tables_become_lines_or_sentences(tmp_path):
    rng = np.random.default_rng(1)
    signs = [
        *"ab,;\t\"'\n\r\\{}[]:0.é",
        "text",
        "name",
        "\n",
        '"text"',
        '{"text": "a", "name": "b"}',
        "\ud83d\ude00",
        "\ufeff",
    ]
    for number in range(300):
        content = "".join(signs[index] for index in rng.integers(0, len(signs), rng.integers(0, 40)))
        path = tmp_path / f"lines{('.csv', '.jsonl', '.txt')[number % 3]}"
        path.write_bytes(f"name,text\n{content}".encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode())
        try:
            result = read_lines(path)
        except WavewrightError:
            continue
        for line in result.lines:
            assert isinstance(line, Failed) or (line.text and not stem_problem(line.name))


def test_files_of_a_batch_and_chapters_have_the_target_loudness(players, tmp_path):
    lines = table(
        tmp_path / "lines.csv",
        ["name", "text", "lufs"],
        ["a", "One, two, three, four."],
        ["b", "Five, six.", "broadcast"],
    )
    speak_lines(lines, out=tmp_path / "out", lufs=-18)
    for name, target in (("a", -18), ("b", -23)):
        clip = Clip.read(tmp_path / "out" / f"{name}.wav")
        assert integrated_loudness(clip.wave, clip.sample_rate) == pytest.approx(target, abs=0.1)
        assert true_peak_db(clip.wave) <= -0.95
    assert json.loads(open_sound(tmp_path / "out" / "a.wav").tags["comment"])["lufs"] == -18
    (tmp_path / "book.txt").write_text("Chapter One\n\nIt was late.\n\nChapter Two\n\nThey slept.\n", encoding="utf-8")
    book = narrate(tmp_path / "book.txt", lufs="podcast")
    for chapter in book.files:
        clip = Clip.read(book.out / chapter.path.name)
        assert integrated_loudness(clip.wave, clip.sample_rate) == pytest.approx(-16, abs=0.1)
    assert [chapter.is_new for chapter in narrate(tmp_path / "book.txt", lufs=-16).files] == [False, False]
    assert [chapter.is_new for chapter in narrate(tmp_path / "book.txt").files] == [True, True]


def test_one_text_has_the_target_loudness(players, tmp_path, capsys):
    spoken = speak("Hello there, you.", lufs="podcast", out=tmp_path / "a.flac")
    written = Clip.read(spoken.out)
    np.testing.assert_allclose(written.wave, spoken.clip.wave, atol=1 / 32_000)
    assert integrated_loudness(written.wave, written.sample_rate) == pytest.approx(-16, abs=0.1)
    assert spoken.details["lufs"] == pytest.approx(-16, abs=0.1)
    assert f"{spoken.details['lufs']:.1f} LUFS, true peak {spoken.details['true_peak_db']:.1f} dB" in str(spoken)
    assert [word.start for word in spoken.details["words"]] == [
        word.start for word in speak("Hello there, you.").details["words"]
    ]
    assert run(["speak", "Hello there.", "--lufs", "-19.5", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["details"]["lufs"] == pytest.approx(-19.5, abs=0.1)
