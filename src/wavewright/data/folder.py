"""Scan a folder of recordings into entries, with labels and groups from its sub-folders or file names."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path
from shlex import quote
from typing import Literal

from ..audio.file_kind import SOUND_SUFFIXES
from ..base.errors import EXPECTED_ERRORS, BadAudio, BadFolder, BadSetting, MissingExtra, printable, sentence_of
from ..base.files import files_below, sha256_of
from ..base.names import name_problem, quoted
from ..base.progress_bar import report_progress
from ..base.result import Failed, first_of
from ..base.runner import Item
from ..outputs.manifest_file import MANIFEST_FILE, NO_TABLE, FolderTable
from . import manifest as manifests
from .entry import SPLITS, Entry, Scan, Split, read_length

LabelFrom = Literal["none", "folder"]
"""``folder``: the label of a clip is the first sub-folder of its path; ``none``: clips have no labels."""

GroupFrom = Literal["folder", "prefix"]
"""``folder``: the group is the first sub-folder (below the label's, if labels are folders too); ``prefix``: the file
name up to its first underscore, as in ``<kit>_<name>.wav``."""

METADATA_FILES = ("metadata.csv", "metadata.tsv", "metadata.jsonl")
"""Tables of the recordings of a folder, such as LJSpeech's lines ``name|text``; see :func:`.manifest.read`."""


NO_LABELS = re.compile(
    r"(readme|licen[cs]e|copying|notice|authors|changelog|citation|(md5|sha)\d*sums?|thumbs\.db|desktop\.ini).*|"
    r".*\.(md|rst|html?|pdf|jpe?g|png|gif|webp|bmp|svg|tiff?|ico|py|pyc|ipynb|sh|bat|log|asd|reapeaks|pkf?|sfk|"
    r"mid|midi|abc|musicxml|mxl)"
)
"""Names, in lower case, of files that have no labels: texts about a collection, pictures, programs, caches of editors,
and scores, which :mod:`wavewright.families.transcriber` reads."""

MAX_KINDS = 8
"""Endings of files that are not read of which one is named."""

MAX_TABLES = 10
"""Tables of a folder that are opened to see whether they name its recordings."""


def scan(
    folder: Path | str,
    label_from: LabelFrom | None = "none",
    group_from: GroupFrom | None = None,
    manifest: Path | str | None = None,
    needs_labels: bool = True,
) -> Scan:
    """List the sound files below a folder in a fixed order, reading headers only.

    Hidden files and folders are ignored; linked folders are followed once. Files that cannot be used are listed in
    ``failed``.

    - ``folder``: a folder, a manifest, or a folder with a table of its recordings (METADATA_FILES). Sub-folders
      ``train`` and ``test`` alone are splits, and labels are below them.
    - ``label_from``: source of the labels, see ``LabelFrom``; None: sub-folders, if most clips are in one.
    - ``group_from``: source of the groups, see ``GroupFrom``; None for no groups.
    - ``manifest``: manifest of the clips with their labels, groups and splits, instead of all files of the folder. Its
      files are beside it, or else below the folder.
    - ``needs_labels``: whether files beside the sub-folders that give the labels cannot be used.
    - returns: the clips, and the files that cannot be used.

    Raises BadFolder if no clip can be used, or labels differ in their spelling alone, or BadSetting if ``label_from``
    or ``group_from`` is unknown.
    """
    root = Path(folder)
    if label_from not in (None, "none", "folder"):
        raise BadSetting(f"label_from is {label_from!r}; it must be 'folder' (labels are sub-folders), 'none' or None.")
    if group_from not in (None, "folder", "prefix"):
        raise BadSetting(f"group_from is {group_from!r}; it must be 'folder', 'prefix' or None.")
    if manifest is None and root.is_file() and root.suffix.lower() in manifests.SUFFIXES:
        manifest = root
    notes: list[str] = []
    table = None
    is_asked_for = label_from != "folder" and group_from is None
    if manifest is None:
        table, notes = _metadata_of(root, is_asked_for)
    if table is not None or manifest is not None:
        scanned = manifests.read(manifest or table or root, root if root.is_dir() else None)
        more = () if table is None else (*_not_listed(root, table, scanned), *_notes_on_others(root, scanned, False))
        return replace(scanned, notes=(*scanned.notes, *more))
    if not root.is_dir():
        reason = "is a file" if root.exists() else "does not exist"
        raise BadFolder(f"{root} {reason}; give a folder with sound files in it, or a manifest (.csv or .jsonl).")
    scanned = _scan_files(root, label_from, group_from, needs_labels)
    manifests.check_spelling(root, scanned.entries)
    return replace(scanned, notes=(*notes, *scanned.notes, *_notes_on_others(root, scanned, is_asked_for)))


def entries_of(paths: Iterable[Path]) -> tuple[list[Entry], list[Failed]]:
    """Return the sound files among paths and in folders, and those that cannot be read.

    Raises BadFolder if a folder has no sound file that can be read.
    """
    entries: list[Entry] = []
    failed: list[Failed] = []
    for path in paths:
        if path.is_dir():
            scanned = scan(path, "none", manifest=None)
            entries.extend(scanned.entries)
            failed.extend(scanned.failed)
            continue
        try:
            n_frames, sample_rate, channels = read_length(path)
        except EXPECTED_ERRORS as error:
            failed.append(Failed(path, sentence_of(error)))
            continue
        entries.append(Entry(path, None, None, n_frames / sample_rate, sample_rate, channels, n_frames))
    return entries, failed


def items_of(entries: Iterable[Entry]) -> list[Item[Entry]]:
    """Return recordings as the items of `wavewright.base.runner.each_item`."""
    return [Item(entry.path, entry, entry.seconds) for entry in entries]


def _metadata_of(root: Path, is_asked_for: bool) -> tuple[Path | None, list[str]]:
    """Return the table of the recordings of a folder, None without one, and notes on tables that are not read."""
    notes = []
    for name in METADATA_FILES:
        path = root / name
        if not path.is_file():
            continue
        if not is_asked_for:
            notes.append(f"{name} is not read, because labels or groups are taken from folders and names of files.")
        elif manifests.is_metadata(path):
            return path, []
        else:
            notes.append(f"{name} is not read: none of its lines begins with the name of a sound file of the folder.")
    return None, notes


def table_of(folder: Path) -> FolderTable:
    """Return the fields of the recordings of a folder in its table or manifest, of those that have one line each."""
    for name in (*METADATA_FILES, MANIFEST_FILE):
        if not manifests.is_metadata(folder / name):
            continue
        bad: list[BadFolder] = []
        try:
            table = manifests.read(folder / name, folder, bad.append)
        except BadFolder as error:
            return FolderTable(notes=(str(bad[0] if bad else error),))
        n_clips = Counter(entry.path for entry in table.entries)
        whole = [each for each in table.entries if n_clips[each.path] == 1 and _is_whole(each, folder)]
        n_others, notes = len(table.entries) - len(whole), list(table.notes)
        if failed := [*(Failed(name, str(error)) for error in bad), *table.failed]:
            notes.append(f"{name}: {len(failed)} of its lines cannot be used: {first_of(failed)}.")
        if n_others:
            notes.append(
                f"{name}: {n_others} of its clips are parts of recordings, or elsewhere; the new manifest lacks them."
            )
        facts = {each.path.relative_to(folder).as_posix(): manifests.facts_of(each) for each in whole}
        return FolderTable(name, facts, tuple(notes))
    return NO_TABLE


def _is_whole(entry: Entry, folder: Path) -> bool:
    """Return whether a clip is a whole recording below a folder, but for the rounding of its length."""
    if entry.offset_seconds or not entry.path.is_relative_to(folder):
        return False
    n_frames, sample_rate, _ = read_length(entry.path)
    return (n_frames - entry.n_frames) / sample_rate <= manifests.ROUNDED_SECONDS


def _not_listed(root: Path, table: Path, scanned: Scan) -> Iterator[str]:
    """Yield a note on the sound files of a folder that its table does not list, if there are any."""
    listed = {os.path.normpath(each.path) for each in scanned.entries}
    listed |= {os.path.normpath(each.what) for each in scanned.failed}
    others = [
        path
        for path in files_below(root, SOUND_SUFFIXES)
        if isinstance(path, Path) and os.path.normpath(path) not in listed
    ]
    if others:
        shown = ", ".join(path.relative_to(root).as_posix() for path in others[:3])
        yield f"{len(others)} sound files of the folder are not in {table.name} and are left out ({shown})."


def _scan_files(root: Path, label_from: LabelFrom | None, group_from: GroupFrom | None, needs_labels: bool) -> Scan:
    """Return the entries of the sound files below a folder; raise BadFolder if there are no entries."""
    entries: list[Entry] = []
    failed: list[Failed] = []
    files = list(files_below(root, SOUND_SUFFIXES))
    splits = _splits_of(root, files)
    if label_from is None:
        label_from = _guess_label_from(root, files, group_from, n_split_folders=1 if splits else 0)
    for n_done, file in enumerate(files):
        report_progress("reading the headers of the recordings", n_done / len(files))
        clip = file if isinstance(file, Failed) else _entry(file, root, label_from, group_from, splits, needs_labels)
        if isinstance(clip, Failed):
            failed.append(clip)
        else:
            entries.append(clip)
    if not entries:
        raise BadFolder(_nothing_usable(root, failed, label_from))
    notes = [*_notes_on_doubles(root, entries)]
    if splits:
        listed = ", ".join(f"{name}/ as {split}" for name, split in splits.items())
        notes.insert(0, f"sub-folders are read as splits: {listed}; labels are taken from the folders below.")
    return Scan(tuple(entries), tuple(failed), tuple(notes))


def _splits_of(root: Path, files: list[Path | Failed]) -> dict[str, Split]:
    """Return the split of each sub-folder if these are train and test, or the like, alone; else nothing."""
    parts = [path.relative_to(root).parts for path in files if isinstance(path, Path)]
    names = dict.fromkeys(each[0] for each in parts if len(each) > 1)
    splits = {name: SPLITS[name.casefold()] for name in names if name.casefold() in SPLITS}
    is_divided = len(splits) == len(names) and {*splits.values()} > {"train"}
    return splits if is_divided and all(len(each) > 1 for each in parts) else {}


def _notes_on_doubles(root: Path, entries: Sequence[Entry]) -> Iterator[str]:
    """Yield a warning about files of one content under several labels, if there are any."""
    by_size: dict[tuple[int, int], list[Entry]] = {}
    for entry in entries:
        if entry.label is not None:
            with suppress(OSError):  # it was removed meanwhile
                by_size.setdefault((entry.path.stat().st_size, entry.n_frames), []).append(entry)
    doubles: list[list[Entry]] = []
    for candidates in by_size.values():
        if len({entry.label for entry in candidates}) < 2:
            continue
        by_content: dict[str, list[Entry]] = {}
        for entry in candidates:
            with suppress(OSError):
                by_content.setdefault(sha256_of(entry.path), []).append(entry)
        doubles += [same for same in by_content.values() if len({entry.label for entry in same}) > 1]
    if doubles:
        shown = " = ".join(entry.path.relative_to(root).as_posix() for entry in doubles[0][:3])
        recordings = "1 recording is" if len(doubles) == 1 else f"{len(doubles)} recordings are"
        yield (
            f"warning: {recordings} under several labels ({shown}), which contradict each other; keep each under one, "
            "or list it in a manifest with several labels."
        )


def _notes_on_others(root: Path, scanned: Scan, opens_tables: bool) -> Iterator[str]:
    """Yield notes on the files below a folder that are not read and may have labels: tables first, by their lines."""
    recordings = {each.path.with_suffix("") for each in scanned.entries}
    known = {root / name for name in METADATA_FILES}
    others = [
        path
        for path in files_below(root)
        if isinstance(path, Path)
        and path not in known
        and path.suffix.lower() not in SOUND_SUFFIXES
        and not NO_LABELS.fullmatch(path.name.lower())
    ]
    tables = [path for path in others if path.suffix.lower() in manifests.SUFFIXES] if opens_tables else []
    tables = [path for path in tables if path.with_suffix("") not in recordings][:MAX_TABLES]
    tables = [path for path in tables if manifests.is_metadata(path, root)]
    if tables:
        names = ", ".join(path.relative_to(root).as_posix() for path in tables)
        yield printable(
            f"{names} {'is' if len(tables) == 1 else 'are'} not read; --manifest {quote(str(tables[0]))} reads what it "
            "says of the recordings."
        )
    kinds: dict[str, list[str]] = {}
    for path in others:
        if path not in tables:
            kinds.setdefault(path.suffix.lower(), []).append(path.relative_to(root).as_posix())
    if kinds:
        each = (first + f" and {len(more)} more" * bool(more) for first, *more in kinds.values())
        yield printable(
            f"files that are not read: {', '.join(islice(each, MAX_KINDS))}{', ...' * (len(kinds) > MAX_KINDS)}; if "
            "they have labels or texts, write these into a table with the columns audio_filepath, offset, duration, "
            "label and text."
        )


def _guess_label_from(
    root: Path, files: list[Path | Failed], group_from: GroupFrom | None, n_split_folders: int = 0
) -> LabelFrom:
    """Return ``folder`` if most sound files are in a sub-folder besides those of their group and split."""
    min_depth = (2 if group_from == "folder" else 1) + n_split_folders
    depths = [len(path.relative_to(root).parts) - 1 for path in files if isinstance(path, Path)]
    return "folder" if 2 * sum(depth >= min_depth for depth in depths) > len(depths) else "none"


def _nothing_usable(root: Path, failed: list[Failed], label_from: LabelFrom) -> str:
    """Return the message for a folder without a usable clip."""
    if not failed:
        others = Counter(path.suffix.lower() or path.name for path in files_below(root) if isinstance(path, Path))
        seen = f": its files end in {', '.join(name for name, _ in others.most_common(5))}" if others else ""
        return f"{root} holds no sound files{seen}; give a folder with .wav, .flac, .mp3, .m4a or such files."
    if label_from == "folder" and all(len(Path(problem.what).relative_to(root).parts) == 1 for problem in failed):
        return (
            f"{root} has no sub-folders to take labels from; put each kind into its own, or leave them out with "
            "--label-from none."
        )
    return f"{root} holds no sound that can be used: {first_of(failed)}."


def _entry(
    path: Path,
    root: Path,
    label_from: LabelFrom,
    group_from: GroupFrom | None,
    splits: Mapping[str, Split],
    needs_labels: bool,
) -> Entry | Failed:
    """Return the entry of a sound file with split, label and group from its path, or the reason why it has none.

    Without a folder of validation clips, these are chosen among the training clips as in any folder.
    """
    folders = list(path.relative_to(root).parts[:-1])
    split = splits[folders.pop(0)] if splits else None
    if split == "train" and "valid" not in splits.values():
        split = None
    label = None
    if label_from == "folder" and (folders or needs_labels):
        if not folders:
            return Failed(path, f"{path} lies beside the sub-folders that give the labels; move it into one of them.")
        label = folders.pop(0)
        problem = name_problem(label)
        if problem is not None:
            return Failed(path, f"{path} lies in the folder {quoted(label)}, whose name {problem}; rename the folder.")
    group = None
    if group_from == "folder" and folders:
        group = folders[0]
    elif group_from == "prefix":
        group = path.stem.partition("_")[0] or path.stem
    try:
        n_frames, sample_rate, channels = read_length(path)
    except (BadAudio, MissingExtra) as error:
        return Failed(path, str(error))
    return Entry(path, label, group, n_frames / sample_rate, sample_rate, channels, n_frames, split)
