"""What the API says of functions."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from taxiway.functions.model import Kind
from taxiway.server.paging import Page

FORBID = ConfigDict(extra="forbid")


class ParameterResponse(BaseModel):
    """A parameter, as the file has it."""

    model_config = FORBID

    name: str = Field(description="Its name, without stars.")
    kind: Kind = Field(description="How it is given.")
    annotation: str | None = Field(description="Its annotation, as text.")
    default: str | None = Field(description="Its default, as text.")
    has_default: bool = Field(description="Whether it has one.")
    is_required: bool = Field(description="Whether a call without it fails.")
    description: str = Field(description="What the docstring says of it.")


class DocResponse(BaseModel):
    """A docstring in Google's, numpy's or Sphinx's style, or plain."""

    model_config = FORBID

    summary: str = Field(description="Its first paragraph, in one line.")
    text: str = Field(description="All of it.")
    returns: str = Field(description="What it says of the returned value.")


class FunctionResponse(BaseModel):
    """A function at the top of a file."""

    model_config = FORBID

    name: str = Field(description="Its name.")
    path: str = Field(description="The file.")
    signature: str = Field(description="Like `train_model(context, epochs: int = 3, **kwargs)`.")
    lines: list[int] = Field(description="Its first line, with decorators, and its last.")
    parameters: list[ParameterResponse] = Field(description="In the order of the signature.")
    returns: str | None = Field(description="The annotation of the returned value.")
    doc: DocResponse = Field(description="Its docstring.")
    decorators: list[str] = Field(description="What stands above it, without the @.")
    takes_context: bool = Field(description="Whether it is given Airflow's context.")
    takes_kwargs: bool = Field(description="Whether it takes params of any name.")
    is_async: bool = Field(description="Whether it is an `async def`.")
    is_generator: bool = Field(description="Whether it yields.")
    is_conditional: bool = Field(description="Whether it stands in an `if`, a `try` or a loop.")
    is_certain: bool = Field(
        description="False where it is decorated or bound twice: what is called may differ."
    )
    pulls: list[str] = Field(
        description="The tasks whose values it pulls by a literal name (`ti.xcom_pull`)."
    )
    params_schema: dict[str, Any] = Field(
        alias="schema",
        description="JSON Schema (draft 2020-12) of its params, without `context`.",
    )
    open: list[str] = Field(description="What could not be told, in words.")


class FileProblem(BaseModel):
    """Why the functions of a file are not known."""

    model_config = FORBID

    code: str = Field(
        description="`file-not-python`, `file-too-large`, `file-too-costly`, `file-not-read`, "
        "`notebook-refused`, `path-is-link` or `path-is-submodule`."
    )
    reason: str = Field(description="What is wrong.")
    line: int = Field(description="Where; 1 where no line is at fault.")
    hint: str = Field(description="What to do.")


class FunctionFile(BaseModel):
    """A file and its functions; where `problem` is there, they are not known."""

    model_config = FORBID

    path: str = Field(description="The file.")
    id: str = Field(description="Git's id of its content.")
    functions: list[FunctionResponse] = Field(description="In the order of the file.")
    problem: FileProblem | None = Field(description="Why there are none, if it cannot be parsed.")


class FunctionPage(Page[FunctionFile]):
    """Python files and notebooks below a path, with their functions. With `q` they are not
    counted, and a page may hold fewer than `limit` though there are more."""

    commit: str = Field(description="The commit that was read.")
    ref: str | None = Field(description="The full name of the ref that led to it.")
    path: str = Field(description="The file or the folder; empty: everything.")
