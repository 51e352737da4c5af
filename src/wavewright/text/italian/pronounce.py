"""Pronounce single Italian words: their stress by a list and by endings, their phones by rules for the letters."""

from __future__ import annotations

import functools
import re
import unicodedata

from ..characters import fold_accents
from ..ipa import has_stress
from ..tables import alternatives
from .phones import doubled
from .rules import data_text, rows, spoken, word_list

Phones = tuple[str, ...]

MAX_CACHED = 50_000
UNSTRESSED = word_list("unstressed")
MARKED = {"à": "a", "è": "e", "é": "e", "ì": "i", "í": "i", "ò": "o", "ó": "o", "ù": "u", "ú": "u"}
"""Vowels with an accent, and without."""
CONSONANT_MARKS = {"ż": "z", "ẓ": "z", "ś": "s"}
"""Letters of the word list for a voiced z, a voiceless z and a voiceless s, and without their marks."""

_PLAIN = str.maketrans({**MARKED, **CONSONANT_MARKS})
_WITHOUT_MARKS = str.maketrans(CONSONANT_MARKS)
_OPEN = {"a": "à", "e": "è", "i": "ì", "o": "ò", "u": "ù"}
_CLOSED = {**_OPEN, "e": "é", "o": "ó"}
_ANY_VOWEL = "aeio"
_CLITICS = "gliel[oaie]|gli|l[oaie]|ne|[mtscv]i"
_LONGEST_ENDING = 9
_SHORT_HIATUS = re.compile("(?![qg]u|s?[cg]i|gli)[^aeiouy]{0,3}[iu][aeo]")
"""Words such as ``mio`` and ``due``, whose i and u are stressed."""

# what follows a stressed e or o on the second syllable from the end, if it is open
_OPEN_E = re.compile(r"n[tdzs]|ll[oaie]|rr|r[tdvbsnlz]|l[tvs]|mp|s[tp]|[aoi]$|m[aoi]$|ndr")
_OPEN_O = re.compile(r"[bcdghlpqstz]{2}|r(?!n)|st|l[cdfgpt]|gli|i?[ao]$|[dtbcgf][oaie]|ch|gh")


@functools.cache
def _words() -> tuple[dict[str, str], dict[str, str]]:
    """Return the words of the list with their marks, by the word and by the stem without its last vowel."""
    words: dict[str, str] = {}
    stems: dict[str, str] = {}
    for line in data_text("words.txt").splitlines():
        for written in () if line.startswith("#") else line.split():
            word = written.removesuffix(".")
            words[word.translate(_PLAIN)] = word
            if written == word and word[-1] in "aeio":
                stems[word[:-1].translate(_PLAIN)] = word[:-1]
                if word[-2:] in ("io", "ia"):
                    stems.setdefault(word[:-2].translate(_PLAIN), word[:-2])
                if word.endswith("ere"):
                    stems.setdefault(word[:-3].translate(_PLAIN), word[:-3])
    return words, stems


@functools.cache
def _endings() -> dict[str, str]:
    """Return the endings with their stress by the ending without it."""
    endings: dict[str, str] = {}
    for (ending,) in rows("endings", 1):
        for vowel in _ANY_VOWEL if ending.endswith("*") else ("",):
            written = ending.removesuffix("*") + vowel
            endings.setdefault(written.lstrip(".").translate(_PLAIN), written)
    return endings


def is_known(word: str) -> bool:
    """Return True for a word of the lists."""
    word = word.lower()
    return word in spoken("loans") or word in UNSTRESSED or _listed(word.translate(_PLAIN)) is not None


def _listed(word: str) -> str | None:
    """Return a word with its marks if the list has it, or a form of it."""
    words, stems = _words()
    if word in words:
        return words[word]
    if word[-1:] in "aeio":
        for stem, end in ((word[:-1], word[-1:]), (word[:-2], word[-2:])):
            if stem in stems and (len(end) == 1 or (end in ("hi", "he") and stem[-1:] in "cg")):
                return stems[stem] + end
    return None


