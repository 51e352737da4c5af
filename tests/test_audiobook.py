"""Audio books: chapters joined in one M4B or MP3 file with chapters, cover and tags, and again only if needed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from epub_files import PNG, navigation, page, write_epub

from wavewright.apps.cli import run
from wavewright.audio.clip import Clip
from wavewright.audio.sound_file import open_sound
from wavewright.base.errors import BadFolder, BadSetting, MissingExtra, SoundWarning
from wavewright.speech.narration import audiobook as audiobooks
from wavewright.speech.narration.audiobook import PAUSE_SECONDS
from wavewright.tasks.narrate import narrate

ONE, TWO = page("<h1>One</h1><p>First words, and more of them.</p>"), page("<h1>Two</h1><p>Last words.</p>")
CONTENTS = navigation('<li><a href="one.xhtml">The First</a></li><li><a href="two.xhtml">Zwei: schön</a></li>')
METADATA = (
    "<dc:title>A Book</dc:title><dc:creator>Ann Author</dc:creator><dc:language>en</dc:language>"
    "<dc:date>1999-01-02</dc:date>"
)


HTML = """<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE html><html lang="en-GB"><head><title>A
  Book &amp; more</title><meta charset="utf-8"/><meta name='author' content="Ann O'Author"/>
<meta name="date" content="1999-01-02"/></head>
<body><nav><a href="/">Home</a></nav><h1>One</h1><p>First.</p><h1>Two</h1><p>Last.</p></body></html>
"""
YAML = """---
title: "A Book & more"
Author: Ann O'Author
date: 1999-01-02
lang: en-GB
---
"""
TOML = """+++
title = 'A Book & more'
author = "Ann O'Author"
date = 1999-01-02
language = "en-GB"
+++
"""
HEADINGS = "# One\nFirst.\n\nTwo\n===\n\n```\n\nThree\n---\n```\n\n- Four\n---\nLast.\n"


def epub(path, two=TWO, cover=PNG, metadata=METADATA):
    return write_epub(
        path,
        {"one.xhtml": ONE, "two.xhtml": two},
        metadata=metadata,
        contents=CONTENTS,
        manifest='<item id="c" href="c.png" media-type="image/png" properties="cover-image"/>',
        other={"OEBPS/c.png": cover},
    )


@pytest.mark.parametrize(
    ("name", "text"), [("b.xhtml", HTML), ("b.HTM", HTML), ("b.md", YAML + HEADINGS), ("b.markdown", TOML + HEADINGS)]
)
def test_a_text_with_markup_is_known_by_its_name_and_has_its_own_tags(players, tmp_path, name, text):
    (tmp_path / name).write_text(text, encoding="utf-8")
    book = narrate(tmp_path / name, voice="en-ruth", audiobook=tmp_path / "b.mp3", quiet=True)
    assert [each.path.stem for each in book.files[:-1]] == ["01-one", "02-two"]
    origin = json.loads(open_sound(book.files[0].path).tags["comment"])
    assert origin["language"] == "en-GB"
    tags = open_sound(tmp_path / "b.mp3").metadata.tags
    assert [tags[tag] for tag in ("title", "artist", "date")] == ["A Book & more", "Ann O'Author", "1999-01-02"]


def test_plain_text_has_no_tags_and_its_signs_are_read(players, tmp_path):
    (tmp_path / "b.txt").write_text(YAML + HEADINGS, encoding="utf-8")
    narrate(tmp_path / "b.txt", voice="en-ruth", audiobook=tmp_path / "b.mp3", quiet=True)
    tags = open_sound(tmp_path / "b.mp3").metadata.tags
    assert tags["title"] == "b"
    assert "artist" not in tags


def test_a_text_in_another_language_than_the_voice_is_refused(players, tmp_path):
    (tmp_path / "b.html").write_text(HTML.replace("en-GB", "fi"), encoding="utf-8")
    with pytest.raises(BadSetting, match="is in 'fi', and en-ruth speaks 'en'"):
        narrate(tmp_path / "b.html", voice="en-ruth", out=tmp_path / "out", quiet=True)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["b.mp3", "b.m4b", "b.m4a"])
def test_an_audio_book_has_chapters_cover_and_tags(players, tmp_path, name):
    pytest.importorskip("av")
    others = "<dc:publisher>Small Press</dc:publisher><dc:rights>free</dc:rights><dc:subject>a</dc:subject>"
    others += (
        "<dc:subject>b</dc:subject><dc:description>&lt;p>A &lt;b>tale&lt;/b>.&lt;/p>&lt;p>New.&lt;/p></dc:description>"
    )
    others += '<dc:contributor id="t">Tom Translator</dc:contributor><meta refines="#t" property="role">trl</meta>'
    others += '<meta name="calibre:series" content="Tales"/><meta name="calibre:series_index" content="2.0"/>'
    path = epub(tmp_path / "b.epub", metadata=METADATA + others)
    book = narrate(path, voice="en-ruth", audiobook=tmp_path / name, quiet=True)
    first, second = (chapter.seconds for chapter in book.files[:-1])
    assert book.files[-1].is_new
    assert book.files[-1].notes == ("2 chapters",)
    assert book.files[-1].seconds == pytest.approx(first + PAUSE_SECONDS + second)
    found = open_sound(tmp_path / name).metadata
    expected = {
        "title": "A Book",
        "album": "A Book",
        "artist": "Ann Author",
        "date": "1999-01-02",
        "genre": "Audiobook",
    }
    expected |= {"organization": "Small Press", "copyright": "free", "subject": "a; b", "description": "A tale. New."}
    expected |= {"involvedpeople": "Tom Translator (translator)", "grouping": "Tales #2", "language": "en"}
    assert {tag: found.tags[tag] for tag in expected} == expected
    assert json.loads(found.tags["comment"])["audiobook"] == "b.epub"
    assert found.pictures[0].content == PNG
    marks = [(marker.label, marker.start, marker.end) for marker in found.markers]
    assert [label for label, _, _ in marks] == ["The First", "Zwei: schön"]
    times = [0, first + PAUSE_SECONDS, first + PAUSE_SECONDS, first + PAUSE_SECONDS + second]
    assert [time for mark in marks for time in mark[1:]] == pytest.approx(times, abs=2e-3)
    joined = Clip.read(tmp_path / name)
    assert joined.seconds == pytest.approx(book.files[-1].seconds, abs=0.12)  # the codec's padding
    pause = joined.wave[:, int((first + 0.2) * joined.sample_rate) : int((first + 0.8) * joined.sample_rate)]
    assert np.abs(pause).max() < 1e-3


@pytest.mark.skipif(shutil.which("ffprobe") is None, reason="ffprobe is not installed")
@pytest.mark.parametrize("name", ["b.mp3", "b.m4b"])
def test_another_program_reads_an_audio_book(players, tmp_path, name):
    pytest.importorskip("av")
    narrate(epub(tmp_path / "b.epub"), voice="en-ruth", audiobook=tmp_path / name, quiet=True)
    command = ["ffprobe", "-v", "error", "-show_chapters", "-show_format", "-show_streams", "-of", "json", name]
    found = json.loads(subprocess.run(command, cwd=tmp_path, check=True, capture_output=True).stdout)
    assert [chapter["tags"]["title"] for chapter in found["chapters"]] == ["The First", "Zwei: schön"]
    assert found["chapters"][0]["end_time"] == found["chapters"][1]["start_time"]
    tags = {tag.lower(): text for tag, text in found["format"]["tags"].items()}
    assert (tags["title"], tags["artist"], tags["date"], tags["genre"]) == (
        "A Book",
        "Ann Author",
        "1999-01-02",
        "Audiobook",
    )
    assert any(stream["disposition"]["attached_pic"] for stream in found["streams"])
    if name == "b.m4b":
        assert (tags["major_brand"], tags["media_type"]) == ("M4B ", "2")


def test_an_audio_book_is_joined_again_only_if_something_changed(players, tmp_path):
    path, out = epub(tmp_path / "b.epub"), tmp_path / "b.mp3"
    options = {"voice": "en-ruth", "audiobook": out, "quiet": True}
    narrate(path, **options)
    before = out.read_bytes()
    kept = narrate(path, **options)
    assert not kept.files[-1].is_new
    assert "b.mp3: " in str(kept)
    assert out.read_bytes() == before
    retitled = narrate(path, **options, title="Other")
    assert [chapter.is_new for chapter in retitled.files] == [False, False, True]
    assert retitled.files[-1].is_new
    assert open_sound(out).tags["title"] == "Other"
    epub(path, two=TWO.replace("Last", "Final"))
    changed = narrate(path, **options)
    assert [chapter.is_new for chapter in changed.files] == [False, True, True]
    assert changed.files[-1].is_new


def test_a_killed_call_is_gone_on_with_from_its_chapters(players, tmp_path, monkeypatch):
    path, out = epub(tmp_path / "b.epub"), tmp_path / "b.mp3"
    write = audiobooks.write_blocks

    def interrupted(target, blocks, *arguments):
        def some():
            yield next(blocks)
            raise KeyboardInterrupt

        return write(target, some(), *arguments)

    monkeypatch.setattr(audiobooks, "write_blocks", interrupted)
    assert run(["narrate", str(path), "--voice", "en-ruth", "--quiet", "--audiobook", str(out)]) == 130
    assert not out.exists()
    assert sorted(file.name for file in (tmp_path / "b").iterdir()) == ["01-the-first.wav", "02-zwei-schön.wav"]
    monkeypatch.setattr(audiobooks, "write_blocks", write)
    book = narrate(path, voice="en-ruth", audiobook=out, quiet=True)
    assert [chapter.is_new for chapter in book.files] == [False, False, True]
    assert out.exists()


def test_chapters_of_other_formats_are_joined_at_their_exact_times(players, tmp_path):
    path = epub(tmp_path / "b.epub")
    for format in ("opus", "mp3"):
        out = tmp_path / f"of-{format}.mp3"
        narrate(path, voice="en-ruth", format=format, out=tmp_path / format, audiobook=out, quiet=True)
        first = Clip.read(tmp_path / format / f"01-the-first.{format}")
        assert open_sound(out).metadata.markers[1].start == pytest.approx(first.seconds + PAUSE_SECONDS, abs=1e-3)


def test_a_text_becomes_an_audio_book(players, tmp_path):
    (tmp_path / "tale.txt").write_text("Chapter 1\n\nOne.\n\nChapter 2\n\nTwo.\n", encoding="utf-8")
    (tmp_path / "c.png").write_bytes(PNG)
    out = tmp_path / "tale.mp3"
    narrate(tmp_path / "tale.txt", voice="en-ruth", audiobook=out, author="Me", cover=tmp_path / "c.png", quiet=True)
    found = open_sound(out).metadata
    assert (found.tags["title"], found.tags["artist"], found.pictures[0].mime) == ("tale", "Me", "image/png")
    assert [marker.label for marker in found.markers] == ["Chapter 1", "Chapter 2"]


def test_errors_come_before_any_speech(players, tmp_path, monkeypatch):
    path = epub(tmp_path / "b.epub")
    Clip(np.zeros((1, 1_000), np.float32), 24_000).write(tmp_path / "mine.mp3")
    (tmp_path / "no.png").write_text("GIF89a", encoding="utf-8")
    refusals = [
        ({"audiobook": tmp_path / "b.aax"}, BadSetting, r"ends with '\.aax'; it can be \.m4b, \.m4a, \.mp3"),
        ({"audiobook": tmp_path / "mine.mp3"}, BadFolder, r"mine\.mp3 exists and is not an audio book of this b\.epub"),
        ({"audiobook": tmp_path / "none" / "b.mp3"}, BadFolder, "does not exist"),
        ({"audiobook": tmp_path / "b.mp3", "cover": tmp_path / "no.png"}, BadSetting, "neither JPEG nor PNG"),
        ({"audiobook": tmp_path / "b.mp3", "cover": tmp_path / "none.png"}, BadSetting, "cannot be read"),
        ({"author": "Ann"}, BadSetting, "author belongs to audiobook; give both"),
    ]
    for options, error, message in refusals:
        with pytest.raises(error, match=message):
            narrate(path, voice="en-ruth", quiet=True, **options)
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingExtra, match=r"b\.m4b is written by PyAV"):
        narrate(path, voice="en-ruth", quiet=True, audiobook=tmp_path / "b.m4b")
    assert not (tmp_path / "b").exists()
    assert players["en"].calls == []


def test_a_cover_of_another_kind_is_left_out(players, tmp_path):
    path = epub(tmp_path / "b.epub", cover=b"RIFF....WEBP")
    with pytest.warns(SoundWarning, match="is neither JPEG nor PNG and was left out"):
        narrate(path, voice="en-ruth", audiobook=tmp_path / "b.mp3", quiet=True)
    assert open_sound(tmp_path / "b.mp3").metadata.pictures == ()
