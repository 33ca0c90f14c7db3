from __future__ import annotations

import keyword
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxiway.workflow.names import (
    MAX_KEY_LENGTH,
    SENTINEL_DAG_ID,
    TASK_NAME_PATTERN,
    check_task_name,
    dag_id_of,
    fits_airflow,
    identifiers_of,
    is_env_name,
)

AIRFLOWS_KEY = re.compile(r"[\w.-]+", re.ASCII)


@pytest.mark.parametrize("name", ["my_ml_pipeline", "Train.v2-final", "_", "9", "..a", "a" * 250])
def test_a_name_that_fits_is_the_dag_id(name: str) -> None:
    assert dag_id_of(name) == name


@pytest.mark.parametrize(
    ("name", "dag_id"),
    [
        ("My ML pipeline", "my_ml_pipeline"),
        ("  Überwachung / täglich ", "uberwachung_taglich"),
        ("Straße", "strasse"),
        ("ﬁne", "fine"),
        ("a\n", "a"),
    ],
)
def test_another_name_becomes_a_slug(name: str, dag_id: str) -> None:
    assert dag_id_of(name) == dag_id


def test_names_in_other_scripts_do_not_fall_together() -> None:
    names = ["模型 v2", "训练 v2", "日本語", "🚀", "", "..", "v2 模型", "\ud800"]
    assert len({dag_id_of(name) for name in names}) == len(names)


def test_nobody_gets_the_sentinels_id() -> None:
    for name in (SENTINEL_DAG_ID, "Taxiway sentinel", "taxiway-sentinel!"):
        assert dag_id_of(name) != SENTINEL_DAG_ID


@given(st.text(st.characters(codec=None), max_size=400))
def test_every_dag_id_fits_airflow(name: str) -> None:
    dag_id = dag_id_of(name)
    assert AIRFLOWS_KEY.fullmatch(dag_id)
    assert len(dag_id) <= MAX_KEY_LENGTH
    assert dag_id.strip(".")
    assert dag_id_of(name) == dag_id


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a b", "a\n", "ä", "a/b", "a" * 251, "{{ x }}", "a'b", "a~"]
)
def test_a_name_that_airflow_or_a_path_would_stumble_over_does_not_fit(name: str) -> None:
    assert not fits_airflow(name)
    problem = check_task_name(name)
    assert problem is not None and problem.code == "task-name-refused" and problem.hint


def test_a_name_that_fits_has_no_problem() -> None:
    assert check_task_name("train-model.v2") is None


def test_names_of_environment_variables() -> None:
    assert all(map(is_env_name, ["A", "_a1", "PYTHONPATH"]))
    assert not any(map(is_env_name, ["", "1A", "A-B", "A=B", "A\n", "Ä", "A B"]))


@given(st.from_regex(TASK_NAME_PATTERN, fullmatch=True))
def test_the_published_pattern_is_the_rule(name: str) -> None:
    assert fits_airflow(name.rstrip("\n")) or len(name) > MAX_KEY_LENGTH


def test_an_identifier_keeps_itself() -> None:
    assert identifiers_of(["load", "train_model"]) == {"load": "load", "train_model": "train_model"}


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("train-model", "train_model_1"),
        ("class", "class_1"),
        ("1st", "task_1st_1"),
        ("json", "json_1"),
        ("__file__", "task_file_1"),
        ("__builtins__", "task_builtins_1"),
        ("-", "task_1"),
        ("a.b", "a_b_1"),
    ],
)
def test_another_name_gets_an_underscore_and_a_number(name: str, variable: str) -> None:
    assert identifiers_of([name], taken={"json"})[name] == variable


def test_a_made_variable_gives_way_to_a_name_that_keeps_itself() -> None:
    names = ["a-b", "a.b", "a_b_1", "a_b"]
    assert identifiers_of(names) == {"a-b": "a_b_2", "a.b": "a_b_3", "a_b_1": "a_b_1", "a_b": "a_b"}


@given(st.lists(st.from_regex(r"[A-Za-z0-9_.-]{1,6}", fullmatch=True), unique=True, max_size=30))
def test_variables_are_free_identifiers_of_their_own(names: list[str]) -> None:
    taken = {"json", "DAG", "task_1"}
    variables = identifiers_of(names, taken)
    assert list(variables) == names
    assert len(set(variables.values())) == len(names)
    for variable in variables.values():
        assert variable.isidentifier() and variable.isascii()
        assert not keyword.iskeyword(variable)
        assert variable not in taken
