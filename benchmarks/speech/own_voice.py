"""A voice of one's own: fine-tuned on a studio reader whom no bundled model has heard, then judged on prompts that were kept back.

    python recipes/corpora prompts --asterisk FOLDER --out corpora/prompts
    python -m benchmarks.speech.own_voice --prompts corpora/prompts --prepare corpora/own-voice
    wavewright train corpora/own-voice --family acoustic --from en --out runs/own-voice --max-minutes 90
    python -m benchmarks.speech.own_voice --prompts corpora/prompts --voice runs/own-voice --json own_voice.json

``--prepare`` writes a folder as LJSpeech has it, of all prompts but the 60 of at least 2 s that are judged. Word errors by
benchmarks/speech/recogniser.py, DNSMOS by benchmarks/speech/naturalness.py, speakers by benchmarks/speech/speech_distance.py: 0 is the voice that the base
speaks with, 1 how alike recordings of the reader are. Intervals are 95 % bootstrap intervals over the prompts, paired.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

from benchmarks.speech.recogniser import DEFAULT_FOLDER, Recogniser
from benchmarks.speech.speakers import recordings, voice
from benchmarks.speech.speech_distance import Speakers
from benchmarks.speech.voices import Row, hear, row_of, shown
from benchmarks.vocoder.copy_synthesis import chosen_prompts
from wavewright.cli.command import plain
from wavewright.clip import Clip
from wavewright.data.entry import Entry
from wavewright.data.folder import scan
from wavewright.errors import BadSetting, WavewrightError

N_PROMPTS, MIN_SECONDS = 60, 2.0
MOST_WORD_ERROR_POINTS, LEAST_WAY = 5.0, 0.6


@dataclass(frozen=True)
class OwnVoice:
    """What was measured; ``similarity`` by row, and ``way`` how far the voice has come from the base to the recordings."""

    rows: list[Row]
    similarity: dict[str, float]
    way: float
    bars: dict[str, bool]


def others(corpus: Path, judged: list[Entry]) -> list[Entry]:
    """The prompts with a text that are not judged, nor say the same."""
    kept = {str(entry.text).casefold() for entry in judged}
    found = scan(corpus, manifest=corpus / "manifest.jsonl").entries
    return [entry for entry in found if entry.text and str(entry.text).casefold() not in kept]


def prepare(entries: list[Entry], folder: Path) -> None:
    """Write the recordings as ``wavs/0001.flac`` with a ``metadata.csv``; raises BadSetting where the folder exists."""
    if folder.exists():
        raise BadSetting(f"{folder} exists; remove it or name another folder.")
    (folder / "wavs").mkdir(parents=True)
    lines = []
    for number, entry in enumerate(entries, 1):
        shutil.copy(entry.path, folder / "wavs" / f"{number:04d}{Path(entry.path).suffix}")
        lines.append(f"{number:04d}|{' '.join(str(entry.text).split())}\n")
    (folder / "metadata.csv").write_text("".join(lines), encoding="utf-8")


def judge(
    judged: list[Entry], natural: list[Entry], names: tuple[str, str], vocoder: str, recogniser: Recogniser
) -> OwnVoice:
    """Let the base and the fine-tuned voice ``names`` say the prompts; print a row for each."""
    speakers = Speakers()
    texts = [str(entry.text) for entry in judged]
    middle = [
        speakers.embed(clip.wave[0], clip.sample_rate) for clip in (Clip.read(entry.path).mono() for entry in natural)
    ]
    rows, similarity, reference = [], {}, None
    for talker in (recordings(judged), *(voice(name, vocoder, 1) for name in names)):
        heard = hear(talker, texts, recogniser)
        rows.append(row_of(heard, reference))
        reference = reference or heard
        embedded = [speakers.embed(clip.wave[0], clip.sample_rate) for clip in heard.waves]
        similarity[talker.name] = Speakers.similarity(middle, embedded)
        print(f"{shown(rows[-1])}; speaker {similarity[talker.name]:.3f}", flush=True)
    recorded, base, own = similarity.values()
    way = (own - base) / (recorded - base)
    more = rows[-1].word_error_points_more
    kept = {
        "word error at most 5 points above the recordings": more is not None and more.value <= MOST_WORD_ERROR_POINTS,
        "speaker at least 60 % of the way": way >= LEAST_WAY,
    }
    return OwnVoice(rows, similarity, way, kept)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompts", type=Path, default=Path("corpora/prompts"))
    parser.add_argument("--prepare", type=Path, default=None, help="folder to write, instead of judging")
    parser.add_argument("--voice", default="runs/own-voice")
    parser.add_argument("--base", default="en-kathleen", help="the voice that the fine-tuning began from")
    parser.add_argument("--vocoder", default="vocoder")
    parser.add_argument("--recogniser", type=Path, default=DEFAULT_FOLDER)
    parser.add_argument("--json", type=Path, default=None)
    given = parser.parse_args()
    try:
        judged = chosen_prompts(given.prompts, "test", N_PROMPTS, MIN_SECONDS)
        rest = others(given.prompts, judged)
        if given.prepare:
            prepare(rest, given.prepare)
            print(f"{len(rest)} prompts of {sum(entry.seconds for entry in rest) / 60:.1f} minutes in {given.prepare}")
            return
        longest = sorted(rest, key=lambda entry: -entry.seconds)[:N_PROMPTS]
        found = judge(judged, longest, (given.base, given.voice), given.vocoder, Recogniser(given.recogniser))
    except WavewrightError as error:
        parser.error(str(error))
    print(f"{found.way:.2f} of the way to the recordings' speaker")
    print(*(f"{bar}: {'kept' if is_kept else 'MISSED'}" for bar, is_kept in found.bars.items()), sep="\n")
    if given.json:
        given.json.write_text(json.dumps(plain(found), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
