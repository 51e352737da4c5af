"""The model families: each is a line of `SUMMARIES`; its package is imported when it is first asked for."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

from ..base.errors import BadFamily, BadSetting
from ..contracts.family import Family

AnyFamily = Family[Any]

SUMMARIES = {
    "acoustic": "speech: symbols to mel frames, with control over duration, pitch and energy of each",
    "classifier": "recognises the label of a clip, and judges generated clips",
    "codec": "compresses audio into codes: a codec for files and streams",
    "composer": "composes scores: voices, melodies with chords, drum patterns",
    "denoiser": "removes noise, reverberation and echo from speech, in files and live",
    "encoder": "learns from recordings without labels; classifiers start from it",
    "gan": "short clips: a generator that is trained against critics",
    "instrument": "plays scores with timbres learned from notes",
    "lstm": "textures and spoken words: a recurrent network that draws one mel frame after another",
    "prior": "draws the codes of a codec: clips by label, or audio of any length",
    "transcriber": "finds the notes of several voices, with onsets, ends and velocities",
    "vae": "clips as latent vectors: interpolate, vary and adjust them",
    "vocoder": "speech from mel frames, many times faster than real time: filtered pulses and noise",
    "wavenet": "one sample after another: short clips by label, or speech from mel frames",
}
"""The packages of the families, each of which defines a `Family` by its name in capitals, and what its models are."""


class FamilyTable(Mapping[str, AnyFamily]):
    """The families by name; a program that uses one of them need not import the others."""

    def __getitem__(self, name: str) -> AnyFamily:
        """Return a family; raise KeyError for one that there is not, BadFamily if its package defines none."""
        if name not in SUMMARIES:
            raise KeyError(name)
        family = vars(import_module(f".{name}", __name__)).get(name.upper())
        if not isinstance(family, Family):
            raise BadFamily(
                f"The package of the family {name!r} has to define {name.upper()}, an object of its Family."
            )
        return family

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(SUMMARIES)

    def __len__(self) -> int:
        """Return the number of families."""
        return len(SUMMARIES)

    def __contains__(self, name: object) -> bool:
        """Return True for the name of a family, without importing it."""
        return name in SUMMARIES


FAMILIES: Mapping[str, AnyFamily] = FamilyTable()
"""Every family by its name, in alphabetical order."""


def family(name: str) -> AnyFamily:
    """Return a family by its name; raise BadSetting for one that there is not."""
    if name not in FAMILIES:
        nearest = difflib.get_close_matches(name, FAMILIES, n=1)
        hint = f"; did you mean {nearest[0]}?" if nearest else "."
        raise BadSetting(f"There is no model family {name!r}; the families are {', '.join(FAMILIES)}{hint}")
    return FAMILIES[name]
