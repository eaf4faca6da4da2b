"""SP4N by a mapping: whatever its API is called, each report once; and the kit that tries it."""

import tomllib
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from clock import Clock
from forwarding import NOW, document, record_id
from sp4n_server import MAPPING, TOKEN, Sp4n, sp4n
from test_central_open311 import Book

from channels.contract import Outcome, Receipt, Refused, Secret, TryLater, Uncertain
from forwarder.central.lapor import LaporCentral, LaporOptions
from forwarder.central.lapor_conform import Conform, Step, sample
from forwarder.central.lapor_mapping import LaporMapping, at, pointers_in
from forwarder.central.templates import WORDS, words_of
from forwarder.ledger import Case
from forwarder.push import Push
from forwarder.update import Comment, Page
from gateway.cli import cli
from gateway.config_files import SHIPPED
from normalizer.record import Judgement, Place, Record, StoredFile

RECORD = msgspec.structs.replace(
    msgspec.json.decode(document(1), type=Record),
    topic=Judgement(value="pju", confidence=0.9),
    place=Place(name="Kelurahan Melati", street="Jalan Mawar"),
)
PHOTO = StoredFile(sha256="ab" * 32, media_type="image/png", bytes=3, name='foto "1".png')
FULL = msgspec.convert(tomllib.loads(MAPPING), LaporMapping)


class Away(dict[str, bytes]):
    """Files in a place that does not answer."""

    def get(self, key: str, default: object = None, /) -> Any:  # noqa: ANN401 (as dict)
        """Fail."""
        raise ConnectionError(key, default)


class Stage:
    """A server, a ledger, and connectors that are closed at the end."""

    def __init__(self, served: Sp4n, clock: Clock) -> None:
        self.sp4n = served
        self.clock = clock
        self.book = Book()
        self.files: dict[str, bytes] = {}
        self.made: list[LaporCentral] = []

    def store(self, token: str = TOKEN, **changes: Any) -> LaporCentral:  # noqa: ANN401 (any part)
        """A connector with a mapping that differs in these parts."""
        options = LaporOptions(url=self.sp4n.url, token=Secret(token), allow_private=True)
        store = LaporCentral(
            "lapor",
            options,
            mapping=msgspec.structs.replace(FULL, **changes),
            clock=lambda: self.clock.milliseconds,
            ledger=self.book,
            fetch=self.files.get,
        )
        self.made.append(store)
        return store


@pytest.fixture
async def stage(clock: Clock) -> AsyncIterator[Stage]:
    async with sp4n() as served:
        stage = Stage(served, clock)
        yield stage
        for store in stage.made:
            await store.close()


def push_of(record: Record = RECORD, **more: Any) -> Push:  # noqa: ANN401 (any field)
    return Push(
        record_id=record.record_id,
        revision=record.revision,
        document=msgspec.json.encode(record),
        created_at=NOW,
        **more,
    )


async def push(store: LaporCentral, push: Push) -> Outcome:
    (outcome,) = await store.push([push])
    return outcome


def read(**changes: str) -> Any:  # noqa: ANN401 (a part of the mapping)
    return msgspec.structs.replace(FULL.read, **changes)


# --- the mapping --------------------------------------------------------------------------------


def test_the_shipped_mapping_claims_nothing() -> None:
    """It names every section, says nothing of the API, and is not confirmed."""
    shipped = msgspec.convert(
        tomllib.loads((SHIPPED / "lapor.toml").read_text()), LaporMapping, strict=True
    )
    requests = [shipped.login, shipped.create, shipped.find, shipped.comment, shipped.poll]

    assert not shipped.confirmed
    assert {asked.path for asked in requests} == {""}
    assert shipped.read == LaporMapping().read
    assert tuple(words_of(RECORD)) == WORDS


def test_pointers() -> None:
    """As RFC 6901 has them, and nothing where nothing is."""
    content = {"a": [{"b/c": 1}, {"~d": None}], "e": {}}

    assert at(content, "/a/0/b~1c") == 1
    assert [at(content, one) for one in ("/a/1/~0d", "/a/2", "/a/x", "/e/f", "/a/0/b~1c/g")] == [
        None
    ] * 5
    assert list(pointers_in({"a": [{"b/c": 1}]})) == ["/a (a list of 1)", "/a/0/b~1c"]


