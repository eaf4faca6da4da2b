"""Anchors and evidence: what shows that a journal is the one it was."""

import json
from pathlib import Path

import msgspec
import pytest
from clock import Clock
from gateway_process import Gateway
from hypothesis import given
from hypothesis import strategies as st
from ledger import central, until_drained
from msgspec.structs import replace
from test_commands import CODE, ran, say
from test_journal import opened, sms

from channels.contract import Receipt, Reply, TryLater
from channels.mail_compose import ReturnAddress, compose
from channels.mail_threads import OurAddresses
from channels.mail_tokens import Tokens
from forwarder import claiming
from forwarder.claiming import Claim
from gateway import anchors, evidence
from gateway.anchoring import FILE, Anchoring, Ways, to_file
from gateway.anchors import Anchor
from gateway.chain import verify
from gateway.merkle import path_to, root_by, root_of
from gateway.signing import NotSigned, Signed, Signer, read_signed
from gateway.store import Store
from gateway.vault import Vault

DIGEST = st.binary(min_size=32, max_size=32).filter(any)
DIGESTS = st.lists(DIGEST, min_size=1, max_size=40, unique=True)
RECORDED = """
insert into work (journal_id, state, due, record_id) select id, 'recorded', 0, 'r' from journal
"""
NOWHERE = Ways(stores=(), file=False, mail="")


def anchoring(database: Store, vault: Vault, clock: Clock, ways: Ways = NOWHERE) -> Anchoring:
    return Anchoring(
        database,
        vault,
        ways,
        every=3600,
        clock=lambda: clock.milliseconds,
        dropped=lambda: None,
    )


@given(DIGESTS, st.data())
def test_every_row_finds_its_way_to_the_root(digests: list[bytes], data: st.DataObject) -> None:
    """Its own way leads there; another row's, a shorter and a longer one do not."""
    index = data.draw(st.integers(0, len(digests) - 1))
    path, root = path_to(digests, index), root_of(digests)

    assert root_by(digests[index], index, len(digests), path) == root
    assert root_by(bytes(32), index, len(digests), path) != root
    for wrong in (path[1:], [*path, bytes(32)]):
        if wrong != path:
            with pytest.raises(ValueError, match="the path is too"):
                root_by(digests[index], index, len(digests), wrong)
    with pytest.raises(ValueError, match="not among those"):
        root_by(digests[index], len(digests), len(digests), path)


def test_a_statement_stands_as_it_was_signed(vault: Vault) -> None:
    """Another word, another key, or no statement at all: not signed."""
    signer, stranger = Signer(vault), Signer(Vault(bytes(31) + b"x"))
    keys = frozenset([signer.public_key])
    line = signer.sign(Signed(statement="a", signature="b", key="c"))
    forged = stranger.sign(Signed(statement="a", signature="b", key="c"))
    borrowed = json.loads(forged) | {"key": signer.public_key}

    assert read_signed(line, Signed, keys).statement == "a"
    for wrong in (
        line.replace(b'\\"a\\"', b'\\"x\\"'),
        forged,
        json.dumps(borrowed).encode(),
        line[:-4],
        b"",
        b'"x"',
        b'{"a":' + b"[" * 100_000,
    ):
        with pytest.raises(NotSigned):
            read_signed(wrong, Signed, keys)


async def test_an_anchor_is_dropped_where_something_came(
    database: Store, vault: Vault, clock: Clock
) -> None:
    """None of an empty journal, one of what came, none of nothing new, another with the next."""
    journal, dropping = await opened(database, vault, clock), anchoring(database, vault, clock)
    empty = await dropping.drop()
    await journal.accept("sms", [sms(number) for number in range(5)])
    some = [await dropping.drop(), await dropping.drop()]
    await journal.accept("sms", [sms(9)])
    again = await dropping.drop()
    lines = await database.read(lambda tx: list(anchors.kept(tx)))
    read = [read_signed(line, Anchor, frozenset([Signer(vault).public_key])) for line in lines]

    assert (empty, some, again) == (False, [True, False], True)
    assert [(one.sequence, one.chains[0].since, one.chains[0].position) for one in read] == [
        (1, 0, 5),
        (2, 5, 6),
    ]


