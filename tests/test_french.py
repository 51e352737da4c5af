"""French text to words and phones: the lists, phones, liaison, numbers, tables, lexicons, SSML, any input."""

from __future__ import annotations

import random
import re
from collections import Counter
from pathlib import Path

import pytest

import wavewright.text.french
from benchmarks.text import front_end as scoring
from wavewright.apps.cli import run
from wavewright.base.errors import BadSetting, BadText
from wavewright.speech.voice import Voice
from wavewright.tasks.phonemes import phonemes
from wavewright.text import front_end, ssml
from wavewright.text.french import rules
from wavewright.text.french.numbers import cardinal, decimal, ordinal
from wavewright.text.french.phones import PHONES, SYMBOLS, phones_of_ipa
from wavewright.text.french.pronounce import ENT_NOUNS, phones_of
from wavewright.text.lexicon_file import read_lexicon
from wavewright.text.shared_symbols import nearest_vowels, shared_signs

LISTS = Path(__file__).parent / "text"
FOLDER = Path(wavewright.text.french.__file__).parent
CODE = "\n".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("*.py"))
FRENCH = front_end("fr")


def spoken(text, lexicon=None):
    return " ".join(word.spoken for sentence in FRENCH.sentences(text, lexicon) for word in sentence.words)


def sound(text, lexicon=None):
    return " ".join(
        phone for sentence in FRENCH.sentences(text, lexicon) for word in sentence.words for phone in word.phones
    )


@pytest.mark.parametrize("name", ["french_blind", "french_more"])
def test_texts_are_read_as_their_list_says(name):
    items = [(text, expected) for _, text, expected in scoring.read_list(LISTS / f"{name}.tsv")]
    read = [(text, expected, scoring.read_aloud(text, expected, FRENCH)) for text, expected in items]
    assert len(read) > 150
    assert [item for item in read if item[1] != item[2]] == []


def test_symbols_begin_and_end_with_silence_and_words_know_where_they_stand():
    text = "L'an 2000, dit-elle."
    (sentence,) = FRENCH.sentences(text)
    assert sentence.symbols[:4] == ("_", "l", "ɑ̃2", "|")
    assert {*sentence.symbols} <= {*FRENCH.symbols}
    assert len({*SYMBOLS}) == len(SYMBOLS)
    assert SYMBOLS[0] == "_"
    assert [text[word.start : word.end] for word in sentence.words] == ["L'an", "2000", "2000", "dit", "elle"]
    assert [word.mark_after for word in sentence.words] == ["", "", ",", "", "."]


def test_ipa_and_symbols_are_the_same_phones():
    for written, expected in [
        ("bɔ̃ˈʒuʁ", "b ɔ̃0 ʒ u1 ʁ"),
        ("b ɔ̃0 ʒ u1 ʁ", "b ɔ̃0 ʒ u1 ʁ"),
        ("bɔ̃ʒuʁ", "b ɔ̃0 ʒ u1 ʁ"),
        ("pə.ti", "p ə t i1"),
        ("lœ̃di", "l œ̃0 d i1"),
        ("tʃao", "t ʃ a0 o1"),
        ("pɑːt", "p a1 t"),
    ]:
        assert " ".join(phones_of_ipa(written, "x")) == expected
    assert FRENCH.phones("ʃ a1", "x-arpabet") == ("ʃ", "a1")
    assert [FRENCH.ipa(symbol) for symbol in ("ɔ̃1", "ə", "ʃ", "_")] == ["ɔ̃", "ə", "ʃ", "_"]
    for wrong in ("ǃx", "", "..."):
        with pytest.raises(BadText):
            FRENCH.phones(wrong)
    with pytest.raises(BadText, match="alphabet"):
        FRENCH.phones("a", "x-sampa")


