from __future__ import annotations

import pickle

import pytest

from taxiway import errors
from taxiway.errors import Problem, TaxiwayError

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, TaxiwayError)]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_survives_the_way_between_processes(kind: type[TaxiwayError]) -> None:
    problem = Problem("bad-line", "it is bad", "requirements.txt:3", "mend it")
    error = kind("some-code", "message", hint="do it", problems=[problem], limit=3)
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert (again.code, again.message, again.hint) == ("some-code", "message", "do it")
    assert again.problems == (problem,) and again.context == {"limit": 3}


def test_an_error_reads_as_its_message_and_problems() -> None:
    error = TaxiwayError("x", "Two things", problems=[Problem("a", "one", "f:1"), Problem("b", "two")])  # fmt: skip
    assert str(error) == "Two things\n  f:1: one\n  two"
    assert error.problems[0].as_dict()["place"] == "f:1"


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    assert errors.__doc__ is not None
    for kind in KINDS:
        assert kind.__name__ in errors.__doc__
