"""Make the project of a dub: its lines from subtitles or a recogniser, its cast, its translations."""

from __future__ import annotations

import bisect
import os
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle
from pathlib import Path

from ..audio.video_file import shown_seconds
from ..base.errors import BadModel, BadSetting, BadText, Named, SkippedText
from ..base.toml_tables import TomlTable, parse_table, read_toml
from ..speech.synthesis import FASTEST
from ..speech.voice_names import find_voice, voices, voices_of
from .project import LANGUAGE, MAX_SECONDS, CastMember, DubLine, DubProject, check_lines, renumbered
from .recognition import describe, open_recogniser
from .speakers import cluster_speakers
from .subtitle_files import JOINED_SECONDS, SpeechSegment, is_subtitle_file, read_cues
from .timing import slots
from .translation import Translator, matched, translated

MAX_SENTENCE_SECONDS = 15.0
MAX_PAUSE_SECONDS = 0.5  # within a sentence
LEAST_PUNCTUATED = 0.1  # of the cues, without which nothing says where sentences end

_END = re.compile(r"[.!?:\u2026\u3002\uff01\uff1f\u061f\u0964]\W*$")
_ELLIPSIS = re.compile(r"(?:\.\.|\u2026)\W*$")
_TURN = re.compile(r"\s*[-\u2013\u2014]\s*\w")  # another speaker


def join_sentences(cues: Sequence[SpeechSegment]) -> list[SpeechSegment]:
    """Return the cues in the order of their starts, those of one sentence and speaker as one.

    A sentence goes on over short pauses, up to MAX_SENTENCE_SECONDS. Where hardly any cue ends with punctuation, as in
    automatic captions, all cues stay as they are.
    """
    n_ends = sum(bool(_END.search(cue.text)) for cue in cues)
    if n_ends < LEAST_PUNCTUATED * len(cues):
        return list(cues)
    done: list[SpeechSegment] = []
    for cue in cues:
        if done and _goes_on(done[-1], cue):
            last = done[-1]
            words = (*last.words, *cue.words) if last.words and cue.words else ()
            done[-1] = replace(last, end=cue.end, text=f"{last.text} {cue.text}", words=words)
        else:
            done.append(cue)
    return done


def _goes_on(before: SpeechSegment, cue: SpeechSegment) -> bool:
    """Return whether a cue goes on with the sentence of what is before it."""
    is_near = -JOINED_SECONDS <= cue.start - before.end <= MAX_PAUSE_SECONDS
    if not is_near or cue.end - before.start > MAX_SENTENCE_SECONDS:
        return False
    if before.speaker != cue.speaker or _TURN.match(cue.text):
        return False
    if _ELLIPSIS.search(before.text):
        return cue.text.startswith(("..", "\u2026")) or next(filter(str.isalnum, cue.text), "").islower()
    return not _END.search(before.text)


CHARACTERS_PER_SECOND = 14.0  # of speech, before a voice has told its own
SHORTEST_CUE = 0.05
SPEAKER = "speaker {number}"
SHOWN_DOUBTS = 20
CHUNK_LINES = 50  # translated before the project is written again


class _CastFile(TomlTable):
    cast: tuple[CastMember, ...]


