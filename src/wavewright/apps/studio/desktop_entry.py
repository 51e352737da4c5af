"""The entry of the studio in the menus of Linux desktops, by which it is started without a terminal line."""

from __future__ import annotations

import os
import re
import shutil
import sys
from importlib import resources
from pathlib import Path

from ...base.errors import BadSetting
from ...base.whole_file import write_whole

ENTRY_FILE, ICON_FILE = "applications/wavewright-studio.desktop", "icons/hicolor/scalable/apps/wavewright-studio.svg"


def write_desktop_entry() -> Path:
    """Write the entry and its icon to the user's data folder; return the entry.

    Raises BadSetting on systems without such entries, or if they cannot be written.
    """
    if not sys.platform.startswith("linux"):
        raise BadSetting(
            f"Desktop entries are those of Linux; on this system, make a shortcut to the command {command_line()}."
        )
    folder = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    icon, entry = folder / ICON_FILE, folder / ENTRY_FILE
    drawing = resources.files(__package__).joinpath("page", "icon.svg").read_bytes()
    try:
        for path, contents in ((icon, drawing), (entry, entry_text(icon).encode())):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, contents)
    except OSError as error:
        raise BadSetting(f"{error.filename or entry} cannot be written ({error.strerror}).") from error
    return entry


def command_line() -> str:
    """Return the line that starts the studio with this installation, its words quoted as entries have them.

    References
    ----------
    Desktop Entry Specification 1.5, "The Exec key".
    """
    found = shutil.which(sys.argv[0]) if Path(sys.argv[0]).stem == "wavewright" else None
    words = [str(Path(found).absolute())] if found else [sys.executable, "-m", "wavewright"]
    return " ".join(_quoted(word) for word in (*words, "studio"))


def _quoted(word: str) -> str:
    word = word.replace("%", "%%")
    return word if re.fullmatch(r"[\w@%+=:,./-]+", word) else '"' + re.sub(r'(["`$\\])', r"\\\1", word) + '"'


def entry_text(icon: Path) -> str:
    """Return the entry; its terminal shows the address, and ends the studio when it is closed."""
    lines = (
        "[Desktop Entry]",
        "Type=Application",
        "Name=Wavewright studio",
        "Comment=Make sounds, speech and music on your own computer",
        f"Exec={command_line()}".replace("\\", "\\\\"),
        f"Icon={icon}".replace("\\", "\\\\"),
        "Terminal=true",
        "Categories=AudioVideo;Audio;Music;",
    )
    return "\n".join(lines) + "\n"
