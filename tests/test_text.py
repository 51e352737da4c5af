"""English text to words and phones: the list of texts, sentences, positions, lexicons, unknown words, any input."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.text import front_end as scoring
from wavewright.base.errors import BadSetting, BadText
from wavewright.text import front_end, ssml
from wavewright.text.english.numbers import cardinal, ordinal, year
from wavewright.text.english.phones import PHONES, SYMBOLS, phones_of_ipa
from wavewright.text.lexicon import Lexicon
from wavewright.text.lexicon_file import language_of_lexicon, read_lexicon

LISTS = Path(__file__).parent / "text"
ENGLISH = front_end()


def words(text, lexicon=None):
    return [word for sentence in ENGLISH.sentences(text, lexicon) for word in sentence.words]


def spoken(text):
    return " ".join(word.spoken for word in words(text))


def spoken_sentences(text, lexicon=None):
    return [str(sentence) for sentence in ENGLISH.sentences(text, lexicon)]


def sound(text):
    return " ".join(phone for word in words(text) for phone in word.phones)


def read_aloud(text, expected):
    return scoring.read_aloud(text, expected, ENGLISH)


@pytest.mark.parametrize("quarter", "abcd")
@pytest.mark.parametrize("name", ["list.tsv", "more.tsv", "real.tsv", "blind.tsv"])
def test_texts_are_read_as_their_list_says(name, quarter):
    items = [*scoring.read_list(LISTS / name)]["abcd".index(quarter) :: 4]
    read = [(text, expected, read_aloud(text, expected)) for _, text, expected in items]
    assert len(read) > 100
    assert [item for item in read if item[1] != item[2]] == []


def test_a_list_is_scored(tmp_path, capsys):
    path = tmp_path / "mine.tsv"
    path.write_text(
        "# money\n$5\tfive dollars\n$6\tsix euros\n# verbs\nI *read* it daily.\tR IY1 D\n", encoding="utf-8"
    )
    out = tmp_path / "out.json"
    assert scoring.BENCHMARK.run([str(path), "--errors", "--json", str(out)]) == 0
    tables = json.loads(out.read_text(encoding="utf-8"))["tables"]
    assert [(row["section"], row["right"], row["texts"]) for row in tables["texts by section"]] == [
        ("all", 2, 3),
        ("money", 1, 2),
        ("verbs", 1, 1),
    ]
    assert tables["texts that are read otherwise"] == [{"text": "$6", "expected": "six euros", "actual": "six dollars"}]
    path.write_text("no tab\n", encoding="utf-8")
    with pytest.raises(SystemExit):
        scoring.BENCHMARK.run([str(path)])
    assert "line 1: 'no tab' has no expected words" in capsys.readouterr().err


def test_symbols_begin_and_end_with_silence_and_have_what_stands_between():
    (sentence,) = ENGLISH.sentences("Hello, world: it's me")
    assert sentence.symbols == (
        *("_", "HH", "AH0", "L", "OW1", ",", "W", "ER1", "L", "D", ";", "IH1", "T", "S", "|", "M", "IY1", ".", "_"),
    )
    assert sentence.word_indices == (-1, 0, 0, 0, 0, -1, 1, 1, 1, 1, -1, 2, 2, 2, -1, 3, 3, -1, -1)
    assert SYMBOLS[0] == "_"
    assert {*sentence.symbols} <= {*ENGLISH.symbols}
    assert len({*SYMBOLS}) == len(SYMBOLS) == 7 + 45 + 24


def test_words_know_where_they_stand():
    text = "\u201cIt\u2019s  $5.50\u201d, said Zoë\u0301 \u200bin 1984!"
    read = words(text)
    assert all(text[word.start : word.end] == word.text for word in read)
    assert [(word.text, word.spoken) for word in read][1:6] == [
        *[("$5.50", "five"), ("$5.50", "dollars"), ("$5.50", "and"), ("$5.50", "fifty"), ("$5.50", "cents")],
    ]
    assert read[-1].text == "1984"
    assert read[-1].mark_after == "!"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("He left. She stayed.", ["he left.", "she stayed."]),
        ("Dr. Lee met Mr. Fox at 5 p.m. They ate.", ["doctor lee met mister fox at five p m.", "they ate."]),
        ("It cost 3.50 in the U.S. in all.", ["it cost three point five zero in the u s in all."]),
        ("J. K. Rowling wrote. Really? Yes!", ["j k rowling wrote.", "really?", "yes!"]),
        ("Wait... what? No!! Never", ["wait, what?", "no!", "never."]),
        ('"Stop!" he cried. "Why?"', ["stop! he cried.", "why?"]),
        ("one\n\ntwo", ["one.", "two."]),
        ("It is a novel by A. Christie. I read A. A. Milne.", ["it is a novel by a christie.", "i read a a milne."]),
        ("It was plan B. Then we left.", ["it was plan b.", "then we left."]),
        ("From A to B. Trains run.", ["from a to b.", "trains run."]),
        ("Mr.Bean paid $5.Then he left.", ["mister bean paid five dollars.", "then he left."]),
        ("The sky is blue.\u00b9 It is.[2] Yes.", ["the sky is blue.", "it is.", "yes."]),
        ("A B- is fine. So is 2nd\u20133rd.", ["a b minus is fine.", "so is second to third."]),
        ("See p.12. Take no.5 instead.", ["see page twelve.", "take number five instead."]),
        ("one\ntwo", ["one two."]),
        ("Yes (I think), no - maybe", ["yes, i think, no; maybe."]),
        ("We eat figs, nuts, etc. The rest is gone.", ["we eat figs, nuts, et cetera.", "the rest is gone."]),
    ],
)
def test_sentences_end_where_they_do(text, expected):
    assert spoken_sentences(text) == expected


def test_a_long_sentence_is_cut_at_a_pause():
    parts = ENGLISH.sentences(f"{'word ' * 40}, {'other ' * 40}")
    assert [len(part.words) for part in parts] == [40, 40]
    assert sum(len(part.words) for part in ENGLISH.sentences("a b " * 500)) == 1000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (":) hello ;-) bye xD", "hello bye"),
        ("fine ^_^ ok T_T", "fine ok"),
        ("See [the docs](https://a.com/b) or ![a logo](logo.png).", "see the docs or a logo"),
        ("A ratio of 3:2; x =3", "a ratio of three to two x equals three"),
    ],
)
def test_faces_and_addresses_of_links_are_silent(text, expected):
    assert spoken(text) == expected


def test_decimals_may_be_ordinals():
    words = [word.spoken for word in ENGLISH.sentences("the 97.5th percentile, a .1rd")[0].words]
    assert " ".join(words) == "the ninety seven point fifth percentile a point first"


@pytest.mark.parametrize(
    ("number", "words", "nth"),
    [
        *[(0, "zero", "zeroth"), (21, "twenty one", "twenty first"), (-7, "minus seven", "minus seventh")],
        *[
            (10**9 + 12, "one billion twelve", "one billion twelfth"),
            (340, "three hundred forty", "three hundred fortieth"),
        ],
    ],
)
def test_numbers(number, words, nth):
    assert " ".join(cardinal(number)) == words
    assert " ".join(ordinal(number)) == nth


def test_years():
    assert [" ".join(year(number)) for number in (1900, 1901, 2000, 2010, 1066, 800)] == [
        *("nineteen hundred", "nineteen oh one", "two thousand", "twenty ten", "ten sixty six", "eight hundred"),
    ]


def test_words_of_known_parts_follow_from_them():
    assert sound("unfriendliest") == "AH0 N F R EH1 N D L IY0 AH0 S T"
    for text, expected in [
        ("the cat's", "DH AH0 K AE1 T S"),
        ("kayaks", "K AY1 AE0 K S"),
        ("vlogs", "V L AO1 G Z"),
        ("rewatched", "R IY0 W AA1 CH T"),
        ("tweeting", "T W IY1 T IH0 NG"),
    ]:
        assert sound(text) == expected


def test_an_apple_and_the_apple():
    assert sound("the apple") == "DH IY0 AE1 P AH0 L"
    assert sound("the pear") == "DH AH0 P EH1 R"


def test_inline_phones_are_spoken_as_they_stand():
    (word,) = words("[[HH AH0 L OW1]]")
    assert word.phones == ("HH", "AH0", "L", "OW1")
    assert words("say [[t uw]] now")[1].phones == ("T", "UW1")
    with pytest.raises(BadText, match="has 'QQ', which is no phone"):
        words("[[QQ]]")


def test_ipa_becomes_arpabet():
    assert phones_of_ipa("həˈloʊ", "x") == ("HH", "AH0", "L", "OW1")
    assert phones_of_ipa("ˈtʃɝtʃ", "x") == ("CH", "ER1", "CH")
    assert phones_of_ipa("ˌʌndɚˈstænd", "x") == ("AH2", "N", "D", "ER0", "S", "T", "AE1", "N", "D")
    with pytest.raises(BadText, match="the sign 'Ж'"):
        phones_of_ipa("Ж", "x")


def test_a_lexicon_of_ones_own_goes_first(tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text("# names\nTomato T AH0 M AA1 T OW0\n\nKyiv  k iy1 v # city\nC3X S IY1\n", encoding="utf-8")
    mine = read_lexicon(path)
    assert [" ".join(word.phones) for word in words("tomato TOMATO C3X Kyiv's", mine)][:3] == [
        "T AH0 M AA1 T OW0"
    ] * 2 + ["S IY1"]
    assert spoken_sentences("Kyiv. Tomato!", mine) == ["kyiv.", "tomato!"]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("hello\n", "line 1: 'hello' has no phones"),
        ("a AH0\nb B IY\n", "line 2: 'b' has the phone 'IY', which this language does not have; it has IY0, IY1, IY2"),
        ("a AH0\nA EY1\n", "line 2: 'A' is repeated"),
    ],
)
def test_errors_of_a_lexicon_name_the_line(tmp_path, lines, message):
    path = tmp_path / "mine.txt"
    path.write_text(lines, encoding="utf-8")
    with pytest.raises(BadText, match=re.escape(message)):
        read_lexicon(path)
    path.write_bytes(b"a AH0\n\xff\0\0")
    with pytest.raises(BadText, match="is no text"):
        read_lexicon(path)


@pytest.mark.parametrize("text", ["", "  \n ", "...", "\x00\x07", "?!"])
def test_nothing_to_speak_is_reported(text):
    with pytest.raises(BadText, match="nothing to speak"):
        ENGLISH.sentences(text)


@pytest.mark.parametrize(
    ("text", "script"), [("Привет", "Cyrillic"), ("hi 世界", "Cjk"), ("שלום", "Hebrew"), ("καλημέρα", "Greek")]
)
def test_another_script_is_refused(text, script):
    with pytest.raises(BadText, match=rf"{script} script"):
        ENGLISH.sentences(text)


def test_emoji_alone_are_named_and_else_passed_over():
    assert spoken("😀") == "grinning face"
    assert spoken("fine 😀!") == "fine"


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", range(15))
def test_any_characters_are_spoken_or_refused(seed):
    draw = random.Random(seed)
    letters = [chr(code) for code in range(32, 127)] + list(
        "  \n\tàéñ\u2013\u2014\u2026\u201c\u2019°½€£😀\u200d\ufe0f\x00²×жい α\u0301"
    )
    for _ in range(100):
        text = "".join(draw.choices(letters, k=draw.randrange(60)))
        try:
            read = words(text)
        except BadText:
            continue
        assert read
        assert all(
            word.phones and {*word.phones} <= {*PHONES} and 0 <= word.start < word.end <= len(text) for word in read
        )


def test_every_letter_of_a_word_of_5000_is_spoken():
    read = words("ab" * 2500)
    assert "".join(word.text for word in read) == "ab" * 2500
    assert max(len(sentence.symbols) for sentence in ENGLISH.sentences("ab" * 2500)) < 1000


@pytest.mark.parametrize(
    "piece",
    [
        "She paid $3.50 on Jan. 5, e.g. at 7 p.m. ",
        "a.com/",
        "a-",
        "1.",
        "(a",
        "A.",
        "'a",
        "1/",
        "a",
        "1",
        "read ",
        "lead tear bow live ",
        "did they read ",
    ],
)
@pytest.mark.no_cover
def test_work_is_linear_in_the_length(piece):
    """Calls of Python's functions are counted; what regular expressions take is watched by the fuzzer of texts."""

    def calls(n_characters):
        count = 0

        def note(frame, event, argument):
            nonlocal count
            count += event in ("call", "c_call")

        text = (piece * n_characters)[:n_characters]
        sys.setprofile(note)
        try:
            ENGLISH.sentences(text)
        finally:
            sys.setprofile(None)
        return count

    calls(2_000)  # compiles rules and reads dictionaries
    assert calls(16_000) < 12 * calls(2_000)  # 8 times as long; the square would be 64


