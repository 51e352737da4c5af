"""Read other languages with eSpeak NG (extra ``espeak``), which is under the GPL and not part of Wavewright."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Protocol, cast

from ..base.errors import BadSetting, BadText, MissingExtra, NothingToSpeak, how_to_install
from .characters import normalize_characters
from .lexicon import Lexicon
from .sentence import BOUNDARY, PAUSES, SILENCE, Sentence, Word
from .skipped import OnSkip, Skipped

IPA_CHARACTERS = tuple(
    "abcdefhijklmnopqrstuvwxyzæçðøħŋœɐɑɒɓɔɕɖɗɘəɚɛɜɝɞɟɠɡɢɣɤɥɦɧɨɪɫɬ"
    "ɭɮɯɰɱɲɳɴɵɶɸɹɺɻɽɾʀʁʂʃʄʈʉʊʋʌʍʎʏʐʑʒʔʕʘʙʛʝʟʡʢβθχᵻɩˈˌːˑʰʲʷˤ"
    "\u0303\u0329\u0325\u032a\u032f\u0361ɚ"
)
SYMBOLS = (SILENCE, BOUNDARY, *PAUSES, *dict.fromkeys(IPA_CHARACTERS))
"""One symbol for each IPA character; stress, length and diacritics are symbols too."""

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
_PUNCTUATION = r",;:.!?\u2014\u2013\u2026\u3002\u061f"
TOKEN = re.compile(
    rf"\[\[([^\[\]]*)\]\]|\d+(?:[.,:]\d+)+|[^\s{_PUNCTUATION}\"()\[\]{{}}\u00ab\u00bb]+|[{_PUNCTUATION}]"
)
SENTENCE_ENDS = (".", "!", "?")
SHORTENED = re.compile(r"[^\W\d_aeiouyäöüáéíóúàèìòùâêîôûåæøőűαεηιουωаеёиоуыэюя]{1,4}|[^\W\d_]", re.IGNORECASE)
"""A word before a point that is no end of a sentence: a letter, or consonants alone, as in ``Dr.`` and ``bzw.``."""


NO_MARKS = "\uffff"
"""What phonemizer takes for punctuation: nothing, or it would cut numbers at their points and commas."""


class Phonemizer(Protocol):
    """Converts words to phones, as a backend of the package phonemizer does."""

    def phonemize(self, text: list[str], *, strip: bool) -> list[str]:
        """Return the phones of each word as a string."""
        ...


class EspeakFrontEnd:
    """Front end that lets eSpeak NG pronounce each word, numbers and abbreviations included.

    - ``language``: a language of eSpeak NG, such as ``de``.
    - ``backend``: by default the one of the package phonemizer.

    Raises MissingExtra if phonemizer is not installed and no `backend` is passed, or BadSetting if eSpeak NG does not
    have the language.
    """

    symbols: tuple[str, ...] = SYMBOLS

    def __init__(self, language: str, backend: Phonemizer | None = None) -> None:
        self.language = language
        self._backend = _espeak_backend(language) if backend is None else backend

    def sentences(self, text: str, lexicon: Lexicon | None = None, on_skip: OnSkip | None = None) -> list[Sentence]:
        """Return the sentences of a text; see `FrontEnd.sentences`.

        Unknown characters in ``[[ ]]`` raise BadText, or are skipped if `on_skip` is passed.
        """
        return list(self.stream(text, lexicon, on_skip))

    def stream(self, text: str, lexicon: Lexicon | None = None, on_skip: OnSkip | None = None) -> Iterator[Sentence]:
        """Yield what `sentences` returns; eSpeak NG reads the whole text before the first sentence."""
        if lexicon is not None:
            lexicon.check(SYMBOLS)
        characters = normalize_characters(text)
        tokens = list(TOKEN.finditer(characters.text))
        plain = [match[0] for match in tokens if match[0] not in MARKS and match[1] is None]
        pronunciations = iter(self._backend.phonemize(plain, strip=True) if plain else [])
        words: list[Word] = []
        for match in tokens:
            if match[0] in MARKS:
                is_shortened = match[0] == "." and words and SHORTENED.fullmatch(words[-1].text)
                if words and not (is_shortened and match is not tokens[-1]):
                    words[-1] = replace(words[-1], mark_after=MARKS[match[0]])
                continue
            pronunciation = next(pronunciations) if match[1] is None else None
            start = characters.position(match.start())
            end = characters.position(match.end() - 1) + 1
            phones = lexicon.get(match[0]) if lexicon else None
            try:
                phones = phones or (self.phones(match[1]) if pronunciation is None else _symbols(pronunciation))
            except BadText:
                if on_skip is None:
                    raise
                on_skip(Skipped(text[start:end], start, end, "no phones"))
            if phones:
                words.append(Word(text[start:end], match[0].strip("[]").lower(), phones, start, end))
        if not words:
            raise NothingToSpeak(f"There is nothing to speak in {text[:40]!r}; give a text with words.")
        yield from _split_sentences(words)

    def phones(self, text: str, alphabet: str = "ipa") -> tuple[str, ...]:
        """Split a text in the International Phonetic Alphabet into symbols; raise BadText for other text."""
        phones = tuple(character for character in text if not character.isspace())
        unknown = next((phone for phone in phones if phone not in SYMBOLS), None)
        if alphabet != "ipa" or unknown is not None or not phones:
            problem = (
                f"the character {unknown!r}" if unknown else f"the alphabet {alphabet!r}" if phones else "no phones"
            )
            raise BadText(f"The pronunciation {text!r} has {problem}; write it in the International Phonetic Alphabet.")
        return phones

    def ipa(self, symbol: str) -> str:
        """Return the symbol: each is one of the International Phonetic Alphabet."""
        return symbol

    def say_as(self, text: str, interpret_as: str, _order: str = "") -> str:
        """Return `text` with spaces between its characters if it is to be spelled, otherwise unchanged."""
        return " ".join(text) if interpret_as in ("characters", "spell-out", "digits", "verbatim") else text


def _espeak_backend(language: str) -> Phonemizer:
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
        pass  # phonemizer then looks for a library of the system
    try:
        return cast(
            Phonemizer,
            EspeakBackend(language, punctuation_marks=NO_MARKS, with_stress=True, language_switch="remove-flags"),
        )
    except RuntimeError as error:
        raise BadSetting(
            f"eSpeak NG cannot speak {language!r} ({error}); give one of its languages, such as de, fr-fr or es."
        ) from error


def _symbols(pronunciation: str) -> tuple[str, ...]:
    """Return the symbols of a word as eSpeak NG writes it, without other characters such as spaces and ties."""
    spelled = pronunciation.replace("g", "ɡ").replace("ʧ", "tʃ").replace("ʤ", "dʒ")
    return tuple(character for character in spelled if character in SYMBOLS[2 + len(PAUSES) :])


def _split_sentences(words: Sequence[Word]) -> Iterator[Sentence]:
    sentence: list[Word] = []
    for index, word in enumerate(words):
        is_last = index == len(words) - 1
        sentence.append(replace(word, mark_after=".") if is_last and not word.mark_after else word)
        if word.mark_after in SENTENCE_ENDS or is_last:
            yield Sentence(tuple(sentence))
            sentence = []
