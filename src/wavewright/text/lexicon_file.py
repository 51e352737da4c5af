"""Read a user's lexicon: words of one language in a text file, or of several in a TOML file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path

from ..base.errors import BadSetting, BadText
from ..base.text_encoding import read_decoded
from . import ESPEAK_PREFIX, LANGUAGES, front_end
from .lexicon import Lexicon, is_ipa, plain, unknown_phone, without_region
from .sentence import BOUNDARY, PAUSES, SILENCE

MAX_BYTES = 2**26
"""Size limit of a file, about twenty times the words of a language."""
TOML = ".toml"
EXAMPLE = 'Kyiv = "K IY1 V"'


def read_lexicon(path: Path | str, language: str = "en") -> Lexicon:
    """Read a lexicon file, UTF-8: a text file of words of one language, or a TOML file with a table a language.

    In a text file each line has a word and its phones, and ``#`` starts a comment. In a TOML file a line such as
    ``Kyiv = "K IY1 V"`` lies in a table that is named by the language, such as ``[en]``.

    English phones are ARPAbet, or signs of the International Phonetic Alphabet such as ``/təˈmɑːtoʊ/``; those of other
    languages are such signs, too.

    - ``path``: the file.
    - ``language``: that of the words; those of other tables are ``others``.

    Raises BadSetting if the file does not exist, or BadText if the file is too large or no text, or a line has no
    phones, an unknown phone or a repeated word, or OSError if the file cannot be read.
    """
    path, own = Path(path), without_region(language)
    text = _text_of(path)
    if path.suffix.lower() != TOML:
        return Lexicon(_words_of(_lines(path, text), _phones_of(path, own), own))
    words = {
        name: _words_of(_rows(path, name, table), _phones_of(path, name), name)
        for name, table in _tables(path, text).items()
    }
    return Lexicon(words.pop(own, {}), words)


def language_of_lexicon(path: Path) -> str | None:
    """Return the language of a text file of words, the first whose phones they all have; None for a TOML file.

    Raises what `read_lexicon` does; of a text file that fits no language, what it raises for English.
    """
    if path.suffix.lower() == TOML:
        read_lexicon(path)
        return None
    for language in LANGUAGES:
        with suppress(BadText):
            read_lexicon(path, language)
            return language
    read_lexicon(path)
    return None


def _text_of(path: Path) -> str:
    if not path.is_file():
        raise BadSetting(f"There is no lexicon {path}; give a text file with a word and its phones on each line.")
    if path.stat().st_size > MAX_BYTES:
        raise BadText(
            f"{path} has {path.stat().st_size:,} bytes; a lexicon has at most {MAX_BYTES:,}: leave words out."
        )
    try:
        return read_decoded(path)
    except UnicodeDecodeError as error:
        raise BadText(f"{path} is no text (byte {error.start}); save it as UTF-8.") from error


def _lines(path: Path, text: str) -> Iterator[tuple[str, str, list[str]]]:
    """Yield where each word of a text file is, the word, and its phones as they are written."""
    for number, line in enumerate(text.split("\n"), 1):
        word, *spoken = line.partition("#")[0].split() or [""]
        if word:
            yield f"{path}, line {number}", word, spoken


def _rows(path: Path, language: str, table: Mapping[str, object]) -> Iterator[tuple[str, str, list[str]]]:
    """Yield where each word of a table is, the word, and its phones as they are written."""
    for word, spoken in table.items():
        if not isinstance(spoken, str):
            raise BadText(f'{path}, [{language}]: {word!r} is {spoken!r}; write its phones as text, such as "K IY1 V".')
        yield f"{path}, [{language}]", word, spoken.split()


def _tables(path: Path, text: str) -> dict[str, Mapping[str, object]]:
    """Return the tables of a TOML file by the language without its region."""
    try:
        import tomllib  # no other lexicon needs it

        parsed = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadText(
            f"{path} is not TOML ({error}); write tables such as [en], and lines such as {EXAMPLE}."
        ) from error
    tables: dict[str, Mapping[str, object]] = {}
    for name, table in parsed.items():
        if not isinstance(table, dict):
            raise BadText(f"{path}: {name!r} lies in no table; write the language above it, such as [en].")
        tables[without_region(name)] = {**tables.get(without_region(name), {}), **table}
    return tables


def _phones_of(path: Path, language: str) -> set[str]:
    """Return the phones of a language."""
    if language in LANGUAGES:
        return {*front_end(language).symbols} - {SILENCE, BOUNDARY, *PAUSES}
    if language.startswith(ESPEAK_PREFIX):
        from .espeak import SYMBOLS

        return {*SYMBOLS} - {SILENCE, BOUNDARY, *PAUSES}
    raise BadText(
        f"{path}: [{language}] is no language that is spoken; the tables can be {', '.join(LANGUAGES)}, or "
        f'"{ESPEAK_PREFIX}" and one of eSpeak NG in quotes.'
    )


def _words_of(rows: Iterable[tuple[str, str, list[str]]], known: set[str], language: str) -> dict[str, tuple[str, ...]]:
    """Return the phones of words in the symbols of their language."""
    words: dict[str, tuple[str, ...]] = {}
    for where, word, written in rows:
        if not written:
            raise BadText(f"{where}: {word!r} has no phones; write a word and its phones, such as HELLO HH AH0 L OW1.")
        phones = _of_ipa(written, language, f"{where}: {word!r}") if is_ipa("".join(written)) else written
        spoken = [phone.upper() if phone.upper() in known else phone for phone in phones]
        unknown = next((phone for phone in spoken if phone not in known), None)
        if unknown is not None:
            raise BadText(unknown_phone(f"{where}: {word!r}", unknown, known))
        if plain(word) in words:
            raise BadText(f"{where}: {word!r} is repeated; give each word once.")
        words[plain(word)] = tuple(spoken)
    return words


def _of_ipa(spoken: list[str], language: str, where: str) -> list[str]:
    """Return the phones of IPA in a language; the signs themselves in one of eSpeak NG."""
    if language not in LANGUAGES:
        return spoken
    module = LANGUAGES[language].module
    return [*import_module(f".{module}.phones", __package__).phones_of_ipa(" ".join(spoken), where)]
