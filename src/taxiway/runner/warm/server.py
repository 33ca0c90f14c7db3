"""Where a warm process starts: `python -I -u -B server.py [PACKAGES]`. Standard library only.

Descriptor 3 is the line to the broker, descriptor 4 holds the plan. `PACKAGES` were found not to
survive a fork. Only a forked task comes back from `serve`, with what it has to do.
"""

import sys

_BARE = frozenset(sys.modules)  # what each interpreter has, before user code


def _main() -> None:
    runner = __file__.rpartition("/warm/")[0]
    package = type(sys)("taxiway_runner")
    package.__path__ = [runner]
    sys.modules["taxiway_runner"] = package
    from taxiway_runner.warm.forks import serve  # type: ignore[import-not-found] # noqa: PLC0415

    serve(bare=_BARE, entrypoint=f"{runner}/entrypoint.py", excluded=sys.argv[1:])()


if __name__ == "__main__":
    _main()
