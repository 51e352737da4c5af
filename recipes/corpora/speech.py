"""Speech for vocoders, codecs and denoisers: of more than 300 speakers in four languages, all of permissive licences.

Each source is a folder on this machine, and may be left out:

- ``--kathleen``: the public repository rhasspy/dataset-voice-kathleen (one US speaker, 48 kHz).
- ``--kerstin``: the public repository rhasspy/dataset-voice-kerstin (one German speaker, 48 kHz).
- ``--commands``: the public repository Picovoice/speech-to-intent-benchmark (more than 50 speakers, 16 kHz, no
  transcripts).
- ``--speechocean``: the public repository jimbozhang/speechocean762 (250 speakers of 20 English sentences each, whose
  first language is Mandarin, half of them children, 16 kHz; for denoisers: what they pronounce is not always the text).
- ``--asterisk``: a folder into which the Debian packages asterisk-core-sounds-fr, -fr-g722, -it and -it-g722 were
  unpacked (``apt-get download NAME``, then ``dpkg -x FILE FOLDER``; needs PyAV, the extra ``media``).

    python recipes/corpora speech --kathleen K --kerstin G --commands C --speechocean O --asterisk A \\
        --out corpora/speech

writes mono FLAC at the lower of the recording's own rate and ``--sample-rate``, silence at both ends cut off, with
its text if it has one. Split ``test`` are all takes of Kathleen's sentences arctic_b0500 to arctic_b0539, on which
nothing may be trained, and whole speakers of speechocean762, one of twenty; ``valid`` are about 40 clips of each reader
(all takes of a sentence together), five whole speakers of the commands, and another twentieth of speechocean762's.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import asterisk
import numpy as np
from corpus import Recording, Source, checked_folder, gather

from wavewright.audio.clip import Clip
from wavewright.base.errors import BadAudio
from wavewright.base.result import Failed
from wavewright.base.units import db_to_gain, seconds_to_samples
from wavewright.data.splits import split_of
from wavewright.dsp.onset import fade

TEST_SENTENCES = re.compile(r"arctic_b05[0-3]\d")
ENDING_PATTERN = re.compile(r"_\d+$")
SILENCE_DB = -35.0  # below the loudest 10 ms of a recording
FRAME_SECONDS = 0.01
MARGIN_SECONDS = 0.1  # of silence before and after speech
FADE_SECONDS = 0.005
MIN_SECONDS = 0.2
CHANGES = "mixed to mono, resampled, silence at both ends cut off"


@dataclass(frozen=True)
class Reader:
    """One speaker, and the fraction of recordings for validation."""

    source: Source
    speaker: str
    language: str
    valid_fraction: float

    def recording(self, path: Path, sentence: str, text: str) -> Recording:
        """Return the recording of a sentence; its split depends on the sentence alone."""
        group = f"{self.speaker}/{sentence}"
        is_test = self.speaker == "kathleen" and TEST_SENTENCES.fullmatch(sentence)
        split = "test" if is_test else split_of(group, valid=self.valid_fraction, test=0.0)
        facts = {"text": text, "speaker": self.speaker, "group": group, "language": self.language}
        return Recording(path, f"{self.speaker}/{path.stem}", split, self.source, facts)


def _asterisk_source(language: str, licence: str, credit: str) -> Source:
    package = f"asterisk-core-sounds-{language}"
    return Source(
        package, licence, f"Asterisk core sounds, {credit}", f"Debian packages {package}, {package}-g722", CHANGES
    )


KATHLEEN = Reader(
    Source(
        "dataset-voice-kathleen", "CC0-1.0", "Kathleen, Rhasspy", "github.com/rhasspy/dataset-voice-kathleen", CHANGES
    ),
    *("kathleen", "en", 0.025),
)
KERSTIN = Reader(
    Source("dataset-voice-kerstin", "CC0-1.0", "Kerstin, Rhasspy", "github.com/rhasspy/dataset-voice-kerstin", CHANGES),
    *("kerstin", "de", 0.03),
)
JUNE = Reader(_asterisk_source("fr", "CC-BY-SA-3.0", "June Wallack, 2006-2008"), "june", "fr", 0.08)
CARLO = Reader(_asterisk_source("it", "CC-BY-3.0", "Carlo Flora, 2012"), "carlo", "it", 0.07)
COMMANDS = Source(
    *("speech-to-intent-benchmark", "Apache-2.0", "Speech-to-intent benchmark, Picovoice Inc."),
    *("github.com/Picovoice/speech-to-intent-benchmark", CHANGES),
)
SPEECHOCEAN = Source(
    *("speechocean762", "Apache-2.0", "speechocean762, Junbo Zhang and others, 2021"),
    *("github.com/jimbozhang/speechocean762", CHANGES),
)
HELD_OUT_FRACTION = 0.05  # of the speakers of speechocean762, each for validation and for tests

# The files do not name their speakers. These groups are voices far from all others in speaker embeddings (average
# linkage of Resemblyzer's at a cosine distance of 0.25 finds 49 voices of about 12 clips), by prefixes of file names.
HELD_OUT_VOICES = (
    "08fece20 6c36c3fb 6ea29cef 82245fda 99bbe081 a99d3e6f",
    "132f5ddc 32208af4 36e04319 75aed699 80eff3ea a134c8b2 f7cc06a3",
    "089f79a8 10222c57 1cada0fd 388db33c 505a930b 615bd959 654d9e0c 87280d78 8f03800a 95d1d2da af4008ed",
    "05c641eb 18ae57a1 1aa31732 34dbbb8c 3ded6c67 8708a017 8e671d9c a2846afd d6f1befe d70f1aac e6a1f4c1 fd3fc53b",
    "038439fc 285b32ac 44eab143 5ecc6aa2 680bf341 73d0abfc 806c84b9 a2e8d91c a457f993 adb5dd78",
)


def from_kathleen(folder: Path) -> Iterator[Recording | Failed]:
    """Yield the takes of the CMU Arctic sentences, each with its text."""
    for path in sorted(checked_folder(folder / "data", "Kathleen's takes").glob("*.wav")):
        text_file = path.with_suffix(".txt")
        if not text_file.is_file():
            yield Failed(path, "there is no text beside it")
            continue
        yield KATHLEEN.recording(path, ENDING_PATTERN.sub("", path.stem), text_file.read_text(encoding="utf-8").strip())


def from_kerstin(folder: Path) -> Iterator[Recording | Failed]:
    """Yield the verified sentences."""
    paths = sorted(checked_folder(folder / "verified", "Kerstin's verified recordings").glob("*.flac"))
    yield from _of_table(KERSTIN, folder / "metadata.csv", paths)


def _of_table(reader: Reader, table: Path, paths: list[Path]) -> Iterator[Recording | Failed]:
    """Yield recordings with their text, the last column of a table ``name|text|...``."""
    with table.open(encoding="utf-8", newline="") as file:
        texts = {row[0]: row[-1].strip() for row in csv.reader(file, delimiter="|", quoting=csv.QUOTE_NONE) if row}
    for path in paths:
        if path.stem in texts:
            yield reader.recording(path, path.stem, texts[path.stem])
        else:
            yield Failed(path, "the table has no text for it")


def from_commands(folder: Path) -> Iterator[Recording]:
    """Yield spoken orders of coffee without transcript; those held out have a speaker."""
    voices = {start: f"commands-{index}" for index, starts in enumerate(HELD_OUT_VOICES, 1) for start in starts.split()}
    for path in sorted(checked_folder(folder / "data" / "speech" / "clean", "the spoken commands").glob("*.wav")):
        voice = voices.get(path.stem[:8])
        facts = {"group": voice or f"commands/{path.stem}", "language": "en"} | ({"speaker": voice} if voice else {})
        yield Recording(path, f"commands/{path.stem}", "valid" if voice else "train", COMMANDS, facts)


def from_speechocean(folder: Path) -> Iterator[Recording]:
    """Yield the sentences that its two tables name, split by speaker."""
    checked_folder(folder / "WAVE", "the recordings of speechocean762")
    for half in ("train", "test"):
        table = checked_folder(folder / half, f"the table of its half {half}") / "wav.scp"
        for line in table.read_text(encoding="utf-8").splitlines():
            path = folder / line.split()[1]
            speaker = f"speechocean-{path.parent.name.removeprefix('SPEAKER')}"
            split = split_of(speaker, valid=HELD_OUT_FRACTION, test=HELD_OUT_FRACTION)
            facts = {"speaker": speaker, "group": speaker, "language": "en"}
            yield Recording(path, f"{speaker}/{path.stem}", split, SPEECHOCEAN, facts)


def from_asterisk(folder: Path) -> Iterator[Recording]:
    """Yield the French and the Italian prompts."""
    for reader in (JUNE, CARLO):
        for key, (path, text) in sorted(asterisk.prompts(folder, reader.language).items()):
            recording = reader.recording(path, key, text)
            yield replace(recording, target=f"{reader.speaker}/{key}")


SOURCES: dict[str, Callable[[Path], Iterator[Recording | Failed]]] = {
    "kathleen": from_kathleen,
    "kerstin": from_kerstin,
    "commands": from_commands,
    "speechocean": from_speechocean,
    "asterisk": from_asterisk,
}


def trim_silence(clip: Clip) -> Clip:
    """Return a mono clip from 0.1 s before its first to 0.1 s after its last 10 ms within 35 dB of its loudest, faded.

    Raises BadAudio if it is silent or too short for a word.
    """
    wave = clip.wave[0]
    n_frame = seconds_to_samples(FRAME_SECONDS, clip.sample_rate)
    n_frames = len(wave) // n_frame
    level = np.sqrt(np.square(wave[: n_frames * n_frame]).reshape(n_frames, n_frame).mean(axis=1))
    loudest = float(level.max(initial=0.0))
    if loudest == 0 or clip.seconds < MIN_SECONDS:
        raise BadAudio(f"It is silent or shorter than {MIN_SECONDS} s.")
    loud = np.flatnonzero(level >= loudest * db_to_gain(SILENCE_DB))
    n_margin = seconds_to_samples(MARGIN_SECONDS, clip.sample_rate)
    start = max(0, int(loud[0]) * n_frame - n_margin)
    end = min(len(wave), (int(loud[-1]) + 1) * n_frame + n_margin)
    n_fade = seconds_to_samples(FADE_SECONDS, clip.sample_rate)
    trimmed = fade(wave[start:end], n_fade if start else 0, n_fade if end < len(wave) else 0)
    return Clip(trimmed[None], clip.sample_rate)


def clip_of(recording: Recording, sample_rate: int) -> Clip:
    """Return the speech of a recording at the lower of its own rate and ``sample_rate``."""
    is_g722 = recording.path.suffix == ".g722"
    clip = asterisk.decoded(recording.path) if is_g722 else Clip.read(recording.path).mono()
    clip = trim_silence(clip.resample(min(sample_rate, clip.sample_rate)))
    peak = float(np.abs(clip.wave).max())
    return Clip(clip.wave / max(peak, 1.0), clip.sample_rate)


def gather_speech(folders: dict[str, Path], out: Path, sample_rate: int) -> tuple[list[Recording], list[Failed]]:
    """Write the corpus of some sources to ``out``; return its recordings and those left out.

    ``folders`` by the names in ``SOURCES``. Raises BadFolder if a folder is missing.
    """
    items = (item for name, folder in folders.items() for item in SOURCES[name](folder))
    return gather(items, out, lambda recording: clip_of(recording, sample_rate))