def test_all_consonants_but_one_are_those_of_other_languages_and_each_vowel_has_a_nearest_one():
    own, others = {*shared_signs(["fr"]).values()}, {*shared_signs(["en", "de", "es", "it"]).values()}
    assert {sign for sign in own - others if sign[-1] not in "012"} == {"ɥ"}
    assert nearest_vowels("de", ("y1", "ɔ̃0", "œ2")) == {"y1": "yː1", "ɔ̃0": "ɔ̃ː0"}
    assert nearest_vowels("fr", ("aː1", "ɪ0", "oː2")) == {"aː1": "a1", "ɪ0": "i0", "oː2": "o2"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("les enfants", "l e0 z | ɑ̃0 f ɑ̃1"),
        ("un grand homme", "œ̃0 | ɡ ʁ ɑ̃2 t | ɔ1 m"),
        ("mon bon ami", "m ɔ̃0 | b ɔ2 n | a0 m i1"),
        ("deux ou trois", "d ø1 | u0 | t ʁ w a1"),
        ("le premier étage", "l ə | p ʁ ə m j ɛ2 ʁ | e0 t a1 ʒ"),
        ("six personnes, six amis, ils sont six", "s i2 | p ɛ0 ʁ s ɔ1 n | s i2 z | a0 m i1 | i0 l | s ɔ̃0 | s i1 s"),
        ("22 ans", "v ɛ̃2 t | d ø2 z | ɑ̃1"),
        ("80 ans", "k a2 t ʁ ə | v ɛ̃2 z | ɑ̃1"),
        ("101", "s ɑ̃2 | œ̃1"),
        ("neuf heures", "n œ2 v | œ1 ʁ"),
        ("peut-être, dit-il, allez-y", "p ø2 t | ɛ1 t ʁ | d i2 t | i1 l | a0 l e2 z | i1"),
        ("une table ronde", "y0 n | t a2 b l ə | ʁ ɔ̃1 d"),
        ("ils président, nous portions", "i0 l | p ʁ e0 z i1 d | n u0 | p ɔ0 ʁ t j ɔ̃1"),
        ("des fils de fer, mes fils", "d e0 | f i1 l | d ə | f ɛ1 ʁ | m e0 | f i1 s"),
        ("je n'en veux plus, j'en veux plus", "ʒ ə | n ɑ̃0 | v ø2 | p l y1 | ʒ ɑ̃0 | v ø2 | p l y1 s"),
        ("il l'est à l'est", "i0 l | l ɛ0 t | a0 | l ɛ1 s t"),
        ("le onze, le huit, le oui", "l ə | ɔ̃1 z | l ə | ɥ i1 t | l ə | w i1"),
    ],
)
def test_words_sound_as_their_neighbours_ask(text, expected):
    (sentence,) = FRENCH.sentences(text)
    assert " | ".join(" ".join(word.phones) for word in sentence.words) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Le CAC40 et le S&P500.", "le cac quarante et le s et p cinq cents"),
        ("Versez 1/2 tasse de lait.", "versez une demi tasse de lait"),
        ("Ouvert 7j/7, 24h/24.", "ouvert sept jours sur sept vingt quatre heures sur vingt quatre"),
        ("Note : 4,5/5, page 3/10.", "note quatre virgule cinq sur cinq page trois sur dix"),
        ("CDI, 35h/semaine", "c d i trente cinq heures par semaine"),
        ("2 500 € brut/mois", "deux mille cinq cents euros brut par mois"),
        ("J.-J. Rousseau, n°3, 200 p.", "j j rousseau numéro trois deux cents pages"),
        ("XVIe-XVIIe s.", "seizième dix septième siècle"),
        ("l'art. L123-4, al. 2", "l'article l cent vingt trois tiret quatre alinéa deux"),
        ("500 fr. et 20 K€", "cinq cents francs et vingt mille euros"),
        ("300 k€, 1 k€ et 2,5 k€", "trois cent mille euros mille euros et deux virgule cinq mille euros"),
        ("Une 1/2 bouteille, la 1/2 heure", "une demi bouteille la demi heure"),
    ],
)
def test_more_texts(text, expected):
    assert spoken(text) == expected


