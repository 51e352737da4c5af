"""Whole numbers are spoken as an independent spelling function spells them, whatever is around them."""

from __future__ import annotations

import random

import pytest

from wavewright.text import front_end
from wavewright.text.english.units import CODES, CURRENCIES, NEEDS_NO_SPACE, UNITS

ENGLISH = front_end()
ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
LARGEST = 10**12


def spelled(number):
    """Spell a number by division, from the largest power of a thousand down."""
    if number < 20:
        return ONES[number]
    if number < 100:
        return TENS[number // 10 - 2] + (f" {ONES[number % 10]}" if number % 10 else "")
    for size, name in (
        (LARGEST, "trillion"),
        (10**9, "billion"),
        (10**6, "million"),
        (1000, "thousand"),
        (100, "hundred"),
    ):
        if number >= size:
            rest = f" {spelled(number % size)}" if number % size else ""
            return f"{spelled(number // size)} {name}{rest}"
    raise AssertionError(number)


def spoken(text):
    return [" ".join(word.spoken for word in sentence.words) for sentence in ENGLISH.sentences(text)]


def sampled():
    """Return every boundary with its neighbours, numbers of five digits that begin like years, and random ones."""
    draw = random.Random(1)
    edges = [10**power * first for power in range(12) for first in range(1, 10)]
    near = {edge + step for edge in edges for step in (-1, 0, 1, 10, 11, 99, 100, 101, 1000)}
    like_years = draw.sample(range(11_000, 21_000), 300)
    anywhere = [draw.randrange(10 ** draw.randrange(1, 13)) for _ in range(600)]
    return sorted(number for number in {*near, *like_years, *anywhere, LARGEST} if 0 < number <= LARGEST)


SAMPLED = sampled()
N_PARTS = 16  # of the numbers, of which a run without --all takes three


@pytest.mark.no_cover
def test_every_number_to_2000_and_every_seventh_to_100000_is_spelled():
    """They are read in texts of a hundred, one a paragraph."""
    every = [*range(2_000), *range(2_000, 100_000, 7)]
    for start in range(0, len(every), 100):
        numbers = every[start : start + 100]
        plain = "\n\n".join(f"{number} tickets" for number in numbers)
        assert spoken(plain) == [f"{spelled(number)} tickets" for number in numbers]


@pytest.mark.parametrize("part", range(N_PARTS))
@pytest.mark.parametrize("written", ["{}", "{:,}"])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("We sold {} tickets.", "we sold {} tickets"),
        ("({} seats)", "{} seats"),
        ("Exactly {}, he said.", "exactly {} he said"),
        ("Of {} voters, half came.", "of {} voters half came"),
        ("about {}-odd boxes", "about {} odd boxes"),
        ("-{} points", "minus {} points"),
        ("{}%", "{} percent"),
        ("${}", "{} dollars"),
        ("{} USD", "{} u s dollars"),
    ],
)
def test_numbers_are_spelled_in_sentences(written, text, expected, part):
    for number in SAMPLED[part::N_PARTS]:
        may_be_year = written == "{}" and 1000 <= number <= 2999 and expected.startswith(("exactly", "about"))
        if number == 1 or may_be_year:
            continue
        digits = written.format(number)
        assert spoken(text.format(digits)) == [expected.format(spelled(number))], digits


@pytest.mark.parametrize("first", range(0, 14, 2))
def test_numbers_are_spelled_before_every_unit(first):
    units = [written for written in UNITS if written not in NEEDS_NO_SPACE and written not in ("K", "A")]
    draw = random.Random(2)
    for written in units:
        name = " ".join(word.lower() for word in UNITS[written].several.split())
        for number in [13_750, 20_100, *draw.sample(SAMPLED[10:], 12)][first : first + 2]:
            for digits in (str(number), f"{number:,}"):
                assert spoken(f"It is {digits} {written} in all.") == [f"it is {spelled(number)} {name} in all"], (
                    written
                )


@pytest.mark.parametrize("first", range(0, 14, 2))
def test_numbers_are_spelled_beside_every_currency(first):
    draw = random.Random(3)
    for written, currency in {**CURRENCIES, **CODES}.items():
        for number in [11_000, 19_999, *draw.sample(SAMPLED[10:], 12)][first : first + 2]:
            for digits in (str(number), f"{number:,}"):
                space = " " if written.isalpha() else ""
                assert spoken(f"It cost {written}{space}{digits} in all.") == [
                    f"it cost {spelled(number)} {currency.several} in all"
                ], written


def test_numbers_in_the_groups_of_india_have_their_value():
    for number, written in ((10**5, "1,00,000"), (1_234_567, "12,34,567"), (10**7, "1,00,00,000"), (10_050, "10,050")):
        assert spoken(f"It cost ₹{written}.") == [f"it cost {spelled(number)} rupees"]
