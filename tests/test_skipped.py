"""Texts with unreadable words: transliteration, skipped words in the report, and strict reading."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
from byte_streams import ByteStream
from hypothesis import given, settings, strategies as st
from tiny_speech import stand_in_voice

from wavewright import phonemes
from wavewright.apps.cli import run
from wavewright.audio.pcm import read_pcm
from wavewright.base.errors import BadText, NothingToSpeak, SkippedText
from wavewright.base.parameters import STANDARD_STREAM
from wavewright.tasks.narrate import narrate
from wavewright.tasks.speak import speak
from wavewright.text import front_end
from wavewright.text.english.phones import PHONES
from wavewright.text.espeak import EspeakFrontEnd
from wavewright.text.lexicon import Lexicon

ENGLISH = front_end()
HEBREW = "\u05e9\u05dc\u05d5\u05dd"


def read(text):
    """The words that are spoken of a text, and the skipped passages."""
    skipped = []
    return " ".join(str(sentence) for sentence in ENGLISH.sentences(text, on_skip=skipped.append)), skipped


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("I said Привет to him.", "i said privet to him."),
        ("Он сказал: «Здравствуйте!»", "on skazal; zdravstvuyte!"),
        ("Αθήνα, Ευχαριστώ", "athina, efharisto."),
        ("カラオケ, ありがとう, キャッチ, ファイル", "karaoke, arigatou, kyatchi, fairu."),
        ("안녕 friend", "annyeong friend."),
        ("საქართველო and Հայաստան", "sakartvelo and hayastan."),
        ("the letter Ж, the letter א", "the letter zhe, the letter alef."),
        ("α and Ω, ΔT, λx, αβ, ΦΒΚ", "alpha and omega, delta t, lambda x, alpha beta, phi beta kappa."),
    ],
)
def test_names_of_letters_and_words_of_some_scripts_are_read(text, spoken):
    assert read(text) == (spoken, [])


@pytest.mark.parametrize("word", [HEBREW, "東京", "नमस्ते", "مرحبا", "ภาษาไทย", "今日は", "ɪʃəɹ", "ⵣⵉⵏ"])
def test_other_words_are_skipped_and_the_text_goes_on(word):
    text = f"Before it, {word}. After \u200bit {word} {word} too."
    spoken, skipped = read(text)
    assert spoken == "before it. after it too."
    assert [text[passage.start : passage.end] for passage in skipped] == [passage.text for passage in skipped]
    assert skipped[0].text == word
    assert "".join(passage.text for passage in skipped[1:]).replace(" ", "") == word * 2
    with pytest.raises(BadText, match="script"):
        ENGLISH.sentences(text)


def test_phones_that_are_none_are_read_as_words():
    spoken, skipped = read("See [[Main Page]] or [[HH AH0 L OW1]].")
    assert spoken == "see, main page, or hh ah0 l ow1."
    assert [(passage.text, passage.reason) for passage in skipped] == [("[[Main Page]]", "no phones, read as words")]


def test_another_front_end_skips_as_well():
    class Backend:
        def phonemize(self, words, strip):
            return [word.lower() for word in words]

    skipped = []
    (sentence,) = EspeakFrontEnd("de", Backend()).sentences("ja [[€]] ja", None, skipped.append)
    assert [word.text for word in sentence.words] == ["ja", "ja"]
    assert [(passage.text, passage.start) for passage in skipped] == [("[[€]]", 3)]


def test_nothing_but_skipped_words_is_nothing_to_speak():
    with pytest.raises(NothingToSpeak):
        read(f"{HEBREW}.")


@settings(derandomize=True, max_examples=300)
@given(st.text(max_size=80))
def test_any_text_behind_a_word_is_read(text):
    whole_text = f"word {text}"
    skipped = []
    sentences = ENGLISH.sentences(whole_text, on_skip=skipped.append)
    words = [word for sentence in sentences for word in sentence.words]
    assert words[0].spoken == "word"
    assert all({*word.phones} <= {*PHONES} and word.phones for word in words)
    starts = [word.start for word in words]
    assert starts == sorted(starts)
    assert all(0 <= span.start < span.end <= len(whole_text) for span in (*words, *skipped))
    assert all(passage.text == whole_text[passage.start : passage.end] for passage in skipped)


@settings(derandomize=True, max_examples=100)
@given(st.text(max_size=80))
def test_any_text_is_read_or_there_is_nothing_to_speak_in_it(text):
    try:
        assert ENGLISH.sentences(text, on_skip=lambda passage: None)
    except NothingToSpeak:
        assert not any("a" <= letter.lower() <= "z" or letter in "0123456789" for letter in text)


def test_a_voice_warns_once_and_names_what_it_skipped():
    voice = stand_in_voice()
    with pytest.warns(SkippedText) as caught:
        speech = voice.speak(f"One {HEBREW} two. \u4f60\u597d. Three.")
    assert len(caught) == 1
    assert str(caught[0].message) == (
        f"Skipped {HEBREW!r} at character 5 (Hebrew script), '\u4f60\u597d' at character 15 (Cjk script); "
        "a strict reading refuses the text instead."
    )
    assert [word.text for word in speech.words] == ["One", "two", "Three"]
    assert [passage.start for passage in speech.skipped] == [4, 14]
    with pytest.raises(BadText, match="Hebrew script"):
        voice.speak(f"One {HEBREW} two.", strict=True)


def test_positions_of_skipped_passages_count_from_the_first_chunk():
    voice, skipped = stand_in_voice(), []
    parts = ["One.\n", f"{HEBREW}.\n", f"Two {HEBREW}.\n"]
    words = [word for chunk in voice.stream(parts, on_skip=skipped.append) for word in chunk.words]
    assert [(word.text, word.from_character) for word in words] == [("One", 0), ("Two", 11)]
    assert [passage.start for passage in skipped] == [5, 15]
    with pytest.raises(NothingToSpeak):
        list(voice.stream([f"{HEBREW}.\n"], on_skip=skipped.append))


def test_a_stream_goes_on_behind_what_it_skips(players, monkeypatch, capsys):
    sink = ByteStream()
    monkeypatch.setattr(sys, "stdout", sink)
    monkeypatch.setattr(sys, "stdin", ByteStream(f"One.\n{HEBREW}.\nTwo {HEBREW}.\n".encode()))
    assert run(["speak", "--voice", "en-kathleen", "--out", "-"]) == 0
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith(f"wavewright: Skipped {HEBREW!r} at character 6 (Hebrew script)")
    sink.buffer.seek(0)
    wave = np.concatenate(list(read_pcm(sink.buffer, 8_000).waves), axis=1)
    with pytest.warns(SkippedText):
        whole = speak(f"One.\n{HEBREW}.\nTwo {HEBREW}.\n", voice="en-kathleen").clip
    assert np.abs(wave - whole.wave).max() <= 0.5 / 32_768 + 1e-9


def test_a_stream_of_nothing_that_can_be_read_writes_nothing(players, monkeypatch):
    sink = ByteStream()
    monkeypatch.setattr(sys, "stdout", sink)
    monkeypatch.setattr(sys, "stdin", ByteStream(f"{HEBREW}.\n".encode()))
    with pytest.warns(SkippedText), pytest.raises(NothingToSpeak):
        speak(voice="en-kathleen", out=STANDARD_STREAM)
    assert sink.buffer.getvalue() == b""


def test_commands_say_what_they_skipped_and_strictness_refuses(players, capsys):
    for command in (["speak", "--voice", "en-kathleen"], ["phonemes"]):
        assert run([*command, f"One {HEBREW} two.", "--json"]) == 0
        shown = capsys.readouterr()
        assert json.loads(shown.out)["details"]["skipped"] == [
            {"text": HEBREW, "start": 4, "end": 8, "reason": "Hebrew script"}
        ]
        assert shown.err.startswith("wavewright: Skipped")
        assert run([*command, f"One {HEBREW} two.", "--strict"]) == 2
        assert f"has {HEBREW!r} at character 5 (Hebrew script)" in capsys.readouterr().err
    with pytest.warns(SkippedText, match="Skipped"):
        assert str(phonemes(f"two {HEBREW}")) == "two.  T UW1"


def test_a_book_names_the_lines_of_what_it_skips(players, tmp_path):
    path = tmp_path / "book.txt"
    path.write_text(f"Chapter 1\n\nOne\nand {HEBREW} too.\n\n{HEBREW}.\n\nChapter 2\n\nThree.\n", encoding="utf-8")
    with pytest.warns(SkippedText, match=r"book.txt: skipped .* in line 4 \(Hebrew script\), .* in line 6"):
        book = narrate(path, voice="en-kathleen", quiet=True)
    assert [(passage.line, passage.text) for passage in book.details["skipped"]] == [(4, HEBREW), (6, HEBREW)]
    assert len(book.files) == 2
    with pytest.raises(BadText, match=r"book.txt, line 4 \(Chapter 1\): "):
        narrate(path, voice="en-kathleen", quiet=True, strict=True, out=tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_a_chapter_with_nothing_to_read_is_left_out(players, tmp_path):
    path = tmp_path / "book.txt"
    path.write_text(f"%%{HEBREW}\n\n{HEBREW}.\n\n%%Two\n\nThree.\n", encoding="utf-8")
    with pytest.warns(SkippedText):
        book = narrate(path, voice="en-kathleen", chapter_mark="%%", quiet=True)
    assert [chapter.details["title"] for chapter in book.files] == ["Two"]
    path.write_text(f"{HEBREW}.\n", encoding="utf-8")
    with pytest.warns(SkippedText), pytest.raises(NothingToSpeak, match=r"book.txt"):
        narrate(path, voice="en-kathleen", quiet=True, out=tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_a_lexicon_reads_words_of_any_script():
    lexicon = Lexicon({HEBREW: ("SH", "AH0", "L", "OW1", "M")})
    skipped = []
    (sentence,) = ENGLISH.sentences(f"say {HEBREW}", lexicon, skipped.append)
    assert sentence.words[1].phones == ("SH", "AH0", "L", "OW1", "M")
    assert skipped == []
