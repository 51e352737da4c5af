"""Which of a voice's learned styles is clearest: words understood and DNSMOS of the sentences to record, with some of each style mixed in.

    python -m benchmarks.speech.styles --voice en-kathleen
    python -m benchmarks.speech.styles --voice en-kathleen --style style-4:0.5 --style style-6:0.5 --count 100

The sentences are those of docs/voice/script.txt, which no benchmark of voices judges by, so that a style may be chosen by them; see
recipes/usual_style.py. Commands of the recogniser first, see benchmarks/speech/recogniser.py.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from benchmarks.speech.naturalness import dnsmos
from benchmarks.speech.recogniser import DEFAULT_FOLDER, Recogniser
from wavewright.errors import WavewrightError
from wavewright.speech.voice import Voice

SCRIPT = Path(__file__).parents[2] / "docs" / "voice" / "script.txt"
USUAL = "usual"
SHARE = 0.5  # of each style that is mixed in where none is named


def judged(voice: Voice, style: str | None, texts: list[str], recogniser: Recogniser) -> tuple[float, float]:
    """Word error in percent and mean DNSMOS of the texts in a style."""
    errors, quality = np.zeros(2), []
    for text in texts:
        clip = voice.speak(text, style=style).clip
        found = recogniser.errors(clip.wave[0], clip.sample_rate, text)
        errors += [found.n_errors, found.n_words]
        quality.append(dnsmos(clip.wave[0], clip.sample_rate))
    return float(100 * errors[0] / errors[1]), float(np.mean(quality))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--voice", required=True)
    parser.add_argument("--vocoder", default="vocoder")
    parser.add_argument(
        "--style", action="append", help="a style with its share, such as style-4:0.5; each of the voice's, by default"
    )
    parser.add_argument("--count", type=int, default=100, help="sentences, the first ones of the script")
    parser.add_argument("--recogniser", type=Path, default=DEFAULT_FOLDER)
    given = parser.parse_args()
    try:
        voice, recogniser = Voice.load(given.voice, given.vocoder), Recogniser(given.recogniser)
        texts = SCRIPT.read_text(encoding="utf-8").splitlines()[: given.count]
        styles = given.style or [f"{name}:{SHARE:g}" for name in voice.acoustic.styles]
        for style in (USUAL, *styles):
            words, quality = judged(voice, None if style == USUAL else style, texts, recogniser)
            print(f"{given.voice}, {style:12} word error {words:5.2f} %, DNSMOS {quality:.3f}", flush=True)
    except WavewrightError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
