"""Read other languages with eSpeak NG (extra ``espeak``), which is under the GPL and not part of Wavewright."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from itertools import accumulate
from typing import Protocol, cast

from ..base.errors import BadSetting, BadText, MissingExtra, NothingToSpeak, how_to_install
from .characters import Characters, normalize_characters
from .lexicon import Lexicon
from .sentence import BOUNDARY, PAUSES, SILENCE, Sentence, Word
from .skipped import OnSkip, Skipped, report_objects

IPA_CHARACTERS = tuple(
    "abcdefhijklmnopqrstuvwxyzæçðøħŋœɐɑɒɓɔɕɖɗɘəɚɛɜɝɞɟɠɡɢɣɤɥɦɧɨɪɫɬ"
    "ɭɮɯɰɱɲɳɴɵɶɸɹɺɻɽɾʀʁʂʃʄʈʉʊʋʌʍʎʏʐʑʒʔʕʘʙʛʝʟʡʢβθχᵻɩˈˌːˑʰʲʷˤ"
    "\u0303\u0329\u0325\u032a\u032f\u0361ɚ"
)
SYMBOLS = (SILENCE, BOUNDARY, *PAUSES, *dict.fromkeys(IPA_CHARACTERS))
"""One symbol for each IPA character; stress, length and diacritics are symbols too."""

MARKS = dict(zip(",;:\u2014\u2013.!?\u2026\u3002\u061f\u0964", ",;;;;.!?..?.", strict=True))
_PUNCTUATION = r",;:.!?\u2014\u2013\u2026\u3002\u061f\u0964"
_IN_WORD = rf"[^\s{_PUNCTUATION}\"()\[\]{{}}\u00ab\u00bb]"
TOKEN = re.compile(
    rf"\[\[([^\[\]]*)\]\]|\d{{1,3}}(?: \d{{3}})+(?!\d)|"
    rf"{_IN_WORD}+(?:(?:[.:]+(?=[\w/])|(?<=\d),(?=\d)){_IN_WORD}+)*|[{_PUNCTUATION}]"
)
"""Phones in brackets, a word with the points and commas within it (``24,50``, ``z.B.``), or a mark."""

SENTENCE_ENDS = (".", "!", "?")
SHORTENED = re.compile(
    r"[^\W\d_aeiouyäöüáéíóúàèìòùâêîôûåæøőűαεηιουωаеёиоуыэюя]{2,4}|\w+[.]\w|"
    r"prof|ing|dipl|sra|srta|dra|ste|mme|mlle|sig|dott|avv|ca|inkl|abb|abs|art|pág|núm|bijv|godz|ul|im|ee|cc|ff",
    re.IGNORECASE,
)
"""A word before a point that ends no sentence: consonants alone (``Dr``, ``bzw``), points inside (``z.B``), a title."""

WITH_ORDINALS = re.compile(r"(?:bs|cs|da|de|et|fi|fo|hr|hu|is|lb|lt|lv|nb|nn|no|pl|se|sk|sl|sq|sr|tr)(?![a-z])")
"""Languages whose ordinals are a number and a point."""

STRESSED = "taka"
"""A word without a meaning, before which function words have no stress."""

MAX_WORDS = 60
"""Words and marks of a sentence after which the next comma ends it; with as many again, any word does."""

NO_MARKS = "\uffff"
"""What phonemizer takes for punctuation: nothing, or it would cut numbers at their points and commas."""


class Phonemizer(Protocol):
    """Converts texts to phones, as a backend of the package phonemizer does."""

    def phonemize(self, text: list[str], *, strip: bool) -> list[str]:
        """Return the phones of each text as a string, with spaces between words."""
        ...


class EspeakFrontEnd:
    """Front end that lets eSpeak NG pronounce each sentence as it stands, numbers and abbreviations included.

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
        """Yield what `sentences` returns, each sentence as soon as eSpeak NG has read it as a whole."""
        if lexicon is not None:
            lexicon.check(SYMBOLS)
        report_objects(text, on_skip)
        is_silent = True
        for tokens in self._sentence_tokens(characters := _characters(text)):
            words = list(self._words(tokens, characters, text, lexicon, on_skip))
            if words:
                is_silent = False
                yield Sentence((*words[:-1], replace(words[-1], mark_after=words[-1].mark_after or ".")))
        if is_silent:
            raise NothingToSpeak(f"There is nothing to speak in {text[:40]!r}; give a text with words.")

    def _sentence_tokens(self, characters: Characters) -> Iterator[list[re.Match[str]]]:
        """Yield the words and marks of each sentence."""
        tokens: list[re.Match[str]] = []
        for match in TOKEN.finditer(characters.text):
            if tokens and match[0] not in MARKS and self._has_ended(tokens, match):
                yield tokens
                tokens = []
            tokens.append(match)
        yield tokens

    def _has_ended(self, tokens: Sequence[re.Match[str]], following: re.Match[str]) -> bool:
        """Return True if a sentence ends before a word."""
        last, text = tokens[-1], following.string
        if text.count("\n", last.end(), following.start()) > 1 or len(tokens) > 2 * MAX_WORDS:
            return True
        mark = MARKS.get(last[0], "")
        if mark != "." or last[0] in "\u3002\u0964":
            return mark in SENTENCE_ENDS or (mark != "" and len(tokens) > MAX_WORDS)
        return not text[following.start()].islower() and not self._is_shortened(tokens[:-1], following)

    def _is_shortened(self, before: Sequence[re.Match[str]], following: re.Match[str]) -> bool:
        """Return True after an abbreviation, an initial or an ordinal, whose point ends no sentence."""
        word, earlier = (*(match[0] for match in before[:-3:-1]), "", "")[:2]
        if word.isdigit():
            is_ordinal = len(word) < 3 and WITH_ORDINALS.match(self.language) is not None
            return is_ordinal and self._is_stressed(following[0])  # ``der 5. Mai``, but ``um 5. Dann``
        if len(word) == 1 and word.isalpha():  # ``z. B.``, ``J. Smith``, but ``plan B.``, ``Plan B. Dann``
            is_row = len(following[0]) == 1 and following.string.startswith(".", following.end())
            is_initial = earlier in ("", ".") or earlier[0].isupper()
            return is_row or word.islower() or (is_initial and self._is_stressed(following[0]))
        is_unit = earlier[:1].isdigit() and word.islower() and not following[0][0].isdigit()  # ``5 kg. Dann``
        has_case = word.lower() != word.upper()  # other scripts may write no vowels
        return has_case and not is_unit and SHORTENED.fullmatch(word) is not None

    def _is_stressed(self, word: str) -> bool:
        """Return True for a name or a noun, False for ``Dann`` or ``Sie``, which eSpeak NG does not stress here."""
        (phones,) = self._backend.phonemize([f"{word} {STRESSED}"], strip=True)
        return "ˈ" in phones.split(" ")[0]

    def _words(
        self,
        tokens: Sequence[re.Match[str]],
        characters: Characters,
        text: str,
        lexicon: Lexicon | None,
        on_skip: OnSkip | None,
    ) -> Iterator[Word]:
        """Yield the words of a sentence with their share of its phones, and the marks after them."""
        plain = [match[0] for match in tokens if match[0] not in MARKS and match[1] is None]
        line = "".join(_before(match, previous) for match, previous in zip(tokens, [None, *tokens], strict=False))
        shares = iter(_shares(*self._backend.phonemize([line, *plain], strip=True)) if plain else [])
        word: Word | None = None
        for number, match in enumerate(tokens):
            if match[0] in MARKS:
                mark = MARKS[match[0]]
                if mark in SENTENCE_ENDS and any(later[0] not in MARKS for later in tokens[number:]):
                    mark = "," if match[0] == "\u2026" or tokens[number - 1][0] == "." else ""
                word = replace(word, mark_after=mark or word.mark_after) if word else None
                continue
            share = next(shares) if match[1] is None else None
            start = characters.position(match.start())
            end = characters.position(match.end() - 1) + 1
            phones = lexicon.get(match[0]) if lexicon else None
            try:
                phones = phones or (self.phones(match[1]) if share is None else _symbols(share))
            except BadText:
                if on_skip is None:
                    raise
                on_skip(Skipped(text[start:end], start, end, "no phones"))
            if phones:
                if word:
                    yield word
                word = Word(text[start:end], match[0].strip("[]").lower(), phones, start, end)
        if word:
            yield word

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


