"""How the threads of one server wake each other; what they say is in the database."""

from __future__ import annotations

import threading


class Signals:
    """One per server process."""

    def __init__(self) -> None:
        self._work = threading.Event()
        self._news = threading.Condition()

    def wake(self) -> None:
        """There is something to publish or to retire."""
        self._work.set()

    def wait_for_work(self, seconds: float) -> None:
        self._work.wait(seconds)
        self._work.clear()

    def announce(self) -> None:
        """A deploy ended, or something arrived in Airflow."""
        with self._news:
            self._news.notify_all()

    def wait_for_news(self, seconds: float) -> None:
        with self._news:
            self._news.wait(seconds)