def test_letters_of_unknown_words_become_sounds():
    for word, expected in [("blick", "B L IH1 K"), ("snorple", "S N AO1 R P AH0 L"), ("fleeb", "F L IY1 B")]:
        assert sound(word) == expected


def test_languages():
    with pytest.raises(BadSetting, match="The language is 'xx'; it can be en, en-GB, de, es, es-419, it, fr, fr-BE"):
        front_end("xx")
    assert front_end("en-US").language == "en"


def test_the_first_sentence_needs_no_numpy_and_compiles_no_rule_that_it_does_not_ask():
    program = (
        "import re, sys; compiled = []; compile_ = re.compile\n"
        "re.compile = lambda pattern, flags=0: compiled.append(pattern) or compile_(pattern, flags)\n"
        "from wavewright.text import front_end; front_end().sentences('hello')\n"
        "from wavewright.text.english import money\n"
        "print('numpy' in sys.modules, any(rule.pattern in compiled for rule, _ in money.RULES))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_a_lexicon_in_toml_has_words_of_several_languages(tmp_path):
    path = tmp_path / "words.toml"
    path.write_text(
        '[en]\n# names\nKyiv = "k iy1 v"\ntomato = "/təˈmɑːtoʊ/"\n[en-GB]\nquay = "K IY1"\n[de]\nKyjiw = "/ˈkɪjɪu̯/"\n',
        encoding="utf-8",
    )
    mine = read_lexicon(path)
    assert mine.words == {
        "kyiv": ("K", "IY1", "V"),
        "tomato": ("T", "AH0", "M", "AA1", "T", "OW0"),
        "quay": ("K", "IY1"),
    }
    german = front_end("de")
    assert mine.of("de-DE").words == read_lexicon(path, "de").words == {"kyjiw": ("k", "ɪ1", "j", "ɪ0", "uː0")}
    assert read_lexicon(path, "de").of("en") == Lexicon(mine.words)
    document = ssml.parse(
        '<speak>Kyiv. <lang xml:lang="de">Kyjiw.</lang></speak>', front_end("en"), lambda name, language: (german, None)
    )
    spoken = [word.phones for sentence in document.sentences(front_end("en"), mine) for word in sentence.words]
    assert spoken == [mine.words["kyiv"], mine.of("de").words["kyjiw"]]


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        ('Kyiv = "K"\n', "'Kyiv' lies in no table"),
        ("[en]\nKyiv = 3\n", "[en]: 'Kyiv' is 3; write its phones as text"),
        ("[en]\nKyiv = ''\n", "[en]: 'Kyiv' has no phones"),
        ("[en]\nKyiv = 'QQ'\n", "[en]: 'Kyiv' has the phone 'QQ'"),
        ("[de]\nHaus = 'HH AW1 S'\n", "[de]: 'Haus' has the phone 'HH'"),
        ("[en]\nKyiv = 'K'\nKYIV = 'K'\n", "'KYIV' is repeated"),
        ("[tlh]\nqapla = 'K'\n", "[tlh] is no language that is spoken"),
        ("[en\n", "is not TOML"),
    ],
)
def test_errors_of_a_lexicon_in_toml_name_the_word(tmp_path, contents, message):
    path = tmp_path / "words.toml"
    path.write_text(contents, encoding="utf-8")
    with pytest.raises(BadText, match=re.escape(message)):
        read_lexicon(path)


def test_the_language_of_a_text_file_is_that_of_its_phones(tmp_path):
    path = tmp_path / "words.txt"
    for contents, language in (("Kyiv K IY1 V\n", "en"), ("Haus h aʊ1 s\n", "de")):
        path.write_text(contents, encoding="utf-8")
        assert language_of_lexicon(path) == language
    path.write_text("Haus QQ\n", encoding="utf-8")
    with pytest.raises(BadText, match="QQ"):
        language_of_lexicon(path)
