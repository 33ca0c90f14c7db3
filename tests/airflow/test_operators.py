from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowRescheduleException,
)

from taxiway.airflow.operators import TaxiwayOperator
from taxiway.errors import TaskFailed
from taxiway.storage.store import Storage


class Bundle:
    """Counts how often the operator made sure of its folder."""

    def __init__(self) -> None:
        self.made_sure = 0
        self.path = "/nowhere"

    def initialize(self) -> None:
        self.made_sure += 1


@pytest.fixture
def context() -> dict[str, Any]:
    ti = SimpleNamespace(
        dag_id="d", task_id="t", try_number=1, map_index=-1, bundle_instance=Bundle()
    )
    run = SimpleNamespace(
        run_id="r", run_type="manual", conf={}, run_after=datetime.now(UTC), logical_date=None
    )
    return {"ti": ti, "dag_run": run, "task_reschedule_count": 0}


@pytest.fixture
def operator(storage: Storage) -> TaxiwayOperator:
    operator = TaxiwayOperator(task_id="t", release="0" * 64, retries=3)
    operator.allow_nested_operators = True
    return operator


def run(operator: TaxiwayOperator, context: dict[str, Any]) -> Any:
    """Below Airflow's guard against calling an operator from within another."""
    return operator.execute.__wrapped__(operator, context)


def test_a_release_that_is_not_there_is_waited_for_by_name(
    operator: TaxiwayOperator, context: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(AirflowRescheduleException):
        run(operator, context)
    assert f"no release {'0' * 64}" in caplog.text


def test_malformed_params_fail_at_once(operator: TaxiwayOperator, context: dict[str, Any]) -> None:
    context["dag_run"].conf = {"taxiway": 1}
    with pytest.raises(AirflowFailException, match="malformed-overrides"):
        run(operator, context)


def test_the_bundles_folder_is_there_again_before_user_code_runs(
    operator: TaxiwayOperator, context: dict[str, Any]
) -> None:
    with pytest.raises(AirflowRescheduleException):
        run(operator, context)
    assert context["ti"].bundle_instance.made_sure == 1


def test_a_kill_before_anything_runs_is_not_lost(
    operator: TaxiwayOperator, context: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []

    class Process:
        timings: ClassVar = {}

        def __init__(self, *_: Any) -> None: ...

        def kill(self) -> None:
            events.append("kill")

        def run(self) -> str:
            events.append("run")
            return "value"

    monkeypatch.setattr("taxiway.airflow.operators.TaskProcess", Process)
    operator.on_kill()
    assert run(operator, context) == "value"
    operator.on_kill()
    assert events == ["kill", "run", "kill"]


@pytest.mark.parametrize("ends_well", [True, False])
def test_where_the_time_went_is_left_in_airflow_however_it_ends(
    operator: TaxiwayOperator,
    context: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    ends_well: bool,
) -> None:
    class Process:
        timings: ClassVar = {"snapshot": 0.25, "function": 1.5}
        digests: ClassVar = {"record": "r" * 64, "value": "v" * 64}

        def __init__(self, *_: Any) -> None: ...

        def run(self) -> str:
            if not ends_well:
                raise TaskFailed("task-raised", "no")
            return "value"

    pushed: dict[str, Any] = {}
    context["ti"].xcom_push = lambda key, value: pushed.update({key: value})
    monkeypatch.setattr("taxiway.airflow.operators.TaskProcess", Process)
    with nullcontext() if ends_well else pytest.raises(AirflowException):
        run(operator, context)
    key = "taxiway_timings snapshot=0.2500 function=1.5000"
    record = f"taxiway_record record={'r' * 64} value={'v' * 64}"
    assert pushed == {
        key: {"snapshot": "0.2500", "function": "1.5000"},
        record: {"record": "r" * 64, "value": "v" * 64},
    }


def test_timings_that_cannot_be_kept_fail_no_task(
    operator: TaxiwayOperator, context: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    process = SimpleNamespace(timings={"start": 1.0}, digests={}, run=lambda: "value")
    monkeypatch.setattr("taxiway.airflow.operators.TaskProcess", lambda *_: process)
    assert run(operator, context) == "value"  # the task instance here has no xcom_push at all


def test_nothing_of_it_is_templated() -> None:
    assert tuple(TaxiwayOperator.template_fields) == ()
    assert tuple(TaxiwayOperator.template_ext) == ()