async def test_a_row_is_under_the_first_anchor_that_reaches_it(
    database: Store, vault: Vault, clock: Clock
) -> None:
    """However many came before and after; what came last is under none yet."""
    journal, dropping = await opened(database, vault, clock), anchoring(database, vault, clock)
    for number in range(5):
        await journal.accept("sms", [sms(2 * number), sms(2 * number + 1)])
        await dropping.drop()
    await journal.accept("sms", [sms(10)])
    kept = await database.read(lambda tx: list(anchors.kept(tx)))
    found = await database.read(
        lambda tx: [anchors.covering(tx, 0, position) for position in range(1, 12)]
    )

    assert found[:10] == [(kept[at // 2], at - at % 2, at - at % 2 + 2) for at in range(10)]
    assert found[10] is None


async def test_a_chain_written_anew_is_found_out(
    database: Store, vault: Vault, clock: Clock
) -> None:
    """A whole chain made of other messages, as long as the real one, does not pass the anchor."""
    keys = frozenset([Signer(vault).public_key])
    journal = await opened(database, vault, clock)
    await journal.accept("sms", [sms(number) for number in range(3)])
    await anchoring(database, vault, clock).drop()
    lines = await database.read(lambda tx: list(anchors.kept(tx)))
    against = anchors.heads_in(lines, keys)
    real = await database.read(lambda tx: verify(tx, against=against.chains))
    await database.write(lambda tx: tx.run("delete from work"))
    await database.write(lambda tx: tx.run("delete from journal"))
    journal = await opened(database, vault, clock)
    await journal.accept("sms", [sms(number, b"lampu mati") for number in range(3)])
    alone = await database.read(verify)
    forged = await database.read(lambda tx: verify(tx, against=against.chains))

    assert real.broken is None
    assert alone.broken is None
    assert forged.broken == "chain 0 was written anew: row 3 is not the one noted"


async def test_each_anchor_stands_in_the_file_once(
    database: Store, vault: Vault, clock: Clock, tmp_path: Path
) -> None:
    """A line a crash cut short swallows none; the same again adds none; no folder means later."""
    file = tmp_path / "anchors.jsonl"
    file.write_bytes(b'{"statement":"cut sho')
    dropping = anchoring(database, vault, clock, Ways(stores=(), file=True, mail=""))
    await (await opened(database, vault, clock)).accept("sms", [sms(1)])
    await dropping.drop()
    claim = Claim(target=FILE, owner="w", limit=9, lease_ms=1, resend=True)
    claimed = await database.write(lambda tx: claiming.claim(tx, claim, clock.milliseconds))
    items = [item.unsealed(vault) for item in claimed]
    target = to_file(file)
    outcomes = [await target.deliver(items), await target.deliver(items)]
    away = await to_file(tmp_path / "away" / "x").deliver(items)
    lines = await database.read(lambda tx: list(anchors.kept(tx)))

    assert outcomes == [[Receipt()], [Receipt()]]
    assert file.read_bytes().splitlines()[1:] == lines
    assert [type(one) for one in away] == [TryLater]


async def test_an_anchor_goes_out_by_mail(database: Store, vault: Vault, clock: Clock) -> None:
    """One letter to the auditor, with the signed line unbroken in it."""
    ways = Ways(stores=(), file=False, mail="auditor@example.id")
    await (await opened(database, vault, clock)).accept("sms", [sms(1)])
    await anchoring(database, vault, clock, ways).drop()
    claim = Claim(target="channel:mail", owner="w", limit=9, lease_ms=1, resend=True)
    claimed = await database.write(lambda tx: claiming.claim(tx, claim, clock.milliseconds))
    [reply] = [msgspec.json.decode(one.unsealed(vault).body, type=Reply) for one in claimed]
    ours = OurAddresses(["lapor@example.id"], Tokens(bytes(32)))
    back = msgspec.json.decode(reply.to, type=ReturnAddress)
    letter = compose(reply, back, ours, display_name="Lapor", now=clock.now)
    [line] = await database.read(lambda tx: list(anchors.kept(tx)))

    assert letter["To"] == "auditor@example.id"
    assert letter["Subject"] == "Journal anchor 1"
    assert line.decode() in letter.get_content()


async def test_a_case_can_be_shown_to_somebody_who_trusts_nobody(
    gateway: Gateway, tmp_path: Path
) -> None:
    """What a running gateway anchored and wrote holds elsewhere, and no change of it does."""
    kept = tmp_path / "kept.jsonl"
    gateway.settings["proof"] = {"every": 0.3, "file": str(kept)}
    await gateway.start()
    await say(gateway, "1", "Lampu jalan padam di depan Balai Desa")
    await say(gateway, "2", "ANONIM Ada pungutan di kantor desa", "+6281200000002")
    await until_drained(gateway)
    [(code,), (hidden,)] = central(
        gateway, "select case_code from records order by anonymous, received_at"
    )
    while len(kept.read_bytes().splitlines() if kept.exists() else b"") < 1:
        await until_drained(gateway)
    await gateway.stop()
    key = json.loads(await ran(gateway, "status", "--json"))["public_key"]
    out, secret = tmp_path / "case.json", tmp_path / "hidden.json"
    await ran(gateway, "evidence", code, "--out", str(out))
    await ran(gateway, "evidence", hidden, "--out", str(secret))
    held = await ran(gateway, "verify", str(out), "--key", key, "--against", str(kept))
    whole = await ran(gateway, "verify", "--against", str(kept))
    stranger = await ran(
        gateway, "verify", str(out), "--key", Signer(Vault(bytes(32))).public_key, code=1
    )
    out.write_bytes(out.read_bytes().replace(b"padam", b"nyala"))
    changed = await ran(gateway, "verify", str(out), "--key", key, code=1)

    assert CODE.search(held)
    assert held.splitlines()[-1] == "whole"
    assert "kept elsewhere: 1" in held
    assert "whole: 2 rows, as" in whole
    assert "not known here" in stranger
    assert "it was changed" in changed
    assert out.stat().st_mode & 0o077 == 0
    assert b"8120000000" not in out.read_bytes() + secret.read_bytes()


async def test_evidence_that_was_signed_over_a_changed_message_is_found_out(
    database: Store, vault: Vault, clock: Clock
) -> None:
    """Whoever has the signing key still cannot put other bytes under an anchor."""
    signer = Signer(vault)
    keys = frozenset([signer.public_key])
    journal = await opened(database, vault, clock)
    await journal.accept("sms", [sms(number) for number in range(7)])
    await anchoring(database, vault, clock).drop()
    await database.write(lambda tx: tx.run(RECORDED))
    messages = await database.read(lambda tx: tuple(evidence.messages_of(tx, "r", shown=True)))

    def checked(*shown: evidence.Message) -> str | None:
        told = evidence.Evidence(
            made_at=clock.now, case_code="X", state="diterima", record=None, messages=shown, sent=()
        )
        return evidence.check(signer.sign(told), keys).broken

    assert len(messages) == 7
    assert checked(*messages) is None
    for other in (
        replace(messages[3], payload="AAAA"),
        replace(messages[3], external_id="x"),
        replace(messages[3], received_at=1),
    ):
        assert "was changed" in (checked(other) or "")
    unread = replace(messages[3], payload="")
    for other in (
        replace(unread, path=messages[2].path),
        replace(unread, position=5),
        replace(unread, chain=1),
    ):
        assert "is not under its anchor" in (checked(other) or "")