async def test_before_it_is_confirmed_nothing_is_sent(stage: Stage) -> None:
    """A guess would lose complaints in somebody's system; they wait, and `check` says why."""
    store = stage.store(confirmed=False)

    outcome = await push(store, push_of())

    assert isinstance(outcome, TryLater)
    assert stage.sp4n.asked == []
    assert store.poll_every is None
    assert any("conform lapor" in problem for problem in store.problems())


def test_check_names_what_is_missing() -> None:
    """No number to read, a name no record has."""
    mapping = LaporMapping(headers={"X": "{tokn}"})
    store = LaporCentral("lapor", LaporOptions(), mapping=mapping, clock=lambda: 0, ledger=Book())

    said = " ".join(store.problems())

    for words in ("url is no http address", "no create.path", "{tokn}"):
        assert words in said


# --- pushing ------------------------------------------------------------------------------------


async def test_a_record_is_a_report_in_their_words(stage: Stage) -> None:
    """Class, category and flags by the tables, names as the mapping has them, token in a header."""
    assert await push(stage.store(), push_of()) == Receipt(reference="70001")
    assert stage.sp4n.reports == {
        "70001": {
            "aduan": {
                "judul": "Lampu",
                "isi": "Lampu jalan padam [C0000001X]",
                "jenis": "KELUHAN",
                "kategori": "K1",
                "lokasi": "Jalan Mawar, Kelurahan Melati",
                "anonim": "tidak",
                "rahasia": "ya",
            },
            "kunci_luar": record_id(1),
        }
    }
    assert TOKEN not in "".join(stage.sp4n.asked)


async def test_words_in_braces_are_only_words(stage: Stage) -> None:
    """What a citizen writes is never a template, and a quote breaks no JSON."""
    text = '{case_code} {token} "kutip" \\ {'
    await push(stage.store(), push_of(msgspec.structs.replace(RECORD, text=text)))

    assert stage.sp4n.reports["70001"]["aduan"]["isi"] == text + " [C0000001X]"


async def test_files_follow_the_report(stage: Stage) -> None:
    """With their names; one that is gone is left out."""
    stage.files = {PHOTO.sha256: b"\x89PN"}
    gone = msgspec.structs.replace(PHOTO, sha256="cd" * 32)
    record = msgspec.structs.replace(RECORD, attachments=(PHOTO, gone))

    assert await push(stage.store(), push_of(record)) == Receipt(reference="70001")
    assert stage.sp4n.files == [("70001", "foto _1_.png", "lampiran", b"\x89PN")]


async def test_a_file_that_fails_is_taken_up_again(stage: Stage) -> None:
    """The report is found, not made again, and the file goes there."""
    stage.files = {PHOTO.sha256: b"\x89PN"}
    record = msgspec.structs.replace(RECORD, attachments=(PHOTO,))
    store = stage.store()
    await store.calls.ask(FULL.categories, {})
    stage.sp4n.answers = ["", (503, "")]
    first = await push(store, push_of(record))
    second = await push(store, push_of(record, doubtful=True))

    assert isinstance(first, Uncertain)
    assert second == Receipt(reference="70001")
    assert len(stage.sp4n.reports) == len(stage.sp4n.files) == 1


async def test_a_file_that_cannot_be_read_now_follows_later(stage: Stage) -> None:
    """A bucket that is away is no reason to leave a photo out."""
    record = msgspec.structs.replace(RECORD, attachments=(PHOTO,))
    stage.files = Away()
    first = await push(stage.store(), push_of(record))
    stage.files = {PHOTO.sha256: b"\x89PN"}
    second = await push(stage.store(), push_of(record, doubtful=True))

    assert first == Uncertain(reason="a file could not be read")
    assert second == Receipt(reference="70001")
    assert len(stage.sp4n.reports) == len(stage.sp4n.files) == 1


