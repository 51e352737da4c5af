"""Manifests with values that no program writes: one sentence, with the line; names of any letters are read again."""

from __future__ import annotations

import csv
import json
import shutil
import unicodedata
from pathlib import PureWindowsPath

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from wavewright.audio.clip import Clip
from wavewright.base.errors import BadFolder
from wavewright.data import manifest
from wavewright.data.folder import scan

RATE = 8_000


@pytest.fixture
def sound(tmp_path):
    return Clip(np.full((1, RATE), 0.25, np.float32), RATE).write(tmp_path / "a.wav")


def write(folder, *lines):
    path = folder / "list.jsonl"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


@pytest.mark.parametrize("table", [["list.jsonl", '{{"audio_filepath": {}}}'], ["list.csv", "file,text\n{},a"]])
def test_folders_are_written_with_either_slash(tmp_path, sound, table):
    """PureWindowsPath says what the names are; on Windows itself both slashes are folders."""
    names = [r"day\one\a.wav", r".\day\b.wav", r"day/one\a.wav"]
    for name in names:
        path = tmp_path / PureWindowsPath(name).as_posix()
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(sound, path)
        file, line = table
        written = json.dumps(name) if file.endswith("jsonl") else name
        (tmp_path / file).write_text(line.format(written) + "\n")
        (entry,) = manifest.read(tmp_path / file).entries
        assert entry.path.samefile(path)


@pytest.mark.parametrize("name", ["offset", "duration"])
@pytest.mark.parametrize("value", ["1e308", "1e18", "9" * 300])
def test_huge_times_are_beyond_the_end(tmp_path, sound, name, value):
    path = write(tmp_path, f'{{"audio_filepath": "a.wav", "{name}": {value}}}', '{"audio_filepath": "a.wav"}')
    scanned = manifest.read(path)
    assert len(scanned.entries) == (1 if name == "offset" else 2)
    assert [entry.n_frames for entry in scanned.entries] == [RATE] * len(scanned.entries)
    assert all("offset and duration leave nothing of the 1 s" in problem.reason for problem in scanned.failed)


@pytest.mark.parametrize("name", ["offset", "duration", "pitch"])
@pytest.mark.parametrize("value", ["1e309", "NaN", "-1", "true", "[]", '"9e999"', '"' + "9" * 5_000 + '"', "9" * 310])
def test_numbers_that_are_none_are_refused(tmp_path, sound, name, value):
    path = write(tmp_path, '{"audio_filepath": "a.wav"}', f'{{"audio_filepath": "a.wav", "{name}": {value}}}')
    with pytest.raises(BadFolder, match=rf"list\.jsonl, line 2: {name} is .*; it must be a number") as refusal:
        manifest.read(path)
    assert len(str(refusal.value)) < 2_000


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("9" * 5_000, "A number has 5000 digits"),
        ("[" * 100_000 + "]" * 100_000, "Its values are nested too deep"),
        ('{"a":' * 100_000 + "1" + "}" * 100_000, "Its values are nested too deep"),
    ],
)
def test_values_too_long_or_deep_to_read_are_refused(tmp_path, sound, value, reason):
    path = write(tmp_path, f'{{"audio_filepath": "a.wav", "more": {value}}}')
    with pytest.raises(BadFolder, match=rf"list\.jsonl, line 1: this is not JSON \({reason}\)"):
        manifest.read(path)


@pytest.mark.parametrize("name", ["label", "text", "speaker", "group", "language"])
def test_half_a_character_is_no_text(tmp_path, sound, name):
    path = write(tmp_path, f'{{"audio_filepath": "a.wav", "{name}": "a\\ud800"}}')
    with pytest.raises(BadFolder, match=rf"line 1: {name} is 'a\\ud800'; it must be text"):
        manifest.read(path)


@pytest.mark.parametrize(
    "header",
    ['"audio_filepath', "audio_filepath\x00", "n" * 200_000, '"a"b,audio_filepath', "", "\ufeff\ufeffaudio_filepath"],
)
def test_headers_of_tables_that_are_none_are_refused(tmp_path, sound, header):
    path = tmp_path / "list.csv"
    path.write_text(f"{header}\na.wav\n", encoding="utf-8", newline="")
    with pytest.raises(BadFolder, match=r"list\.csv, line [12]: (this is not CSV|no column is named)"):
        manifest.read(path)


@pytest.mark.parametrize("name", ["audio_filepath", "label", "pitch"])
def test_two_columns_of_one_name_are_refused(tmp_path, sound, name):
    path = tmp_path / "list.csv"
    path.write_text(f"audio_filepath,label,pitch,{name}\na.wav,kick,60,b.wav\n", encoding="utf-8", newline="")
    with pytest.raises(BadFolder, match=rf"list\.csv, line 1: two columns are named {name}"):
        manifest.read(path)


@pytest.mark.parametrize("ending", [".jsonl", ".csv"])
@pytest.mark.parametrize(
    "odd", ["\u2028", "\u2029", "\x85", "\x0b", "\x1c", "\x0c", "\r", "\n", '"', ",", "|", "ü", "\U0001f600"]
)
def test_names_with_any_letter_are_read_again(tmp_path, ending, odd):
    label = f"kit{odd}s" if odd.isprintable() else "kits"  # a label is one line
    folder = tmp_path / label
    try:
        folder.mkdir()
        Clip(np.full((1, RATE), 0.25, np.float32), RATE).write(folder / f"a{odd}b.wav")
    except OSError:
        pytest.skip("this system has no such names")
    scanned = scan(tmp_path, "folder")
    path = tmp_path / f"list{ending}"
    manifest.write(path, scanned.entries)
    assert scan(path).entries == manifest.read(path).entries
    for entry in manifest.read(path).entries:
        assert (entry.path, entry.label) == (folder / f"a{odd}b.wav", label)


