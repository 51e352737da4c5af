"""Texts, speech markup, lexicons and books, whole and on standard input."""

from __future__ import annotations

import io
import random
from pathlib import Path

from fuzz import mutate
from fuzz.wwc import Dripping

TEXTS = (
    "Dr. Smith paid $3.50 on 12 March 2024 at 10:45, i.e. 20% less; call +44 20 7946 0958 or see https://example.com/a?b=c.",
    "In 1984, 2 kg of St. John's wort cost 3/4 of 1,000,000,000 pounds! -5 C? XIV. 1st, 22nd. 00:1A:2B 2TB 5x8 a.m.",
    "He said: \u201cno\u201d \u2014 or did he\u2026 caf\u00e9 na\u00efve \u00bd \u00b5m \u20ac5 "
    "#hashtag @name A/B e.g. U.S.A.",
    "one\ntwo\n\nthree",
)
MARKUP = (
    '<speak>Hello <break time="200ms"/><prosody rate="fast" pitch="+2st" volume="loud">you <emphasis>there</emphasis>'
    "</prosody>.</speak>",
    '<speak><p><s>One.</s><s>Two <sub alias="three">3</sub></s></p><mark name="m"/>'
    '<say-as interpret-as="date" format="dmy">1/2/2003</say-as></speak>',
    '<speak version="1.1" xmlns="http://www.w3.org/2001/10/synthesis" xml:lang="en">'
    '<phoneme alphabet="x-arpabet" ph="HH AH0 L OW1">x</phoneme></speak>',
    '<speak><voice name="kathleen">a</voice><say-as interpret-as="characters">ab1</say-as> '
    '<say-as interpret-as="cardinal">12345</say-as></speak>',
)
LEXICON = "HELLO HH AH0 L OW1\n# a comment\nworld W ER1 L D # another\ncaf\u00e9 K AE0 F EY1\n"
BOOK = (
    "A Title\n\nChapter 1: Home\n\nSome text.\nMore of it.\n\n# Two\n\nEven more, 12 times.\n\nEpilogue\n\nThe end.\n"
)
MAX_CHARACTERS = 3_000  # of a text, because the reading time grows with it

ENTITIES = "".join(f'<!ENTITY e{n} "{"".join(f"&e{n - 1};" * 10) if n else "lol"}">' for n in range(10))
BOMBS = (
    f"<!DOCTYPE speak [{ENTITIES}]><speak>&e9;</speak>",
    '<!DOCTYPE speak [<!ENTITY x SYSTEM "file:///etc/passwd">]><speak>&x;</speak>',
    '<?xml version="1.0" encoding="utf-16"?><speak>a</speak>',
    "<speak>" * 5_000 + "a" + "</speak>" * 5_000,
    "<speak>" + "<p>" * 200 + "a",
    "<speak>" + "<break time='9999999999s'/>" * 50 + "a</speak>",
    "<speak><prosody rate='1e999%' pitch='+1e999st' volume='-1e999dB' range='x-high'>a</prosody></speak>",
)


def WARM_UP() -> None:
    from wavewright.tasks.phonemes import phonemes

    phonemes("Warm up the tables of the English front end: 12 of them, xyzzyqux.")


def read_text(rng: random.Random, folder: Path) -> None:
    """Convert a text with strange pieces to phonemes."""
    from wavewright.tasks.phonemes import phonemes

    text = mutate.text_of(rng, rng.choice(TEXTS))
    if rng.random() < 0.05:  # which a rule must not take the square of the time for
        start = rng.randrange(len(text) + 1)
        piece = text[start : start + rng.choice((1, 2, 5, 20))] or "a"
        text = piece * (30_000 // len(piece))
    read = phonemes(text[:MAX_CHARACTERS], strict=rng.random() < 0.5)
    str(read)
    for sentence in read.sentences:
        for word in sentence.words:
            assert 0 <= word.start <= word.end <= len(read.text)


def read_markup(rng: random.Random, folder: Path) -> None:
    """Convert damaged SSML to phonemes."""
    from wavewright.tasks.phonemes import phonemes

    markup = rng.choice(BOMBS) if rng.random() < 0.1 else rng.choice(MARKUP)
    if rng.random() < 0.3:
        values = (
            *mutate.STRANGE_NUMBERS,
            *mutate.STRANGE_NAMES,
            "-5s",
            "1e9ms",
            "200%",
            "+400st",
            "x-fast",
            "en-GB",
            "dmy",
        )
        quoted = markup.split('"')
        if len(quoted) > 2:
            index = rng.randrange(1, len(quoted), 2)
            quoted[index] = rng.choice(values).replace('"', "&quot;").replace("<", "&lt;")
        markup = '"'.join(quoted)
    else:
        markup = mutate.text_of(rng, markup)
    str(phonemes(markup[: 20 * MAX_CHARACTERS]))


def read_lexicon(rng: random.Random, folder: Path) -> None:
    """Read a damaged lexicon, and a text with it."""
    from wavewright.tasks.phonemes import phonemes

    path = folder / "words.txt"
    contents = mutate.encoded(rng, mutate.text_of(rng, LEXICON))
    path.write_bytes(mutate.bytes_of(rng, contents) if rng.random() < 0.3 else contents)
    str(phonemes("Hello world, hello caf\u00e9.", lexicon=path))


def read_book(rng: random.Random, folder: Path) -> None:
    """Find the chapters of a damaged book, and read all of it."""
    from wavewright.speech.chapters import find_chapters, paragraphs

    path = folder / "book.txt"
    contents = mutate.encoded(rng, mutate.text_of(rng, BOOK))
    path.write_bytes(mutate.bytes_of(rng, contents) if rng.random() < 0.3 else contents)
    mark = rng.choice((None, None, "#", "Chapter", "\u2028", "A"))
    chapters = find_chapters(path, mark)
    assert len({chapter.stem for chapter in chapters}) == len(chapters)
    for chapter in chapters:
        assert len(f"{chapter.stem}.flac".encode()) < 256
        assert not {*chapter.stem} & {*"/\\\0\n\r"}
        for paragraph in paragraphs(path, chapter, mark):
            assert paragraph.text.strip()


def read_standard_input(rng: random.Random, folder: Path) -> None:
    """Read a text from standard input, whole or line by line."""
    from wavewright.speech.reading import segment_lines
    from wavewright.text import front_end, standard_input

    contents = mutate.encoded(rng, mutate.text_of(rng, rng.choice((*TEXTS, *MARKUP, BOOK))))
    if rng.random() < 0.4:
        contents = mutate.bytes_of(rng, contents)
    if rng.random() < 0.02:
        contents *= 200_000 // max(1, len(contents)) * 30
    source = Dripping(rng, contents)
    if rng.random() < 0.5:
        standard_input.read_text(source, rng.choice((100, 50_000)), "say less")  # type: ignore[arg-type]
        return
    strict = rng.random() < 0.5
    lines = list(standard_input.read_lines(source, strict))  # type: ignore[arg-type]
    text = contents.decode("utf-8", "strict" if strict else "ignore")
    assert "".join(lines) in (text, text.removeprefix("\ufeff"))
    if len(contents) < MAX_CHARACTERS:
        reader = front_end("en")
        for part in segment_lines(lines, "Standard input", reader.sentences):
            io.StringIO(part)


READERS = {
    "texts": read_text,
    "markup": read_markup,
    "lexicons": read_lexicon,
    "books": read_book,
    "text-on-standard-input": read_standard_input,
}
