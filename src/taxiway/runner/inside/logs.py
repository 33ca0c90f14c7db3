"""Log records keep their level and their logger's name on the way to the task's log."""

from __future__ import annotations

import sys

from .channel import Channel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class WhenImported:
    """A finder that calls `then` when the module `name` has been imported.

    `logging` costs more than all else that a small task needs, and not each task logs.
    """

    def __init__(self, name: str, then: Callable[[Any], None]) -> None:
        self._name, self._then = name, then

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name != self._name:
            return None
        sys.meta_path.remove(self)
        specs = (finder.find_spec(name, path, target) for finder in sys.meta_path)
        spec = next(filter(None, specs), None)
        if spec is None or spec.loader is None:
            return None
        execute, then = spec.loader.exec_module, self._then

        def exec_module(module: Any) -> None:
            execute(module)
            then(module)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def set_up_logging(channel: Channel, tell: Callable[[BaseException], str]) -> None:
    """The root logger at INFO, with all records going to the channel, once logging is there."""
    if "logging" in sys.modules:
        _configure(sys.modules["logging"], channel, tell)
    else:
        finder = WhenImported("logging", lambda module: _configure(module, channel, tell))
        sys.meta_path.insert(0, finder)


def _configure(logging: Any, channel: Channel, tell: Callable[[BaseException], str]) -> None:
    class ChannelHandler(logging.Handler):  # type: ignore[misc]
        def emit(self, record: Any) -> None:
            try:
                text = record.getMessage()
                if record.exc_info and record.exc_info[1]:
                    text += "\n" + tell(record.exc_info[1]).rstrip()
                if record.stack_info:
                    text += "\n" + record.stack_info
                channel.send({"log": text, "level": record.levelno, "logger": record.name})
            except Exception:
                self.handleError(record)

    logging.basicConfig(level=logging.INFO, handlers=[ChannelHandler()])
