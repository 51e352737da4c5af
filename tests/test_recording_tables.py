"""Tables of recordings as people write them, folders that divide a collection, and what contradicts itself."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
import soundfile

from wavewright.base.errors import BadFolder
from wavewright.data import manifest
from wavewright.data.folder import scan

TEXTS = {"a": "The café opened at noon.", "b": "Straße und Übung, sagte er.", "c": "Él pagó, y salió; fin.", "d": "Ja."}
SPEAKERS = {"a": "Anna", "b": "Jörg", "c": "Anna", "d": "Anna"}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "wavs").mkdir()
    for index, name in enumerate(TEXTS):
        soundfile.write(tmp_path / "wavs" / f"{name}.wav", 0.1 * np.sin(np.arange(800) * (index + 1) / 9), 8_000)
    return tmp_path


def written(rows, delimiter):
    """Rows as the csv module of Python writes them, and as LJSpeech does where | or tabs separate."""
    table = io.StringIO()
    quoting = csv.QUOTE_MINIMAL if delimiter in ",;" else csv.QUOTE_NONE
    csv.writer(table, delimiter=delimiter, quoting=quoting, lineterminator="\n").writerows(rows)
    return table.getvalue()


def facts(scanned):
    return {entry.path.stem: (entry.text, entry.speaker, entry.label) for entry in scanned.entries}


@pytest.mark.parametrize("delimiter", ["|", "\t", ",", ";"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16"])
@pytest.mark.parametrize("start", ["", "\n", " \n\n"])
def test_texts_are_read_in_any_encoding_after_blank_lines(folder, delimiter, encoding, start):
    (folder / "metadata.csv").write_text(start + written(TEXTS.items(), delimiter), encoding=encoding)
    scanned = scan(folder, None)
    assert facts(scanned) == {name: (text, None, None) for name, text in TEXTS.items()}
    assert scanned.notes[0].startswith("metadata.csv is read as name|text")
    assert any("not UTF-8" in note for note in scanned.notes) == (encoding in ("latin-1", "utf-16"))


@pytest.mark.parametrize("order", ["text speaker", "speaker text"])
@pytest.mark.parametrize("has_names", [False, True])
@pytest.mark.parametrize("delimiter", ["|", "\t", ","])
def test_a_column_of_speakers_is_one_wherever_it_is(folder, order, has_names, delimiter):
    columns = {"text": TEXTS, "speaker": SPEAKERS}
    rows = [[name, *(columns[column][name] for column in order.split())] for name in TEXTS]
    names = [["file_name", *order.replace("speaker", "speaker_id").split()]] if has_names else []
    (folder / "metadata.csv").write_text(written([*names, *rows], delimiter), encoding="utf-8")
    scanned = scan(folder, None)
    assert facts(scanned) == {name: (text, SPEAKERS[name], None) for name, text in TEXTS.items()}
    assert {entry.group for entry in scanned.entries} == {"Anna", "Jörg"}
    assert all(column in scanned.notes[0] for column in ("text", "speaker"))


def test_texts_with_commas_and_no_quotes_are_whole(folder):
    (folder / "metadata.csv").write_text("".join(f"{name},{text}\n" for name, text in TEXTS.items()), "utf-8")
    assert {name: text for name, (text, _, _) in facts(scan(folder, None)).items()} == TEXTS


def test_a_third_column_that_may_be_both_is_refused_with_what_to_write(folder):
    (folder / "metadata.csv").write_text("a|yes|Anna\nb|no|Bert\n")
    with pytest.raises(BadFolder, match=r"may be name\|text\|speaker or name\|speaker\|text .* audio_filepath\|text"):
        scan(folder, None)
    (folder / "metadata.csv").write_text("audio_filepath|text|speaker\na|yes|Anna\nb|no|Bert\n")
    assert facts(scan(folder, None)) == {"a": ("yes", "Anna", None), "b": ("no", "Bert", None)}


def test_a_table_that_is_not_read_is_named(folder):
    (folder / "metadata.csv").write_text("fold,category\n1,dog\n")
    scanned = scan(folder, None)
    assert {entry.label for entry in scanned.entries} == {"wavs"}
    assert "metadata.csv is not read: none of its lines" in scanned.notes[0]
    (folder / "metadata.csv").write_text(written(TEXTS.items(), "|"), encoding="utf-8")
    assert "metadata.csv is not read, because labels" in scan(folder, "folder").notes[0]


@pytest.mark.parametrize(
    ("lines", "what"),
    [
        ("a|one\nb|two\na|three\n", "lines 1 and 3 contradict each other about a.wav .*one.* and .*three"),
        ("file,label\nwavs/a.wav,kick\nwavs/a.wav,snare\n", "lines 2 and 3 .*label .*kick.* and .*snare.* as labels"),
        ("file,label\nwavs/a.wav,Kick\nwavs/b.wav,kick\n", "labels 'Kick' and 'kick'.* spelling alone"),
        ("file,text,speaker\na,one,Jo\u0308rg\nb,two,J\u00f6rg\n", "speakers .* spelling alone"),
    ],
)
def test_what_contradicts_itself_is_refused(folder, lines, what):
    (folder / "metadata.csv").write_text(lines, encoding="utf-8")
    with pytest.raises(BadFolder, match=what):
        scan(folder, None)


def test_segments_of_one_file_contradict_nothing(folder):
    table = "audio_filepath,offset,duration,label\nwavs/a.wav,0,0.05,kick\nwavs/a.wav,0.05,0.05,snare\n"
    (folder / "list.csv").write_text(table)
    assert [entry.label for entry in manifest.read(folder / "list.csv").entries] == ["kick", "snare"]


def write_sounds(root, *names):
    for index, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(root / name, 0.1 * np.sin(np.arange(800) * (index + 1) / 9), 8_000)


def test_folders_train_and_test_are_splits(tmp_path):
    write_sounds(tmp_path, "Train/kick/a.wav", "Train/snare/b.wav", "test/kick/c.wav", "dev/snare/d.wav")
    for label_from in (None, "folder"):
        scanned = scan(tmp_path, label_from)
        by_name = {entry.path.stem: (entry.split, entry.label) for entry in scanned.entries}
        assert by_name == {
            "a": ("train", "kick"),
            "b": ("train", "snare"),
            "c": ("test", "kick"),
            "d": ("valid", "snare"),
        }
        assert "read as splits: Train/ as train" in scanned.notes[0]
    write_sounds(tmp_path, "whistle/e.wav")  # then they are labels as any others
    assert {entry.label for entry in scan(tmp_path, "folder").entries} == {"Train", "test", "dev", "whistle"}


def test_folders_that_differ_in_case_are_refused(tmp_path):
    write_sounds(tmp_path, "Kick/a.wav", "kick/b.wav")
    if len([*tmp_path.iterdir()]) < 2:
        pytest.skip("this file system does not tell them apart")
    with pytest.raises(BadFolder, match="labels 'Kick' and 'kick'"):
        scan(tmp_path, "folder")


def test_one_recording_under_two_labels_is_named(tmp_path):
    write_sounds(tmp_path, "kick/a.wav", "kick/b.wav", "snare/c.wav")
    assert not scan(tmp_path, "folder").notes
    (tmp_path / "kick/again.wav").write_bytes((tmp_path / "kick/b.wav").read_bytes())  # a copy of the same label
    assert not scan(tmp_path, "folder").notes
    (tmp_path / "snare/copy.wav").write_bytes((tmp_path / "kick/a.wav").read_bytes())
    (note,) = scan(tmp_path, "folder").notes
    assert "1 recording is under several labels (kick/a.wav = snare/copy.wav)" in note
