"""The options with which a voice speaks a text."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..base.parameters import Markup
from ..text.lexicon import Lexicon
from .pauses import Pauses
from .prosody import Prosody


@dataclass(frozen=True)
class SpeechOptions:
    """The options of `Voice.stream`, which describes them, as one object."""

    prosody: Prosody = field(default_factory=Prosody)
    style: str | None = None
    lexicon: Lexicon | None = None
    seed: int = 0
    is_ssml: bool | None = None
    markup: Markup = "none"
    strict: bool = False
    pauses: Pauses = field(default_factory=Pauses)
