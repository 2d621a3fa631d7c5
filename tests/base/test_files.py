"""write_whole: the old file or the new one, never a part; errors that say what to do."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from steepest.base.errors import SteepestError
from steepest.base.files import write_whole


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("content", [b"", b"\x00\xff", "αβ\n", "x" * 100_000])
def test_what_is_written_is_what_is_read(tmp_path: Path, content: bytes | str) -> None:
    path = write_whole(tmp_path / "a.bin", content)
    assert path == tmp_path / "a.bin"
    assert path.read_bytes() == (content.encode() if isinstance(content, str) else content)
    assert [p.name for p in tmp_path.iterdir()] == ["a.bin"]


def test_names_of_all_kinds(tmp_path: Path) -> None:
    for name in ("a b.txt", "ü.txt", ".hidden", "n" * 255):
        assert write_whole(tmp_path / name, name).read_text() == name
    assert write_whole(str(tmp_path / "text"), "as a string").read_text() == "as a string"


@pytest.mark.parametrize("broken", ["fsync", "replace", "chmod"])
def test_a_failure_leaves_the_old_file_and_no_litter(tmp_path: Path, monkeypatch: Any, broken: str) -> None:
    path = write_whole(tmp_path / "model.json", "old")

    def fails(*arguments: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, broken, fails)
    with pytest.raises(
        SteepestError, match=r"cannot write .*model\.json: No space left on device\. Choose another place"
    ):
        write_whole(path, "new")
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["model.json"]


def test_an_interruption_leaves_the_old_file_and_no_litter(tmp_path: Path, monkeypatch: Any) -> None:
    path = write_whole(tmp_path / "model.json", "old")

    def interrupted(*arguments: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_whole(path, "new")
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["model.json"]


def test_places_that_cannot_be_written_are_named(tmp_path: Path, monkeypatch: Any) -> None:
    with pytest.raises(SteepestError, match=r"nowhere/a\.txt: the folder .*nowhere does not exist"):
        write_whole(tmp_path / "nowhere" / "a.txt", "x")
    (tmp_path / "file").write_text("")
    with pytest.raises(SteepestError, match="Not a directory"):
        write_whole(tmp_path / "file" / "a.txt", "x")
    (tmp_path / "folder").mkdir()
    with pytest.raises(SteepestError, match="Is a directory"):
        write_whole(tmp_path / "folder", "x")
    for odd in ("a\0b", "/"):
        with pytest.raises(SteepestError, match="cannot write"):
            write_whole(odd, "x")

    def refuses(*arguments: Any) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(os, "open", refuses)
    with pytest.raises(
        SteepestError, match=r"cannot write .*a\.txt: Permission denied\. Choose another place, .*--out"
    ):
        write_whole(tmp_path / "a.txt", "x")


def test_permissions_are_those_of_an_ordinary_new_file_or_of_the_old_one(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        ordinary = tmp_path / "ordinary"
        ordinary.write_text("")
        new = write_whole(tmp_path / "new", "x")
        assert mode(new) == mode(ordinary) == 0o640
    finally:
        os.umask(before)
    new.chmod(0o600)
    assert mode(write_whole(new, "y")) == 0o600


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    write_whole(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"
