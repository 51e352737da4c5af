"""Checkpoints and run files, which ``--resume`` reads."""

from __future__ import annotations

import json
import random
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from fuzz import mutate

USES = ("gan",)


def WARM_UP() -> None:
    _healthy()
    _described()


def resume_from_checkpoint(rng: random.Random, folder: Path) -> None:
    """Resume from a damaged or inconsistent checkpoint, and train a step."""
    import torch
    from tiny_training import make_loop

    (folder / "last.safetensors").write_bytes(
        rng.choice((_damaged, _with_strange_progress, _with_strange_header, _mixed))(rng)
    )
    loop = make_loop(folder)
    loop.resume()
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(loop.progress.threads)
        loop.train_step(loop.batches_from)
        loop.save("last.safetensors")
    finally:
        torch.set_num_threads(before)
    loop.resume()


def resume_from_run_file(rng: random.Random, folder: Path) -> None:
    """Resume a run whose ``run.json`` is damaged or has strange values."""
    from wavewright.training.checkpoint import Progress
    from wavewright.training.choices import choose_recipe
    from wavewright.training.parameters import Call
    from wavewright.training.run_file import RUN_FILE, check_resume, run_file_of

    described = _described()
    text = mutate.json_of(rng, described) if rng.random() < 0.7 else json.dumps(described)
    contents = mutate.encoded(rng, text)
    (folder / RUN_FILE).write_bytes(mutate.bytes_of(rng, contents) if rng.random() < 0.3 else contents)
    recipe = choose_recipe("gan", "tiny")
    first_steps, _ = check_resume(folder / RUN_FILE, run_file_of("gan", recipe, None, []), recipe)
    call = Call(max_minutes=rng.choice((None, 6.0)), more_minutes=rng.choice((None, 2.0)))
    call.extension(rng.choice((0, 9, 20)), folder, Progress(step=9, steps=9, finished="done"), first_steps)


@cache
def _healthy() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the tensors of a run of twelve steps, and its progress."""
    import tempfile

    from safetensors.torch import load_file
    from tiny_training import make_loop

    with tempfile.TemporaryDirectory() as folder:
        loop = make_loop(Path(folder))
        loop.run()
        loop.extend(steps=40)
        return load_file(Path(folder) / "last.safetensors"), asdict(loop.progress)


@cache
def _described() -> dict[str, Any]:
    """Return the contents of the ``run.json`` of a tiny GAN."""
    from wavewright.training.choices import choose_recipe

    clips = {"count": 0, "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}
    return {"family": "gan", "recipe": json.loads(json.dumps(asdict(choose_recipe("gan", "tiny")))), "clips": clips}


def _written(tensors: dict[str, Any], progress: str) -> bytes:
    from safetensors.torch import save

    return save(
        {name: tensor.contiguous().clone() for name, tensor in tensors.items()}, metadata={"progress": progress}
    )


def _damaged(rng: random.Random) -> bytes:
    tensors, progress = _healthy()
    return mutate.bytes_of(rng, _written(tensors, json.dumps(progress)))


def _with_strange_progress(rng: random.Random) -> bytes:
    tensors, progress = _healthy()
    text = mutate.json_of(rng, progress)
    try:
        return _written(tensors, text)
    except UnicodeEncodeError:  # half a surrogate pair
        return _written(tensors, json.dumps(progress))


def _with_strange_header(rng: random.Random) -> bytes:
    tensors, progress = _healthy()
    contents = _written(tensors, json.dumps(progress))
    n_bytes = int.from_bytes(contents[:8], "little")
    header = json.loads(contents[8 : 8 + n_bytes])
    if rng.random() < 0.3:  # data types that none of our networks has
        name = rng.choice([name for name in header if name != "__metadata__"])
        header[name]["dtype"] = rng.choice(("F64", "F16", "BF16", "I64", "I32", "U8", "BOOL", "F8_E4M3", "C64", "X"))
        text = json.dumps(header)
    else:
        text = mutate.json_of(rng, header)
    changed = text.encode("utf-8", "surrogatepass")
    return len(changed).to_bytes(8, "little") + changed + contents[8 + n_bytes :]


def _mixed(rng: random.Random) -> bytes:
    """Return a valid file with tensors missing, exchanged, of other shapes or types, or not finite."""
    import torch

    tensors, progress = _healthy()
    tensors = dict(tensors)
    for _ in range(rng.choice((1, 1, 2, 4))):
        name, other = rng.choice(sorted(tensors)), rng.choice(sorted(tensors))
        kind = rng.randrange(7)
        if kind == 0:
            del tensors[name]
        elif kind == 1:
            tensors[name], tensors[other] = tensors[other], tensors[name]
        elif kind == 2:
            tensors[name] = torch.zeros(rng.choice(((), (0,), (7,), (1, 1), (2, 3, 4))))
        elif kind == 3:
            tensors[name] = tensors[name].to(
                rng.choice((torch.float64, torch.int64, torch.bool, torch.complex64, torch.bfloat16))
            )
        elif kind == 4:
            tensors[name] = torch.full_like(tensors[name], rng.choice((float("nan"), float("inf"), -1.0, 1e38, 0.0)))
        elif kind == 5:
            tensors[rng.choice((*mutate.STRANGE_NAMES[:14], "optimizer/line/x/step", "optimizer/line/-1/step"))] = (
                tensors[other]
            )
        else:
            tensors[f"optimizer/line/{rng.choice((0, 1, 2, 10**20))}/{rng.choice(('step', 'exp_avg', 'more'))}"] = (
                tensors[other]
            )
    return _written(tensors, json.dumps(progress))


READERS = {"checkpoints": resume_from_checkpoint, "run-files": resume_from_run_file}
