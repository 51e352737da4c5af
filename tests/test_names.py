"""Valid names, file names built from names, and files that stay inside their folder whatever a card says."""

from __future__ import annotations

import json
import os
import random
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
from tiny_models import change_card, make_gan
from tiny_speech import install, stand_in_voice

from wavewright.apps.cli import run
from wavewright.base.errors import BadFolder, BadModel, BadSetting, WavewrightError, printable
from wavewright.base.names import MAX_STEM_BYTES, RESERVED, file_stem, inside, name_problem
from wavewright.base.ranges import check_names
from wavewright.base.whole_file import whole_folder
from wavewright.data import manifest
from wavewright.data.folder import scan
from wavewright.families import loading
from wavewright.speech.book_source import TextBook
from wavewright.speech.narration.book import speak_book
from wavewright.speech.narration.narrator import Narrator
from wavewright.speech.narration.settings import NarrationSettings
from wavewright.speech.narration.speech_file import SpeechFiles
from wavewright.tasks import demo_tools
from wavewright.tasks.demo import demo
from wavewright.tasks.generate import generate

GOOD = (
    "kick",
    "hi hat",
    "Hip-Hop/Rap",
    "<b>",
    '"&',
    "’t",
    "snøfall",
    "कि",
    "鼓",
    "a.b",
    "CON",
    "-x",
    "é" * 127,
    "a\\b",
    "🥁",
)
BAD = {
    "": "is empty",
    "  ": "is empty",
    ".": "is a path",
    "..": "is a path",
    "../x": "is a path",
    "../../../x/y": "is a path",
    "/etc/passwd": "is a path",
    "a//b": "is a path",
    "a/": "is a path",
    "\\\\host\\share": "is a path",
    "a\nb": "control character U+000A",
    "\x1b[2J": "control character U+001B",
    "a\x00b": "control character U+0000",
    "a\u2028b": "control character U+2028",
    "a\x85b": "control character U+0085",
    "é" * 128: "has 256 bytes; a name has at most 255",
    "\udc80": "no valid Unicode",
}


def nasty(rng: random.Random) -> str:
    """A name of pieces that lead elsewhere, hide, or that some file system refuses."""
    pieces = (
        *GOOD,
        *BAD,
        "..",
        "/",
        "\\",
        "..",
        "../",
        "x",
        "C:",
        "*?",
        "|",
        "\u202e",
        "nul.wav",
        " ",
        ".",
        "\ud800",
        "a" * 300,
    )
    return "".join(rng.choice(pieces) for _ in range(rng.randint(1, 4)))


@pytest.mark.parametrize("name", GOOD)
def test_good_names(name):
    assert name_problem(name) is None
    check_names(labels=(name,))


@pytest.mark.parametrize("name", BAD)
def test_bad_names(name):
    assert BAD[name] in str(name_problem(name))
    with pytest.raises(BadSetting, match=r"labels (are|contain) '"):
        check_names(labels=("kick", name))


@pytest.mark.parametrize("name", ["Hip-Hop/Rap", "a\\b", "C:\\x"])
def test_names_of_files_and_models_have_no_separators(name):
    assert "path separator" in str(name_problem(name, is_file=True))


def test_stems_are_file_names_everywhere():
    rng = random.Random(0)
    for _ in range(5_000):
        stem = file_stem(*(nasty(rng) for _ in range(rng.randint(1, 3))))
        assert len(stem.encode()) <= MAX_STEM_BYTES
        assert not re.search(r'[<>:"/\\|?*\x00-\x1f\s]', stem)
        assert stem[0] not in ".-"
        assert stem[-1] not in ". "
        assert stem.partition(".")[0].upper() not in RESERVED
        assert name_problem(stem, is_file=True) is None


