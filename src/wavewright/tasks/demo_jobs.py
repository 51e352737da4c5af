"""The jobs of a demo: the models and tools that one process runs together, and their order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..contracts.family import Capability
from ..families import loading
from ..models.folder import ModelFolder

TOOLS = (
    *("sounds by rules", "backgrounds", "music", "pieces by rules", "transcription", "synthesiser", "audit"),
    *("editing", "podcast", "dubbing"),
)
"""Sections without a model of their own, in the order of the page."""

FIRST = (
    *("drums", "en", "synthesiser", "chorales", "wavenet", "ambience", "morph-textures", "speech-codec", "music"),
    *("transcription", "notes", "drum-patterns"),
)
"""Start of the queue: the first clips, then what takes longest; consecutive jobs compile different loops."""


@dataclass(frozen=True)
class DemoJob:
    """Models whose sections are written by one process, or the name of a tool."""

    folders: tuple[ModelFolder, ...] = ()
    tool: str = ""

    @property
    def name(self) -> str:
        """Name of the tool or of the first model."""
        return self.tool or self.folders[0].card.name


def jobs_of(folders: Sequence[ModelFolder], tools: Sequence[str]) -> list[DemoJob]:
    """Return the jobs in the order in which they start; an encoder searches the clips of a generator in its job."""
    labelled = next((folder for folder in folders if generates(folder) and len(folder.card.labels) > 1), None)
    encoders = [folder for folder in folders if labelled and capabilities_of(folder) == {Capability.EMBED}]
    alone = [folder for folder in folders if folder not in encoders]
    jobs = [DemoJob((folder, *encoders) if folder is labelled else (folder,)) for folder in alone]
    jobs += [DemoJob(tool=name) for name in tools]
    return sorted(jobs, key=lambda job: FIRST.index(job.name) if job.name in FIRST else len(FIRST))


def capabilities_of(folder: ModelFolder) -> frozenset[Capability]:
    """Return what a model can do."""
    return frozenset(loading.family_of(folder.card, folder.path).capabilities_of(folder.card.config))


def generates(folder: ModelFolder) -> bool:
    """Return True if a model generates clips from noise."""
    return Capability.GENERATE in capabilities_of(folder) and folder.card.config.get("latent") != "frames"
