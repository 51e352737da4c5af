"""Prompts: telephone prompts of one studio voice, 16 kHz, the same in several languages.

    python recipes/corpora prompts --asterisk FOLDER --out corpora/prompts
    python recipes/corpora prompts --asterisk FOLDER --language ru --out corpora/prompts-ru

``--asterisk`` is a folder into which the Debian packages asterisk-core-sounds-en and asterisk-core-sounds-en-g722 (or
those of another ``--language``) were unpacked (``apt-get download NAME``, then ``dpkg -x FILE FOLDER``). No bundled
model is trained on the speakers of ``en`` and ``ru``. Every clip is split ``test``. Needs PyAV (extra ``media``).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from asterisk import decoded, prompts
from corpus import Recording, Source, gather

from wavewright.base.result import Failed

LICENCES = {"en": "CC-BY-SA-3.0", "fr": "CC-BY-SA-3.0", "it": "CC-BY-3.0", "ru": "CC-BY-3.0"}
SPEAKERS = {
    "en": "Allison Smith, 2003-2010",
    "fr": "June Wallack, 2006-2008",
    "it": "Carlo Flora, 2012",
    "ru": "IvrvoiceRU",
}


def find(folder: Path, language: str) -> Iterator[Recording]:
    """Yield the spoken prompts of a language, each with its text."""
    source = Source(
        f"asterisk-core-sounds-{language}",
        LICENCES[language],
        f"Asterisk core sounds, {SPEAKERS[language]}",
        f"Debian packages asterisk-core-sounds-{language}, asterisk-core-sounds-{language}-g722",
        "decoded",
    )
    speaker = SPEAKERS[language].split()[0].rstrip(",").lower()
    for key, (path, text) in sorted(prompts(folder, language).items()):
        facts = {"text": text, "speaker": speaker, "group": speaker, "language": language}
        yield Recording(path, key, "test", source, facts)


def gather_prompts(folder: Path, out: Path, language: str = "en") -> tuple[list[Recording], list[Failed]]:
    """Write the corpus to ``out``; return its recordings and those left out; raise BadFolder without the packages."""
    return gather(find(folder, language), out, lambda recording: decoded(recording.path))
