"""Italian text to words and phones: the list of texts, phones, stress, numbers, tables, lexicons, SSML, any input."""

from __future__ import annotations

import random
import re
from collections import Counter
from pathlib import Path

import pytest

import wavewright.text.italian
from benchmarks.text import front_end as scoring
from wavewright.apps.cli import run
from wavewright.base.errors import BadSetting, BadText
from wavewright.speech.voice import Voice
from wavewright.tasks.phonemes import phonemes
from wavewright.text import front_end, ssml
from wavewright.text.italian import rules
from wavewright.text.italian.numbers import cardinal, decimal, ordinal
from wavewright.text.italian.phones import PHONES, SYMBOLS, phones_of_ipa
from wavewright.text.italian.pronounce import accented, phones_of
from wavewright.text.lexicon_file import read_lexicon
from wavewright.text.shared_symbols import nearest_vowels, shared_signs

LISTS = Path(__file__).parent / "text"
FOLDER = Path(wavewright.text.italian.__file__).parent
CODE = "\n".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("*.py"))
ITALIAN = front_end("it")


def spoken(text, lexicon=None):
    return " ".join(word.spoken for sentence in ITALIAN.sentences(text, lexicon) for word in sentence.words)


def sound(text, lexicon=None):
    return " ".join(
        phone for sentence in ITALIAN.sentences(text, lexicon) for word in sentence.words for phone in word.phones
    )


def test_texts_are_read_as_their_list_says():
    items = [(text, expected) for _, text, expected in scoring.read_list(LISTS / "italian_blind.tsv")]
    read = [(text, expected, scoring.read_aloud(text, expected, ITALIAN)) for text, expected in items]
    assert len(read) > 200
    assert [item for item in read if item[1] != item[2]] == []


def test_symbols_begin_and_end_with_silence_and_words_know_where_they_stand():
    text = "L'8 maggio, disse lui."
    (sentence,) = ITALIAN.sentences(text)
    assert sentence.symbols[:8] == ("_", "l", "ɔ1", "t", "t", "o0", "|", "m")
    assert {*sentence.symbols} <= {*ITALIAN.symbols}
    assert len({*SYMBOLS}) == len(SYMBOLS)
    assert SYMBOLS[0] == "_"
    assert [text[word.start : word.end] for word in sentence.words] == ["L'8 maggio", "L'8 maggio", "disse", "lui"]
    assert [word.mark_after for word in sentence.words] == ["", ",", "", "."]


def test_ipa_and_symbols_are_the_same_phones():
    for written, expected in [
        ("ˈkaza", "k a1 z a0"),
        ("k a1 z a0", "k a1 z a0"),
        ("ˈfatːo", "f a1 t t o0"),
        ("ˈpitːsa", "p i1 t ts a0"),
        ("ˈpittsa", "p i1 t ts a0"),
        ("ˈladdʒo", "l a1 d dʒ o0"),
        ("ˈmɛd͡zːo", "m ɛ1 d dz o0"),
        ("kafˈfɛ", "k a0 f f ɛ1"),
        ("ɡuˈʁu", "ɡ u0 r u1"),
    ]:
        assert " ".join(phones_of_ipa(written, "x")) == expected
    assert ITALIAN.phones("tʃ a1 o0", "x-arpabet") == ("tʃ", "a1", "o0")
    assert [ITALIAN.ipa(symbol) for symbol in ("ɛ1", "tʃ", "_")] == ["ɛ", "tʃ", "_"]
    for wrong in ("ǃx", "", "..."):
        with pytest.raises(BadText):
            ITALIAN.phones(wrong)
    with pytest.raises(BadText, match="alphabet"):
        ITALIAN.phones("a", "x-sampa")


def test_most_consonants_are_those_of_other_languages_and_each_vowel_has_a_nearest_one():
    own, others = {*shared_signs(["it"]).values()}, {*shared_signs(["en", "de", "es"]).values()}
    assert {sign for sign in own - others if sign[-1] not in "012"} == {"dz", "ʎ"}
    assert nearest_vowels("de", ("e1", "i0", "o1", "u2")) == {"e1": "eː1", "i0": "iː0", "o1": "oː1", "u2": "uː2"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Perche' e' cosi', poiche' ne' tu ne' io.", "perché è così poiché né tu né io"),
        ("L'ha detto 'Il Postino' (1994).", "l'ha detto il postino millenovecentonovantaquattro"),
        ("Via XX Settembre 5", "via venti settembre cinque"),
        ("5 x 3 = 15", "cinque per tre uguale quindici"),
        ("Art. 5, co. 2, lett. b) della legge.", "articolo cinque comma due lettera b della legge"),
        ("Costa € 1.250,50 IVA inclusa.", "costa milleduecentocinquanta euro e cinquanta iva inclusa"),
        ("Leone XIII e Pio X", "leone tredicesimo e pio decimo"),
        ("l'80% dei casi, -20% di sconto", "l'ottanta per cento dei casi meno venti per cento di sconto"),
        ("1 uovo e 1 studente", "un uovo e uno studente"),
        ("Al km 12 nel XX sec. d.C.", "al chilometro dodici nel ventesimo secolo dopo cristo"),
        ("100mila euro", "centomila euro"),
    ],
)
def test_more_texts(text, expected):
    assert spoken(text) == expected


