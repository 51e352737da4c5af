"""Run random sequences of commands in which each command takes files that earlier ones wrote.

    python tests/command_sequences.py 0 500
    python tests/command_sequences.py 137 1         # one of them again

A sequence starts with a sound or a score by a command. Each further command is drawn among those that take a kind of
file that is there, with random formats and settings. No output of Wavewright may be refused by Wavewright, no command
may raise anything else, and each sound that is written is decoded to its end by FFmpeg's libraries where PyAV is
installed. Refusals that are right, such as a transcription without notes, are in ``RIGHT``.
"""

from __future__ import annotations

import contextlib
import io
import json
import math
import os
import random
import re
import shlex
import sys
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

from wavewright.apps import cli
from wavewright.audio.sound_file import open_sound
from wavewright.base.errors import BAD_INPUT
from wavewright.models import HOME_VARIABLE
from wavewright.outputs.provenance.keys import KEYS_VARIABLE
from wavewright.tasks.list_effects import SettingDescription, list_effects

SOUND, SCORE, CODE, LATENT, FOLDER = "sound", "score", "code", "latent", "folder"
KINDS = {
    **dict.fromkeys((".wav", ".flac", ".ogg", ".mp3", ".opus", ".m4a", ".aiff"), SOUND),
    **dict.fromkeys((".mid", ".musicxml", ".mxl", ".abc"), SCORE),
    **{".wwc": CODE, ".safetensors": LATENT},
}
MAX_FILES = 12  # of a sequence that further commands are drawn from
MAX_SECONDS = 40.0  # of a sound that further commands are drawn from

RIGHT: dict[str, tuple[str, ...]] = {
    "transcribe": ("no note", "found no notes", "silent"),
    "accompany": ("has no notes", "no notes but drums", "no note", "found no notes", "silent"),
    "cancel-echo": ("No echo of", "the files are swapped"),  # two sounds that do not belong together
    "revise": ("no notes but drums",),
    "render": ("no notes but drums",),
    "similar": ("no clip besides", "is silent"),
    "mix": ("silent",),
    **dict.fromkeys(("sign", "verify"), ("kind that cannot be signed",)),  # such as M4A
    **dict.fromkeys(("adjust", "vary", "morph", "encode", "recognise", "layer", "batch"), ("is silent",)),
}
"""Parts of refusals that are right, by command."""

CHAINS = (
    "gain -3dB",
    "normalise -1dB",
    "loudness -18LUFS",
    "fadein 50ms; fadeout 100ms",
    "trim start=0.1s",
    "pad 0.2s",
    "highpass 120Hz",
    "lowpass 5kHz",
    "reverb 0.4s mix=20%",
    "delay 120ms",
    "stretch 1.2",
    "speed 0.8",
    "pitch 3st",
    "reverse",
    "mono",
    "stereo",
    "resample 22050Hz",
    "resample 48000Hz",
    "compress",
    "limit -2dB",
    "chorus",
    "saturate 6dB",
)
"""Steps of chains of effects."""

FOR_TRACKS = tuple(step for step in CHAINS if step.split()[0] not in ("mono", "stereo", "resample"))
FOR_STEREO = frozenset({"midside", "leftright", "width", "balance", "swap"})
CHANNELS_AFTER = {"stereo": 2, "pan": 2, "mono": 1}
WITH_FILES = ("overlay", "append", "insert", "convolve", "duck")
FORMATS = (".wav", ".wav", ".flac", ".ogg", ".mp3", ".opus", ".m4a", ".aiff")
PLAIN_FORMATS = (".wav", ".flac", ".ogg", ".mp3")
SCORE_FORMATS = (".mid", ".musicxml", ".mxl", ".abc")
SUBTYPES = {".wav": ("PCM_16", "PCM_24", "FLOAT", "PCM_U8"), ".flac": ("PCM_16", "PCM_24"), ".aiff": ("PCM_24",)}
STYLES = ("pop", "ballad", "blues", "bossa", "folk", "hymn", "chorale")
TEXTS = ("Good morning.", "It is ten past six, and the ferry leaves at noon.", "One, two, three!")
ATTRIBUTES = ("brightness=+1", "loudness=-3", "brightness=-0.5")
SIGNING = ("edit", "split", "mix", "speak", "enhance", "vary", "morph", "adjust")
"""Commands that take ``--sign``, of those here."""


