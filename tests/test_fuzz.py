"""Any outside data is read or refused in a sentence: a few cases of every reader; ``tests/fuzz`` runs more."""

from __future__ import annotations

import sys
from itertools import groupby

import pytest
from _pytest.mark import ParameterSet
from fuzz.driver import Driver, readers, readers_by_module
from waiting import LIMIT_SECONDS

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the driver waits for its worker's pipe by select")

MISBEHAVIOURS = {
    "_behave": "passed",
    "_refuse": "refused",
    "_fail": "traceback",
    "_quit_silently": "traceback",
    "_compute_for_ever": "hang",
    "_wait_for_ever": "hang",
    "_take_memory": "memory",
    "_take_all_memory": "memory",
    "_die": "died",
    "_write_above": "left",
    "_write_elsewhere": "left",
    "_leave_a_part": "left",
    "_refuse_and_leave": "left",
    "_say_too_much": "sentence",
    "_say_escapes": "sentence",
}
PATIENCE = {"limit_seconds": LIMIT_SECONDS, "wait_seconds": LIMIT_SECONDS}


def _modules() -> list[ParameterSet]:
    """Return the names of the readers of each module as a parameter, marked by the families that it uses."""
    return [
        pytest.param([*names], id=module.__name__, marks=pytest.mark.uses(*getattr(module, "USES", ())))
        for module, names in groupby(readers_by_module(), key=readers().get)
    ]


@pytest.mark.parametrize("names", _modules())
def test_outside_data_is_read_or_refused(names):
    cases = range(getattr(readers()[names[0]], "QUICK_CASES", 20))
    with Driver(**PATIENCE, is_timed=False) as driver:
        for reader in names:
            outcomes = list(driver.run_all(reader, 0, cases))
            assert [str(outcome) for outcome in outcomes if outcome.is_failure] == []
            assert len({outcome.kind for outcome in outcomes}) == 2, f"some of {reader} pass and some are refused"


def test_a_case_is_the_same_again():
    with Driver(**PATIENCE, is_timed=False) as driver:
        first, other, again = (driver.run("_fail", seed=1, case=case) for case in (2, 3, 2))
    assert again.message == first.message != other.message
    assert "IndexError" in first.message
    assert "--reader _fail --seed 1 --case 2" in str(first)


def test_the_driver_notices_what_must_not_be():
    with Driver(limit_bytes=200 * 2**20, **PATIENCE) as driver:
        kinds = {name: driver.run(name, seed=0, case=0).kind for name, kind in MISBEHAVIOURS.items() if kind != "hang"}
        assert [outcome.kind for outcome in driver.run_all("_die", 0, range(3))] == ["died"] * 3
    for name, limits in (("_compute_for_ever", {"limit_seconds": 1.0}), ("_wait_for_ever", {"wait_seconds": 2.0})):
        with Driver(**{**PATIENCE, **limits}) as driver:
            kinds[name] = driver.run(name, seed=0, case=0).kind
    assert kinds == MISBEHAVIOURS


def test_every_misbehaviour_is_tried():
    assert {name for name in readers() if name.startswith("_")} == {*MISBEHAVIOURS}
