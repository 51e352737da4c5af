"""Content of the page: models, styles, effects, instruments and pieces by rules, as data for JSON."""

from __future__ import annotations

from dataclasses import asdict
from functools import cache
from pathlib import Path

from ... import families, models
from ...base.errors import BadModel
from ...contracts.composition import ScoreComposer
from ...contracts.family import Capability
from ...contracts.morphing import Morpher
from ...contracts.runtime import Generator
from ...families import loading
from ...models.folder import ModelFolder
from ...music.rules import PRESETS
from ...speech.styles import STYLES
from ...synth import patch_names
from ...tasks.edit import EffectList, edit


def describe_all() -> dict[str, object]:
    """Return all that the page chooses from."""
    return {
        "models": [description for name in models.names() if (description := describe_model(name))],
        "styles": list(STYLES),
        "effects": _effects(),
        "patches": list(patch_names()),
        "pieces": [_piece(name) for name in PRESETS.names],
        "families": [
            {"name": family.name, "summary": family.summary, "sizes": list(family.sizes)}
            for family in families.FAMILIES.values()
        ],
    }


def describe_model(name: str) -> dict[str, object] | None:
    """Return a model by its card, or None if it is damaged."""
    try:
        folder = models.find(name)
        card = loading.read_card(folder)
    except BadModel:
        return None
    capabilities = families.FAMILIES[card.family].capabilities_of(card.config)
    return {
        "name": name,
        "title": f"{name} ({card.family}, {_rate(card.sample_rate)})",
        "description": card.description,
        "family": card.family,
        "sample_rate": card.sample_rate,
        "labels": list(card.labels),
        "speakers": list(card.speakers),
        "licence": card.licence,
        "bytes": _n_bytes(folder),
        "can_generate": Capability.GENERATE in capabilities,
        "can_compose": Capability.COMPOSE in capabilities,
        "can_perform": Capability.PERFORM in capabilities,
        "can_enhance": Capability.ENHANCE in capabilities,
        "can_morph": Capability.MORPH in capabilities,
        "can_encode": Capability.AUTOENCODE in capabilities,
    }


def open_details(name: str) -> dict[str, object]:
    """Return what only an opened model says: options of `generate`, attributes of `adjust`, whether it takes a key.

    Raises
    ------
    BadModel
        If there is no such model, or it is damaged.
    """
    return _details(name, ModelFolder(models.find(name)).hash)


@cache
def _details(name: str, _: str) -> dict[str, object]:
    """Return the details of a model, opened once for each hash."""
    model = loading.load(name)
    return {
        "options": list(model.options) if isinstance(model, Generator) else [],
        "has_key": isinstance(model, ScoreComposer) and model.has_pitches,
        "attributes": [asdict(each) for each in model.attributes] if isinstance(model, Morpher) else [],
    }


@cache
def _piece(name: str) -> dict[str, object]:
    """Return a piece with the numbers of bars that it may have: a multiple, and the fewest."""
    piece = PRESETS.load(name)
    return {"name": name, "multiple": piece.n_sections, "fewest": piece.fewest_bars}


@cache
def _effects() -> list[dict[str, object]]:
    listed = edit(list_=True)
    assert isinstance(listed, EffectList)
    return [asdict(effect) for effect in listed.effects]


def _rate(sample_rate: int) -> str:
    return f"{sample_rate / 1000:g} kHz"


def _n_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