@dataclass
class Sequence:
    """The files of a sequence by kind, its folders of sounds, and its commands."""

    number: int
    folder: Path
    random: random.Random
    files: dict[str, list[Path]] = field(default_factory=lambda: {kind: [] for kind in {*KINDS.values(), FOLDER}})
    commands: list[list[str]] = field(default_factory=list)
    has_key: bool = False

    def new(self, suffix: str = "") -> Path:
        """Return a path that is free."""
        return self.folder / f"{len(self.commands)}{suffix}"

    def one(self, kind: str) -> str:
        """Return a file of a kind."""
        return str(self.random.choice(self.files[kind]))

    def chance(self, probability: float) -> bool:
        """Return True as often as this."""
        return self.random.random() < probability

    def collect(self) -> list[Path]:
        """Take up the files that the last command wrote; return all that are new."""
        known = {path for paths in self.files.values() for path in paths}
        found = [path for path in sorted(self.folder.rglob("*")) if path.suffix in KINDS and path not in known]
        for path in found:
            kind = KINDS[path.suffix]
            if sum(map(len, self.files.values())) >= MAX_FILES or (kind == SOUND and _seconds(path) > MAX_SECONDS):
                continue
            self.files[kind].append(path)
            if kind == SOUND and path.parent != self.folder and path.parent not in self.files[FOLDER]:
                self.files[FOLDER].append(path.parent)
        return found


Command = Callable[[Sequence], list[str]]


def _seconds(path: Path) -> float:
    header = open_sound(path).header
    return header.n_samples / header.sample_rate


def _chain(sequence: Sequence, source: str) -> str:
    """Return one to three steps that fit a sound: usual ones, and any effect with random settings."""
    n_channels = open_sound(Path(source)).header.n_channels
    steps: list[str] = []
    for _ in range(sequence.random.randint(1, 3)):
        step = sequence.random.choice(CHAINS) if sequence.chance(0.4) else _any_step(sequence)
        name = step.split()[0]
        if (name in FOR_STEREO and n_channels != 2) or (name == "pan" and n_channels != 1):
            steps.append("mono" if name == "pan" else "stereo")
            n_channels = CHANNELS_AFTER[steps[-1]]
        steps.append(step)
        n_channels = CHANNELS_AFTER.get(name, n_channels)
    return "; ".join(steps)


def _any_step(sequence: Sequence) -> str:
    """Return an effect with some of its settings, near to their defaults."""
    effect = sequence.random.choice(list_effects().details["effects"])
    words = [effect.name]
    if effect.name in WITH_FILES:
        words.append(f'file="{sequence.one(SOUND)}"')
    words += [
        f"{setting.name}={value}"
        for setting in effect.settings
        if sequence.chance(0.4) and (value := _value(sequence, setting))
    ]
    return " ".join(words)


def _value(sequence: Sequence, setting: SettingDescription) -> str:
    """Return a value of a setting in its range, with its unit, within a factor of two of its default."""
    match = re.fullmatch(r"(-?[\d.]+)([a-zA-Z]*)", setting.default)
    if match is None or setting.range is None or setting.name == "seed":
        return ""
    default, unit = float(match[1]), match[2]
    low, high = setting.range
    value = default * 2 ** sequence.random.uniform(-1, 1) if default else sequence.random.uniform(-1, 1)
    value = min(max(value, low), high)
    is_whole = "." not in match[1] and isinstance(low, int)
    return f"{round(value) if is_whole else round(value, 3):g}{unit}" if math.isfinite(value) else ""


def _edit(sequence: Sequence) -> list[str]:
    source = sequence.one(SOUND)
    suffix = sequence.random.choice(FORMATS)
    subtype = (
        ["--subtype", sequence.random.choice(SUBTYPES[suffix])] if suffix in SUBTYPES and sequence.chance(0.3) else []
    )
    tags = ["--tag", f"title=Töne {sequence.number}"] if sequence.chance(0.2) else []
    return [
        "edit",
        source,
        "--do",
        _chain(sequence, source),
        *subtype,
        *tags,
        "--out",
        str(sequence.new(suffix)),
        "--quiet",
    ]


def _split(sequence: Sequence) -> list[str]:
    way = sequence.random.choice((("--every", "0.7"), ("--at-most", "1"), ("--at", "0.2"), ("--min-silence", "0.1")))
    return ["split", sequence.one(SOUND), *way, "--out", str(sequence.new())]


