"""Attachments on disk: what is kept, as what, and what the scanner has to say."""

import asyncio
import contextlib
import getpass
import hashlib
import stat
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import clamd as scanner
import msgspec
import peers
import pytest
from clamd import EICAR, Clamd
from ports import unused_port

from channels.contract import Attachment, Point, Sink, TooLarge
from gateway.files import Files, FileSink, Kept
from gateway.files_options import Attachments
from gateway.scan import Scanner, Verdict
from normalizer.record import StoredFile

PICTURES = Path(__file__).parent / "fixtures" / "pictures"
PHOTO = (PICTURES / "baseline.jpg").read_bytes()
REPORT = b"%PDF-1.7 " + bytes(range(256)) * 5000


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """An empty attachment directory."""
    return Files(tmp_path / "attachments")


@pytest.fixture
def clamd(tmp_path: Path) -> Iterator[Clamd]:
    """A scanner."""
    with scanner.running(tmp_path) as running:
        yield running


def scanning(clamd: Clamd, tmp_path: Path, **options: float) -> Files:
    """An attachment directory behind a scanner."""
    settings = Attachments(clamd=f"unix:{clamd.path}", **options)  # type: ignore[arg-type]  # one test, one option
    return Files(tmp_path / "attachments", settings)


def lies(files: Files, sha256: str) -> Path:
    """Where the descriptor of a file leads."""
    with files.open(sha256) as file:
        return Path(f"/proc/self/fd/{file.fileno()}").readlink()


def attached(content: bytes, name: str = "a", media_type: str = "") -> list[Attachment]:
    """One file."""
    return [Attachment(name=name, media_type=media_type, content=content)]


def on_disk(folder: Path) -> list[Path]:
    """Every file below it."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


async def poured(sink: FileSink, content: bytes, name: str = "a", media_type: str = "") -> Kept:
    """A file as it arrives, in small pieces."""
    for start in range(0, len(content), 1000):
        await sink.write(content[start : start + 1000])
    return await sink.finish(name, media_type)


# --- in memory ---------------------------------------------------------------------------------


def test_a_file_lies_under_its_digest(files: Files) -> None:
    """Its name from outside is told and never used as a path."""
    name = "../../etc/passwd"
    (kept,) = files.keep(attached(REPORT, name, "text/html"))
    path = lies(files, kept.sha256)

    assert kept == StoredFile(
        sha256=hashlib.sha256(REPORT).hexdigest(), media_type="application/pdf",
        bytes=len(REPORT), name=name,
    )  # fmt: skip
    assert path.read_bytes() == REPORT
    assert path.parts[-3:] == ("attachments", kept.sha256[:2], kept.sha256)


def test_nobody_else_may_read_it(files: Files) -> None:
    """The gateway's user alone."""
    (kept,) = files.keep(attached(REPORT))
    path = lies(files, kept.sha256)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_the_same_file_is_kept_once(files: Files, tmp_path: Path) -> None:
    """Under each of its names."""
    first, second = files.keep(attached(REPORT, "a") + attached(REPORT, "b"))

    assert first.sha256 == second.sha256
    assert (first.name, second.name) == ("a", "b")
    assert len(on_disk(tmp_path)) == 1


def test_a_photo_is_kept_without_its_place_which_is_told(files: Files) -> None:
    """The point is offered beside the file; the file and its digest know nothing of it."""
    (kept,) = files.take(attached(PHOTO, "foto.jpg", "image/png"))

    assert kept.file is not None
    assert kept.point == Point(lat=-6.2088, lon=106.8456)
    assert (kept.file.media_type, kept.remarks) == ("image/jpeg", ())
    content = lies(files, kept.file.sha256).read_bytes()
    assert hashlib.sha256(content).hexdigest() == kept.file.sha256
    assert len(content) == kept.file.bytes < len(PHOTO)
    assert b"GPS" not in content


def test_a_damaged_photo_is_kept_as_it_is(files: Files) -> None:
    """As a file that no browser opens, with a word to the officer."""
    (kept,) = files.take(attached(PHOTO[:30], "foto.jpg", "image/jpeg"))

    assert kept.file is not None
    assert kept.file.media_type == "application/octet-stream"
    assert kept.remarks == ("a damaged picture kept with its metadata: image/jpeg",)
    assert lies(files, kept.file.sha256).read_bytes() == PHOTO[:30]


