"""What licences of recordings ask of models and of what these generate."""

from __future__ import annotations

import re
from dataclasses import dataclass

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
