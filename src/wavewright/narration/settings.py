"""The settings with which sound files of speech are made; `speak` and the columns of a batch have the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from pydantic import TypeAdapter, ValidationError

from ..errors import BadSetting
from ..parameters import (
    GainDb,
    IsSsml,
    LexiconPath,
    PitchRange,
    PitchShift,
    SpeakingRate,
    SpeechSeed,
    StrictReading,
    StyleName,
    TargetLoudness,
    TextLanguage,
    TextMarkup,
    VocalEffort,
    VocoderName,
    VoiceName,
)
from ..speech.prosody import Prosody
from ..speech.voice import DEFAULT_VOCODER, DEFAULT_VOICE
from .loudness import parse_loudness


@dataclass(frozen=True)
class NarrationSettings:
    """Settings of sound files of speech, named as the parameters of `speak`, which describe them."""

    voice: VoiceName = DEFAULT_VOICE
    vocoder: VocoderName = DEFAULT_VOCODER
    rate: SpeakingRate = 1.0
    pitch: PitchShift = 0.0
    range: PitchRange = 1.0
    energy: VocalEffort = 1.0
    volume_db: GainDb = 0.0
    style: StyleName = None
    lexicon: LexiconPath = None
    seed: SpeechSeed = 0
    ssml: IsSsml = False
    markup: TextMarkup = "none"
    language: TextLanguage = None
    strict: StrictReading = False
    lufs: TargetLoudness = None

    @property
    def prosody(self) -> Prosody:
        """Prosody of all words."""
        return Prosody(self.rate, self.pitch, self.range, self.energy, self.volume_db)

    @property
    def target_lufs(self) -> float | None:
        """Target loudness in LUFS, None to keep the loudness; raises BadSetting if it is out of range."""
        return None if self.lufs is None else parse_loudness(self.lufs)

    def override(self, values: Mapping[str, object]) -> NarrationSettings:
        """Return the settings with some of them replaced.

        Parameters
        ----------
        values : mapping of str to object
            New values by name, as text or numbers.

        Returns
        -------
        NarrationSettings
            The settings.

        Raises
        ------
        BadSetting
            If a value has the wrong type or is out of range.
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
