"""German text to words and phones: the list of texts, phones, composition, tables, lexicons, SSML, any input."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

import wavewright.text.german
from benchmarks.text import front_end as scoring
from wavewright.apps.server.shared_voices import SharedVoices
from wavewright.base.errors import BadText
from wavewright.speech.narration.settings import NarrationSettings
from wavewright.tasks.phonemes import phonemes
from wavewright.text import front_end, ssml
from wavewright.text.german import rules
from wavewright.text.german.composition import WordComposer, suffixed
from wavewright.text.german.numbers import cardinal, ordinal, year
from wavewright.text.german.phones import PHONES, SYMBOLS, phones_of_ipa
from wavewright.text.german.pronounce import dictionary, phones_of, supplement
from wavewright.text.lexicon import Lexicon
from wavewright.text.lexicon_file import read_lexicon

LISTS = Path(__file__).parent / "text"
FOLDER = Path(wavewright.text.german.__file__).parent
CODE = "\n".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("*.py"))
GERMAN = front_end("de")


def spoken(text, lexicon=None):
    return " ".join(word.spoken for sentence in GERMAN.sentences(text, lexicon) for word in sentence.words)


def sound(text, lexicon=None):
    return " ".join(
        phone for sentence in GERMAN.sentences(text, lexicon) for word in sentence.words for phone in word.phones
    )


@pytest.mark.parametrize("name", ["german_blind.tsv", "german_more.tsv"])
def test_texts_are_read_as_their_list_says(name):
    items = [(text, expected) for _, text, expected in scoring.read_list(LISTS / name)]
    read = [(text, expected, scoring.read_aloud(text, expected, GERMAN)) for text, expected in items]
    assert len(read) > 50
    assert [item for item in read if item[1] != item[2]] == []


@pytest.mark.parametrize("text", ["Stufe 3.-5.13.", "am 30.-32.1.", "am 3.13."])
def test_what_is_no_day_of_a_month_is_no_date(text):
    assert not {"dreizehnter", "dreizehnten", "zweiunddreißigsten"} & {*spoken(text).split()}


def test_symbols_begin_and_end_with_silence_and_words_know_where_they_stand():
    text = "Am 3. Mai, sagte er."
    (sentence,) = GERMAN.sentences(text)
    assert sentence.symbols[:12] == ("_", "ʔ", "a0", "m", "|", "d", "ʁ", "ɪ1", "t", "ə", "n", "|")
    assert {*sentence.symbols} <= {*GERMAN.symbols}
    assert len({*SYMBOLS}) == len(SYMBOLS)
    assert SYMBOLS[0] == "_"
    assert [text[word.start : word.end] for word in sentence.words] == ["Am", "3. Mai", "3. Mai", "sagte", "er"]
    assert [word.mark_after for word in sentence.words] == ["", "", ",", "", "."]


def test_ipa_and_symbols_are_the_same_phones():
    for written, expected in [
        ("ˈhaʊ̯s", "h aʊ1 s"),
        ("h aʊ1 s", "h aʊ1 s"),
        ("ˈaɪ̯nˌʃtaɪ̯ɡn̩", "aɪ1 n ʃ t aɪ2 ɡ ə n"),
        ("tsaɪt", "ts aɪ1 t"),
        ("ʁɛstoˈʁɑ̃ː", "ʁ ɛ0 s t oː0 ʁ ãː1"),
        ("ˈθʁɪlɐ", "s ʁ ɪ1 l ɐ"),
        ("faˈmiːli̯ə", "f a0 m iː1 l j ə"),
    ]:
        assert " ".join(phones_of_ipa(written, "x")) == expected
    assert GERMAN.phones("h a1 l oː0", "x-arpabet") == ("h", "a1", "l", "oː0")
    for wrong in ("ǃx", "", "..."):
        with pytest.raises(BadText):
            GERMAN.phones(wrong)
    with pytest.raises(BadText, match="alphabet"):
        GERMAN.phones("a", "x-sampa")


def test_words_of_known_words():
    known = {
        "weg": "v eː1 k",
        "haben": "h aː1 b ə n",
        "bäcker": "b ɛ1 k ɐ",
        "haus": "h aʊ1 s",
        "arbeit": "ʔ a1 ʁ b aɪ0 t",
    }
    composer = WordComposer({word: tuple(phones.split()) for word, phones in known.items()}.get)
    for word, expected in [
        ("wege", "v eː1 ɡ ə"),
        ("wegs", "v eː1 k s"),
        ("habt", "h aː1 p t"),
        ("bäckerin", "b ɛ1 k ə ʁ ɪ0 n"),
        ("arbeitshaus", "ʔ a1 ʁ b aɪ0 ts h aʊ2 s"),
        ("hauswegen", "h aʊ1 s v eː2 ɡ ə n"),
        ("verhaben", "f ɛ0 ɐ̯ h aː1 b ə n"),
    ]:
        assert " ".join(composer.phones(word) or ()) == expected, word
    assert composer.phones("xyz") is None
    assert composer.phones("haus" * 20) is None
    assert suffixed("kräftig", ("k", "ɪ0", "ç"), "en") == ("k", "ɪ0", "ɡ", "ə", "n")


def test_number_words():
    assert [cardinal(n)[-1] for n in (0, 1, 16, 21, 101, 1000, 1100, 999_999)] == [
        *("null", "eins", "sechzehn", "einundzwanzig", "hunderteins", "tausend", "tausendeinhundert"),
        "neunhundertneunundneunzigtausendneunhundertneunundneunzig",
    ]
    assert " ".join(cardinal(-2_001_000_001)) == "minus zwei milliarden eine million eins"
    assert [ordinal(n)[-1] for n in (1, 3, 7, 8, 12, 20, 101, 1000)] == [
        *("erste", "dritte", "siebte", "achte", "zwölfte", "zwanzigste", "hunderterste", "tausendste"),
    ]
    assert [year(n)[-1] for n in (800, 1100, 1998, 2026)] == [
        *("achthundert", "elfhundert", "neunzehnhundertachtundneunzig", "zweitausendsechsundzwanzig"),
    ]
    assert sound("1998") == "n ɔɪ1 n ts eː2 n h ʊ2 n d ɐ t ʔ a1 x t ʔ ʊ0 n t n ɔɪ2 n ts ɪ0 ç"
    numbers = [*range(1, 1200, 7), *(random.Random(0).randrange(10**9) for _ in range(200))]
    assert all(phones_of(word) for number in numbers for word in (*cardinal(number), *ordinal(number)))


def test_tables_say_their_columns_and_have_no_row_twice():
    for path in (FOLDER / "data").glob("*.tsv"):
        lines = path.read_text(encoding="utf-8").splitlines()
        head = " ".join(line for line in lines if line.startswith("# "))
        rows = [line.split("\t") for line in lines if line and not line.startswith("# ")]
        assert "Columns: " in head
        assert "Source: " in head
        keys = Counter(tuple(fields[:2]) for fields in rows)
        assert [key for key, count in keys.items() if count > 1] == [], path.name


def test_phones_of_tables_are_phones():
    spoken_phones = [
        *(phone for phones in supplement().values() for phone in phones.split()),
        *(phone for row in rules.rows("letters", 2) for phone in row[1].split()),
        *(phone for row in rules.rows("affixes", 3) for phone in row[2].split()),
        *(phone for _, phones in dictionary().items() for phone in phones),
    ]
    assert {*spoken_phones} <= {*PHONES}
    assert "CC BY-SA 4.0" in dictionary().credit


def test_a_lexicon_overrides_words(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("Kyjiw  /ˈkɪjɪu̯/\nHaus  h uː1 s\n", encoding="utf-8")
    lexicon = read_lexicon(path, "de")
    assert sound("Haus", lexicon) == "h uː1 s"
    assert sound("Kyjiw", lexicon) == "k ɪ1 j ɪ0 uː0"
    path.write_text("Haus  HH AW1 S\n", encoding="utf-8")
    with pytest.raises(BadText, match="line 1: 'Haus' has the phone 'HH'"):
        read_lexicon(path, "de")


@pytest.mark.parametrize(
    ("kind", "text", "order", "expected"),
    [
        ("cardinal", "21", "", "einundzwanzig"),
        ("ordinal", "3.", "", "dritte"),
        ("digits", "112", "", "eins eins zwei"),
        ("telephone", "+49 30", "", "plus vier neun drei null"),
        ("date", "3/5/2026", "mdy", "fünfter märz zweitausendsechsundzwanzig"),
        ("time", "8.05", "", "acht uhr fünf"),
        ("fraction", "3/4", "", "drei viertel"),
        ("currency", "3,50 €", "", "drei euro fünfzig"),
        ("unit", "5 km", "", "fünf kilometer"),
    ],
)
def test_say_as(kind, text, order, expected):
    element = f"<speak><say-as interpret-as='{kind}' format='{order}'>{text}</say-as></speak>"
    assert spoken(ssml.parse(element, GERMAN).text) == expected


def test_say_as_spells_letters_and_refuses_what_does_not_fit():
    assert sound(GERMAN.say_as("Aß1", "characters")) == "ʔ aː1 ʔ ɛ0 s ts ɛ1 t ʔ aɪ1 n s"
    for kind, text, order in [
        ("cardinal", "x", ""),
        ("date", "1.1.2026", "xyz"),
        ("date", "1.13.", "dm"),
        ("?", "x", ""),
    ]:
        with pytest.raises(BadText):
            GERMAN.say_as(text, kind, order)


def test_the_command_shows_german_phones():
    shown = phonemes("Haus [[h uː1 s]] „Weg“", language="de")
    assert str(shown) == "haus     h aʊ1 s\nh uː1 s  h uː1 s\nweg.     v eː1 k"


def test_a_server_uses_the_words_of_each_language(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("Kyiv K IY1 V\n", encoding="utf-8")
    german, english = (NarrationSettings(voice=voice) for voice in ("de-kerstin", "en-kathleen"))
    voices = SharedVoices(lexicon=path)
    assert voices.narrator(german, "Haus").lexicon is None
    assert voices.narrator(english, "Kyiv").lexicon == Lexicon({"kyiv": ("K", "IY1", "V")})
    path = tmp_path / "words.toml"
    path.write_text('[en]\nKyiv = "K IY1 V"\n[de]\nHaus = "h uː1 s"\n', encoding="utf-8")
    voices = SharedVoices(lexicon=path)
    assert voices.narrator(german, "Haus").lexicon.words == {"haus": ("h", "uː1", "s")}
    assert voices.narrator(german, "Haus", {"Tor": "t uː1 ɐ"}).lexicon.of("en").words == {"kyiv": ("K", "IY1", "V")}
