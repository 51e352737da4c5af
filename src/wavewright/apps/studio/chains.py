"""Whether a sound can pass a chain of effects, for the page to say at once; no file is opened."""

from __future__ import annotations

from collections.abc import Mapping

from ...base.errors import BadAudio, BadSetting
from ...base.json_text import JsonValue
from ...effects import Gain
from ...effects.editing.chain import Chain, SoundFormat
from ...effects.editing.effects_with_files import FILE_EFFECTS
from ..server.speech_request import BadRequest

CHANNELS, SAMPLE_RATES_HZ, SECONDS = (1, 256), (1_000, 768_000), (0, 360_000)


def chain_problem(call: Mapping[str, JsonValue]) -> str:
    """Return why `edit` would refuse a chain for a sound; empty if nothing is known against it.

    Parameters
    ----------
    call : Mapping
        ``chain``, and of the sound ``channels``, ``sample_rate`` in Hz and ``seconds``; without ``channels`` only the
        chain itself is checked. Steps that bring in a file are taken to fit.

    Raises
    ------
    BadRequest
        If the values are none of a sound.
    """
    try:
        chain = Chain.parse(str(call.get("chain", "")))
        if "channels" in call:
            source = SoundFormat(
                round(_number(call, "sample_rate", SAMPLE_RATES_HZ)),
                round(_number(call, "channels", CHANNELS)),
                _number(call, "seconds", SECONDS),
            )
            kinds = tuple(FILE_EFFECTS.values())
            Chain(tuple(Gain() if isinstance(effect, kinds) else effect for effect in chain.effects)).formats(source)
    except (BadSetting, BadAudio) as error:
        return str(error)
    return ""


def _number(call: Mapping[str, JsonValue], name: str, limits: tuple[float, float]) -> float:
    value = call.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not limits[0] <= value <= limits[1]:
        raise BadRequest(f"{name} must be a number from {limits[0]:g} to {limits[1]:g}.", name)
    return value
