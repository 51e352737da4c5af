"""Read files that other programs wrote, and edit them: lengths, samples and metadata beside those that FFmpeg reads.

    python -m benchmarks.editing.files --json files.json

FFmpeg, SoX, LAME, flac, opusenc and oggenc write files of all kinds that are read: with variable bit rates, chained, to
a pipe, cut, tagged, with chapters and covers, 5.1, float, 24 bits. The difference is the largest between samples and
those that FFmpeg decodes. A tag is kept if FFmpeg reads it in the edited file, and named if the warning has it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np

import wavewright
from benchmarks.harness.peers import Peer
from benchmarks.harness.script import Benchmark, Report
from benchmarks.harness.tables import Table, columns
from wavewright.audio.clip import FORMATS, Clip
from wavewright.audio.sound_file import open_sound
from wavewright.base.errors import WavewrightError

PROGRAMS = {
    name: Peer(name, f"apt install {package}", program=name)
    for name, package in {
        **{"ffmpeg": "ffmpeg", "sox": "sox", "lame": "lame", "flac": "flac", "opusenc": "opus-tools"},
        "oggenc": "vorbis-tools",
    }.items()
}

TAGS = (
    "-metadata title='Träume №1' -metadata artist=Björk -metadata album=Ålbum -metadata album_artist=Verschiedene "
    "-metadata composer=Bacewicz -metadata disc=1/2 -metadata track=3 -metadata genre=Jazz -metadata date=2021 "
    "-metadata copyright=me"
)
CHECKED_TAGS = ("title", "artist", "album", "album_artist", "composer", "disc", "track", "genre", "date", "copyright")
FF = "ffmpeg -loglevel error -y -i"
COVER = "-i cover.png -map 0:a -map 1 -c:v copy -disposition:v attached_pic"
CHAPTERS = "-i chapters.txt -map_metadata 1 -map 0:a"

FILES = {
    # name of the file: the command that writes it, in a folder with in.wav (stereo, 44.1 kHz), surround.wav (5.1)
    "mp3-vbr.mp3": f"{FF} in.wav {TAGS} -q:a 4 OUT",
    "mp3-no-xing.mp3": f"{FF} in.wav -q:a 2 -write_xing 0 OUT",
    "mp3-no-xing-mono.mp3": f"{FF} in.wav -ac 1 -q:a 6 -write_xing 0 OUT",
    "mp3-22k.mp3": f"{FF} in.wav -ar 22050 -q:a 4 -write_xing 0 OUT",
    "mp3-11k.mp3": f"{FF} in.wav -ar 11025 -ac 1 -q:a 4 -write_xing 0 OUT",
    "mp3-cbr-id3v23.mp3": f"{FF} in.wav {TAGS} -b:a 128k -id3v2_version 3 -write_id3v1 1 OUT",
    "mp3-cover.mp3": f"{FF} in.wav {COVER} {TAGS} OUT",
    "mp3-chapters.mp3": f"{FF} in.wav {CHAPTERS} {TAGS} OUT",
    "mp3-pipe.mp3": f"{FF} in.wav -q:a 4 -f mp3 - > OUT",
    "mp3-cut.mp3": f"{FF} in.wav -q:a 4 x.mp3 && head -c 30000 x.mp3 > OUT",
    "mp3-joined.mp3": f"{FF} in.wav -q:a 4 -id3v2_version 0 x.mp3 && cat x.mp3 x.mp3 > OUT",
    "mp3-lame-v2.mp3": "lame --quiet -V2 --tt Title --ta Artist --tg Jazz in.wav OUT",
    "mp3-lame-abr.mp3": "lame --quiet --abr 100 in.wav OUT",
    "mp3-lame-no-tag.mp3": "lame --quiet -t -b 96 in.wav OUT",
    "mp3-lame-no-tag-vbr.mp3": "lame --quiet -t -V5 in.wav OUT",
    "mp3-lame-unicode.mp3": "lame --quiet --id3v2-utf16 --tt 'Träume №1' --ta Björk in.wav OUT",
    "mp3-sox.mp3": "sox in.wav -C 96.2 OUT",
    "mp2.mp2": f"{FF} in.wav -c:a mp2 -b:a 192k OUT",
    "ogg-oggenc.ogg": "oggenc -Q -q 4 -t Title -a Artist -l Album -c composer=C in.wav -o OUT",
    "ogg-chained.ogg": "oggenc -Q in.wav -o x.ogg && oggenc -Q --serial 7 in.wav -o y.ogg && cat x.ogg y.ogg > OUT",
    "ogg-sox.ogg": "sox in.wav OUT",
    "ogg-51.ogg": f"{FF} surround.wav -c:a libvorbis OUT",
    "ogg-chapters.ogg": f"{FF} in.wav {CHAPTERS} {TAGS} -c:a libvorbis OUT",
    "ogg-cut.ogg": "oggenc -Q -q 9 in.wav -o x.ogg && head -c 60000 x.ogg > OUT",
    "ogg-flac.oga": f"{FF} in.wav {TAGS} -c:a flac -f ogg OUT",
    "opus-opusenc.opus": "opusenc --quiet --title Title --artist Artist in.wav OUT",
    "opus-chained.opus": "opusenc --quiet in.wav x.opus && cat x.opus x.opus x.opus > OUT",
    "opus-cover.opus": "opusenc --quiet --picture cover.png --title Title in.wav OUT",
    "opus-ffmpeg.opus": f"{FF} in.wav {TAGS} -c:a libopus OUT",
    "opus-low-rate.opus": "opusenc --quiet --bitrate 24 --downmix-mono in.wav OUT",
    "flac-24.flac": f"{FF} in.wav -c:a flac -sample_fmt s32 -bits_per_raw_sample 24 {TAGS} OUT",
    "flac-cover.flac": f"{FF} in.wav {COVER} {TAGS} OUT",
    "flac-pipe.flac": f"{FF} in.wav -f flac - > OUT",
    "flac-flac.flac": "flac -s -f -8 -T TITLE=Title -T 'ALBUM ARTIST=Various' in.wav -o OUT",
    "flac-51.flac": f"{FF} surround.wav OUT",
    "flac-cut.flac": "flac -s -f in.wav -o x.flac && head -c 90000 x.flac > OUT",
    "wav-pipe.wav": f"{FF} in.wav -f wav - > OUT",
    "wav-pipe-24.wav": f"{FF} in.wav -c:a pcm_s24le -f wav - > OUT",
    "wav-sox-pipe.wav": "cat in.wav | sox -t wav - -t wav - > OUT",
    "wav-float.wav": f"{FF} in.wav -c:a pcm_f32le {TAGS} OUT",
    "wav-double.wav": f"{FF} in.wav -c:a pcm_f64le OUT",
    "wav-24-sox.wav": "sox in.wav -b 24 OUT",
    "wav-u8.wav": "sox in.wav -b 8 OUT",
    "wav-mulaw.wav": "sox in.wav -e mu-law OUT",
    "wav-adpcm.wav": f"{FF} in.wav -c:a adpcm_ms OUT",
    "wav-51.wav": f"{FF} surround.wav -c:a pcm_s24le OUT",
    "wav-bext.wav": f"{FF} in.wav {TAGS} -write_bext 1 -metadata time_reference=44100 OUT",
    "wav-rf64.wav": f"{FF} in.wav -rf64 always OUT",
    "wav-no-sizes.wav": "head -c 4 in.wav > OUT && head -c 4 /dev/zero >> OUT && tail -c +9 in.wav "
    "| head -c 28 >> OUT && printf data >> OUT && head -c 4 /dev/zero >> OUT && tail -c +45 in.wav >> OUT",
    "w64.w64": f"{FF} in.wav OUT",
    "aiff.aiff": f"{FF} in.wav {TAGS} -write_id3v2 1 OUT",
    "aiff-24.aif": "sox in.wav -b 24 OUT",
    "aifc-float.aif": f"{FF} in.wav -c:a pcm_f32be -f aiff OUT",
    "au.au": f"{FF} in.wav OUT",
    "caf-pipe.caf": f"{FF} in.wav -f caf - > OUT",
    "m4a-aac.m4a": f"{FF} in.wav {TAGS} OUT",
    "m4a-alac.m4a": f"{FF} in.wav -c:a alac {TAGS} OUT",
    "m4a-chapters.m4a": f"{FF} in.wav {CHAPTERS} {TAGS} OUT",
    "m4a-cover.m4a": f"{FF} in.wav {COVER} {TAGS} OUT",
    "aac.aac": f"{FF} in.wav -f adts OUT",
    "mka.mka": f"{FF} in.wav -c:a flac {TAGS} OUT",
    "webm.webm": f"{FF} in.wav -c:a libopus {TAGS} OUT",
    "wma.wma": f"{FF} in.wav {TAGS} OUT",
    "wavpack.wv": f"{FF} in.wav {TAGS} OUT",
    "tta.tta": f"{FF} in.wav OUT",
    "ac3.ac3": f"{FF} surround.wav OUT",
}

READ = Table(
    "files of other programs",
    columns(
        **{"file": "s", "samples": "d", "more_than_header": "d", "more_than_ffmpeg": "d", "difference": ".1e"},
        **{"tags": "d", "tags_kept": "d", "unnamed": "d"},
    ),
    is_optional=True,
)

CHAPTER_TEXT = (
    ";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=1500\ntitle=Eins\n"
    "[CHAPTER]\nTIMEBASE=1/1000\nSTART=1500\nEND=4000\ntitle=Zwei\n"
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this script."""
    parser.add_argument("--seconds", type=float, default=4.0, help="length of the sound")
    parser.add_argument("--names", nargs="*", help="files by their names; all by default")


