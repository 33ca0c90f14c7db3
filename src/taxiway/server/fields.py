"""Field types that the schemas of several nouns share."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from taxiway.errors import Invalid, Problem, TaxiwayError
from taxiway.workflow.models import TRIGGER_RULES
from taxiway.workflow.names import check_task_name, is_env_name, steers
from taxiway.workflow.schedule import check_schedule, check_timezone

MONTH = 30 * 24 * 3600
MAX_ENV_VALUE = 32_768
MAX_SOURCE = 500


class FieldRefused(ValueError):
    """Carries one of our errors through pydantic, which only lets a ValueError pass."""

    def __init__(self, error: TaxiwayError) -> None:
        super().__init__(error.message)
        self.error = error


def _refuse(code: str, message: str, hint: str = "") -> FieldRefused:
    return FieldRefused(Invalid(code, message, hint=hint))


def _null_when_empty(value: Any) -> Any:
    return None if value == "" else value


def _schedule(value: str | None) -> str | None:
    if value is None or not value.strip():
        return None
    try:
        return check_schedule(value)
    except Invalid as error:
        raise FieldRefused(error) from None


def _timezone(value: str) -> str:
    try:
        return check_timezone(value)
    except Invalid as error:
        raise FieldRefused(error) from None


def _name(value: str) -> str:
    if not value.strip():
        raise _refuse("name-blank", "The name is blank")
    return value


def _task_name(value: str) -> str:
    problem: Problem | None = check_task_name(value)
    if problem:
        raise _refuse(problem.code, problem.message, problem.hint)
    return value


def _trigger_rule(value: str) -> str:
    if value not in TRIGGER_RULES:
        raise _refuse(
            "trigger-rule-unknown",
            f"There is no trigger rule {value!r}",
            "One of: " + ", ".join(TRIGGER_RULES) + ".",
        )
    return value


def _env(value: dict[str, str]) -> dict[str, str]:
    for name, text in value.items():
        if not is_env_name(name):
            raise _refuse(
                "env-name-refused",
                f"{name!r} cannot name an environment variable",
                "Use ASCII letters, digits and underscores, and no digit first.",
            )
        if name.startswith("TAXIWAY_"):
            raise _refuse("env-name-refused", f"{name} is set by Taxiway itself")
        if len(text) > MAX_ENV_VALUE:
            raise _refuse(
                "env-value-too-long", f"The value of {name} is longer than {MAX_ENV_VALUE}"
            )
    return value


def _secrets(value: dict[str, str]) -> dict[str, str]:
    _env(dict.fromkeys(value, ""))
    for name, source in value.items():
        if steers(name):
            raise _refuse("env-name-refused", f"{name} cannot hold a secret: it steers the task")
        kind, _, of = source.partition(":")
        if kind not in ("variable", "connection") or not of or len(source) > MAX_SOURCE:
            raise _refuse(
                "secret-source-refused",
                f"{source[:100]!r} does not say where the secret {name} is kept",
                "Write variable:NAME or connection:ID, as Airflow has it.",
            )
    return value


def _inputs(value: dict[str, str]) -> dict[str, str]:
    for name, source in value.items():
        if not name.isidentifier() or not source or len(source) > MAX_SOURCE:
            raise _refuse(
                "input-refused",
                f"{name[:100]!r}: {source[:100]!r} is no input",
                "Write a parameter, and where its value comes from: "
                '{"acc": "train_model.metrics.accuracy"}.',
            )
    return value


def _expand(value: dict[str, Any]) -> dict[str, Any]:
    for name, source in value.items():
        if not name.isidentifier() or not source:
            raise _refuse(
                "expand-refused",
                f"Nothing can be mapped over {name[:100]!r}: it is no parameter, or has no elements",
                'Write a parameter with a list, or with the name of a task: {"seed": [1, 2, 3]}.',
            )
    return value


def default(value: Any) -> BeforeValidator:
    """null and the empty text mean the default."""
    return BeforeValidator(lambda given: value if given is None or given == "" else given)


EmptyIsNull = BeforeValidator(_null_when_empty)
Text = Annotated[str | None, EmptyIsNull]
# The limit is the text's, not that of the text or null: pydantic would measure null.
UpTo255 = Annotated[str, Field(max_length=255)]
UpTo500 = Annotated[str, Field(max_length=500)]
Text255 = Annotated[UpTo255 | None, EmptyIsNull]
Text500 = Annotated[UpTo500 | None, EmptyIsNull]
Name = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_name)]
TaskName = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_task_name)]
Schedule = Annotated[UpTo255 | None, AfterValidator(_schedule)]
Timezone = Annotated[str, default("UTC"), Field(max_length=64), AfterValidator(_timezone)]
TriggerRule = Annotated[
    str,
    default("all_success"),
    AfterValidator(_trigger_rule),
    Field(json_schema_extra={"enum": list(TRIGGER_RULES)}),
]
Env = Annotated[
    dict[str, str],
    BeforeValidator(lambda given: {} if given is None else given),
    AfterValidator(_env),
]
Secrets = Annotated[
    dict[str, str],
    BeforeValidator(lambda given: {} if given is None else given),
    AfterValidator(_secrets),
]
Inputs = Annotated[
    dict[str, str],
    BeforeValidator(lambda given: {} if given is None else given),
    AfterValidator(_inputs),
]
Expand = Annotated[
    dict[str, list[Any] | str],
    BeforeValidator(lambda given: {} if given is None else given),
    AfterValidator(_expand),
]
Params = Annotated[dict[str, Any], BeforeValidator(lambda given: {} if given is None else given)]
Names = Annotated[
    list[str],
    BeforeValidator(lambda given: [] if given is None else given),
    AfterValidator(lambda given: list(dict.fromkeys(given))),
    Field(max_length=1000),
]


def check_read_only(noun: str, row: object, given: object, names: tuple[str, ...]) -> None:
    """Fields that never change may be sent back as they are; `Invalid` for any other value."""
    for name in names:
        value = getattr(given, name)
        if value is not None and value != getattr(row, name):
            message = f"The {name} of a {noun} never changes"
            raise Invalid(
                "field-read-only",
                message,
                hint=f"Leave {name} out.",
                problems=[Problem("field-read-only", message, f"/{name}")],
            )
