"""Statements of consent that speakers said or wrote, read and checked before a voice is trained."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import Field

from ..audio.sound_file import open_sound
from ..base.errors import BadSetting, printable
from ..base.names import control_character_in, quoted
from ..base.parameters import FREE_TEXT
from ..base.rules import Without
from ..models.consent import UNKNOWN, Consent, Permission, Statement
from .entry import SILENT_PEAK

TEXT_SUFFIXES = (".txt", ".md")
MAX_TEXT_BYTES = 20_000
MIN_LETTERS = 10
"""Fewest letters of a statement that says who agrees to what, in any script."""

MIN_SECONDS = 2.0
"""Shortest recording of a statement."""

STATEMENT = (
    "I, NAME, am the speaker of these recordings. I agree that they are used to train a synthetic voice that sounds "
    "like mine."
)
"""Wording that the documentation proposes."""


@dataclass(frozen=True, kw_only=True)
class PermissionParameters:
    """Licence of the recordings, and consent of their speakers."""

    consent: Annotated[
        tuple[Path, ...],
        Field(
            description="For a voice: the speaker's consent, a recording of the statement or a text file; may be given "
            "several times."
        ),
    ] = ()
    i_have_consent: Annotated[
        bool,
        Field(description="For a voice: you are its speaker, or have the speaker's consent in another form."),
        Without("consent"),
    ] = False
    licence: Annotated[
        str,
        Field(
            description="Licence of the recordings, for the card of the model. A voice of published recordings needs "
            "no --consent if it lets anybody adapt them, such as CC0-1.0."
        ),
        FREE_TEXT,
    ] = UNKNOWN
    credit: Annotated[str, Field(description="Whom to credit for the recordings, for the card."), FREE_TEXT] = ""

    def permission(self) -> Permission:
        """Return the permission; raise BadSetting if a file cannot be a statement of consent."""
        return Permission(self.licence, self.credit, consent_of(self.consent, self.i_have_consent))

    def permission_words(self) -> tuple[str, ...]:
        """Return the words of a command line that state the same permission."""
        words = [word for path in self.consent for word in ("--consent", str(path))]
        words += ["--i-have-consent"] * self.i_have_consent
        words += ["--licence", self.licence] if self.licence != UNKNOWN else []
        return (*words, *(["--credit", self.credit] if self.credit else []))


def consent_of(files: Sequence[Path], is_declared: bool) -> Consent | None:
    """Return the consent that a caller gives; None if there is none.

    - ``files``: recordings of statements, and texts; a recording and a text of the same name are one statement.
    - ``is_declared``: the caller has the consent in another form.

    Raises BadSetting if a file cannot be a statement.
    """
    today = date.today().isoformat()
    if is_declared:
        return Consent(basis="declared", date=today)
    if not files:
        return None
    by_name: dict[str, Statement] = {}
    for path in files:
        read = _text_statement(path) if path.suffix.lower() in TEXT_SUFFIXES else _recorded_statement(path)
        other = by_name.get(path.stem)
        if other is not None and bool(other.recording) == bool(read.recording):
            raise BadSetting(f"--consent names {quoted(path.stem)} twice; give each statement once.")
        by_name[path.stem] = read if other is None else _together(read, other)
    return Consent(basis="statement", date=today, statements=list(by_name.values()))


def _text_statement(path: Path) -> Statement:
    try:
        with path.open("rb") as opened:
            contents = opened.read(MAX_TEXT_BYTES + 1)
        wording = " ".join(contents[:MAX_TEXT_BYTES].decode("utf-8-sig", "strict").split())
    except OSError as error:
        raise BadSetting(f"--consent {path} cannot be read ({error.strerror}); give a recording or a text.") from error
    except UnicodeDecodeError as error:
        raise BadSetting(f"--consent {path} is no text in UTF-8; save it as UTF-8, or give a recording.") from error
    if len(contents) > MAX_TEXT_BYTES or control_character_in(wording):
        raise BadSetting(f"--consent {path} is no statement; give a plain text of at most {MAX_TEXT_BYTES:,} bytes.")
    if sum(character.isalpha() for character in wording) < MIN_LETTERS:
        raise BadSetting(f"--consent {path} is too short for a statement; write a sentence such as {STATEMENT!r}")
    return Statement(name=printable(path.stem), wording=wording, sha256=hashlib.sha256(contents).hexdigest())


def _recorded_statement(path: Path) -> Statement:
    sound = open_sound(path)
    n_samples, peak, sample_rate = 0, 0.0, sound.header.sample_rate
    for block in sound.blocks():
        n_samples += block.shape[1]
        peak = max(peak, float(abs(block).max(initial=0.0)))
    if n_samples < MIN_SECONDS * sample_rate or peak < SILENT_PEAK:
        what = "silent" if peak < SILENT_PEAK else f"{n_samples / sample_rate:.2f} s long"
        raise BadSetting(
            f"--consent {path} is {what}; give a recording of the whole statement, {MIN_SECONDS:g} s or longer."
        )
    with path.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    return Statement(name=printable(path.stem), recording=printable(path.name), sha256=digest)


def _together(one: Statement, other: Statement) -> Statement:
    """Return the statement of a recording and its text."""
    recorded, written = (one, other) if one.recording else (other, one)
    return recorded.model_copy(update={"wording": written.wording})
