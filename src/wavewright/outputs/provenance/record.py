"""What a signed record says: the sound, what made it, and of what."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from .sound_hash import HashOf

FORMAT = "wavewright-provenance/1"

IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"
TRAINED, ALGORITHMIC, ENHANCED = "trainedAlgorithmicMedia", "algorithmicMedia", "algorithmicallyEnhanced"
STATEMENTS = {
    TRAINED: "Trained algorithmic media: created algorithmically using a model derived from sampled content",
    ALGORITHMIC: "Algorithmic media: created purely by an algorithm, not based on any sampled training data",
    ENHANCED: "Algorithmically enhanced: minor augmentation or correction by algorithm",
}
"""Terms of IPTC's digital source types, and what they mean."""

Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Text = Annotated[str, Field(max_length=1_000)]


class _SignedPart(BaseModel):
    """A part of a record; fields of later versions are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class SignedSound(_SignedPart):
    """The hash of a sound and its format, see :class:`.sound_hash.SoundHash`."""

    sha256: Sha256
    hash_of: HashOf
    sample_rate: int
    n_channels: int


class SignedModel(_SignedPart):
    """A model that made a sound: its name, the digits of its hash in manifests, and the whole hash if it was known."""

    name: Text
    hash: Text
    sha256: Sha256 | None = None

    def __str__(self) -> str:
        return f"{self.name} ({self.hash})"


class Ingredient(_SignedPart):
    """A file of which a sound was made.

    - ``file_sha256``: start of the hash of the file, as the sound's comment gives it.
    - ``sound_sha256``, ``record_sha256``: hash of its sound, and of its own record, where the file was there when the
      sound was signed.
    """

    name: Text
    file_sha256: Text = ""
    sound_sha256: Sha256 | None = None
    record_sha256: Sha256 | None = None


class Record(_SignedPart):
    """A statement about a sound.

    - ``format``: version of the record.
    - ``file``: name of the file when it was signed.
    - ``sound``: hash and format of the sound.
    - ``digital_source_type``, ``statement``: IPTC's term for how the sound came to be, and its meaning; None if it is
      not known.
    - ``task``: command that made it, as far as it is known.
    - ``models``: models that made it.
    - ``settings``: everything else in the comment of the file: settings, seed, version.
    - ``ingredients``: files of which it was made.
    - ``wavewright``: version that signed it.
    - ``time``: when it was signed, in UTC.
    """

    format: Annotated[str, Field(pattern=f"^{FORMAT}$")] = FORMAT
    file: Text
    sound: SignedSound
    digital_source_type: Text | None = None
    statement: Text | None = None
    task: Text | None = None
    models: tuple[SignedModel, ...] = ()
    settings: dict[str, object] = Field(default_factory=dict)
    ingredients: tuple[Ingredient, ...] = ()
    wavewright: Text
    time: Text
