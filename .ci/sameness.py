"""Pins what bundled models, engines, effects and rules play: write a digest of each output, or compare with a file.

    python .ci/sameness.py .ci/sameness.json --compare   # name what changed; exit code 1 if anything did
    python .ci/sameness.py .ci/sameness.json             # write the file, after a change that is intended

The command lines are in ``sameness.txt``; they work on inputs that are made here. Of a sound the file has format,
length, the hash of its samples, and 16 sums of its samples with fixed random signs, one for each sixteenth of its
length. The energy of the difference of two sounds is, on average, that of the difference of their sums, so another hash
says by how many decibels the sounds differ. Of JSON and subtitles it has the hash without fractions, and the fractions;
of scores and codes the hash of the bytes.

Exact on every processor: scores, texts, codes, whole numbers, and the length and format of sounds. Not exact: samples
and fractions. Sums of 8-bit products are whole numbers, but what lies between them (norms, activations, products in
float32) is rounded as the instructions of a processor do it, and so are BLAS and NumPy's sines and exponentials. Such
outputs "differ in the last bits", which is no failure up to TOLERANCE_DB and TOLERANCE_OF_FRACTIONS. With AVX2 in place
of AVX-512 (``older_processor.py``, which leaves BLAS as it is), 27 sounds differ by -140 to -93 dB.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import hashlib
import io
import json
import os
import re
import shlex
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile

TOLERANCE_DB, TOLERANCE_OF_FRACTIONS = -80.0, 1e-4  # of a difference, relative to the sound or number
PARTS = 16  # of a sound or array, each with a sum
LINES = Path(__file__).with_suffix(".txt")
TEXTS, LEFT_OUT = (".json", ".jsonl", ".srt", ".vtt", ".sfz"), (".png", ".sf2")
FRACTION = re.compile(r"-?\d+(?:\.\d+(?:[eE][+-]?\d+)?|[eE][+-]?\d+)")
RATE = 16_000
Entry = list[str]
Entries = dict[str, Entry]
FAILED = {"nothing": ["nothing", "", ""]}
TUNES = {
    "3-4": "D2 D|A2 A|E3/2 F/ E|D3|A B c|d2 c|A B G|A3|",
    "4-4": "D2 D A|A2 A2|E F E D|D4|A B c A|d2 c2|A B G E|D4|",
    "2-4": "D A|A2|E F|D2|A c|d c|A G|D2|",
    "6-8": "D2 D A2 A|E2 F E D2|A2 c d2 c|A B G D3|",
}
TEXT_FILES = {
    **{f"{name}.abc": f"X:1\nM:{name.replace('-', '/')}\nL:1/4\nK:Ddor\n{tune}]\n" for name, tune in TUNES.items()},
    "book.txt": "CHAPTER ONE\n\nIt was late.\n\nCHAPTER TWO\n\nThe ferry left at noon.\n",
    "lines.csv": "name,text,rate\none,Hello.,1.2\ntwo,Good night.,0.9\n",
    "de.srt": "1\n00:00:00,200 --> 00:00:01,600\nEs ist spät.\n",
    "en.srt": "1\n00:00:00,200 --> 00:00:01,600\nIt is late.\n",
    "project.toml": """
        [[tracks]]
        name = "music"
        effects = "highpass 40Hz"
        automation.gain_db = [[0, -20], [1, 0]]
        duck = { by = "voice", depth_db = 12 }
        regions = [{ file = "music.wav", loop = true, length = 3, fade_out = 1, pan = -0.4, speed = 1.1 }]
        [[tracks]]
        name = "voice"
        sends = [{ to = "room", gain_db = -14 }]
        regions = [{ file = "voice.wav", start = 0.4 }]
        [[buses]]
        name = "room"
        effects = "reverb 0.8s mix=1"
        [master]
        effects = "loudness -16LUFS; limit -1dBTP"
        """,
}


def random_signs(n_samples: int) -> np.ndarray:
    """Return -1 and 1 of a generator whose numbers NumPy keeps."""
    bits = np.random.Philox(0).random_raw(-(-n_samples // 64)).astype("<u8").view(np.uint8)
    return 2.0 * np.unpackbits(bits)[:n_samples] - 1.0


def harmonics(hertz: float, times: np.ndarray, n_harmonics: int) -> np.ndarray:
    """Return a tone whose partials fall by 6 dB per octave."""
    return sum(np.sin(2 * np.pi * hertz * k * times) / k for k in range(1, n_harmonics + 1))


def write_inputs() -> None:
    """Write recordings by formulas, rounded to 16 bits, and texts, to the current folder."""
    for name, text in TEXT_FILES.items():
        Path(name).write_text(text, encoding="utf-8")
    times, note = np.arange(3 * RATE) / RATE, np.arange(19_845) / 44_100
    noise = random_signs(3 * RATE) * np.abs(np.sin(997.0 * times))
    voice = harmonics(120.0, times + 0.002 * np.sin(9 * times), 30) * np.clip(np.sin(8 * times) + 0.2, 0, 1)
    far = harmonics(196.0, times, 9) * (np.sin(17 * times) > -0.3)
    tune = [harmonics(hertz, note, 9) * np.exp(-4 * note) for hertz in (293.66, 293.66, 440, 440, 329.63, 349.23)]
    music = np.concatenate(tune)
    music[30_000], music[60_000] = 2.0, -2.0  # clicks
    hit = random_signs(len(note))
    shots = {
        "kick": np.sin(60 * np.exp(-9 * note) - 220 * note) * np.exp(-9 * note),
        "snare": (0.5 * hit + np.sin(1_200 * note)) * np.exp(-18 * note),
        "hat": np.diff(hit, prepend=0.0) * np.exp(-45 * note),
    }
    sounds = {
        "voice": (0.12 * voice, RATE),
        "noisy": (0.12 * voice + 0.03 * noise, RATE),
        "far": (0.15 * far, RATE),
        "mic": (0.08 * voice + 0.05 * np.pad(far, (480, 0))[:-480], RATE),
        "music": (np.stack([0.3 * music + 0.01, 0.2 * np.roll(music, 700)], axis=1), 44_100),
        "drums": (0.6 * np.concatenate([shots[name] for name in ("kick", "hat", "snare", "hat") * 2]), 44_100),
        **{folder + name: (0.6 * shot, 44_100) for name, shot in shots.items() for folder in ("", "shots/")},
    }
    Path("shots").mkdir()
    for name, (wave, rate) in sounds.items():
        soundfile.write(f"{name}.wav", np.rint(32_767 * np.clip(wave, -1, 1)).astype(np.int16), rate)


def command_lines() -> Iterator[str]:
    """Yield the command lines, those with braces for each patch, procedure, background, style and rule."""
    from wavewright.inference.layering import layers
    from wavewright.music.accompaniment import load_style, style_names
    from wavewright.music.rules import PRESETS
    from wavewright.synth.patch import patch_names
    from wavewright.synth.procedural import PROCEDURES

    kinds = {
        "patch": [{"patch": name} for name in patch_names()],
        "procedure": [{"procedure": name} for name in PROCEDURES],
        "background": [{"background": name} for name in layers.PRESETS.names],
        "style": [{"style": name, "metre": load_style(name).metres[0].replace("/", "-")} for name in style_names()],
        "rule": [{"rule": name} for name in PRESETS.names],
    }
    for line in LINES.read_text(encoding="utf-8").splitlines():
        kind = next((kind for kind in kinds if f"{{{kind}}}" in line), None)
        if line and not line.startswith("#"):
            yield from [line.format(**values) for values in kinds[kind]] if kind else [line]


def sums_of(values: np.ndarray) -> str:
    """Return the sums of the parts of an array ``(n,)`` with random signs, as text."""
    parts = np.array_split(values * random_signs(len(values)), PARTS)
    return base64.b85encode(np.array([part.sum() for part in parts], "<f4").tobytes()).decode()


def difference_db(old: str, new: str) -> float:
    """Return the level of the difference of two arrays relative to the first, in dB, from their sums."""
    old_sums, new_sums = (np.frombuffer(base64.b85decode(text), "<f4").astype(float) for text in (old, new))
    energy = max(np.square(old_sums).sum(), 1e-30)
    return float(10 * np.log10(max(np.square(new_sums - old_sums).sum() / energy, 1e-30)))


def relative_difference(old: str, new: str) -> float:
    """Return the largest difference of two lists of fractions, relative to the larger one where that exceeds 1."""
    pairs = zip(map(float, old.split()), map(float, new.split()), strict=True)
    return max((abs(a - b) / max(abs(a), abs(b), 1.0) for a, b in pairs), default=0.0)


def digest(contents: bytes) -> str:
    """Return the start of a hash."""
    return hashlib.sha256(contents).hexdigest()[:16]


def entry_of_array(kind: str, array: np.ndarray) -> Entry:
    """Return the entry of samples or latents."""
    return [kind, digest(np.ascontiguousarray(array, "<f8").tobytes()), sums_of(np.ravel(array))]


def entry_of_text(text: str) -> Entry:
    """Return the entry of JSON, subtitles or SFZ."""
    fractions = " ".join(f"{float(number):.6g}" for number in FRACTION.findall(text))
    return [f"text {digest(FRACTION.sub('#', text).encode())}", digest(fractions.encode()), fractions]


def entry_of(path: Path) -> Entry:
    """Return what is stored of a file: what must be equal, a hash of the rest, and what measures its difference."""
    from safetensors.numpy import load_file

    if path.suffix == ".wav":
        wave, rate = soundfile.read(path, always_2d=True)
        return entry_of_array(f"sound {rate} Hz {wave.shape[1]}x{len(wave)}", wave)
    if path.suffix == ".safetensors":
        tensors = load_file(path)
        return entry_of_array("latents", np.concatenate([np.ravel(tensors[name]) for name in sorted(tensors)]))
    if path.suffix in TEXTS:
        return entry_of_text(path.read_text(encoding="utf-8"))
    return [f"bytes {digest(path.read_bytes())}", "", ""]


def run_line(line: str) -> dict[str, Entry]:
    """Run a command line; return an entry for each file that it wrote, and for the JSON that it printed."""
    from wavewright.apps.cli import run

    before, output = set(Path().rglob("*")), io.StringIO()
    try:
        with contextlib.redirect_stdout(output):
            run(shlex.split(line))
    except Exception:
        traceback.print_exc()
    new = sorted(path for path in set(Path().rglob("*")) - before if path.is_file() and path.suffix not in LEFT_OUT)
    entries = {path.as_posix(): entry_of(path) for path in new}
    return entries | ({"output": entry_of_text(output.getvalue())} if "--json" in line and output.getvalue() else {})


def run_all() -> Entries:
    """Return the entries of all command lines, by command line and file."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        os.environ["WAVEWRIGHT_HOME"] = str(Path(folder) / "home")
        write_inputs()
        outputs = {line: run_line(line) or FAILED for line in command_lines()}
    return {f"{line}: {name}": entry for line, entries in outputs.items() for name, entry in entries.items()}


