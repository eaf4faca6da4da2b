"""The disk the torture chamber cuts the power of, and what of ours outlives that."""

import asyncio
import hashlib
import mmap
import os
import random
import sqlite3
import stat
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from torture import disk as disks
from torture.disk import Disk, forgetful_disk
from torture.forgetful import SECTOR, Content, File, Folder, Length, Naming, Write, cut

from channels.contract import Receipt
from forwarder.item import Item
from gateway.anchoring import to_file
from gateway.durable import sync_folder
from gateway.file_places import FOLDER, key_of
from gateway.file_places import Folder as Place
from gateway.write_whole import write_whole

ANCHOR = Item(
    id=1,
    record_id="journal",
    kind="anchor",
    revision=1,
    target="anchors:file",
    lane="journal",
    body=b"{}",
    data_key=None,
    attempts=0,
    created_at=0,
    state="pending",
    owner="",
    interrupted=False,
)
CHANCE = random.Random(0)  # noqa: S311 (any)


@pytest.fixture
async def disk(tmp_path: Path) -> AsyncIterator[Disk]:
    if refused := disks.refused():
        pytest.skip(refused)
    async with forgetful_disk(tmp_path / "disk") as mounted:
        yield mounted


# --- what is remembered -------------------------------------------------------------------------


def test_each_sector_is_kept_or_lost() -> None:
    content = Content(bytearray(b"a" * 20 * SECTOR))
    content.unsure += [Write(0, b"b" * 20 * SECTOR)]
    found = content.after_a_cut(CHANCE, 0.5)

    sectors = {bytes(found[at : at + SECTOR]) for at in range(0, len(found), SECTOR)}
    assert sectors == {b"a" * SECTOR, b"b" * SECTOR}


def test_what_was_synced_stays() -> None:
    content = Content()
    content.unsure += [Write(2, b"abc"), Length(4)]
    content.sync()
    content.unsure += [Length(0)]

    assert content.after_a_cut(CHANCE, 0.0) == b"\0\0ab"
    assert content.after_a_cut(CHANCE, 1.0) == b""


def test_a_synced_file_is_gone_with_its_name() -> None:
    root = Folder(mode=stat.S_IFDIR, owner=(0, 0))
    kept, lost = (File(mode=stat.S_IFREG, owner=(0, 0)) for _ in range(2))
    root.do(Naming(None, b"kept", kept))
    root.sync()
    root.do(Naming(None, b"lost", lost))
    lost.sync()
    root.do(Naming(b"kept", b"renamed", kept))
    cut(root, CHANCE, 0.0)

    assert root.now == {b"kept": kept}


# --- the same, mounted --------------------------------------------------------------------------


async def test_a_cut_forgets_what_was_not_synced(disk: Disk) -> None:
    synced, written = disk.folder / "synced", disk.folder / "written"
    with synced.open("wb") as file:
        file.write(b"certain")
        file.flush()
        os.fsync(file.fileno())
    sync_folder(disk.folder)
    written.write_bytes(b"not certain")
    with synced.open("ab") as file:
        file.write(b", or not")
    before = synced.read_bytes()
    await disk.cut(0, 0.0)

    assert before == b"certain, or not"
    assert synced.read_bytes() == b"certain"
    assert _names(disk.folder) == ["synced"]


async def test_everything_is_found_when_chance_will_have_it(disk: Disk) -> None:
    (disk.folder / "a/b").mkdir(parents=True)
    (disk.folder / "a/b/draft").write_bytes(os.urandom(300_000))
    (disk.folder / "a/b/draft").rename(disk.folder / "a/b/file")
    os.link(disk.folder / "a/b/file", disk.folder / "a/second")
    (disk.folder / "a/gone").touch()
    (disk.folder / "a/gone").unlink()
    before = (disk.folder / "a/second").read_bytes()
    await disk.cut(0, 1.0)

    assert _names(disk.folder / "a") == ["b", "second"]
    assert (disk.folder / "a/b/file").read_bytes() == before
    assert (disk.folder / "a/second").stat().st_nlink == 2