def measure(options: argparse.Namespace, report: Report) -> None:
    """Add a row for each file."""
    for program in PROGRAMS.values():
        if not program.is_installed:
            report.skip(program, "its files")
    if not PROGRAMS["ffmpeg"].is_installed:
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write_sources(folder, options.seconds)
        for file, command in FILES.items():
            is_wanted = not options.names or file in options.names
            if is_wanted and all(PROGRAMS[word].is_installed for word in command.split() if word in PROGRAMS):
                subprocess.run(command.replace("OUT", file), shell=True, cwd=folder, check=True)
                try:
                    report.add(READ, _row(folder / file))
                except WavewrightError as error:
                    report.has_fault = True
                    report.note(f"{file} is refused: {error}")


def _write_sources(folder: Path, seconds: float) -> None:
    rng = np.random.default_rng(0)
    for name, n_channels, rate in (("in.wav", 2, 44_100), ("surround.wav", 6, 48_000)):
        time = np.arange(round(seconds * rate)) / rate
        phases = [2 * np.pi * (200 + 100 * channel + 250 * time) * time for channel in range(n_channels)]
        sweeps = np.sin(phases)
        wave = 0.3 * sweeps * np.linspace(0.1, 1.0, len(time)) + 0.01 * rng.standard_normal(sweeps.shape)
        Clip(wave, rate).write(folder / name)
    (folder / "chapters.txt").write_text(CHAPTER_TEXT, encoding="utf-8")
    command = "ffmpeg -loglevel error -y -f lavfi -i color=red:s=64x64 -frames:v 1 cover.png"
    subprocess.run(command.split(), cwd=folder, check=True)