def nuclei(word: str) -> list[int]:
    """Return the positions of the vowels that may be stressed in a word without accents."""
    found = []
    for index, letter in enumerate(word):
        before, after = word[index - 1 : index], word[index + 1 : index + 2]
        if letter in "iu":
            is_last = index == len(word) - 2
            is_ui = letter == "u" and after == "i" and is_last and before not in ("q", "g")
            if after and after in "aeiou" and not is_ui and not (letter == "i" and after == "i"):
                continue  # a glide
            is_last_ui = letter == "i" and before == "u" and index == len(word) - 1
            if (before and before in "aeo") or (is_last_ui and word[index - 2 : index] not in ("qu", "gu")):
                continue  # the end of a diphthong
            found.append(index)
        elif letter in "aeoy":
            found.append(index)
    is_short = len(found) == 1 and _SHORT_HIATUS.fullmatch(word) is not None
    return [found[0] - 1] if is_short else found


@functools.lru_cache(MAX_CACHED)
def accented(word: str) -> str:
    """Return a word in lower case with an accent on its stressed vowel, è and ò if it is open: ``pòpolo``.

    A word that is written with an accent keeps it; one without vowels has none.
    """
    written = [index for index, letter in enumerate(word) if letter in MARKED]
    if written:
        plain = word.translate(_PLAIN)
        listed = _listed(plain)
        if listed is not None and listed.translate(_WITHOUT_MARKS) == word:
            return listed
        return "".join(
            letter if letter not in MARKED or index == written[-1] else MARKED[letter]
            for index, letter in enumerate(word)
        )
    return _listed(word) or _of_third_person(word) or _of_infinitive(word) or _by_ending(word) or _by_syllables(word)


def _of_third_person(word: str) -> str | None:
    """Return ``àbitano`` for ``abitano`` since the list has ``àbita``, and ``elìminalo`` since it has ``elìmina``."""
    is_verb = len(word) > 5 and word.endswith(("ano", "ono"))
    if not is_verb and not word.endswith(("ino", "alo", "ilo")):
        return None
    listed = _listed(word[:-2])
    is_third_last = listed is not None and sum(letter in "aeiou" for letter in re.split("[àèéìòóù]", listed)[-1]) > 1
    return listed + word[-2:] if listed and (is_verb or is_third_last) else None


def _of_infinitive(word: str) -> str | None:
    """Return ``prèndersi`` for ``prendersi`` since its infinitive is ``prèndere``."""
    match = re.fullmatch(f"(.{{2,}}[aei]r)(?:{_CLITICS})", word)
    infinitive = f"{match[1]}e" if match else ""
    listed = _listed(infinitive) or _by_ending(infinitive)
    return f"{listed[:-1]}{word[len(listed) - 1 :]}" if listed else None


def _by_ending(word: str) -> str | None:
    """Return a word with the accent that its longest known ending tells."""
    for size in range(min(len(word), _LONGEST_ENDING), 0, -1):
        ending = _endings().get(word[-size:])
        if ending is None:
            continue
        if not ending.startswith("."):
            return word[:-size] + ending
        before = [index for index in nuclei(word) if index < len(word) - size]
        if before:
            return _with_accent(word, before[-1], is_open=True)
    return None


def _by_syllables(word: str) -> str:
    """Return a word with an accent on its last syllable but one, or its last if it ends in a diphthong or l, n, r."""
    found = nuclei(word)
    if not found:
        return word
    is_late = len(found) == 1 or (found[-1] < len(word) - 1 and (word[-1] in "iu" or word[-1] in "lnr"))
    index = found[-1] if is_late else found[-2]
    rest = word[index + 1 :]
    before = word[max(0, index - 1) : index]
    if word[index] == "e":
        is_open = before == "i" or _OPEN_E.match(rest) is not None
    else:
        is_open = before == "u" or _OPEN_O.match(rest) is not None or not rest
    return _with_accent(word, index, is_open)


def _with_accent(word: str, index: int, is_open: bool) -> str:
    marks = _OPEN if is_open else _CLOSED
    return word[:index] + marks.get(word[index], "ì") + word[index + 1 :]


@functools.cache
def _number_part() -> re.Pattern[str]:
    """Return a pattern of the parts of number words."""
    names = [name for value, name, *_ in rows("numbers", 4) if int(value) <= 1000]
    elided = [name[:-1] for value, name, *_ in rows("numbers", 4) if 20 <= int(value) <= 100]
    return re.compile(f"{alternatives([*names, *elided, 'mila', 'tré'])}")