def _mix(sequence: Sequence) -> list[str]:
    project = sequence.new(".toml")
    draw = sequence.random
    lines = [f"channels = {draw.choice((1, 2))}", f"sample_rate = {draw.choice((44_100, 48_000))}"]
    for number in range(draw.randint(1, 3)):
        lines += ["[[tracks]]", f'name = "track{number}"', f"gain_db = {draw.randint(-12, 3)}"]
        if sequence.chance(0.3):
            lines.append(f'effects = "{draw.choice(FOR_TRACKS)}"')
        lines += ["[[tracks.regions]]", f"file = {json.dumps(sequence.one(SOUND))}", f"start = {number * 0.25}"]
        if sequence.chance(0.3):
            lines += ["loop = true", "length = 3"]
        if sequence.chance(0.3):
            lines += ["fade_in = 0.05", f"speed = {draw.choice((0.5, 1.1, 2))}"]
    project.write_text("\n".join(lines) + "\n", encoding="utf-8")
    stems = ["--stems", str(sequence.new("-stems"))] if sequence.chance(0.3) else []
    return ["mix", str(project), "--out", str(sequence.new(draw.choice(FORMATS))), *stems, "--quiet"]


def _layer(sequence: Sequence) -> list[str]:
    preset = sequence.new(".toml")
    folder = json.dumps(sequence.one(FOLDER))
    preset.write_text(
        f'title = "Layers"\n[[layers]]\nname = "wind"\nprocedure = "wind"\n'
        f'[[layers]]\nname = "clips"\nfolder = {folder}\nevery = [1, 2]\ngain_db = [-12, -6]\n',
        encoding="utf-8",
    )
    loop = ["--loop"] if sequence.chance(0.5) else []
    return ["layer", str(preset), "--seconds", "5", *loop, "--out", str(sequence.new(".wav")), "--quiet"]


def _revise(sequence: Sequence) -> list[str]:
    ways = (
        ["--bars", "4"],
        ["--vary", "0.3"],
        ["--infill", "1:1"],
    )
    way, out = sequence.random.choice(ways), str(sequence.new(".mid"))
    return ["revise", "folk-tunes", sequence.one(SCORE), *way, "--out", out]


def _render(sequence: Sequence) -> list[str]:
    draw = sequence.random
    way = draw.choice(
        ([], [], ["--instrument", "general-midi"], ["--instrument", "notes"], ["--swing", "0.6", "--humanise"])
    )
    stems = ["--stems", str(sequence.new("-stems"))] if sequence.chance(0.2) else []
    out = sequence.new(draw.choice(FORMATS))
    return ["render", sequence.one(SCORE), *way, *stems, "--out", str(out), "--quiet"]


def _accompany(sequence: Sequence) -> list[str]:
    kind = SOUND if sequence.files[SOUND] and sequence.chance(0.2) else SCORE
    out = sequence.new(".wav" if sequence.chance(0.2) else ".mid")
    return ["accompany", sequence.one(kind), "--style", sequence.random.choice(STYLES), "--out", str(out), "--quiet"]


def _clips(sequence: Sequence, *options: str) -> list[str]:
    """Return the options of a command that writes a folder of clips."""
    clip_format = ["--format", sequence.random.choice(("wav", "flac", "ogg"))]
    return [*options, *clip_format, "--out", str(sequence.new())]


def _batch(sequence: Sequence) -> list[str]:
    task = sequence.random.choice((["edit", "--set", "do=gain -3dB"], ["analyse"], ["enhance"]))
    options = ["--on", "serial", "--retries", "0", "--quiet", "--out", str(sequence.new())]
    return ["batch", sequence.one(FOLDER), "--task", *task, *options]


STARTS: dict[str, Command] = {
    "speak": lambda of: [
        *("speak", of.random.choice(TEXTS), "--out", str(of.new(of.random.choice(FORMATS)))),
        *of.random.choice(([], ["--style", "calm"], ["--rate", "1.4"], ["--subtitles", str(of.new(".srt"))])),
    ],
    "generate": lambda of: ["generate", "drums", "--count", "2", "--seed", str(of.number), *_clips(of)],
    "synthesise": lambda of: [
        *("synthesise", of.random.choice(("rain", "footsteps", "fire", "wind"))),
        *("--seconds", "2", "--out", str(of.new(of.random.choice(FORMATS)))),
    ],
    "rules": lambda of: ["compose-by-rule", "folk-tune", "--bars", "4", "--out", str(of.new(".mid"))],
    "drum-patterns": lambda of: [
        *("compose", "drum-patterns", "--bars", "2", "--seed", str(of.number), "--out", str(of.new(".mid")))
    ],
}
"""Commands that need no file."""

