"""Folders and zips, hostile ones too, are files or sentences."""

from __future__ import annotations

import calendar
import io
import os
import stat
import struct
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.grading.intake.archive import Found, Limits, walk
from helpers.grading.intake.notebook import Unreadable

DATA = b'{"cells": []}'
LINK = "It is a link to another place, and links are not followed."
DAMAGED = "The file is damaged in its archive: pack it again."
NO_ZIP = "The file is not a zip archive, or a damaged one."
OUT = "The file's name leads out of its archive; it is not read."
OTHER_ARCHIVE = "It is an archive that is not opened here: unpack it, or pack it as a zip."


def packed(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def seen(
    folder: Path, data: bytes, limits: Limits | None = None, name: str = "all.zip"
) -> dict[str, str | bytes]:
    """What is found in an archive: the bytes of each file, or why there are none."""
    (folder / name).write_bytes(data)
    return {found.path: content(found) for found in walk([folder / name], limits)}


def content(found: Found) -> str | bytes:
    try:
        return found.read()
    except Unreadable as error:
        return str(error)


def test_files_and_folders_are_walked_in_order(tmp_path: Path) -> None:
    root = tmp_path / "subs"
    for name in ["b/lab.ipynb", "a/lab.ipynb", "a/x/notes.md", "a/noname", "a/work.rar"]:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(DATA)
    for name in [
        ".git/x.ipynb",
        "a/.ipynb_checkpoints/lab-checkpoint.ipynb",
        "__MACOSX/._lab.ipynb",
        "Thumbs.db",
    ]:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(DATA)
    (root / "link.ipynb").symlink_to(root / "a/lab.ipynb")
    (root / "up").symlink_to(tmp_path)
    os.mkfifo(root / "pipe.ipynb")
    os.utime(root / "a/lab.ipynb", (5, 5))
    found = list(walk([root, tmp_path / "none.ipynb"]))
    assert [(one.path, content(one), one.is_work) for one in found] == [
        ("none.ipynb", "There is no such file or folder.", False),
        ("subs/a/lab.ipynb", DATA, True),
        ("subs/a/noname", "It is not a notebook (.ipynb).", False),
        ("subs/a/work.rar", OTHER_ARCHIVE, True),
        ("subs/a/x/notes.md", "It is a .md file, not a notebook (.ipynb).", False),
        ("subs/b/lab.ipynb", DATA, True),
        ("subs/link.ipynb", LINK, False),
        ("subs/up", LINK, False),
    ]
    assert found[1].modified == 5


def test_things_of_the_same_name_keep_their_folders(tmp_path: Path) -> None:
    paths = [tmp_path / name / "lab.ipynb" for name in ("jane", "bob", "x/bob")]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(DATA)
    found = walk([*paths, paths[0].parent / ".." / "jane" / "lab.ipynb", tmp_path / "jane"])
    last = tmp_path.name
    assert sorted(one.path for one in found) == sorted(
        [f"{last}/bob/lab.ipynb", "jane/lab.ipynb", "jane/lab.ipynb", "x/bob/lab.ipynb"]
    )


def test_folders_are_walked_to_a_depth(tmp_path: Path) -> None:
    place = tmp_path / "in"
    for _ in range(600):
        place = place / "d"
    place.mkdir(parents=True)
    (place / "lab.ipynb").write_bytes(DATA)
    (found,) = walk([tmp_path / "in"])
    assert (found.path, found.problem) == (
        f"in/{'d/' * 48}d...",
        "The file's name is longer than 1,000 characters.",
    )


def test_a_file_that_vanishes_says_so(tmp_path: Path) -> None:
    (tmp_path / "lab.ipynb").write_bytes(DATA)
    (tmp_path / "all.zip").write_bytes(packed({"lab.ipynb": DATA}))
    files = list(walk([tmp_path / "lab.ipynb", tmp_path / "all.zip"]))
    (tmp_path / "lab.ipynb").unlink()
    (tmp_path / "all.zip").unlink()
    assert [content(found) for found in files] == [
        "The archive cannot be read: No such file or directory.",
        "The file cannot be read: No such file or directory.",
    ]


def test_zips_inside_zips_are_opened_to_a_depth(tmp_path: Path) -> None:
    one = packed({"lab.ipynb": DATA})
    two = packed({"one.zip": one, "b.ipynb": b"2"})
    three = packed({"two.zip": two, "c.ipynb": b"3"})
    four = packed({"three.zip": three})
    assert seen(tmp_path, three) == {
        "all.zip/c.ipynb": b"3",
        "all.zip/two.zip/b.ipynb": b"2",
        "all.zip/two.zip/one.zip/lab.ipynb": DATA,
    }
    assert seen(tmp_path, four) == {
        "all.zip/three.zip/c.ipynb": b"3",
        "all.zip/three.zip/two.zip/b.ipynb": b"2",
        "all.zip/three.zip/two.zip/one.zip": "It is a zip more than 3 zips deep; it is not opened.",
    }


def test_names_are_read_as_they_were_written(tmp_path: Path) -> None:
    flagged = packed({"José/lab.ipynb": DATA})
    # As many tools write: UTF-8 without the flag that says so.
    unflagged = flagged.replace(b"\x00\x08\x08\x00", b"\x00\x00\x08\x00")
    assert unflagged != flagged
    old = packed({"Jos?/lab.ipynb": DATA}).replace(b"Jos?", b"Jos\x82")
    assert (
        seen(tmp_path, flagged)
        == seen(tmp_path, unflagged)
        == seen(tmp_path, old)
        == {"all.zip/José/lab.ipynb": DATA}
    )
    assert seen(tmp_path, packed({"a\\b\x1b.ipynb": DATA})) == {"all.zip/a/b_.ipynb": DATA}


def test_unsafe_members_are_not_read(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in [
            "../up.ipynb",
            "/etc/x.ipynb",
            "C:/x.ipynb",
            "a/../../x.ipynb",
            "ok.ipynb",
            ".hidden.ipynb",
            "d/",
        ]:
            archive.writestr(name, DATA)
        link = zipfile.ZipInfo("link.ipynb")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("n" * 1001 + ".ipynb", DATA)
        archive.writestr("bz.ipynb", DATA, zipfile.ZIP_BZIP2)
    assert seen(tmp_path, out.getvalue()) == {
        "all.zip/../up.ipynb": OUT,
        "all.zip//etc/x.ipynb": OUT,
        "all.zip/C:/x.ipynb": OUT,
        "all.zip/a/../../x.ipynb": OUT,
        "all.zip/bz.ipynb": "The file is packed in a way that is not opened here: pack it as an ordinary zip.",
        "all.zip/link.ipynb": LINK,
        f"all.zip/{'n' * 92}...": "The file's name is longer than 1,000 characters.",
        "all.zip/ok.ipynb": DATA,
    }


def test_locked_and_damaged_members_say_so(tmp_path: Path) -> None:
    data = bytearray(packed({"lab.ipynb": b"x" * 50, "ok.ipynb": DATA}, zipfile.ZIP_STORED))
    data[data.index(b"xxxx")] = ord("y")  # now the checksum is wrong
    assert seen(tmp_path, bytes(data)) == {"all.zip/lab.ipynb": DAMAGED, "all.zip/ok.ipynb": DATA}
    data = bytearray(packed({"lab.ipynb": DATA}))
    data[data.index(b"PK\1\2") + 8] |= 1
    assert seen(tmp_path, bytes(data)) == {"all.zip/lab.ipynb": "The file is locked with a password."}


@pytest.mark.parametrize(
    "data", [b"", b"nonsense", packed({"lab.ipynb": DATA})[:-30], b"PK\5\6" + b"\xff" * 18]
)
def test_what_is_no_zip_is_one_sentence(tmp_path: Path, data: bytes) -> None:
    assert seen(tmp_path, data) == {"all.zip": NO_ZIP}
    assert seen(tmp_path, packed({"jane.zip": data, "bob.ipynb": DATA})) == {
        "all.zip/bob.ipynb": DATA,
        "all.zip/jane.zip": NO_ZIP,
    }


def test_a_member_without_a_name_is_a_file(tmp_path: Path) -> None:
    data = packed({"nnnn.ipynb": DATA}).replace(b"nnnn", b"\0nnn")
    assert seen(tmp_path, data) == {"all.zip/unnamed": "It is not a notebook (.ipynb)."}


def test_two_members_of_one_name_are_two_files(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        data = _twice()
    assert seen(tmp_path, data) == {"all.zip/lab.ipynb": b"1", "all.zip/lab (2).ipynb": b"2"}


def _twice() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("lab.ipynb", b"1")
        archive.writestr("lab.ipynb", b"2")
    return out.getvalue()


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    bomb = packed({"lab.ipynb": bytes(30 * 2**20)})
    huge = packed({"lab.ipynb": bytes(40 * 2**20)})
    data = packed({"eve.zip": bomb, "bob.ipynb": DATA, "huge.zip": huge})
    tracemalloc.start()
    found = seen(tmp_path, data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == {
        "all.zip/bob.ipynb": DATA,
        "all.zip/eve.zip/lab.ipynb": "The file unpacks to more than 200 times its size, as a zip bomb does.",
        "all.zip/huge.zip/lab.ipynb": "The file is larger than 32 MiB.",
    }
    assert peak < 5 * 2**20


def test_a_file_that_lies_about_its_size_is_damaged(tmp_path: Path) -> None:
    size = 30 * 2**20
    data = packed({"lab.ipynb": bytes(size)}).replace(struct.pack("<L", size), struct.pack("<L", 20))
    tracemalloc.start()
    assert seen(tmp_path, data) == {"all.zip/lab.ipynb": DAMAGED}
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5 * 2**20


def test_limits_hold_for_each_students_archive_alone(tmp_path: Path) -> None:
    limits = Limits(files=3, inner_total_mb=1)
    many = packed({f"{number}.ipynb": DATA for number in range(5)})
    large = packed({"a.ipynb": os.urandom(700_000), "b.ipynb": os.urandom(700_000)})
    found = seen(tmp_path, packed({"eve.zip": many, "jane.ipynb": DATA, "zoe.zip": large}), limits)
    assert list(found) == [
        "all.zip/eve.zip/0.ipynb",
        "all.zip/eve.zip/1.ipynb",
        "all.zip/eve.zip/2.ipynb",
        "all.zip/eve.zip",
        "all.zip/jane.ipynb",
        "all.zip/zoe.zip/a.ipynb",
        "all.zip/zoe.zip/b.ipynb",
    ]
    assert found["all.zip/eve.zip"] == "The archive holds more than 3 files; some are not read."
    assert found["all.zip/jane.ipynb"] == DATA
    assert found["all.zip/zoe.zip/b.ipynb"] == (
        "The files of the archive are larger than 1 MiB together; this one is not opened."
    )


def test_a_directory_too_long_to_list_is_not_listed(tmp_path: Path) -> None:
    many = packed({f"{number:0200}.ipynb": b"" for number in range(30)}, zipfile.ZIP_STORED)
    assert seen(tmp_path, many, Limits(files=10)) == {
        "all.zip": "The archive holds more than 10 files; it is not opened."
    }


def test_the_instant_is_the_archives(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo("a.ipynb", (2025, 10, 3, 11, 30, 0)), DATA)
        archive.writestr(zipfile.ZipInfo("b.ipynb"), DATA)  # 1980: not set
        archive.writestr(zipfile.ZipInfo("c.ipynb", (2025, 0, 0, 0, 0, 0)), DATA)
    (tmp_path / "all.zip").write_bytes(out.getvalue())
    assert [found.modified for found in walk([tmp_path / "all.zip"])] == [
        calendar.timegm((2025, 10, 3, 11, 30, 0)),
        None,
        None,
    ]


def test_files_are_read_when_asked_and_not_kept(tmp_path: Path) -> None:
    data = packed({f"{number:02}.ipynb": os.urandom(2**20) for number in range(20)})
    (tmp_path / "all.zip").write_bytes(data)
    tracemalloc.start()
    files = list(walk([tmp_path / "all.zip"]))
    sizes = [len(found.read()) for found in files]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sizes == [2**20] * 20
    assert peak < 8 * 2**20


NAMES = st.lists(
    st.text(st.characters(categories=["L", "N"], codec="utf-8"), min_size=1).map(
        lambda name: f"{name}.ipynb"
    ),
    unique=True,
)


@given(names=NAMES)
def test_names_round_trip(names: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.getbasetemp()
    found = seen(folder, packed({name: name.encode() for name in names}), name="names.zip")
    assert found == {f"names.zip/{name}": name.encode() for name in sorted(names)}


GOOD = packed({"a/lab.ipynb": DATA * 20, "b.zip": packed({"lab.ipynb": DATA}), "c.txt": b"x"})


@given(
    edits=st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), max_size=8),
    cut=st.integers(0, 40),
)
def test_any_damage_is_a_sentence(
    edits: list[tuple[int, int]], cut: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    data = bytearray(GOOD)
    for place, value in edits:
        data[place] = value
    for got in seen(
        tmp_path_factory.getbasetemp(), bytes(data[: len(data) - cut]), name="damaged.zip"
    ).values():
        assert isinstance(got, bytes) or (got.endswith(".") and "\n" not in got)
