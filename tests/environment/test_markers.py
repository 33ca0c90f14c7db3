from __future__ import annotations

import pytest

from taxiway.environment.markers import may_apply


@pytest.mark.parametrize(
    ("marker", "applies"),
    [
        ("python_full_version < '3.12'", True),
        ("python_full_version >= '3.12'", False),
        ("python_version >= '3.11'", True),
        ("python_version < '3.11'", False),
        ("'3.12' <= python_version", False),
        ("python_full_version < '3.11.4'", True),  # some patch level
        ("python_full_version == '3.11.*'", True),
        ("python_full_version == '3.1.*'", False),
        ("python_full_version != '3.11.*'", False),
        ("sys_platform == 'win32'", True),
        ("sys_platform == 'win32' and python_full_version >= '3.13'", False),
        ("sys_platform == 'win32' or python_full_version >= '3.13'", True),
        ("(python_version < '3.9' or python_version > '3.12') and os_name == 'nt'", False),
        ("platform_machine not in 'x86_64' and python_version == '3.10'", False),
        ("something we do not know !!", True),
    ],
)
def test_only_what_no_platform_could_need_is_left_out(marker: str, applies: bool) -> None:
    assert may_apply(marker, "3.11") is applies