async def test_memory_of_a_file_is_shared(disk: Disk) -> None:
    shared = disk.folder / "shared"
    shared.write_bytes(bytes(8192))
    with (
        shared.open("r+b") as one,
        shared.open("r+b") as other,
        mmap.mmap(one.fileno(), 0) as mine,
        mmap.mmap(other.fileno(), 0) as theirs,
    ):
        mine[4096:4100] = b"here"
        assert theirs[4096:4100] == b"here"


@pytest.mark.parametrize(("synchronous", "found"), [("full", 2), ("off", 1)])
async def test_a_database_keeps_what_it_synced(disk: Disk, synchronous: str, found: int) -> None:
    file = disk.folder / "a.db"
    with closing(sqlite3.connect(file)) as database:
        database.execute("pragma journal_mode = wal")
        database.execute("create table words (word)")
        database.execute("insert into words values ('first')")
        database.commit()
        await disk.settle()
        database.execute(f"pragma synchronous = {synchronous}")
        database.execute("insert into words values ('second')")
        database.commit()
        await disk.cut(0, 0.0)
    with closing(sqlite3.connect(file)) as database:
        assert database.execute("select count(*) from words").fetchone() == (found,)


async def test_a_disk_can_ignore_syncs(disk: Disk) -> None:
    await disk.lie()
    _append(disk.folder / "file", b"a")
    sync_folder(disk.folder)
    await disk.cut(0, 0.0)

    assert _names(disk.folder) == []


async def test_a_disk_fails_at_a_change_of_choice(disk: Disk) -> None:
    """What waits for it then hears of nothing but an error, and what was answered is there."""
    file = disk.folder / "file"
    _append(file, b"")
    sync_folder(disk.folder)
    answered = list[int]()

    def write() -> None:
        for number in range(100):
            _append(file, b"a")
            answered.append(number)

    await disk.fail(20)  # two changes each: it is written, and it is synced
    writing = asyncio.create_task(asyncio.to_thread(write))
    await disk.dark()
    await disk.cut(0, 0.0)
    (failed,) = await asyncio.gather(writing, return_exceptions=True)

    assert isinstance(failed, OSError)
    assert len(answered) == 9
    assert file.read_bytes() == b"a" * 9


# --- what of ours outlives a cut ----------------------------------------------------------------


@pytest.mark.parametrize("began", ["nothing", "folder", "fanned", "whole"])
async def test_a_file_that_was_kept_outlives_a_cut(disk: Disk, began: str) -> None:
    """However far another process that was killed had come with it, or is just now."""
    content = b"%PDF-1.7 surat"
    sha256 = hashlib.sha256(content).hexdigest()
    root = disk.folder / FOLDER
    path = root / key_of(sha256)
    if began != "nothing":
        root.mkdir()
    if began in ("fanned", "whole"):
        path.parent.mkdir()
    if began == "whole":
        with path.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    place = Place(root)
    place.put(sha256, [content], len(content))
    await disk.cut(0, 0.0)

    assert path.read_bytes() == content


async def test_an_anchor_that_was_brought_outlives_a_cut(disk: Disk) -> None:
    file = disk.folder / "anchors.jsonl"
    outcomes = await to_file(file).deliver([ANCHOR])
    await disk.cut(0, 0.0)

    assert outcomes == [Receipt()]
    assert file.read_bytes() == ANCHOR.body + b"\n"


async def test_a_file_written_whole_outlives_a_cut(disk: Disk) -> None:
    write_whole(disk.folder / "table", b"old")
    write_whole(disk.folder / "table", b"new")
    await disk.cut(0, 0.0)

    assert (disk.folder / "table").read_bytes() == b"new"
    assert _names(disk.folder) == ["table"]


def _names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def _append(file: Path, content: bytes) -> None:
    with file.open("ab", buffering=0) as opened:
        opened.write(content)
        os.fsync(opened.fileno())
