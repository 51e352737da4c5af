"""Spanish text to words and phones: the list of texts, spelling, numbers, tables, lexicons, SSML, any input."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

import wavewright.text.spanish
from benchmarks.text import front_end as scoring
from wavewright.base.errors import BadText
from wavewright.tasks.phonemes import phonemes
from wavewright.text import front_end, ssml
from wavewright.text.lexicon_file import read_lexicon
from wavewright.text.shared_symbols import nearest_vowels, shared_signs
from wavewright.text.spanish import rules
from wavewright.text.spanish.numbers import cardinal, decimal, fraction, ordinal
from wavewright.text.spanish.phones import PHONES, SYMBOLS, phones_of_ipa
from wavewright.text.spanish.pronounce import phones_of
from wavewright.text.spanish.rules import FEMININE, MASCULINE, gender_of

LISTS = Path(__file__).parent / "text"
FOLDER = Path(wavewright.text.spanish.__file__).parent
CODE = "\n".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("*.py"))
SPANISH = front_end("es")
AMERICAN = front_end("es-MX")


def spoken(text, lexicon=None, reader=SPANISH):
    return " ".join(word.spoken for sentence in reader.sentences(text, lexicon) for word in sentence.words)


def sound(text, lexicon=None, reader=SPANISH):
    sentences = reader.sentences(text, lexicon)
    return " ".join(phone for sentence in sentences for word in sentence.words for phone in word.phones)


def table_rows(name):
    return [line.split("\t") for line in rules.data_text(f"{name}.tsv").splitlines() if line and line[:2] != "# "]


@pytest.mark.parametrize("name", ["spanish_blind.tsv", "spanish_more.tsv"])
def test_texts_are_read_as_their_list_says(name):
    items = [(text, expected) for _, text, expected in scoring.read_list(LISTS / name)]
    read = [(text, expected, scoring.read_aloud(text, expected, SPANISH)) for text, expected in items]
    assert len(read) > 50
    assert [item for item in read if item[1] != item[2]] == []


def test_symbols_begin_and_end_with_silence_and_words_know_where_they_stand():
    text = "¿El 3 de mayo?, dijo él."
    (sentence,) = SPANISH.sentences(text)
    assert sentence.symbols[:8] == ("_", "e0", "l", "|", "t", "ɾ", "e1", "s")
    assert {*sentence.symbols} <= {*SPANISH.symbols}
    assert len({*SYMBOLS}) == len(SYMBOLS)
    assert SYMBOLS[0] == "_"
    assert [text[word.start : word.end] for word in sentence.words] == ["El", *["3 de mayo"] * 3, "dijo", "él"]
    assert [word.mark_after for word in sentence.words] == ["", "", "", ",", "", "."]


def test_ipa_and_symbols_are_the_same_phones():
    for written, expected in [
        ("ˈkasa", "k a1 s a0"),
        ("k a1 s a0", "k a1 s a0"),
        ("θjuˈðað", "θ j u0 d a1 d"),
        ("ˈɟ͡ʝelmo", "ʝ e1 l m o0"),
        ("ˈʎuβja", "ʝ u1 b j a0"),
        ("ˈai̯ɾe", "a1 j ɾ e0"),
        ("ˈt͡ʃiko", "tʃ i1 k o0"),
        ("ˌrapiðaˈmente", "r a2 p i0 d a0 m e1 n t e0"),
    ]:
        assert " ".join(phones_of_ipa(written, "x")) == expected
    assert SPANISH.phones("o1 l a0", "x-arpabet") == ("o1", "l", "a0")
    for wrong in ("ǃx", "", "..."):
        with pytest.raises(BadText):
            SPANISH.phones(wrong)
    with pytest.raises(BadText, match="alphabet"):
        SPANISH.phones("a", "x-sampa")


def test_phones_of_one_sign_are_those_of_the_other_languages():
    languages = ("de", "en", "es")
    signs = shared_signs(languages)
    shared = {*shared_signs(("es",)).values()} & {*shared_signs(("de", "en")).values()}
    assert {signs["TH"], signs["W"], signs["x"], signs["CH"], "a1", "s", "j"} <= shared
    assert not {"i1", "e1", "o1", "u1", "ɲ", "r", "ɾ", "ʝ"} & shared
    assert nearest_vowels("de", ("e1", "o0", "t")) == {"e1": "eː1", "o0": "oː0"}
    assert nearest_vowels("es", ("iː1", "a1")) == {"iː1": "i1"}


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("guerra", "ɡ e1 r a0"),
        ("vergüenza", "b e0 ɾ ɡ w e1 n θ a0"),
        ("agua", "a1 ɡ w a0"),
        ("quién", "k j e1 n"),
        ("cuatro", "k w a1 t ɾ o0"),
        ("exacto", "e0 k s a1 k t o0"),
        ("xilófono", "s i0 l o1 f o0 n o0"),
        ("calle", "k a1 ʝ e0"),
        ("yo", "ʝ o1"),
        ("hay", "a1 j"),
        ("hierba", "ʝ e1 ɾ b a0"),
        ("búho", "b u1 o0"),
        ("prohibir", "p ɾ o0 j b i1 ɾ"),
        ("oído", "o0 i1 d o0"),
        ("leer", "l e0 e1 ɾ"),
        ("héroe", "e1 ɾ o0 e0"),
        ("averiguáis", "a0 b e0 ɾ i0 ɡ w a1 j s"),
        ("reloj", "r e0 l o1 x"),
        ("alrededor", "a0 l r e0 d e0 d o1 ɾ"),
        ("subrayar", "s u0 b r a0 ʝ a1 ɾ"),
        ("escena", "e0 s θ e1 n a0"),
        ("gnomo", "n o1 m o0"),
        ("robots", "r o0 b o1 t s"),
        ("fácilmente", "f a2 θ i0 l m e1 n t e0"),
        ("aumente", "a0 w m e1 n t e0"),
        ("mexicanos", "m e0 x i0 k a1 n o0 s"),
        ("mí", "m i1"),
        ("mi", "m i0"),
        ("W", "u1 b e0 d o1 b l e0"),
        ("E", "e1"),
        ("", ""),
    ],
)
def test_words_are_spoken_by_the_rules_of_the_spelling(word, expected):
    assert " ".join(phones_of(word)) == expected


def test_american_spanish_has_no_theta_and_one_first_of_may():
    assert front_end("es-ES").language == front_end("es").language == "es"
    assert {front_end(f"es-{region}").language for region in ("419", "AR", "US")} == {"es-419"}
    assert AMERICAN.symbols == SPANISH.symbols
    assert sound("Cinco escenas", reader=AMERICAN) == "s i1 n k o0 e0 s e1 n a0 s"
    assert spoken("El 1 de mayo", reader=AMERICAN) == "el primero de mayo"
    assert AMERICAN.say_as("Z", "characters") == "[[s e1 t a0]]"
    assert AMERICAN.say_as("1/5", "date", "dm") == "primero de mayo"


def test_number_words():
    assert [" ".join(cardinal(n)) for n in (0, 1, 16, 21, 31, 100, 101, 1000, 1100, 999_999)] == [
        *("cero", "uno", "dieciséis", "veintiuno", "treinta y uno", "cien", "ciento uno", "mil", "mil cien"),
        "novecientos noventa y nueve mil novecientos noventa y nueve",
    ]
    assert " ".join(cardinal(-2_001_000_001)) == "menos dos mil un millones uno"
    assert " ".join(cardinal(10**15 + 10**12)) == "mil un billones"
    assert " ".join(cardinal(221_221, FEMININE)) == "doscientas veintiún mil doscientas veintiuna"
    assert " ".join(cardinal(31_501, MASCULINE)) == "treinta y un mil quinientos un"
    assert [" ".join(ordinal(n, end)) for n, end in ((1, "er"), (3, "a"), (13, "o"), (21, "as"), (111, "o"))] == [
        *("primer", "tercera", "decimotercero", "vigésimas primeras", "centésimo undécimo"),
    ]
    assert [" ".join(fraction(*pair)) for pair in ((1, 2), (2, 3), (3, 4), (5, 12), (7, 30), (1, 100))] == [
        *("un medio", "dos tercios", "tres cuartos", "cinco doceavos", "siete treintavos", "un centésimo"),
    ]
    assert [" ".join(decimal(text)) for text in ("1.234", "1,234", "1,234.5", "3.14", "0,07")] == [
        *("mil doscientos treinta y cuatro", "uno coma dos tres cuatro"),
        *("mil doscientos treinta y cuatro punto cinco", "tres punto catorce", "cero coma cero siete"),
    ]


VALUES = {" ".join(cardinal(n)): n for n in range(1000)} | {" ".join(cardinal(n, MASCULINE)): n for n in range(1, 1000)}


def value_of(words):
    """Add up the words of a number below a billion in Spanish, 10^12."""
    total = 0
    for size, names in ((10**6, ("millones", "millón")), (1000, ("mil",)), (1, ())):
        index = next((index for index, word in enumerate(words) if word in names), None)
        if size == 10**6 and index is not None:
            total, words = total + size * value_of(words[:index]), words[index + 1 :]
        elif size == 1000 and index is not None:
            total, words = total + size * (VALUES[" ".join(words[:index])] if index else 1), words[index + 1 :]
        elif size == 1 and words:
            total += VALUES[" ".join(words)]
    return total


def test_the_words_of_a_number_add_up_to_it():
    rng = random.Random(0)
    numbers = [*range(0, 3000, 7), *(rng.randrange(10 ** rng.randrange(4, 13)) for _ in range(2000))]
    assert all(value_of(cardinal(number)) == number for number in numbers)
    assert all(phones_of(word) for number in numbers for word in (*cardinal(number), *ordinal(number % 1000)))


@pytest.mark.parametrize(
    ("gender", "nouns"),
    [
        ("f", "casas mujeres canciones ciudades veces manos fotos actrices luces noches clases crisis"),
        ("m", "perros días problemas hombres países aviones policías poetas reyes taxistas peces meses millones"),
    ],
)
def test_the_gender_of_nouns(gender, nouns):
    assert {noun: gender_of(noun) for noun in nouns.split()} == dict.fromkeys(nouns.split(), gender)


@pytest.mark.parametrize("name", sorted(path.stem for path in (FOLDER / "data").glob("*.tsv")))
def test_a_table_says_its_columns_and_has_no_row_twice(name):
    head = " ".join(line for line in rules.data_text(f"{name}.tsv").splitlines() if line.startswith("# "))
    assert "Columns: " in head
    assert "Source: " in head
    n_keys = 2 if name in ("calendar", "signs") else 1
    keys = Counter(tuple(fields[:n_keys]) for fields in table_rows(name))
    assert [key for key, count in keys.items() if count > 1] == []


def test_words_of_tables_have_phones():
    columns = {"letters": (1,), "loans": (1,), "units": (1, 2), "currencies": (2, 3), "abbreviations": (2,)}
    words = [
        word
        for name, own in columns.items()
        for row in table_rows(name)
        for column in own
        for word in row[column].split()
    ]
    assert all(any(phone[-1] in "012" for phone in phones_of(word)) for word in words)
    assert {phone for word in words for phone in phones_of(word)} | {"θ"} <= {*PHONES}
    assert {phone for _, phones in rules.rows("spelling", 2) for phone in phones.split()} <= {*PHONES}


def test_a_lexicon_overrides_words(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("Kyiv  /ˈkiiu̯/\ncasa  k o1 s a0\n", encoding="utf-8")
    lexicon = read_lexicon(path, "es-419")
    assert sound("Casa", lexicon) == "k o1 s a0"
    assert sound("Kyiv", lexicon) == "k i1 i0 w"
    path.write_text("casa  HH AW1 S\n", encoding="utf-8")
    with pytest.raises(BadText, match="line 1: 'casa' has the phone 'HH'"):
        read_lexicon(path, "es")


@pytest.mark.parametrize(
    ("kind", "text", "order", "expected"),
    [
        ("cardinal", "21", "", "veintiuno"),
        ("ordinal", "3.ª", "", "tercera"),
        ("digits", "112", "", "uno uno dos"),
        ("telephone", "+34 91", "", "más tres cuatro nueve uno"),
        ("date", "3/5/2026", "mdy", "cinco de marzo de dos mil veintiséis"),
        ("time", "8.05", "", "ocho cero cinco horas"),
        ("fraction", "3/4", "", "tres cuartos"),
        ("currency", "3,50 €", "", "tres euros con cincuenta céntimos"),
        ("unit", "5 km", "", "cinco kilómetros"),
    ],
)
def test_say_as(kind, text, order, expected):
    element = f"<speak><say-as interpret-as='{kind}' format='{order}'>{text}</say-as></speak>"
    assert spoken(ssml.parse(element, SPANISH).text) == expected


def test_say_as_spells_letters_and_refuses_what_does_not_fit():
    assert sound(SPANISH.say_as("añ1", "characters")) == "a1 e1 ɲ e0 u1 n o0"
    for kind, text, order in [
        ("cardinal", "x", ""),
        ("date", "1.1.2026", "xyz"),
        ("date", "1.13.", "dm"),
        ("?", "x", ""),
    ]:
        with pytest.raises(BadText):
            SPANISH.say_as(text, kind, order)


def test_the_command_shows_spanish_phones():
    shown = phonemes("Casa [[k o1 s a0]] «y»", language="es")
    assert str(shown) == "casa       k a1 s a0\nk o1 s a0  k o1 s a0\ny.         i0"