STEPS: dict[str, tuple[str, Command]] = {
    "edit": (SOUND, _edit),
    "edit again": (SOUND, _edit),
    "edit a folder": (
        FOLDER,
        lambda of: ["edit", of.one(FOLDER), "--do", of.random.choice(CHAINS), "--out", str(of.new()), "--quiet"],
    ),
    "split": (SOUND, _split),
    "mix": (SOUND, _mix),
    "layer": (FOLDER, _layer),
    "analyse": (SOUND, lambda of: ["analyse", of.one(SOUND), "--json"]),
    "enhance": (
        SOUND,
        lambda of: [
            *("enhance", of.one(SOUND), "--out", str(of.new(of.random.choice(FORMATS))), "--quiet"),
            *of.random.choice(([], ["--dereverb"], ["--separate"], ["--size", "best"], ["--mix", "0.5"])),
        ],
    ),
    "cancel-echo": (
        SOUND,
        lambda of: [
            *("cancel-echo", of.one(SOUND), of.one(SOUND), "--out", str(of.new(".wav"))),
            *of.random.choice(([], ["--unchecked"], ["--unchecked", "--linear"])),
        ],
    ),
    "encode": (SOUND, lambda of: ["encode", of.one(SOUND), "--out", str(of.new(".wwc")), "--quiet"]),
    "latents": (
        SOUND,
        lambda of: [
            *("encode", of.one(SOUND), "--model", "morph-drums", "--label", "kick"),
            *("--out", str(of.new(".safetensors"))),
        ],
    ),
    "decode": (
        CODE,
        lambda of: ["decode", of.one(CODE), "--out", str(of.new(of.random.choice(FORMATS))), "--quiet"],
    ),
    "decode latents": (
        LATENT,
        lambda of: ["decode", of.one(LATENT), "--out", str(of.new(of.random.choice(PLAIN_FORMATS)))],
    ),
    "vary": (SOUND, lambda of: ["vary", of.one(SOUND), "--label", "kick", "--count", "1", *_clips(of)]),
    "adjust": (
        SOUND,
        lambda of: _clips(of, "adjust", of.one(SOUND), "--set", of.random.choice(ATTRIBUTES), "--candidates", "2"),
    ),
    "morph": (
        SOUND,
        lambda of: _clips(of, "morph", of.one(SOUND), of.one(SOUND), *_labels(of), "--steps", "2"),
    ),
    "similar": (SOUND, lambda of: ["similar", of.one(SOUND), "--quiet"]),
    "similar in a folder": (FOLDER, lambda of: ["similar", of.one(SOUND), "--folder", of.one(FOLDER), "--quiet"]),
    "transcribe": (
        SOUND,
        lambda of: ["transcribe", of.one(SOUND), "--out", str(of.new(of.random.choice(SCORE_FORMATS))), "--quiet"],
    ),
    "recognise": (SOUND, lambda of: ["recognise", "drum-classifier", of.one(SOUND)]),
    "detect": (SOUND, lambda of: ["detect", of.one(SOUND), "--quiet"]),
    "detect in a folder": (FOLDER, lambda of: ["detect", of.one(FOLDER), "--quiet", "--same-speed"]),
    "sign": (SOUND, lambda of: ["sign", of.one(SOUND), "--quiet"]),
    "verify": (SOUND, lambda of: ["verify", of.one(SOUND)]),
    "inspect": (FOLDER, lambda of: ["data", "inspect", of.one(FOLDER)]),
    "batch": (FOLDER, _batch),
    "plot": (SOUND, lambda of: ["plot", of.one(SOUND), "--out", str(of.new(".png"))]),
    "render": (SCORE, _render),
    "accompany": (SCORE, _accompany),
    "revise": (SCORE, _revise),
    "plot score": (SCORE, lambda of: ["plot", of.one(SCORE), "--out", str(of.new(".png"))]),
}
"""Commands by name, each with the kind of file that it takes."""


def _labels(sequence: Sequence) -> list[str]:
    return ["--label-a", "kick", "--label-b", "snare"] if sequence.chance(0.5) else []


