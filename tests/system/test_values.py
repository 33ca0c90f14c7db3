"""Values reach the next task as what they were, through the real XCom and the real storage."""

from __future__ import annotations

import httpx

PRODUCE = """\
def produce():
    import numpy as np
    from sklearn.linear_model import LinearRegression
    x = np.arange(6.0).reshape(3, 2)
    model = LinearRegression().fit(x, x.sum(axis=1))
    return {
        "json": {"a": [1, 2.5, None, True, "ü"], "nan": float("nan"), "keys": {1: "one"}},
        "tuple": (1, 2),
        "scalar": np.float32(1.5),
        "array": x,
        "nested": [{"deep": np.arange(3)}],
        "model": model,
        "bytes": b"\\x00\\xff",
    }
"""
CONSUME = """\
def consume(context, **kwargs):
    import math
    import numpy as np
    value = context["ti"].xcom_pull(task_ids="produce")
    assert value["json"]["a"] == [1, 2.5, None, True, "ü"]
    assert math.isnan(value["json"]["nan"])
    assert value["json"]["keys"] == {1: "one"}
    assert value["tuple"] == (1, 2) and isinstance(value["tuple"], tuple)
    assert value["scalar"] == np.float32(1.5) and value["scalar"].dtype == np.float32
    assert np.array_equal(value["array"], np.arange(6.0).reshape(3, 2))
    assert np.array_equal(value["nested"][0]["deep"], np.arange(3))
    assert abs(value["model"].predict([[1.0, 2.0]])[0] - 3.0) < 1e-9
    assert value["bytes"] == b"\\x00\\xff"
    assert len(context["ti"].xcom_pull(task_ids="big")) == 1000
    context["ti"].xcom_push("extra", {"pushed": np.int64(3)})
    return "all equal"
"""
BIG = "def big():\n    return ['x' * 1000] * 1000\n"
PULL = """\
def pull(context, **kwargs):
    pushed = context["ti"].xcom_pull(task_ids="consume", key="extra")
    return {"pushed": int(pushed["pushed"]), "none": context["ti"].xcom_pull(task_ids="nobody")}
"""


def test_values_reach_the_next_task_as_what_they_were(pilot, stack):
    workflow = pilot.workflow(
        {"name": "produce", "python_callable": PRODUCE},
        {"name": "big", "python_callable": BIG},
        {"name": "consume", "python_callable": CONSUME, "dependencies": ["produce", "big"]},
        {"name": "pull", "python_callable": PULL, "dependencies": ["consume"]},
        requirements="numpy\nscikit-learn\n",
    )
    pilot.deploy(workflow)
    run = pilot.succeed(workflow)
    assert pilot.value(run, "consume") == "all equal"
    assert pilot.value(run, "pull") == {"pushed": 3, "none": None}
    shown = pilot.value(run, "produce")
    assert shown["json"]["a"] == [1, 2.5, None, True, "ü"]
    reference = shown["array"]
    assert reference["__taxiway__"] == "value"
    assert (stack.home / "storage" / "values" / reference["digest"]).exists()
    assert pilot.value(run, "big")["format"] == "json"


MAKE = "def make():\n    return [{'n': 1}, {'n': 2}]\n"
TRAIN = """\
def train(seed, item, bonus, context):
    (context["artifacts"] / "seen.txt").write_text(f"{seed} {item['n']}")
    return {"metrics": {"score": item["n"] * seed + bonus}} if item["n"] != 2 else None
"""
GATHER = """\
def gather(train, first, context):
    import os
    for line in os.environ["KEY"].splitlines():
        print("line", line)
    return {"all": train, "first": first, "key": len(os.environ["KEY"])}
"""


