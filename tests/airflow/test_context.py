from __future__ import annotations

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.api.datamodels._generated import DagRunType

from taxiway.airflow.context import request_of, say_request
from taxiway.errors import Invalid

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def context_of(conf: Any = None, logical_date: datetime | None = None) -> dict[str, Any]:
    run = SimpleNamespace(
        run_id="r",
        run_type=DagRunType.MANUAL,
        conf=conf,
        run_after=NOON,
        logical_date=logical_date,
        data_interval_start=logical_date,
        data_interval_end=logical_date,
    )
    ti = SimpleNamespace(dag_id="d", task_id="t", try_number=2, map_index=-1)
    return {"ti": ti, "dag_run": run}


def test_a_run_by_hand_has_a_day_but_no_logical_date() -> None:
    request = request_of("digest", "t", context_of())
    assert (request.release_digest, request.task_name) == ("digest", "t")
    assert request.context == {
        "run_id": "r",
        "dag_id": "d",
        "task_id": "t",
        "try_number": 2,
        "map_index": -1,
        "run_type": "manual",
        "conf": {},
        "ds": "2026-03-01",
        "ts": "2026-03-01T12:00:00+00:00",
        "run_after": "2026-03-01T12:00:00+00:00",
    }


def test_a_scheduled_run_has_all_its_dates() -> None:
    earlier = datetime(2026, 2, 28, tzinfo=UTC)
    facts = request_of("d", "t", context_of(logical_date=earlier)).context
    assert facts["ds"] == "2026-02-28"
    for key in ("logical_date", "data_interval_start", "data_interval_end", "ts"):
        assert facts[key] == "2026-02-28T00:00:00+00:00"
    json.dumps(facts)


def test_params_of_the_run_are_those_of_this_task() -> None:
    conf = {"taxiway": {"params": {"t": {"epochs": 3}, "other": {"x": 1}}}, "params": {"no": 1}}
    assert request_of("d", "t", context_of(conf)).param_overrides == {"epochs": 3}


@pytest.mark.parametrize(
    "conf", [None, {}, {"taxiway": None}, {"taxiway": {}}, {"taxiway": {"params": {"x": {}}}}]
)
def test_a_run_without_params_for_this_task_has_none(conf: Any) -> None:
    assert request_of("d", "t", context_of(conf)).param_overrides == {}


@pytest.mark.parametrize(
    "conf",
    [
        {"taxiway": 1},
        {"taxiway": {"params": []}},
        {"taxiway": {"params": {"t": "x"}}},
        {"taxiway": {"params": {"t": False}}},
    ],
)
def test_malformed_params_are_refused(conf: Any) -> None:
    with pytest.raises(Invalid) as error:
        request_of("d", "t", context_of(conf))
    assert error.value.code == "malformed-overrides"


@pytest.mark.parametrize(
    ("conf", "said"),
    [
        ({"taxiway": {"request_id": "abc-123"}}, ["Started by request abc-123"]),
        ({"taxiway": {"request_id": "a\nb"}}, []),
        ({"taxiway": 1}, []),
        (None, []),
    ],
)
def test_the_log_of_a_task_names_the_request_that_started_the_run(
    conf: object, said: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", "taxiway"):
        say_request(conf)
    assert caplog.messages == said
