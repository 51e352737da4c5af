"""Requests for speech as clients of OpenAI's API send them, checked field by field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from ...base import json_text
from ...base.errors import BadModel, BadSetting, BadText, WavewrightError
from ...base.names import quoted
from ...speech.narration.settings import NarrationSettings
from ...speech.prosody import STYLES
from ...speech.voice import DEFAULT_VOICE
from .encoders import SPEECH_FORMATS

MODELS = ("wavewright", "tts-1", "tts-1-hd", "gpt-4o-mini-tts")
"""Names of the model in requests; all are the same, since the voice selects the model."""

DATED_MODEL = re.compile(r"(tts-1|tts-1-hd|gpt-4o-mini-tts)-(\d{4}|\d{4}-\d{2}-\d{2})")
"""Versions of them, as clients of OpenAI's API list them, such as ``gpt-4o-mini-tts-2025-12-15``."""

STREAM_FORMATS = ("audio", "sse")
MAX_INSTRUCTIONS = 4_096
MAX_WORDS = 10_000  # of a lexicon

OWN_FIELDS = (
    *("pitch", "range", "energy", "volume_db", "style", "seed", "ssml", "markup", "language", "strict"),
    *("sentence_pause", "clause_pause", "paragraph_pause", "seconds"),
)
"""Fields besides those of OpenAI, named and described as the parameters of `wavewright.speak`."""

STYLE_NAME = re.compile(rf"\b({'|'.join(STYLES)})\b", re.IGNORECASE)
DENIAL = re.compile(r"(\b(not|never|no|without)|n't)(\s+\w+){0,2}\s+$", re.IGNORECASE)
"""End of a text after which a style is denied, as in "do not sound angry"."""

JsonObject: TypeAlias = dict[str, json_text.JsonValue]


class BadRequest(WavewrightError):
    """A request that cannot be answered: its field, a code for programs and the HTTP status.

    - ``sentence``: what was given, what is allowed.
    - ``param``: name of the field.
    - ``code``: code for programs.
    - ``status``: HTTP status.
    """

    def __init__(self, sentence: str, param: str | None = None, code: str | None = None, status: int = 400) -> None:
        super().__init__(sentence)
        self.param, self.code, self.status = param, code, status


@dataclass(frozen=True)
class SpeechRequest:
    """A request for speech: text, settings and how the audio is sent."""

    text: str
    settings: NarrationSettings
    audio_format: str = "mp3"
    stream_format: str = "audio"
    with_words: bool = False
    lexicon: Mapping[str, str] = field(default_factory=dict)

    @property
    def content_type(self) -> str:
        """Media type of the reply."""
        return "text/event-stream" if self.stream_format == "sse" else SPEECH_FORMATS[self.audio_format].content_type


