"""Voicings of chords: which pitches the voices of an instrument play, with the least motion between chords."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..theory import ChordSymbol

CENTRE_COST = 0.4  # of a semitone between the mean of a voicing and the middle of the range
MELODY_COST = 1.0  # of a semitone of the highest voice above the melody
MUD_COST = 3.0  # of two voices a tone or less apart below LOW_PITCH
LOW_PITCH = 52
SAME_TOP_BONUS = 0.5


def voicings_of(chord: ChordSymbol, n_voices: int, low: int, high: int) -> list[tuple[int, ...]]:
    """Return voicings of a chord from the lowest voice up, within a range: close ones and ones with a dropped voice.

    The root may be missing where there are fewer voices than notes of the chord; the bass plays it.
    """
    classes = _chosen(chord, n_voices)
    options = set()
    for rotation in range(len(classes)):
        order = classes[rotation:] + classes[:rotation]
        for lowest in range(low, high + 1):
            if lowest % 12 != order[0]:
                continue
            pitches = [lowest]
            for pitch_class in order[1:]:
                pitches.append(pitches[-1] + ((pitch_class - pitches[-1] - 1) % 12 + 1))
            options.add(tuple(pitches))
            if n_voices >= 4:  # the second voice from above, an octave lower
                options.add(tuple(sorted([*pitches[:-2], pitches[-2] - 12, pitches[-1]])))
    fitting = sorted(p for p in options if low <= p[0] and p[-1] <= high)
    return fitting or [tuple(sorted(_lowered(pitch_class, low) for pitch_class in classes))]


def lead_voices(
    chords: Sequence[ChordSymbol], n_voices: int, low: int, high: int, ceilings: Sequence[int] | None = None
) -> list[tuple[int, ...]]:
    """Return a voicing of each chord such that the voices move least in total, and stay in the middle of the range.

    - ``low``, ``high``: range of pitches, at least 18 semitones.
    - ``ceilings``: the lowest pitch of the melody over each chord, above which the highest voice should not be.
    """
    limits = ceilings or [high] * len(chords)
    options = [np.array(voicings_of(chord, n_voices, low, high)) for chord in chords]
    costs = [_own_costs(each, (low + high) / 2, ceiling) for each, ceiling in zip(options, limits, strict=True)]
    best, previous = costs[:1], []
    for step in range(1, len(options)):
        before, after = options[step - 1], options[step]
        motion = np.abs(before[:, None, :] - after[None, :, :]).sum(2) - SAME_TOP_BONUS * (
            before[:, None, -1] == after[None, :, -1]
        )
        totals = best[-1][:, None] + motion
        previous.append(totals.argmin(0))
        best.append(totals.min(0) + costs[step])
    path = [int(best[-1].argmin())] if options else []
    for links in reversed(previous):
        path.append(int(links[path[-1]]))
    return [tuple(int(p) for p in each[i]) for each, i in zip(options, reversed(path), strict=True)]


def _chosen(chord: ChordSymbol, n_voices: int) -> tuple[int, ...]:
    """Return the pitch classes that so many voices play, in the order of the chord, doubled if there are too few."""
    notes = [(chord.root + interval) % 12 for interval in chord.intervals]
    if len(notes) <= n_voices:
        doubled = (notes + [notes[0], notes[-1 if len(notes) == 2 else 2]] * 3)[: max(n_voices, 1)]
        return tuple(sorted(doubled, key=lambda pitch_class: (pitch_class - chord.root) % 12))
    # The third and the seventh (or sixth) say what chord it is; then the highest extension, the root, the fifth.
    importance = [1, len(notes) - 1, *([3] if len(notes) > 4 else []), 0, 2, *range(4, len(notes) - 1)]
    indices = list(dict.fromkeys(importance))[:n_voices]
    return tuple(notes[i] for i in sorted(indices, key=lambda i: chord.intervals[i] % 12))


def _own_costs(options: np.ndarray, centre: float, ceiling: int) -> np.ndarray:
    """Return the costs of voicings ``(n, voices)`` by themselves."""
    above = np.maximum(options[:, -1] - ceiling, 0)
    muddy = ((np.diff(options, axis=1) <= 2) & (options[:, :-1] < LOW_PITCH)).sum(1)
    costs: np.ndarray = CENTRE_COST * np.abs(options.mean(1) - centre) + MELODY_COST * above + MUD_COST * muddy
    return costs


def _lowered(pitch_class: int, low: int) -> int:
    """Return the lowest pitch of a class from ``low`` on."""
    return low + (pitch_class - low) % 12
