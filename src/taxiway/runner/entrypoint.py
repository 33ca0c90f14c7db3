"""Where a task's own interpreter starts: `python -P entrypoint.py`. Standard library only.

Descriptor 3 is the private channel to the supervisor, descriptor 4 holds the payload. All else is
in the folder `inside/`, loaded by its path, so that nothing of ours gets on `sys.path`.
"""

import os
import sys
from importlib.util import module_from_spec, spec_from_file_location


def _main() -> None:
    here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "inside")  # noqa: PTH100, PTH118, PTH120
    spec = spec_from_file_location(
        "taxiway_inside",
        os.path.join(here, "__init__.py"),  # noqa: PTH118
        submodule_search_locations=[here],
    )
    assert spec is not None and spec.loader is not None
    package = module_from_spec(spec)
    sys.modules["taxiway_inside"] = package
    spec.loader.exec_module(package)
    # A spawned worker of multiprocessing would otherwise run this file again.
    del sys.modules["__main__"].__file__
    from taxiway_inside.main import main  # type: ignore[import-not-found] # noqa: PLC0415

    main(channel=3, payload=4)


if __name__ == "__main__":
    _main()
