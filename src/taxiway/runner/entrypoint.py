"""Where a task's own interpreter starts: `python -P entrypoint.py`. Standard library only.

Descriptor 3 is the private channel to the supervisor, descriptor 4 holds the payload. All else is
in the folder `inside/`, loaded by its path, so that nothing of ours gets on `sys.path`.
"""

import sys


def _main() -> None:
    package = type(sys)("taxiway_inside")  # a module; `types` would cost a millisecond
    package.__path__ = [__file__.rpartition("/")[0] + "/inside"]
    sys.modules["taxiway_inside"] = package
    # A spawned worker of multiprocessing would otherwise run this file again.
    del sys.modules["__main__"].__file__
    from taxiway_inside.main import main  # type: ignore[import-not-found] # noqa: PLC0415

    main(channel=3, payload=4)


if __name__ == "__main__":
    _main()
