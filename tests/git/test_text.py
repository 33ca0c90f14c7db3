from __future__ import annotations

import codecs

import pytest

from taxiway.git.text import Text, lfs_size, text_of


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", Text("", "utf-8")),
        ("Grüße\n".encode(), Text("Grüße\n", "utf-8")),
        (codecs.BOM_UTF8 + b"x", Text("x", "utf-8")),
        ("Grüße".encode("utf-16"), Text("Grüße", "utf-16")),
        ("Grüße".encode("utf-32"), Text("Grüße", "utf-32")),
        ("Grüße".encode("latin-1"), Text("Grüße", "latin-1")),
        (b"a\0b", None),
        (codecs.BOM_UTF16_LE + b"\x00\xd8", None),
        (b"x" * 8000 + b"\0", Text("x" * 8000 + "\0", "utf-8")),
    ],
)
def test_a_file_is_text_in_an_encoding_or_it_is_binary(data: bytes, expected: Text | None) -> None:
    assert text_of(data) == expected


def test_a_pointer_of_lfs_tells_the_size_of_what_it_stands_for() -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize 12\n" % (b"a" * 64)
    assert lfs_size(pointer) == 12
    assert lfs_size(pointer + b"more") is None
    assert lfs_size(pointer.replace(b"12", b"1" * 19)) is None
    assert lfs_size(b"size 12\n") is None
