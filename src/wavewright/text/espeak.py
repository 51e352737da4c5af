"""Other languages by eSpeak NG where it is installed (extra ``espeak``); it is under the GPL, no part of Wavewright."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from ..errors import BadSetting, BadText, MissingExtra, NothingToSpeak, how_to_install
from .characters import normalize_characters
from .lexicon import Lexicon
from .sentence import BOUNDARY, PAUSES, SILENCE, Sentence, Word
from .skipped import OnSkip, Skipped

SIGNS = tuple(
    "abcdefhijklmnopqrstuvwxyzæçðøħŋœɐɑɒɓɔɕɖɗɘəɚɛɜɝɞɟɠɡɢɣɤɥɦɧɨɪɫɬɭɮɯɰɱɲɳɴɵɶɸɹɺɻɽɾʀʁʂʃʄʈʉʊʋʌʍʎʏʐʑʒʔʕʘʙʛʝʟʡʢβθχᵻɩˈˌːˑʰʲʷˤ̩̥̪̯̃͡ɚ"
)
SYMBOLS = (SILENCE, BOUNDARY, *PAUSES, *dict.fromkeys(SIGNS))
"""Signs of the International Phonetic Alphabet, one a symbol; stress, length and joined accents are symbols of their own."""

MARKS = {
    ",": ",",
    ";": ";",
    ":": ";",
    "\u2014": ";",
    "\u2013": ";",
    ".": ".",
    "!": "!",
    "?": "?",
    "\u2026": ".",
    "\u3002": ".",
    "\u061f": "?",
}
PIECE = re.compile(
    r"\[\[([^\[\]]*)\]\]|[^\s,;:.!?\u2014\u2013\u2026\u3002\u061f\"()\[\]{}\u00ab\u00bb]+|[,;:.!?\u2014\u2013\u2026\u3002\u061f]"
)
ENDS = (".", "!", "?")


class EspeakFrontEnd:
    """Words between spaces, each as eSpeak NG pronounces it; numbers and abbreviations are its own."""

    symbols = SYMBOLS

    def __init__(self, language: str, backend: Any = None) -> None:
        """``backend`` has ``phonemize(words, strip) -> list of str``; without it phonemizer's is opened.

        Raises MissingExtra where it is not installed, BadSetting where eSpeak NG does not know the language.
        """
        self.language = language
        self._backend = _opened(language) if backend is None else backend

    def sentences(self, text: str, lexicon: Lexicon | None = None, on_skip: OnSkip | None = None) -> list[Sentence]:
        """Return all sentences of a text.

        Raises NothingToSpeak where nothing in it can be spoken, and BadText where the lexicon has unknown signs.
        Unknown signs in ``[[ ]]`` raise BadText as well, unless ``on_skip`` is given, which is then called with the
        passage."""
        if lexicon is not None:
            lexicon.check(SYMBOLS)
        characters = normalize_characters(text)
        found = list(PIECE.finditer(characters.text))
        plain = [match[0] for match in found if match[0] not in MARKS and match[1] is None]
        sounds = iter(self._backend.phonemize(plain, strip=True) if plain else [])
        words: list[Word] = []
        for match in found:
            if match[0] in MARKS:
                if words:
                    words[-1] = _marked(words[-1], MARKS[match[0]])
                continue
            heard = next(sounds) if match[1] is None else None
            start, end = characters.position(match.start()), characters.position(match.end() - 1) + 1
            phones = lexicon.get(match[0]) if lexicon else None
            try:
                phones = phones or (self.phones(match[1]) if heard is None else _signs(heard))
            except BadText:
                if on_skip is None:
                    raise
                on_skip(Skipped(text[start:end], start, end, "no phones"))
            if phones:
                words.append(Word(text[start:end], match[0].strip("[]").lower(), phones, start, end))
        if not words:
            raise NothingToSpeak(f"There is nothing to speak in {text[:40]!r}; give a text with words.")
        return list(_cut(words))

    def phones(self, text: str, alphabet: str = "ipa") -> tuple[str, ...]:
        """Signs of the International Phonetic Alphabet; raises BadText for others."""
        signs = tuple(sign for sign in text if not sign.isspace())
        strange = next((sign for sign in signs if sign not in SYMBOLS), None)
        if alphabet != "ipa" or strange is not None or not signs:
            what = f"the sign {strange!r}" if strange else f"the alphabet {alphabet!r}" if signs else "no phones"
            raise BadText(f"The sound {text!r} has {what}; write it in the International Phonetic Alphabet.")
        return signs

    def say_as(self, text: str, interpret_as: str, order: str = "") -> str:
        """The text with spaces between its characters where it is to be spelled, otherwise the text itself."""
        return " ".join(text) if interpret_as in ("characters", "spell-out", "digits", "verbatim") else text


def _opened(language: str) -> Any:
    try:
        from phonemizer.backend import EspeakBackend
        from phonemizer.backend.espeak.wrapper import EspeakWrapper
    except ImportError as error:
        raise MissingExtra(
            f"The language {language!r} needs eSpeak NG, which is not installed (its licence is the GPL): "
            f"{how_to_install('espeak')}."
        ) from error
    try:
        import espeakng_loader

        EspeakWrapper.set_library(espeakng_loader.get_library_path())
        EspeakWrapper.set_data_path(espeakng_loader.get_data_path())
    except (ImportError, AttributeError):
        pass  # the library of the system, where there is one
    try:
        return EspeakBackend(language, with_stress=True, language_switch="remove-flags")
    except RuntimeError as error:
        raise BadSetting(
            f"eSpeak NG cannot speak {language!r} ({error}); give one of its languages, such as de, fr-fr or es."
        ) from error


def _signs(heard: str) -> tuple[str, ...]:
    """The signs of a word as eSpeak NG writes it; what is no symbol (spaces, ties) is left out."""
    return tuple(
        sign
        for sign in heard.replace("g", "ɡ").replace("ʧ", "tʃ").replace("ʤ", "dʒ")
        if sign in SYMBOLS[2 + len(PAUSES) :]
    )


def _marked(word: Word, mark: str) -> Word:
    return Word(word.text, word.spoken, word.phones, word.start, word.end, mark)


def _cut(words: Sequence[Word]) -> Iterator[Sentence]:
    part: list[Word] = []
    for number, word in enumerate(words):
        is_last = number == len(words) - 1
        part.append(_marked(word, ".") if is_last and not word.mark_after else word)
        if word.mark_after in ENDS or is_last:
            yield Sentence(tuple(part))
            part = []
