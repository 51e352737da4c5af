"""Resolve how each line of a batch is spoken: its own settings override the common ones, voices are loaded once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from ..errors import BadSetting, BadText
from ..speech.chunk import Chunk
from ..speech.prosody import Prosody
from ..speech.styles import parse_style
from ..speech.voice import Voice
from ..text.lexicon import Lexicon
from ..text.markup import Markup
from ..text.sentence import BOUNDARY, PAUSES, SILENCE
from ..text.skipped import warn
from .batch import Talk
from .leveling import Leveler, target_lufs

MOST_CHARACTERS = 50_000
"""Longest text for one clip, about an hour; longer ones are streamed or spoken as a book."""


@dataclass(frozen=True)
class Reading:
    """Settings of the front end: SSML (otherwise detected from the text), markup, strictness and language."""

    ssml: bool = False
    markup: Markup = "none"
    strict: bool = False
    language: str | None = None


def manner_of(
    prosody: Prosody, style: str | None, seed: int, words: Lexicon | None, leveler: Leveler | None, reading: Reading
) -> dict[str, Any]:
    """Return the settings that a sound depends on, besides its text and models, for the comment of its file."""
    manner = {**asdict(prosody), "style": style, "seed": seed, "lexicon": None if words is None else hash_of(words)}
    manner |= {} if reading.markup == "none" else {"markup": reading.markup}
    manner |= {} if reading.language is None else {"language": reading.language}
    return manner if leveler is None else manner | {"lufs": leveler.target}


class Talks:
    """Maps the settings of a line, which override ``common``, to how it is spoken.

    Settings are validated as the parameters of ``task``; voices are loaded once.
    """

    def __init__(
        self, task: Callable[..., Any], vocoder: str, lexicon: Path | None, reading: Reading, common: dict[str, Any]
    ):
        self._allowed = get_type_hints(task, include_extras=True)
        self._vocoder, self._lexicon, self._reading, self._common = vocoder, lexicon, reading, common
        self._voices: dict[str, tuple[Voice, Lexicon | None]] = {}
        self({})  # raise errors of the common settings before any line

    def __call__(self, own: dict[str, Any]) -> Talk:
        given = {**self._common, **{name: self._checked(name, value) for name, value in own.items()}}
        voice, words = self._voice(given["voice"])
        parse_style(given["style"], voice.acoustic.styles)
        prosody = Prosody(*(given[name] for name in ("rate", "pitch", "range", "energy", "volume_db")))
        leveler = None if given["lufs"] is None else Leveler(target_lufs(given["lufs"]))

        def say(text: str) -> Iterator[Chunk]:
            if len(text) > MOST_CHARACTERS:
                raise BadText(
                    f"The text has {len(text):,} characters, and {MOST_CHARACTERS:,} fit into one clip; split it."
                )
            return voice.stream(
                text,
                prosody,
                style=given["style"],
                lexicon=words,
                seed=given["seed"],
                is_ssml=self._reading.ssml or None,
                markup=self._reading.markup,
                strict=self._reading.strict,
                on_skip=warn,
            )

        return Talk(
            voice, say, manner_of(prosody, given["style"], given["seed"], words, leveler, self._reading), leveler
        )

    def _checked(self, name: str, value: Any) -> Any:
        """Validate a line's own setting as a parameter of the task; raise BadSetting with the allowed values."""
        try:
            return TypeAdapter(self._allowed[name]).validate_python(value)
        except ValidationError as error:
            message = error.errors()[0]["msg"]
            raise BadSetting(f"Its {name} is {value!r}; {message[:1].lower()}{message[1:]}.") from error

    def _voice(self, name: str) -> tuple[Voice, Lexicon | None]:
        if name not in self._voices:
            voice = Voice.load(name, self._vocoder, self._reading.language)
            self._voices[name] = voice, lexicon_of(voice, self._lexicon)
        return self._voices[name]


def lexicon_of(voice: Voice, path: Path | None) -> Lexicon | None:
    """Read a lexicon in the phones of a voice, None without a path."""
    phones = {*voice.front_end.symbols} - {SILENCE, BOUNDARY, *PAUSES}
    return None if path is None else Lexicon.read(path, phones)


def hash_of(lexicon: Lexicon) -> str:
    """Return twelve hexadecimal digits that identify the words and phones of a lexicon."""
    return hashlib.sha256(repr(sorted(lexicon.words.items())).encode()).hexdigest()[:12]
