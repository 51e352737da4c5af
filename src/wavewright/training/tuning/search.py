"""The settings of a search, and the study in which its workers record their trials."""

from __future__ import annotations

import json
import logging
import re
import shlex
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import optuna
from optuna import Study
from optuna.pruners import HyperbandPruner
from optuna.samplers import TPESampler
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.storages.journal._file import BaseJournalFileLock, get_lock_file
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from ...base.errors import BadSetting, shortened
from ...base.whole_file import write_whole
from ...contracts.family import Choice
from ...data.parameters import FolderParameters
from ...models.consent import Permission

N_RUNGS = 9
"""Evaluations of a trial, at equal distances; Hyperband ends trials after 1, 3 or 9 of them."""

REDUCTION_FACTOR = 3
N_STARTUP_TRIALS = 4
"""Random trials of each of Hyperband's brackets before the estimator proposes settings."""

STUDY_NAME = "wavewright"
STUDY_FILE = "study.db"
JOURNAL = "journal:"
SIGNATURE, TRIAL_MINUTES, TRIAL_STEPS = "signature", "trial_minutes", "trial_steps"  # attributes of a study


@dataclass(frozen=True)
class Search(FolderParameters):
    """A search as its workers need it, on this machine and on others.

    - ``folder``: of recordings, see :func:`wavewright.data.folder.scan`.
    - ``family``, ``size``, ``base``, ``settings``, ``device``: of all trials; see
      :func:`wavewright.training.run.choose_recipe`.
    - ``out``: folder of the search.
    - ``storage``: URL of Optuna's storage: of a database, or ``journal:FILE``; empty: an SQLite file in ``out``.
    - ``trial_minutes``: duration of a whole trial.
    - ``trial_steps``: steps of a whole trial, so that its duration does not matter; 0: as many as fit into
      ``trial_minutes``.
    - ``dials``: names of the dials that are turned; empty: all that no setting fixes.
    - ``seed``: of the proposals.
    - ``max_trials``: trials of the whole search; 0 for no limit but that of the minutes.
    - ``permission``, ``permission_words``: licence of the recordings and consent of their speakers, and the words of a
      command line that state them.
    """

    folder: Path
    family: str
    out: Path
    trial_minutes: float
    size: str = "small"
    base: str | None = None
    settings: tuple[str, ...] = ()
    dials: tuple[str, ...] = ()
    device: str = "cpu"
    storage: str = ""
    seed: int = 0
    max_trials: int = 0
    trial_steps: int = 0
    permission: Permission = field(default_factory=Permission)
    permission_words: tuple[str, ...] = ()

    @property
    def signature(self) -> dict[str, object]:
        """Return what must not change between the calls of a search."""
        return {
            "family": self.family,
            "size": self.size,
            "base": self.base,
            "settings": list(self.settings),
            "dials": list(self.dials),
        }

    def training_command(self, values: Mapping[str, Choice]) -> str:
        """Return the command line that trains with some values of the dials."""
        words = ["wavewright", "train", str(self.folder), "--family", self.family, "--size", self.size]
        options = {"--from": self.base, "--label-from": self.label_from, "--group-from": self.group_from}
        for option, value in {**options, "--manifest": self.manifest}.items():
            words += [] if value is None else [option, str(value)]
        for setting in (*self.settings, *(f"{name}={value}" for name, value in values.items())):
            words += ["--set", setting]
        return shlex.join([*words, *self.permission_words, "--max-minutes", "60"])


def open_study(search: Search, worker: int = 0) -> Study:
    """Open or create the study of a search.

    - ``search``: names the storage.
    - ``worker``: number of the process, so that each has proposals of its own.

    Raises BadSetting if the storage cannot be reached, or its kind is unknown.
    """
    sampler = TPESampler(
        seed=search.seed + 1_000 * worker, n_startup_trials=N_STARTUP_TRIALS, multivariate=True, constant_liar=True
    )
    pruner = HyperbandPruner(min_resource=1, max_resource=N_RUNGS, reduction_factor=REDUCTION_FACTOR)
    with storage_errors(search):
        return optuna.create_study(
            storage=_storage(search), sampler=sampler, pruner=pruner, study_name=STUDY_NAME, load_if_exists=True
        )


def _storage(search: Search) -> BaseStorage:
    if search.storage.startswith(JOURNAL):
        path = search.storage.removeprefix(JOURNAL)
        lock = JournalFileOpenLock(path)
        _mend_journal(Path(path), lock)
        return JournalStorage(JournalFileBackend(path, lock_obj=lock))
    url = search.storage or f"sqlite:///{search.out.absolute() / STUDY_FILE}"
    try:
        make_url(url)
    except ValueError as error:
        raise ArgumentError("its port is no number") from error
    waits = {"timeout": 60} if url.startswith("sqlite") else {}
    return RDBStorage(url, engine_kwargs={"connect_args": waits})


def _mend_journal(path: Path, lock: BaseJournalFileLock) -> None:
    """Cut off half of a last line, which a kill or a full disk left and no record is; refuse another that is none."""
    if not path.is_file():
        return
    with get_lock_file(lock):  # nobody writes
        contents = path.read_bytes()
        lines = contents.split(b"\n")
        for number, line in enumerate(lines, start=1):
            try:
                is_record = not line or isinstance(json.loads(line), dict)
            except ValueError:
                is_record = False
            if not is_record and number < len(lines):
                raise BadSetting(
                    f"The storage {JOURNAL}{path} is damaged: line {number} is no record of Optuna; remove that line, "
                    "or what of it stands before the next record."
                )
            if number == len(lines) and line:
                mended = contents + b"\n" if is_record else contents[: -len(line)]
                write_whole(path, mended)


@contextmanager
def storage_errors(search: Search) -> Iterator[None]:
    """Raise BadSetting if the storage fails in the block; Optuna's notices are not shown."""
    optuna.logging.set_verbosity(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (SQLAlchemyError, ImportError, OSError) as error:
        where = without_password(search.storage) or f"{search.out / STUDY_FILE}"
        if isinstance(error, ImportError):
            missing = error.__cause__ if isinstance(error.__cause__, ImportError) else error
            raise BadSetting(
                f"The storage {where} needs the Python package {missing.name or 'of its database'}, which is not "
                'installed; install it (for PostgreSQL: pip install "psycopg[binary]"), or give --storage journal:FILE.'
            ) from error
        reason = shortened(str(error).splitlines()[0] if str(error) else type(error).__name__)
        raise BadSetting(
            f"The storage {where} cannot be used ({reason}); give --storage a URL that this machine reaches, such as "
            "postgresql://user:password@host/database, sqlite:///file.db or journal:file.log, or leave it out."
        ) from error


def without_password(storage: str) -> str:
    """Return the URL of a storage with ``***`` in place of its password, as it may be printed."""
    return re.sub(r"^([\w+]+://[^:@/]*):.*@", r"\1:***@", storage)


def check_signature(study: Study, search: Search) -> None:
    """Raise BadSetting if a study belongs to a search for another family, size, base or other settings."""
    before = study.user_attrs.get(SIGNATURE)
    if before is None or before == search.signature:
        return
    differing = [name for name, value in search.signature.items() if before.get(name) != value]
    listed = "; ".join(f"{name} was {before.get(name)!r} and is {search.signature[name]!r}" for name in differing)
    raise BadSetting(
        f"{search.out} contains another search ({listed}); give the settings of its first call, or another --out."
    )
