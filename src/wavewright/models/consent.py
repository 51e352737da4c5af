"""The consent of the speakers of a voice, as a card states it, and what licences of recordings ask of models."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from ..base.errors import BadSetting
from ..base.names import quoted

UNKNOWN = "unknown"

FREE = re.compile(r"cc0|public domain|pddl|unlicen[cs]e|0bsd|wtfpl")
CREATIVE_COMMONS = re.compile(r"cc-by(?P<parts>(-(nc|nd|sa))*)(-\d+(\.\d+)?)?(-[a-z]{2,4})?")
COPYLEFT = re.compile(r"[al]?gpl")
NOTICE = re.compile(r"mit|bsd|apache|isc|zlib|artistic|odc-by|cdla-permissive")


@dataclass(frozen=True)
class LicenceTerms:
    """Terms of a licence that matter to a model."""

    is_known: bool = True  # false for a licence that is not stated, or of another name
    adaptation: bool = True  # anybody may adapt the recordings, and so train a model on them
    attribution: bool = False  # whoever publishes an adaptation must name the source
    share_alike: bool = False  # an adaptation must have the same licence
    non_commercial: bool = False  # only uses that earn no money are allowed
    source_code: bool = False
    """A licence of programs that asks for the source of what is derived from them, such as the GPL."""


def terms_of(licence: str) -> LicenceTerms:
    """Return the terms of a licence by its name, such as ``CC-BY-SA-4.0``; of several words, none may be unknown."""
    name = re.sub(r"[\s_]+", "-", licence.strip().lower()).replace("public-domain", "public domain")
    if FREE.match(name):
        return LicenceTerms()
    creative_commons = CREATIVE_COMMONS.fullmatch(name)
    if creative_commons:
        parts = creative_commons["parts"].split("-")
        return LicenceTerms(
            adaptation="nd" not in parts,
            attribution=True,
            share_alike="sa" in parts,
            non_commercial="nc" in parts,
        )
    if COPYLEFT.match(name):
        return LicenceTerms(attribution=True, share_alike=True, source_code=True)
    if NOTICE.match(name):
        return LicenceTerms(attribution=True)
    return LicenceTerms(is_known=False, adaptation=False)


MAX_LICENCE = 200
"""Longest name of a licence, and longest credit."""

BASES = {
    "statement": "statement of the speaker",
    "declared": "declared by whoever trained the model",
    "licence": "licence of the published recordings",
}
"""What each basis of a consent is, for people."""


class Statement(BaseModel):
    """What one speaker said or wrote."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(description="name of the files, without their endings")
    wording: str = Field(default="", description="text of the statement; empty if only a recording was given")
    recording: str = Field(default="", description="file name of the recording; empty if only a text was given")
    sha256: str = Field(default="", description="of the file of the recording, or of the text without one")


class Consent(BaseModel):
    """Why the voice of somebody may be imitated."""

    model_config = ConfigDict(extra="forbid")

    basis: Literal["statement", "declared", "licence"]
    date: str = Field(description="day on which the consent was given to the training, YYYY-MM-DD")
    speakers: list[str] = Field(default=[], description="names of the speakers of the recordings, if known")
    statements: list[Statement] = []
    licence: str = Field(default="", description="of published recordings")

    def __str__(self) -> str:
        who = f" of {', '.join(self.speakers)}" if self.speakers else ""
        text = f"{BASES[self.basis]}{f' ({self.licence})' if self.licence else ''}{who}, {self.date}"
        for statement in self.statements:
            wording = f": {statement.wording!r}" if statement.wording else ""
            text += f"; {statement.recording or statement.name} (SHA-256 {statement.sha256[:12]}){wording}"
        return text


@dataclass(frozen=True)
class Permission:
    """Permission of the owners of recordings, as stated by whoever trains on them.

    Raises BadSetting if a text has several lines or is too long.
    """

    licence: str = UNKNOWN
    credit: str = ""
    consent: Consent | None = None

    def __post_init__(self) -> None:
        for option, text in (("--licence", self.licence), ("--credit", self.credit or UNKNOWN)):
            if len(text) > MAX_LICENCE or not text.isprintable() or not text.strip():
                raise BadSetting(f"{option} is {quoted(text)}; give one line of 1 to {MAX_LICENCE} characters.")


def required_consent(consent: Consent | None, licence: str, speakers: Sequence[str] = ()) -> Consent:
    """Return the consent to train a voice, with the names of its speakers.

    - ``consent``: that the caller gives.
    - ``licence``: of the recordings. Without a consent, one by which anybody may adapt them counts.
    - ``speakers``: names of the speakers, if they are known.

    Raises BadSetting if there is no consent, or there are fewer statements than speakers.
    """
    if consent is None and terms_of(licence).adaptation:
        consent = Consent(basis="licence", date=date.today().isoformat(), licence=licence)
    if consent is None:
        raise BadSetting(
            "A voice needs the consent of its speaker: give --consent with a recording or a text of the statement, "
            "--i-have-consent if you have it in another form, or, for published recordings, --licence with a licence "
            f"that lets anybody adapt them (such as CC0-1.0; given: {quoted(licence)})."
        )
    n_statements = len(consent.statements)
    if consent.basis == "statement" and n_statements < len(speakers):
        count = "1 statement" if n_statements == 1 else f"{n_statements} statements"
        raise BadSetting(
            f"--consent has {count}, and the recordings are of {len(speakers)} speakers ({', '.join(speakers[:6])}"
            f"{', ...' if len(speakers) > 6 else ''}); give a statement of each, or --i-have-consent for all of them."
        )
    return consent.model_copy(update={"speakers": list(speakers)})
