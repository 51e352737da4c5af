"""Where the recordings of a model come from: licence, sources and consent, for its card."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import JsonValue, TypeAdapter, ValidationError

from .. import families
from ..base.errors import BadSetting, printable
from ..base.validation import fault_of
from ..contracts.recipe import Prepared, settings_of_recordings
from ..data.entry import Scan
from ..models.card import Source
from ..models.consent import UNKNOWN, Consent, Permission
from ..models.folder import ModelFolder
from .run_file import read_run_file

NOTHING_STATED = Permission()


@dataclass(frozen=True)
class Provenance:
    """Name, licence, sources and consent of a model, for its card."""

    name: str
    description: str = ""
    licence: str = UNKNOWN
    sources: tuple[Source, ...] = ()
    consent: Consent | None = None

    def to_json(self) -> dict[str, JsonValue]:
        """Return licence, sources and consent as JSON stores them."""
        stated: dict[str, JsonValue] = TypeAdapter(Provenance).dump_python(self, mode="json")
        return {key: stated[key] for key in ("licence", "sources", "consent")}

    def or_stored(self, run_file: Path) -> Provenance:
        """Return this with what the first call of a run stated, if this call states neither licence nor consent.

        Raises BadSetting if the file of the first call is damaged.
        """
        if self.licence != UNKNOWN or self.consent is not None or not run_file.is_file():
            return self
        stored = read_run_file(run_file).get("provenance", {})
        try:
            first = TypeAdapter(Provenance).validate_python({"name": self.name, **stored})
        except ValidationError as error:
            reason = fault_of(error).message
            raise BadSetting(f"{run_file} has a damaged provenance ({reason}); copy it again.") from error
        return replace(self, licence=first.licence, sources=first.sources or self.sources, consent=first.consent)


def provenance_of(
    out: Path,
    family: str,
    recordings: Scan,
    folder: Path = Path(),
    permission: Permission = NOTHING_STATED,
    base: ModelFolder | None = None,
) -> Provenance:
    """Return name, description, sources and consent of a model trained on someone's own recordings."""
    noun = "scores" if families.family(family).learns_from_scores else "clips"
    n_clips = len(recordings.entries)
    own = Source(
        name=printable(folder.resolve().name), licence=permission.licence, credit=permission.credit, n_clips=n_clips
    )
    return Provenance(
        name=out.resolve().name or family,
        description=f"Trained on {n_clips} {noun}.",
        licence=permission.licence,
        sources=(own, *sources_through(base)),
        consent=permission.consent,
    )


def sources_of_settings(prepared: Prepared, scan: Scan) -> tuple[Source, ...]:
    """Return the folder of further recordings that a setting names; nobody has stated a licence of theirs."""
    own = {entry.path.absolute() for entry in scan.entries}
    n_others = sum(entry.path.absolute() not in own for entry in prepared.train_entries)
    data = prepared.recipe.data
    return tuple(
        Source(
            name=printable(Path(getattr(data, name)).resolve().name),
            licence=UNKNOWN,
            origin=f"recordings of data.{name}",
            n_clips=n_others,
        )
        for name in settings_of_recordings(data)
        if getattr(data, name) and n_others
    )


def sources_through(base: ModelFolder | None) -> tuple[Source, ...]:
    """Return the sources of the model that training starts from, or the model itself if its card names none."""
    if base is None:
        return ()
    card = base.card
    named = card.sources or [Source(name=card.name, licence=card.licence, origin="the model")]
    return tuple(source.model_copy(update={"via": source.via or card.name}) for source in named)


def runs_up_to(base: ModelFolder) -> list[dict[str, object]]:
    """Return the runs that led to the weights of a model, the first one first, its own last, as cards list them."""
    card = base.card
    earlier = card.training.get("earlier_runs", [])
    own: dict[str, object] = {"model": card.name, "hash": base.hash}
    own |= {name: card.training[name] for name in ("steps", "minutes") if name in card.training}
    return [*(earlier if isinstance(earlier, list) else []), own]
