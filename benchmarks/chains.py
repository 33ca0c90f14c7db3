"""A chain of ten tasks that do nothing, run by real Airflows; and what a deploy takes.

The chain of Git tasks and the chain of PythonOperators run in turns on the Airflow of our stack;
then the second runs on an Airflow as it comes, which the machine could not hold at the same time.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator

from benchmarks.measure import Options, Row, against, alone, paired, seconds, timed
from benchmarks.parsing import BY_HAND
from benchmarks.repository import SmallRepository
from benchmarks.stacks import Airflow, ours, untuned
from taxiway.client.http import TaxiwayClient

TUNED_GOAL, UNTUNED_GOAL, DEPLOY_GOAL, ROLLBACK_GOAL = 1.3, 0.5, 2.0, 1.0
PLAIN = "plain_chain"


def measure(options: Options) -> Iterator[Row]:
    folder = options.scratch / "chains"
    dags = folder / "dags"
    dags.mkdir(parents=True)
    tasks = options.sized(10)
    (dags / "plain.py").write_text(BY_HAND.format(dag_id=PLAIN, tasks=tasks))
    repository = SmallRepository(folder / "repositories" / "steps")
    what = f"A chain of {tasks} Git tasks that do nothing"
    with ours(folder / "ours", plain_dags=dags, repositories=folder / "repositories") as (
        server_url,
        airflow,
    ):
        with TaxiwayClient(server_url) as client:
            dag_id, workflow_id = chain(client, repository, tasks)
            deploys = [deploy(client, workflow_id, repository) for _ in range(options.slow_pairs)]
            rollbacks = [roll_back(client, workflow_id) for _ in range(options.slow_pairs)]
            client.resume(workflow_id)
        middle = statistics.median(deploys)
        yield alone("From deploy to runnable, warm", middle, goal=DEPLOY_GOAL, count=len(deploys))
        yield _rollbacks(rollbacks)
        tuned = on_our_stack(airflow, dag_id, options.slow_pairs)
    yield against(what, "PythonOperators, same Airflow", paired(tuned), goal=TUNED_GOAL)
    with untuned(folder / "untuned", plain_dags=dags) as airflow:
        airflow.wait_for_dag(PLAIN)
        airflow.seconds_of_a_run(PLAIN)
        theirs = [airflow.seconds_of_a_run(PLAIN) for _ in range(options.slow_pairs)]
    as_it_comes = paired(list(zip((one for one, _ in tuned), theirs, strict=True)))
    yield against(what, "PythonOperators, Airflow as it comes", as_it_comes, goal=UNTUNED_GOAL)


def chain(client: TaxiwayClient, repository: SmallRepository, tasks: int) -> tuple[str, str]:
    """The DAG id and the id of a workflow, deployed once."""
    workflow = client.create_workflow(name="git_chain", git_repository=repository.url)
    for number in range(tasks):
        client.create_task(
            workflow_id=workflow["id"],
            name=f"step_{number}",
            script_path="steps.py",
            function_name="step",
            dependencies=[f"step_{number - 1}"] if number else [],
        )
    deploy(client, workflow["id"], repository)
    return workflow["dag_id"], workflow["id"]


def deploy(client: TaxiwayClient, workflow_id: str, repository: SmallRepository) -> float:
    """Seconds that a deploy of a new commit takes until Airflow shows it."""
    taken: list[float] = []
    repository.commit(f"after release {next(client.releases(workflow_id), None)}")
    with timed(taken):
        release = client.deploy(workflow_id, wait=60)
    if release["state"] != "ready":
        raise RuntimeError(f"The deploy ended as {release['state']}: {release.get('error')}")
    return taken[0]


def roll_back(client: TaxiwayClient, workflow_id: str) -> tuple[float, float]:
    """Seconds until a rollback to the release before the current one is answered, and until
    Airflow shows that release."""
    current = client.workflow(workflow_id)["current_release"]
    other = next(one["number"] for one in client.releases(workflow_id) if one["number"] != current)
    answered: list[float] = []
    shown: list[float] = []
    with timed(shown):
        with timed(answered):
            client.roll_back(workflow_id, other, message=None, dry_run=False)
        while client.release(workflow_id, other)["state"] != "ready":
            time.sleep(0.02)
    return answered[0], shown[0]


def _rollbacks(found: list[tuple[float, float]]) -> Row:
    return alone(
        "From rollback to its answer, warm",
        statistics.median(answered for answered, _ in found),
        goal=ROLLBACK_GOAL,
        beside=f"until Airflow shows it: {seconds(statistics.median(shown for _, shown in found))}",
        count=len(found),
    )


def on_our_stack(airflow: Airflow, dag_id: str, pairs: int) -> list[tuple[float, float]]:
    airflow.wait_for_dag(PLAIN)
    for one in (dag_id, PLAIN):
        airflow.seconds_of_a_run(one)
    return [
        (airflow.seconds_of_a_run(dag_id), airflow.seconds_of_a_run(PLAIN)) for _ in range(pairs)
    ]
