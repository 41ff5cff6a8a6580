"""Landing keeps a file as it came, whole or not at all, under a name that stays in its folder."""

from io import BytesIO
from pathlib import Path

import pytest

from tembaga.inbox import written
from tembaga.landing import (
    FileChangedError,
    folder_of,
    is_plain,
    land,
    original,
    sha256_of,
    workspace,
)


def take(contents: bytes, path: Path, size_bytes: int | None = None) -> None:
    size = len(contents) if size_bytes is None else size_bytes
    land(BytesIO(contents), path, size_bytes=size, is_unchanged=lambda: True)


def test_a_file_lands_untouched_in_the_folder_of_its_number(tmp_path: Path) -> None:
    path = original(tmp_path, "north", 17, "sales.csv")

    take(b"id\r\n1\r\n", path)

    assert path == tmp_path / "north/00000017/original/sales.csv"
    assert path.parent.parent == folder_of(tmp_path, "north", 17)
    assert path.read_bytes() == b"id\r\n1\r\n"


def test_an_empty_file_lands_too(tmp_path: Path) -> None:
    take(b"", tmp_path / "sales.csv")

    assert (tmp_path / "sales.csv").read_bytes() == b""


def test_a_file_larger_than_one_read_lands_whole(tmp_path: Path) -> None:
    contents = b"0123456789abcdef" * 200_000

    take(contents, tmp_path / "sales.csv")

    assert (tmp_path / "sales.csv").read_bytes() == contents


def test_the_digest_is_that_of_the_bytes(tmp_path: Path) -> None:
    take(b"abc", tmp_path / "sales.csv")

    assert sha256_of(tmp_path / "sales.csv") == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )


@pytest.mark.parametrize("announced", [2, 4], ids=["longer", "shorter"])
def test_a_file_of_another_length_than_announced_does_not_land(
    tmp_path: Path, announced: int
) -> None:
    with pytest.raises(FileChangedError):
        take(b"abc", tmp_path / "sales.csv", size_bytes=announced)

    assert not (tmp_path / "sales.csv").exists()


def test_a_file_that_was_changed_while_it_was_read_does_not_land(tmp_path: Path) -> None:
    with pytest.raises(FileChangedError):
        land(BytesIO(b"abc"), tmp_path / "a.csv", size_bytes=3, is_unchanged=lambda: False)

    assert not (tmp_path / "a.csv").exists()


def test_what_a_broken_landing_leaves_does_not_stop_the_next(tmp_path: Path) -> None:
    with pytest.raises(FileChangedError):
        take(b"abcdef", tmp_path / "sales.csv", size_bytes=9)

    take(b"abc", tmp_path / "sales.csv")

    assert [path.name for path in tmp_path.iterdir()] == ["sales.csv"]


@pytest.mark.parametrize(
    "name",
    [
        "SALES_20260301.csv",
        "Penjualan Maret (2).xlsx",
        "données—v2.csv",
        "-rf.csv",
        "=cmd.csv",
        "a" * 200,
    ],
)
def test_a_name_that_people_write_is_plain(name: str) -> None:
    assert is_plain(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        ".hidden.csv",
        "../sales.csv",
        "/etc/passwd",
        "a\\b.csv",
        " sales.csv",
        "sales.csv ",
        "sales\n.csv",
        "sales\x00.csv",
        "sales\x7f.csv",
        "sales\u202evsc.exe",
        "sales\u2028.csv",
        "sales\udcff.csv",
        "a" * 201,
        "é" * 121,
    ],
    ids=ascii,
)
def test_a_name_that_could_deceive_or_leave_its_folder_is_not_plain(name: str) -> None:
    assert not is_plain(name)


@pytest.mark.parametrize("name", ["../../x", "..", "a\nb"])
def test_no_path_is_made_from_a_name_that_is_not_plain(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="not a plain name"):
        original(tmp_path, "north", 1, name)
    with pytest.raises(ValueError, match="not a plain name"):
        original(tmp_path, name, 1, "sales.csv")


def test_a_plain_name_is_written_as_it_is() -> None:
    assert written("Penjualan é.csv".encode()) == "Penjualan é.csv"


def test_odd_names_are_spelled_out_and_none_like_another() -> None:
    odd = [b"a\nb", b"a\\nb", b"a\xff", b"a\\xff", "a\u00ff\n".encode(), b"a\x00", b" a", b"a "]
    odd += [b"x" * 300, b"x" * 299, b"\xff" * 250]

    spelled = [written(name) for name in odd]

    assert len(set(spelled)) == len(odd)
    assert not any(is_plain(name) for name in spelled)
    assert all(name.isprintable() and len(name) < 240 for name in spelled)


def test_a_workspace_takes_away_what_a_kill_left_of_an_earlier_one(tmp_path: Path):
    left, other = tmp_path / ".rows-left", tmp_path / ".validation-left"
    for folder in (left, other):
        folder.mkdir()
    (left / "rows.csv").touch()

    with workspace(tmp_path, "rows") as folder:
        (folder / "rows.csv").touch()
        assert not left.exists()

    assert list(tmp_path.iterdir()) == [other]