def test_lists_of_texts_may_hold_any_letter(tmp_path, sound):
    path = tmp_path / "metadata.csv"
    shutil.copy(sound, sound.with_name("b.wav"))
    path.write_text("a|one\u2028two\r\nb|three\x85four\n", encoding="utf-8", newline="")
    assert [entry.text for entry in manifest.read(path).entries] == ["one\u2028two", "three\x85four"]


def test_old_ends_of_lines_are_ends_of_lines(tmp_path, sound):
    for end in ("\n", "\r\n", "\r"):
        (tmp_path / "list.jsonl").write_text(f'{{"audio_filepath": "a.wav"}}{end}' * 2, newline="")
        assert len(manifest.read(tmp_path / "list.jsonl").entries) == 2
        with (tmp_path / "list.csv").open("w", newline="") as file:
            csv.writer(file, lineterminator=end).writerows([["audio_filepath", "label"], ["a.wav", "b"]])
        assert [entry.label for entry in manifest.read(tmp_path / "list.csv").entries] == ["b"]


def test_a_sentence_quotes_no_control_characters(tmp_path, sound):
    path = write(tmp_path, json.dumps({"audio_filepath": "a.wav", "split": "\x1b[2J\u202e\u2028"}))
    with pytest.raises(BadFolder) as refusal:
        manifest.read(path)
    assert str(refusal.value).isprintable()


@pytest.mark.parametrize("length", [300, 5_000])
def test_a_name_too_long_for_the_system_is_a_problem_of_its_line(tmp_path, sound, length):
    path = tmp_path / "metadata.csv"
    path.write_text(f"a|Hello.\n{'n' * length}|Hello again.\n", encoding="utf-8")
    scanned = manifest.read(path)
    assert [entry.path.name for entry in scanned.entries] == ["a.wav"]
    assert len(scanned.failed) == 1
    assert len(str(scanned.failed[0])) < 2_000


@pytest.mark.parametrize("is_below", [False, True])
@pytest.mark.parametrize(("stored", "written"), [("NFC", "NFD"), ("NFD", "NFC")])
@pytest.mark.parametrize("suffix", [".jsonl", ".csv"])
def test_accents_are_composed_or_not(tmp_path, sound, stored, written, is_below, suffix):
    folder = tmp_path / ("sounds" if is_below else ".")
    path = folder / unicodedata.normalize(stored, "Tür") / unicodedata.normalize(stored, "Bär é.wav")
    path.parent.mkdir(parents=True)
    shutil.copy(sound, path)
    name = unicodedata.normalize(written, "Tür/Bär é.wav")
    line = f"audio_filepath,text\n{name},a\n" if suffix == ".csv" else json.dumps({"audio_filepath": name})
    (tmp_path / f"list{suffix}").write_text(line, encoding="utf-8")
    (entry,) = manifest.read(tmp_path / f"list{suffix}", folder).entries
    assert entry.path.samefile(path)


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("a.txt", "0.5\t1.2\tdog\n"),
        ("a.TextGrid", 'File type = "ooTextFile"\n'),
        ("wav.scp", "a /elsewhere/a.wav\n"),
        ("lists/text", "a hello there\n"),
        ("x.trans.txt", "a HELLO THERE\n"),
        ("textgrids/a.TextGrid", "binary"),
        ("Label Track.txt", "0.5\t1.2\tdog\n"),
        ("testing_list.txt", "dog/a.wav\n"),
        ("a.json", '{"note": 60}'),
        ("labels.parquet", "PAR1"),
    ],
)
def test_labels_beside_recordings_are_named(tmp_path, sound, file, content):
    for other in ("README.txt", "cover.jpg", "a.mid"):
        (tmp_path / other).write_text("about the recordings\n")
    assert not [note for note in scan(tmp_path).notes if "not read" in note]
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text(content)
    (note,) = scan(tmp_path).notes
    assert note.startswith(f"files that are not read: {file};")


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet='a", ', min_size=1).map(lambda text: f"x{text}x" if text.strip() != text else text))
@pytest.mark.parametrize("quoting", [csv.QUOTE_ALL, csv.QUOTE_MINIMAL])
@pytest.mark.parametrize("delimiter", ["\t", "|"])
def test_texts_quoted_by_csv_writers_are_as_they_were(tmp_path, sound, delimiter, quoting, text):
    with (tmp_path / "list.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter=delimiter, quoting=quoting).writerows([["path", "sentence"], ["a.wav", text]])
    (entry,) = manifest.read(tmp_path / "list.csv").entries
    assert entry.text == text


def test_quotes_of_a_text_stay(tmp_path, sound):
    texts = ['"Hello", he said.', '"Hello."', 'He said "hello"']
    for text in texts:
        (tmp_path / "list.tsv").write_text(f"path\tsentence\na.wav\t{text}\n", encoding="utf-8")
        (entry,) = manifest.read(tmp_path / "list.tsv").entries
        assert entry.text == text
