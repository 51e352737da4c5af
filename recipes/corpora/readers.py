"""Readers: the transcribed speech of every language, to train voices on readers of other languages too.

    python recipes/corpora readers --speech corpora/speech --out corpora/readers
    python recipes/corpora readers --speech corpora/speech --languages de en --sizes 0.88 1.14 --out corpora/crossed

``--speech`` is the corpus that the command ``speech`` wrote. Texts of other languages become the nearest phones of
``--languages``, English by default, in double brackets, and count as of that language; eSpeak NG (extra ``espeak``)
reads those that Wavewright has no front end for. Recordings are not copied but linked. ``--sizes`` adds speakers: every
second recording of a reader of these languages, played at another speed, so that it is that of a smaller or larger
person; ``kathleen_114`` is 14 % smaller than ``kathleen``.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from corpus import checked_folder, write_lists

from wavewright.audio.clip import Clip
from wavewright.base.errors import BadText
from wavewright.text import FrontEnd, front_end

FRONT_ENDS = {"en": "en", "de": "espeak:de", "fr": "espeak:fr-fr", "it": "espeak:it"}
ENGLISH = "en"
STRESS = {"1": "ˈ", "2": "ˌ"}
NEAREST = {
    **{"ɑ̃": "ɑŋ", "ɔ̃": "ɔŋ", "ɛ̃": "æŋ", "œ̃": "æŋ", "ɔø": "ɔɪ", "ɔʏ": "ɔɪ", "eː": "eɪ", "ɲ": "nj", "ʎ": "lj"},
    **dict.fromkeys(("ɾ", "ʁ", "ʀ", "r"), "ɹ"),
    **dict.fromkeys(("x", "ç"), "h"),
    **dict.fromkeys(("ɜ", "ɐ", "ɵ"), "ə"),
    **{"ʏ": "y", "ɥ": "w", "β": "b", "ɣ": "ɡ", "ɯ": "u", "ɬ": "l", "ʔ": "", "\u0303": "", "\u032a": ""},
}
"""English phones of IPA symbols, longest first; other symbols that English lacks are an error."""


def in_phones_of(language: str, text: str, own: FrontEnd) -> str:
    """Return a text as phones of another language in double brackets, with its punctuation.

    Raises BadText without words, or for a sign of IPA that the language has no phone for.
    """
    reader, phones = front_end_of(language), []
    for sentence in own.sentences(text):
        for word in sentence.words:
            signs = "".join(f"{STRESS.get(phone[-1], '')}{own.ipa(phone)}" for phone in word.phones)
            if language == ENGLISH:
                for sign, near in NEAREST.items():
                    signs = signs.replace(sign, near)
            phones.append(f"[[{' '.join(reader.phones(signs, 'ipa'))}]]{word.mark_after}")
    return " ".join(phones)


@functools.cache
def front_end_of(language: str) -> FrontEnd:
    """Return the front end of a language that texts are written in."""
    return front_end(language)


def of_size(row: dict[str, Any], size: float, speech: Path, out: Path) -> dict[str, Any]:
    """Write a recording as a person of another size speaks it; return its record."""
    speaker = f"{row['speaker']}_{round(100 * size)}"
    path = Path(row["audio_filepath"])
    moved = Path(speaker) / path.relative_to(path.parts[0])
    clip = Clip.read(speech / path).mono()
    (out / moved).parent.mkdir(parents=True, exist_ok=True)
    Clip(clip.wave, round(clip.sample_rate * size)).resample(clip.sample_rate).write(out / moved)
    group = f"{speaker}/{path.stem}"
    return row | {
        "audio_filepath": moved.as_posix(),
        "duration": row["duration"] / size,
        "speaker": speaker,
        "group": group,
    }


def gather_readers(
    speech: Path, out: Path, languages: Sequence[str] = (ENGLISH,), sizes: Sequence[float] = ()
) -> tuple[int, int]:
    """Write the corpus to ``out``; return the number of recordings and of those left out, whose words have no phones.

    Raises BadFolder if ``speech`` is no folder, MissingExtra if it has other languages and eSpeak NG is not installed.
    """
    manifest = checked_folder(speech, "the corpus of speech") / "manifest.jsonl"
    rows = [json.loads(line) for line in manifest.read_text(encoding="utf-8").splitlines()]
    spoken = [row for row in rows if row.get("text") and row.get("speaker")]
    fronts = {
        language: front_end(name)
        for language, name in FRONT_ENDS.items()
        if any(row["language"] == language for row in spoken)
    }
    records, n_left_out = [], 0
    for number, row in enumerate(spoken):
        own, text = row["language"], row["text"]
        language = own if own in languages else languages[number % len(languages)]
        try:
            spelled = text if language == own else in_phones_of(language, text, fronts[own])
        except BadText:
            n_left_out += 1
            continue
        records.append(row | {"text": spelled, "language": language})
        if own in languages and row["split"] == "train" and number % 2 == 0:
            records += [of_size(records[-1], size, speech, out) for size in sizes]
    out.mkdir(parents=True, exist_ok=True)
    for folder in {Path(row["audio_filepath"]).parts[0] for row in records}:
        if not (out / folder).exists():
            (out / folder).symlink_to((speech / folder).resolve())
    write_lists(out, records, json.loads((speech / "sources.json").read_text(encoding="utf-8")))
    return len(records), n_left_out