def _number_parts(word: str) -> list[str]:
    """Return the parts of a number word of at least two: ``mille novecento novant otto``."""
    parts, position = [], 0
    while match := _number_part().match(word, position):
        parts.append(match[0])
        position = match.end()
    rest = word[position:]
    if rest and parts and re.fullmatch("i?[eè]sim[oaie]", rest) and len(word) > 9:
        return [*parts[:-1], parts[-1] + rest] if len(parts) > 1 else []
    return parts if not rest and len(parts) > 1 else []


@functools.lru_cache(MAX_CACHED)
def phones_of(word: str) -> Phones:
    """Return the phones of a word.

    - ``word``: a word in lower case, or the name of a letter: a capital.
    - returns: phones; none for a word without Latin letters.
    """
    if re.fullmatch("[A-Z]", word):
        return spoken("letters")[word]
    word = _folded(word)
    if word in spoken("loans"):
        return spoken("loans")[word]
    numbers = _number_parts(word)
    if numbers:
        parts = [phones_of_letters(accented(part)) for part in numbers]
        return (*(_restressed(phone, "2") for part in parts[:-1] for phone in part), *parts[-1])
    if word in UNSTRESSED or word.strip("'") in UNSTRESSED:
        return tuple(_restressed(phone, "0") for phone in phones_of_letters(accented(word.replace("'", ""))))
    *first, last = word.rstrip("'").split("'") or [""]
    if first and last in spoken("loans"):
        return (*phones_of_letters("".join(first).translate(_PLAIN)), *spoken("loans")[last])
    start = "".join(first).translate(_PLAIN)
    if start == "c" and last[:1] in "aouh":
        start, last = "ci", last.removeprefix("h")
    number = _number_parts(last) if first else []
    if number:
        return (*phones_of_letters(start), *phones_of(last))
    return phones_of_letters(start + accented(last))


def _restressed(phone: str, stress: str) -> str:
    """Return a vowel with another stress; without stress there are five vowels."""
    if not has_stress(phone) or phone[-1] == "0":
        return phone
    vowel = phone[:-1]
    return ({"ɛ": "e", "ɔ": "o"}.get(vowel, vowel) if stress == "0" else vowel) + stress


def _folded(word: str) -> str:
    """Return a word with the letters of Italian only: accents of other languages are left out."""
    word = unicodedata.normalize("NFC", word.lower())
    if word.isascii() or all(letter.isascii() or letter in MARKED for letter in word):
        return word
    return "".join(letter if letter in MARKED else fold_accents(letter) for letter in word)


_IZZARE = re.compile(r"^(?!indirizz).{3,}izz$")
"""The start of verbs such as ``organizzare``, whose zz is voiced."""
_VOICED = "bdgvmnlrż"
_FRONT = "eiy"
_GLI_AS_LETTERS = re.compile(r"^gli[^aeiou]|^ne(gli)ge|^gero(gli)f|^an(gli)|^gan(gli)|^(gli)cer")


def phones_of_letters(word: str) -> Phones:
    """Return the phones of a word whose stressed vowel has an accent, by the rules of spelling.

    A vowel without an accent has no stress. Letters that are not of the alphabet are left out.
    """
    return tuple(_Letters(word).read())