def test_stems_of_plain_names_are_the_names():
    assert file_stem("tiny", "kick", "s7", "000") == "tiny-kick-s7-000"
    assert file_stem("tiny", "hi  hat!") == "tiny-hi_hat_"
    assert file_stem("कि") == "कि"
    assert file_stem("CON") == "_CON"
    assert file_stem("../../../x/y") == "_.._.._.._x_y"
    long = [file_stem("é" * 300, number) for number in "12"]
    assert long[0] != long[1]


def test_places_inside_a_folder(tmp_path):
    folder = tmp_path / "folder"
    (folder / "real").mkdir(parents=True)
    (tmp_path / "link").symlink_to(folder)
    (folder / "out").symlink_to(tmp_path)
    (folder / "home").symlink_to(folder / "real")
    assert inside(folder, "a/b.wav") == folder / "a" / "b.wav"
    assert (
        inside(tmp_path / "link", "a.wav") == tmp_path / "link" / "a.wav"
    )  # the folder that was asked for may be a link
    assert inside(folder, "home/a.wav") == folder / "home" / "a.wav"
    for name in ("../a.wav", "a/../../b.wav", "..", "", "/etc/a", "out/a.wav"):
        with pytest.raises(BadFolder, match=r"would lie outside .*folder; nothing was written"):
            inside(folder, name)


def write_two_files(out):
    with whole_folder(out, last="b") as hidden:
        (hidden / "sounds").mkdir()
        (hidden / "sounds" / "a").write_bytes(b"a")
        (hidden / "b").write_bytes(b"b")


def test_a_link_in_a_folder_takes_nothing_elsewhere(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "sounds").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BadFolder, match="would lie outside"):
        write_two_files(tmp_path / "out")
    assert not [*(tmp_path / "elsewhere").iterdir()]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["sounds"]


@pytest.mark.parametrize("name", [name for name in BAD if name.isprintable() or "\x1b" in name])
def test_cards_with_bad_names_are_refused(tmp_path, name):
    folder = make_gan(tmp_path)
    for change in ({"name": name}, {"labels": ["kick", name]}, {"files": {name: "0" * 64}}):
        card = (folder / "card.json").read_text(encoding="utf-8")
        change_card(folder, **change)
        with pytest.raises(BadModel, match=r"card\.json cannot be read as a model card"):
            loading.load(folder)
        (folder / "card.json").write_text(card, encoding="utf-8")


def test_a_demo_of_a_card_that_leads_elsewhere_writes_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    change_card(make_gan(tmp_path, "evil"), name="../../../x/y")
    assert run(["demo", "--models", "./evil", "--out", "a/b/demo"]) == 2
    assert "the name '../../../x/y' contains a path separator" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["evil"]


def everything_below(folder):
    return {path for path in folder.rglob("*") if path.is_file()}


def test_nothing_is_ever_written_outside_the_folder(tmp_path):
    rng = random.Random(1)
    folder = make_gan(tmp_path / "a" / "b" / "model")
    out = tmp_path / "a" / "b" / "c" / "out"
    n_made = 0
    for _ in range(120):
        name = rng.choice(("tiny", nasty(rng)))
        labels = [nasty(rng), "snare", "hat"] if rng.random() < 0.7 else ["kick", "snare", rng.choice(GOOD)]
        change_card(folder, name=name, labels=labels)
        before = everything_below(tmp_path)
        try:
            made = generate(str(folder), count=3, out=out)
        except WavewrightError:
            assert everything_below(tmp_path) == before
            continue
        n_made += 1
        assert {path.parent for path in everything_below(tmp_path) - before} <= {out}
        assert len({clip.path.name for clip in made.files}) == 3
        for path in out.iterdir():
            path.unlink()
    assert 20 < n_made < 110


