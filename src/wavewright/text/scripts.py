"""Transliterate words of other scripts into Latin letters, and name single letters.

Scripts that are read nearly letter by letter (Cyrillic, Greek, Georgian, Armenian, Japanese kana, Korean) are
transliterated. Other scripts leave out vowels or need a dictionary: only single letters of these can be read, by name.
"""

from __future__ import annotations

import re
import unicodedata


def _table(pairs: str) -> dict[str, str]:
    """Parse pairs of letters and their transliterations: ``а:a б:b``."""
    return dict(pair.split(":") for pair in pairs.split())


_CYRILLIC = _table(
    "а:a б:b в:v г:g д:d е:e ё:yo ж:zh з:z и:i й:y к:k л:l м:m н:n о:o п:p р:r с:s т:t у:u ф:f х:kh ц:ts ч:ch ш:sh "
    "щ:shch ъ: ы:y ь: э:e ю:yu я:ya і:i ї:yi є:ye ґ:g ў:w ђ:j ј:y љ:ly њ:ny ћ:ch џ:j ѓ:gy ѕ:dz ќ:ky"
)
_GREEK = _table(
    "ου:ou ει:i οι:i αι:e μπ:b ντ:nd γκ:g γγ:ng α:a β:v γ:g δ:d ε:e ζ:z η:i θ:th ι:i κ:k λ:l μ:m ν:n ξ:x ο:o π:p ρ:r "
    "σ:s ς:s τ:t υ:i φ:f χ:h ψ:ps ω:o"
)
_GEORGIAN = _table(
    "ა:a ბ:b გ:g დ:d ე:e ვ:v ზ:z თ:t ი:i კ:k ლ:l მ:m ნ:n ო:o პ:p ჟ:zh რ:r ს:s ტ:t უ:u ფ:p ქ:k ღ:gh ყ:q შ:sh ჩ:ch "
    "ც:ts ძ:dz წ:ts ჭ:ch ხ:kh ჯ:j ჰ:h"
)
_ARMENIAN = _table(
    "ու:u ա:a բ:b գ:g դ:d ե:e զ:z է:e ը:e թ:t ժ:zh ի:i լ:l խ:kh ծ:ts կ:k հ:h ձ:dz ղ:gh ճ:ch մ:m յ:y ն:n շ:sh ո:o "
    "չ:ch պ:p ջ:j ռ:r ս:s վ:v տ:t ր:r ց:ts ւ:v փ:p ք:k և:ev օ:o ֆ:f"
)
_TABLES = {"Cyrillic": _CYRILLIC, "Greek": _GREEK, "Georgian": _GEORGIAN, "Armenian": _ARMENIAN}
_EAST_ASIAN = ("Hiragana", "Katakana", "Katakana-hiragana", "Halfwidth", "Cjk", "Ideographic", "Bopomofo")
_SPELLED_BY_NAME = ("East asian", "Hangul")
_KANA = ("Hiragana", "Katakana", "Katakana-hiragana")
_HEPBURN = _table(
    "si:shi ti:chi tu:tsu hu:fu zi:ji di:ji du:zu sya:sha syu:shu syo:sho tya:cha tyu:chu tyo:cho zya:ja zyu:ju zyo:jo "
    "dya:ja dyu:ju dyo:jo"
)
_LONGEST = 200
"""Largest number of characters in a passage, so that the time is linear in the text's length."""


def script_of(character: str) -> str:
    """Return the script of a letter by the first word of its Unicode name: ``Cyrillic``, ``Greek``."""
    return unicodedata.name(character, "unknown").split()[0].capitalize()


def passage(text: str, start: int) -> int:
    """Return the end of the passage in another script at ``start``.

    It is one word where the script is transliterated, else all consecutive words of the script.
    """
    script, end = _family(text[start]), _word_end(text, start)
    if script in (*_TABLES, *_SPELLED_BY_NAME, "Latin"):
        return end
    while end - start < _LONGEST and text[end : end + 1] == " " and text[end + 1 : end + 2].isalpha():
        if _family(text[end + 1]) != script:
            break
        end = _word_end(text, end + 1)
    return end


def _word_end(text: str, start: int) -> int:
    script, end = _family(text[start]), start + 1
    while end < min(len(text), start + _LONGEST):
        is_letter = text[end].isalpha() and _family(text[end]) == script
        if not is_letter and unicodedata.category(text[end])[0] != "M":
            break
        end += 1
    return end