def test_letters_stand_for_sounds():
    for word, expected in {
        "chi": "k i1",
        "ciao": "tʃ a1 o0",
        "ghiaccio": "ɡ j a1 t tʃ o0",
        "giusto": "dʒ u1 s t o0",
        "sogno": "s o1 ɲ o0",
        "figli": "f i1 ʎ i0",
        "moglie": "m o1 ʎ e0",
        "anglicano": "a0 ŋ ɡ l i0 k a1 n o0",
        "scena": "ʃ ɛ1 n a0",
        "scherzo": "s k e1 r ts o0",
        "lasciare": "l a0 ʃ a1 r e0",
        "acqua": "a1 k k w a0",
        "soqquadro": "s o0 k k w a1 d r o0",
        "guerra": "ɡ w ɛ1 r r a0",
        "ieri": "j ɛ1 r i0",
        "aiuola": "a0 j w ɔ1 l a0",
        "mai": "m a1 j",
        "causa": "k a1 w z a0",
        "lui": "l u1 j",
        "farmacia": "f a0 r m a0 tʃ i1 a0",
        "rosa": "r ɔ1 z a0",
        "rossa": "r o1 s s a0",
        "smettere": "z m e1 t t e0 r e0",
        "grazie": "ɡ r a1 ts j e0",
        "mezzo": "m ɛ1 d dz o0",
        "organizzare": "o0 r ɡ a0 n i0 d dz a1 r e0",
        "c'ho": "tʃ ɔ1",
        "c'è": "tʃ ɛ1",
        "hanno": "a1 n n o0",
    }.items():
        assert " ".join(phones_of(word)) == expected, word


def test_stress_by_accents_lists_and_endings():
    for word in (
        *("città", "perché", "caffè", "pòpolo", "pòpoli", "mèdico", "mèdici", "mèdiche", "àbitano", "prèndersi"),
        *("parlàre", "possìbile", "felicìssimo", "vòlgere", "amìco", "amìca", "antìche", "italiàno", "pàrlano"),
        *("parlàvano", "parlàrono", "biologìa", "famìglia", "stòria", "farmacìa", "autóre", "ragióne", "veramènte"),
        *("elìminalo", "eliminàti", "digitàli", "numèrici", "retrocèdere", "riscrìvere", "cestìno"),
        *(
            "giardìno",
            "contadìno",
            "felìce",
            "felìci",
            "attrìce",
            "abitùdine",
            "orìgini",
            "vedérsi",
            "andiàmoci",
            "cìnema",
        ),
        *("buòno", "europèo", "amài", "maèstro", "mìo", "tùo", "vìa", "scientìfico"),
    ):
        plain = (
            word if word[-1] in "àéè" else re.sub("[àèéìòóù]", lambda match: "aeeioou"["àèéìòóù".index(match[0])], word)
        )
        expected = word if word != "veramènte" else "veraménte"
        assert accented(plain) == expected, plain


def test_number_words():
    assert [cardinal(n)[-1] for n in (0, 3, 8, 21, 23, 28, 101, 108, 180, 1000, 2003, 103_000, 999_999)] == [
        *("zero", "tre", "otto", "ventuno", "ventitré", "ventotto", "centouno", "centotto", "centottanta", "mille"),
        *("duemilatré", "centotremila", "novecentonovantanovemilanovecentonovantanove"),
    ]
    assert " ".join(cardinal(-2_001_000_001)) == "meno due miliardi un milione uno"
    assert " ".join(cardinal(10**15 + 10**12)) == "un biliardo un bilione"
    assert cardinal(10**18)[:2] == ["uno", "zero"]
    assert [ordinal(n)[-1] for n in (1, 3, 11, 23, 26, 100, 1000, 2000)] == [
        *("primo", "terzo", "undicesimo", "ventitreesimo", "ventiseiesimo", "centesimo", "millesimo", "duemillesimo"),
    ]
    assert " ".join(decimal("1.234,50")) == "milleduecentotrentaquattro virgola cinquanta"
    assert sound("1998") == "m i2 l l e0 n ɔ2 v e0 tʃ ɛ2 n t o0 n o0 v a2 n t ɔ1 t t o0"
    numbers = [*range(1, 1200, 7), *(random.Random(0).randrange(10**15) for _ in range(200))]
    words = {word for number in numbers for word in (*cardinal(number), *ordinal(number))}
    assert all(sum(phone[-1] == "1" for phone in phones_of(word)) == (word != "un") for word in words)


def test_numbers_that_differ_sound_different():
    words = [tuple(cardinal(number)) for number in range(2000)]
    assert len({*words}) == len({tuple(map(phones_of, word)) for word in words}) == 2000


