"""What we say in our own words, without a traceback."""

from __future__ import annotations


class Refused(Exception):
    """`kind` is the name of an error class of Taxiway."""

    def __init__(self, kind: str, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.report = {"kind": kind, "code": code, "message": message, "hint": hint}


class Unanswered(RuntimeError):
    """A question to the orchestrator (an XCom, a variable, a connection) could not be answered."""

    __module__ = "taxiway"  # that is how a traceback names it
