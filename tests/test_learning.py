"""What officers teach: corrections in the store, tables of old reports, versions, the shadow."""

from functools import partial
from pathlib import Path

import msgspec
import pytest
from clock import Clock
from lessons import past_reports
from normalizing import RULES, report, said

from channels.officer_table import read_table
from forwarder.routing import everything_to
from gateway import records
from gateway.config_files import config_files, learned_files
from gateway.errors import SettingsError
from gateway.filtering import Said, report_of
from gateway.learning import corrections, past
from gateway.learning.corrections import Corrected, Correction, NotCorrected, correct
from gateway.learning.past import Columns, NoColumn, Past, past_in, past_of
from gateway.learning.shadow import ENOUGH, Trial
from gateway.learning.teaching import STEPS, TooFew, evidence, teach, try_shadow
from gateway.learning.versions import NoVersion, Versions, active_models
from gateway.records import Written
from gateway.store import Store
from gateway.vault import Vault
from normalizer.normalize import normalize
from normalizer.record import Place, Record
from normalizer.rules import RulesError, read_rules

CODE = "0000000AA"
WORDS = "Lampu jalan depan Balai Warga mati sejak kemarin"
RECORD = normalize(report(said(WORDS)), RULES, [])


async def filed(database: Store, vault: Vault, record: Record = RECORD) -> None:
    """A record in the store."""
    written = Written(
        record_id=record.record_id,
        revision=1,
        case_code=record.case_code,
        channel="sms",
        external_id="m-1",
        received_at=1,
        pseudonym="p-1",
        document=vault.seal(msgspec.json.encode(record)),
        identity=vault.seal(b"{}"),
        keys=(),
    )
    await database.write(lambda tx: records.write(tx, [written], now=1))


async def decide(database: Store, vault: Vault, clock: Clock, *what: str) -> Record:
    """An officer's word: task and value, and the case if it is another."""
    task, value, *case = what
    correction = msgspec.convert(
        {"case_code": case[0] if case else CODE, "task": task, "value": value}, Correction
    )
    now = clock.milliseconds
    return await database.write(
        lambda tx: correct(tx, vault, correction, centrals=everything_to("local"), now=now)
    )


def corrected(value: str, text: str = WORDS, derived_by: str = "rules") -> Corrected:
    record = normalize(report(said(text)), RULES, [])
    return Corrected(
        record=record,
        value=value,
        derived="pajak",
        derived_by=derived_by,
        derived_version="1",
        at=1 << 60,
    )


async def test_a_correction_is_in_the_record_and_a_lesson(
    database: Store, vault: Vault, clock: Clock
) -> None:
    """One revision more goes to every central store; the table has no word of the citizen."""
    await filed(database, vault)

    after = await decide(database, vault, clock, "topic", "pju")
    [lesson] = await database.read(lambda tx: list(corrections.last(tx, vault, "topic")))
    outgoing = await database.read(lambda tx: tx.all("select kind, target from outbox"))
    kept = await database.read(lambda tx: tx.all("select * from corrections"))
    noted = await database.read(lambda tx: tx.all("select what from audit"))

    assert (after.topic.value, after.topic.by, after.revision) == ("pju", "officer", 2)
    assert (lesson.value, lesson.derived, lesson.derived_by) == ("pju", RECORD.topic.value, "rules")
    assert past_of(lesson) == Past(text=RECORD.clean_text, label="pju")
    assert outgoing == [("record", "central:local")]
    assert "Lampu" not in repr(kept)
    assert noted == [(f"topic of {CODE} is pju",)]


async def test_the_last_word_on_a_case_counts(database: Store, vault: Vault, clock: Clock) -> None:
    """Whoever corrects a correction does not measure a model by it."""
    await filed(database, vault)

    await decide(database, vault, clock, "agency", "Dinas Satu")
    after = await decide(database, vault, clock, "agency", "Dinas Dua")
    again = await decide(database, vault, clock, "agency", "Dinas Dua")
    [lesson] = await database.read(lambda tx: list(corrections.last(tx, vault, "agency")))
    others = await database.read(lambda tx: list(corrections.last(tx, vault, "type")))

    assert after.agency.value == "Dinas Dua"
    assert after.agency.alternatives[:1] == ("Dinas Satu",)
    assert again.revision == after.revision
    assert (lesson.value, lesson.derived, lesson.derived_by) == ("Dinas Dua", None, "officer")
    assert others == []


