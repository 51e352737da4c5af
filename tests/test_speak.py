"""Texts become files, streams, subtitles and books; stand-ins replace the models."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
from byte_streams import ByteStream

import wavewright
from wavewright.apps.cli import run
from wavewright.audio.clip import Clip
from wavewright.audio.pcm import read_pcm
from wavewright.audio.sound_file import open_sound
from wavewright.base import whole_file
from wavewright.base.errors import BadFolder, BadSetting, BadText, SkippedText
from wavewright.base.parameters import STANDARD_STREAM
from wavewright.outputs.made import Made
from wavewright.speech.chapters import find_chapters, paragraphs
from wavewright.speech.chunk import TimedMark, TimedPhone, TimedWord
from wavewright.speech.narration.speech_file import MAX_CHARACTERS
from wavewright.speech.reading import MAX_PENDING, segment_lines
from wavewright.speech.subtitles import cues, subtitles
from wavewright.tasks.narrate import narrate
from wavewright.tasks.speak import speak
from wavewright.tasks.speak_lines import speak_lines
from wavewright.text import front_end
from wavewright.text.lexicon_file import read_lexicon
from wavewright.text.markup import MarkupReader

BOOK = (
    "A preface of some words.\n\nChapter One\n\nIt was late.\nNobody spoke.\n\nThe rain fell.\n"
    "\n## Chapter II: Home\n\nThey slept.\n"
)


def word(text, start, end, start_character=0, mark=""):
    return TimedWord(
        text,
        text.lower(),
        start,
        end,
        start_character,
        start_character + len(text),
        mark,
        (TimedPhone("AH0", start, end),),
    )


def test_a_text_becomes_a_file_and_a_result(players, tmp_path):
    spoken = wavewright.speak(
        "Hello there.", voice="en-ruth", rate=1.15, out=tmp_path / "hello.flac", subtitles=tmp_path / "hello.json"
    )
    assert [word.spoken for word in spoken.details["words"]] == ["hello", "there"]
    assert players["en"].calls[0].speaker == "ruth"
    assert players["en"].calls[0].rate[1] == 1.15
    written = Clip.read(spoken.out)
    assert written.sample_rate == 24_000
    assert np.abs(written.wave - spoken.clip.wave).max() <= 1 / 32_768
    result = json.loads((tmp_path / "hello.json").read_text(encoding="utf-8"))
    assert [entry["start"] for entry in result["words"]] == [word.start for word in spoken.details["words"]]
    assert result["words"][0]["phones"][0] == {
        "phone": "HH",
        "start": spoken.details["words"][0].start,
        "end": spoken.details["words"][0].phones[0].end,
    }


def test_the_command_prints_words_and_times_and_no_samples(players, tmp_path, capsys):
    assert run(["speak", "Hello there.", "--voice", "en-ruth", "--pitch", "-2", "--style", "sad:0.6", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["out"] == "speech.wav"
    assert [entry["text"] for entry in result["details"]["words"]] == ["Hello", "there"]
    assert "clip" not in result
    assert (tmp_path / "speech.wav").is_file()


def test_a_text_may_come_on_standard_input(players, monkeypatch):
    monkeypatch.setattr(sys, "stdin", ByteStream("Gr\u00fc\u00df Gott, hello.".encode()))
    assert [word.text for word in speak(voice="en-ruth").details["words"]][-1] == "hello"
    monkeypatch.setattr(sys, "stdin", ByteStream(b"hello \xff"))
    with pytest.raises(BadText, match="UTF-8"):
        speak(voice="en-ruth")


def test_a_stream_is_what_a_file_holds(players, monkeypatch, tmp_path):
    text = "Hello there, dear people of the north. Good bye."
    whole = speak(text, voice="en-ruth", out=tmp_path / "whole.wav")
    for text_argument, standard_input in ((text, b""), (None, text.encode())):
        sink = ByteStream()
        monkeypatch.setattr(sys, "stdout", sink)
        monkeypatch.setattr(sys, "stdin", ByteStream(standard_input))
        assert speak(text_argument, voice="en-ruth", out=STANDARD_STREAM) == Made(out=STANDARD_STREAM)
        sink.buffer.seek(0)
        audio = read_pcm(sink.buffer, 8_000)
        assert (audio.sample_rate, audio.n_channels) == (24_000, 1)
        wave = np.concatenate(list(audio.waves), axis=1)
        assert np.array_equal(wave, Clip.read(whole.out).wave)


def streamed(monkeypatch, standard_input):
    """The wave that a text on standard input is streamed as."""
    sink = ByteStream()
    monkeypatch.setattr(sys, "stdout", sink)
    monkeypatch.setattr(sys, "stdin", ByteStream(standard_input.encode()))
    speak(voice="en-ruth", out=STANDARD_STREAM)
    sink.buffer.seek(0)
    return np.concatenate(list(read_pcm(sink.buffer, 8_000).waves), axis=1)


WRAPPED = (
    "When the last visitors\nhad gone, the keeper went to see Mr.\nSmith at 5 p.m. He said\n'Hello.'\nand left. "
    '"Yes?"\nshe asked.\n'
    "...\nNobody knew.\n\n\n* * *\n \nThe end of\nthe tale!\nof Kwame.\nthe rest\n\nwas silent\n"
)


def test_a_stream_of_broken_lines_is_what_a_file_of_them_holds(players, monkeypatch, tmp_path):
    for text in (WRAPPED, WRAPPED.replace("\n", "\r\n"), "\n\n" + WRAPPED):
        whole = speak(text, voice="en-ruth", out=tmp_path / "whole.wav")
        assert np.array_equal(streamed(monkeypatch, text), Clip.read(whole.out).wave)


def test_a_line_is_spoken_when_its_sentence_is_over():
    read = front_end("en").sentences
    lines = ["One.\n", "Two\n", "three!\n", "Dear Mr.\n", "Jones.\n", "Four\n", "\n", "Five"]
    parts = ["One.\n", "Two\nthree!\n", "Dear Mr.\nJones.\n", "Four\n\n", "Five"]
    assert list(segment_lines(lines, "here", read)) == parts
    used = []
    came = segment_lines((used.append(line) or line for line in lines), "here", read)
    next(came)
    assert used == lines[:1]
    long = list(segment_lines(["and so on\n"] * 3_000, "here", read))
    assert max(map(len, long)) <= MAX_PENDING + 10
    assert "".join(long) == "and so on\n" * 3_000


def test_ssml_may_begin_behind_empty_lines(players, monkeypatch):
    text = "\n \n<speak>Hello\n<break time='1s'/> there</speak>\n"
    assert np.abs(streamed(monkeypatch, text) - speak(text, voice="en-ruth").clip.wave).max() <= 0.5 / 32_768 + 1e-9


def test_a_line_of_a_stream_that_cannot_be_read_is_named(players, monkeypatch):
    for wrong, message in (("Hello \u0391\u03bb\u03ad.\n", r"line 3: .*character 7"), ("\udcff\n", r"line 3, byte 0")):
        sink = ByteStream()
        monkeypatch.setattr(sys, "stdout", sink)
        contents = f"One.\nTwo\n{wrong}Three.\n".encode(errors="surrogateescape")
        monkeypatch.setattr(sys, "stdin", ByteStream(contents))
        with pytest.raises(BadText, match=message):
            speak(voice="en-ruth", out=STANDARD_STREAM, strict=True)
        assert len(sink.buffer.getvalue()) > 20_000


def test_a_stream_of_nothing_writes_nothing(players, monkeypatch):
    sink = ByteStream()
    monkeypatch.setattr(sys, "stdout", sink)
    with pytest.raises(BadText):
        speak("...", voice="en-ruth", out=STANDARD_STREAM)
    assert sink.buffer.getvalue() == b""


def test_ssml_is_detected_by_its_start(players):
    spoken = speak('<speak>Hello <mark name="m"/> there</speak>', voice="en-ruth")
    assert spoken.details["marks"] == (TimedMark("m", spoken.details["words"][1].start),)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["Hello", "--out", "-", "--subtitles", "a.srt"], "leave --subtitles out"),
        (["Hello", "--subtitles", "a.txt"], ".srt"),
        (["Hello", "--subtitles", "nowhere/a.srt"], "does not exist"),
        (["Hello", "--subtitles", "folder.srt"], "folder.srt is a folder"),
        (["Hello", "--out", "-", "--json"], "--json is for files, and a stream is none"),
        (["Hello", "--style", "merry"], "calm"),
        (["Hello", "--rate", "9"], "--rate is 9"),
        (["Hello", "--voice", "en-anna"], "en-kathleen"),
        (["Hello", "--out", "a.xyz"], "a.xyz"),
        (["Hello", "--lexicon", "words.txt"], "ZZ"),
        (["Hello", "--lexicon", "nothere.txt"], "There is no lexicon nothere.txt; give a text file"),
        (["x" * (MAX_CHARACTERS + 1)], "narrate it from a file"),
        (["<speak>Hello"], "line 1"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(players, tmp_path, capsys, arguments, message):
    (tmp_path / "words.txt").write_text("hello ZZ\n", encoding="utf-8")
    (tmp_path / "folder.srt").mkdir()
    before = sorted(tmp_path.rglob("*"))
    assert run(["speak", *arguments]) == 2
    assert message in capsys.readouterr().err
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.txt"], "none.txt"),
        (["book.ssml"], "book.ssml is SSML"),
        (["book.txt", "--chapter-mark", ""], "--chapter-mark is "),
        (["book.txt", "--subtitles", "txt"], "--subtitles is txt"),
        (["book.txt", "--ssml"], "--ssml"),
    ],
)
def test_what_is_no_book_is_refused_in_a_sentence(players, tmp_path, capsys, arguments, message):
    (tmp_path / "book.txt").write_text(BOOK, encoding="utf-8")
    (tmp_path / "book.ssml").write_text("\n<speak>Hello.</speak>\n", encoding="utf-8")
    before = sorted(tmp_path.rglob("*"))
    assert run(["narrate", *arguments]) == 2
    assert message in capsys.readouterr().err
    assert sorted(tmp_path.rglob("*")) == before


def test_a_lexicon_goes_before_the_dictionary(players, tmp_path):
    (tmp_path / "words.txt").write_text("hello B AH1\n", encoding="utf-8")
    spoken = speak("Hello.", voice="en-ruth", lexicon=tmp_path / "words.txt")
    assert [phone.phone for phone in spoken.details["words"][0].phones] == ["B", "AH1"]


def test_chapters_start_at_headings(tmp_path):
    path = tmp_path / "book.txt"
    path.write_text(BOOK, encoding="utf-8")
    chapters = find_chapters(path)
    assert [(chapter.stem, chapter.title) for chapter in chapters] == [
        ("01", ""),
        ("02-chapter-one", "Chapter One"),
        ("03-chapter-ii-home", "Chapter II: Home"),
    ]
    assert [(paragraph.first, paragraph.text) for paragraph in paragraphs(path, chapters[1])] == [
        (3, "Chapter One\n\n"),
        (5, "It was late.\nNobody spoke.\n\n"),
        (8, "The rain fell.\n\n"),
    ]
    assert sum(chapter.n_characters for chapter in chapters) == len(BOOK)


HEADINGS = (
    "Chapter 1|CHAPTER I.|chapter twenty-one|Part Two|PART XIV: The Sea|Book 3 - Home|Book One\u2014The Storm|"
    "CHAPTER 1. Loomings.|"
    "CHAPTER I. Down the Rabbit-Hole|CHAPTER 54. The Town-Ho\u2019s Story.|Chapter 3: In which nobody learns to swim|"
    "CHAPTER 105. Does the Whale\u2019s Magnitude Diminish?|Chapter Forty Two|Part 9. A Letter from Home.|Book II.|"
    "# One|Epilogue"
)
SENTENCES = (
    "Book two rooms at the hotel, please.|Part mild cheddar, part blue.|Book I read last week.|Part 2. It was late.|"
    "Book 3:16 says so.|"
    "Part one: mix the flour.|part two of it|Chapter iiii|Part IVX|Part 1.5 of the norm|Chapter 2-3 were lost|"
    "Chapterone|"
    "Part 1: I read it last week.|Chapter tenth|Part civil servant, part poet."
)


def test_sentences_are_not_headings(tmp_path):
    for lines, is_heading in ((HEADINGS, True), (SENTENCES, False)):
        for line in lines.split("|"):
            path = tmp_path / "book.txt"
            path.write_text(f"Before.\n\n{line}\n\nBehind.\n", encoding="utf-8")
            assert (len(find_chapters(path)) == 2) == is_heading, line


@pytest.mark.parametrize(
    "page",
    [
        "<html><body><h1>One</h1><p>Text of it.</p><h2 class='x'>Two</h2><p>More.</p></body></html>",
        "<body>\n<h1>\n  One\n</h1>\n<p>Text of it.</p>\n<div><h2>Two</h2> More.</div>\n",
        "<a id='a'></a><h1 id='b'>One</h1>Text of it.\n\n<p>x</p><H2>Two</H2>\n<p>More.",
        "<h1>One</h1>\n<p>Text of it.\n\n<h2><i>Two</i></h2>\n\nMore.",
    ],
)
def test_headings_of_html_start_chapters_wherever_they_stand(tmp_path, page):
    path = tmp_path / "book.html"
    path.write_text(page, encoding="utf-8")
    chapters = [chapter for chapter in find_chapters(path, None, "html") if chapter.has_heading]
    assert [chapter.title for chapter in chapters] == ["One", "Two"]
    reader = MarkupReader("html")
    texts = [" ".join(reader.read(part.text).text for part in paragraphs(path, one, None, "html")) for one in chapters]
    assert [
        " ".join(text.split()).startswith(start) for text, start in zip(texts, ("One Text", "Two More"), strict=True)
    ]
    assert "Two" not in texts[0]


def test_lines_of_html_have_their_numbers(tmp_path):
    path = tmp_path / "book.html"
    path.write_text("<p>a</p><h1>One</h1>\n<p>b</p>\n\n<p>c</p><h2>\nTwo</h2>\n<p>d</p>\n", encoding="utf-8")
    found = [part for chapter in find_chapters(path, None, "html") for part in paragraphs(path, chapter, None, "html")]
    assert [(part.first, part.lines[0]) for part in found] == [
        *(
            (1, "<p>a</p>"),
            (1, "<h1>One</h1>"),
            (2, "<p>b</p>"),
            (4, "<p>c</p>"),
            (4, "<h2> Two</h2>"),
            (6, "<p>d</p>"),
        ),
    ]


def test_chapters_without_speech_have_no_number(players, tmp_path):
    path = tmp_path / "book.txt"
    path.write_text(
        "# \u4f60\u597d\n\n\u4e16\u754c\n\n# Two\n\nHello.\n\n# ***\n\n---\n\n# Three\n\nBye.\n", encoding="utf-8"
    )
    for is_new in (True, False):
        with pytest.warns(SkippedText):
            spoken = narrate(path, voice="en-ruth")
        assert [(chapter.path.name, chapter.is_new) for chapter in spoken.files] == [
            ("01-two.wav", is_new),
            ("02-three.wav", is_new),
        ]


@pytest.mark.parametrize(
    ("contents", "name"),
    [
        (b"PK\x03\x04" + bytes(26) + b"mimetypeapplication/epub+zip", "an EPUB"),
        (b"PK\x03\x04" + bytes(26) + b"word/document.xml", "a document of Word"),
        (b"PK\x03\x04" + bytes(40), "a zip archive"),
        (b"%PDF-1.7\n%\xe2\xe3", "a PDF"),
        (b"{\\rtf1\\ansi Hello}", "RTF"),
        (b'<?xml version="1.0"?><FictionBook xmlns:l="x"><body/></FictionBook>', "a FictionBook"),
        (bytes(60) + b"BOOKMOBI", "a Kindle book"),
        ("Hello".encode("utf-16"), "UTF-16"),
    ],
)
def test_books_in_other_formats_are_named(tmp_path, contents, name):
    path = tmp_path / "book.epub"
    path.write_bytes(contents)
    with pytest.raises(BadText, match=f"is {name}, and a book is plain text"):
        find_chapters(path)


def test_phones_of_a_lexicon_may_be_ipa(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text(
        "Kyiv K IY1 V\ntomato /t\u0259\u02c8m\u0251\u02d0to\u028a/\nchurch \u02c8t\u0283\u025dt\u0283 # both\n",
        encoding="utf-8",
    )
    words = read_lexicon(path).words
    assert words["tomato"] == ("T", "AH0", "M", "AA1", "T", "OW0")
    assert words["church"] == ("CH", "ER1", "CH")
    path.write_text("x /\u0416/\n", encoding="utf-8")
    with pytest.raises(BadText, match="line 1: 'x' has the sign"):
        read_lexicon(path)


def test_chapters_start_at_a_marker(tmp_path):
    path = tmp_path / "book.txt"
    path.write_text("%% One\nChapter 1\n\nA\n%%\nB\n", encoding="utf-8")
    chapters = find_chapters(path, "%%")
    assert [chapter.stem for chapter in chapters] == ["01-one", "02"]
    result = [
        [(paragraph.first, *paragraph.lines) for paragraph in paragraphs(path, chapter, "%%")] for chapter in chapters
    ]
    assert result == [[(1, "One"), (2, "Chapter 1"), (4, "A")], [(6, "B")]]  # a marker alone is no paragraph


def test_a_book_is_a_file_a_chapter_and_is_gone_on_with(players, tmp_path):
    path = tmp_path / "book.txt"
    path.write_text(BOOK, encoding="utf-8")
    book = narrate(path, voice="en-ruth", subtitles="srt")
    assert [chapter.path.name for chapter in book.files] == ["01.wav", "02-chapter-one.wav", "03-chapter-ii-home.wav"]
    assert all(chapter.is_new for chapter in book.files)
    times = {file: file.stat().st_mtime_ns for file in (tmp_path / "book").iterdir()}
    assert len(times) == 6
    (tmp_path / "book" / "02-chapter-one.wav").unlink()
    again = narrate(path, voice="en-ruth", subtitles="srt")
    assert [chapter.is_new for chapter in again.files] == [False, True, False]
    assert [chapter.seconds for chapter in again.files] == [chapter.seconds for chapter in book.files]
    assert times[tmp_path / "book" / "01.wav"] == (tmp_path / "book" / "01.wav").stat().st_mtime_ns
    path.write_text(BOOK.replace("slept", "dreamt"), encoding="utf-8")
    assert [chapter.is_new for chapter in narrate(path, voice="en-ruth").files] == [False, False, True]
    assert [chapter.is_new for chapter in narrate(path, voice="en-ruth", rate=2).files] == [True, True, True]
    assert json.loads(open_sound(tmp_path / "book" / "01.wav").tags["comment"])["rate"] == 2


def test_a_book_that_is_all_there_leaves_nothing_of_a_killed_call(players, tmp_path, monkeypatch):
    path = tmp_path / "book.txt"
    path.write_text(BOOK, encoding="utf-8")
    narrate(path, voice="en-ruth")
    (tmp_path / "book" / ".wavewright-1-0123abcd.lock").write_text(
        "1"
    )  # killed after the last chapter had moved to its path
    monkeypatch.setattr(whole_file, "_swept", set())  # as in a new process
    assert not any(chapter.is_new for chapter in narrate(path, voice="en-ruth").files)
    assert sorted(file.suffix for file in (tmp_path / "book").iterdir()) == [".wav"] * 3


def test_a_line_that_cannot_be_read_is_named_before_anything_is_spoken(players, tmp_path, capsys):
    path = tmp_path / "book.txt"
    path.write_text(
        BOOK.replace("They slept.", "They\nslept near \u0391\u03bb\u03ad\u03be\u03b7\u03c2."), encoding="utf-8"
    )
    assert run(["narrate", str(path), "--voice", "en-ruth", "--strict"]) == 2
    message = capsys.readouterr().err
    assert "book.txt, line 13 (Chapter II: Home): " in message
    assert "at character 12 (Greek" in message
    assert not (tmp_path / "book").exists()
    assert players["en"].calls == []


def test_an_interrupted_book_keeps_what_is_whole(players, tmp_path, monkeypatch):
    path = tmp_path / "book.txt"
    path.write_text(BOOK, encoding="utf-8")
    speak_symbols = type(players["en"]).speak_symbols

    def interrupted(self, symbols, *args, **kwargs):
        if len(self.calls) == 2:
            raise KeyboardInterrupt
        return speak_symbols(self, symbols, *args, **kwargs)

    monkeypatch.setattr(type(players["en"]), "speak_symbols", interrupted)
    assert run(["narrate", str(path), "--voice", "en-ruth", "--quiet"]) == 130
    assert [file.name for file in (tmp_path / "book").iterdir()] == ["01.wav"]
    monkeypatch.setattr(type(players["en"]), "speak_symbols", speak_symbols)
    assert [chapter.is_new for chapter in narrate(path, voice="en-ruth").files] == [False, True, True]


def test_a_file_of_another_kind_is_never_replaced(players, tmp_path):
    path = tmp_path / "book.txt"
    path.write_text(BOOK, encoding="utf-8")
    (tmp_path / "book").mkdir()
    Clip(np.zeros((1, 100), np.float32), 8_000).write(tmp_path / "book" / "01.wav")
    with pytest.raises(BadFolder, match="is not a chapter of"):
        narrate(path, voice="en-ruth")
    assert Clip.read(tmp_path / "book" / "01.wav").sample_rate == 8_000


def test_a_book_of_the_same_name_is_another_one(players, tmp_path):
    for folder, contents in (("a", BOOK), ("b", BOOK.replace("preface", "word")), ("c", BOOK)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "book.txt").write_text(contents, encoding="utf-8")
    out = tmp_path / "same"
    narrate(tmp_path / "a" / "book.txt", voice="en-ruth", out=out)
    before = {file.name: file.read_bytes() for file in out.iterdir()}
    with pytest.raises(BadFolder, match=r"01\.wav exists and is of another book\.txt"):
        narrate(tmp_path / "b" / "book.txt", voice="en-ruth", out=out)
    assert {file.name: file.read_bytes() for file in out.iterdir()} == before
    moved = narrate(tmp_path / "c" / "book.txt", voice="en-ruth", out=out)
    assert [chapter.is_new for chapter in moved.files] == [False, False, False]


def test_files_of_chapters_that_are_gone_are_named(players, tmp_path):
    path = tmp_path / "book.txt"
    path.write_text(BOOK, encoding="utf-8")
    assert narrate(path, voice="en-ruth").details["leftover"] == ()
    Clip(np.zeros((1, 100), np.float32), 8_000).write(tmp_path / "book" / "99-mine.wav")
    path.write_text(BOOK.replace("Chapter One", "Part One"), encoding="utf-8")
    spoken = narrate(path, voice="en-ruth")
    assert [chapter.is_new for chapter in spoken.files] == [False, True, False]
    assert spoken.details["leftover"] == ("02-chapter-one.wav",)
    assert str(spoken).endswith("that the text no longer has: 02-chapter-one.wav")


def test_a_book_that_is_no_text_is_refused(players, tmp_path):
    for contents in (b"\xff\xfe\x00a", b"", b" \n* * *\n"):
        (tmp_path / "book.txt").write_bytes(contents)
        with pytest.raises(BadText, match=r"book\.txt"):
            narrate(tmp_path / "book.txt", voice="en-ruth")
    with pytest.raises(BadText, match="folder"):
        narrate(tmp_path, voice="en-ruth")


WORDS = [
    word("Good", 0.1, 0.4),
    word("morning", 0.4, 0.9, 5, ","),
    word("everyone", 1.0, 1.5, 14, "."),
    word("How", 2.0, 2.2, 24),
    word("so", 2.2, 2.3, 28),
    word("R&D", 3661.5, 3661.9999, 28, "?"),
]


def test_subtitles_end_with_sentences_and_long_silences():
    assert [(cue.start, cue.end, cue.lines) for cue in cues(WORDS)] == [
        (0.1, 1.5, ("Good morning, everyone.",)),
        (2.0, 2.3, ("How so",)),
        (3661.5, 3661.9999, ("R&D?",)),
    ]


def test_srt_and_vtt_are_written_as_players_read_them():
    assert subtitles(WORDS[:5], [], "srt") == (
        "1\n00:00:00,100 --> 00:00:01,500\nGood morning, everyone.\n\n2\n00:00:02,000 --> 00:00:02,300\nHow so\n"
    )
    assert subtitles(WORDS[5:], [], "vtt") == "WEBVTT\n\n01:01:01.500 --> 01:01:02.000\nR&amp;D?\n"


def test_lines_of_subtitles_are_short_and_hold_every_word_once():
    many = [word(f"word{number}", 0.3 * number, 0.3 * number + 0.2, 10 * number) for number in range(100)]
    result = cues(many)
    assert max(len(line) for cue in result for line in cue.lines) <= 42
    assert max(len(cue.lines) for cue in result) == 2
    assert " ".join(line for cue in result for line in cue.lines).split() == [entry.text for entry in many]


def test_what_is_spoken_as_several_words_is_written_once():
    spoken = [word("1984", 0.0, 0.2), word("1984", 0.2, 0.4), word("1984", 0.4, 0.6, 0, ".")]
    assert [(cue.end, cue.lines) for cue in cues(spoken)] == [(0.6, ("1984.",))]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("He left.[1] Then she came.", ["He left.[1]", "Then she came."]),
        ("It was agreed.[2][3] Later it failed.", ["It was agreed.[2][3]", "Later it failed."]),
        ("The plan failed.³ So it goes on.", ["The plan failed.³", "So it goes on."]),
        ("So it was 【4†source】. Then they (all) left.", ["So it was 【4†source】.", "Then they (all) left."]),
        ("Call array[0] and f(x).", ["Call array[0] and f(x)."]),
        ("Notes\n\n1. A note.\n2. Another note.", ["Notes", "1. A note.", "2. Another note."]),
        ("Prologue\n\nHe left.", ["Prologue", "He left."]),
        ("IV\n\nThen it rained.", ["IV", "Then it rained."]),
        ("CHAPTER I.\n\nHe left.", ["CHAPTER I.", "He left."]),
        (
            "It cost them one or two or perhaps 1 250 000 dollars.",
            ["It cost them one or two or perhaps / 1 250 000 dollars."],
        ),
        (
            "They were gone. 3. Of the many items in this long list none is as short as it could be.",
            None,
        ),
    ],
)
def test_subtitles_show_what_is_written_and_keep_marks_numbers_and_headings_apart(players, tmp_path, text, shown):
    path = tmp_path / "a.srt"
    speak(text, out=tmp_path / "a.wav", subtitles=path)
    blocks = path.read_text(encoding="utf-8").strip().split("\n\n")
    lines = [" / ".join(block.split("\n")[2:]) for block in blocks]
    if shown is not None:
        assert lines == shown
    assert " ".join(lines).replace(" / ", " ").split() == text.split()


def test_a_heading_of_one_word_is_a_subtitle_of_its_own_in_a_book(players, tmp_path):
    for title in ("One", "01", "Prologue"):
        path = tmp_path / f"{title}.txt"
        path.write_text(f"# {title}\n\nHe left.\n\nShe came back at night.\n", encoding="utf-8")
        book = narrate(path, subtitles="srt")
        (file,) = sorted(book.out.glob("*.srt"))
        cues_shown = [block.split("\n")[2:] for block in file.read_text(encoding="utf-8").strip().split("\n\n")]
        assert cues_shown == [[title], ["He left."], ["She came back at night."]]


def test_clipped_samples_are_counted_and_reported(players, tmp_path, capsys, monkeypatch):
    plain, loud = (
        speak("Hello there.", voice="en-ruth", volume_db=level, out=tmp_path / f"{level}.wav", watermark=False)
        for level in (0, 24)
    )
    expected = (np.abs(plain.clip.wave * 10 ** (24 / 20)) > 1).mean()
    assert 0.1 < expected < 0.9
    assert plain.details["clipped_fraction"] == 0
    assert loud.details["clipped_fraction"] == pytest.approx(expected, abs=1e-4)
    assert np.abs(loud.clip.wave).max() == 1
    message = f"{100 * expected:.2g} % of the samples exceeded full scale"
    assert message in str(loud)
    assert "full scale" not in str(plain)
    (tmp_path / "book.txt").write_text("Hello there.\n", encoding="utf-8")
    assert message in str(narrate(tmp_path / "book.txt", voice="en-ruth", volume_db=24))
    capsys.readouterr()
    monkeypatch.setattr(sys, "stdout", ByteStream())
    speak("Hello there.", voice="en-ruth", volume_db=24, out=STANDARD_STREAM)
    assert capsys.readouterr().err.startswith(message)


def test_a_vocoder_can_be_chosen(players, tmp_path):
    with pytest.raises(BadSetting, match="seed is -1"):
        speak("Hello.", voice="en-ruth", seed=-1)
    spoken = speak("Hello.", voice="en-ruth", vocoder=str(tmp_path / "models" / "vocoder"))
    assert spoken.by.endswith(" through stand-in")


def test_a_title_at_the_end_of_a_line_waits_for_its_name():
    assert list(segment_lines(["Ask.\n", "Dr.\n", "Smith.\n"], "here", front_end("en").sentences)) == [
        "Ask.\n",
        "Dr.\nSmith.\n",
    ]


def test_lengths_of_pauses_are_options_of_every_way_to_speak(players, tmp_path):
    def seconds(text="One. Two.\n\nThree, four.", **settings):
        return speak(text, voice="en-ruth", out=tmp_path / "x.wav", **settings).seconds

    usual = seconds()
    assert seconds(sentence_pause=1.36) == pytest.approx(usual + 3, abs=0.01)
    assert seconds(paragraph_pause=1.4) == pytest.approx(usual + 1, abs=0.01)
    assert seconds(clause_pause=0.48) > usual + 0.3
    lines = tmp_path / "lines.csv"
    lines.write_text("text,name,sentence_pause\nOne. Two.,a,1.36\nOne. Two.,b,\n", encoding="utf-8")
    speak_lines(lines, out=tmp_path / "lines", voice="en-ruth")
    first, second = (Clip.read(tmp_path / "lines" / f"{name}.wav").seconds for name in "ab")
    assert first == pytest.approx(second + 2, abs=0.01)
    with pytest.raises(BadSetting, match="sentence"):
        seconds(sentence_pause=11)


def test_lists_of_a_book_are_read_as_lists(players, tmp_path):
    (tmp_path / "list.txt").write_text("Before.\n\n1. Wash it\n2. Dry it\n", encoding="utf-8")
    (tmp_path / "stops.txt").write_text("Before.\n\n1. Wash it. 2. Dry it.\n", encoding="utf-8")
    seconds = [narrate(tmp_path / name, voice="en-ruth").files[0].seconds for name in ("list.txt", "stops.txt")]
    assert seconds[0] == seconds[1]


def test_the_sound_of_a_long_text_is_not_held(tmp_path):
    """Two hours of pauses took 8 bytes a sample: the chunks, and the clip that was joined from them."""
    import tracemalloc

    wavewright.speak("One.", out=tmp_path / "a.wav")
    tracemalloc.start()
    spoken = wavewright.speak("<speak>One." + '<break time="10s"/>' * 60 + "Two.</speak>", out=tmp_path / "a.wav")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert spoken.seconds > 600
    assert peak < spoken.seconds * spoken.sample_rate * 2
    assert spoken.clip.wave.shape[1] == round(spoken.seconds * spoken.sample_rate)