class _Letters:
    """Reads the letters of a word from left to right."""

    def __init__(self, word: str) -> None:
        self.word, self.plain = word, word.translate(_PLAIN)
        self.position = 0
        self.phones: list[str] = []

    def read(self) -> list[str]:
        while self.position < len(self.plain):
            letter = self.plain[self.position]
            if letter in "aeiouy":
                self._vowel(letter)
            else:
                self._consonant(letter)
        return self.phones

    def _at(self, offset: int) -> str:
        return self.plain[self.position + offset : self.position + offset + 1]

    def _is_vowel(self, offset: int) -> bool:
        position = self.position + offset
        return position >= 0 and self._at(offset) != "" and self._at(offset) in "aeiouy"

    def _is_glide(self, offset: int) -> bool:
        """Return True for an i or u without stress before a vowel."""
        position = self.position + offset
        return self.word[position : position + 1] in ("i", "u", "y") and self._is_vowel(offset + 1)

    def _vowel(self, letter: str) -> None:
        written = self.word[self.position]
        is_after_vowel = self._is_vowel(-1) and self._at(-1) != letter and self.phones[-1][-1] in "012"
        if letter in "iu" and written == letter and (is_after_vowel or (self._is_glide(0) and self._at(1) != letter)):
            self.phones.append("w" if letter == "u" else "j")
        else:
            sound = {"è": "ɛ", "ò": "ɔ"}.get(written, "i" if letter == "y" else letter)
            self.phones.append(sound + ("1" if written in MARKED else "0"))
        self.position += 1

    def _add(self, consonant: str, length: int, is_long: bool = False) -> None:
        """Add a consonant, and pass over its letters."""
        self.phones += doubled(consonant) if is_long else (consonant,)
        self.position += length

    def _soft(self, consonant: str, length: int, is_long: bool = False) -> None:
        """Add a consonant that an i after it softens; the i is silent before a vowel."""
        self._add(consonant, length, is_long)
        if self._at(0) == "i" and self._is_glide(0):
            self.position += 1

    def _consonant(self, letter: str) -> None:
        is_double = self._at(1) == letter and letter.isalpha()
        size = 2 if is_double else 1
        after = self._at(size)
        if letter in "cg":
            self._c_or_g(letter, size, after, is_double)
        elif letter == "s":
            self._s(size, after, is_double)
        elif letter == "z":
            self._z(size, is_double)
        elif letter in "qx":
            self._add("k", size, is_double and letter == "q")
            self.phones += ("s",) if letter == "x" else ()
        elif letter == "n" and not is_double and self._is_velar(1):
            self._add("ŋ", 1)
        elif letter in "ptr" and after == "h":
            self._add("f" if letter == "p" else letter, size + 1)
        elif letter == "w":
            self._add("w" if self._is_vowel(1) or self._is_vowel(-1) else "v", size)
        elif letter in "bdfklmnprtvj":
            self._add(letter, size, is_double and letter != "j")
        else:
            self.position += 1

    def _is_velar(self, offset: int) -> bool:
        """Return True before k and ɡ."""
        letter, after = self._at(offset), self._at(offset + 1)
        return letter in ("k", "q") or (letter in ("c", "g") and (after == "h" or after not in (*_FRONT, "n", "")))

    def _c_or_g(self, letter: str, size: int, after: str, is_double: bool) -> None:
        hard, soft = ("k", "tʃ") if letter == "c" else ("ɡ", "dʒ")
        if letter == "g" and after == "n" and not is_double:
            self._soft("ɲ", 2)
        elif letter == "g" and not is_double and self._at(1) == "l" and self._at(2) == "i" and not self._is_plain_gl():
            self._soft("ʎ", 2)
        elif after == "h":
            self._add(hard, size + 1, is_double)
        elif after and after in _FRONT:
            self._soft(soft, size, is_double)
        elif after == "k":
            self._add("k", size + 1, is_long=self._is_vowel(-1) and self._is_vowel(size + 1))
        elif letter == "c" and after == "q":
            self.phones.append("k")
            self.position += size
        else:
            self._add(hard, size, is_double)

    def _is_plain_gl(self) -> bool:
        match = _GLI_AS_LETTERS.search(self.plain)
        return match is not None and match.end() > self.position

    def _s(self, size: int, after: str, is_double: bool) -> None:
        if after == "c" and not is_double and self._at(2) in (*_FRONT,) and self._at(2) != "":
            self._soft("ʃ", 2)
        elif after == "h" and not is_double:
            self._add("ʃ", 2)
        elif is_double:
            self._add("s", 2, is_long=True)
        else:
            written = self.word[self.position]
            is_between = self._is_vowel(-1) and self._is_vowel(1)
            is_voiced = written == "s" and (is_between or (after != "" and after in _VOICED))
            self._add("z" if is_voiced else "s", 1)

    def _z(self, size: int, is_double: bool) -> None:
        written = self.word[self.position]
        if written == "ż":
            is_voiced = True
        elif written == "ẓ" or is_double:
            is_voiced = is_double and _IZZARE.search(self.plain, 0, self.position + 2) is not None
        else:
            is_soft = self._at(1) == "i" and self.position > 0
            is_voiced = (self.position == 0 or self._is_vowel(-1)) and not is_soft and self._is_vowel(1)
        self._add("dz" if is_voiced else "ts", size, is_double)