async def test_nothing_is_learned_of_an_erased_report(
    database: Store, vault: Vault, clock: Clock
) -> None:
    """Its words cannot be read any more, and it cannot be corrected."""
    await filed(database, vault)
    await decide(database, vault, clock, "topic", "pju")
    await database.write(lambda tx: tx.run("update records set data_key = null"))

    assert await database.read(lambda tx: list(corrections.last(tx, vault, "topic"))) == []
    with pytest.raises(NotCorrected, match="case 0000000AA"):
        await decide(database, vault, clock, "topic", "air_bersih")


async def test_a_case_nobody_knows_is_not_corrected(
    database: Store, vault: Vault, clock: Clock
) -> None:
    """And nothing of it is kept."""
    with pytest.raises(NotCorrected, match="case 1"):
        await decide(database, vault, clock, "topic", "pju", "1")

    assert await database.read(lambda tx: tx.all("select * from corrections")) == []


def test_a_given_place_and_title_are_told_from_derived_ones() -> None:
    """A model must not learn from what was found in the words as if the citizen had said it."""
    found = msgspec.structs.replace(RECORD, place=Place(name="Balai Warga"))
    given = msgspec.structs.replace(RECORD, place=Place(name="Gang Mawar"), title="Gelap")

    assert past_of(_with(found)).address == past_of(_with(found)).title == ""
    assert (past_of(_with(given)).address, past_of(_with(given)).title) == ("Gang Mawar", "Gelap")


def test_a_title_that_was_made_with_the_place_is_no_given_one() -> None:
    """The place behind it is ours as well."""
    said = Said(text="Lampu padam", address="Jalan Contoh")
    record = normalize(report_of(said), read_rules(config_files(None)), ())

    assert record.title == "Lampu padam (Jalan Contoh)"
    assert past_of(_with(record)).title == ""


def test_a_table_of_old_reports_is_read_by_its_columns() -> None:
    """Rows without words or value are left out; a column that is not there is told."""
    table = read_table(
        b"No;Isi;Bidang;Lokasi\n1;Lampu mati;pju;Gang Mawar\n2;;pju;\n3;Air keruh;;\n", "lama.csv"
    )

    found = list(past_in(table, Columns(text="Isi", label="Bidang", address="Lokasi")))

    assert found == [Past(text="Lampu mati", label="pju", address="Gang Mawar")]
    with pytest.raises(NoColumn, match="there is no column Aduan; it has No, Isi, Bidang, Lokasi"):
        list(past_in(table, Columns(text="Aduan", label="Bidang")))


def test_old_reports_are_kept_sealed_until_they_are_forgotten(tmp_path: Path) -> None:
    """Another key reads nothing."""
    versions, vault = Versions.of(tmp_path, "topic"), Vault(bytes(range(32)))
    reports = past_reports()

    past.keep(versions, vault, reports)

    [file] = versions.folder.iterdir()
    assert b"sampah" not in file.read_bytes()
    assert past.kept(versions, vault) == reports
    with pytest.raises(SettingsError, match="cannot be read"):
        past.kept(versions, Vault(bytes(32)))
    past.forget(versions)
    assert past.kept(versions, vault) == []


