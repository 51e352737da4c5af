"""Compare the notes that Wavewright reads with those of mido, abc2midi and music21, file by file.

    python -m benchmarks.music.readers --midi FOLDER --abc FOLDER --musicxml FOLDER --json readers.json

Folders are searched for files with their subfolders. docs/scores.md names public ones, and the reason of each
difference. A note is its start in quarters and its pitch; that of MIDI files also its end, in ticks. music21 expands
repeats, and its notes without a length (grace notes) and those of chord symbols do not count. abc2midi leaves out the
accompaniment that it makes of chord symbols (-NGUI), grace notes (-NGRA) and the lengths of fermatas (-NFER).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np

from benchmarks.harness.peers import Peer
from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import Table, columns
from wavewright.base.errors import BadScore
from wavewright.music.formats import read_tunes, write_score
from wavewright.music.formats.formats import MIDI, XML
from wavewright.music.score import Score, Track, notes_of

MIDO = Peer("mido", "pip install mido", "mido")
MUSIC21 = Peer("music21", "pip install music21", "music21")
ABC2MIDI = Peer("abc2midi", "apt install abcmidi", program="abc2midi")

GRID = 48  # starts are counted in 48ths of a quarter
TOLERANCE = 7
"""48ths by which starts may differ: abc2midi spreads chords, and grace notes shorten other notes."""

FILES = Table("Files", columns(peer="s", files="d", tunes="d", same="d", different="d", refused="d"))
DIFFERENCES = Table(
    "Differences",
    columns(file="s", peer="s", notes="d", notes_peer="d", common="d", reading="s"),
    is_optional=True,
)

Notes = Counter[tuple[int, ...]]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this script."""
    for kind in ("midi", "abc", "musicxml"):
        parser.add_argument(f"--{kind}", type=Path, help=f"folder with files of {kind}")


def notes_by_quarter(score: Score) -> Notes:
    """Return start and pitch of the notes of a score."""
    return Counter(
        (round(Fraction(int(note["start"]) * GRID, score.ticks_per_quarter)), int(note["pitch"]))
        for track in score.tracks
        for note in track.notes
    )


def notes_by_tick(score: Score) -> Notes:
    """Return start, end and pitch of the notes of a score."""
    return Counter(
        (int(note["start"]), int(note["start"] + note["duration"]), int(note["pitch"]))
        for track in score.tracks
        for note in track.notes
    )


def notes_of_mido(path: Path) -> Iterator[Notes]:
    """Yield the notes that mido reads in a MIDI file, starts and ends paired first in, first out."""
    import mido

    file = mido.MidiFile(path)
    for tracks in [[track] for track in file.tracks] if file.type == 2 else [file.tracks]:
        notes: Notes = Counter()
        for track in tracks:
            tick, held = 0, {}
            for message in track:
                tick += message.time
                if message.type not in ("note_on", "note_off"):
                    continue
                key = (message.channel, message.note)
                if message.type == "note_on" and message.velocity:
                    held.setdefault(key, []).append(tick)
                elif held.get(key):
                    notes[held[key].pop(0), tick, message.note] += 1
            notes.update((start, tick, pitch) for (_, pitch), starts in held.items() for start in starts)
        yield notes