def test_letters_stand_for_sounds():
    for word, expected in {
        "chanter": "ʃ ɑ̃ t e",
        "chœurs": "k œ ʁ",
        "guerre": "ɡ ɛ ʁ",
        "aquatique": "a k w a t i k",
        "équilatéraux": "e k ɥ i l a t e ʁ o",
        "acquérir": "a k e ʁ i ʁ",
        "œillet": "œ j ɛ",
        "vient": "v j ɛ̃",
        "clients": "k l i j ɑ̃",
        "état": "e t a",
        "marais": "m a ʁ ɛ",
        "serai": "s ə ʁ e",
        "gagner": "ɡ a ɲ e",
        "nageoire": "n a ʒ w a ʁ",
        "accident": "a k s i d ɑ̃",
        "garçon": "ɡ a ʁ s ɔ̃",
        "feuille": "f œ j",
        "accueillir": "a k œ j i ʁ",
        "crayon": "k ʁ ɛ j ɔ̃",
        "royaume": "ʁ w a j o m",
        "appuyer": "a p ɥ i j e",
        "fauteuils": "f o t œ j",
        "soleil": "s ɔ l ɛ j",
        "pluie": "p l ɥ i",
        "février": "f e v ʁ i j e",
        "client": "k l i j ɑ̃",
        "science": "s j ɑ̃ s",
        "citoyen": "s i t w a j ɛ̃",
        "nation": "n a s j ɔ̃",
        "gestion": "ʒ ɛ s t j ɔ̃",
        "exemple": "ɛ ɡ z ɑ̃ p l",
        "taxi": "t a k s i",
        "maison": "m ɛ z ɔ̃",
        "poisson": "p w a s ɔ̃",
        "bonheur": "b ɔ n œ ʁ",
        "immense": "i m ɑ̃ s",
        "simple": "s ɛ̃ p l",
        "photographie": "f ɔ t ɔ ɡ ʁ a f i",
        "appartement": "a p a ʁ t ə m ɑ̃",
        "boulangerie": "b u l ɑ̃ ʒ ʁ i",
        "ressembler": "ʁ ə s ɑ̃ b l e",
        "heureuse": "œ ʁ ø z",
        "peuvent": "p œ v",
        "étudient": "e t y d i",
        "constamment": "k ɔ̃ s t a m ɑ̃",
        "rarement": "ʁ a ʁ m ɑ̃",
        "aiment": "ɛ m",
        "jusqu'à": "ʒ y s k a",
        "l'homme": "l ɔ m",
        "aujourd'hui": "o ʒ u ʁ d ɥ i",
    }.items():
        assert " ".join(phones_of(word)) == expected, word


def test_number_words():
    assert [" ".join(cardinal(n)) for n in (0, 16, 17, 21, 71, 80, 81, 91, 99, 100, 200, 201, 1000, 80_000)] == [
        *("zéro", "seize", "dix sept", "vingt et un", "soixante et onze", "quatre vingts", "quatre vingt un"),
        *("quatre vingt onze", "quatre vingt dix neuf", "cent", "deux cents", "deux cent un", "mille"),
        "quatre vingt mille",
    ]
    assert " ".join(cardinal(-2_001_000_001)) == "moins deux milliards un million un"
    assert " ".join(cardinal(21, is_feminine=True)) == "vingt et une"
    assert cardinal(10**18)[:2] == ["un", "zéro"]
    assert [" ".join(ordinal(n)) for n in (1, 2, 5, 9, 21, 80, 100, 1000)] == [
        *(
            "premier",
            "deuxième",
            "cinquième",
            "neuvième",
            "vingt et unième",
            "quatre vingtième",
            "centième",
            "millième",
        ),
    ]
    assert " ".join(decimal("1 234,50")) == "mille deux cent trente quatre virgule cinquante"
    numbers = [*range(1, 1200, 7), *(random.Random(0).randrange(10**15) for _ in range(200))]
    assert all(phones_of(word) for number in numbers for word in (*cardinal(number), *ordinal(number)))


def test_numbers_that_differ_sound_different():
    words_of = [tuple(cardinal(number)) for number in range(2000)]
    assert len({*words_of}) == len({tuple(map(phones_of, word)) for word in words_of}) == 2000


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("fr", "soixante et onze quatre vingts quatre vingt dix sept"),
        ("fr-BE", "septante et un quatre vingts nonante sept"),
        ("fr-CH", "septante et un huitante nonante sept"),
        ("fr-CA", "soixante et onze quatre vingts quatre vingt dix sept"),
    ],
)
def test_regions_have_tens_of_their_own(language, expected):
    reader = front_end(language)
    (sentence,) = reader.sentences("71 ; 80 ; 97")
    assert " ".join(word.spoken for word in sentence.words) == expected
    assert reader.say_as("71", "cardinal") == expected[: expected.index(" quatre" if "quatre" in expected else " huit")]


def test_tables_say_their_columns_and_have_no_row_twice():
    for path in (FOLDER / "data").glob("*.tsv"):
        lines = path.read_text(encoding="utf-8").splitlines()
        head = " ".join(line for line in lines if line.startswith("# "))
        assert "Columns: " in head
        assert "Source: " in head
        fields = [line.split("\t") for line in lines if line and not line.startswith("# ")]
        n_keys = 3 if path.stem == "spelling" else 2
        keys = Counter(tuple(row[:n_keys]) for row in fields)
        assert [key for key, count in keys.items() if count > 1] == [], path.name


