"""Files of tokens (.json): the codes of a codec as integers of one vocabulary, for language models.

A frame has as many tokens as codebooks are used, coarse to fine. Code c of codebook k, both from 0, is the token
``k * codebook_size + c``; each token of a frame of digital silence is the last one of the vocabulary.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..audio.clip import Clip, warn_of_clipping, write_blocks
from ..audio.sound_file import SAMPLE_RATES_HZ, open_sound
from ..audio.wave_blocks import ClippingMeter
from ..base.errors import BadAudio, BadSetting
from ..base.json_text import parse
from ..base.validation import fault_of
from ..base.whole_file import write_whole
from ..contracts.family import Capability
from ..contracts.runtime import Codec, identity, maker
from ..families import loading
from ..outputs.made import Made, MadeFile, sound_file
from ..outputs.watermark.marking import marking_of
from ..outputs.watermark.payload import DEFAULT_KEY

SUFFIX = ".json"
MAX_BYTES = 2**28  # of a file that is read: about 8 hours of 4 tokens a frame
BLOCK_FRAMES = 500


class TokenFile(BaseModel):
    """Tokens, the codec that they belong to, and the sound that they restore.

    - ``version``: of the format.
    - ``model``, ``model_hash``: name and hash of the codec.
    - ``sample_rate``, ``hop_length``: of the codec; a frame is ``hop_length`` samples.
    - ``codebook_size``, ``n_codebooks``: codes of a codebook, and tokens of a frame.
    - ``vocabulary``: number of different tokens, one more than all codes.
    - ``tokens``: frame after frame; to restore any other length, change them alone.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    version: Literal[1] = 1
    model: str
    model_hash: str
    sample_rate: int = Field(ge=SAMPLE_RATES_HZ[0], le=SAMPLE_RATES_HZ[1])
    hop_length: int = Field(ge=1)
    codebook_size: int = Field(ge=2)
    n_codebooks: int = Field(ge=1)
    vocabulary: int
    tokens: list[int]


def tokens_of(codes: np.ndarray, codebook_size: int) -> np.ndarray:
    """Return the tokens ``(frames * n_codebooks,)`` int64 of codes ``(n_codebooks, frames)``, frame after frame."""
    n_codebooks = len(codes)
    tokens = codes.astype(np.int64) + codebook_size * np.arange(n_codebooks)[:, None]
    tokens[codes < 0] = n_codebooks * codebook_size
    flat: np.ndarray = tokens.T.reshape(-1)
    return flat


def codes_of(tokens: np.ndarray, n_codebooks: int, codebook_size: int) -> np.ndarray:
    """Return the codes ``(n_codebooks, frames)`` int16 of tokens, the reverse of :func:`tokens_of`.

    Raises BadSetting for a part of a frame, a token of another codebook than its place in the frame is for, or a frame
    that is silent in part.
    """
    if len(tokens) % n_codebooks:
        raise BadSetting(
            f"There are {len(tokens)} tokens, and a frame has {n_codebooks}; leave the tokens of the last frame out, "
            "or complete them."
        )
    frames = tokens.astype(np.int64).reshape(-1, n_codebooks)
    silence = n_codebooks * codebook_size
    is_silent = frames == silence
    codes = np.where(is_silent, -1, frames - codebook_size * np.arange(n_codebooks))
    is_wrong = ~is_silent & ((codes < 0) | (codes >= codebook_size)) | (is_silent != is_silent[:, :1])
    if is_wrong.any():
        frame, place = np.argwhere(is_wrong)[0]
        lowest = place * codebook_size
        raise BadSetting(
            f"Token {frame * n_codebooks + place} is {frames[frame, place]}; at place {place} of a frame it must be "
            f"{lowest} to {lowest + codebook_size - 1}, or {silence} in all places of a silent frame."
        )
    return codes.T.astype(np.int16)


