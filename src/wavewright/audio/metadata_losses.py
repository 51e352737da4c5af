"""What of the metadata of a sound a file lacks: what was to be written, compared with what is read again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from .file_formats import aiff_metadata, id3_metadata, m4a_metadata, vorbis_metadata, wav_metadata
from .file_formats.ape import KIND as APE
from .file_formats.lyrics3 import KIND as LYRICS3
from .file_formats.metadata import TRACK, ForeignPart, Marker, SoundMetadata, plain, with_joined_totals
from .file_formats.other_metadata import KIND as OTHER
from .wav_chunks import LoopPoints

LOOPS, PLACES = "its loop points", "the places of its channels"
SAME_SECONDS = 0.05  # between times that are one: some formats store milliseconds, AAC lasts some longer
SAME_NOTE = 1e-4
KINDS = {
    id3_metadata.KIND: "frame",
    wav_metadata.KIND: "chunk",
    aiff_metadata.KIND: "chunk",
    vorbis_metadata.KIND: "block",
    m4a_metadata.KIND: "atom",
    APE: "item",
    LYRICS3: "field",
    OTHER: "part",
    TRACK: "track",
}
MIME_TYPES = {"image/jpg": "image/jpeg"}


def losses(wanted: SoundMetadata, written: SoundMetadata, seconds: float | None) -> list[str]:
    """Return the names of what differs or is missing in a file that lasts ``seconds``."""
    return [
        *_of_fields(wanted, written),
        *_of_pictures(wanted, written),
        *_of_markers(wanted.markers, written.markers, seconds),
        *_of_loops(wanted.loops, written.loops),
        *_of_sampler(wanted, written),
        *(name_of(part) for part in (Counter(wanted.parts) - Counter(written.parts))),
    ]


def name_of(part: ForeignPart) -> str:
    """Return the name of a part for a message."""
    return f"the {KINDS[part.kind]} {part.name.strip()!r}"


def _of_fields(wanted: SoundMetadata, written: SoundMetadata) -> Iterator[str]:
    exact, found = (Counter((name.lower(), text) for name, text in each.fields) for each in (wanted, written))
    as_text, found_as_text = (with_joined_totals(each.values) for each in (wanted, written))
    for name, texts in as_text.items():
        if Counter(texts) - Counter(found_as_text.get(name, ())):
            yield f"the tag {name!r}" if name not in found_as_text else f"a part of the tag {name!r}"
    for (name, text), _ in (exact - found).items():
        plain_name, plain_text = plain(name, text)
        if (plain_name, plain_text) != (name, text) and plain_text in found_as_text.get(plain_name.lower(), ()):
            yield (
                f"language and description of the tag {plain_name!r}"
                if name.count(":") > 1
                else f"the role in {plain_name!r}"
            )


def _of_pictures(wanted: SoundMetadata, written: SoundMetadata) -> Iterator[str]:
    missing = Counter(each.content for each in wanted.pictures) - Counter(each.content for each in written.pictures)
    if n_missing := missing.total():
        yield f"{n_missing} of its pictures"
    exact, found = (
        Counter(replace(each, mime=MIME_TYPES.get(each.mime.lower(), each.mime.lower())) for each in metadata.pictures)
        for metadata in (wanted, written)
    )
    if (exact - found).total() > n_missing:
        yield "kinds or descriptions of its pictures"


def _of_markers(wanted: tuple[Marker, ...], written: tuple[Marker, ...], seconds: float | None) -> Iterator[str]:
    ordered = sorted(wanted, key=lambda marker: marker.start)
    following = [*(marker.start for marker in ordered[1:]), seconds][: len(ordered)]
    left = sorted(written, key=lambda marker: marker.start)
    n_missing, lost = 0, dict.fromkeys(("labels", "remarks", "links, pictures or further texts"), False)
    is_end_lost = False
    for marker, following_start in zip(ordered, following, strict=True):
        near = [each for each in left if abs(each.start - marker.start) <= SAME_SECONDS]
        if not near:
            n_missing += 1
            continue
        there = min(near, key=lambda each: (each.label != marker.label, abs(each.start - marker.start)))
        left.remove(there)
        differ = (
            there.label != marker.label,
            there.remark != marker.remark,
            bool(Counter(marker.parts) - Counter(there.parts)),
        )
        lost = {name: was or now for (name, was), now in zip(lost.items(), differ, strict=True)}
        there_end = following_start if there.end is None else there.end
        if marker.end is not None and (there_end is None or abs(marker.end - there_end) > SAME_SECONDS):
            is_end_lost = True
    if n_missing:
        yield f"{n_missing} of its {len(wanted)} markers"
    if is_end_lost:
        yield "the ends of its regions"
    yield from (f"{name} of its markers" for name, is_lost in lost.items() if is_lost)


def _of_loops(wanted: tuple[LoopPoints, ...], written: tuple[LoopPoints, ...]) -> Iterator[str]:
    spans, found = (Counter((loop.start, loop.end, loop.kind) for loop in each) for each in (wanted, written))
    if spans - found:
        yield LOOPS
    elif Counter(wanted) - Counter(written):
        yield "counts or fractions of its loops"


def _of_sampler(wanted: SoundMetadata, written: SoundMetadata) -> Iterator[str]:
    if wanted.sampler is None:
        return
    if written.sampler is None:
        yield "the note of its sampler"
        return
    before, after = wanted.sampler, written.sampler
    if abs(before.note - after.note) > SAME_NOTE:
        yield (
            "a fraction of the note of its sampler" if abs(before.note - after.note) < 1 else "the note of its sampler"
        )
    if before.ranges not in (None, after.ranges):
        yield "the ranges of its sampler"
    if (before.fields, before.data) != (after.fields, after.data):
        yield "settings of its sampler"
