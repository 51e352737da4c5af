"""Scanning folders, manifests and splits: entries, their order, and the failed of files that cannot be used."""

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from wavewright.base.errors import BadFolder, BadSetting
from wavewright.data import manifest, splits
from wavewright.data.crops import sampling_probabilities
from wavewright.data.entry import Entry
from wavewright.data.folder import scan


def write_sound(path: Path, n_frames: int = 800, sample_rate: int = 8000, channels: int = 1) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    wave = np.random.default_rng(n_frames).uniform(-0.5, 0.5, (n_frames, channels))
    soundfile.write(path, wave, sample_rate)
    return path


def entry(name: str, group: str | None = None, split: splits.Split | None = None) -> Entry:
    return Entry(Path(name), None, group, 1.0, 8000, 1, 8000, split)


def test_scan_reads_headers_labels_and_groups_in_sorted_order(tmp_path):
    write_sound(tmp_path / "snare" / "kitb_1.wav", 400)
    write_sound(tmp_path / "kick" / "deep" / "kita_2.flac", 1200, 16000, 2)
    write_sound(tmp_path / "kick" / "KITA_1.WAV")
    write_sound(tmp_path / "kick" / ".hidden.wav")
    write_sound(tmp_path / ".trash" / "kita_9.wav")
    (tmp_path / "notes.txt").write_text("no sound", encoding="utf-8")

    scanned = scan(tmp_path, label_from="folder", group_from="prefix")

    assert [e.path.relative_to(tmp_path).as_posix() for e in scanned.entries] == [
        "kick/KITA_1.WAV",
        "kick/deep/kita_2.flac",
        "snare/kitb_1.wav",
    ]
    assert [(e.label, e.group) for e in scanned.entries] == [("kick", "KITA"), ("kick", "kita"), ("snare", "kitb")]
    assert (scanned.entries[1].seconds, scanned.entries[1].sample_rate, scanned.entries[1].channels) == (
        0.075,
        16000,
        2,
    )
    assert scanned.labels == ("kick", "snare")
    assert scanned.failed == ()
    assert [e.group for e in scan(tmp_path, group_from="folder").entries] == ["kick", "kick", "snare"]
    assert [e.group for e in scan(tmp_path, "folder", group_from="folder").entries] == [None, "deep", None]


def test_labels_are_folders_if_most_clips_are_in_one(tmp_path):
    for name in ("kick/a.wav", "kick/b.wav", "snare/a.wav", "stray.wav"):
        write_sound(tmp_path / name)
    scanned = scan(tmp_path, label_from=None)
    assert [e.label for e in scanned.entries] == ["kick", "kick", "snare"]
    assert [problem.what.name for problem in scanned.failed] == ["stray.wav"]
    by_group = scan(tmp_path, label_from=None, group_from="folder")  # the only sub-folders are the groups
    assert [(e.label, e.group) for e in by_group.entries] == [
        (None, "kick"),
        (None, "kick"),
        (None, "snare"),
        (None, None),
    ]
    for name in ("x.wav", "y.wav"):
        write_sound(tmp_path / name)
    assert {e.label for e in scan(tmp_path, label_from=None).entries} == {None}


def test_files_that_cannot_be_used_are_listed_and_the_rest_is_kept(tmp_path):
    write_sound(tmp_path / "a" / "good.wav")
    write_sound(tmp_path / "beside.wav")
    (tmp_path / "a" / "empty.wav").write_bytes(b"")
    (tmp_path / "a" / "text.flac").write_text("not sound", encoding="utf-8")
    write_sound(tmp_path / "a" / "nothing.wav", n_frames=0)
    whole = write_sound(tmp_path / "a" / "cut.flac").read_bytes()
    (tmp_path / "a" / "cut.flac").write_bytes(whole[:20])
    half = write_sound(tmp_path / "a" / "half.wav", n_frames=2_000)
    half.write_bytes(half.read_bytes()[:2_000])

    scanned = scan(tmp_path, label_from="folder")

    assert [e.path.name for e in scanned.entries] == ["good.wav"]
    reasons = {problem.what.name: problem.reason for problem in scanned.failed}
    assert reasons.keys() == {"beside.wav", "empty.wav", "text.flac", "nothing.wav", "cut.flac", "half.wav"}
    assert "is an empty file" in reasons["empty.wav"]
    assert "holds no samples" in reasons["nothing.wav"]
    assert "is not a sound file" in reasons["text.flac"]
    assert "beside the sub-folders" in reasons["beside.wav"]
    assert reasons["half.wav"].endswith("header is wrong; copy or export it again, or remove it.")


