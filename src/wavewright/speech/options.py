"""The options with which a voice speaks a text."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..text.lexicon import Lexicon
from ..text.markup import Markup
from .prosody import Prosody


@dataclass(frozen=True)
class SpeechOptions:
    """Options of `Voice.stream` as one object.

    Attributes
    ----------
    prosody : Prosody
        Prosody of all words; it is combined with that of `style` and of the SSML.
    style : str, optional
        Name of a style with an optional strength, such as ``sad:0.6``; see `wavewright.speech.styles`.
    lexicon : Lexicon, optional
        Phones of words, which override the front end's own.
    seed : int
        Seed of the vocoder's noise.
    is_ssml : bool, optional
        Whether the text is SSML; by default, a text that starts like SSML is, and segments are not.
    markup : {"none", "markdown", "html"}
        Markup of a text that is not SSML.
    strict : bool
        Whether passages that cannot be read, such as letters of another script, raise BadText.
    """

    prosody: Prosody = field(default_factory=Prosody)
    style: str | None = None
    lexicon: Lexicon | None = None
    seed: int = 0
    is_ssml: bool | None = None
    markup: Markup = "none"
    strict: bool = False
