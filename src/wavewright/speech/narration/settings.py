"""The settings with which sound files of speech are made; `speak` and the columns of a batch have the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from pydantic import TypeAdapter, ValidationError

from ...base import parameters
from ...base.errors import BadSetting
from ...outputs.watermark.sequences import DEFAULT_KEY
from ..pauses import Pauses
from ..prosody import Prosody
from ..voice import DEFAULT_VOCODER, DEFAULT_VOICE
from .loudness import parse_loudness


@dataclass(frozen=True)
class NarrationSettings:
    """Settings of sound files of speech, named as the parameters of `speak`, which describe them."""

    voice: parameters.VoiceName = DEFAULT_VOICE
    vocoder: parameters.VocoderName = DEFAULT_VOCODER
    rate: parameters.SpeakingRate = 1.0
    pitch: parameters.PitchShift = 0.0
    range: parameters.PitchRange = 1.0
    energy: parameters.VocalEffort = 1.0
    volume_db: parameters.GainDb = 0.0
    style: parameters.StyleName = None
    lexicon: parameters.LexiconPath = None
    seed: parameters.SpeechSeed = 0
    ssml: parameters.IsSsml = False
    markup: parameters.TextMarkup = "none"
    language: parameters.TextLanguage = None
    strict: parameters.StrictReading = False
    lufs: parameters.TargetLoudness = None
    sentence_pause: parameters.SentencePause = None
    clause_pause: parameters.ClausePause = None
    paragraph_pause: parameters.ParagraphPause = None
    watermark: parameters.IsMarked = True
    watermark_key: parameters.MarkKey = DEFAULT_KEY

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
        """Target loudness in LUFS, None to keep the loudness; raises BadSetting if it is out of range."""
        return None if self.lufs is None else parse_loudness(self.lufs)

    def override(self, values: Mapping[str, object]) -> NarrationSettings:
        """Return the settings with some of them replaced.

        - ``values``: new values by name, as text or numbers.

        Raises BadSetting if a value has the wrong type or is out of range.
        """
        try:
            return _validator().validate_python({**vars(self), **values})
        except ValidationError as error:
            first = error.errors()[0]
            message = first["msg"][:1].lower() + first["msg"][1:]
            raise BadSetting(f"Its {first['loc'][0]} is {first['input']!r}; {message}.") from error


@cache
def _validator() -> TypeAdapter[NarrationSettings]:
    return TypeAdapter(NarrationSettings)
