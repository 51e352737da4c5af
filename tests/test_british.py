"""British dates, numbers and letters: the list of texts, and that nothing else changes."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_speech import StandInAcoustic, StandInVocoder

from wavewright import phonemes
from wavewright.base.errors import BadSetting
from wavewright.speech.voice import Voice
from wavewright.tasks.narrate import narrate
from wavewright.tasks.speak import speak
from wavewright.text import front_end, ssml

BRITISH, AMERICAN = front_end("en-GB"), front_end("en")
LINES = (Path(__file__).parent / "text" / "british.tsv").read_text(encoding="utf-8").splitlines()
ITEMS = [line.split("\t") for line in LINES if not line.startswith("#")]


def spoken(text, reader=BRITISH):
    return " ".join(word.spoken for sentence in reader.sentences(text) for word in sentence.words)


@pytest.mark.parametrize(("text", "expected"), ITEMS, ids=[text for text, _ in ITEMS])
def test_the_list_is_read_as_it_says(text, expected):
    assert spoken(text) == expected


def test_symbols_and_other_words_are_those_of_american_english():
    text = "The colonel read the schedule at 7:30 p.m., in room 101; it was 20 degrees, wasn't it? MP3s cost $5."
    assert BRITISH.symbols == AMERICAN.symbols
    assert BRITISH.sentences(text) == AMERICAN.sentences(text)
    assert (BRITISH.language, front_end("en-AU").language, front_end("en-US").language) == ("en-GB", "en-GB", "en")


def test_two_readings_at_once_do_not_mix():
    text = "There are 105. There are 106. There are 107."
    both = zip(BRITISH.stream(text), AMERICAN.stream(text), strict=True)
    assert [(str(british), str(american)) for british, american in both] == [
        (f"there are one hundred and {last}.", f"there are one hundred {last}.") for last in ("five", "six", "seven")
    ]


def test_markup_is_read_in_the_same_way():
    def read(inside):
        return spoken(ssml.parse(f"<speak>{inside}</speak>", BRITISH).text)

    assert read('<say-as interpret-as="cardinal">105</say-as>') == "one hundred and five"
    assert read('<say-as interpret-as="date" format="mdy">3/4/2020</say-as>') == "the fourth of march twenty twenty"
    assert read('<say-as interpret-as="telephone">0555 1</say-as>') == "oh triple five one"


def test_a_voice_reads_in_its_own_language_alone():
    voice = Voice(StandInAcoustic(), StandInVocoder(), "kathleen", "en-kathleen", language="en-GB")
    assert [word.spoken for word in voice.speak("On 3/4/2026.").words][:5] == ["on", "the", "third", "of", "april"]
    assert front_end("en_GB").language == "en-GB"
    for language in ("de", "espeak:en-gb"):
        with pytest.raises(BadSetting, match=f"The language is '{language}', and en-kathleen speaks 'en'"):
            Voice(StandInAcoustic(), StandInVocoder(), "kathleen", "en-kathleen", language=language)


def test_commands_take_the_language(players, tmp_path):
    assert [word.spoken for word in speak("105", voice="en-kathleen", language="en-GB").details["words"]] == [
        "one",
        "hundred",
        "and",
        "five",
    ]
    assert [word.spoken for word in speak("105", voice="en-kathleen").details["words"]] == ["one", "hundred", "five"]
    shown = phonemes("105", language="en-GB")
    assert shown.language == "en-GB"
    assert "and  " in str(shown)
    (tmp_path / "book.txt").write_text("105 pages.\n", encoding="utf-8")
    spoken_book = [
        narrate(tmp_path / "book.txt", voice="en-kathleen", quiet=True, language=language)
        for language in (None, "en-GB")
    ]
    assert spoken_book[0].files[0].seconds < spoken_book[1].files[0].seconds
