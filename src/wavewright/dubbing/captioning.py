"""Recognise speech in a recording, or in all of a folder, and write it to files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ..audio.sound_file import open_sound
from ..base.errors import BadAudio
from ..base.files import short_hash_of
from ..base.whole_file import write_whole
from ..outputs.converted_folder import ConvertFile
from ..outputs.made import MadeFile
from ..outputs.manifest_file import known_records
from .captions import Captions, captions_of
from .drafting import SPEAKER, doubts
from .recognition import SpeechRecogniser, describe, open_recogniser
from .speakers import cluster_speakers
from .stretches import FRAME_SECONDS, active_frames, frame_levels

RECOGNISED = ("n_segments", "n_words", "language", "word_times")
"""Details of captions; ``word_times`` are ``recognised``, or ``estimated`` if the recogniser has none."""


@dataclass(frozen=True)
class Captioning:
    """The recognition of recordings by a recogniser."""

    recogniser: str  # its name, as `open_recogniser` takes it
    language: str = ""  # of the speech; empty if it is unknown
    suffix: str = ".srt"  # of the files, one of `captions.SUFFIXES`
    n_speakers: int | None = None
    """Number of speakers that are told apart, if the recogniser names none; None not to try."""

    def begin(self, folder: Path) -> ConvertFile:
        """Return the function that writes the captions of a recording; the manifest says what is up to date."""
        recogniser = open_recogniser(self.recogniser)
        known = known_records(folder)

        def convert(source: Path, out: Path) -> MadeFile:
            origin = self._origin(source)
            record = known(out, origin)
            if record is None:
                return self.write(recogniser, source, out)
            origin |= {name: record[name] for name in RECOGNISED}
            return replace(self._made(source, out, record["duration"], origin), is_new=False)

        return convert

    def write(self, recogniser: SpeechRecogniser, source: Path, out: Path) -> MadeFile:
        """Write the captions of a recording."""
        captions, doubt = recognised(recogniser, self.recogniser, source, self.language, self.n_speakers)
        write_whole(out, captions.contents(self.suffix).encode("utf-8"))
        known = {"n_segments": len(captions.segments), **{name: getattr(captions, name) for name in RECOGNISED[1:]}}
        made = self._made(source, out, round(captions.seconds, 3), {**self._origin(source), **known})
        return replace(made, notes=(doubt,) if doubt else ())

    def _made(self, source: Path, out: Path, seconds: float, origin: Mapping[str, object]) -> MadeFile:
        details = {name: origin[name] for name in RECOGNISED}
        by = describe(self.recogniser)
        return MadeFile(path=out, source=source, seconds=seconds, by=by, details=details, origin=origin)

    def _origin(self, source: Path) -> dict[str, object]:
        call = hashlib.sha256(self.recogniser.encode()).hexdigest()[:12]  # its paths are nobody else's business
        settings = {
            "recogniser": describe(self.recogniser),
            "call": call,
            "language": self.language,
            "speakers": self.n_speakers,
        }
        return {"source_hash": short_hash_of(source), "settings": settings}


def recognised(
    recogniser: SpeechRecogniser, name: str, sound: Path, language: str, n_speakers: int | None
) -> tuple[Captions, str]:
    """Return the captions of a recording, and what somebody should check in them.

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
        doubt = doubts([index + 1 for index in found.suspect], len(segments))
    active = active_frames(frame_levels(sound))
    length = seconds if seconds is not None else len(active) * FRAME_SECONDS
    return captions_of(sound, describe(name), length, segments, active), doubt
