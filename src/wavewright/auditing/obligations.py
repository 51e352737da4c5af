"""What the licences of a model's sources ask of whoever publishes what it generates, in plain words."""

from __future__ import annotations

from dataclasses import dataclass

from ..models.card import Card
from ..models.licences import UNKNOWN, terms_of


@dataclass(frozen=True)
class Obligations:
    """Licences behind a model."""

    licence: str  # of the model
    sentences: tuple[str, ...]  # what follows, most important first
    credits: tuple[str, ...]  # lines that name the sources which ask for it
    consent: str  # of the speakers, if the card has one
    unknown: tuple[str, ...]  # sources without a known licence


def obligations_of(card: Card) -> Obligations:
    """Return what the sources on a card ask for."""
    terms = {source.name: terms_of(source.licence) for source in card.sources}
    by_term = {
        name: [source.name for source in card.sources if getattr(terms[source.name], name)]
        for name in ("attribution", "share_alike", "non_commercial", "source_code")
    }
    unknown = [source.name for source in card.sources if not terms[source.name].is_known]
    sentences = []
    if not card.sources:
        sentences.append(
            f"The card names no sources and the licence {card.licence}: nobody but who trained the model can say what "
            "its recordings allow. `train --licence` and `--credit` state it."
        )
    if unknown:
        sentences.append(f"The licence of {_listed(unknown)} is not known: publish nothing before you know it.")
    if by_term["non_commercial"]:
        sentences.append(f"{_listed(by_term['non_commercial'])} may not be used commercially.")
    if by_term["share_alike"]:
        licences = sorted({source.licence for source in card.sources if terms[source.name].share_alike})
        sentences.append(
            f"{_listed(by_term['share_alike'])} ask that adaptations carry the same licence ({', '.join(licences)}); "
            f"the model has {card.licence}."
        )
    if by_term["source_code"]:
        sentences.append(
            f"{_listed(by_term['source_code'])} come under a licence of programs (GPL): pass on their source with the "
            "model."
        )
    if by_term["attribution"]:
        sentences.append("Name the sources below where you publish the model or sound that contains parts of them.")
    if card.sources and not sentences:
        sentences.append("The sources are in the public domain or CC0: nothing is asked for.")
    sentences.append(
        "Whether generated sound is an adaptation of the recordings at all is not settled law; a copy of one is."
    )
    return Obligations(
        licence=card.licence or UNKNOWN,
        sentences=tuple(sentences),
        credits=tuple(_credit(source) for source in card.sources if terms[source.name].attribution),
        consent="" if card.consent is None else str(card.consent),
        unknown=tuple(unknown),
    )


def _credit(source: object) -> str:
    name, credit, origin, licence = (getattr(source, key) for key in ("name", "credit", "origin", "licence"))
    return ", ".join(text for text in (f"{name} ({licence})", credit, origin) if text)


def _listed(names: list[str], most: int = 4) -> str:
    shown = ", ".join(names[:most])
    return shown + (f" and {len(names) - most} more" if len(names) > most else "")