def test_scan_explains_why_a_folder_has_nothing(tmp_path):
    with pytest.raises(BadFolder, match="does not exist"):
        scan(tmp_path / "missing")
    with pytest.raises(BadFolder, match="holds no sound files"):
        scan(tmp_path)
    for name in ("a.xm", "b.xm", "notes.txt"):
        (tmp_path / name).write_bytes(b"?")
    with pytest.raises(BadFolder, match=r"holds no sound files: its files end in \.xm, \.txt; give"):
        scan(tmp_path)
    path = write_sound(tmp_path / "one.wav")
    with pytest.raises(BadFolder, match="is a file"):
        scan(path)
    with pytest.raises(BadFolder, match="no sub-folders to take labels from"):
        scan(tmp_path, label_from="folder")
    path.write_bytes(b"")
    with pytest.raises(BadFolder, match=r"no sound that can be used: .*one\.wav is an empty file"):
        scan(tmp_path)
    with pytest.raises(BadSetting, match="label_from is 'name'"):
        scan(tmp_path, label_from="name")


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_links_are_followed_once_and_loops_end(tmp_path):
    root, elsewhere = tmp_path / "root", tmp_path / "elsewhere"
    write_sound(root / "z" / "real.wav")
    write_sound(elsewhere / "far.wav")
    (root / "a_loop").symlink_to(root)
    (root / "up").symlink_to(tmp_path)
    (root / "b_same").symlink_to(root / "z")
    (root / "far").symlink_to(elsewhere)
    (elsewhere / "back").symlink_to(root)
    (root / "broken.wav").symlink_to(root / "gone.wav")

    scanned = scan(root)

    assert [e.path.relative_to(root).as_posix() for e in scanned.entries] == ["far/far.wav", "z/real.wav"]
    assert [problem.what.name for problem in scanned.failed] == ["broken.wav"]


@pytest.mark.parametrize("name", ["list.jsonl", "list.csv"])
def test_manifest_round_trip(tmp_path, name):
    write_sound(tmp_path / "kick" / "a, 'b' é.wav", 1600)
    write_sound(tmp_path / "snare" / "c.wav", 800)
    first, second = scan(tmp_path, label_from="folder").entries
    entries = (
        replace(first, group="kit 1", split="test", text='said "so",\ntwice', speaker="ann"),
        replace(second, offset_seconds=0.025, n_frames=400, seconds=0.05, group="bob", speaker="bob"),
    )

    manifest.write(tmp_path / name, entries)

    assert manifest.read(tmp_path / name).entries == entries
    assert scan(tmp_path, manifest=tmp_path / name).entries == entries
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [name]


def test_manifest_reads_nemo_fields(tmp_path):
    path = write_sound(tmp_path / "sounds" / "yes.wav", 800)
    lines = [
        {
            "audio_filepath": "sounds/yes.wav",
            "duration": 0.05,
            "offset": 0.08,
            "command": "yes",
            "speaker": 7,
            "lang": "en",
        },
        {"audio_filepath": str(path), "label": 3},
        {"audio_filepath": "sounds/gone.wav"},
        {"audio_filepath": "sounds/yes.wav", "offset": 5},
    ]
    (tmp_path / "m.jsonl").write_text("\n\n".join(json.dumps(line) for line in lines), encoding="utf-8-sig")

    scanned = manifest.read(tmp_path / "m.jsonl")

    yes, whole = scanned.entries
    assert (yes.label, yes.group, yes.speaker, yes.offset_seconds, yes.n_frames) == ("yes", "7", "7", 0.08, 160)
    assert (whole.label, whole.group, whole.n_frames, whole.seconds) == ("3", None, 800, 0.1)
    assert [problem.what.name for problem in scanned.failed] == ["gone.wav", "yes.wav"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", '{"audio_filepath": "x.wav"}\n{"audio_filepath": ', "line 2: this is not JSON"),
        ("a.jsonl", "[1]", "line 1: this is no JSON object"),
        ("a.jsonl", '{"label": "x"}', "line 1: audio_filepath is missing"),
        (
            "a.jsonl",
            '{"audio_filepath": "x.wav", "duration": "long"}',
            "line 1: duration is 'long'; it must be a number",
        ),
        ("a.jsonl", '{"audio_filepath": "x.wav", "offset": -1}', "line 1: offset is -1"),
        (
            "a.jsonl",
            '{"audio_filepath": "x.wav", "split": "a"}',
            "line 1: split is 'a'; it must be train, valid or test",
        ),
        ("a.jsonl", "", "it lists no clips"),
        ("a.jsonl", '{"audio_filepath": "x.wav"}', "lists no clip that can be used: .*x.wav does not exist"),
        ("a.csv", "hour,label\nx.wav,kick\n", "line 1: no column is named audio_filepath"),
        ("a.csv", "audio_filepath,label\nx.wav,kick,snare\n", "line 2: there are more values than columns"),
        ("a.csv", "audio_filepath,offset\nx.wav,nan\n", "line 2: offset is 'nan'"),
        ("a.txt", "x.wav", "must be a .csv or .jsonl file"),
    ],
)
def test_manifest_errors_name_the_line(tmp_path, name, content, message):
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(BadFolder, match=message):
        manifest.read(tmp_path / name)