@dataclass(frozen=True)
class Draft:
    """Where the lines of a new project come from.

    - ``source``: sound, video or subtitles.
    - ``subtitles``: of a sound or video.
    - ``recogniser``: name of a recogniser, for a sound or video without subtitles.
    - ``from_language``, ``to_language``: languages; the first may be empty.
    - ``voice``: of all lines; None for the voices that speak the language, in turn for each speaker.
    - ``cast``: TOML file with ``[[cast]]`` tables.
    - ``n_speakers``: number of speakers of a sound whose lines name none, which are found by their voices; 0 to find
      it.
    """

    source: Path
    to_language: str
    from_language: str = ""
    subtitles: Path | None = None
    recogniser: str | None = None
    voice: str | None = None
    cast: Path | None = None
    n_speakers: int | None = None

    def project(self, folder: Path) -> tuple[DubProject, str]:
        """Return the project, whose paths are relative to a folder, and what somebody should check in it.

        Raises BadText, BadSetting, BadAudio, BadModel or MissingExtra if the lines or the cast cannot be made.
        """
        cues, are_sentences, recogniser = self._cues()
        cues, suspect = self._with_speakers(cues)
        lines = lines_of(cues, are_sentences)
        speakers = list(dict.fromkeys(line.speaker for line in lines))
        languages = (cue.language for cue in cues if re.fullmatch(LANGUAGE, cue.language))
        project = DubProject(
            source=relative(self.source, folder),
            from_language=self.from_language or next(languages, ""),
            to_language=self.to_language,
            recogniser=recogniser,
            cast=self._cast(speakers),
            lines=renumbered(lines),
        )
        starts = [line.start for line in lines]
        numbers = sorted({bisect.bisect(starts, cues[index].start) for index in suspect})
        return check_lines(project), doubts(numbers, len(lines))

    def _with_speakers(self, cues: list[SpeechSegment]) -> tuple[list[SpeechSegment], list[int]]:
        """Return the cues with speakers, found by their voices if their number is given, and which are suspect."""
        if self.n_speakers is None:
            return cues, []
        are_named = any(cue.speaker for cue in cues)
        if are_named or is_subtitle_file(self.source):
            reason = "The lines name their speakers" if are_named else f"{self.source} has no sound to tell them apart"
            raise BadSetting(f"{reason}; leave --speakers out.")
        found = cluster_speakers(self.source, [(cue.start, cue.end) for cue in cues], self.n_speakers)
        named = zip(cues, found.numbers, strict=True)
        return [replace(cue, speaker=SPEAKER.format(number=number)) for cue, number in named], found.suspect

    def _cues(self) -> tuple[list[SpeechSegment], bool, str]:
        """Return the cues with their times, whether they are whole sentences, and who recognised them."""
        subtitles = self.source if is_subtitle_file(self.source) else self.subtitles
        if subtitles is not None:
            return subtitle_cues(subtitles, self.source), False, ""
        if self.recogniser is None:
            raise BadSetting(
                f"Nothing says what is spoken in {self.source}; give its subtitles with --subtitles, or a recogniser "
                "with --recogniser."
            )
        recogniser = open_recogniser(self.recogniser)
        segments = recogniser.segments(self.source, self.from_language)
        if not segments:
            raise BadText(f"The recogniser found no speech in {self.source}; give its subtitles with --subtitles.")
        cues = timed_cues(segments, str(self.source), shown_seconds(self.source))
        return cues, recogniser.gives_sentences, describe(self.recogniser)

    def _cast(self, speakers: Sequence[str]) -> tuple[CastMember, ...]:
        if self.cast is not None:
            return read_cast(self.cast)
        if self.voice is not None:
            find_voice(self.voice)
            return tuple(CastMember(speaker=speaker, voice=self.voice) for speaker in speakers)
        known = voices_of(self.to_language)
        if not known:
            raise BadModel(
                f"No voice speaks {self.to_language!r}; there are {', '.join(voices()) or 'none'}. Give one with "
                "--voice, or train one."
            )
        return tuple(CastMember(speaker=speaker, voice=voice) for speaker, voice in zip(speakers, cycle(known)))


def doubts(numbers: Sequence[int], n_lines: int) -> str:
    """Return a sentence about the lines of some numbers whose speakers should be checked; empty without any."""
    if not numbers:
        return ""
    shown = ", ".join(map(str, numbers[:SHOWN_DOUBTS]))
    more = f" and {len(numbers) - SHOWN_DOUBTS} more" if len(numbers) > SHOWN_DOUBTS else ""
    return f"The speaker is doubtful of {len(numbers)} of {n_lines} lines, {shown}{more}; check them."


def read_cast(path: Path) -> tuple[CastMember, ...]:
    """Read a cast; raise BadSetting if it cannot be read or something in it is wrong."""
    with Named(str(path)):
        return parse_table(_CastFile, read_toml(path), "a cast").cast


def relative(path: Path, folder: Path) -> str:
    """Return a path relative to a folder; as a whole if it is on another drive."""
    try:
        return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()
    except ValueError:
        return str(path.resolve())


