"""Commands that list the models and show the card of one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from ... import models
from ...base.errors import BadModel
from ...base.result import Result
from ...families import FAMILIES, loading
from ...models.card import Card
from ...models.folder import ModelFolder
from ...speech.voice_names import voices_of_model


@dataclass(frozen=True)
class Listed:
    """One line of the list: a model with the ``voices`` of ``speak``, or with the ``problem`` that excludes it."""

    name: str
    folder: str
    family: str = ""
    labels: tuple[str, ...] = ()
    voices: tuple[str, ...] = ()
    sample_rate: int = 0
    licence: str = ""
    problem: str = ""


@dataclass(frozen=True)
class ModelList(Result):
    """All models that a name finds."""

    models: tuple[Listed, ...]

    def __str__(self) -> str:
        if not self.models:
            return "No models yet; `wavewright train FOLDER` makes one."
        rows = [
            (
                model.name,
                model.family,
                f"{model.sample_rate} Hz" if model.sample_rate else "",
                model.problem
                or _short(model.labels)
                or (f"voices {_short(model.voices)}" if model.voices else "no labels"),
            )
            for model in self.models
        ]
        widths = [max(len(row[column]) for row in rows) for column in range(3)]
        return "\n".join(
            "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]]) for row in rows
        )


@dataclass(frozen=True)
class ModelShown(Result):
    """The card of a model, its folder and the hash of its weights."""

    folder: str
    hash: str
    card: dict[str, object]
    problem: str = ""  # a missing or damaged file

    def __str__(self) -> str:
        card = Card.model_validate(self.card)
        lines = [f"{card.name} ({self.hash}): {card.description or card.family}", f"  folder      {self.folder}"]
        lines += [f"  problem     {self.problem}"] if self.problem else []
        lines += [
            f"  family      {card.family}",
            f"  sample rate {card.sample_rate} Hz",
            f"  licence     {card.licence}",
        ]
        if card.labels:
            lines.append(f"  labels      {', '.join(card.labels)}")
        if speakers := loading.speakers_of(card):
            lines.append(f"  speakers    {', '.join(speakers)}")
        training = {name: value for name, value in card.training.items() if name != "earlier_runs"}
        for title, values in (("trained", training), ("measured", card.metrics), ("config", card.config)):
            lines += [
                f"  {title if index == 0 else '':11} {key}: {value}"
                for index, (key, value) in enumerate(values.items())
            ]
            if title == "trained":
                lines += [f"  {name:11} {run}" for name, run in _earlier_runs(card)]
        if card.consent is not None:
            lines.append(f"  consent     {card.consent}")
        for index, source in enumerate(card.sources):
            credit = f", {source.credit}" if source.credit else ""
            credit += f", through {source.via}" if source.via else ""
            title = "" if index else "learned from"
            lines.append(f"  {title:11} {source.name} ({source.n_clips} clips, {source.licence}{credit})")
        return "\n".join(lines)


def _earlier_runs(card: Card) -> list[tuple[str, str]]:
    """Return a title and a line for each run whose weights the training of a model started from."""
    runs = card.training.get("earlier_runs", [])
    lines = [
        ", ".join(f"{name}: {value}" for name, value in run.items())
        for run in (runs if isinstance(runs, list) else [])
        if isinstance(run, dict)
    ]
    return [("" if index else "after runs", line) for index, line in enumerate(lines)]


def list_models() -> ModelList:
    """List the models that have a name: in runs/, in your model folder and bundled."""
    return ModelList(tuple(_listed(name) for name in models.names()))


def show_model(name: Annotated[str, Field(description="Name of a model, or the path of its folder.")]) -> ModelShown:
    """Show what a model is, where its sound came from, how it was trained and what was measured."""
    folder = ModelFolder(models.find(name))
    if folder.card.family in FAMILIES:
        loading.read_card(folder.path)
    return ModelShown(str(folder.path), folder.hash, folder.card.model_dump(), _problem(folder))


def _problem(folder: ModelFolder) -> str:
    """Return the reason why a model cannot be loaded, or an empty string."""
    try:
        loading.open_anew(folder)
    except BadModel as error:
        return str(error)
    return ""


def _listed(name: str) -> Listed:
    folder = Path(name)
    try:
        folder = models.find(name)
        card = loading.read_card(folder)
    except BadModel as error:
        return Listed(name, str(folder), problem=str(error))
    labels, voices = tuple(card.labels), voices_of_model(name)
    return Listed(name, str(folder), card.family, labels, voices, card.sample_rate, card.licence)


def _short(labels: tuple[str, ...], most: int = 8) -> str:
    return ", ".join(labels[:most]) + (f" and {len(labels) - most} more" if len(labels) > most else "")
