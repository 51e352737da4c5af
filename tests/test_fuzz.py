"""Any outside data is read or refused in a sentence: a few cases of every reader; ``tests/fuzz`` runs more."""

from __future__ import annotations

import sys

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


@pytest.fixture(scope="module")
def driver():
    with Driver(limit_seconds=LIMIT_SECONDS, wait_seconds=LIMIT_SECONDS, is_timed=False) as driver:
        yield driver


def _case(reader: str) -> ParameterSet:
    """Return a reader as a parameter, marked by the families that its module uses."""
    return pytest.param(reader, marks=pytest.mark.uses(*getattr(readers()[reader], "USES", ())))


@pytest.mark.parametrize("reader", [_case(name) for name in readers_by_module()])
def test_outside_data_is_read_or_refused(reader, driver):
    n_cases = getattr(readers()[reader], "QUICK_CASES", 20)
    outcomes = list(driver.run_all(reader, 0, range(n_cases)))
    assert [str(outcome) for outcome in outcomes if outcome.is_failure] == []
    assert len({outcome.kind for outcome in outcomes}) == 2, "of the quick cases, some pass and some are refused"


def test_a_case_is_the_same_again(driver):
    first, other = driver.run("_fail", seed=1, case=2), driver.run("_fail", seed=1, case=3)
    assert driver.run("_fail", seed=1, case=2).message == first.message != other.message
    assert "IndexError" in first.message
    assert "--reader _fail --seed 1 --case 2" in str(first)


def test_the_driver_notices_what_must_not_be():
    patience = {"limit_seconds": LIMIT_SECONDS, "wait_seconds": LIMIT_SECONDS}
    with Driver(limit_bytes=200 * 2**20, **patience) as driver:
        kinds = {name: driver.run(name, seed=0, case=0).kind for name, kind in MISBEHAVIOURS.items() if kind != "hang"}
        assert [outcome.kind for outcome in driver.run_all("_die", 0, range(3))] == ["died"] * 3
    for name, limits in (("_compute_for_ever", {"limit_seconds": 1.0}), ("_wait_for_ever", {"wait_seconds": 2.0})):
        with Driver(**{**patience, **limits}) as driver:
            kinds[name] = driver.run(name, seed=0, case=0).kind
    assert kinds == MISBEHAVIOURS


def test_every_misbehaviour_is_tried():
    assert {name for name in readers() if name.startswith("_")} == {*MISBEHAVIOURS}