def encode_tokens(codec: Codec, file: Path, out: Path, n_codebooks: int) -> Made:
    """Write the tokens of a sound file, whose channels are mixed, by the first ``n_codebooks`` of a codec.

    Raises BadAudio if the file cannot be read, or BadSetting for more codebooks than the codec has.
    """
    codec.decoder(n_codebooks)  # refuses a number before a long file is read
    sound = open_sound(file).mono()
    codes = np.concatenate([*codec.encoder().outputs(sound.blocks(codec.sample_rate))], axis=1)[:n_codebooks]
    contents = TokenFile(
        **identity(codec),
        sample_rate=codec.sample_rate,
        hop_length=codec.hop_length,
        codebook_size=codec.codebook_size,
        n_codebooks=n_codebooks,
        vocabulary=n_codebooks * codec.codebook_size + 1,
        tokens=tokens_of(codes, codec.codebook_size).tolist(),
    )
    write_whole(out, (json.dumps(contents.model_dump()) + "\n").encode())
    per_second = n_codebooks * codec.sample_rate / codec.hop_length
    details = {"n_tokens": len(contents.tokens), "tokens_per_second": per_second, "vocabulary": contents.vocabulary}
    made = MadeFile(path=out, source=file, seconds=sound.seconds, by=maker(codec))
    tokens = f"  {len(contents.tokens):,} tokens, {per_second:g} a second, of a vocabulary of {contents.vocabulary:,}"
    return Made.of(made, details=details, lines=[tokens])


def decode_tokens(
    file: Path, out: Path, model: str | None, watermark: bool = True, watermark_key: str = DEFAULT_KEY
) -> Made:
    """Write the sound file of a file of tokens, which a language model may have drawn.

    Without ``model``, the codec is found by its hash.

    Raises BadAudio if the file is of another kind, or BadModel if the codec is not there.
    """
    contents = read_tokens(file)
    _, codec = loading.load_by_hash(contents.model_hash, model, str(file), Capability.CODE, loading.load_codec)
    try:
        codes = codes_of(np.array(contents.tokens, np.int64), contents.n_codebooks, codec.codebook_size)
        decoder = codec.decoder(contents.n_codebooks)
    except BadSetting as error:
        raise BadAudio(f"{file} cannot be decoded: {error}") from error
    if not codes.size:
        raise BadAudio(f"{file} has no tokens, so there is nothing to decode; give a file that has some.")

    blocks = (codes[:, first : first + BLOCK_FRAMES] for first in range(0, codes.shape[1], BLOCK_FRAMES))
    decoded = (wave[None] for wave in decoder.outputs(blocks))
    marking = marking_of(contents.model_hash, watermark, watermark_key)
    waves = decoded if marking is None else marking.blocks(decoded, codec.sample_rate)
    clipping = ClippingMeter()
    header = write_blocks(out, (Clip(wave, codec.sample_rate) for wave in waves), clipping=clipping)
    warn_of_clipping(out, clipping, "encode the sound at a lower level")
    made = replace(sound_file(out, header), source=file, by=maker(codec))
    details = {"n_tokens": len(contents.tokens), "is_marked": watermark}
    return Made.of(made, details=details, lines=[f"  {len(contents.tokens):,} tokens"])


def read_tokens(file: Path) -> TokenFile:
    """Read a file of tokens; raise BadAudio if it is missing or of another kind."""
    if not file.is_file():
        raise BadAudio(
            f"{file} is a folder; give a {SUFFIX} file." if file.is_dir() else f"{file} does not exist; check the path."
        )
    n_bytes = file.stat().st_size
    if n_bytes > MAX_BYTES:
        raise BadAudio(f"{file} has {n_bytes:,} bytes; files of tokens have at most {MAX_BYTES:,}: cut it into some.")
    remedy = "give a file that `wavewright encode --tokens` wrote, or its fields with other tokens"
    try:
        return TokenFile.model_validate(parse(file.read_text(encoding="utf-8")))
    except ValidationError as error:
        fault = fault_of(error)
        field = fault.position or "the whole"
        raise BadAudio(f"{file} holds no tokens of a codec ({field}: {fault.message}); {remedy}.") from error
    except (OSError, ValueError) as error:
        raise BadAudio(f"{file} cannot be read as JSON ({error}); {remedy}.") from error