async def test_a_lost_answer_leaves_one_report(stage: Stage) -> None:
    """By search, or because they fold what comes twice; else a person looks."""
    store = stage.store()
    stage.sp4n.answers = ["lost"]
    lost = await push(store, push_of())
    found = await push(store, push_of(doubtful=True))
    stage.sp4n.folds = True
    repeated = await push(stage.store(folds=True), push_of(doubtful=True))
    blind = msgspec.structs.replace(FULL.find, path="")
    parked = await push(stage.store(find=blind), push_of(doubtful=True))

    assert isinstance(lost, Uncertain)
    assert found == repeated == Receipt(reference="70001")
    assert isinstance(parked, Refused)
    assert len(stage.sp4n.reports) == 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ((200, "<html>Pemeliharaan</html>"), Uncertain),
        ((200, "null"), Uncertain),
        ((200, '{"berhasil": true, "data": {}}'), Uncertain),
        ((200, '{"berhasil": false, "pesan": "isi terlalu pendek"}'), Refused),
        ((200, '{"ok": 1}'), Refused),
        ((202, "{}"), Refused),
        ((422, "{}"), Refused),
        ((401, "{}"), TryLater),
        ((503, ""), TryLater),
        ((302, ""), TryLater),
    ],
)
async def test_what_answers_mean(
    stage: Stage, answer: tuple[int, str], kind: type[Outcome]
) -> None:
    """A page leaves the doubt, a no is a no, weather passes."""
    stage.sp4n.answers = [answer]

    assert isinstance(await push(stage.store(), push_of()), kind)


async def test_a_token_may_have_to_be_fetched(stage: Stage) -> None:
    """Once for many, and again when it is refused."""
    login = msgspec.structs.replace(FULL.login, path="/masuk")
    store = stage.store("x", login=login, read=read(token="/sesi"))
    first = await push(store, push_of())
    stage.sp4n.session = "sesi-lain"
    second = await push(store, push_of(msgspec.structs.replace(RECORD, record_id="r2")))

    assert first == Receipt(reference="70001")
    assert isinstance(second, Receipt)
    assert stage.sp4n.logins == 2


async def test_changes_and_comments(stage: Stage) -> None:
    """Under the number they gave; where they take no changes nothing is sent."""
    store = stage.store()
    await push(store, push_of())
    said = Comment(record_id=record_id(1), comment_id="c1", at=NOW, text="Masih", solved=False)
    comment = replace(
        push_of(reference="70001"), kind="comment", document=msgspec.json.encode(said)
    )
    changed = msgspec.structs.replace(RECORD, revision=2, text="Dua lampu")

    outcomes = [
        await push(store, push_of(changed, reference="70001")),
        await push(store, comment),
        await push(stage.store(update=LaporMapping().update), push_of(changed, reference="70001")),
    ]

    overtaken = push_of(changed, reference="70001", known=3)
    outcomes.append(await push(store, overtaken))

    assert outcomes == [Receipt(reference="70001")] * 4
    assert len([one for one in stage.sp4n.asked if one.startswith("PUT")]) == 1
    assert stage.sp4n.reports["70001"]["aduan"]["isi"] == "Dua lampu"
    assert stage.sp4n.comments == [{"isi": "Masih", "selesai": "tidak"}]
    assert store.takes_comments


# --- news ---------------------------------------------------------------------------------------


async def test_news_of_each_report(stage: Stage) -> None:
    """Their words with what the table makes of them; an unknown word is told as it is."""
    store = stage.store()
    await push(store, push_of())
    stage.book.known = [
        Case(record_id=record_id(1), revision=1, reference="70001", at=NOW),
        Case(record_id=record_id(2), revision=1, reference="99999", at=NOW),
    ]
    stage.sp4n.history["70001"] += [
        {"urut": 2, "keadaan": "Ditelaah unit", "jawaban": "Kami cek", "unit": "Dinas PUPR"},
        {"urut": 3, "keadaan": "TUNTAS", "waktu": "2026-01-05T10:00:00+07:00"},
    ]

    page = await store.poll("")

    assert isinstance(page, Page)
    told = [(one.update_id, one.kind, one.status, one.agency) for one in page.updates]
    assert told == [
        ("70001#1", "status", "Terverifikasi", ""),
        ("70001#2", None, "Ditelaah unit", "Dinas PUPR"),
        ("70001#3", "closed", "TUNTAS", ""),
    ]
    assert page.updates[0].at == 1_767_492_000_000
    assert {one.record_id for one in page.updates} == {record_id(1)}
    assert (page.cursor, page.more) == ("", False)