def differences(old: Entries, new: Entries) -> Iterator[tuple[bool, str]]:
    """Yield each output that differs, and whether by more than the last bits."""
    for name in old | new:
        before, after = old.get(name, ["nothing", "", ""]), new.get(name, ["nothing", "", ""])
        if before[0] != after[0]:
            yield True, f"{name} was {before[0]} and is {after[0]}"
        elif before[1] != after[1] and before[0].startswith("text"):
            difference = relative_difference(before[2], after[2])
            yield difference > TOLERANCE_OF_FRACTIONS, f"{name}: fractions by {difference:.1e}"
        elif before[1] != after[1]:
            difference = difference_db(before[2], after[2])
            yield difference > TOLERANCE_DB, f"{name}: {difference:.0f} dB"


def main() -> int:
    """Write or compare; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--compare", action="store_true")
    options = parser.parse_args()
    begin, entries = time.perf_counter(), run_all()
    failed = [name for name, entry in entries.items() if entry == FAILED["nothing"]]
    changed = 0
    if options.compare:
        for is_changed, sentence in differences(json.loads(options.file.read_text(encoding="utf-8")), entries):
            print("changed:" if is_changed else "differs in the last bits:", sentence)
            changed += is_changed
    elif not failed:
        rows = (f"{json.dumps(name, ensure_ascii=False)}: {json.dumps(entry)}" for name, entry in entries.items())
        options.file.write_text("{\n" + ",\n".join(rows) + "\n}\n", encoding="utf-8")
    for name in failed:
        print("failed:", name)
    print(f"{len(entries)} outputs, {changed} changed, {len(failed)} failed; {time.perf_counter() - begin:.0f} s")
    return int(changed > 0 or len(failed) > 0)


if __name__ == "__main__":
    sys.exit(main())
