"""Names of voices: ``<model>-<speaker>``, or the name or folder of an acoustic model for its first speaker.

A speaker of a model of several languages has a name for each: ``<language>-<speaker>``, where no other voice has it.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from .. import models
from ..base.errors import BadModel
from ..families import loading
from ..text import ESPEAK_PREFIX
from ..text.lexicon import without_region


def voices() -> list[str]:
    """Return the names of all voices by model, those of one language first: every speaker that has a name."""
    named = {model: voices_of_model(model) for model in sorted(models.names())}
    speaking = sorted((model for model in named if named[model]), key=lambda model: len(languages_of(model)) > 1)
    return [voice for model in speaking for voice in named[model]]


def voices_of_model(model: str) -> tuple[str, ...]:
    """Return the names of the voices of a model; none if it is not acoustic."""
    card = _card(model)
    languages = _languages(card)
    if card is None or len(languages) < 2:
        return () if card is None else loading.voices_of(card, model)
    names: list[str] = []
    for speaker in loading.speakers_of(card) or ():
        own = [f"{language}-{speaker}" for language in languages]
        names += [name for name in own if _lookup(name) == (model, speaker)] or [f"{model}-{speaker}"]
    return tuple(names)


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
    if (voice := _lookup(name)) is not None:
        return voice
    _refuse_broken(name)
    known = voices()
    if not known:
        raise BadModel(
            f"There is no voice {name!r}, nor any other; train one with --family acoustic, or give the folder of one."
        )
    nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.4) if len(known) > 1 else []
    hint = f"; did you mean {nearest[0]}?" if nearest else "."
    raise BadModel(f"There is no voice {name!r}; give one of {', '.join(known)}, or the folder of a voice{hint}")


def _lookup(name: str) -> tuple[str, str | None] | None:
    """Return the model and speaker of a voice, see `find_voice`; None if there is none."""
    if _speakers(name) is not None:
        return name, None
    splits = _splits(name)
    for model, speaker in splits:
        if speaker in (_speakers(model) or ()):
            return model, speaker
    for model in sorted(models.names()) if splits else ():
        card = _card(model)
        speakers, languages = (card and loading.speakers_of(card)) or (), _languages(card)
        for language, speaker in splits:
            if language in languages and speaker in speakers:
                return model, speaker
    return None


def language_of_voice(name: str) -> str:
    """Return the language of a voice by its name; raise BadModel if there is none."""
    model, speaker = find_voice(name)
    return language_named(name, speaker, languages_of(model))


def language_named(name: str, speaker: str | None, languages: Sequence[str]) -> str:
    """Return the language in the name of a voice, or the first one of its model."""
    named = name.removesuffix(f"-{speaker}")
    return named if named in languages else next(iter(languages), "")


def language_of(model: str) -> str:
    """Return the language of an acoustic model by its card, or an empty string if there is no such model."""
    return next(iter(languages_of(model)), "")


def languages_of(model: str) -> tuple[str, ...]:
    """Return all languages of an acoustic model by its card, its first one first; empty if there is no such model."""
    return _languages(_card(model))


def _languages(card: models.Card | None) -> tuple[str, ...]:
    config = {} if card is None else card.config
    own, others = str(config.get("language", "")), config.get("languages")
    more = map(str, others) if isinstance(others, list | tuple) else ()
    return tuple(dict.fromkeys((own, *more))) if own else ()


def base_language(language: str) -> str:
    """Return the language without its region: ``en`` for ``en-GB``."""
    return language if language.startswith(ESPEAK_PREFIX) else without_region(language)


def is_spoken_by(language: str, *own: str) -> bool:
    """Return whether a voice with languages of its own speaks a language, whatever the regions of all are."""
    return base_language(language) in {base_language(each.removeprefix(ESPEAK_PREFIX)) for each in own}


def voices_of(language: str) -> list[str]:
    """Return the names of the voices of a language, those of models of this language alone first."""
    return [voice for voice in voices() if is_spoken_by(language, language_of_voice(voice))]


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
