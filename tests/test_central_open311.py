"""Records as requests of an Open311 server: once each, nothing of who must stay unknown."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from clock import Clock
from forwarding import NOW, STORE, document, record_entry, record_id
from hypothesis import given
from hypothesis import strategies as st
from lanes import Lanes
from open311_city import API_KEY, City, city

from channels.contract import Outcome, Receipt, Refused, Secret, TryLater, Uncertain
from forwarder.central.open311 import Open311Central, Open311Options
from forwarder.central.open311_form import Share
from forwarder.central.open311_read import rows_in
from forwarder.ledger import Case, OutboxLedger
from forwarder.push import Push
from forwarder.update import Comment, Page
from gateway.store import Store
from gateway.vault import Vault
from normalizer.record import Judgement, MapPoint, Place, Record, Reporter, StoredFile

BASE = msgspec.structs.replace(
    msgspec.json.decode(document(1), type=Record),
    confidential=False,
    topic=Judgement(value="jalan", confidence=0.9),
    place=Place(name="Kelurahan Melati", street="Jalan Mawar", rt="02"),
    point=MapPoint(lat=-6.9175, lon=107.6191),
    reporter=Reporter(pseudonym="p" * 32, name="Wati Contoh", contact="+6280000000123"),
    attachments=(StoredFile(sha256="ab" * 32, media_type="image/jpeg", bytes=9, name="a.jpg"),),
)
MARK = "\n\n[LAPOR C0000001X]"
SHARE = Share(reporter=True, media_url="https://files.example/{sha256}", no_address="tidak disebut")


class Book:
    """A ledger on paper."""

    def __init__(self) -> None:
        self.known: list[Case] = []

    async def cases(self, after: str, limit: int) -> list[Case]:
        """Behind `after`."""
        return [case for case in self.known if case.record_id > after][:limit]

    async def rename(self, record_id: str, reference: str) -> None:
        """A number for a token."""
        self.known = [
            msgspec.structs.replace(case, reference=reference)
            if case.record_id == record_id
            else case
            for case in self.known
        ]


class Stage:
    """A city, a ledger, and connectors that are closed at the end."""

    def __init__(self, served: City, clock: Clock) -> None:
        self.city = served
        self.clock = clock
        self.book = Book()
        self.made: list[Open311Central] = []

    def store(self, **options: Any) -> Open311Central:  # noqa: ANN401 (any setting)
        """A connector with other options than usual."""
        chosen: dict[str, Any] = {
            "url": self.city.url,
            "api_key": Secret(API_KEY),
            "fallback": "lain",
            "services": {"lampu_jalan": "LAMP"},
            "attributes": {"JUDUL": "{title}", "URGENSI": "{urgency}"},
            "share": SHARE,
            "allow_private": True,
            **options,
        }
        store = Open311Central(
            "city", Open311Options(**chosen), lambda: self.clock.milliseconds, self.book
        )
        self.made.append(store)
        return store


@pytest.fixture
async def stage(clock: Clock) -> AsyncIterator[Stage]:
    clock.now = datetime.fromtimestamp(NOW / 1000, UTC)
    async with city() as served:
        stage = Stage(served, clock)
        yield stage
        for store in stage.made:
            await store.close()


def push_of(record: Record = BASE, **more: Any) -> Push:  # noqa: ANN401 (any field)
    return Push(
        record_id=record.record_id,
        revision=record.revision,
        document=msgspec.json.encode(record),
        created_at=NOW,
        **more,
    )


async def push(store: Open311Central, push: Push) -> Outcome:
    (outcome,) = await store.push([push])
    return outcome


def changed(**fields: Any) -> Record:  # noqa: ANN401 (any field)
    return msgspec.structs.replace(BASE, **fields)


# --- the form -----------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["json", "xml"])
async def test_a_record_is_a_request(stage: Stage, form: str) -> None:
    """Service, place, words with our mark, who reported it; its number is the reference."""
    stage.city.quirks = {"xml"} if form == "xml" else {"objects", "numbers"}

    assert await push(stage.store(format=form), push_of()) == Receipt(reference="101")
    assert stage.city.posts == [
        {
            "api_key": API_KEY,
            "service_code": "jalan",
            "lat": "-6.917500",
            "long": "107.619100",
            "address_string": "Jalan Mawar, RT 02, Kelurahan Melati",
            "description": "Lampu jalan padam" + MARK,
            "first_name": "Wati",
            "last_name": "Contoh",
            "phone": "+6280000000123",
            "media_url": "https://files.example/" + "ab" * 32,
        }
    ]
    assert API_KEY not in "".join(stage.city.asked)


@pytest.mark.parametrize("reporter", [True, False])
async def test_nothing_of_an_anonymous_person_goes_there(stage: Stage, *, reporter: bool) -> None:
    """No name, no contact, no photo, whatever else is shared."""
    share = replace_share(reporter=reporter)
    outcome = await push(stage.store(share=share), push_of(changed(anonymous=True)))

    assert isinstance(outcome, Receipt)
    (fields,) = stage.city.posts
    assert set(fields) == {
        "api_key",
        "service_code",
        "lat",
        "long",
        "address_string",
        "description",
    }


async def test_a_confidential_report_does_not_begin_there(stage: Stage) -> None:
    """Such lists are public; and of one that became confidential later nothing more is told."""
    store = stage.store(updates=True)
    secret = changed(confidential=True)

    assert isinstance(await push(store, push_of(secret)), Refused)
    assert await push(store, push_of(secret, reference="101")) == Receipt(reference="101")
    assert stage.city.posts == stage.city.updates == []


async def test_without_a_place_it_says_so(stage: Stage) -> None:
    """The standard requires a location; a report without one is no worse a report."""
    await push(stage.store(), push_of(changed(point=None, place=None)))
    await push(stage.store(), push_of(changed(point=None, case_code="C0000002X")))

    assert [fields["address_string"] for fields in stage.city.posts] == [
        "tidak disebut",
        "Jalan Mawar, RT 02, Kelurahan Melati",
    ]
    assert "lat" not in stage.city.posts[0]


@pytest.mark.parametrize("topic", ["sampah", None])
async def test_unknown_topics_go_to_the_fallback(stage: Stage, topic: str | None) -> None:
    """Without one they are parked with the reason."""
    record = changed(topic=Judgement(value=topic, confidence=0.5))

    assert isinstance(await push(stage.store(), push_of(record)), Receipt)
    outcome = await push(stage.store(fallback=""), push_of(record))
    assert stage.city.posts[0]["service_code"] == "lain"
    assert outcome == Refused(reason=f"no service for topic {topic or '(none)'}, and no fallback")


@pytest.mark.parametrize("quirk", ["", "xml"])
async def test_attributes_a_service_asks_for(stage: Stage, quirk: str) -> None:
    """Filled from templates; a value no list knows is left out, a missing required one is told."""
    stage.city.quirks = {quirk}
    record = changed(topic=Judgement(value="lampu_jalan", confidence=0.5))

    assert isinstance(await push(stage.store(), push_of(record)), Receipt)
    outcome = await push(stage.store(attributes={}), push_of(record))

    (fields,) = stage.city.posts
    told = {name: value for name, value in fields.items() if name.startswith("attribute")}
    assert told == {"attribute[JUDUL]": "Lampu"}
    assert outcome == Refused(reason="service LAMP requires attribute JUDUL, see settings")


async def test_the_list_of_services_is_read_now_and_then(stage: Stage) -> None:
    """Not for each record; and when it cannot be read again the old one will do."""
    store = stage.store(services_hours=1)
    for number in range(3):
        await push(store, push_of(changed(case_code=f"C000000{number}X")))
    stage.clock.advance(3601)
    stage.city.statuses = [503]
    assert isinstance(await push(store, push_of(changed(case_code="C0000007X"))), Receipt)

    assert len([one for one in stage.city.asked if "services" in one]) == 2


async def test_long_words_are_cut_before_the_mark(stage: Stage) -> None:
    """4000 characters are the most, and the mark is what the request is found by."""
    await push(stage.store(), push_of(changed(text="x" * 5000)))

    (fields,) = stage.city.posts
    assert len(fields["description"]) == 4000
    assert fields["description"].endswith(MARK)


# --- in doubt -----------------------------------------------------------------------------------


@pytest.mark.parametrize("quirk", ["", "xml"])
async def test_a_lost_answer_leaves_one_request(stage: Stage, quirk: str) -> None:
    """Kept over there, never answered: the list shows our mark, and nothing is sent again."""
    stage.city.quirks = {"lost", quirk}
    store = stage.store()
    first = await push(store, push_of())
    stage.city.quirks = {quirk}
    second = await push(store, push_of(doubtful=True))

    assert isinstance(first, Uncertain)
    assert second == Receipt(reference="101")
    assert len(stage.city.posts) == 1


async def test_what_never_arrived_is_sent(stage: Stage) -> None:
    """The list does not know it: it goes out once."""
    store = stage.store()
    await push(store, push_of(changed(case_code="C0000002X")))

    assert await push(store, push_of(doubtful=True)) == Receipt(reference="102")


async def test_a_list_without_descriptions_decides_nothing(stage: Stage) -> None:
    """A person looks there; while the server is away one waits."""
    stage.city.quirks = {"no_list"}
    store = stage.store()
    await push(store, push_of(changed(case_code="C0000002X")))
    unseen = await push(store, push_of(doubtful=True))
    stage.city.statuses = [503]
    away = await push(store, push_of(doubtful=True))

    assert unseen == Refused(
        reason="may have been sent, its list shows no descriptions: look there, then retry"
    )
    assert isinstance(away, Uncertain)
    assert len(stage.city.posts) == 1


async def test_doubt_may_be_settled_otherwise(stage: Stage) -> None:
    """A server that folds our key is sent it again; or a person decides at once."""
    repeated = await push(stage.store(doubt="repeat"), push_of(doubtful=True))
    parked = await push(stage.store(doubt="person"), push_of(doubtful=True))

    assert repeated == Receipt(reference="101")
    assert isinstance(parked, Refused)


async def test_a_duplicate_is_looked_up(stage: Stage) -> None:
    """400 "is a duplicate" without a number: the number stands in the list."""
    store = stage.store()
    await push(store, push_of())

    assert await push(store, push_of()) == Receipt(reference="101")


@pytest.mark.parametrize(
    ("status", "kind"),
    [(500, TryLater), (429, TryLater), (404, TryLater), (302, TryLater), (422, Refused)],
)
async def test_statuses(stage: Stage, status: int, kind: type[Outcome]) -> None:
    """Weather and a wrong address wait, what is refused for itself is parked."""
    store = stage.store()
    await push(store, push_of())
    stage.city.statuses = [status]

    assert isinstance(await push(store, push_of(changed(case_code="C0000002X"))), kind)


async def test_a_wrong_key_pauses_the_store(stage: Stage) -> None:
    """403 is about us, not about the record."""
    outcome = await push(stage.store(api_key=Secret("salah")), push_of())

    assert isinstance(outcome, TryLater)
    assert outcome.trouble == "bad_credentials"


@pytest.mark.parametrize(("quirk", "kind"), [("html", Uncertain), ("errors_200", Refused)])
async def test_200_is_not_always_yes(stage: Stage, quirk: str, kind: type[Outcome]) -> None:
    """A log-in page leaves the doubt; an error in the body is an error."""
    stage.city.quirks = {quirk}

    assert isinstance(await push(stage.store(), push_of()), kind)


# --- tokens, changes, news ----------------------------------------------------------------------


def case(number: int, reference: str) -> Case:
    return Case(record_id=record_id(number), revision=1, reference=reference, at=NOW)


async def poll(store: Open311Central, cursor: str = "") -> Page:
    page = await store.poll(cursor)
    assert isinstance(page, Page)
    return page


async def test_a_token_becomes_a_number_later(stage: Stage) -> None:
    """Also after a restart: the token is all that must be remembered."""
    stage.city.quirks = {"tokens"}
    outcome = await push(stage.store(), push_of())
    assert outcome == Receipt(reference="token:t-17")
    stage.book.known = [case(1, "token:t-17")]

    await poll(stage.store())
    before = stage.book.known[0].reference
    stage.city.number = "101"
    await poll(stage.store())

    assert (before, stage.book.known[0].reference) == ("token:t-17", "101")


async def test_states_are_updates_once_each(stage: Stage) -> None:
    """Open says nothing new; notes and the end do, and the same state is the same update."""
    store = stage.store()
    for number in (1, 2, 3):
        await push(store, push_of(changed(case_code=f"C000000{number}X")))
    stage.book.known = [case(number, str(100 + number)) for number in (1, 2, 3)]
    quiet = await poll(store)
    stage.city.requests[0] |= {"status_notes": "Petugas ke lokasi", "agency_responsible": "PUPR"}
    stage.city.requests[1] |= {"status": "closed", "updated_datetime": "2026-01-05T09:00:00"}
    first, again = await poll(store), await poll(store)
    stage.city.requests[0] |= {"status_notes": "Sudah ditambal"}
    later = await poll(store)

    assert quiet.updates == ()
    assert first == again
    noted, closed = first.updates
    assert (noted.record_id, noted.text, noted.agency) == (
        record_id(1),
        "Petugas ke lokasi",
        "PUPR",
    )
    assert (closed.kind, closed.status, closed.reference) == ("closed", "closed", "102")
    assert closed.at == 1_767_603_600_000
    ids = {update.update_id for page in (first, again, later) for update in page.updates}
    assert len(ids) == 3


async def test_many_cases_are_asked_for_page_by_page(stage: Stage) -> None:
    """Fifty in a question, then the next fifty, then from the beginning."""
    stage.book.known = [case(number, str(number)) for number in range(1, 121)]
    store, cursor, sizes = stage.store(), "", []
    for _ in range(3):
        page = await poll(store, cursor)
        cursor = page.cursor
        sizes.append(page.more)

    asked = [one for one in stage.city.asked if "service_request_id" in one]
    assert [one.replace("%2C", ",").count(",") + 1 for one in asked] == [50, 50, 20]
    assert sizes == [True, True, False]
    assert json.loads(cursor)["after"] == ""


async def test_a_server_without_the_extension_is_told_no_changes(stage: Stage) -> None:
    """A revision of what it has is delivered without a word; `check` says so."""
    store = stage.store()
    outcome = await push(store, push_of(changed(revision=2), reference="101"))

    assert outcome == Receipt(reference="101")
    assert not store.takes_comments
    assert stage.city.asked == []
    assert any("updates = false" in problem for problem in store.problems())


async def test_changes_and_comments_by_the_extension(stage: Stage) -> None:
    """Both go there under the number; what comes back is told but for our own words."""
    store = stage.store(updates=True)
    said = Comment(record_id=record_id(1), comment_id="c1", at=NOW, text="", solved=False)
    comment = replace(push_of(reference="101"), kind="comment", document=msgspec.json.encode(said))
    revision = push_of(changed(revision=2, text="Dua lampu padam"), reference="101")

    outcomes = [await push(store, revision), await push(store, comment)]
    stage.city.updates.append(
        {
            "update_id": "77",
            "service_request_id": "101",
            "status": "FIXED",
            "description": "Sudah diganti",
            "updated_datetime": "2026-01-05T09:00:00+07:00",
        }
    )
    page = await poll(store)

    assert outcomes == [Receipt(reference="101")] * 2
    assert [one["description"] for one in stage.city.updates[:2]] == [
        "Dua lampu padam" + MARK,
        "Belum selesai\n\n[LAPOR]",
    ]
    assert [update.update_id for update in page.updates] == ["77"]


async def test_what_the_server_holds(stage: Stage) -> None:
    """By number; a token tells nothing, and neither does a server that is away."""
    store = stage.store()
    await push(store, push_of())
    cases = [case(1, "101"), case(2, "999"), case(3, "token:x"), case(4, "")]

    assert await store.holds(cases) == [True, False, None, None]
    stage.city.statuses = [503]
    assert await store.holds(cases) == [None] * 4


async def test_through_the_outbox_one_request_each(
    stage: Stage, database: Store, vault: Vault
) -> None:
    """Kept and not answered, answered with a page, away for a while: each record is one request."""
    lanes = Lanes(database, vault)
    store = Open311Central(
        "store",
        Open311Options(
            url=stage.city.url,
            api_key=Secret(API_KEY),
            fallback="lain",
            share=Share(no_address="tidak disebut"),
            allow_private=True,
        ),
        lambda: lanes.clock.milliseconds,
        OutboxLedger(database, STORE),
    )
    bodies = [msgspec.structs.replace(BASE, record_id=record_id(n), case_code=f"C{n:07}X")
              for n in range(12)]  # fmt: skip
    entries = [record_entry(number) for number in range(12)]
    await lanes.put(
        [
            msgspec.structs.replace(entry, body=msgspec.json.encode(body))
            for entry, body in zip(entries, bodies, strict=True)
        ]
    )
    stage.city.quirks = {"lost"}

    async with lanes.running(store):
        await lanes.until(STORE, "uncertain", 6)
        stage.city.quirks = set()
        stage.city.statuses = [503, 200, 502]
        for _ in range(5):
            lanes.clock.advance(3600)
            await asyncio.sleep(0.05)
        while (await lanes.states(STORE)).get("delivered") != 12:
            lanes.clock.advance(600)
            await asyncio.sleep(0.02)
        cases = await OutboxLedger(database, STORE).cases("", 50)
    await store.close()

    words = [row["description"] for row in stage.city.requests]
    assert len(set(words)) == len(words) == 12
    assert sorted(case.reference for case in cases) == sorted(
        row["service_request_id"] for row in stage.city.requests
    )


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_answer_is_read_or_refused(body: bytes) -> None:
    """No bytes break the reading."""
    try:
        rows = rows_in(body)
    except ValueError:
        return
    assert all(isinstance(row, dict) for row in rows)


def test_declarations_in_xml_are_refused() -> None:
    """An answer cannot grow in our memory, nor reach for other files."""
    bomb = b'<!DOCTYPE a [<!ENTITY b "cccc">]><services><service>&b;</service></services>'

    with pytest.raises(ValueError, match="declarations"):
        rows_in(bomb)


def replace_share(*, reporter: bool) -> Share:
    return msgspec.structs.replace(SHARE, reporter=reporter)