def test_a_version_is_tried_then_decides_then_is_taken_back(tmp_path: Path) -> None:
    """Each step is one pointer; every version stays."""
    versions = Versions.of(tmp_path, "topic")
    first = teach(versions, past_reports(), RULES, lambda _: None)
    tried = (versions.active, versions.shadow)
    versions.activate(first)
    second = teach(versions, past_reports()[::2], RULES, lambda _: None)
    versions.activate(second)

    assert tried == ("", "1")
    assert (versions.active, versions.shadow) == ("2", "")
    assert active_models(tmp_path) == {"topic": versions.file("2")}
    assert versions.roll_back() == "1"
    assert versions.roll_back() == ""
    assert active_models(tmp_path) == {}
    assert [(head.version, head.examples) for head in versions.heads()] == [("1", 90), ("2", 45)]
    with pytest.raises(NoVersion, match="the rules decide alone already"):
        versions.roll_back()
    with pytest.raises(NoVersion, match="there is no version 3"):
        versions.activate("3")
    with pytest.raises(NoVersion, match=r"there is no version \.\./1"):
        versions.file("../1")


def test_too_few_reports_leave_no_version(tmp_path: Path) -> None:
    """Nothing is tried that has learned nothing."""
    versions = Versions.of(tmp_path, "topic")

    with pytest.raises(TooFew, match="it takes 40"):
        teach(versions, past_reports()[:10], RULES, lambda _: None)

    assert (list(versions.heads()), versions.shadow) == ([], "")


def test_teaching_tells_how_far_it_is(tmp_path: Path) -> None:
    """A fifth at a time, and then all."""
    steps: list[int] = []

    teach(Versions.of(tmp_path, "type"), past_reports(), RULES, steps.append)

    assert steps == list(range(1, STEPS + 1))


def test_a_version_takes_over_when_it_is_better_on_enough_corrections(tmp_path: Path) -> None:
    """What came before it was made, and what an officer had said before, proves nothing."""
    versions = Versions.of(tmp_path, "topic")
    teach(versions, past_reports(), RULES, lambda _: None)
    good = corrected("lampu", "Lampu penerangan padam")
    early = msgspec.structs.replace(good.record)

    few = try_shadow(versions, [good] * (ENOUGH - 1), RULES)
    said_before = corrected("lampu", derived_by="officer")
    before = Corrected(
        record=early, value="x", derived="y", derived_by="rules", derived_version="1", at=1
    )
    enough = try_shadow(versions, [before, said_before, *[good] * ENOUGH], RULES)

    assert few == Trial(corrections=ENOUGH - 1, shadow_right=ENOUGH - 1, current_right=0)
    assert enough == Trial(corrections=ENOUGH, shadow_right=ENOUGH, current_right=0)
    assert (versions.active, versions.shadow) == ("1", "")
    assert try_shadow(versions, [good] * ENOUGH, RULES) is None


def test_a_version_that_is_not_better_is_tried_on(tmp_path: Path) -> None:
    """As often right is not better."""
    versions = Versions.of(tmp_path, "topic")
    teach(versions, past_reports(), RULES, lambda _: None)
    bad = corrected("pajak", "Lampu penerangan padam")

    trial = try_shadow(versions, [bad] * ENOUGH, RULES)

    assert str(trial) == (
        f"on {ENOUGH} later corrections what is tried was right 0 times, what decides now"
        f" {ENOUGH} times: it does not take over"
    )
    assert (versions.active, versions.shadow) == ("", "1")


def test_training_sees_what_asking_will_see() -> None:
    """The same report as a lesson and as a new message is the same evidence."""
    lesson = partial(evidence, rules=RULES)

    assert lesson(Past(text=WORDS, label="x")) == lesson(past_of(_with(RECORD)))


def _with(record: Record) -> Corrected:
    return Corrected(
        record=record, value="x", derived=None, derived_by="rules", derived_version="1", at=0
    )


def test_a_model_of_an_older_program_is_left_out(tmp_path: Path) -> None:
    """An upgrade does not keep a gateway from starting: until `train` has run the rules decide."""
    versions = Versions.of(tmp_path, "topic")
    versions.add("1", b"lapor-model 1\n" + bytes(64))
    versions.activate("1")
    left_out = learned_files(tmp_path)
    versions.add("2", b"no model at all")
    versions.activate("2")

    assert left_out == {}
    with pytest.raises(RulesError, match="models/topic"):
        read_rules({**config_files(None), **learned_files(tmp_path)})
