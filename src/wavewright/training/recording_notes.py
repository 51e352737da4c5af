"""Messages of a run about its recordings: their number, labels with few, and sample rates."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

from ..data.entry import Entry

FEW_CLIPS = 13
FEW_SECONDS = 60.0
"""Number of recordings of a label, and their total seconds, up to which a run warns that they are few."""


def count_clips(entries: Sequence[Entry]) -> dict[str, object]:
    """Return the number of recordings, and of generated clips by the name of the model if there are any."""
    generated = Counter(entry.generated_by for entry in entries if entry.generated_by is not None)
    n_recordings = len(entries) - generated.total()
    return {"n_clips": n_recordings, **({"generated_clips": dict(generated)} if generated else {})}


def notes_on_rates(entries: Sequence[Entry], sample_rate: int) -> list[str]:
    """Return a note where most recordings have another sample rate than the model, which limits their frequencies."""
    rates = Counter(entry.sample_rate for entry in entries if entry.generated_by is None)
    if not rates:
        return []
    usual, count = rates.most_common(1)[0]
    if count <= rates.total() / 2 or usual == sample_rate:
        return []
    which = "the recordings" if len(rates) == 1 else f"{count} of {rates.total()} recordings"
    if usual < sample_rate:
        return [
            f"warning: {which} have {usual} Hz, and the model {sample_rate} Hz: above {usual // 2} Hz it learns that "
            f"there is nothing. With --set model.sample_rate={usual} it has their rate and trains faster."
        ]
    return [
        f"{which} have {usual} Hz, and the model {sample_rate} Hz: what they have above {sample_rate // 2} Hz is not "
        "learned."
    ]


def warn_of_few_clips(entries: Sequence[Entry], labels: Sequence[str], log: Callable[[str], None]) -> None:
    """Warn if there are few and short recordings.

    - ``entries``: training clips.
    - ``labels``: labels of the model; without labels all clips count together.
    - ``log``: called with the warning.
    """
    counts: dict[str, int] = defaultdict(int)
    seconds: dict[str, float] = defaultdict(float)
    for entry in entries:
        label = entry.label if labels and entry.label else ""
        counts[label] += 1
        seconds[label] += entry.seconds
    few = [label for label in counts if counts[label] <= FEW_CLIPS and seconds[label] < FEW_SECONDS]
    if few:
        listed = ", ".join(f"{label} {counts[label]}".strip() for label in few[:8]) + ", ..." * (len(few) > 8)
        log(
            f"warning: there are few training recordings ({listed}); the model will know these and little else. "
            "Add recordings, 40 or more of each label, or merge labels."
        )
