"""Tables of recordings as people write them, folders that divide a collection, and what contradicts itself."""

from __future__ import annotations

import csv
import io
import json
import random

import numpy as np
import pytest
import soundfile

from wavewright.base.errors import BadFolder
from wavewright.data import manifest
from wavewright.data.folder import scan
from wavewright.data.manifest_tables import SYNONYMS

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


def test_every_field_of_a_table_is_one_of_a_manifest_and_is_written(folder):
    assert {*SYNONYMS} - {"end"} == {*manifest.FIELDS}
    manifest.write(folder / "all.csv", scan(folder).entries)
    assert (folder / "all.csv").read_text("utf-8").splitlines()[0] == ",".join(manifest.FIELDS)


@pytest.mark.parametrize("delimiter", ["|", "\t", ",", ";"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("start", ["", "\n", " \n\n"])
def test_texts_are_read_in_any_encoding_after_blank_lines(folder, delimiter, encoding, start):
    (folder / "metadata.csv").write_text(start + written(TEXTS.items(), delimiter), encoding=encoding)
    scanned = scan(folder, None)
    assert facts(scanned) == {name: (text, None, None) for name, text in TEXTS.items()}
    assert scanned.notes[0].startswith("metadata.csv is read as name|text")
    assert any("not UTF-8" in note for note in scanned.notes) == (encoding in ("latin-1", "utf-16-le", "utf-16-be"))


@pytest.mark.parametrize("suffix", [".wav", ".m4a", ".webm", ".aac"])
def test_names_without_endings_are_those_of_sounds_of_any_format(suffix, folder):
    pytest.importorskip("av")
    for path in [*folder.rglob("*.wav")]:  # read by its first bytes, whatever its name
        path.rename(path.with_suffix(suffix))
    (folder / "metadata.csv").write_text(written(TEXTS.items(), "|"), encoding="utf-8")
    assert facts(scan(folder, None)) == {name: (text, None, None) for name, text in TEXTS.items()}


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


PUBLISHED = {
    "FSDKaggle2018": (
        "meta/train_post_competition.csv",
        "fname,label,manually_verified,freesound_id,license\n00044347.wav,Hi-hat,0,28739,Attribution\n"
        "001ca53d.wav,Saxophone,1,358827,Attribution\n",
        {"00044347": ("Hi-hat", None, None, None, 0.0), "001ca53d": ("Saxophone", None, None, None, 0.0)},
        "fname as audio_filepath, label; not used: manually_verified, freesound_id, license",
    ),
    "FSD50K": (
        "FSD50K.ground_truth/dev.csv",
        'fname,labels,mids,split\n64760,"Electric_guitar,Guitar,Music","/m/02sgy,/m/0342h,/m/04rlf",train\n'
        "16399,Bark,/m/05tny_,val\n",
        {
            "64760": ("Electric_guitar|Guitar|Music", None, None, "train", 0.0),
            "16399": ("Bark", None, None, "valid", 0.0),
        },
        "labels are separated by commas; not used: mids",
    ),
    "UrbanSound8K": (
        "metadata/UrbanSound8K.csv",
        "slice_file_name,fsID,start,end,salience,fold,classID,class\n"
        "100032-3-0-0.wav,100032,0.0,0.317551,1,5,3,dog_bark\n"
        "100263-2-0-117.wav,100263,58.5,62.5,1,5,2,children_playing\n",
        {
            "100032-3-0-0": ("dog_bark", "100032", None, None, 0.0),
            "100263-2-0-117": ("children_playing", "100263", None, None, 0.0),
        },
        "fsID as group, class as label; not used: start, end, salience, fold, classID "
        "(to keep a fold out, add a column split",
    ),
    "ESC-50": (
        "meta/esc50.csv",
        "filename,fold,target,category,esc10,src_file,take\n1-100032-A-0.wav,1,0,dog,True,100032,A\n"
        "1-100038-A-14.wav,1,14,chirping_birds,False,100038,A\n",
        {
            "1-100032-A-0": ("dog", "100032", None, None, 0.0),
            "1-100038-A-14": ("chirping_birds", "100038", None, None, 0.0),
        },
        "src_file as group; not used: fold, target, esc10, take (to keep a fold out, add a column split",
    ),
    "DESED": (
        "metadata/strong.tsv",
        "filename\tonset\toffset\tevent_label\nY1.wav\t0.02\t0.05\tSpeech\nY2.wav\t0.01\t0.09\tDishes\n",
        {"Y1": ("Speech", None, None, None, 0.02), "Y2": ("Dishes", None, None, None, 0.01)},
        "onset as offset, offset as end, event_label as label, separated by tabs",
    ),
    "NSynth by pandas": (
        "list.csv",
        "id;pitch;instrument\ng1.wav;60;guitar\ng2.wav;72;organ\n",
        {"g1": (None, None, 60.0, None, 0.0), "g2": (None, None, 72.0, None, 0.0)},
        "id as audio_filepath, pitch, separated by semicolons; not used: instrument",
    ),
    "a name that nobody knows": (
        "list.csv",
        "Aufnahme,Label,Tag\ng1.wav,dog,Mo\ng2.wav,cat,Di\n",
        {"g1": ("dog", None, None, None, 0.0), "g2": ("cat", None, None, None, 0.0)},
        "Aufnahme as audio_filepath, Label; not used: Tag",
    ),
}
"""Table, its lines, and of each clip labels, group, pitch, split and start; a part of the note."""


@pytest.mark.parametrize("name", PUBLISHED)
def test_tables_of_published_collections_are_read_beside_their_folder(tmp_path, name):
    table, lines, clips, note = PUBLISHED[name]
    write_sounds(tmp_path, *(f"audio/fold{index}/{clip}.wav" for index, clip in enumerate(clips)))
    (tmp_path / table).parent.mkdir(exist_ok=True)
    (tmp_path / table).write_text(lines, encoding="utf-8")
    scanned = scan(tmp_path, None, manifest=tmp_path / table)
    assert not scanned.failed
    assert {
        entry.path.stem: (
            "|".join(entry.all_labels) or None,
            entry.group,
            entry.pitch,
            entry.split,
            entry.offset_seconds,
        )
        for entry in scanned.entries
    } == clips
    assert note in scanned.notes[0]
    if name == "DESED":
        assert [entry.n_frames for entry in scanned.entries] == [240, 640]  # end less start, at 8 kHz


def test_common_voice_has_its_sounds_in_clips(tmp_path):
    write_sounds(tmp_path, "clips/cv_1.wav", "clips/cv_2.wav")
    head = "client_id\tpath\tsentence_id\tsentence\tup_votes\tage\tlocale"
    rows = ["a" * 128 + '\tcv_1.wav\t9f\tHe said: "No.\t2\t\tde', "b" * 128 + "\tcv_2.wav\t7a\tGut.\t2\t\tde"]
    (tmp_path / "validated.tsv").write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    one, two = scan(tmp_path, None, manifest=tmp_path / "validated.tsv").entries
    assert (one.text, one.speaker, one.language) == ('He said: "No.', "a" * 128, "de")
    assert (two.text, two.group) == ("Gut.", "b" * 128)


@pytest.mark.parametrize(
    ("column", "what"),
    [
        (["1.25", "0.9", "2.125", "1.0"], "may be speakers, seconds or another number"),
        (["20000", "20000", "31000", "31000"], "may be speakers, seconds or another number"),
        (["k æ f eɪ ə t n uː n", "ʃ t ʁ aː s ə ʊ n t", "e l p a ɣ o", "j aː"], "may be phones or a translation"),
        (["one", "two", "three", "four"], r"name\|text\|speaker or name\|speaker\|text"),
    ],
)
def test_a_third_column_without_a_name_is_asked_for(folder, column, what):
    rows = [(*row, cell) for row, cell in zip(TEXTS.items(), column, strict=True)]
    (folder / "metadata.csv").write_text(written(rows, "|"), encoding="utf-8")
    with pytest.raises(BadFolder, match=what):
        scan(folder, None)


@pytest.mark.parametrize("column", [["dog", "rain", "dog", "rain"], ["1.5", "2.25", "1.0", "3.5"]])
def test_a_second_column_that_may_be_no_text_is_asked_for(folder, column):
    (folder / "metadata.csv").write_text(written(zip(TEXTS, column, strict=True), ","), encoding="utf-8")
    with pytest.raises(BadFolder, match=r"second column may be a text, a label"):
        scan(folder, None)


def test_two_files_of_one_name_are_a_problem_until_the_folder_is_written(tmp_path):
    write_sounds(tmp_path, "audio/a/x.wav", "audio/b/x.wav", "audio/b/y.wav")
    (tmp_path / "list.csv").write_text("file,label\nx.wav,dog\ny.wav,cat\nb/x.wav,dog\n")
    scanned = scan(tmp_path, None, manifest=tmp_path / "list.csv")
    assert [entry.path.parent.name for entry in scanned.entries] == ["b", "b"]
    assert "line 2: x.wav may be" in scanned.failed[0].reason


def test_fields_of_json_that_are_not_used_are_named(folder):
    (folder / "list.jsonl").write_text('{"audio_filepath": "wavs/a.wav", "label": "x", "takes": 0.05, "kit": 3}\n')
    scanned = scan(folder / "list.jsonl")
    assert scanned.entries[0].offset_seconds == 0
    assert scanned.notes == ("list.jsonl: fields that are not used: 'takes', 'kit'.",)


def test_an_array_of_json_is_a_manifest(folder):
    (folder / "list.json").write_text('[{"audio_filepath": "wavs/a.wav",\n"label": "x"},\n{"path": "wavs/b.wav"}]\n')
    scanned = scan(folder / "list.json")
    assert [(entry.path.name, entry.label) for entry in scanned.entries] == [("a.wav", "x"), ("b.wav", None)]
    (folder / "list.json").write_text('[{"audio_filepath": "wavs/a.wav"}, 3]')
    with pytest.raises(BadFolder, match="line 2: this is no JSON object"):
        scan(folder / "list.json")


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl"])
@pytest.mark.parametrize(
    "names", [("path", "class", "sentence"), ("file_name", "label", "text"), ("Audio", "category", "transcription")]
)
def test_names_of_fields_are_those_of_columns(folder, suffix, names):
    rows = [(f"wavs/{name}.wav", f"label {name}", text) for name, text in TEXTS.items()]
    lines = [json.dumps(dict(zip(names, row, strict=True))) for row in rows]
    table = written([names, *rows], "," if suffix == ".csv" else "\t") if suffix != ".jsonl" else "\n".join(lines)
    (folder / f"metadata{suffix}").write_text(table, encoding="utf-8")
    scanned = scan(folder)
    assert [(f"wavs/{entry.path.name}", entry.label, entry.text) for entry in scanned.entries] == rows
    assert ["is read by the names of its" in note for note in scanned.notes] == [True]


@pytest.mark.parametrize("name", ["UrbanSound8K", "ESC-50"])
def test_a_fold_is_kept_out_by_a_column_of_splits(tmp_path, name):
    table, lines, clips, _ = PUBLISHED[name]
    write_sounds(tmp_path, *(f"audio/{clip}.wav" for clip in clips))
    head, *rows = lines.splitlines()
    place = head.split(",").index("fold")
    folds = sorted({row.split(",")[place] for row in rows})
    rows = [f"{row},{'test' if row.split(',')[place] == folds[0] else 'train'}" for row in rows]
    (tmp_path / table).parent.mkdir(exist_ok=True)
    (tmp_path / table).write_text("\n".join([f"{head},split", *rows]) + "\n", encoding="utf-8")
    scanned = scan(tmp_path, None, manifest=tmp_path / table)
    assert [entry.split for entry in scanned.entries] == ["test" if row.endswith("test") else "train" for row in rows]


@pytest.mark.parametrize("seed", range(6))
def test_what_a_table_leaves_out_or_cuts_is_counted(folder, seed):
    source = random.Random(seed)
    names = source.sample(sorted(TEXTS), source.randint(1, 4))
    spans = {name: source.choice(((0.0, 0.1), (0.05, 0.05), (0.05, 0.4), (0.0, 0.3))) for name in names}
    rows = [(f"wavs/{name}.wav", *spans[name]) for name in names]
    (folder / "metadata.csv").write_text(written([("audio_filepath", "offset", "duration"), *rows], ","))
    scanned = scan(folder)
    rests = {name: min(seconds, 0.1 - offset) for name, (offset, seconds) in spans.items()}
    assert {entry.path.stem: entry.seconds for entry in scanned.entries} == pytest.approx(rests)
    n_cut = sum(offset + seconds > 0.2 for offset, seconds in spans.values())
    expected = [f"metadata.csv: {n_cut} clips end after the end of their files"] * (n_cut > 0)
    n_others = len(TEXTS) - len(names)
    expected += [f"{n_others} sound files of the folder are not in metadata.csv"] * (n_others > 0)
    notes = [note for note in scanned.notes if "columns" not in note]
    assert len(notes) == len(expected)
    assert all(note.startswith(words) for note, words in zip(notes, expected, strict=True))


@pytest.mark.parametrize(
    ("name", "content", "is_named"),
    [
        ("validated.tsv", "path\tsentence\nwavs/a.wav\tHello\n", True),
        ("list.jsonl", '{"audio_filepath": "wavs/a.wav", "label": "x"}\n', True),
        ("list.csv", "wavs/a.wav,x\nwavs/b.wav,y\n", True),
        ("meta/esc50.csv", "filename,category\na.wav,dog\n", True),
        ("wavs/metadata.jsonl", '{"file_name": "a.wav", "transcription": "x"}\n', True),
        ("prices.csv", "item,price\ntea,3\n", False),
        ("settings.json", '{"rate": 8000}\n', False),
    ],
)
def test_tables_of_other_names_are_named(folder, name, content, is_named):
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(content)
    scanned = scan(folder)
    assert len(scanned.entries) == len(TEXTS)
    (note,) = scanned.notes
    assert note.startswith(f"{name} is not read; --manifest " if is_named else f"files that are not read: {name};")
