"""Names of voices: ``<model>-<speaker>``, or the name or folder of an acoustic model for its first speaker."""

from __future__ import annotations

import difflib

from .. import models
from ..base.errors import BadModel
from ..families import loading
from ..text import ESPEAK_PREFIX
from ..text.lexicon import without_region


def voices() -> list[str]:
    """Return the names of all voices by model, in the order of its card: every speaker that has a name."""
    cards = [(name, _card(name)) for name in sorted(models.names())]
    return [voice for name, card in cards if card is not None for voice in loading.voices_of(card, name)]


def is_voice(name: str) -> bool:
    """Whether a name is that of a voice, or the name or folder of an acoustic model."""
    return any(_speakers(model) is not None for model in (name, *(model for model, _ in _splits(name))))


def find_voice(name: str) -> tuple[str, str | None]:
    """Look up a voice by name.

    - ``name``: name of a voice, or name or folder of an acoustic model.
    - returns ``model``: name or folder of its acoustic model.
    - returns ``speaker``: its speaker; None for the first one.

    Raises BadModel if there is no such voice, or its model is broken.
    """
    if _speakers(name) is not None:
        return name, None
    for model, speaker in _splits(name):
        if speaker in (_speakers(model) or ()):
            return model, speaker
    _refuse_broken(name)
    known = voices()
    if not known:
        raise BadModel(
            f"There is no voice {name!r}, nor any other; train one with --family acoustic, or give the folder of one."
        )
    nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.4) if len(known) > 1 else []
    hint = f"; did you mean {nearest[0]}?" if nearest else "."
    raise BadModel(f"There is no voice {name!r}; give one of {', '.join(known)}, or the folder of a voice{hint}")


def language_of(model: str) -> str:
    """Return the language of an acoustic model by its card, or an empty string if there is no such model."""
    card = _card(model)
    return "" if card is None else str(card.config.get("language", ""))


def languages_of(model: str) -> tuple[str, ...]:
    """Return all languages of an acoustic model by its card, its first one first; empty if there is no such model."""
    card = _card(model)
    languages = None if card is None else card.config.get("languages")
    others = map(str, languages) if isinstance(languages, list | tuple) else ()
    own = language_of(model)
    return tuple(dict.fromkeys((own, *others))) if own else ()


def base_language(language: str) -> str:
    """Return the language without its region: ``en`` for ``en-GB``."""
    return language if language.startswith(ESPEAK_PREFIX) else without_region(language)


def is_spoken_by(language: str, *own: str) -> bool:
    """Return whether a voice with languages of its own speaks a language, whatever the regions of all are."""
    return base_language(language) in {base_language(each.removeprefix(ESPEAK_PREFIX)) for each in own}


def voices_of(language: str) -> list[str]:
    """Return the names of the voices that speak a language, those whose first language it is first."""
    models_of = {voice: find_voice(voice)[0] for voice in voices()}
    spoken = [voice for voice, model in models_of.items() if is_spoken_by(language, *languages_of(model))]
    return sorted(spoken, key=lambda voice: not is_spoken_by(language, language_of(models_of[voice])))


def _splits(name: str) -> list[tuple[str, str]]:
    """Return the model and speaker for each hyphen in the name of a voice, the last hyphen first."""
    hyphens = [index for index in range(len(name) - 1, 0, -1) if name[index] == "-"]
    return [(name[:index], name[index + 1 :]) for index in hyphens]


def _refuse_broken(name: str) -> None:
    """Raise BadModel with the reason if the name of a voice starts with the name of a broken model."""
    for model in (name, *(model for model, _ in _splits(name))):
        if (folder := models.search(model)) is not None:
            loading.read_card(folder)


def _speakers(model: str) -> tuple[str, ...] | None:
    """Return the speakers of an acoustic model; None for other models and if there is no such model."""
    card = _card(model)
    return None if card is None else loading.speakers_of(card)


def _card(model: str) -> models.Card | None:
    folder = models.search(model)
    try:
        return None if folder is None else loading.read_card(folder)
    except BadModel:
        return None
