"""Recognise speech in a recording, or in all of a folder, and write it to files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ..audio.sound_file import open_sound
from ..base.errors import BadAudio
from ..base.file_hash import short_hash_of
from ..base.json_text import parse
from ..base.whole_file import write_whole
from ..outputs.converted_folder import Conversion, ConvertedFolder, ConvertFile
from ..outputs.manifest_file import MANIFEST_FILE, manifest_lines
from .captions import Captions, captions_of
from .drafting import SPEAKER, doubts
from .recognition import SpeechRecogniser, describe, open_recogniser
from .speakers import cluster_speakers
from .stretches import FRAME_SECONDS, active_frames, frame_levels


@dataclass(frozen=True, kw_only=True)
class CaptionedFile:
    """A recording whose speech was written to a file.

    - ``out``: the text, the subtitles or the JSON file.
    - ``seconds``: length of the recording.
    - ``language``: of the speech; empty if the recogniser does not say it.
    - ``recogniser``: its name, without paths.
    - ``word_times``: ``recognised``, or ``estimated`` where the recogniser gives none.
    - ``is_new``: False if the file was there and is up to date.
    """

    out: Path
    file: Path
    seconds: float
    n_segments: int
    n_words: int
    language: str
    recogniser: str
    word_times: str
    origin: Mapping[str, object]
    is_new: bool = True
    details: str = ""

    def __str__(self) -> str:
        """Return the file and what is in it."""
        language = f" in {self.language!r}" if self.language else ""
        line = (
            f"{self.out}: {self.n_words} words{language} in {self.seconds:.1f} s, by {self.recogniser}; "
            f"{self.word_times} times of words"
        )
        return f"{line}\n  {self.details}" if self.details else line


CaptionedFolder = ConvertedFolder[CaptionedFile]
"""The captions of a folder."""


@dataclass(frozen=True)
class Captioning(Conversion[CaptionedFile]):
    """The recognition of recordings by a recogniser.

    - ``recogniser``: its name, as `open_recogniser` takes it.
    - ``language``: of the speech; empty if it is unknown.
    - ``suffix``: of the files, one of `captions.SUFFIXES`.
    - ``out``: the folder that they are written to, whose manifest says which are up to date; None for single files.
    - ``n_speakers``: number of speakers that are told apart, if the recogniser names none; None not to try.
    """

    recogniser: str
    language: str = ""
    suffix: str = ".srt"
    out: Path | None = None
    n_speakers: int | None = None
    verbs = ("captioning", "captioned")

    def target_of(self, sound: Path) -> Path:
        """Return the name of a file of captions."""
        return sound.with_suffix(self.suffix)

    def begin(self) -> ConvertFile[CaptionedFile]:
        """Return the function that writes the captions of a recording."""
        recogniser = open_recogniser(self.recogniser)
        lines = [] if self.out is None else manifest_lines(self.out / MANIFEST_FILE)
        known = {name: parse(line) for name, line in lines}

        def convert(source: Path, out: Path) -> CaptionedFile:
            origin = self._origin(source)
            record = {} if self.out is None else known.get(str(out.relative_to(self.out)), {})
            if out.is_file() and origin.items() <= record.items():
                return CaptionedFile(
                    out=out,
                    file=source,
                    seconds=float(record["duration"]),
                    n_segments=int(record["n_segments"]),
                    n_words=int(record["n_words"]),
                    language=str(record["language"]),
                    recogniser=describe(self.recogniser),
                    word_times=str(record["word_times"]),
                    origin=origin,
                    is_new=False,
                )
            return self._write(recogniser, source, out, origin)

        return convert

    def unnamed_origin(self, file: CaptionedFile) -> dict[str, object]:
        """Return the recording, the settings, and what was recognised."""
        names = ("n_segments", "n_words", "language", "word_times")
        return {**file.origin, **{name: getattr(file, name) for name in names}}

    def _origin(self, source: Path) -> dict[str, object]:
        call = hashlib.sha256(self.recogniser.encode()).hexdigest()[:12]  # its paths are nobody else's business
        settings = {
            "recogniser": describe(self.recogniser),
            "call": call,
            "language": self.language,
            "speakers": self.n_speakers,
        }
        return {"source": source.name, "source_hash": short_hash_of(source), "settings": settings}

    def _write(
        self, recogniser: SpeechRecogniser, source: Path, out: Path, origin: Mapping[str, object]
    ) -> CaptionedFile:
        captions, doubt = recognised(recogniser, self.recogniser, source, self.language, self.n_speakers)
        write_whole(out, captions.contents(self.suffix).encode("utf-8"))
        return CaptionedFile(
            out=out,
            file=source,
            seconds=round(captions.seconds, 3),
            n_segments=len(captions.segments),
            n_words=captions.n_words,
            language=captions.language,
            recogniser=captions.recogniser,
            word_times=captions.word_times,
            origin=origin,
            details=doubt,
        )


def recognised(
    recogniser: SpeechRecogniser, name: str, sound: Path, language: str, n_speakers: int | None
) -> tuple[Captions, str]:
    """Return the captions of a recording, and what somebody should check in them.

    - ``name``: of the recogniser.
    - ``language``: of the speech; empty if it is unknown.
    - ``n_speakers``: number of speakers that are told apart by their voices; None not to try.

    Raises BadAudio if the recording cannot be read or no speech was recognised, or BadSetting or BadText as the
    recogniser does.
    """
    seconds = open_sound(sound).header.seconds
    segments = sorted(recogniser.segments(sound, language), key=lambda segment: segment.start)
    if not segments:
        raise BadAudio(
            f"No speech was recognised in {sound}; check that it has some, in the language of the recogniser."
        )
    doubt = ""
    if n_speakers is not None and not any(segment.speaker for segment in segments):
        found = cluster_speakers(sound, [(segment.start, segment.end) for segment in segments], n_speakers)
        named = zip(segments, found.numbers, strict=True)
        segments = [replace(segment, speaker=SPEAKER.format(number=number)) for segment, number in named]
        doubt = doubts([*range(1, len(segments) + 1)], found)
    active = active_frames(frame_levels(sound))
    length = seconds if seconds is not None else len(active) * FRAME_SECONDS
    return captions_of(sound, describe(name), length, segments, active), doubt
