"""The formats, for type checkers and for `__init__.py`."""

from . import (
    aiff_metadata as aiff_metadata,
    flac as flac,
    id3 as id3,
    id3_metadata as id3_metadata,
    m4a_metadata as m4a_metadata,
    matroska_metadata as matroska_metadata,
    ogg as ogg,
    other_metadata as other_metadata,
    repeated_tags as repeated_tags,
    vorbis_metadata as vorbis_metadata,
    wav_metadata as wav_metadata,
)
