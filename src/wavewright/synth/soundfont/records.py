"""Records of SoundFont files, and their chunks of RIFF."""

from __future__ import annotations

import numpy as np

PRESET = np.dtype(
    [("name", "S20"), ("program", "<u2"), ("bank", "<u2"), ("bag", "<u2"), ("library", "<u4"), ("rest", "<u8")]
)
BAG = np.dtype([("generator", "<u2"), ("modulator", "<u2")])
MODULATOR = np.dtype(
    [("source", "<u2"), ("destination", "<u2"), ("amount", "<i2"), ("amount_source", "<u2"), ("transform", "<u2")]
)
GENERATOR = np.dtype([("number", "<u2"), ("amount", "<i2")])
INSTRUMENT = np.dtype([("name", "S20"), ("bag", "<u2")])
SAMPLE = np.dtype(
    [
        *(("name", "S20"), ("start", "<u4"), ("end", "<u4"), ("loop_start", "<u4"), ("loop_end", "<u4")),
        *(("sample_rate", "<u4"), ("root_key", "u1"), ("correction", "i1"), ("link", "<u2"), ("type", "<u2")),
    ]
)

CHUNKS = {
    "phdr": PRESET,
    "pbag": BAG,
    "pmod": MODULATOR,
    "pgen": GENERATOR,
    "inst": INSTRUMENT,
    "ibag": BAG,
    "imod": MODULATOR,
    "igen": GENERATOR,
    "shdr": SAMPLE,
}
"""The chunks of the list ``pdta``, in their order, and the record that each repeats."""

VORBIS = 0x10
"""Flag of the type of a sample that is compressed as Ogg Vorbis (SoundFont 3)."""

ROM = 0x8000
"""Flag of the type of a sample in the memory of a sound card, which no file has."""