def test_tables_say_their_columns_and_have_no_row_twice():
    for path in (FOLDER / "data").glob("*.tsv"):
        lines = path.read_text(encoding="utf-8").splitlines()
        head = " ".join(line for line in lines if line.startswith("# "))
        rows = [line.split("\t") for line in lines if line and not line.startswith("# ")]
        assert "Columns: " in head
        assert "Source: " in head
        keys = Counter(tuple(fields[:2]) for fields in rows)
        assert [key for key, count in keys.items() if count > 1] == [], path.name
    words = [
        word.rstrip(".")
        for line in rules.data_text("words.txt").splitlines()
        if line[0] != "#"
        for word in line.split()
    ]
    assert [word for word, count in Counter(words).items() if count > 1] == []
    assert [word for word in words if sum(letter in "àèéìòóù" for letter in word) != 1] == []


def test_phones_of_tables_are_phones():
    spoken_phones = [
        phone for phones in (*rules.spoken("loans").values(), *rules.spoken("letters").values()) for phone in phones
    ]
    assert {*spoken_phones} <= {*PHONES}
    for table, columns in (
        ("units", (1, 2, 3)),
        ("currencies", (2, 3, 4, 5)),
        ("abbreviations", (2,)),
        ("signs", (2,)),
    ):
        words = {word for row in rules.rows(table, 6) for column in columns for word in row[column].split()}
        assert all(phones_of(word) for word in words)


def test_a_lexicon_overrides_words(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("Goethe  /ˈɡøte/\ncasa  k u1 z a0\n", encoding="utf-8")
    lexicon = read_lexicon(path, "it")
    assert sound("La casa.", lexicon) == "l a0 k u1 z a0"
    assert sound("Goethe", lexicon) == "ɡ e1 t e0"
    path.write_text("casa  HH AW1 S\n", encoding="utf-8")
    with pytest.raises(BadText, match="line 1: 'casa' has the phone 'HH'"):
        read_lexicon(path, "it")
    path = tmp_path / "words.toml"
    path.write_text('[it]\ncasa = "ˈkaːsa"\n[de]\nHaus = "h uː1 s"\n', encoding="utf-8")
    assert read_lexicon(path, "it").words == {"casa": ("k", "a1", "s", "a0")}


@pytest.mark.parametrize(
    ("kind", "text", "order", "expected"),
    [
        ("cardinal", "21", "", "ventuno"),
        ("ordinal", "3º", "", "terzo"),
        ("digits", "112", "", "uno uno due"),
        ("telephone", "+39 06", "", "più tre nove zero sei"),
        ("date", "3/5/2026", "mdy", "cinque marzo duemilaventisei"),
        ("time", "8.05", "", "otto e cinque"),
        ("fraction", "3/4", "", "tre quarti"),
        ("currency", "3,50 €", "", "tre euro e cinquanta"),
        ("unit", "5 km", "", "cinque chilometri"),
    ],
)
def test_say_as(kind, text, order, expected):
    element = f"<speak><say-as interpret-as='{kind}' format='{order}'>{text}</say-as></speak>"
    assert spoken(ssml.parse(element, ITALIAN).text) == expected


def test_say_as_spells_letters_and_refuses_what_does_not_fit():
    assert sound(ITALIAN.say_as("bà1", "characters")) == "b i1 a1 u1 n o0"
    for kind, text, order in [
        ("cardinal", "x", ""),
        ("date", "1.1.2026", "xyz"),
        ("date", "1.13.", "dm"),
        ("?", "x", ""),
    ]:
        with pytest.raises(BadText):
            ITALIAN.say_as(text, kind, order)


def test_the_command_shows_italian_phones(capsys):
    shown = phonemes("Casa [[k u1 z a0]] «via»", language="it")
    assert str(shown) == "casa       k a1 z a0\nk u1 z a0  k u1 z a0\nvia.       v i1 a0"
    assert run(["phonemes", "--language", "it", "Ciao"]) == 0
    assert "tʃ a1 o0" in capsys.readouterr().out


def test_no_voice_speaks_it_yet():
    with pytest.raises(BadSetting, match="The language is 'it', and en-kathleen speaks 'en'"):
        Voice.load("en-kathleen", language="it")
    with pytest.raises(BadSetting, match="can be en, en-GB, de"):
        front_end("xx")
    with pytest.raises(BadSetting, match="No voice speaks the language 'it'"):
        Voice.load("en-kathleen").speak('<speak>One <lang xml:lang="it">due</lang></speak>')


def test_any_word_has_phones_and_at_most_one_main_stress():
    rng = random.Random(1)
    for _ in range(2000):
        word = "".join(rng.choice("abcdefghijklmnopqrstuvwxyzàèéìòùaeioaeio'") for _ in range(rng.randrange(1, 14)))
        phones = phones_of(word)
        assert {*phones} <= {*PHONES}, word
        assert sum(phone[-1] == "1" for phone in phones) <= 1, word
        assert phones or not re.search("[aeiou]", word), word
