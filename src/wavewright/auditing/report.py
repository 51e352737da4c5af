"""The result of an audit, as data, in plain words, and as a page that loads nothing."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path

from ..base.result import Result
from ..contracts.runtime import ModelResult
from ..metrics.sampling import Interval
from ..models.card import Card
from ..models.consent import UNKNOWN, terms_of
from .membership import Membership
from .memorisation import CLEAR, MEMORISED_FRACTION, RECITES, SUSPICIOUS, verdict_of, worst_of
from .recitation import ALIKE_DB, CONTINUED_LIMITS, COPY_DB, LIMITS, REPEATED_LIMITS, Nearest, Share
from .score_recitation import MIN_NOTES, ScoreRecitation
from .voices import Voices


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
        sentences.append(
            f"The licence of {_listed(unknown)} is not known: publish nothing before you know it. "
            "`train --licence` and `--credit` state it."
        )
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


@dataclass(frozen=True)
class Comparison:
    """Clips of one kind, compared with the training recordings.

    - ``kind``: ``generated``, ``repeated`` or ``continued``.
    - ``share``: clips that are too near; for ``repeated``, labels and speakers whose clips are all one sound that is.
    - ``held_out``: the same of held-out recordings (for ``repeated``: within the same limits; for ``continued``:
      continuations of their halves).
    - ``p_value``: of the difference, by Fisher's exact test.
    - ``median_distance``, ``held_out_median``: of the distances to the nearest recording.
    """

    kind: str
    share: Share
    held_out: Share
    p_value: float
    median_distance: float
    held_out_median: float

    @property
    def verdict(self) -> str:
        """RECITES, SUSPICIOUS or CLEAR."""
        return verdict_of(self.share, self.p_value)


@dataclass(frozen=True)
class EmbeddingComparison:
    """Generated clips that are nearer in an embedding than 1 % of the held-out recordings are."""

    embedding: str  # name of the encoder
    limit: float  # first percentile of the held-out recordings' cosine distances to the nearest training recording
    share: Interval  # fraction of the clips below it, with its 95 % interval; 0.01 is expected of new sounds


@dataclass(frozen=True)
class Recitation:
    """Whether a model recites its training recordings."""

    comparisons: tuple[Comparison, ...]  # clips of each kind
    held_out: str  # where the held-out distances come from
    recited: tuple[Nearest, ...]
    """Recordings that a clip is too near to, each with the nearest clip, nearest first; of all kinds that recite."""
    nearest: tuple[Nearest, ...]  # the nearest pairs of all, near or not
    embedding: EmbeddingComparison | None = None  # the same by an embedding, beside it; None for scores

    @property
    def verdict(self) -> str:
        """The worst of the comparisons."""
        return worst_of(comparison.verdict for comparison in self.comparisons)


@dataclass(frozen=True, kw_only=True)
class AuditReport(Result, ModelResult):
    """The result of an audit.

    - ``family``: of the model.
    - ``folder``: of its training recordings.
    - ``n_recordings``, ``n_different``: recordings or scores in the folder, and those that are not copies of each
      other.
    - ``recitation``, ``membership``, ``voices``: results; None where a part does not apply or was not asked for, with
      the reason in ``notes``.
    - ``obligations``: what the licences of its sources ask for.
    - ``pairs``: folder with the nearest pairs as files; None if they were not asked for.
    - ``page``: the page that was written; None without.
    - ``must_fail``: whether the verdict is ``recites``, where that is a failure of the command.
    """

    family: str
    folder: Path
    n_recordings: int
    n_different: int
    recitation: Recitation | ScoreRecitation | None
    membership: Membership | None
    voices: Voices | None
    obligations: Obligations
    pairs: Path | None = None
    page: Path | None = None
    must_fail: bool = False

    @property
    def exit_code(self) -> int:
        """2 if items failed, else 1 if the verdict is a failure."""
        return super().exit_code or int(self.must_fail)

    @property
    def verdict(self) -> str:
        """The worst of recitation and memorisation."""
        parts = (self.recitation, None if self.membership is None else self.membership.memorisation)
        return worst_of(part.verdict for part in parts if part is not None)

    def __str__(self) -> str:
        copies = self.n_recordings - self.n_different
        kind = "scores" if isinstance(self.recitation, ScoreRecitation) else "recordings"
        lines = [f"{self.by}, {self.family}: {self.n_recordings} {kind} in {self.folder}"]
        lines[0] += f", {copies} of them copies of others" if copies else ""
        for title, sentences in sections(self):
            lines += ["", title, *(f"  {sentence}" for sentence in sentences)]
        return "\n".join(lines)


def sections(report: AuditReport) -> list[tuple[str, list[str]]]:
    """Return the titles and sentences of a report."""
    recitation = report.recitation
    if isinstance(recitation, ScoreRecitation):
        kind, sentences = "scores", _score_sentences(recitation)
    else:
        kind, sentences = "recordings", _recitation_sentences(recitation)
    parts = [
        (f"Does it recite its training {kind}?", sentences),
        (f"Which training {kind} does it know by heart?", _memorised_sentences(report.membership)),
        (f"Can its loss tell training {kind} from others?", _membership_sentences(report.membership)),
        ("Whose voices does it imitate?", _voice_sentences(report.voices)),
        ("What do the licences ask for?", [*report.obligations.sentences, *report.obligations.credits]),
        ("Consent", [report.obligations.consent] if report.obligations.consent else []),
        ("Notes", [line.strip() for line in report.endings()]),
    ]
    return [(title, sentences) for title, sentences in parts if sentences]


def _recitation_sentences(recitation: Recitation | None) -> list[str]:
    if recitation is None:
        return []
    answers = {
        RECITES: f"Yes: {len(recitation.recited)} recordings come back. Train on more recordings, without copies, or "
        "stop earlier.",
        SUSPICIOUS: "Not more often than held-out recordings, but listen to the pairs below.",
        CLEAR: "No copy was found.",
    }
    sentences = [answers[recitation.verdict]]
    for comparison in recitation.comparisons:
        sentences.append(
            f"{comparison.kind}: too near {comparison.share}; {recitation.held_out} {comparison.held_out}; "
            f"p = {comparison.p_value:.2g}; median distance {comparison.median_distance:.2f}, "
            f"{comparison.held_out_median:.2f} of those"
        )
    if recitation.embedding is not None:
        share = recitation.embedding.share
        sentences.append(
            f"by {recitation.embedding.embedding}: {100 * share.value:.1f} % ({100 * share.low:.1f} to "
            f"{100 * share.high:.1f} %) nearer than 1 % of those"
        )
    shown = recitation.recited if recitation.verdict == RECITES else recitation.nearest
    return [*sentences, *(f"{'COPY  ' if pair.is_near else ''}{pair}" for pair in shown)]


def _score_sentences(recitation: ScoreRecitation) -> list[str]:
    answers = {
        RECITES: f"Yes: runs of {len(recitation.copies)} training pieces come back. Train on more pieces, without "
        "copies, or stop earlier.",
        SUSPICIOUS: "Not more often than other pieces do, but look at the runs below.",
        CLEAR: "No copy was found.",
    }
    shown = recitation.copies if recitation.verdict == RECITES else recitation.longest
    return [
        answers[recitation.verdict],
        *(
            f"{comparison.kind}: runs of more than {recitation.limit} notes that a training piece has, too, in "
            f"{comparison.share}; {comparison.baseline} {comparison.usual}; p = {comparison.p_value:.2g}; median of "
            f"the longest runs {comparison.median_run:g} notes, {comparison.usual_run:g} of those"
            for comparison in recitation.comparisons
        ),
        *(f"{'COPY  ' if run.is_copy else ''}{run}" for run in shown),
    ]


def _memorised_sentences(membership: Membership | None) -> list[str]:
    if membership is None:
        return []
    found = membership.memorisation
    answers = {
        RECITES: f"{found.share.n_near} are predicted far better than any that it did not learn from.",
        SUSPICIOUS: "Some are predicted very well, but not more often than held-out ones.",
        CLEAR: "None.",
    }
    return [
        answers[found.verdict],
        f"loss of at most {100 * MEMORISED_FRACTION:g} % of the median of held-out ones ({found.usual_loss:.3g}): "
        f"{found.share}; held-out ones {found.held_out}; p = {found.p_value:.2g}",
        *(f"KNOWN  {each}" for each in found.memorised),
    ]


def _membership_sentences(membership: Membership | None) -> list[str]:
    if membership is None:
        return []
    auc = membership.auc
    answer = (
        "Yes, on average: it is lower for those of the training."
        if membership.is_distinguished
        else "No difference was found."
    )
    sentences = [
        f"{answer} AUC {auc.value:.3f} ({auc.low:.3f} to {auc.high:.3f}; 0.5 is none) of {membership.loss}, "
        f"{membership.n_train} of the training and {membership.n_held_out} held-out ones"
    ]
    for rate in membership.rates:
        if rate.detected is None:
            needed = round(1 / rate.false_alarms)
            sentences.append(f"at {100 * rate.false_alarms:g} % false alarms: needs {needed} held-out ones")
        else:
            found = rate.detected
            sentences.append(
                f"at {100 * rate.false_alarms:g} % false alarms: {100 * found.value:.1f} % ({100 * found.low:.1f} to "
                f"{100 * found.high:.1f} %) of those of the training are recognised"
            )
    return sentences


def _voice_sentences(voices: Voices | None) -> list[str]:
    if voices is None:
        return []
    imitated = [match for match in voices.matches if match.is_imitated]
    basis = f"{voices.n_pairs} pairs of different speakers" if voices.n_pairs else "other speakers: too few pairs here"
    sentences = [
        f"Above the limit of {voices.limit:.3f} (99.9th percentile of {basis}): "
        + (", ".join(f"{match.voice} as {match.speaker}" for match in imitated) or "nobody")
    ]
    return sentences + [f"{match.voice} and {match.speaker}: {match.similarity:.3f}" for match in voices.matches[:10]]


def limits_text(report: AuditReport) -> str:
    """Return what counts as a copy, for people."""
    if isinstance(report.recitation, ScoreRecitation):
        return (
            "A run of notes is a copy if a training piece has it, too, with the same intervals and times in any key, "
            f"and it has {MIN_NOTES} notes or more, and more than any run that a Markov chain of second order of the "
            f"training pieces gives: here, more than {report.recitation.limit} notes. Notes that repeat a figure of "
            "the run, or of the bars that were given to be continued, do not count. A score is known by heart if its "
            f"loss is at most {100 * MEMORISED_FRACTION:g} % of the median of held-out ones."
        )
    return (
        f"A window of a clip is too near if its levels differ from those of a recording by {COPY_DB:g} dB or less, or "
        f"by {LIMITS.distance_db:g} dB or less and at most {LIMITS.ratio:g} times as much as from the next recordings "
        f"({CONTINUED_LIMITS.ratio:g} times for a continuation). "
        f"A sound that a label repeats, in clips {ALIKE_DB:g} dB or less from each other, is too near at "
        f"{REPEATED_LIMITS.distance_db:g} dB and {REPEATED_LIMITS.ratio:g} times. A recording is known by heart if its "
        f"loss is at most {100 * MEMORISED_FRACTION:g} % of the median of held-out ones."
    )


STYLE = """body{font:16px/1.55 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:#2b2b33}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}li{margin:.25rem 0;overflow-wrap:anywhere}
.verdict{padding:.6rem .9rem;border-left:.35rem solid #2f8f6b;background:#e7f4ee}
.bad{border-color:#c2571a;background:#fbeee4}.doubt{border-color:#b8912b;background:#f8f3e2}
@media(prefers-color-scheme:dark){body{background:#1c1c22;color:#e6e6ee}.verdict{background:#1f3a2f}
.bad{background:#3f2a1c}.doubt{background:#39331f}}"""

CLASSES = {RECITES: "verdict bad", SUSPICIOUS: "verdict doubt"}


def html_page(report: AuditReport) -> str:
    """Return the page: the verdict first, then each question with its sentences."""
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width,initial-scale=1">',
        f"<title>Audit of {escape(report.model)}</title><style>{STYLE}</style></head><body><main>",
        f"<h1>Audit of {escape(report.by)}</h1>",
        f"<p>Family {escape(report.family)}; {report.n_recordings} files in {escape(str(report.folder))}, "
        f"{report.n_different} of them different.</p>",
    ]
    if report.recitation is not None:
        verdict = report.verdict
        parts.append(f'<p class="{CLASSES.get(verdict, "verdict")}">Recitation: {escape(verdict)}.</p>')
    for title, (first, *others) in sections(report):
        items = "".join(f"<li>{escape(sentence)}</li>" for sentence in others)
        parts.append(f"<h2>{escape(title)}</h2><p>{escape(first)}</p>{f'<ul>{items}</ul>' if items else ''}")
    parts.append(f"<h2>How it was measured</h2><p>{escape(limits_text(report))}</p></main></body></html>")
    return "\n".join(parts) + "\n"