def test_many_elements_inputs_secrets_and_artifacts(pilot, stack):
    key = "-----BEGIN-----\nabcdefgh\nijklmnop"
    httpx.post(
        f"{stack.airflow_url}/api/v2/variables",
        headers={"Authorization": f"Bearer {stack.airflow_token()}"},
        json={"key": "signing_key", "value": key},
        timeout=60,
        trust_env=False,
    ).raise_for_status()

    def get(path):
        answer = httpx.get(f"{stack.server_url}/api/v1{path}", timeout=60, trust_env=False)
        return answer.raise_for_status().json()

    workflow = pilot.workflow(
        {"name": "make", "python_callable": MAKE},
        {"name": "bonuses", "python_callable": "def bonuses():\n    return [0, 1]\n"},
        {
            "name": "train",
            "python_callable": TRAIN,
            "dependencies": ["make", "bonuses"],
            "expand": {"seed": [10], "item": "make", "bonus": "bonuses"},
        },
        {
            "name": "gather",
            "python_callable": GATHER,
            "dependencies": ["train"],
            "inputs": {"first": "train[0].metrics.score"},
            "secrets": {"KEY": "variable:signing_key"},
        },
    )
    pilot.deploy(workflow)
    run = pilot.succeed(workflow)
    # Lists vary by the names of their parameters, the last one first.
    found = (10, None, 11, None)
    scores = [score and {"metrics": {"score": score}} for score in found]
    assert pilot.value(run, "gather") == {"all": scores, "first": 10, "key": len(key)}
    log = pilot.log(run, "gather")
    assert "line ***" in log and "abcdefgh" not in log
    told = get(f"/runs/{run}/tasks/train/value")
    assert told["value"] == scores
    assert get(f"/runs/{run}/tasks/train/artifacts?map_index=2")["items"][0]["size"] == 4
    assert get(f"/runs/{run}/tasks/train/value?map_index=2")["value"] == scores[2]
    last = get(f"/runs/{run}/tasks/train/record?map_index=3")
    assert (last["params"]["seed"], last["inputs"]["bonus"]["value"]) == (10, 1)
    assert get(f"/runs/{run}/tasks/train/logs?map_index=3")["map_index"] == 3
    series = get(f"/workflows/{workflow}/metrics?task=train")["items"]
    assert [point["value"] for point in series[0]["points"]] == [10, 11]
    record = get(f"/runs/{run}/tasks/gather/record")
    assert set(record["inputs"]) == {"train", "first"} and key not in str(record)


def test_params_reach_the_function_as_written(pilot):
    source = "def take(context, **kwargs):\n    return {'got': kwargs, 'said': context['params']}\n"
    odd = {"template": "{{ ds }}", "open": "{{", "path": "leak.md", "unicode": "ß😀", "n": [1, {}]}
    workflow = pilot.workflow(
        {"name": "take", "python_callable": source, "params": odd},
        description="{{ var.value.secret }} leak.md",
    )
    pilot.deploy(workflow)
    assert pilot.value(pilot.succeed(workflow), "take") == {"got": odd, "said": odd}
    run = pilot.succeed(workflow, take={"n": 5})
    assert pilot.value(run, "take")["got"] == odd | {"n": 5}


def test_the_context_is_airflows(pilot):
    source = (
        "def look(context, **kwargs):\n"
        "    keys = ('ds', 'ts', 'run_id', 'dag_id', 'task_id', 'try_number', 'conf')\n"
        "    shown = {key: context[key] for key in keys}\n"
        "    for key in ('logical_date', 'data_interval_start', 'data_interval_end'):\n"
        "        shown[key] = type(context[key]).__name__\n"
        "    return shown\n"
    )
    workflow = pilot.workflow({"name": "look", "python_callable": source}, name="context_shown")
    pilot.deploy(workflow)
    run = pilot.succeed(workflow)
    shown = pilot.value(run, "look")
    assert shown["dag_id"] == "context_shown"
    assert shown["task_id"] == "look"
    assert shown["run_id"].endswith(run)
    assert shown["try_number"] == 1
    assert shown["conf"] == {}
    assert len(shown["ds"]) == 10
