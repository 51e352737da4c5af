"""Open the codec whose codes a prior draws."""

from __future__ import annotations

from ... import models
from ...base.errors import BadModel
from ...models.folder import ModelFolder
from ..codec import CODEC
from ..codec.runtime import CodecRuntime
from .config import PriorConfig


def open_codec(config: PriorConfig, prior: str) -> CodecRuntime:
    """Return the codec that a configuration names.

    - ``config``: of the prior.
    - ``prior``: name of the prior, for messages.

    Raises BadModel if the codec is missing, of another family, or has another hash than the configuration asks for.
    """
    name, expected_hash = config.codec, config.codec_hash
    try:
        path = models.find(name)
    except BadModel as error:
        described = f"{name!r} ({expected_hash})" if expected_hash else f"{name!r}"
        raise BadModel(
            f"{prior} draws the codes of the codec {described}, which is not among the models here; copy its folder "
            "into runs/ or your model folder, or train with another (model.codec=NAME)."
        ) from error
    folder = ModelFolder(path)
    if folder.card.family != CODEC.name:
        raise BadModel(
            f"{prior} draws the codes of a codec, and {name} is of the family {folder.card.family}; name a codec "
            "(model.codec)."
        )
    folder.verify()
    codec = CodecRuntime(folder)
    if expected_hash not in ("", codec.codes_hash, folder.hash):  # older priors name all files of their codec
        raise BadModel(
            f"{prior} draws the codes of a {name} whose networks have the hash {expected_hash}, and those of the "
            f"{name} here have {codec.codes_hash}; copy the former here, or train {prior} again on the latter."
        )
    return codec
