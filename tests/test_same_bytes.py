"""The same chain on the same sound is the same file, whatever the clock says when it is written."""

from __future__ import annotations

import time

import numpy as np
import pytest

import wavewright
from wavewright.audio.clip import Clip
from wavewright.audio.file_formats import ogg

KINDS = [
    ("wav", "FLOAT"),
    ("wav", "DOUBLE"),
    ("aiff", "FLOAT"),
    ("ogg", None),
    ("opus", None),
    ("flac", None),
    ("mp3", None),
]


@pytest.mark.parametrize(("ending", "subtype"), KINDS)
def test_an_edit_is_the_same_file_in_another_second(tmp_path, monkeypatch, ending, subtype):
    source = Clip((0.3 * np.sin(np.arange(24_000) / 10)).astype(np.float32)[None], 24_000).write(tmp_path / "a.wav")
    written = []
    for name in ("b", "c"):
        out = tmp_path / f"{name}.{ending}"
        wavewright.edit(source, out, do="gain -3dB", subtype=subtype, quiet=True)
        written.append(out.read_bytes())
        if name == "b":
            time.sleep(1.05 - time.time() % 1)  # the encoder's clock is that of the system
    assert written[0] == written[1]
    if ending in ("ogg", "opus"):
        with out.open("rb") as file:
            streams = {page.stream for page in ogg.pages(file)}  # which checks the checksums
        assert len(streams) == 1
        wavewright.edit(source, tmp_path / f"d.{ending}", do="gain -4dB", quiet=True)
        with (tmp_path / f"d.{ending}").open("rb") as file:
            assert streams != {page.stream for page in ogg.pages(file)}, "files that are joined need other numbers"