def test_voices_of_any_name_stay_in_the_folder_of_a_demo(tmp_path, monkeypatch):
    monkeypatch.setattr(demo_tools, "TEXTS", ("Hello.",))
    players = install(monkeypatch, tmp_path)
    card = tmp_path / "en" / "card.json"
    described = json.loads(card.read_text(encoding="utf-8"))
    described["config"]["speakers"] = ["a/../../../x", "b"]
    card.write_text(json.dumps(described), encoding="utf-8")
    with pytest.raises(BadModel, match=r"speakers contain 'a/\.\./\.\./\.\./x', which is a path"):
        demo(tmp_path / "out", models=("en",))
    described["config"]["speakers"] = ["Hip-Hop/Rap", "CON"]
    card.write_text(json.dumps(described), encoding="utf-8")
    players["en"].speakers = ("Hip-Hop/Rap", "CON")
    made = demo(tmp_path / "out", models=("en",))
    assert made.details["n_clips"] == 2
    assert sorted(path.name for path in (tmp_path / "out" / "audio").iterdir()) == [
        "en-CON-1.flac",
        "en-Hip-Hop_Rap-1.flac",
    ]


@pytest.mark.parametrize(
    ("labels", "stems"),
    [
        (("hi hat", "hi_hat", "hi?hat"), ("hi_hat", "hi_hat", "hi_hat")),
        (("hi/hat", "kick: 1", "été"), ("hi_hat", "kick_1", "été")),
    ],
)
def test_labels_that_no_file_name_can_hold_or_tell_apart_are_replaced(tmp_path, labels, stems):
    folder = make_gan(tmp_path, labels=labels)
    made = generate(str(folder), count=3, out=tmp_path / "out")
    assert [clip.path.name for clip in made.files] == [
        f"tiny-{stem}-s0-{index:03}.wav" for index, stem in enumerate(stems)
    ]
    assert [clip.details["label"] for clip in made.files] == list(labels)


def write_tone(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, 0.5 * np.sin(np.arange(4_000) / 10), 8_000)


@pytest.mark.parametrize("label", ["hi hat", "snøfall", "it's", "<x>", "CON", "a\\b", "é" * 100])
def test_folders_of_any_name_give_labels(tmp_path, label):
    write_tone(tmp_path / label / "a.wav")
    assert scan(tmp_path, "folder").labels == (label,)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
@pytest.mark.parametrize("label", ["a\nb", "a\u2028b", "\x1b[2J"])
def test_a_folder_with_control_characters_in_its_name_is_left_out(tmp_path, label):
    write_tone(tmp_path / label / "a.wav")
    write_tone(tmp_path / "kick" / "a.wav")
    scanned = scan(tmp_path, "folder")
    assert scanned.labels == ("kick",)
    assert "whose name contains the control character" in str(scanned.failed[0])


@pytest.mark.parametrize("field", ["label", "speaker", "command"])
def test_a_manifest_with_a_bad_name_is_refused_with_its_line(tmp_path, field):
    write_tone(tmp_path / "a.wav")
    lines = [{"audio_filepath": "a.wav", field: name} for name in ("kick", "../../x")]
    (tmp_path / "m.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    with pytest.raises(
        BadFolder, match=rf"line 2: {field.replace('command', 'label')} is '\.\./\.\./x', which is a path; .*rename it"
    ):
        manifest.read(tmp_path / "m.jsonl")


def test_a_book_whose_name_is_a_path_stays_here(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    book = tmp_path / "here" / "...txt"
    book.write_text("Hello there.\n", encoding="utf-8")
    made = speak_book(TextBook(book), Narrator(stand_in_voice(), NarrationSettings()), SpeechFiles(), quiet=True)
    assert made.out == Path("_")
    assert [path.name for path in tmp_path.iterdir()] == ["here"]


def test_messages_are_short_and_printable():
    assert str(WavewrightError("a\x1b[2J b\u202ec\udc80 é")) == "a\\x1b[2J b\\u202ec\\udc80 é"
    assert printable("line\nline") == "line\\nline"
    assert printable("a" * 200 + "b" * 200) == "a" * 100 + " ... " + "b" * 100