def test_split_is_the_documented_hash():
    import hashlib

    for key in ("kick_01", "snare_02", "é"):
        position = int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "big") / 2**64
        assert splits.split_of(key, 0.3, 0.3) == ("test" if position < 0.3 else "valid" if position < 0.6 else "train")
    assert splits.split_of("e\u0301") == splits.split_of("é")


def test_split_fractions_hold_and_test_clips_never_move():
    keys = [f"clip {number}" for number in range(4000)]
    before = [splits.split_of(key, valid=0.1, test=0.2) for key in keys]
    after = [splits.split_of(key, valid=0.3, test=0.2) for key in keys]
    assert before.count("test") == pytest.approx(800, abs=80)
    assert before.count("valid") == pytest.approx(400, abs=60)
    assert [s == "test" for s in before] == [s == "test" for s in after]
    assert all(a == "valid" for b, a in zip(before, after, strict=True) if b == "valid")
    with pytest.raises(BadSetting, match="their sum below 1"):
        splits.split_of("a", 0.5, 0.5)


def test_assign_keeps_groups_together_and_added_files_move_nothing():
    entries = [entry(f"/x/{number}.wav", group=f"g{number % 40}") for number in range(400)]
    divided = splits.assign_splits(entries, by="group", valid=0.2, test=0.2)
    of_group = {e.group: {d.split for d in divided if d.group == e.group} for e in divided}
    assert all(len(splits_of_group) == 1 for splits_of_group in of_group.values())
    assert {d.split for d in divided} == {"train", "valid", "test"}
    more = splits.assign_splits([*reversed(entries), entry("/x/new.wav", group="new")], by="group", valid=0.2, test=0.2)
    assert {d.path: d.split for d in divided}.items() <= {d.path: d.split for d in more}.items()


def test_assign_by_name_ignores_folder_and_ending():
    (one,) = splits.assign_splits([entry("/a/b/take 7.wav")], valid=0.4, test=0.4)
    (two,) = splits.assign_splits([entry("/c/take 7.flac")], valid=0.4, test=0.4)
    assert one.split == two.split == splits.split_of("take 7", 0.4, 0.4)


def test_a_split_from_the_manifest_wins_for_its_whole_group():
    entries = [entry("1.wav", "kit", "test"), entry("2.wav", "kit"), entry("3.wav", None, "valid")]
    assert [e.split for e in splits.assign_splits(entries, by="group", valid=0, test=0)] == ["test", "test", "valid"]
    assert [e.split for e in splits.assign_splits(entries, by="name", valid=0, test=0)] == ["test", "train", "valid"]
    with pytest.raises(BadFolder, match="group 'kit' into both test and train"):
        splits.assign_splits([entries[0], entry("4.wav", "kit", "train")], by="group")
    with pytest.raises(BadSetting, match="by is 'size'"):
        splits.assign_splits(entries, by="size")


def test_a_folder_as_ljspeech_has_it_is_read_with_its_texts(tmp_path):
    for name in ("wavs/one.wav", "wavs/two.flac", "three.wav"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        soundfile.write(tmp_path / name, 0.1 * np.ones(800), 8_000)
    lines = ['one|Dr. "A" said 2|doctor "A" said two', "two.flac| plain ", "", "three||in full", "gone|nobody"]
    (tmp_path / "metadata.csv").write_text("\n".join(lines), encoding="utf-8")
    scanned = scan(tmp_path, None)
    assert [(entry.path.name, entry.text, entry.label) for entry in scanned.entries] == [
        ("one.wav", 'doctor "A" said two', None),
        ("two.flac", "plain", None),
        ("three.wav", "in full", None),
    ]
    assert [problem.what.name for problem in scanned.failed] == ["gone.wav"]
    assert scan(tmp_path / "metadata.csv").entries == scanned.entries
    assert {entry.label for entry in scan(tmp_path, "folder").entries} == {"wavs"}  # asked for, folders are labels


def test_a_table_of_texts_with_other_lines_is_refused(tmp_path):
    (tmp_path / "metadata.csv").write_text("a|b\na|b|c|d\n", encoding="utf-8")
    with pytest.raises(BadFolder, match=r"metadata.csv, line 2: this is not name\|text"):
        scan(tmp_path)


@pytest.mark.parametrize(("exponent", "expected"), [(1.0, [0.1, 0.3, 0.6]), (0.0, [0.125, 0.375, 0.5]), (0.5, None)])
def test_a_speaker_is_drawn_by_a_power_of_the_length_of_the_recordings(exponent, expected):
    entries = [
        Entry(Path("a.wav"), None, None, 1.0, 8_000, 1, 8_000, speaker=speaker) for speaker in ("ann", "ann", None)
    ]
    probabilities = sampling_probabilities(entries, np.array([1, 3, 6]), exponent)
    if expected is None:  # the speakers' shares are as 4 ** 0.5 to 6 ** 0.5
        assert probabilities[:2].sum() / probabilities[2] == pytest.approx((4 / 6) ** 0.5)
        assert probabilities[0] / probabilities[1] == pytest.approx(1 / 3)
    else:
        np.testing.assert_allclose(probabilities, expected)
