"""What the text of a Python file tells of its functions. Nothing of it is run."""

from __future__ import annotations

import pytest

from taxiway.functions.model import FileFunctions, Function, Parameter, file_functions
from taxiway.functions.parse import functions_of


def parsed(source: str | bytes) -> FileFunctions:
    data = source.encode() if isinstance(source, str) else source
    found = functions_of(data, "src/train.py")
    assert found.problem is None, found.problem
    return found


def only(source: str) -> Function:
    [function] = parsed(source).functions
    return function


def test_a_signature_is_told_as_it_stands_in_the_file() -> None:
    found = only(
        "import typing as t\n"
        "@cache\n"
        "async def f(a, b: int = 1, /, c='x', *args: str, d: t.List[int], e=None, **kw) -> dict:\n"
        "    return {}\n"
    )
    assert found.signature == (
        "async f(a, b: int = 1, /, c='x', *args: str, d: t.List[int], e=None, **kw) -> dict"
    )
    assert [p.kind for p in found.parameters] == [
        "positional-only",
        "positional-only",
        "positional-or-keyword",
        "var-positional",
        "keyword-only",
        "keyword-only",
        "var-keyword",
    ]
    assert [p.name for p in found.parameters if p.is_required] == ["a", "d"]
    assert found.parameters[1] == Parameter("b", "positional-only", "int", "1", True)
    assert (found.lines, found.decorators, found.is_async) == ((2, 4), ("cache",), True)
    assert (found.takes_kwargs, found.takes_context, found.is_certain) == (True, False, False)
    assert "@cache" in found.open[-1]


@pytest.mark.parametrize(
    ("signature", "takes"),
    [
        ("context", True),
        ("*, context", True),
        ("**context", True),
        ("x, **kwargs", False),
        ("*context", False),
        ("ctx", False),
    ],
)
def test_whether_it_takes_the_context_is_told_by_the_name(signature: str, takes: bool) -> None:
    found = only(f"def f({signature}): ...\n")
    assert found.takes_context is takes
    assert "context" not in found.schema["properties"]


def test_only_functions_at_the_top_are_found_and_blocks_count_as_the_top() -> None:
    found = parsed(
        "import x\n"
        "from typing import overload, TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n"
        "    def typed(): ...\n"
        "try:\n"
        "    def guarded(): ...\n"
        "except ImportError:\n"
        "    pass\n"
        "class Model:\n"
        "    def method(self): ...\n"
        "    def __init__(self): ...\n"
        "def outer():\n"
        "    def inner(): ...\n"
        "@overload\n"
        "def many(a: int) -> int: ...\n"
        "@overload\n"
        "def many(a: str) -> str: ...\n"
        "def many(a): ...\n"
        "value = lambda: 1\n"
    )
    assert [(f.name, f.is_conditional) for f in found.functions] == [
        ("guarded", True),
        ("outer", False),
        ("many", False),
    ]
    many = found.find("many")
    assert many is not None
    assert (many.is_certain, many.lines) == (True, (18, 18))
    assert set(found.names) == {"Model", "TYPE_CHECKING", "overload", "value", "x"}
    assert found.find("inner") is None


def test_a_name_that_is_bound_twice_is_not_certain() -> None:
    found = only("def f(a): ...\ndef f(b): ...\n")
    assert [p.name for p in found.parameters] == ["b"]
    assert not found.is_certain
    wrapped = only("def g(a): ...\ng = wrap(g)\n")
    assert wrapped.name == "g"
    assert not wrapped.is_certain
    assert "2 times" in wrapped.open[-1]


@pytest.mark.parametrize(
    "docstring",
    [
        """Fit it.

    Longer text.

    Args:
        rate (float): The learning
            rate.
        **rest: The others.

    Returns:
        The model.
    """,
        """Fit it.

    Longer text.

    Parameters
    ----------
    rate : float
        The learning
        rate.
    **rest
        The others.

    Returns
    -------
    Model
        The model.
    """,
        """Fit it.

    Longer text.

    :param rate: The learning
        rate.
    :param rest: The others.
    :returns: The model.""",
    ],
    ids=["google", "numpy", "sphinx"],
)
def test_docstrings_of_three_styles_describe_parameters(docstring: str) -> None:
    found = only(f'def fit(rate: float, **rest):\n    """{docstring}"""\n')
    assert found.doc.summary == "Fit it."
    assert "Longer text." in found.doc.text
    assert found.doc.returns == "The model."
    assert [p.description for p in found.parameters] == ["The learning rate.", "The others."]
    assert found.schema["properties"]["rate"]["description"] == "The learning rate."


def test_a_plain_docstring_is_a_summary_and_a_text() -> None:
    found = only('def f():\n    """One line\n    over two.\n\n    And more: of it.\n    """\n')
    assert found.doc.summary == "One line over two."
    assert found.doc.text.endswith("And more: of it.")
    assert only("def f(): ...\n").doc.summary == ""


@pytest.mark.parametrize(
    ("source", "line"),
    [
        (b"x = 1\n\ndef f(:\n    pass\n", 3),
        (b"def f():\nreturn 1\n", 2),
        (b"x = 1\ny = '\xff'\n", 2),
        (b"# coding: nothing\n", 1),
        (b"x = 1\0\n", 1),
        (b"\xff\xfed\0e\0f\0", 1),
        (b"(" * 300 + b")" * 300, 1),
    ],
)
def test_a_file_that_is_no_python_says_why_and_where(source: bytes, line: int) -> None:
    found = functions_of(source, "a.py")
    assert found.functions == ()
    assert found.problem is not None
    assert (found.problem.code, found.problem.line) == ("file-not-python", line)
    assert found.problem.reason
    assert found.problem.hint


def test_notebooks_large_files_and_deep_nests_are_refused() -> None:
    notebook = functions_of(b"{}", "A.IPYNB").problem
    assert notebook is not None
    assert notebook.code == "notebook-refused"
    assert ".py" in notebook.hint
    large = functions_of(b"#" * (1 << 20) + b"\n", "a.py").problem
    assert large is not None
    assert large.code == "file-too-large"
    deep = functions_of(b"x = " + b"-" * 50_000 + b"1\n", "a.py").problem
    assert deep is not None
    assert deep.code == "file-too-costly"


def test_encodings_and_marks_are_read_as_python_does() -> None:
    assert parsed(b"\xef\xbb\xbfdef f(): ...\n").functions[0].name == "f"
    latin = parsed('# -*- coding: latin-1 -*-\ndef f(a="é"): ...\n'.encode("latin-1"))
    assert latin.functions[0].parameters[0].default == "'é'"
    assert parsed(b"def f():\r\n    pass\r\n").functions[0].lines == (1, 2)


def test_what_was_found_survives_json_under_another_path() -> None:
    found = parsed("import x\ndef f(a: int = 1, *, b: str): 'Doc.'\n")
    moved = file_functions(found.as_dict(), "other.py")
    assert moved.path == "other.py"
    assert moved.functions[0].path == "other.py"
    assert file_functions(moved.as_dict(), "src/train.py") == found


def test_nothing_of_the_file_is_run(capsys: pytest.CaptureFixture[str]) -> None:
    found = parsed("print('run')\nimport os\nos.abort()\ndef f(a=print('default')): ...\n")
    assert [f.name for f in found.functions] == ["f"]
    assert capsys.readouterr().out == ""