async def test_news_of_all_at_once(stage: Stage) -> None:
    """Where they have a list since a time, it is asked from a while before the last look."""
    poll = msgspec.structs.replace(
        FULL.poll, path="/aduan/70001/riwayat", fields={"sejak": "{cursor}"}, send="query"
    )
    store = stage.store(poll=poll, read=read(update_reference="/nomor"))
    await push(store, push_of())
    stage.sp4n.history["70001"] = [{"urut": 5, "keadaan": "Tuntas", "nomor": 70001}]

    first = await store.poll("")
    assert isinstance(first, Page)
    await store.poll(first.cursor)

    assert [(one.reference, one.kind) for one in first.updates] == [("70001", "closed")]
    assert stage.sp4n.asked[-2].endswith("?sejak=1970-01-01T00:00:00.000Z")
    assert stage.sp4n.asked[-1].endswith("?sejak=2026-01-03T00:30:00.000Z")


# --- the conformance kit ------------------------------------------------------------------------


async def conformed(store: LaporCentral, *, send: bool) -> dict[str, Step]:
    steps = Conform(store, sample("UJI123456789", NOW), send=send).steps()
    return {step.name: step async for step in steps}


async def test_a_mapping_that_fits(stage: Stage) -> None:
    """Every step is ok; the one report it made says that it is a test."""
    stage.sp4n.folds = True
    steps = await conformed(stage.store(confirmed=False, folds=True), send=True)

    assert {step.verdict for step in steps.values()} == {"ok"}
    assert list(steps) == [
        "reach",
        "authenticate",
        "categories",
        "create",
        "find",
        "attach",
        "comment",
        "update",
        "poll",
        "repeat",
    ]
    (report,) = stage.sp4n.reports.values()
    assert report["aduan"]["judul"].startswith("[UJI COBA]")


async def test_dry_it_sends_nothing(stage: Stage) -> None:
    """It shows the requests, without the token."""
    steps = await conformed(stage.store(confirmed=False), send=False)

    assert stage.sp4n.asked == []
    assert {step.verdict for step in steps.values()} == {"dry"}
    assert "would send POST" in steps["create"].came
    assert TOKEN not in "".join(step.came for step in steps.values())


@pytest.mark.parametrize(
    ("changes", "step", "change"),
    [
        ({"read": read(tracking_id="/data/id")}, "create", "read.tracking_id"),
        ({"read": read(found_text="/teks")}, "find", "read.found_text"),
        ({"read": read(categories="/hasil")}, "categories", "read.categories"),
        ({"topics": {"": "K7"}}, "categories", "[topics] names unknown ids: K7"),
        ({"read": read(updates="/x")}, "poll", "read.updates"),
        ({"statuses": {}}, "poll", "[statuses] lacks: Terverifikasi"),
        ({"folds": True}, "repeat", "folds = false"),
        ({"file_field": "file"}, "attach", "file_field"),
        ({"headers": {}}, "categories", "headers"),
        ({"headers": {"X": "{kunci}"}}, "mapping", "{kunci}"),
    ],
)
async def test_what_does_not_fit_is_named(
    stage: Stage, changes: dict[str, Any], step: str, change: str
) -> None:
    """Which step, what came, and which line of the mapping to change."""
    steps = await conformed(stage.store(**changes), send=True)

    assert steps[step].verdict == "wrong"
    assert change in steps[step].change
    if step == "create":
        assert "/data/nomor" in steps[step].came


async def test_a_server_nobody_reaches(stage: Stage) -> None:
    """The first step says so."""
    store = stage.store()
    stage.sp4n.url = "http://127.0.0.1:9"
    nowhere = stage.store()

    assert (await conformed(nowhere, send=True))["reach"].verdict == "wrong"
    assert (await conformed(store, send=True))["reach"].verdict == "ok"


def test_the_command_without_such_a_store(tmp_path: Any) -> None:  # noqa: ANN401 (a path)
    """It says what is missing."""
    (tmp_path / "gateway.toml").write_text("")
    finished = CliRunner().invoke(cli, ["conform", "lapor", "--config", str(tmp_path)])

    assert finished.exit_code == 1
    assert 'no central store is of kind "lapor"' in finished.output


def test_the_command_dry(tmp_path: Any) -> None:  # noqa: ANN401 (a path)
    """With an operator's own mapping, shown step by step."""
    (tmp_path / "lapor.toml").write_text(MAPPING)
    (tmp_path / "gateway.toml").write_text(
        '[central.x]\nkind = "lapor"\nurl = "https://sp4n.example/v9"\n'
    )
    finished = CliRunner().invoke(
        cli, ["conform", "lapor", "--config", str(tmp_path), "--data", str(tmp_path)]
    )

    assert finished.exit_code == 0, finished.output
    assert "would send POST https://sp4n.example/v9/aduan" in finished.output
