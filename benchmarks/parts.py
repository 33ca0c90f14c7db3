"""What there is to measure. To add a part: a module with

    def measure(options: Options) -> Iterable[Row]

and a line here. Its rows stand under its title; a row counts as soon as it is yielded, so a
generator loses nothing to what fails after it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """`seconds` is how long it may take; it is ended then, and keeps the rows that it has."""

    title: str
    module: str
    seconds: float = 300


PARTS: Mapping[str, Part] = {
    "starting": Part("A task without packages", "benchmarks.starting"),
    "peers": Part("A task with packages, and the peers", "benchmarks.peers", 900),
    "warm": Part("A task forked from a warm process", "benchmarks.warm_process", 600),
    "links": Part("Packages on their way into an environment", "benchmarks.links"),
    "values": Part("Values", "benchmarks.values", 600),
    "commits": Part("The files of a commit", "benchmarks.commits", 900),
    "browsing": Part("Browsing a repository", "benchmarks.browsing"),
    "rendering": Part("DAG files", "benchmarks.rendering"),
    "parsing": Part("Parsing", "benchmarks.parsing"),
    "lists": Part("Lists", "benchmarks.lists"),
    "web": Part("The web UI in a browser", "benchmarks.web", 600),
    "chains": Part("Airflow, end to end", "benchmarks.chains", 900),
}