def subtitle_cues(subtitles: Path, source: Path) -> list[SpeechSegment]:
    """Return the cues of subtitles of a source up to its end; raise BadText or BadAudio if one cannot be read."""
    end = None if is_subtitle_file(source) else shown_seconds(source)
    return timed_cues(read_cues(subtitles), str(subtitles), end)


def timed_cues(cues: Sequence[SpeechSegment], where: str, end: float | None) -> list[SpeechSegment]:
    """Return cues, in the order of their starts, with the times at which they can be spoken.

    A cue that ends before it starts, or without length, lasts up to the next one. Times are in whole milliseconds, as
    the project has them. What starts after ``end`` is left out with a warning. Raises BadText, which begins with
    ``where``, if no cue is left.
    """
    starts = [cue.start for cue in cues]
    latest = MAX_SECONDS if end is None else end
    timed = []
    for cue in cues[: bisect.bisect_left(starts, latest)]:
        after = bisect.bisect_right(starts, cue.start + SHORTEST_CUE)
        usual = cue.start + max(1.0, len(cue.text) / CHARACTERS_PER_SECOND)
        stop = cue.end if cue.end > cue.start + SHORTEST_CUE else min([usual, *starts[after : after + 1]])
        timed.append(replace(cue, start=round(cue.start, 3), end=round(min(stop, MAX_SECONDS), 3)))
    if not timed:
        raise BadText(
            f"{where}: no subtitle lies within the sound, which is {latest:.1f} s long; check that they belong."
        )
    if n_late := len(cues) - len(timed):
        late = f"{n_late} of {len(cues)} cues start after the end of the sound"
        warnings.warn(f"{where}: {late} ({latest:.1f} s) and are left out.", SkippedText, stacklevel=2)
    return timed


def lines_of(cues: Sequence[SpeechSegment], are_sentences: bool = False) -> list[DubLine]:
    """Return the lines of timed cues: those of one time and speaker are one, and those of one sentence and speaker.

    - ``are_sentences``: True where each cue is whole, so that only the first are joined.
    """
    together: list[SpeechSegment] = []
    for cue in cues:
        last = together[-1] if together else None
        if last is not None and last.speaker == cue.speaker and abs(last.start - cue.start) < SHORTEST_CUE:
            together[-1] = replace(last, text=f"{last.text} {cue.text}", end=max(last.end, cue.end))
        else:
            together.append(cue)
    whole = together if are_sentences else join_sentences(together)
    return [
        DubLine(number=number, start=cue.start, end=cue.end, speaker=cue.speaker, original=cue.text)
        for number, cue in enumerate(whole, 1)
    ]


def with_translations(project: DubProject, cues: Sequence[SpeechSegment]) -> DubProject:
    """Return the project with the text of translated subtitles on each line without a text."""
    texts = matched(project.lines, cues)
    lines = [
        line if line.text else line.model_copy(update={"text": text})
        for line, text in zip(project.lines, texts, strict=True)
    ]
    return project.model_copy(update={"lines": tuple(lines)})


def translate(
    project: DubProject,
    translator: Translator,
    glossary: Mapping[str, str],
    end_seconds: float | None,
    keep: Callable[[DubProject], object],
) -> DubProject:
    """Return the project with a translation for each line without a text, a few lines at a time."""
    limits = [slot.limit_seconds for slot in slots([line.time for line in project.lines], end_seconds)]
    lines = list(project.lines)
    missing = [index for index, line in enumerate(lines) if not line.text.strip() and line.original.strip()]
    for start in range(0, len(missing), CHUNK_LINES):
        chunk = missing[start : start + CHUNK_LINES]
        most = [_most_characters(limits[index]) for index in chunk]
        texts = translated([lines[index].original for index in chunk], translator, glossary, most.__getitem__)
        for index, text in zip(chunk, texts, strict=True):
            lines[index] = lines[index].model_copy(update={"text": text})
        project = project.model_copy(update={"lines": tuple(lines)})
        keep(project)
    return project


def _most_characters(seconds: float) -> int:
    """Return the characters that can be spoken in a time at the fastest rate."""
    return int(min(seconds, 1e6) * CHARACTERS_PER_SECOND * FASTEST)