def test_every_rule_of_spelling_is_needed_by_its_letters():
    rows = rules.rows("spelling", 4)
    always: set[str] = set()
    for letters, before, after, _ in rows:
        assert letters not in always, f"{letters} {before} {after} is never reached"
        if not before and not after:
            always.add(letters)
    assert {*"abcdefghijklmnopqrstuvwxyzàâäçéèêëîïôöùûüÿœæ"} - {"ä"} <= always


def test_phones_of_tables_are_phones():
    plain = {phone.rstrip("012") for phone in PHONES}
    spoken_phones = [
        phone for phones in (*rules.spoken("words").values(), *rules.spoken("letters").values()) for phone in phones
    ]
    spoken_phones += [phone for row in rules.rows("spelling", 4) for phone in row[3].split() if phone != "-"]
    assert {*spoken_phones} <= plain
    for table, columns in (
        ("units", (1, 2, 3)),
        ("currencies", (2, 3, 4, 5)),
        ("abbreviations", (2,)),
        ("signs", (2,)),
    ):
        named = {word for row in rules.rows(table, 6) for column in columns for word in row[column].split()}
        assert all(phones_of(word) for word in named)
    assert [word for word in ENT_NOUNS if not word.endswith("ent")] == []


def test_a_lexicon_overrides_words(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("Goethe  /ˈɡøte/\nmaison  m y1 z ɔ̃0\n", encoding="utf-8")
    lexicon = read_lexicon(path, "fr")
    assert sound("La maison.", lexicon) == "l a0 m y1 z ɔ̃0"
    assert sound("Goethe", lexicon) == "ɡ ø1 t e0"
    path.write_text("maison  HH AW1 S\n", encoding="utf-8")
    with pytest.raises(BadText, match="line 1: 'maison' has the phone 'HH'"):
        read_lexicon(path, "fr")


@pytest.mark.parametrize(
    ("kind", "text", "order", "expected"),
    [
        ("cardinal", "21", "", "vingt et un"),
        ("ordinal", "3e", "", "troisième"),
        ("ordinal", "1re", "", "première"),
        ("ordinal", "2nde", "", "seconde"),
        ("digits", "112", "", "un un deux"),
        ("telephone", "+33 6", "", "plus trois trois six"),
        ("date", "3/5/2026", "mdy", "cinq mars deux mille vingt six"),
        ("time", "8:05", "", "huit heures cinq"),
        ("fraction", "3/4", "", "trois quarts"),
        ("currency", "3,50 €", "", "trois euros cinquante"),
        ("unit", "5 km", "", "cinq kilomètres"),
    ],
)
def test_say_as(kind, text, order, expected):
    element = f"<speak><say-as interpret-as='{kind}' format='{order}'>{text}</say-as></speak>"
    assert spoken(ssml.parse(element, FRENCH).text) == expected


def test_say_as_spells_letters_and_refuses_what_does_not_fit():
    assert sound(FRENCH.say_as("bé1", "characters")) == "b e1 ø1 œ̃1"
    for kind, text, order in [
        ("cardinal", "x", ""),
        ("date", "1.1.2026", "xyz"),
        ("date", "1.13.", "dm"),
        ("?", "x", ""),
    ]:
        with pytest.raises(BadText):
            FRENCH.say_as(text, kind, order)


def test_the_command_shows_french_phones(capsys):
    shown = phonemes("Maison [[m u1 z]] « rue »", language="fr")
    assert str(shown).splitlines()[1] == "m u1 z  m u1 z"
    assert run(["phonemes", "--language", "fr", "Bonjour"]) == 0
    assert "b ɔ̃0 ʒ u1 ʁ" in capsys.readouterr().out


def test_no_voice_speaks_it_yet():
    with pytest.raises(BadSetting, match="The language is 'fr', and en-kathleen speaks 'en'"):
        Voice.load("en-kathleen", language="fr")


def test_any_word_has_phones():
    rng = random.Random(1)
    plain = {phone.rstrip("012") for phone in PHONES}
    for _ in range(2000):
        word = "".join(rng.choice("abcdefghijklmnopqrstuvwxyzàâçéèêîôùœaeioaei'-") for _ in range(rng.randrange(1, 14)))
        phones = phones_of(word)
        assert {*phones} <= plain, word
        assert phones or not re.search("[aiou]", word.replace("qu", "")), word
