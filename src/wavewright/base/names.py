"""Validate the names of models, labels, speakers and files, look them up, and build file names from them."""

from __future__ import annotations

import difflib
import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

from .errors import BadFolder, BadSetting, unsupported

MAX_NAME_BYTES = 255  # in UTF-8; the limit of most file systems
MAX_STEM_BYTES = 180  # of file names that are written: leaves room for an ending and a hidden prefix
MAX_SHOWN_CHARACTERS = 60  # characters of a name in a message
RESERVED = {"CON", "PRN", "AUX", "NUL", *(f"{port}{number}" for port in ("COM", "LPT") for number in "123456789¹²³")}
"""Names that Windows reserves for devices, whatever their ending."""

NOT_IN_A_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
NOT_IN_A_NAME = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
"""Control characters; a text may have line breaks and tabs."""


def name_problem(name: str, is_file: bool = False) -> str | None:
    """Return the reason why a name is invalid, None if it is valid.

    - ``name``: one line of printable text of at most MAX_NAME_BYTES, which is no path. The name of a label or speaker
      may contain ``/``, as in ``Hip-Hop/Rap``.
    - ``is_file``: the name is that of a file or model, which has no separators.
    - returns: the end of a sentence.
    """
    if not name.strip():
        return "is empty"
    try:
        n_bytes = len(name.encode())
    except UnicodeEncodeError:
        return "is no valid Unicode text"
    if n_bytes > MAX_NAME_BYTES:
        return f"has {n_bytes} bytes; a name has at most {MAX_NAME_BYTES}"
    if (control := NOT_IN_A_NAME.search(name)) is not None:
        return f"contains the control character U+{ord(control[0]):04X}; a name is one line of text"
    components = re.split(r"[/\\]", name)
    if is_file and len(components) > 1:
        return "contains a path separator; it must be a plain name"
    if not {"", ".", ".."}.isdisjoint(components):
        return "is a path; it must be a plain name"
    return None


def quoted(name: str) -> str:
    """Return a name for a message: in quotes, control characters escaped, a long one shortened."""
    return repr(name) if len(name) <= MAX_SHOWN_CHARACTERS else f"{name[:MAX_SHOWN_CHARACTERS]!r}..."


def nearest_names(name: str, known: Iterable[str], n_names: int = 3) -> list[str]:
    """Return the known names that a person most likely meant, the likeliest first; none if nothing is near.

    These are names that begin with what was given, or with which it begins; if there are none, those that contain it,
    else similar spellings. Case does not matter.
    """
    from difflib import get_close_matches

    lower = {each.lower(): each for each in known}
    given = name.strip().lower()
    if not given:
        return []
    near = [each for each in lower if each.startswith(given) or (len(each) > 2 and given.startswith(each))]
    near = near or [each for each in lower if len(given) > 1 and given in each]
    near = near or get_close_matches(given, lower, n_names)
    return [lower[each] for each in near[:n_names]]


def control_character_in(value: object) -> str | None:
    """Return the first control character in the strings of a JSON value, as ``U+001B``; ignore line breaks and tabs."""
    if isinstance(value, str):
        found = NOT_IN_A_TEXT.search(value)
        return None if found is None else f"U+{ord(found[0]):04X}"
    items: Iterable[object] = ()
    if isinstance(value, dict):
        items = (*value.keys(), *value.values())
    elif isinstance(value, list):
        items = value
    return next((control for item in items if (control := control_character_in(item)) is not None), None)


def file_stem(*components: str) -> str:
    """Join texts to a file name without ending that every file system allows.

    - ``*components``: texts, joined by ``-``. Letters and digits of all scripts are retained, other characters become
      ``_``.
    - returns: never hidden, reserved, a path or longer than MAX_STEM_BYTES; a hash replaces the middle of a longer one.
    """
    stem = "-".join(re.sub(" +", "_", "".join(map(_allowed, text))) for text in components).rstrip(".")
    if not stem or stem[0] in ".-" or stem.partition(".")[0].upper() in RESERVED:
        stem = f"_{stem}"
    encoded = stem.encode()
    if len(encoded) <= MAX_STEM_BYTES:
        return stem
    head, tail = (half.decode(errors="ignore") for half in (encoded[:120], encoded[-50:]))
    return f"{head}-{hashlib.sha256(encoded).hexdigest()[:8]}-{tail}"


def _allowed(character: str) -> str:
    """Return the character if every file system allows it, else a space."""
    is_allowed = character.isalnum() or character in "_.+-" or unicodedata.category(character) in ("Mn", "Mc")
    return character if is_allowed else " "


def inside(folder: Path, name: Path | str) -> Path:
    """Return the path of a relative name below a folder.

    Raises BadFolder if the path lies outside the folder, links resolved.
    """
    path = folder / name
    is_outside = Path(name).is_absolute() or ".." in Path(name).parts or not Path(name).parts
    if is_outside or not path.parent.resolve().is_relative_to(folder.resolve()):
        raise BadFolder(
            f"{path} would lie outside {folder}; nothing was written: remove the link, or choose another folder."
        )
    return path


def has_lone_surrogate(text: str) -> bool:
    """Return whether a text has half of a surrogate pair, as in JSON and for bytes that are not UTF-8."""
    return any("\ud800" <= character <= "\udfff" for character in text)


def index_of(name: str, known: Sequence[str], kind: str, model: str) -> int:
    """Return the index of a label or speaker among the known ones; raise BadSetting if the model has no such name.

    The message names the ``kind``, ``"label"`` or ``"speaker"``, and the model.
    """
    if name in known:
        return known.index(name)
    if not known:
        raise unsupported(model, f"has no {kind}s, so {name!r} cannot be asked for", f"the {kind}")
    nearest = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean {nearest[0]}?" if nearest else "."
    raise BadSetting(f"{model} has no {kind} {name!r}; its {kind}s are {', '.join(known)}{hint}")


def required_index(name: str | None, known: Sequence[str], kind: str, model: str) -> int:
    """Return the index of a label or speaker as :func:`index_of`, 0 if the model has none and None is given.

    Raises BadSetting if the model needs a name.
    """
    if name is not None:
        return index_of(name, known, kind, model)
    if known:
        raise BadSetting(f"{model} is conditioned on a {kind}; give one of {', '.join(known)}.")
    return 0


def labelled(kind: str, name: str) -> str:
    """Return a thing of a kind by its name, which is its number where it has no other."""
    return name if re.fullmatch(rf"{kind} \d+", name) else f"{kind} {quoted(name)}"