def parse_object(body: bytes) -> JsonObject:
    """Parse the body of a request.

    Raises BadRequest if it is not a JSON object in UTF-8.
    """
    try:
        value = json_text.parse_sent(body.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise BadRequest("The body is not UTF-8; send a JSON object in UTF-8.") from error
    except ValueError as error:
        raise BadRequest(f"The body is not JSON ({error}); send an object with input and voice.") from error
    if not isinstance(value, dict):
        raise BadRequest("The body is JSON, but not an object; send one with input and voice.")
    return value


def parse_speech(fields: JsonObject, max_text: int) -> SpeechRequest:
    """Check the fields of a request for speech; unknown ones are ignored, as clients send them.

    - ``fields``: ``input``, and ``model``, ``voice``, ``response_format``, ``speed``, ``instructions``,
      ``stream_format`` of OpenAI; `OWN_FIELDS`; ``lexicon``, an object of words and their phones; and
      ``word_timestamps``, with which a stream of events has the times of words.
    - returns: the request; the voice is not looked up yet.

    Raises BadRequest for the first field that is not valid.
    """
    check_model(_text_of(fields, "model", MODELS[0]))
    text = _input_of(fields, max_text)
    stream_format = _choice(fields, "stream_format", STREAM_FORMATS)
    return SpeechRequest(
        text,
        _settings_of(fields),
        _choice(fields, "response_format", tuple(SPEECH_FORMATS)),
        stream_format,
        fields.get("word_timestamps") is True and stream_format == "sse",
        _lexicon_of(fields),
    )


def style_of(instructions: str) -> str | None:
    """Return the first style that instructions name and do not deny, such as ``cheerful`` in "a cheerful tone"."""
    for match in STYLE_NAME.finditer(instructions):
        if not DENIAL.search(instructions[: match.start()]):
            return match[0].lower()
    return None


def is_model(name: str) -> bool:
    """Return whether requests may give this name of a model."""
    return name in MODELS or DATED_MODEL.fullmatch(name) is not None


def check_model(name: str) -> None:
    """Raise BadRequest for a name of a model that requests may not give."""
    if not is_model(name):
        raise BadRequest(
            f"There is no model {quoted(name)}; give one of {', '.join(MODELS)}, and choose a voice by voice.",
            "model",
            "model_not_found",
            404,
        )


def _input_of(fields: JsonObject, max_text: int) -> str:
    text = fields.get("input")
    if not isinstance(text, str):
        raise BadRequest("The text to speak is missing; send it as the string input.", "input", "missing_input")
    if len(text) > max_text:
        raise BadRequest(
            f"The text has {len(text)} characters; this server speaks at most {max_text} in one request, so split it.",
            "input",
            "string_above_max_length",
        )
    return text


def _settings_of(fields: JsonObject) -> NarrationSettings:
    values: JsonObject = {name: fields[name] for name in OWN_FIELDS if fields.get(name) is not None}
    values["voice"] = _voice_of(fields)
    if not values.get("style"):
        values["style"] = style_of(_text_of(fields, "instructions", "")[:MAX_INSTRUCTIONS])
    speed = fields.get("speed")
    if speed is not None:
        if isinstance(speed, bool) or not isinstance(speed, int | float) or not 0.25 <= speed <= 4:
            raise BadRequest(f"The speed is {quoted(str(speed))}; it must be a number from 0.25 to 4.", "speed")
        values["rate"] = speed
    settings = NarrationSettings()
    for name, value in values.items():
        try:
            settings = settings.override({name: value})
        except WavewrightError as error:
            problem = f"{str(error)[:1].lower()}{str(error)[1:]}"
            raise BadRequest(f"A field of the request is not valid: {problem}", name) from error
    return settings


def _voice_of(fields: JsonObject) -> str:
    """Return the name of the voice, which is a string or an object with an id."""
    voice = fields.get("voice")
    if isinstance(voice, dict):
        voice = voice.get("id")
    if voice is None or voice == "":
        return DEFAULT_VOICE
    if not isinstance(voice, str):
        raise BadRequest("The voice must be its name, a string, or an object with the name as id.", "voice")
    return voice


def _lexicon_of(fields: JsonObject) -> dict[str, str]:
    """Return the words of the request with their phones, which the voice's front end checks."""
    words = fields.get("lexicon")
    if words is None:
        return {}
    if not isinstance(words, dict) or not all(
        isinstance(phones, str) and word.strip() for word, phones in words.items()
    ):
        raise BadRequest(
            'The lexicon is not an object of words with their phones; send one such as {"Kyiv": "K IY1 V"}.', "lexicon"
        )
    if len(words) > MAX_WORDS:
        raise BadRequest(f"The lexicon has {len(words)} words; send at most {MAX_WORDS}.", "lexicon")
    return {word: str(phones) for word, phones in words.items()}


def _text_of(fields: JsonObject, name: str, default: str) -> str:
    value = fields.get(name)
    if value is None or value == "":
        return default
    if not isinstance(value, str):
        raise BadRequest(f"The field {name} is not a string; send it as one.", name)
    return value


def _choice(fields: JsonObject, name: str, choices: tuple[str, ...]) -> str:
    value = _text_of(fields, name, choices[0])
    if value not in choices:
        raise BadRequest(f"The {name} is {quoted(value)}; it must be one of {', '.join(choices)}.", name)
    return value


def field_of(error: WavewrightError) -> tuple[str | None, str | None, int]:
    """Return the field, the code and the HTTP status of an error."""
    if isinstance(error, BadRequest):
        return error.param, error.code, error.status
    if isinstance(error, BadModel):
        return "voice", "voice_not_found", 404
    if isinstance(error, BadText):
        return "input", None, 400
    names = ("style", "language") if isinstance(error, BadSetting) else ()
    return next((name for name in names if name in str(error)), None), None, 400
