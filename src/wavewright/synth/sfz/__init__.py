"""SFZ: instruments as text that names sound files, read, written and played."""

from .bank import SfzBank
from .player import SfzEngine
from .reading import SfzHeader, read_headers, sfz_text

__all__ = ["SfzBank", "SfzEngine", "SfzHeader", "read_headers", "sfz_text"]
