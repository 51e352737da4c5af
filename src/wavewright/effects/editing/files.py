"""Edit sound files by a chain: the result names the chain in its comment, and the original stays unchanged."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ...audio.file_kind import is_video
from ...audio.sound_file import OpenSound, SoundFormat, SoundSource, open_sound
from ...base.errors import BadAudio, BadSetting
from ...base.files import short_hash_of
from ...base.version import __version__
from ...base.whole_file import check_target
from ...dsp.true_peak import TruePeakMeter, above_ceiling
from ...outputs.carried_metadata import MAX_COMMENT_LENGTH, carried
from ...outputs.made import MadeFile
from ...outputs.made_file import Carried, keep_or_make
from ..dynamics import Limiter
from ..levels import FadeIn, FadeOut
from ..loudness import NormaliseLoudness
from ..trimming import MakeLoop
from .chain import Chain, step_text

BLOCK_SECONDS = 1.0
LENGTH_TOLERANCE_SECONDS = 0.05  # of videos
LOSSLESS = ("PCM", "FLOAT", "DOUBLE", "ALAC")
AGAINST_CLIPPING = "lower the gain, end the chain with limit or normalise, or write a .wav file with --subtype FLOAT"


@dataclass(frozen=True)
class Edit:
    """A chain, the tags that it writes, and the subtype of the files (that of the source by default).

    ``keeps_tags`` says whether the tags of the source are written too.
    """

    chain: Chain
    tags: Mapping[str, str] = field(default_factory=dict)
    subtype: str | None = None
    keeps_tags: bool = True

    def metadata(self, source: OpenSound, formats: Sequence[SoundFormat]) -> Carried:
        """Return the metadata of an edited file: that of the source, the edit's tags, and a comment with the chain.

        ``formats`` are those before the first effect and after each. Markers and loop points move with the sound.
        """
        origin: dict[str, object] = {"edit": str(self.chain), "source": source.path.name, "source_hash": source.hash}
        kept = carried(source.metadata, self.chain.effects, formats)
        if not self.keeps_tags:
            kept = Carried(replace(kept.metadata, fields=(), pictures=(), parts=()), ())
        self._describe(origin, source, kept.metadata.tags.get("comment", ""))
        return replace(kept, metadata=kept.metadata.with_tags(self.tags)).with_comment(origin)

    def _describe(self, origin: dict[str, object], source: OpenSound, comment: str) -> None:
        """Add what else the comment says: the version, the files, and the source's own comment."""
        origin["wavewright"] = __version__
        if hashes := {path.name: short_hash_of(path) for path in self.chain.files}:
            origin["files"] = hashes
        if comment:
            origin["source_comment"] = source.origin or comment
        if len(json.dumps(origin)) > MAX_COMMENT_LENGTH:
            origin["edit"] = "; ".join(map(step_text, self.chain.effects))  # the defaults follow from the version
        for optional in ("source_comment", "files"):
            if len(json.dumps(origin)) > MAX_COMMENT_LENGTH:
                origin.pop(optional, None)


def check_edit(source: OpenSound, edit: Edit, out: Path) -> list[SoundFormat]:
    """Check that a file can be edited, without decoding it; return its format, and that after each effect.

    Raises BadAudio, BadSetting or BadFolder if the source cannot be read, the chain does not fit it, or ``out`` is one
    of the files that are read.
    """
    check_target(out, source.path, *edit.chain.files)
    before = source.format
    formats = [before, *edit.chain.formats(before)]
    if is_video(out):
        after = formats[-1].seconds
        if before.seconds is not None and (after is None or abs(after - before.seconds) > LENGTH_TOLERANCE_SECONDS):
            raise BadSetting(f"The chain changes the length of the sound, and {out} keeps its picture; edit it apart.")
    return formats


def edit_file(source: SoundSource, edit: Edit, out: Path, show: Callable[[float], object] = lambda _: None) -> MadeFile:
    """Edit a sound file of any length, in bounded memory; a file that is up to date is kept.

    Raises BadAudio, BadSetting or BadFolder as :func:`check_edit`, and where decoding or writing fails; then nothing is
    written.

    Parameters
    ----------
    source : Path or OpenSound
        The file.
    out : Path
        The file to write; of a video, the images are copied.
    edit : Edit
        The chain and the tags.
    show : callable
        Called with the seconds that have been read, over all passes.
    """
    sound = open_sound(source)
    formats = check_edit(sound, edit, out)
    before, last = formats[0], formats[-1]
    warnings: list[str] = []

    def process(blocks: Callable[[], Iterator[np.ndarray]]) -> Iterator[np.ndarray]:
        n_samples = 0
        for wave in edit.chain.process(blocks, before, warnings.append):
            n_samples += wave.shape[1]
            yield wave
        if not n_samples:
            raise BadAudio(f"The chain leaves nothing of {sound.path}, so nothing was written; check its first steps.")

    made = keep_or_make(
        sound,
        out,
        edit.metadata(sound, formats),
        process,
        sample_rate=last.sample_rate,
        seconds=last.seconds,
        subtype=edit.subtype,
        is_loop=isinstance(edit.chain.effects[-1], MakeLoop),
        has_same_tags=True,
        block_seconds=BLOCK_SECONDS,
        against_clipping=AGAINST_CLIPPING,
        show=show,
    )
    if made.is_new and not is_video(out):
        warnings += _above_ceiling(edit.chain, out)
    return replace(made, notes=(*warnings, *made.notes), details={**made.details, "chain": str(edit.chain)})


def _above_ceiling(chain: Chain, out: Path) -> list[str]:
    """Return a sentence if an encoder raised true peaks of a file above the ceiling that a chain ends with."""
    last = next((effect for effect in reversed(chain.effects) if not isinstance(effect, FadeIn | FadeOut)), None)
    ceiling_db = last.ceiling_db if isinstance(last, Limiter) else None
    if isinstance(last, NormaliseLoudness):
        ceiling_db = last.max_true_peak_db
    if ceiling_db is None or (written := open_sound(out)).header.subtype.startswith(LOSSLESS):
        return []
    meter = TruePeakMeter(written.header.n_channels)
    for block in written.blocks(BLOCK_SECONDS):
        meter.add(block)
    sentence = above_ceiling(meter.peak_db(), ceiling_db)
    return [f"{out}: {sentence}"] if sentence else []


def begin_editing(edit: Edit, _: Path) -> Callable[[Path, Path], MadeFile]:
    """Return the function that edits each file of a folder."""
    return lambda source, out: edit_file(source, edit, out)