def _row(path: Path) -> dict[str, str | int | float]:
    """Return the row of a file."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        clip = Clip.read(path)
        edited = path.with_name(f"edited-{path.name}")
        edited = edited if path.suffix in FORMATS else edited.with_suffix(".flac")
        wavewright.edit(path, edited, do="gain -1dB", quiet=True)
    words = ["ffmpeg", "-loglevel", "quiet", "-i", str(path), "-map", "0:a", "-f", "f32le", "-"]
    decoded = np.frombuffer(subprocess.run(words, capture_output=True, check=False).stdout, "<f4")
    expected = decoded.reshape(-1, clip.n_channels).T
    n_samples = min(expected.shape[1], clip.n_samples)
    before, after = (_tags(each) for each in (path, edited))
    tags = [name for name in CHECKED_TAGS if name in before]
    lost = [name for name in tags if after.get(name) != before[name]]
    text = " ".join(str(warning.message) for warning in said)
    return {
        "file": path.name,
        "samples": clip.n_samples,
        "more_than_header": clip.n_samples - (open_sound(path).header.n_samples or clip.n_samples),
        "more_than_ffmpeg": clip.n_samples - expected.shape[1],
        "difference": float(np.abs(clip.wave[:, :n_samples] - expected[:, :n_samples]).max()) if n_samples else 0.0,
        "tags": len(tags),
        "tags_kept": len(tags) - len(lost),
        "unnamed": sum(name.replace("_", "") not in text for name in lost),
    }


def _tags(path: Path) -> dict[str, str]:
    """Return the tags of a file and its sound, as FFmpeg reads them."""
    words = ["ffprobe", "-loglevel", "quiet", "-show_entries", "format_tags:stream_tags", "-of", "json", str(path)]
    found = json.loads(subprocess.run(words, capture_output=True, check=True).stdout)
    parts = [each.get("tags", {}) for each in (*found.get("streams", [])[:1], found.get("format", {}))]
    return {name.lower(): text for part in parts for name, text in part.items()}


BENCHMARK = Benchmark(__doc__, (READ,), add_options, measure, smoke={"seconds": 1.0, "names": ["wav-pipe.wav"]})

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
