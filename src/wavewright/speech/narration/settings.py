"""Settings of sound files of speech, which are parameters of commands, columns of tables and fields of requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache

from pydantic import TypeAdapter, ValidationError

from ...base import parameters
from ...base.errors import BadSetting
from ...base.task_parameters import check_together
from ...base.validation import fault_of
from ...outputs.watermark.payload import DEFAULT_KEY
from ..prosody import Pauses, Prosody
from ..voice import DEFAULT_VOCODER, DEFAULT_VOICE
from .loudness import parse_loudness


@dataclass(frozen=True, kw_only=True)
class NarrationSettings:
    """Settings of sound files of speech; `speak`, `narrate` and `speak_lines` have them as parameters."""

    voice: parameters.VoiceName = DEFAULT_VOICE
    dialogue_voice: parameters.DialogueVoice = None
    vocoder: parameters.VocoderName = DEFAULT_VOCODER
    rate: parameters.SpeakingRate = 1.0
    pitch: parameters.PitchShift = 0.0
    range: parameters.PitchRange = 1.0
    energy: parameters.VocalEffort = 1.0
    volume_db: parameters.GainDb = 0.0
    style: parameters.StyleName = None
    seed: parameters.SpeechSeed = 0
    sentence_pause: parameters.SentencePause = None
    clause_pause: parameters.ClausePause = None
    paragraph_pause: parameters.ParagraphPause = None
    seconds: parameters.SpeechSeconds = None
    lexicon: parameters.LexiconPath = None
    ssml: parameters.IsSsml = False
    markup: parameters.TextMarkup = "none"
    language: parameters.TextLanguage = None
    strict: parameters.StrictReading = False
    lufs: parameters.TargetLoudness = None
    watermark: parameters.IsMarked = True
    watermark_key: parameters.MarkKey = DEFAULT_KEY

    def check(self) -> None:
        """Raise BadSetting for a target loudness out of range, and for settings that exclude each other."""
        if self.lufs is not None:
            parse_loudness(self.lufs)
        check_together(type(self), vars(self), {})

    @property
    def prosody(self) -> Prosody:
        """Prosody of all words."""
        return Prosody(self.rate, self.pitch, self.range, self.energy, self.volume_db)

    @property
    def pauses(self) -> Pauses:
        """Lengths of pauses."""
        return Pauses(self.sentence_pause, self.clause_pause, self.paragraph_pause)

    @property
    def target_lufs(self) -> float | None:
        """Target loudness in LUFS, None to keep the loudness."""
        return None if self.lufs is None else parse_loudness(self.lufs)

    def override(self, values: Mapping[str, object]) -> NarrationSettings:
        """Return the settings with some of them replaced.

        - ``values``: new values by name, as text or numbers.

        Raises BadSetting if a value has the wrong type or is out of range.
        """
        try:
            own = {field.name: getattr(self, field.name) for field in fields(NarrationSettings)}
            return _validator().validate_python({**own, **values})
        except ValidationError as error:
            fault = fault_of(error)
            raise BadSetting(f"Its {fault.keys[0]} is {fault.value!r}; {fault.message}.") from error


@cache
def _validator() -> TypeAdapter[NarrationSettings]:
    return TypeAdapter(NarrationSettings)
