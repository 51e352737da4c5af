"""The origin of a sound in the comment of its file: models, settings, ingredients and kind of source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ... import models
from ...base.errors import BadModel
from ...base.json_text import JsonValue
from ...models.folder import ModelFolder
from .record import ALGORITHMIC, ENHANCED, TRAINED, Ingredient, SignedModel

MODEL_KEYS = (("model", "model_hash"), ("vocoder", "vocoder_hash"))
"""Keys of the names and hashes of models in comments."""

TASK_OF_KEY = {
    "procedure": "synthesise",
    "edit": "edit",
    "dereverb": "enhance",
    "mix": "mix",
    "dub": "dub",
    "preset": "layer",
    "score": "render",
    "book": "narrate",
    "batch": "speak-lines",
    "voice": "speak",
    "start_seconds": "split",
    "stem": "separate",
    "podcast": "podcast",
    "model": "generate",
}
"""A key that the comments of a task have, and no comment of a task above it."""

GENERATIVE = ("generate", "speak", "narrate", "speak-lines", "morph", "vary", "adjust")
DERIVED = ("edit", "split", "slice", "enhance", "separate", "podcast")
"""Tasks whose result has the kind of source of what they change."""

MAX_DEPTH = 8  # of edits of edits


@dataclass(frozen=True)
class Origin:
    """The origin of a sound."""

    task: str | None  # the command, None if it is not known
    models: tuple[SignedModel, ...]  # names and hashes
    settings: dict[str, JsonValue]  # what else the comment holds
    ingredients: tuple[Ingredient, ...]  # names and hashes of files
    source_type: str | None  # IPTC's term, None if it is not known


def read_comment(comment: Mapping[str, JsonValue]) -> Origin:
    """Return what the comment of a file says; every value may be of any type."""
    task = task_of(comment)
    model_keys = {key for keys in MODEL_KEYS for key in keys}
    named = [(comment.get(name), comment.get(digits)) for name, digits in MODEL_KEYS]
    return Origin(
        task=task,
        models=tuple(_model(name, digits) for name, digits in named if isinstance(name, str) and name),
        settings={key: value for key, value in comment.items() if key not in model_keys},
        ingredients=tuple(_ingredients(comment)),
        source_type=source_type_of(comment),
    )


def task_of(comment: Mapping[str, JsonValue]) -> str | None:
    """Return the command that writes such comments, None if it is not known."""
    if isinstance(comment.get("task"), str):
        return str(comment["task"])
    return next((task for key, task in TASK_OF_KEY.items() if key in comment), None)


def source_type_of(comment: Mapping[str, JsonValue], depth: int = 0) -> str | None:
    """Return IPTC's term for the result of a command; that of what was edited for an edit."""
    task = task_of(comment)
    if task in GENERATIVE or (task == "slice" and "model" in comment):
        return TRAINED
    if task == "synthesise":
        return ALGORITHMIC
    edited = comment.get("source_comment")
    if task == "edit" and isinstance(edited, dict) and depth < MAX_DEPTH:
        return source_type_of(edited, depth + 1)
    return ENHANCED if task == "enhance" or (task == "podcast" and "model" in comment) else None


def installed(model: SignedModel) -> ModelFolder | None:
    """Return the installed model with a hash, None if there is none."""
    for name in sorted(models.names(), key=lambda name: name != model.name):
        try:
            folder = ModelFolder(models.find(name))
        except BadModel:
            continue
        if folder.sha256 == model.sha256 or (model.sha256 is None and model.hash in folder.hashes):
            return folder
    return None


def _model(name: str, digits: JsonValue) -> SignedModel:
    model = SignedModel(name=name[:1_000], hash=str(digits or "")[:1_000])
    folder = installed(model)
    is_current = folder is not None and folder.hash == model.hash
    return model.model_copy(update={"sha256": folder.sha256}) if folder is not None and is_current else model


def _ingredients(comment: Mapping[str, JsonValue]) -> list[Ingredient]:
    """Return the files that a comment names with their hashes."""
    pairs = [
        (comment.get("source"), comment.get("source_hash")),
        (comment.get("continue_from"), comment.get("continue_from_hash")),
    ]
    sources, files = comment.get("sources"), comment.get("files")
    if isinstance(sources, list):
        pairs += [(source.get("file"), source.get("hash")) for source in sources if isinstance(source, dict)]
    if isinstance(files, dict):
        pairs += list(files.items())
    return [
        Ingredient(name=name[:1_000], file_sha256=digits[:1_000])
        for name, digits in pairs
        if isinstance(name, str) and isinstance(digits, str)
    ]