def letter_names(word: str) -> list[str]:
    """Return the names of a single letter, or of a few Greek letters that are a symbol, else an empty list."""
    plain = unicodedata.normalize("NFC", word)
    is_symbol = script_of(plain[0]) == "Greek" and (len(plain) <= 2 or (len(plain) <= 4 and plain.isupper()))
    if len(plain) > 1 and not is_symbol:
        return []
    names = [_letter_name(letter) for letter in plain]
    return [name for name in names if name] if all(names) else []


def name_of_sign(sign: str) -> list[str]:
    """Return the words of a sign's Unicode name, which is English: ``grinning face``."""
    return re.findall("[a-z]+", unicodedata.name(sign, "").lower())


def transliterate(word: str) -> str:
    """Transliterate a word into Latin letters; return an empty string where that needs a dictionary."""
    script = _family(word[0])
    if script == "Hangul":
        return _hangul(word)
    if script == "East asian":
        return _kana(word)
    table = _TABLES.get(script)
    if table is None:
        return ""
    plain = unicodedata.normalize("NFC", word.lower())
    if script == "Greek":
        plain = "".join(letter for letter in unicodedata.normalize("NFD", plain) if not unicodedata.combining(letter))
        plain = re.sub("([αε])υ(?=[θκξπστφχψ])", lambda match: _GREEK[match[1]] + "f", plain)
        plain = re.sub("([αε])υ", lambda match: _GREEK[match[1]] + "v", plain)
    return _by_table(plain, table)


def _by_table(word: str, table: dict[str, str]) -> str:
    latin = ""
    position = 0
    while position < len(word):
        pair = word[position : position + 2]
        if len(pair) == 2 and pair in table:
            latin += table[pair]
            position += 2
            continue
        letter = word[position]
        if letter not in table and not letter.isascii() and not _is_mark(letter):
            return ""
        latin += table.get(letter, letter if letter.isascii() else "")
        position += 1
    return latin


def _family(letter: str) -> str:
    script = script_of(letter)
    return "East asian" if script in _EAST_ASIAN else script


def _is_mark(character: str) -> bool:
    return unicodedata.category(character)[0] == "M"


def _letter_name(letter: str) -> str:
    """Return the last word of a letter's Unicode name: ``alpha``, ``zhe``, ``alef``."""
    name = unicodedata.name(letter, "").split(" WITH ")[0]
    if " LETTER " not in name or script_of(letter) in (*_KANA, "Hangul"):
        return ""
    last = name.split()[-1].lower()
    return {"lamda": "lambda"}.get(last, last) if last.isalpha() and last.isascii() else ""


def _hangul(word: str) -> str:
    """Transliterate ``안녕`` to ``annyeong`` by the Unicode names of its syllables."""
    names = [unicodedata.name(letter, "") for letter in unicodedata.normalize("NFC", word)]
    return "".join(name.split()[-1].lower() for name in names if name.startswith("HANGUL SYLLABLE "))


def _kana(word: str) -> str:
    """Transliterate ``カラオケ`` to ``karaoke`` (Hepburn); return an empty string for a word with other characters."""
    syllables: list[str] = []
    is_doubled = False
    for letter in unicodedata.normalize("NFC", word):
        name = unicodedata.name(letter, "")
        if script_of(letter) not in _KANA:
            return ""
        sound = name.split()[-1].lower() if " LETTER " in name else ""
        is_small = " SMALL " in name
        if is_small and sound == "tu":
            is_doubled = True
            continue
        if is_small and syllables and sound:
            is_glide = sound[0] == "y" and syllables[-1].endswith("i")
            syllables[-1] = syllables[-1][:-1] + sound if is_glide else _hepburn(syllables[-1])[:-1] + sound[-1]
            continue
        if sound:
            syllables.append(f"{sound[0]}{sound}" if is_doubled and sound[0] not in "aeioun" else sound)
        is_doubled = False
    return "".join(_hepburn(syllable) for syllable in syllables)


def _hepburn(syllable: str) -> str:
    is_doubled = len(syllable) > 2 and syllable[0] == syllable[1]
    plain = _HEPBURN.get(syllable[is_doubled:], syllable[is_doubled:])
    return ("t" if plain.startswith("ch") else plain[0]) + plain if is_doubled else plain
