"""The package of the add-on: a ZIP file with a manifest, the driver, and the command that it starts."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path

from ....base.version import __version__
from ....base.whole_file import write_whole
from ....outputs.made import Made, MadeFile

OLDEST_NVDA, NEWEST_NVDA = "2024.1.0", "2026.1.0"
"""Versions whose interface the driver uses; it has not run in any."""

DRIVER_FOLDER = "synthDrivers/wavewright"
COMMAND_FILE = "command.json"
MANIFEST = f"""\
name = wavewright
summary = "Wavewright"
description = \"\"\"Speaks by the voices of Wavewright, which is installed on this computer by itself.\"\"\"
author = "The authors of Wavewright"
version = {".".join(__version__.split(".")[:3])}
minimumNVDAVersion = {OLDEST_NVDA}
lastTestedNVDAVersion = {NEWEST_NVDA}
"""
_MODULES = {"driver.py": "__init__.py", "client.py": "client.py"}
_TIME = (1980, 1, 1, 0, 0, 0)  # of each file, so that the same package has the same bytes


def write_addon(path: Path, command: Sequence[str]) -> Made:
    """Write the package, a file ``.nvda-addon``, for the program and arguments of the output module.

    Raises BadFolder if it cannot be written.
    """
    contents = {
        "manifest.ini": MANIFEST,
        f"{DRIVER_FOLDER}/{COMMAND_FILE}": json.dumps(list(command)) + "\n",
        **{f"{DRIVER_FOLDER}/{name}": _source(source) for source, name in _MODULES.items()},
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in contents.items():
            archive.writestr(zipfile.ZipInfo(name, _TIME), text, zipfile.ZIP_DEFLATED)
    write_whole(path, packed.getvalue())
    line = f"It starts {' '.join(command)}; open it in NVDA, and choose Wavewright there."
    return Made.of(MadeFile(path=path), details={"command": command}, lines=[line])


def _source(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