def test_many_threads_may_keep_the_same_file(files: Files, tmp_path: Path) -> None:
    """They write it once or twice, never half."""
    threads = [
        threading.Thread(target=files.keep, args=(attached(REPORT + b"x"),)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    (path,) = on_disk(tmp_path)
    assert path.read_bytes() == REPORT + b"x"


def test_a_disk_that_will_not_write_is_told(files: Files, tmp_path: Path) -> None:
    """An OSError, and nothing half is left."""
    (tmp_path / "attachments").write_bytes(b"in the way")

    with pytest.raises(OSError, match="attachments"):
        files.keep(attached(REPORT))


# --- streamed ----------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"", b"a,b\n", REPORT, PHOTO])
async def test_a_streamed_file_is_kept_like_one_in_memory(
    files: Files, tmp_path: Path, content: bytes
) -> None:
    """Same digest, type, size and place, and nothing else is left on disk."""
    sink: Sink = files.sink()
    assert isinstance(sink, FileSink)
    streamed = await poured(sink, content, "a.csv", "text/csv")
    paths = on_disk(tmp_path)
    (kept,) = files.take(attached(content, "a.csv", "text/csv"))

    assert streamed == kept
    assert kept.file is not None
    assert paths == on_disk(tmp_path) == [lies(files, kept.file.sha256)]


async def test_a_stream_ends_at_the_cap(files: Files, tmp_path: Path) -> None:
    """Beyond it nothing is written, and giving up leaves nothing behind."""
    sink = files.sink(1500)
    await sink.write(bytes(1500))
    for _ in range(2):
        with pytest.raises(TooLarge):
            await sink.write(b"x")
    sink.abandon()

    assert on_disk(tmp_path) == []


async def test_the_cap_is_a_setting(tmp_path: Path) -> None:
    """Where nothing else is said."""
    sink = Files(tmp_path, Attachments(most_bytes=10)).sink()
    with pytest.raises(TooLarge):
        await sink.write(bytes(11))
    sink.abandon()


async def test_giving_up_is_harmless_at_any_time(files: Files, tmp_path: Path) -> None:
    """Before the first byte, twice, and after the end."""
    for sink in (files.sink(), files.sink()):
        sink.abandon()
        sink.abandon()
    sink = files.sink()
    kept = await poured(sink, REPORT)
    sink.abandon()

    assert kept.file is not None
    assert on_disk(tmp_path) == [lies(files, kept.file.sha256)]


async def test_two_streams_of_the_same_file_meet(files: Files, tmp_path: Path) -> None:
    """Providers send things twice, also at once."""
    first, second = await asyncio.gather(poured(files.sink(), REPORT), poured(files.sink(), REPORT))

    assert first == second
    assert len(on_disk(tmp_path)) == 1


# --- scanned -----------------------------------------------------------------------------------


async def test_a_virus_is_not_kept(clamd: Clamd, tmp_path: Path) -> None:
    """Neither from memory nor streamed; the remark names it, and the others are kept."""
    files = scanning(clamd, tmp_path)
    refused, kept = files.take(attached(EICAR) + attached(REPORT))
    streamed = await poured(files.sink(), b"x" * 5000 + EICAR)

    assert refused == streamed == Kept(file=None, remarks=("file refused: virus Eicar-Signature",))
    assert kept.file is not None
    assert kept.remarks == ()
    assert on_disk(tmp_path / "attachments") == [lies(files, kept.file.sha256)]
    assert files.keep(attached(EICAR)) == ()


def test_the_scanner_sees_the_file_as_it_came(clamd: Clamd, tmp_path: Path) -> None:
    """Before anything is cut from it."""
    scanning(clamd, tmp_path).take(attached(PHOTO))

    assert clamd.shown == [PHOTO]


@pytest.mark.parametrize(
    "mood", ["hang up", "silent", "COMMAND READ TIMED OUT\x00", "stream: OK", "x" * 5000]
)
def test_a_scanner_that_fails_holds_nothing_up(clamd: Clamd, tmp_path: Path, mood: str) -> None:
    """The file is kept, and the officer knows that nobody looked at it."""
    clamd.mood = mood
    (kept,) = scanning(clamd, tmp_path, clamd_timeout=0.3).take(attached(EICAR))

    assert kept.file is not None
    assert kept.remarks == (() if mood == "stream: OK" else ("not scanned for viruses",))


def test_a_file_larger_than_the_scanner_takes_is_kept(clamd: Clamd, tmp_path: Path) -> None:
    """Whether we know its limit or it hangs up on us in the middle."""
    clamd.most_bytes = 100_000
    (ours,) = scanning(clamd, tmp_path, clamd_most_bytes=1000).take(attached(REPORT))
    (theirs,) = scanning(clamd, tmp_path).take(attached(bytes(20_000_000)))

    assert ours.remarks == ("not scanned for viruses: too large",)
    assert theirs.remarks == ("not scanned for viruses",)


def test_a_scanner_that_is_away_is_left_in_peace(clamd: Clamd) -> None:
    """After one failure nobody waits for it for a while."""
    clamd.mood = "silent"
    asking = Scanner(f"unix:{clamd.path}", timeout=0.2, most_bytes=100)
    verdicts = [asking.scan([b"x"], 1) for _ in range(50)]

    assert verdicts == [Verdict(remark="not scanned for viruses")] * 50
    assert len(clamd.shown) == 1


@pytest.mark.parametrize("address", ["unix:/nowhere/clamd.ctl", "127.0.0.1:{port}"])
def test_no_scanner_at_the_address(address: str) -> None:
    """Nothing is held up."""
    asking = Scanner(address.format(port=unused_port()), timeout=1, most_bytes=100)

    assert asking.scan([b"x"], 1) == Verdict(remark="not scanned for viruses")


def test_the_name_of_a_virus_is_only_a_name(clamd: Clamd, tmp_path: Path) -> None:
    """Whatever the scanner says, a short word of plain letters is shown."""
    clamd.mood = f"stream: Win.Test/<b>{'x' * 200} FOUND\x00"
    (kept,) = scanning(clamd, tmp_path).take(attached(EICAR))

    assert kept.file is None
    assert kept.remarks == (f"file refused: virus {'Win.Test_b_' + 'x' * 69}",)


@pytest.mark.parametrize(
    "options",
    ['clamd = "clamd"', 'clamd = "unix:clamd.ctl"', "most_bytes = 0", "clamd_timeout = 0", "x = 1"],
)
def test_settings_that_say_nothing_are_refused(options: str) -> None:
    """A wrong address ends the start, not the first file."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.toml.decode(options, type=Attachments)


@pytest.mark.peer
def test_a_real_clamd_agrees(tmp_path: Path) -> None:
    """With a signature of our own for the EICAR file, so that nothing is downloaded."""
    program = peers.need("clamd")
    (tmp_path / "db").mkdir()
    digest = hashlib.sha256(EICAR).hexdigest()
    (tmp_path / "db" / "own.hsb").write_text(f"{digest}:{len(EICAR)}:Own-Eicar\n")
    address = tmp_path / "clamd.ctl"
    conf = tmp_path / "clamd.conf"
    conf.write_text(
        f"LocalSocket {address}\nDatabaseDirectory {tmp_path}/db\nForeground yes\n"
        f"User {getpass.getuser()}\n"
    )
    with subprocess.Popen([program, "-c", conf], stdout=subprocess.DEVNULL) as process:
        try:
            _until_there(address, process)
            files = Files(tmp_path / "attachments", Attachments(clamd=f"unix:{address}"))
            refused, kept = files.take(attached(EICAR) + attached(REPORT))
        finally:
            process.terminate()

    assert refused == Kept(file=None, remarks=("file refused: virus Own-Eicar.UNOFFICIAL",))
    assert kept.file is not None
    assert kept.remarks == ()


def _until_there(path: Path, process: subprocess.Popen[bytes]) -> None:
    """Wait for a file of a program that is starting."""
    for _ in range(600):
        if path.exists():
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            pytest.fail(f"it ended with {process.wait(0.05)}")
    pytest.fail(f"{path} did not come")
