"""A file that an erasure left to nobody is deleted, whatever happens after the commit."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import obstore
import pytest
import s3_server
from gateway_process import Gateway
from load import Mail, submit
from s3_server import S3Server
from test_file_places import in_bucket

from channels.contract import Attachment
from gateway.bucket import Bucket
from gateway.file_places import key_of
from gateway.files import Files
from gateway.files_leaving import leave, let_go
from gateway.records import put_files
from gateway.store import Store

CONTENT = b"%PDF-1.7 surat warga " + bytes(range(256)) * 10
NAME = hashlib.sha256(CONTENT).hexdigest()
SENDER = "warga@example.org"


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """A folder with one file."""
    kept = Files(tmp_path / "attachments")
    kept.keep([Attachment(content=CONTENT, media_type="application/pdf", name="surat.pdf")])
    return kept


async def waiting(database: Store) -> list[str]:
    rows = await database.read(lambda tx: tx.all("select sha256 from leaving_files"))
    return [row[0] for row in rows]


async def test_what_was_left_to_nobody_is_deleted(
    database: Store, files: Files, tmp_path: Path
) -> None:
    """After a crash in between the next start finds it written down."""
    await database.write(lambda tx: leave(tx, [NAME, "0" * 64], 1))
    assert (tmp_path / "attachments" / key_of(NAME)).exists()

    await let_go(database, files)

    assert not (tmp_path / "attachments" / key_of(NAME)).exists()
    assert await waiting(database) == []


async def test_what_another_report_has_since_stays(
    database: Store, files: Files, tmp_path: Path
) -> None:
    await database.write(lambda tx: leave(tx, [NAME], 1))
    await database.write(lambda tx: put_files(tx, [(NAME, "another")]))

    await let_go(database, files)

    assert (tmp_path / "attachments" / key_of(NAME)).exists()
    assert await waiting(database) == []


async def test_a_place_that_is_away_is_asked_again(
    database: Store, files: Files, tmp_path: Path
) -> None:
    """What could not be deleted stays written down, and holds up nothing else."""
    folder = tmp_path / "attachments" / NAME[:2]
    folder.rename(tmp_path / "away")
    folder.touch()
    await database.write(lambda tx: leave(tx, [NAME, "0" * 64], 1))
    await let_go(database, files)
    assert await waiting(database) == [NAME]

    folder.unlink()
    (tmp_path / "away").rename(folder)
    await let_go(database, files)

    assert await waiting(database) == []
    assert list(folder.iterdir()) == []


# --- a real gateway that is killed between the two ----------------------------------------------


def letter() -> Mail:
    """A complaint with a file."""
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = SENDER, "lapor@localhost", "Lampu jalan"
    mail["Message-ID"] = "<leaving@example.org>"
    mail.set_content("Lampu jalan di Melati padam sejak Senin")
    mail.add_attachment(CONTENT, maintype="application", subtype="pdf", filename="surat.pdf")
    return Mail(id="leaving", sender=SENDER, content=mail.as_bytes())


async def erased(gateway: Gateway) -> None:
    """Order the sender's erasure; a gateway that is killed meanwhile answers nothing."""
    await gateway.command("erase", "--sender", SENDER, "--channel", "mail", "--reason", "diminta")


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await true():  # noqa: ASYNC110 (another process does it)
            await asyncio.sleep(0.05)


async def test_a_kill_after_the_commit_keeps_no_file_in_a_folder(
    gateway: Gateway, tmp_path: Path
) -> None:
    """Its place is away when the case is erased; nobody is left to try again but the next start."""
    folder = gateway.data_dir / "attachments" / NAME[:2]

    async def there() -> bool:
        return (folder / NAME).exists()

    async def gone() -> bool:
        return not (folder / NAME).exists()

    async with gateway:
        assert await submit(gateway.smtp, letter()) == 250
        await until(there)
        await until(lambda: recorded(gateway))
        folder.rename(tmp_path / "away")
        folder.touch()
        await erased(gateway)
        gateway.kill()
        folder.unlink()
        (tmp_path / "away").rename(folder)
        assert await there()
        await gateway.start()
        await until(gone)


async def recorded(gateway: Gateway) -> bool:
    """Whether there is a record."""
    return "Lampu jalan" in (await gateway.command("export")).stdout


@dataclass
class Line:
    """A wire to a server that can be cut: then what is sent arrives nowhere."""

    server: str
    url: str = ""
    cut: bool = False
    swallowed: asyncio.Event = field(default_factory=asyncio.Event)

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, both ways."""
        host, _, port = self.server.removeprefix("http://").partition(":")
        there, back = await asyncio.open_connection(host, int(port))
        await asyncio.gather(self._pass(reader, back), self._pass(there, writer, answers=True))

    async def _pass(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        answers: bool = False,
    ) -> None:
        while some := await reader.read(1 << 16):
            if self.cut and not answers:
                self.swallowed.set()
                continue
            writer.write(some)
        writer.close()


@asynccontextmanager
async def line_to(server: str) -> AsyncIterator[Line]:
    line = Line(server)
    listener = await asyncio.start_server(line.carry, "127.0.0.1", 0)
    line.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    async with listener:
        yield line


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with s3_server.running(tmp_path_factory.mktemp("s3")) as server:
        yield server


async def test_a_kill_before_the_bucket_heard_of_it_keeps_no_file(
    gateway: Gateway, s3: S3Server
) -> None:
    """The commit is done, the order to delete is on its way, and the gateway dies."""
    bucket = Bucket(in_bucket(s3), gateway.home / "spool")

    def names() -> list[str]:
        return [one["path"] for page in obstore.list(bucket._store) for one in page]  # noqa: SLF001

    async def there() -> bool:
        return names() == [key_of(NAME)]

    async def gone() -> bool:
        return names() == []

    async with line_to(s3.url) as line:
        settings = s3.settings()
        settings["s3"]["endpoint"] = line.url
        gateway.settings, gateway.env = {"attachments": settings}, s3.env
        async with gateway:
            assert await submit(gateway.smtp, letter()) == 250
            await until(there)
            await until(lambda: recorded(gateway))
            line.cut = True
            order = asyncio.create_task(erased(gateway))
            await asyncio.wait_for(line.swallowed.wait(), 30)
            gateway.kill()
            await order
            line.cut = False
            assert await there()
            await gateway.start()
            await until(gone)
