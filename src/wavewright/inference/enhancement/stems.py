"""Part a recording into stems: speech, and everything else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np

from ...audio.clip import Clip, check_stem_files, suffix_like, warn_of_left_out, write_blocks
from ...audio.sound_file import OpenSound, open_sound, read_origin
from ...audio.wave_blocks import ClippingMeter, CountedWaves
from ...base.names import file_stem
from ...base.whole_file import whole_folder
from ...contracts.enhancement import MAX_ATTENUATION_DB, EnhancementSettings, Enhancer
from ...contracts.runtime import model_text
from ...outputs.carried_metadata import carried_with
from ...outputs.made import Made, sound_file
from ...outputs.made_file import subtype_like
from .sound import ModelProcessor

Stems = Literal["both", "speech", "background"]
SPEECH, BACKGROUND = STEMS = ("speech", "background")
BLOCK_SECONDS = 10.0
LOSSLESS = (".wav", ".flac", ".aiff", ".aif")


def separate_file(
    source: Path,
    out: Path,
    enhancer: Enhancer,
    stems: Stems = "both",
    show: Callable[[float], object] = lambda _: None,
) -> Made:
    """Write the stems of a recording of any length into a folder, all or none, in bounded memory.

    The model estimates speech; the background is what is missing to the recording. So the stems add up to it, sample
    for sample where its format stores whole numbers. Stems are lossless: those of an MP3 file are WAV files. Stems that
    are up to date are kept.

    Raises BadAudio if the source cannot be read, or BadFolder if ``out`` cannot be written to or the source would be
    replaced.
    """
    sound = open_sound(source)
    header = sound.header
    suffix = suffix_like(source).lower()
    suffix = suffix if suffix in LOSSLESS else ".wav"
    names = {stem: f"{file_stem(source.stem)}-{stem}{suffix}" for stem in STEMS}
    wanted = STEMS if stems == "both" else (stems,)
    targets = tuple(out / names[stem] for stem in wanted)
    check_stem_files(targets, out, source)
    processor = ModelProcessor(enhancer, EnhancementSettings(max_attenuation_db=MAX_ATTENUATION_DB))
    origin = {
        "model": processor.name,
        "model_hash": processor.hash,
        "source": source.name,
        "source_hash": sound.hash,
    }
    carried = {stem: carried_with(origin | {"stem": stem}, sound) for stem in STEMS}
    is_new = any(read_origin(out / names[stem]) != carried[stem].origin for stem in wanted)
    clipping = ClippingMeter()
    if is_new:
        with whole_folder(out, targets[-1].name) as hidden:

            def write(stem: str, blocks: Iterator[Clip]) -> Path:
                path = hidden / names[stem]
                left_out, metadata = [*carried[stem].left_out], carried[stem].metadata
                subtype = subtype_like(header, path)
                write_blocks(path, blocks, subtype, metadata, header.seconds, clipping=clipping, left_out=left_out)
                warn_of_left_out(out / names[stem], left_out)
                return path

            speech = write(SPEECH, _speech(sound, processor, show))
            if BACKGROUND in wanted:
                write(BACKGROUND, _difference(sound, speech))
            if SPEECH not in wanted:
                speech.unlink()
    clipped = clipping.result()
    notes = [f"What lies above {processor.highest_hz:.0f} Hz belongs to the background."]
    notes = notes if processor.highest_hz < header.sample_rate / 2 else []
    notes += [clipped.warning("lower the recording first with wavewright edit")] if clipped else []
    by = model_text(processor.name, processor.hash)
    files = tuple(replace(sound_file(target), source=source, by=by, is_new=is_new) for target in targets)
    details = {"highest_hz": processor.highest_hz, **({"clipped": clipped} if clipped else {})}
    return Made(out=out, files=files, notes=tuple(notes), details=details)


def _speech(sound: OpenSound, processor: ModelProcessor, show: Callable[[float], object]) -> Iterator[Clip]:
    header = sound.header
    waves = CountedWaves(sound.blocks(BLOCK_SECONDS), lambda n_samples: show(n_samples / header.sample_rate))
    for wave in processor.process_blocks(waves, header.sample_rate, header.n_channels):
        yield Clip(wave, header.sample_rate)


def _difference(sound: OpenSound, part: Path) -> Iterator[Clip]:
    """Yield what a part of a recording, as it is stored, lacks of the whole."""
    for whole, known in zip(sound.blocks(BLOCK_SECONDS), open_sound(part).blocks(BLOCK_SECONDS), strict=True):
        yield Clip((whole.astype(np.float64) - known).astype(np.float32), sound.header.sample_rate)
