"""How far a voice follows --pitch: the median pitch of the same sentences at each number of semitones, over that at 0.

    python -m benchmarks.speech.pitch_range --voice en-kathleen
    python -m benchmarks.speech.pitch_range --voice en-kathleen --count 40 --semitones -3 --semitones 3

The sentences are the first ones of benchmarks/speech/texts/hundred.txt; the pitch is that of wavewright.dsp.pitch, from 40 to 1,200 Hz.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from wavewright.dsp.pitch import track_pitch
from wavewright.errors import WavewrightError
from wavewright.speech.prosody import Prosody
from wavewright.speech.voice import Voice

HUNDRED = Path(__file__).parent / "texts" / "hundred.txt"
SEMITONES = (-24, -12, -9, -6, -4, -2, 2, 4, 6, 9, 12, 24)
HOP_SECONDS = 0.01
LOWEST_HZ, HIGHEST_HZ = 40.0, 1_200.0


def middle_hz(voice: Voice, texts: list[str], semitones: float) -> float:
    """The median pitch of the voiced frames of the texts."""
    found = []
    for text in texts:
        clip = voice.speak(text, Prosody(pitch_semitones=semitones)).clip
        f0_hz = track_pitch(
            clip.wave[0], clip.sample_rate, round(HOP_SECONDS * clip.sample_rate), LOWEST_HZ, HIGHEST_HZ
        ).f0_hz
        found.append(f0_hz[f0_hz > 0])
    return float(np.median(np.concatenate(found)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--voice", required=True)
    parser.add_argument("--vocoder", default="vocoder")
    parser.add_argument("--count", type=int, default=20, help="sentences")
    parser.add_argument("--semitones", type=float, action="append", help="asked for; several of -24 to 24 by default")
    given = parser.parse_args()
    try:
        voice = Voice.load(given.voice, given.vocoder)
        texts = HUNDRED.read_text(encoding="utf-8").splitlines()[: given.count]
        usual_hz = middle_hz(voice, texts, 0.0)
        print(f"{given.voice} speaks at {usual_hz:.0f} Hz", flush=True)
        for semitones in given.semitones or SEMITONES:
            heard = 12 * np.log2(middle_hz(voice, texts, semitones) / usual_hz)
            print(f"asked {semitones:+5g}, heard {heard:+5.1f} semitones", flush=True)
    except WavewrightError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
