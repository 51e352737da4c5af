"""The model families: a table of names, and the door to each family's modules, opened when asked for."""

from __future__ import annotations

import difflib
import importlib
from types import ModuleType
from typing import Any, Literal

from ..errors import BadSetting

FAMILIES: dict[str, str] = {
    "gan": "short sounds: a generator that learns by fooling critics",
    "lstm": "textures and spoken words: a recurrent network that draws one mel frame after another",
    "vae": "short or endless sounds: latents to walk between sounds, vary them and turn them brighter",
    "wavenet": "one sample after another: short sounds by label, or speech from mel frames",
    "vocoder": "speech from mel frames, many times faster than real time: pulses and noise through learned filters",
    "codec": "turns sound into few numbers and back: a codec for files and streams",
    "prior": "draws the codes of a codec: whatever that codes well, by label or without end",
    "acoustic": "speaks: symbols of speech to mel frames, with duration, pitch and energy of each in your hands",
    "classifier": "tells which label a sound has, and judges what generators make",
}

COMMANDS: dict[str, str] = {
    "acoustic": "speak 'Hello.' --voice {model}",
    "vocoder": "speak 'Hello.' --vocoder {model}",
    "codec": "encode FILE --model {model}",
    "vae": "morph FILE FILE --model {model}",
    "classifier": "evaluate FOLDER FOLDER --classifier {model}",
}
"""How a model of a family is played, where that is not ``generate``."""

Part = Literal["runtime", "recipe", "network"]


def command(family: str, model: str) -> str:
    """The command line that plays a model of a family."""
    return f"wavewright {COMMANDS.get(family, 'generate {model}').format(model=model)}"


def config(family: str) -> type[Any]:
    """Return the ``Config`` of a family, the dataclass of the network settings on a card."""
    kind: type[Any] = importlib.import_module(f".{_known(family)}", __package__).Config
    return kind


def module(family: str, part: Part) -> ModuleType:
    """The module ``families/<family>/<part>.py``; only ``network`` and ``recipe`` may import torch.

    Raises BadSetting for a family that is not in the table, so that no text from a file can import anything else.
    """
    return importlib.import_module(f".{_known(family)}.{part}", __package__)


def _known(family: str) -> str:
    if family not in FAMILIES:
        nearest = difflib.get_close_matches(family, FAMILIES, n=1)
        hint = f"; did you mean {nearest[0]}?" if nearest else "."
        raise BadSetting(f"There is no model family {family!r}; the families are {', '.join(FAMILIES)}{hint}")
    return family