def _characters(text: str) -> Characters:
    """Normalise the characters of a text, but keep the joiners that words of some scripts need."""
    kept = normalize_characters(text.replace("\u200c", "\ue00c").replace("\u200d", "\ue00d"))
    return replace(kept, text=kept.text.replace("\ue00c", "\u200c").replace("\ue00d", "\u200d"))


def _before(match: re.Match[str], previous: re.Match[str] | None) -> str:
    """Return a token with what stands before it in its sentence; phones in brackets are not read."""
    between = match.string[previous.end() : match.start()] if previous else ""
    return re.sub(r"\s", " ", between + (match[0] if match[1] is None else " "))


def _shares(line: str, *alone: str) -> list[str]:
    """Return what of the phones of a sentence belongs to each word; ``alone`` has the phones of each by itself."""
    groups = line.split()
    counts = [len(phones.split()) for phones in alone]
    if sum(counts) == len(groups):
        ends = list(accumulate(counts))
        return ["".join(groups[end - count : end]) for count, end in zip(counts, ends, strict=True)]
    apart = [(character, owner) for owner, phones in enumerate(alone) for character in phones if character != " "]
    shares, owner = [""] * len(alone), 0
    matcher = SequenceMatcher(None, "".join(character for character, _ in apart), line, autojunk=False)
    owners = {
        place + step: apart[own + step][1] for own, place, n in matcher.get_matching_blocks() for step in range(n)
    }
    for group in re.finditer(r"\S+", line):
        inside = [owners[place] for place in range(*group.span()) if place in owners]
        owner = inside[0] if inside else owner
        for place in range(*group.span()):
            owner = owners.get(place, owner)
            shares[owner] += line[place]
    return shares
