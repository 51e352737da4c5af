"""Sound files and streams recognised by classifiers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO, TextIO

import numpy as np

from ...audio.clip import converted
from ...audio.pcm import read_pcm
from ...audio.wave_blocks import BlockReader, until_interrupted
from ...base.errors import BadAudio, MissingExtra
from ...data.decode import decode_at
from ...data.entry import Entry, read_length
from ...data.folder import scan
from .recogniser import RecordingRecogniser
from .results import NotRecognised, RecognisedFile
from .spotting import KeywordSpotter

RAW_SAMPLE_RATE = 16_000
STREAM_BLOCK_SECONDS = 0.05


def entries_of(paths: Sequence[Path]) -> tuple[list[Entry], list[NotRecognised]]:
    """Return the sound files among paths, those of folders in their order, and the files that cannot be read."""
    entries: list[Entry] = []
    failed: list[NotRecognised] = []
    for path in paths:
        if path.is_dir():
            scanned = scan(path, "none", manifest=None)
            entries.extend(scanned.entries)
            failed.extend(NotRecognised(problem.path, str(problem)) for problem in scanned.problems)
            continue
        try:
            n_frames, sample_rate, channels = read_length(path)
        except (BadAudio, MissingExtra) as error:
            failed.append(NotRecognised(path, str(error)))
            continue
        entries.append(Entry(path, None, None, n_frames / sample_rate, sample_rate, channels, n_frames))
    return entries, failed


def recognise_files(
    recogniser: RecordingRecogniser, entries: Sequence[Entry], show: Callable[[float], None] = lambda _: None
) -> tuple[list[RecognisedFile], list[NotRecognised]]:
    """Recognise recordings; those that cannot be recognised are listed with the reason.

    - ``recogniser``: of a model.
    - ``entries``: the recordings.
    - ``show``: called with the seconds of audio that are done.
    """
    files: list[RecognisedFile] = []
    failed: list[NotRecognised] = []
    done = 0.0
    for entry in entries:
        try:
            result = recogniser.recognise(decode_at(entry, recogniser.model.sample_rate, 1))
            files.append(RecognisedFile(**{**vars(result), "file": entry.path}))
        except (BadAudio, MissingExtra) as error:
            reason = str(error) if str(entry.path) in str(error) else f"{entry.path}: {error}"
            failed.append(NotRecognised(entry.path, reason))
        done += entry.seconds
        show(done)
    return files, failed


def spot_stream(source: BinaryIO, sink: TextIO, spotter: KeywordSpotter) -> None:
    """Write a line of JSON for every event of a stream, as soon as it is recognised; Ctrl-C ends the stream.

    - ``source``: raw mono samples at 16 kHz, or a WAV file; see :func:`.pcm.read_pcm`.
    - ``sink``: where the lines are written to.
    - ``spotter``: at the beginning of a stream.

    Raises BadAudio if the source cannot be read.
    """
    audio = read_pcm(source, RAW_SAMPLE_RATE)
    reader = BlockReader(until_interrupted(audio.waves), audio.n_channels)
    blocks = _blocks(reader, max(1, round(STREAM_BLOCK_SECONDS * audio.sample_rate)))
    for wave in converted(blocks, audio.sample_rate, spotter.model.sample_rate, audio.n_channels, 1):
        _write(sink, spotter, np.ascontiguousarray(wave[0], np.float32))
    for event in spotter.finish():
        sink.write(json.dumps(asdict(event)) + "\n")
    sink.flush()


def _write(sink: TextIO, spotter: KeywordSpotter, wave: np.ndarray) -> None:
    for event in spotter.push(wave):
        sink.write(json.dumps(asdict(event)) + "\n")
        sink.flush()


def _blocks(reader: BlockReader, n_samples: int) -> Iterator[np.ndarray]:
    """Yield blocks of one length, whatever the lengths that arrive: they decide how a resampler rounds."""
    while (block := reader.read(n_samples)).shape[1]:
        yield block
