"""False alarms of a spotter in recordings without key words: where they are, and clips of them to train on."""

from __future__ import annotations

import heapq
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ...audio.clip import Clip
from ...base.errors import BadAudio, BadFolder, BadSetting, MissingExtra
from ...base.names import file_stem
from ...base.result import Failed
from ...base.units import seconds_to_samples
from ...base.whole_file import whole_folder
from ...contracts.recognition import is_background
from ...contracts.runtime import Classifier, maker
from ...data.entry import Entry
from ...data.preparation import decode_at
from ...outputs.made import Made, sound_file
from .spotting import KeywordSpotter, SpotterSettings

SMALLEST_ALARM = 0.05  # confidence; what is below it teaches little
MOST_ALARMS = 1_000


@dataclass(frozen=True)
class FalseAlarm:
    """A label that a spotter finds in a recording that has none."""

    entry: Entry  # the recording
    label: str
    seconds: float  # end of the window, from the start of the recording
    confidence: float


def find_alarms(
    model: Classifier,
    entries: Iterable[Entry],
    most: int = MOST_ALARMS,
    smallest: float = SMALLEST_ALARM,
) -> tuple[list[FalseAlarm], tuple[Failed, ...]]:
    """Find the moments of recordings without key words at which a spotter is most confident of one.

    Returns the most confident first, and the recordings that cannot be read.
    """
    spotter = KeywordSpotter(model)
    found: list[FalseAlarm] = []
    failed: list[Failed] = []
    for entry in entries:
        try:
            confidences = spotter.smoothed_confidences(decode_at(entry, model.sample_rate, 1))
        except (BadAudio, MissingExtra) as error:
            failed.append(Failed(entry.path, str(error)))
            continue
        for window, label in peaks(confidences, smallest, spotter.refractory_windows):
            end = window * spotter.hop_seconds + model.window_samples / model.sample_rate
            found.append(FalseAlarm(entry, spotter.labels[label], round(end, 3), float(confidences[window, label])))
        found = heapq.nlargest(most, found, key=lambda alarm: alarm.confidence)
    return found, tuple(failed)


def peaks(confidences: np.ndarray, smallest: float, n_refractory: int) -> Iterator[tuple[int, int]]:
    """Yield window and label of the largest confidence ``(windows, labels)``, then of the largest far enough from it.

    Peaks are at least ``smallest`` and ``n_refractory`` windows apart.
    """
    largest = confidences.max(axis=1, initial=0.0)
    while len(largest) and largest.max() >= smallest:
        window = int(largest.argmax())
        yield window, int(confidences[window].argmax())
        largest[max(0, window - n_refractory) : window + n_refractory + 1] = -1.0


def check_alarm_folder(folder: Path) -> None:
    """Raise BadSetting unless a folder can be one of clips of a background label."""
    if folder.exists() and not folder.is_dir():
        raise BadSetting(f"{folder} is a file; give the folder for the clips another name.")
    if not is_background(folder.name):
        raise BadSetting(
            f"{folder.name!r} is no background label; give a folder whose name begins with an underscore, such as "
            f"{folder.parent / '_hard'}."
        )


def write_alarms(
    model: Classifier, entries: Iterable[Entry], folder: Path, most: int = MOST_ALARMS, smallest: float = SMALLEST_ALARM
) -> Made:
    """Write the sound of the most confident false alarms as clips of a background label, to train on.

    - ``folder``: named as the label, such as ``_hard``; the clips of earlier alarms stay.

    Raises BadSetting if the name of the folder does not begin with an underscore, or BadFolder if no recording can be
    used, or the folder cannot be written to; no clip is written then.
    """
    check_alarm_folder(folder)
    entries = list(entries)
    alarms, failed = find_alarms(model, entries, most, smallest)
    if len(failed) == len(entries):
        raise BadFolder("None of the recordings without key words can be used; give others.")
    files = []
    for path, alarm in zip(_write(alarms, model, folder), alarms, strict=True):
        known = {"label": alarm.label, "confidence": round(alarm.confidence, 4), "seconds": alarm.seconds}
        files.append(replace(sound_file(path), source=alarm.entry.path, by=maker(model), details=known))
    highest = f", up to {alarms[0].confidence:.2f} ({alarms[0].label})" if alarms else ""
    line = f"  {len(alarms)} false alarms of a confidence of at least {SMALLEST_ALARM:g}{highest}"
    return Made(out=folder, files=tuple(files), failed=failed, lines=(line,))


def _write(alarms: Sequence[FalseAlarm], model: Classifier, folder: Path) -> tuple[Path, ...]:
    """Write what the spotter averaged for each alarm, all or none; return the files in the order of the alarms."""
    if not alarms:
        return ()
    paths = _paths(alarms, folder)
    rows_of: dict[Entry, list[int]] = {}
    for row in sorted(range(len(alarms)), key=lambda row: alarms[row].seconds):
        rows_of.setdefault(alarms[row].entry, []).append(row)
    n_samples = round((1 + SpotterSettings().smoothed_fraction) * model.window_samples)
    with whole_folder(folder, paths[-1].name) as hidden:
        for entry, rows in rows_of.items():
            ends = [seconds_to_samples(alarms[row].seconds, model.sample_rate) for row in rows]
            blocks = decode_at(entry, model.sample_rate, 1)
            for row, wave in zip(rows, _last_samples(blocks, ends, n_samples), strict=True):
                Clip(wave, model.sample_rate).write(hidden / paths[row].name)
    return tuple(paths)


def _paths(alarms: Sequence[FalseAlarm], folder: Path) -> list[Path]:
    """Return a file for each alarm, named after the recording and the second; numbered where names are the same."""
    paths = []
    n_named: Counter[str] = Counter()
    for alarm in alarms:
        source, seconds = alarm.entry.path, alarm.entry.offset_seconds + alarm.seconds
        stem = file_stem(source.parent.name, source.stem, f"{seconds:.2f}")
        n_named[stem] += 1
        paths.append(folder / f"{stem if n_named[stem] == 1 else f'{stem}-{n_named[stem]}'}.flac")
    return paths


def _last_samples(blocks: Iterable[np.ndarray], ends: Sequence[int], n_samples: int) -> Iterator[np.ndarray]:
    """Yield the last samples before each of some ends, which ascend, of a wave that arrives in blocks ``(1, time)``."""
    pending = deque(ends)
    recent, first = np.zeros((1, 0), np.float32), 0  # the last samples, and the index of the first of them
    for block in blocks:
        recent = np.concatenate([recent, block], axis=1)
        while pending and pending[0] <= first + recent.shape[1]:
            end = pending.popleft() - first
            yield recent[:, max(0, end - n_samples) : end]
        n_passed = max(0, recent.shape[1] - n_samples)
        recent, first = recent[:, n_passed:], first + n_passed
    for end in pending:  # of windows that go beyond the end of the recording
        yield recent[:, max(0, end - first - n_samples) :]
