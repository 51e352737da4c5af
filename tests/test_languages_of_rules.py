"""Languages whose rules of reading are lists: word lists in use, other scripts, any input, what is loaded."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

import wavewright.text
from wavewright.base.errors import BadText
from wavewright.text import LANGUAGES, front_end
from wavewright.text.tables import Tables

FOLDER = Path(wavewright.text.__file__).parent
COMMON = [*"0123456789.,:;-–—/ §€%$()[]'\"²½#@&+=<>abcxyzABC\n", "XIV", "IV", "km/h", "3"]
PIECES = {
    "de": [*"ÄÖÜäöüß", "am", "3.", "Mai", "z.", "B.", "Dr.", "XIV.", "Uhr", "GmbH", "E-Mail"],
    "es": [*"¿¡ºªÁÉÑáéíóúüñ", "el", "de", "mayo", "p.", "ej.", "Sr.", "h", "S.", "A.", "EE.", "UU.", "mente"],
    "it": [*"ºÀÈàèìòù", "il", "3º", "maggio", "p.", "es.", "Sig.ra", "ore", "S.p.A.", "l'", "dell'", "un po'", "zz"],
    "fr": [*"ÀÉàèéêïôùçœ", "le", "3e", "mai", "p.", "ex.", "Mme", "14h30", "l'", "d'", "qu'", "-t-il", "vingt", "plus"],
}
"""Pieces of texts by language, beside the common ones."""
assert {*PIECES} == {*LANGUAGES} - {"en"}


@pytest.mark.parametrize("language", PIECES)
def test_code_uses_every_word_list_and_no_other(language):
    folder = FOLDER / LANGUAGES[language][0]
    names = re.findall(r"^([a-z-]+):$", Tables(folder / "data").data_text("word_lists.txt"), re.MULTILINE)
    code = "\n".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    assert len(names) == len({*names})
    assert {*names} == {*re.findall(r'word_list\("([a-z-]+)"\)', code)}


@pytest.mark.parametrize("language", PIECES)
def test_other_scripts_are_refused_or_transliterated(language):
    reader = front_end(language)
    with pytest.raises(BadText, match=f"which the {LANGUAGES[language][0].title()} front end cannot read"):
        reader.sentences("radio Привет")
    skipped = []
    assert reader.sentences("radio Привет и 你好", None, skipped.append)
    assert [passage.text for passage in skipped] == ["你好"]


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("language", PIECES)
def test_any_text_is_read_or_refused(language, seed):
    rng, reader = random.Random(seed), front_end(language)
    pieces = [*COMMON, *PIECES[language]]
    for _ in range(200):
        text = "".join(rng.choice(pieces) + rng.choice(["", " "]) for _ in range(rng.randrange(1, 25)))
        try:
            sentences = reader.sentences(text, None, lambda passage: None)
        except BadText:
            continue
        assert all({*sentence.symbols} <= {*reader.symbols} for sentence in sentences)
        assert all(0 <= word.start < word.end <= len(text) for sentence in sentences for word in sentence.words)


@pytest.mark.parametrize("language", PIECES)
def test_english_loads_nothing_of_it(language):
    code = (
        "import sys; from wavewright.text import front_end; front_end().sentences('hello')\n"
        f"print(any('{LANGUAGES[language][0]}' in name for name in sys.modules))\n"
        f"front_end('{language}').sentences('radio'); print('numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


@pytest.mark.parametrize(
    ("language", "read"),
    [
        ("de", "fünfzehnter märz zweitausendvierundzwanzig"),
        ("es", "quince de marzo de dos mil veinticuatro"),
        ("it", "quindici marzo duemilaventiquattro"),
        ("fr", "quinze mars deux mille vingt quatre"),
    ],
)
def test_a_date_of_eight_digits_needs_no_separators(language, read):
    reader = front_end(language)
    assert reader.say_as("20240315", "date", "ymd") == reader.say_as("2024-03-15", "date", "ymd") == read
    with pytest.raises(BadText, match="a date in the order ymd"):
        reader.say_as("20241315", "date", "ymd")


AMOUNTS = ("1", "2,5", "3.000")


@pytest.mark.parametrize("table", ["units", "currencies", "abbreviations", "numbers", "signs"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_whatever_stands_in_a_table_is_read_after_a_number(language, table):
    front = front_end(language)
    lines = (FOLDER / LANGUAGES[language][0] / "data" / f"{table}.tsv").read_text("utf-8").splitlines()
    cells = [cell for line in lines if line and not line.startswith("#") for cell in line.split("\t")]
    written = dict.fromkeys(word for cell in cells for word in (cell, *cell.split()) if word)
    assert len(written) > 10
    for form in written:
        assert all(front.sentences(f"{amount} {form} {amount}{form}", None, ignored) for amount in AMOUNTS)


def ignored(_skipped):
    """Skip what cannot be read."""
