from __future__ import annotations

from taxiway.runner.records import Came, digest_of, make_record, note_of


def test_the_digest_of_a_value_is_of_what_it_is_and_not_of_what_is_told() -> None:
    one = {"__taxiway__": "value", "digest": "d", "format": "npy", "size": 1, "summary": {"a": 1}}
    assert digest_of([one]) == digest_of([one | {"summary": {}}])
    assert digest_of([one]) != digest_of([one | {"digest": "e"}])
    assert digest_of({"a": 1, "b": 2}) == digest_of({"b": 2, "a": 1})


def test_equal_inputs_and_params_have_equal_digests() -> None:
    facts = {"task": "train"}
    inputs = {"data": note_of("load", ".x", [1])}
    record = make_record(facts, {"n": 1}, inputs, Came(1, {}, (), ended_well=True))
    again = make_record(facts, {"n": 1}, inputs, Came())
    for name in ("inputs", "params"):
        assert record["digests"][name] == again["digests"][name]
    assert (record["state"], again["state"]) == ("success", "failed")
    assert "value" not in again["digests"]
    other = make_record(facts, {"n": 1}, {"data": note_of("load", ".y", [1])}, Came())
    assert other["digests"]["inputs"] != record["digests"]["inputs"]