def notes_of_abc2midi(path: Path) -> Iterator[Notes]:
    """Yield the notes of the MIDI files that abc2midi makes of the tunes of an ABC file."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "tunes.abc"
        copy.write_bytes(path.read_bytes())
        command = ["abc2midi", copy.name, "-NGUI", "-NGRA", "-NFER", "-silent"]
        subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=60)
        made = sorted(Path(folder).glob("tunes*.mid"), key=lambda each: each.stat().st_mtime_ns)
        for each in made:
            yield notes_by_quarter(read_tunes(each)[0])


def notes_of_music21(path: Path) -> Iterator[Notes]:
    """Yield the notes that music21 reads in a MusicXML file, repeats played and ties joined."""
    from music21 import chord, converter, harmony

    score = converter.parse(path, forceSource=True)
    try:
        played = score.expandRepeats()
    except Exception:  # signs that it cannot follow
        played = score
    notes: Notes = Counter()
    for part in played.toSoundingPitch().parts:
        for element in part.stripTies().flatten().notes:
            if isinstance(element, harmony.Harmony) or not element.quarterLength:
                continue
            start = round(Fraction(element.offset) * GRID)
            members = element.notes if isinstance(element, chord.ChordBase) else (element,)
            for member in members:
                pitches = getattr(member, "pitches", ())
                notes.update((start, round(pitch.ps)) for pitch in pitches)
    yield notes


def common(notes: Notes, others: Notes) -> int:
    """Return the number of notes of one pitch that start within the tolerance, each paired with one."""
    count = 0
    by_pitch: dict[int, list[int]] = {}
    for start, pitch in sorted(others.elements()):
        by_pitch.setdefault(pitch, []).append(start)
    for start, pitch in sorted(notes.elements()):
        waiting = by_pitch.get(pitch, [])
        while waiting and waiting[0] < start - TOLERANCE:
            waiting.pop(0)
        if waiting and waiting[0] <= start + TOLERANCE:
            waiting.pop(0)
            count += 1
    return count


def compare(
    report: Report,
    peer: Peer,
    paths: Iterable[Path],
    read: Callable[[Path], Iterator[Notes]],
    own: Callable[[Score], Notes],
) -> None:
    """Add the row of a peer, and one for each tune whose notes differ."""
    if not peer.is_installed:
        report.skip(peer, f"comparison with {peer.name}")
        return
    counts: Counter[str] = Counter()
    for path in sorted(paths):
        counts["files"] += 1
        tunes, refusal = _own(path)
        others, other_refusal = _other(path, read)
        counts["refused"] += bool(refusal)
        for number in range(max(len(tunes), len(others), 1)):
            notes = own(tunes[number]) if number < len(tunes) else Counter()
            of_peer = others[number] if number < len(others) else Counter()
            counts["tunes"] += 1
            n_common = (notes & of_peer).total() if own is notes_by_tick else common(notes, of_peer)
            is_same = n_common == notes.total() == of_peer.total()
            counts["same" if is_same else "different"] += 1
            if not is_same:
                row = {"notes": notes.total(), "notes_peer": of_peer.total(), "common": n_common}
                name = path.name if len(tunes) < 2 else f"{path.name} {number + 1}"
                said = [*(["refused: " + refusal] if refusal else []), *(["refused by it"] if other_refusal else [])]
                report.add(DIFFERENCES, {"file": name, "peer": peer.name, **row, "reading": "; ".join(said) or "both"})
    row = {name: counts[name] for name in ("files", "tunes", "same", "different", "refused")}
    report.add(FILES, {"peer": peer.name, **row})


def _own(path: Path) -> tuple[tuple[Score, ...], str]:
    """Return the scores of a file, or why it is refused."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return read_tunes(path), ""
        except BadScore as error:
            return (), str(error).replace(str(path), path.name)


def _other(path: Path, read: Callable[[Path], Iterator[Notes]]) -> tuple[list[Notes], str]:
    """Return the notes of the tunes of a file by a peer, or why it refuses the file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return [*read(path)], ""
        except Exception as error:  # whatever a peer raises for a damaged file
            return [], type(error).__name__


def measure(options: argparse.Namespace, report: Report) -> None:
    """Compare the files of each folder that is given."""
    for folder, peer, suffixes, read, own in (
        (options.midi, MIDO, MIDI, notes_of_mido, notes_by_tick),
        (options.abc, ABC2MIDI, (".abc",), notes_of_abc2midi, notes_by_quarter),
        (options.musicxml, MUSIC21, XML, notes_of_music21, notes_by_quarter),
    ):
        if folder is not None:
            paths = [path for path in folder.rglob("*") if path.suffix.lower() in suffixes and path.is_file()]
            compare(report, peer, paths, read, own)


def few_files(folder: Path) -> Path:
    """Write a MIDI file for a smoke test."""
    rng = np.random.default_rng(1)
    rows = [(int(240 * index), 240, int(pitch), 80) for index, pitch in enumerate(rng.integers(40, 80, 16))]
    write_score(Score((Track(notes_of(rows)),)), folder / "notes.mid")
    return folder


BENCHMARK = Benchmark(
    __doc__ or "",
    (FILES, DIFFERENCES),
    add_options,
    measure,
    smoke={"midi": few_files},
)

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
