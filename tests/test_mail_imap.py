"""A mailbox over IMAP: read once, never touched, whatever the server does."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date
from os import utime
from pathlib import Path

import dovecot as peer
import pytest
from doors import Site, door
from dovecot import Dovecot
from hypothesis import given
from hypothesis import strategies as st
from imap_server import ImapServer, running_imap
from mail_site import KEY, US, listening, mail_channel, session
from ports import unused_port

from channels.contract import Accepted, Cursor, Delivery, InboundMessage, Secret
from channels.mail import Mail
from channels.mail_account import Account
from channels.mail_imap import ImapReader, Pace
from channels.mail_ledger import Ledger, ledger_of, status_lines
from channels.mail_threads import OurAddresses
from channels.mail_tokens import Tokens

QUICK = Pace(first=0.02, longest=0.1, probe=0.02, longest_probe=0.1, holes=0.2)
OURS = OurAddresses([US], Tokens(KEY))
CURSOR = "imap INBOX"


def mail(number: int, text: str = "Lampu jalan mati") -> bytes:
    """A mail as a server delivers it: what it noted stands on top."""
    return (
        f"Return-Path: <warga{number}@example.id>\r\n"
        f"Delivered-To: {US}\r\n"
        f"From: Warga <warga{number}@example.id>\r\n"
        f"To: {US}\r\n"
        f"Subject: Laporan {number}\r\n"
        f"Message-ID: <m{number}@mua.example>\r\n"
        "Date: Sun, 01 Mar 2026 12:00:00 +0700\r\n"
        f"\r\n{text}\r\n"
    ).encode()


def account(port: int, **options: object) -> Account:
    """The mailbox at this port."""
    plain = Account(
        host="127.0.0.1", port=port, security="none", ca="", username=peer.USER,
        password=Secret(peer.PASSWORD), folders=("INBOX",), poll=0.05, since=None,
    )  # fmt: skip
    return replace(plain, **options)  # type: ignore[arg-type]  # one test, one option


@asynccontextmanager
async def reading(
    site: Site, mailbox: Account, *, pace: Pace = QUICK, max_bytes: int = 1_000_000
) -> AsyncIterator[ImapReader]:
    """A reader at work."""
    reader = ImapReader(lambda: mailbox, OURS, max_bytes=max_bytes, pace=pace)
    task = asyncio.create_task(reader.run(site.inbox))
    try:
        yield reader
    finally:
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()


def simple(server: ImapServer, **options: object) -> Account:
    """The mailbox of a server that knows LOGIN only."""
    return account(server.port, **{"password": Secret("plain"), **options})


async def until(check: Callable[[], Awaitable[bool]]) -> None:
    """Wait for something that another program does."""
    async with asyncio.timeout(60):
        while not await check():  # noqa: ASYNC110 (it tells nobody)
            await asyncio.sleep(0.02)


async def stored(site: Site, *numbers: int) -> None:
    """Wait until these mails, and no others, are in the journal, each once."""

    async def are_there() -> bool:
        return len(await site.external_ids()) >= len(numbers)

    await until(are_there)
    assert await journal(site) == list(numbers)


async def journal(site: Site) -> list[int]:
    """Which mails are in the journal, by the number they bear."""
    keys = [key.split(":")[0] for key in await site.external_ids()]
    return sorted(int(key.removeprefix("<m").removesuffix("@mua.example>")) for key in keys)


async def told(site: Site, *lines: str) -> None:
    """Wait until `status` says this."""

    async def says_so() -> bool:
        cursors = {CURSOR: await site.inbox.cursor(CURSOR)}
        return mail_channel().status(cursors) == list(lines)

    await until(says_so)


@pytest.fixture(scope="module")
def running_dovecot() -> Iterator[Dovecot]:
    """A real server; stopping one takes seconds."""
    with peer.running_dovecot() as running:
        yield running


@pytest.fixture
def dovecot(running_dovecot: Dovecot) -> Dovecot:
    """It, with an empty mailbox."""
    running_dovecot.empty()
    return running_dovecot


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """A real journal."""
    async with door(mail_channel(), tmp_path / "gateway") as opened:
        yield opened


# --- Dovecot -----------------------------------------------------------------------------------


@pytest.mark.peer
async def test_what_lies_in_a_mailbox_comes_in_once(dovecot: Dovecot, tmp_path: Path) -> None:
    """Over TLS, with what was there before and what comes while we watch; nothing is changed."""
    first = dovecot.deliver(mail(1))
    channel = mail_channel(
        listen="", imap=f"localhost:{dovecot.tls}", imap_ca=str(dovecot.certificate),
        imap_username=peer.USER, imap_password=Secret(peer.PASSWORD),
    )  # fmt: skip
    async with door(channel, tmp_path / "gateway") as site, listening(channel, site.inbox):
        await stored(site, 1)
        second = dovecot.deliver(mail(2))
        began = asyncio.get_running_loop().time()
        await stored(site, 1, 2)
        seconds = asyncio.get_running_loop().time() - began
        await told(site, "imap INBOX: read up to UID 2")
        payload, _ = await site.payloads()

    message = channel.parse(payload)
    assert isinstance(message, InboundMessage)
    assert (message.sender, message.title) == ("warga1@example.id", "Laporan 1")
    assert message.return_address is not None
    assert seconds < 10  # the server told us (IDLE); a look every minute is the other way
    assert [path.name for path in dovecot.mails()] == [first.name, second.name]  # no flags
    assert dovecot.mails() == [first, second]


@pytest.mark.peer
async def test_a_mail_that_comes_both_ways_is_one(dovecot: Dovecot, tmp_path: Path) -> None:
    """By SMTP and in the mailbox: the same key, though the server added headers."""
    channel = mail_channel(
        imap=f"127.0.0.1:{dovecot.plain}", imap_security="none", imap_username=peer.USER,
        imap_password=Secret(peer.PASSWORD),
    )  # fmt: skip
    async with door(channel, tmp_path / "gateway") as site, listening(channel, site.inbox) as [at]:
        bare = mail(1).split(b"\r\n", 2)[2]
        async with session(at) as talk:
            assert (await talk.deliver(bare.removesuffix(b"\r\n"))).startswith("250")
        dovecot.deliver(mail(1))
        await told(site, "imap INBOX: read up to UID 1")
        await stored(site, 1)


@pytest.mark.peer
async def test_a_restart_of_ours_goes_on_where_it_was(dovecot: Dovecot, tmp_path: Path) -> None:
    """What came in between is read, and nothing is read again."""
    dovecot.deliver(mail(1))
    mailbox = account(dovecot.plain)
    async with door(mail_channel(), tmp_path) as site, reading(site, mailbox):
        await stored(site, 1)
    dovecot.deliver(mail(2))
    async with door(mail_channel(), tmp_path) as site:
        pages: list[int] = []
        accept = site.inbox.accept

        async def counting(
            deliveries: list[Delivery], cursor: Cursor | None = None
        ) -> list[Accepted]:
            pages.append(len(deliveries))
            return await accept(deliveries, cursor)

        site.inbox.accept = counting  # type: ignore[assignment,method-assign]  # counts, changes nothing
        async with reading(site, mailbox):
            await stored(site, 1, 2)

    assert pages == [1]


@pytest.mark.peer
async def test_a_restart_of_the_server_is_no_trouble(dovecot: Dovecot, site: Site) -> None:
    """The connection is made anew, and what came meanwhile is read."""
    dovecot.deliver(mail(1))
    async with reading(site, account(dovecot.plain, poll=60.0)):
        await stored(site, 1)
        await asyncio.to_thread(dovecot.stop)
        dovecot.deliver(mail(2))
        await asyncio.to_thread(dovecot.start)
        await stored(site, 1, 2)

        async def is_well() -> bool:
            return not site.troubles or site.troubles[-1][0] is None

        await until(is_well)

    assert await journal(site) == [1, 2]
    assert {kind for kind, _ in site.troubles} <= {"away", None}


@pytest.mark.peer
async def test_a_new_uidvalidity_reads_everything_again(dovecot: Dovecot, site: Site) -> None:
    """The journal folds what it holds, so nothing is lost and nothing comes twice."""
    for number in (1, 2, 3):
        dovecot.deliver(mail(number))
    async with reading(site, account(dovecot.plain)):
        await stored(site, 1, 2, 3)
    before = ledger_of(await site.inbox.cursor(CURSOR))
    dovecot.mails()[0].unlink()
    dovecot.forget_uids()
    dovecot.deliver(mail(4))
    async with reading(site, account(dovecot.plain)):
        await stored(site, 1, 2, 3, 4)
        await told(site, "imap INBOX: read up to UID 3")
    after = ledger_of(await site.inbox.cursor(CURSOR))

    assert before.uidvalidity != after.uidvalidity
    assert (before.last, after.last) == (3, 3)


@pytest.mark.peer
async def test_a_hole_holds_nobody_up_and_is_filled(dovecot: Dovecot, site: Site) -> None:
    """At a mail it cannot read Dovecot ends the connection; the others come, and it later."""
    dovecot.deliver(mail(1))
    hidden = dovecot.deliver(mail(2))
    dovecot.deliver(mail(3))
    hidden.chmod(0)
    async with reading(site, account(dovecot.plain)):
        await stored(site, 1, 3)
        await told(
            site,
            "imap INBOX: read up to UID 3",
            "imap INBOX: 1 mails could not be fetched: UID 2",
        )
        hidden.chmod(0o600)
        await stored(site, 1, 2, 3)
        await told(site, "imap INBOX: read up to UID 3")

    assert site.troubles == []


@pytest.mark.peer
async def test_a_mail_over_the_cap_is_kept_as_far_as_its_words(
    dovecot: Dovecot, site: Site
) -> None:
    """Its beginning is stored with a remark; the rest stays where it is."""
    dovecot.deliver(mail(1, "Jembatan putus.\r\n" + "lampiran\r\n" * 300_000))
    dovecot.deliver(mail(2))
    async with reading(site, account(dovecot.plain), max_bytes=1_500_000):
        await stored(site, 1, 2)
        payload, _ = await site.payloads()

    message = mail_channel().parse(payload)
    assert isinstance(message, InboundMessage)
    assert message.text.startswith("Jembatan putus.")
    assert [remark for remark in message.remarks if remark.startswith("too large: ")]
    assert 1_000_000 < len(payload) < 1_100_000


@pytest.mark.peer
async def test_a_revoked_password_is_told_and_mended(dovecot: Dovecot, site: Site) -> None:
    """The mailbox is tried again in peace, and read once the password is right."""
    dovecot.password("another")
    dovecot.deliver(mail(1))

    async def is_refused() -> bool:
        return bool(site.troubles)

    async with reading(site, account(dovecot.plain)):
        await until(is_refused)
        dovecot.password(peer.PASSWORD)
        await stored(site, 1)

    assert site.troubles == [
        ("bad_credentials", "IMAP: the server refuses the user name or password"),
        (None, ""),
    ]


@pytest.mark.peer
@pytest.mark.parametrize("security", ["starttls", "none"])
async def test_other_ways_to_connect(dovecot: Dovecot, site: Site, security: str) -> None:
    """STARTTLS, and plain for a server on the same machine."""
    dovecot.deliver(mail(1))
    mailbox = account(dovecot.plain, security=security, ca=str(dovecot.certificate))
    async with reading(site, mailbox):
        await stored(site, 1)

    assert await journal(site) == [1]
    assert (", TLS," in dovecot.log()) == (security == "starttls")


@pytest.mark.peer
@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_an_unknown_certificate_gets_no_password(
    dovecot: Dovecot, site: Site, security: str
) -> None:
    """The connection ends before the login."""

    async def is_told() -> bool:
        return bool(site.troubles)

    port = dovecot.tls if security == "tls" else dovecot.plain
    async with reading(site, account(port, security=security)):
        await until(is_told)

    assert site.troubles == [("away", "IMAP: SSLCertVerificationError")]
    assert "Login:" not in dovecot.log()


@pytest.mark.peer
async def test_a_full_journal_loses_nothing(dovecot: Dovecot, site: Site) -> None:
    """The ledger moves with the mails or not at all."""
    dovecot.deliver(mail(1))
    site.full = True
    async with reading(site, account(dovecot.plain)):

        async def has_tried() -> bool:
            return dovecot.log().count("Login:") > 1

        await until(has_tried)
        assert await site.inbox.cursor(CURSOR) == ""
        site.full = False
        await stored(site, 1)


@pytest.mark.peer
async def test_every_folder_is_read(dovecot: Dovecot, site: Site) -> None:
    """Each with a ledger of its own; one that does not exist is told and holds nobody up."""
    dovecot.deliver(mail(1))
    dovecot.deliver(mail(2), ".Laporan & Saran")
    mailbox = account(dovecot.plain, folders=("INBOX", "Laporan & Saran", "Nowhere"))
    async with reading(site, mailbox):
        # Maildir++ spells names in UTF-7.
        (dovecot.home / "mail" / ".Laporan & Saran").rename(
            dovecot.home / "mail" / ".Laporan &- Saran"
        )
        await stored(site, 1, 2)
        assert ledger_of(await site.inbox.cursor("imap Laporan & Saran")).last == 1

    assert ("away", "IMAP: the folder Nowhere cannot be read") in site.troubles


@pytest.mark.peer
async def test_mail_from_before_we_came_can_be_left_alone(dovecot: Dovecot, site: Site) -> None:
    """A mailbox with years of mail in it: nobody of then gets a receipt today."""
    old = dovecot.deliver(mail(1))
    utime(old, (1_600_000_000, 1_600_000_000))
    dovecot.deliver(mail(2))
    async with reading(site, account(dovecot.plain, since=date(2021, 1, 1))):
        await stored(site, 2)

    assert await journal(site) == [2]
    assert ledger_of(await site.inbox.cursor(CURSOR)).last == 2


# --- a server that misbehaves --------------------------------------------------------------------


async def test_a_server_without_idle_is_looked_at_again(site: Site) -> None:
    """Every few seconds; a folder without news is not asked for mails."""
    server = ImapServer(mails={1: mail(1)})
    async with running_imap(server), reading(site, simple(server)):
        await stored(site, 1)
        server.mails[2] = mail(2)
        await stored(site, 1, 2)

    fetched = [command.split()[2] for command in server.asked if command.startswith("UID FETCH")]
    assert fetched == ["1", "2"]
    assert all(command.split()[0] in READ_ONLY for command in server.asked)


READ_ONLY = {"CAPABILITY", "AUTHENTICATE", "LOGIN", "EXAMINE", "UID", "IDLE"}


async def test_a_mail_that_comes_as_we_lie_down_wakes_us(site: Site) -> None:
    """News that arrive together with the answer to IDLE are not slept upon."""
    server = ImapServer(mails={1: mail(1)}, meanwhile={2: mail(2)})
    async with running_imap(server), reading(site, simple(server, poll=3600.0)):
        await stored(site, 1, 2)

    assert await journal(site) == [1, 2]
    assert "IDLE" in server.asked


async def test_a_mail_that_is_refused_or_gone_is_noted(site: Site) -> None:
    """NO for one mail is a hole; a mail that was deleted under our hands is counted."""
    server = ImapServer(mails={1: mail(1), 2: mail(2), 4: mail(4)}, ghosts={3})
    server.script["UID FETCH 2 "] = ([], "NO [SERVERBUG] cannot read it")
    async with running_imap(server), reading(site, simple(server)):
        await stored(site, 1, 4)
        await told(
            site,
            "imap INBOX: read up to UID 4",
            "imap INBOX: 1 mails could not be fetched: UID 2",
            "imap INBOX: 1 mails were moved or deleted before they could be read",
        )
        del server.mails[2], server.script["UID FETCH 2 "]
        await told(
            site,
            "imap INBOX: read up to UID 4",
            "imap INBOX: 2 mails were moved or deleted before they could be read",
        )

    assert site.troubles == []


@pytest.mark.parametrize(
    "answer",
    [
        ([b"* 1 FETCH (UID 1 BODY[]<0> NIL)"], "OK done"),
        ([b"* 1 FETCH (UID 1 BODY[]<0>)"], "OK done"),
        ([b"* 1 FETCH UID"], "OK done"),
        ([b"* 1 FETCH (UID 1 \xff\xfe"], "OK done"),
        ([], "BAD what"),
        ([b"* BYE", b"hello?"], "hang up"),
    ],
)
async def test_nonsense_is_a_hole(site: Site, answer: tuple[list[bytes], str]) -> None:
    """Whatever a server says about a mail, the next one comes in."""
    server = ImapServer(mails={1: mail(1), 2: mail(2)}, script={"UID FETCH 1 ": answer})
    async with running_imap(server), reading(site, simple(server)):
        await stored(site, 2)

    assert ledger_of(await site.inbox.cursor(CURSOR)).holes == (1,)


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        ({"LOGIN": ([], "NO [AUTHENTICATIONFAILED] no")}, "bad_credentials"),
        ({"LOGIN": ([], "NO invalid")}, "bad_credentials"),
        ({"LOGIN": ([], "NO [UNAVAILABLE] later")}, "away"),
        ({"LOGIN": ([], "hang up")}, "away"),
        ({"EXAMINE": ([], "NO no such folder")}, "away"),
        ({"EXAMINE": ([], "OK done")}, "away"),
        ({"UID SEARCH": ([b"* SEARCH x"], "OK done")}, "away"),
        ({"UID SEARCH": ([], "hang up")}, "away"),
        ({"CAPABILITY": ([], "hang up")}, "away"),
    ],
)
async def test_what_is_wrong_with_the_mailbox_is_told(
    site: Site, script: dict[str, tuple[list[bytes], str]], kind: str
) -> None:
    """A refused password is one thing, a server that cannot do it now another."""

    async def is_told() -> bool:
        return bool(site.troubles)

    server = ImapServer(mails={1: mail(1)}, script=script)
    async with running_imap(server), reading(site, simple(server)):
        await until(is_told)
        server.script.clear()
        await stored(site, 1)

    assert [troubled for troubled, _ in site.troubles] == [kind, None]
    assert "plain" not in str(site.troubles)


@pytest.mark.parametrize("greeting", [b"* BYE full", b"SSH-2.0-OpenSSH", b""])
async def test_what_is_no_imap_server_is_away(site: Site, greeting: bytes) -> None:
    """No exception of any library ends the listener."""

    async def is_told() -> bool:
        return bool(site.troubles)

    server = ImapServer(greeting=greeting)
    async with running_imap(server), reading(site, simple(server)):
        await until(is_told)

    assert [kind for kind, _ in site.troubles] == ["away"]


async def test_a_server_that_is_not_there_is_away(site: Site) -> None:
    """From the second try on: the first may have met a restart."""

    async def is_told() -> bool:
        return bool(site.troubles)

    async with reading(site, account(unused_port())):
        await until(is_told)

    assert site.troubles == [("away", "IMAP: ConnectionRefusedError")]


async def test_a_password_the_server_cannot_take_is_told(site: Site) -> None:
    """LOGIN carries ASCII only."""

    async def is_told() -> bool:
        return bool(site.troubles)

    server = ImapServer()
    async with running_imap(server), reading(site, simple(server, password=Secret("ñ"))):
        await until(is_told)

    assert site.troubles == [
        ("bad_credentials", "IMAP: the server takes passwords in ASCII only"),
    ]


async def test_a_silent_server_holds_nobody_up(site: Site) -> None:
    """Whoever stops the gateway does not wait for a server that never answers."""
    connected, over, left = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK [CAPABILITY IMAP4rev1] ready\r\n")
        await reader.readline()
        connected.set()
        await over.wait()
        writer.close()
        left.set()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server, asyncio.timeout(60):
        mailbox = account(server.sockets[0].getsockname()[1])
        async with reading(site, mailbox):
            await connected.wait()
        assert not left.is_set()
        over.set()
        await left.wait()


# --- the ledger, the settings --------------------------------------------------------------------


@given(st.lists(st.tuples(st.sampled_from(["read", "missed", "lost"]), st.integers(1, 40))))
def test_a_ledger_forgets_no_hole(steps: list[tuple[str, int]]) -> None:
    """A hole stays one until it is read or gone, and survives being written down."""
    ledger, expected = Ledger(uidvalidity=1), set[int]()
    for step, uid in steps:
        ledger = getattr(ledger, step)(uid)
        expected = expected | {uid} if step == "missed" else expected - {uid}

    assert ledger_of(ledger.written()) == ledger
    assert list(ledger.holes) == sorted(expected)
    assert ledger.last == max((uid for _, uid in steps), default=0)


@pytest.mark.parametrize("cursor", ["", "{", "[]", '{"last":"x"}'])
def test_a_cursor_that_says_nothing_begins_anew(cursor: str) -> None:
    """Reading again is harmless."""
    assert ledger_of(cursor) == Ledger()


def test_many_holes_are_counted() -> None:
    """Twenty are listed."""
    ledger = Ledger(uidvalidity=1, last=50, holes=tuple(range(1, 31)))
    _, line = status_lines({CURSOR: ledger.written(), "other": "1"})

    assert line.startswith("imap INBOX: 30 mails could not be fetched: UID 1, 2,")
    assert line.endswith(" 20, …")


@pytest.mark.parametrize(
    "options",
    [
        {"imap": "imap.example"},
        {"imap": "imap.example:993"},
        {"imap": "imap.example:993", "imap_username": "x"},
        {"imap_since": "yesterday"},
        {"imap": "imap.example:993", "imap_username": "x", "imap_password": Secret("x"),
         "imap_folders": ()},
    ],
)  # fmt: skip
def test_settings_that_say_nothing_are_refused(options: dict[str, object]) -> None:
    """A mailbox needs an address, a name, a password and a folder."""
    with pytest.raises(ValueError, match=r"."):
        Mail.Options(**options)  # type: ignore[arg-type]  # as an operator may write it


def test_a_password_in_plain_is_warned_of() -> None:
    """Unless the server is on this machine."""
    rest = {"imap_security": "none", "imap_username": "x", "imap_password": Secret("x")}
    far = mail_channel(imap="imap.example:143", **rest).problems()
    near = mail_channel(imap="127.0.0.1:143", **rest).problems()

    assert set(far) - set(near) == {
        "[channels.mail] imap_security is none: the password travels in plain"
    }


def test_imapclient_is_loaded_only_where_a_mailbox_is_read() -> None:
    """Every process knows every channel, and memory is dear."""
    code = "import sys, channels.registry; sys.exit('imapclient' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
