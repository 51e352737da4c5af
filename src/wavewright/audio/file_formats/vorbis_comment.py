"""Vorbis comments, the tags of FLAC and Ogg files, as bytes."""

from __future__ import annotations

import struct
from dataclasses import dataclass


@dataclass(frozen=True)
class VorbisComment:
    """The vendor, the fields such as ``b"TITLE=..."``, and the bytes after them."""

    vendor: bytes
    fields: tuple[bytes, ...]
    tail: bytes

    @classmethod
    def parse(cls, content: bytes) -> VorbisComment:
        """Read a comment; raise ValueError if it is damaged."""
        try:
            (n_vendor,) = struct.unpack_from("<I", content)
            vendor = _part(content, 4, n_vendor)
            position = 4 + n_vendor
            (n_fields,) = struct.unpack_from("<I", content, position)
            position += 4
            fields = []
            for _ in range(n_fields):
                (n_bytes,) = struct.unpack_from("<I", content, position)
                fields.append(_part(content, position + 4, n_bytes))
                position += 4 + n_bytes
        except struct.error as error:
            raise ValueError("its comment breaks off") from error
        return cls(vendor, tuple(fields), content[position:])

    def to_bytes(self) -> bytes:
        """Return the comment as it is stored."""
        texts = [struct.pack("<I", len(field)) + field for field in self.fields]
        header = struct.pack("<I", len(self.vendor)) + self.vendor + struct.pack("<I", len(self.fields))
        return header + b"".join(texts) + self.tail

    def values(self, name: str) -> list[bytes]:
        """Return the values of the fields of a name, which ignores case."""
        prefix = f"{name}=".upper().encode()
        return [field[len(prefix) :] for field in self.fields if field[: len(prefix)].upper() == prefix]

    def with_value(self, name: str, value: bytes) -> VorbisComment:
        """Return the comment with one field of a name instead of those that it has."""
        prefix = f"{name}=".encode()
        others = [field for field in self.fields if field[: len(prefix)].upper() != prefix.upper()]
        return VorbisComment(self.vendor, (*others, prefix + value), self.tail)


def _part(content: bytes, start: int, n_bytes: int) -> bytes:
    part = content[start : start + n_bytes]
    if len(part) < n_bytes:
        raise ValueError("its comment breaks off")
    return part
