"""Plain text as people and language models write it: lists, headings, quotes, tables; whole and in pieces."""

from __future__ import annotations

import random

import pytest

from wavewright.apps.server.live_text import LiveText
from wavewright.speech.reading import segment_lines
from wavewright.text import front_end
from wavewright.text.markup import MarkupReader

ENGLISH = front_end()
RECIPE = (
    "Here is how:\n\n1. Wash the rice\n2. Rinse it (twice)\n3. Boil\n\n## Tips\nUse a *heavy* pot. Stir **well. "
    "Often** is fine.\n- salt\n- pepper\nThen eat. Mr. Bean said [this](x.y). Bye"
)
NOTES = (
    "Shopping:\n* milk\n* eggs and\n  bread\n> He said so\n> twice.\nOK then.\n\n| a | b |\n|---|---|\n| 1 | 2 |\nEnd"
)
PAGE = "<p>One two. Three</p><p>Four <b>five. Six</b></p><ul><li>a pear</li><li>a fig</li></ul>"


LANGUAGES = ("de", "en", "es", "fr", "it")


def sentences(text):
    return [str(sentence) for sentence in ENGLISH.sentences(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1. Wash\n2. Dry", ["one.", "wash.", "two.", "dry."]),
        ("1) Wash\n2) Dry", ["one.", "wash.", "two.", "dry."]),
        ("Steps:\nI. Wash\nII. Dry it.\nIII. Go", ["steps.", "one.", "wash.", "two.", "dry it.", "three.", "go."]),
        ("I. Newton\nwrote to Louis\nIX. He did", ["i newton wrote to louis the ninth.", "he did."]),
        ("a) Wash\nb) Dry", ["a.", "wash.", "b.", "dry."]),
        ("* apples\n* pears", ["apples.", "pears."]),
        ("- apples\n- pears\n+ figs", ["apples.", "pears.", "figs."]),
        ("\u2022 apples\n\u2022 pears", ["apples.", "pears."]),
        ("Buy:\n- milk\n- two eggs", ["buy.", "milk.", "two eggs."]),
        ("- milk\n  and honey\n- eggs", ["milk and honey.", "eggs."]),
        ("- [ ] wash\n- [x] dry", ["wash.", "dry."]),
        ("> He said so\n> twice.\nI agree", ["he said so twice.", "i agree."]),
        ("# Title\nText", ["title.", "text."]),
        ("### Title ###\nText", ["title.", "text."]),
        ("Title\n=====\nText", ["title.", "text."]),
        ("One\n---\nTwo", ["one.", "two."]),
        ("**Step one**\nOpen it", ["step one.", "open it."]),
        ("| a | b |\n|---|---|\n| 1 | 2 |", ["a, b.", "one, two."]),
        ("```python\nx\n```\nDone", ["x.", "done."]),
        ("1. Mix\n\n2. Bake\n\n3. Eat", ["one.", "mix.", "two.", "bake.", "three.", "eat."]),
        # what is no mark
        ("It was cold\n5 > 3 holds", ["it was cold five is greater than three holds."]),
        ("He came in\n1984. It rained", ["he came in nineteen eighty four.", "it rained."]),
        ("We need\n50. Then go", ["we need fifty.", "then go."]),
        ("He left \u2014 and\n\u2014 so did I", ["he left; and; so did i."]),
        ("#1 fan\n<5 left", ["number one fan less than five left."]),
        ("one line\nand the next", ["one line and the next."]),
    ],
)
def test_lines_are_read_as_they_look(text, expected):
    assert sentences(text) == expected


@pytest.mark.parametrize(
    ("text", "markup"),
    [(RECIPE, "none"), (NOTES, "none"), (RECIPE, "markdown"), (NOTES, "markdown"), (PAGE, "html")],
)
@pytest.mark.parametrize("seed", range(4))
def test_pieces_of_a_text_are_read_as_the_whole(text, markup, seed):
    draw = random.Random(seed)
    live = LiveText(10_000)
    segments = live.segments(lambda plain: ENGLISH.stream(plain, None, lambda _: None), markup)
    found = []
    position = 0
    while position < len(text):
        end = position + draw.randrange(1, 9)
        live.push(text[position:end])
        position = end
        while (segment := next(segments)) is not None:
            found.append(segment)
    live.end()
    found += [segment for segment in segments if segment]
    assert "".join(found) == text
    assert len(found) > 2
    reader = MarkupReader(markup)
    plain = [reader.read(segment).text for segment in found]
    read = [sentence for part in plain if any(map(str.isalnum, part)) for sentence in sentences(part)]
    assert read == sentences(MarkupReader(markup).read(text).text)


@pytest.mark.parametrize("text", [RECIPE, NOTES])
def test_lines_as_they_come_are_read_as_the_whole(text):
    found = list(segment_lines(text.splitlines(keepends=True), "x", ENGLISH.sentences))
    assert "".join(found) == text
    assert [sentence for segment in found if segment.strip() for sentence in sentences(segment)] == sentences(text)
    assert max(len(segment) for segment in found) < 60  # no item waits for the end of its list


def test_an_item_is_given_as_soon_as_the_next_one_starts():
    live = LiveText(1_000)
    segments = live.segments(lambda plain: ENGLISH.stream(plain, None, lambda _: None))
    live.push("1. Wash the rice\n2. D")
    assert next(segments) == "1. Wash the rice\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("II. Weltkrieg", "zweiter weltkrieg."),
        ("XX. Jahrhundert", "zwanzigstes jahrhundert."),
        ("I. Liga", "erste liga."),
        ("der\nIV. Stock", "der vierte stock."),
    ],
)
def test_roman_ordinals_of_german_are_no_items(text, sentence):
    assert [str(each) for each in front_end("de").sentences(text)] == [sentence]


def roman(number: int) -> str:
    """Return a roman numeral by the remainders of tens."""
    tens = "", "X", "XX", "XXX", "XL"
    return tens[number // 10] + ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX")[number % 10]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("seed", range(6))
def test_roman_items_are_read_as_those_in_figures(language, seed):
    rng = random.Random(seed)
    words = {"de": "Öl Salz", "en": "oil salt", "es": "sal pan", "fr": "sel pain", "it": "sale pane"}[language].split()
    end, mark, gap = rng.choice(["", ".", "!"]), rng.choice([".", ")"]), rng.choice(["\n", "\n  ", "\n\n"])
    items = [" ".join(rng.choices(words, k=rng.randint(1, 4))).capitalize() + end for _ in range(rng.randint(2, 22))]
    in_case = str.lower if end != "!" and rng.random() < 0.5 else str

    def read(number_of):
        text = gap.join(f"{number_of(number)}{mark} {item}" for number, item in enumerate(items, 1))
        return [str(sentence) for sentence in front_end(language).sentences(text)]

    assert read(lambda number: in_case(roman(number))) == read(str)