def run_command(arguments: list[str]) -> tuple[int, str]:
    """Run a command in this process; return its exit code, 1 for a traceback, and what it wrote as errors."""
    errors = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(errors):
        try:
            code = cli.run(arguments)
        except SystemExit as exit_:
            code = int(exit_.code or 0)
        except Exception:
            code = 1
            traceback.print_exc(file=errors)
    return code, errors.getvalue()


def run_sequence(number: int, folder: Path) -> tuple[Sequence, list[tuple[int, str]]]:
    """Run a sequence in a folder; return it, and the exit code and errors of each command."""
    sequence = Sequence(number, folder / "files", random.Random(number))
    sequence.folder.mkdir()
    results = []
    own = {HOME_VARIABLE: str(folder / "models"), KEYS_VARIABLE: str(folder / "keys")}
    with mock.patch.dict(os.environ, own):
        if sequence.chance(0.3):
            sequence.has_key = True
            sequence.commands.append(["keys", "new"])
            results.append(run_command(sequence.commands[-1]))
        for step in range(sequence.random.randint(4, 9)):
            choices = [name for name in STEPS if _can(sequence, name)] if step else []
            make = STEPS[sequence.random.choice(choices)][1] if choices else _start(sequence)
            command = make(sequence)
            if sequence.has_key and command[0] in SIGNING and ".m4a" not in " ".join(command) and sequence.chance(0.5):
                command.append("--sign")
            sequence.commands.append(command)
            code, message = run_command(command)
            results.append((code, message + _problems(sequence, command, code)))
    return sequence, results


def _start(sequence: Sequence) -> Command:
    return sequence.random.choice(list(STARTS.values()))


def _can(sequence: Sequence, name: str) -> bool:
    """Return whether a command has what it takes."""
    if name in ("sign", "similar in a folder"):
        return bool(sequence.files[SOUND]) and (sequence.has_key if name == "sign" else bool(sequence.files[FOLDER]))
    return bool(sequence.files[STEPS[name][0]])


BROKEN_OUTPUT = "broken output: "


def _problems(sequence: Sequence, command: list[str], code: int) -> str:
    """Return what is wrong with the files that a command wrote; empty if nothing is."""
    try:
        new = sequence.collect()
    except Exception as error:
        return f"{BROKEN_OUTPUT}{error}"
    if code != 0:
        return ""
    if "--out" in command and not Path(command[command.index("--out") + 1]).exists():
        return f"{BROKEN_OUTPUT}{command[0]} wrote nothing"
    problems = [f"{path.name}: {problem}" for path in new if KINDS[path.suffix] == SOUND and (problem := _fault(path))]
    return BROKEN_OUTPUT + "; ".join(problems) if problems else ""


def _fault(path: Path) -> str:
    """Return why FFmpeg's libraries cannot decode a sound to the end that we see; empty if they can."""
    try:
        import av
    except ImportError:
        return ""
    header = open_sound(path).header
    try:
        with av.open(str(path)) as container:
            rate = container.streams.audio[0].rate or header.sample_rate
            n_samples = sum(frame.samples for frame in container.decode(audio=0))
    except (av.FFmpegError, IndexError) as error:
        return f"{error}" if header.n_samples else ""
    seconds, expected = n_samples / rate, header.n_samples / header.sample_rate
    return "" if abs(seconds - expected) < 0.15 else f"{seconds:.3f} s are decoded by FFmpeg, not {expected:.3f} s"


def is_right(command: list[str], code: int, message: str) -> bool:
    """Return True for success, and for a refusal among those that are right."""
    if "Traceback" in message or BROKEN_OUTPUT in message:
        return False
    is_unsigned = command[0] == "verify" and code == 1 and not message
    allowed = RIGHT.get(command[0], ())
    return code == 0 or is_unsigned or (code == BAD_INPUT and any(re.search(part, message) for part in allowed))


def main(first: int, count: int) -> int:
    """Run the sequences of some numbers, print each fault, and return 1 if there are any."""
    n_commands = n_faults = 0
    for number in range(first, first + count):
        with tempfile.TemporaryDirectory() as folder:
            sequence, results = run_sequence(number, Path(folder))
        n_commands += len(results)
        for command, (code, message) in zip(sequence.commands, results, strict=True):
            if not is_right(command, code, message):
                n_faults += 1
                last = (message.strip().splitlines() or [""])[-1]
                print(f"{number}: {shlex.join(command).replace(folder, '.')}: {code}, {last}", flush=True)
    print(f"{count} sequences, {n_commands} commands, {n_faults} faults")
    return int(n_faults > 0)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:3])))
