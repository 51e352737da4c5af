"""Direct speech in a voice of its own: which quotations it is, over paragraphs and segments, and who speaks them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from wavewright.apps.cli import run
from wavewright.audio.clip import Clip
from wavewright.audio.sound_file import open_sound
from wavewright.base.errors import BadModel, BadSetting
from wavewright.tasks.narrate import narrate
from wavewright.tasks.speak import speak
from wavewright.text.quotation import QuotationReader


@pytest.mark.parametrize(
    ("text", "speech"),
    [
        ("“Come,” he said, “now.” Then he left.", ["“Come,”", "“now.”"]),
        ("He read “Moby Dick” to the “so-called” expert.", []),
        ("He said: “I will come”. He did.", ["“I will come”"]),
        ("„Komm“, sagte er, „ich warte.“ Ende.", ["„Komm“", "„ich warte.“"]),
        ("»Komm«, sagte er. Das »Failed«, das er hat.", ["»Komm«"]),
        ("« Oui », dit-il.", ["« Oui »"]),
        ('"Yes," she said. "No?" A 6" nail.', ['"Yes,"', '"No?"']),
        ('"Wait\u2014" he said. ("...and?")', ['"Wait\u2014"', '"...and?"']),
        ('"A." "B."', ['"A."', '"B."']),
        ("“He said „ja“ and “no” to me.” End.", ["“He said „ja“ and “no” to me.”"]),
        ("»Er rief ›Halt!‹ und lief«, sagte sie.", ["»Er rief ›Halt!‹ und lief«"]),
        ("»Er rief »Halt!« und lief«, sagte sie.", ["»Er rief »Halt!« und lief«"]),
        ('"Who said "no"?" he asked.', ['"Who said "no"?"']),
        ("“One.\n\n“Two.\n \n“Three,” he said.\n\nFour.", ["“One.", "“Two.", "“Three,”"]),
        ("»Eins.\n\n»Zwei«, sagte er. Drei.", ["»Eins.", "»Zwei«"]),
        ('"One.\n\n"Two," he said.', ['"One.', '"Two,"']),
        ("“One.\n\nNot closed. “Two.”", ["“One.", "“Two.”"]),
        ("“One.\n\nNothing here.\n\n“Two.”", ["“One.", "“Two.”"]),
        ("“One\ngoes on,” he said.", ["“One\ngoes on,”"]),
        ("Closed” first. “Open", ["“Open"]),
        ("", []),
    ],
)
def test_direct_speech_is_what_is_quoted(text, speech):
    assert [text[start:end] for start, end in QuotationReader().spans(text)] == speech


def test_a_quotation_goes_on_in_the_next_segment():
    reader = QuotationReader()
    segments = ["He said, “One.\n", "Two.” And so.\n\n", "“Open.\n\n", "Closed.\n\n", "“A.\n\n", "“B,” he said.\n\n"]
    found = [[segment[start:end].strip() for start, end in reader.spans(segment)] for segment in segments]
    assert found == [["“One."], ["Two.”"], ["“Open."], [], ["“A."], ["“B,”"]]


@settings(max_examples=200)
@given(st.lists(st.sampled_from(["“", "”", "„", '"', "»", "«", "a", "B.", " ", "\n", "\n\n", ",", "6"]), max_size=40))
def test_spans_are_in_order_and_do_not_overlap(pieces):
    text = "".join(pieces)
    reader = QuotationReader()
    for segment in (text, text):
        edges = [edge for span in reader.spans(segment) for edge in span]
        assert edges == sorted(edges)
        assert all(0 <= edge <= len(segment) for edge in edges)


TALE = "“Come,” he said, “now.”\n\nShe read “Moby Dick” again.\n\n“One.\n\n“Two.”\n"
SPEAKERS = ["ruth", "kathleen", "ruth", "kathleen", "ruth", "ruth"]


def test_a_book_is_spoken_by_two_voices(players, tmp_path):
    path = tmp_path / "tale.txt"
    path.write_text(TALE, encoding="utf-8")
    options = {"voice": "en-kathleen", "quiet": True}
    book = narrate(path, **options, dialogue_voice="en-ruth")
    assert [call.speaker for call in players["en"].calls] == SPEAKERS
    origin = json.loads(open_sound(book.sound_files[0]).tags["comment"])
    assert (origin["dialogue_voice"], len(origin["dialogue_model"])) == ("en-ruth", 12)
    assert not narrate(path, **options, dialogue_voice="en-ruth").files[0].is_new
    alone = narrate(path, **options)
    assert alone.files[0].is_new
    assert {call.speaker for call in players["en"].calls[len(SPEAKERS) :]} == {"kathleen"}


def test_a_text_with_markup_is_spoken_by_two_voices(players, tmp_path):
    text = "<p>“Come,” he <b>said</b>.</p><p>&quot;Now.&quot;</p>"
    out = tmp_path / "a.wav"
    speak(text, voice="en-kathleen", dialogue_voice="ruth", markup="html", out=out)
    assert [call.speaker for call in players["en"].calls] == ["ruth", "kathleen", "ruth"]


def test_the_same_voice_twice_sounds_like_one_where_nothing_is_quoted(players, tmp_path):
    speak("She read “Moby Dick” again.", dialogue_voice="ruth", out=tmp_path / "a.wav")
    speak("She read “Moby Dick” again.", out=tmp_path / "b.wav")
    np.testing.assert_array_equal(Clip.read(tmp_path / "a.wav").wave, Clip.read(tmp_path / "b.wav").wave)


def test_errors_come_before_any_speech(players, tmp_path, capsys):
    path = tmp_path / "tale.txt"
    path.write_text(TALE, encoding="utf-8")
    with pytest.raises(BadModel, match="There is no voice 'nobody'"):
        narrate(path, dialogue_voice="nobody", quiet=True)
    with pytest.raises(BadSetting, match=r"The voice de-kerstin speaks 'de' and en-kathleen 'en'"):
        narrate(path, dialogue_voice="de-kerstin", quiet=True)
    assert run(["speak", "<speak>Yes.</speak>", "--ssml", "--dialogue-voice", "en-ruth"]) == 2
    assert "--ssml and --dialogue-voice exclude each other" in capsys.readouterr().err
    assert not (tmp_path / "tale").exists()
    assert players["en"].calls == []
