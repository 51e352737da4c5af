"""Sound files and streams recognised by classifiers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import BinaryIO, TextIO

import numpy as np

from ...audio.pcm import read_pcm
from ...audio.wave_blocks import BlockReader, converted, until_interrupted
from ...base.result import Failed
from ...base.runner import each_item
from ...data.entry import Entry
from ...data.folder import items_of
from ...data.preparation import decode_at
from .recogniser import RecordingRecogniser
from .results import RecognisedFile
from .spotting import KeywordSpotter

RAW_SAMPLE_RATE = 16_000
STREAM_BLOCK_SECONDS = 0.05


def recognise_files(
    recogniser: RecordingRecogniser, entries: Sequence[Entry], quiet: bool = True
) -> tuple[tuple[RecognisedFile, ...], tuple[Failed, ...]]:
    """Recognise recordings; return also those that cannot be recognised."""

    def recognise(entry: Entry) -> RecognisedFile:
        result = recogniser.recognise(decode_at(entry, recogniser.model.sample_rate, 1))
        return RecognisedFile(**{**vars(result), "file": entry.path})

    return each_item(items_of(entries), lambda: recognise, "recognising", quiet)


def spot_stream(source: BinaryIO, sink: TextIO, spotter: KeywordSpotter) -> None:
    """Write a line of JSON for every event of a stream, as soon as it is recognised; Ctrl-C ends the stream.

    The source is raw mono samples at 16 kHz, or a WAV file; see :func:`.pcm.read_pcm`.

    Raises BadAudio if the source cannot be read.
    """
    audio = read_pcm(source, RAW_SAMPLE_RATE)
    reader = BlockReader(until_interrupted(audio.waves), audio.n_channels)
    blocks = reader.blocks(max(1, round(STREAM_BLOCK_SECONDS * audio.sample_rate)))  # the resampler rounds by these
    for wave in converted(blocks, audio.sample_rate, spotter.model.sample_rate, audio.n_channels, 1):
        _write(sink, spotter, np.ascontiguousarray(wave[0], np.float32))
    for event in spotter.finish():
        sink.write(json.dumps(asdict(event)) + "\n")
    sink.flush()


def _write(sink: TextIO, spotter: KeywordSpotter, wave: np.ndarray) -> None:
    for event in spotter.push(wave):
        sink.write(json.dumps(asdict(event)) + "\n")
        sink.flush()
