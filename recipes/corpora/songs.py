"""Songs of the game Freedoom, played by a sound font: rock and ambient music with drums.

    python recipes/corpora songs --freedoom FOLDER --fluid FluidR3_GM.sf2 --fluidsynth fluidsynth --out corpora/songs

``--freedoom`` is a folder into which the Debian package freedoom was unpacked, ``--fluid`` the sound font of the
package fluid-soundfont-gm, ``--fluidsynth`` the program of the package fluidsynth. The first half minute of each song
is kept. Every sixth song is split ``valid``.
"""

from __future__ import annotations

import struct
import subprocess
import tempfile
import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from corpus import Recording, Source, checked_folder, gather

from wavewright.audio.clip import Clip
from wavewright.base.errors import BadAudio
from wavewright.base.result import Failed

FREEDOOM = Source(
    "Freedoom",
    "BSD-3-Clause",
    "Contributors to the Freedoom project; sound font FluidR3_GM (MIT) by Frank Wen",
    "Debian packages freedoom, fluid-soundfont-gm",
    "rendered by FluidSynth, mixed to mono, cut",
)
SECONDS = 30.0
VALID_OF = 6  # one of so many songs is held out
SAMPLE_RATE = 24_000
FRAME_BYTES = 8  # two channels of float32


def songs(wad: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield name and MIDI file of each song of a WAD: a directory of offset, size and name of each lump."""
    n_lumps, start = struct.unpack_from("<ii", wad, 4)
    for offset, size, name in struct.iter_unpack("<ii8s", wad[start : start + 16 * n_lumps]):
        song = wad[offset : offset + size]
        if name.startswith(b"D_") and song.startswith(b"MThd"):
            yield name.rstrip(b"\0").decode().removeprefix("D_").lower(), song


def find(folder: Path) -> Iterator[tuple[Recording, bytes]]:
    """Yield each song once, since both games share some."""
    games = checked_folder(folder / "usr/share/games/doom", "the unpacked package freedoom")
    seen = set()
    for path in sorted(games.glob("freedoom?.wad")):
        for name, song in songs(path.read_bytes()):
            if song in seen:
                continue
            seen.add(song)
            split = "train" if zlib.crc32(song) % VALID_OF else "valid"
            facts = {"label": "music", "group": f"{path.stem}/{name}"}
            yield Recording(path, f"{path.stem}/{name}", split, FREEDOOM, facts), song


def _played(fluid: Path, fluidsynth: Path, song_of: dict[str, bytes], recording: Recording) -> Clip:
    """Return the start of a song; raise BadAudio if the program fails."""
    with tempfile.TemporaryDirectory() as folder:
        midi = Path(folder) / "song.mid"
        midi.write_bytes(song_of[recording.target])
        settings = [
            "-niq",
            "-R",
            "0",
            "-C",
            "0",
            "-r",
            str(SAMPLE_RATE),
            "-T",
            "raw",
            "-O",
            "float",
            "-F",
            "/dev/stdout",
        ]
        try:
            with subprocess.Popen(
                [str(fluidsynth), *settings, str(fluid), str(midi)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            ) as program:
                assert program.stdout is not None
                played = program.stdout.read(round(SECONDS * SAMPLE_RATE) * FRAME_BYTES)
                program.kill()  # the rest of the song is not needed
        except OSError as error:
            raise BadAudio(f"{fluidsynth} could not play {recording.target}: {error}") from error
    wave = np.frombuffer(played[: len(played) // FRAME_BYTES * FRAME_BYTES], np.float32).reshape(-1, 2).T
    if not wave.any():
        raise BadAudio(f"{fluidsynth} played nothing of {recording.target}.")
    return Clip(wave, SAMPLE_RATE).mono()


def gather_songs(folder: Path, fluid: Path, fluidsynth: Path, out: Path) -> tuple[list[Recording], list[Failed]]:
    """Write the corpus to ``out``; return its recordings and those left out; raise BadFolder without the package."""
    found = list(find(folder))
    song_of = {recording.target: song for recording, song in found}
    return gather([recording for recording, _ in found], out, partial(_played, fluid, fluidsynth, song_of))
