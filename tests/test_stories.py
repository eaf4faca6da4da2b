"""Whole complaints, told to the real pipeline: what citizens send, see, and what records result."""

from pathlib import Path

import pytest
import story
from clock import Clock
from postgres import Postgres

from gateway import operate
from gateway.operate import Order
from gateway.vault import Vault

#: Between them these ask the database everything the dialog asks it.
ON_BOTH_ENGINES = (
    "an_album_then_words",
    "an_answer_in_the_thread",
    "an_edit_of_an_addition",
    "anonymous_next_report",
    "erased",
    "everything_about_one_report",
    "reported_by_form_followed_by_sms",
    "several_photos",
    "solved",
    "unsent",
    "withdrawn_after_forwarding",
)


async def told(path: Path, teller: story.Teller) -> None:
    """Tell a story and compare the records in the end."""
    content = story.read(path)
    await teller.tell(content)
    made = [story.of_record(*known) for known in await teller.records()]
    expected = content.get("record", [])

    assert len(made) == len(expected), [record["text"] for record in made]
    for record, wanted in zip(made, expected, strict=True):
        if "text" in wanted:
            wanted["text"] = await teller.filled(wanted["text"])
        assert {name: record[name] for name in wanted} == wanted
    await _replayed(teller)


async def _replayed(teller: story.Teller) -> None:
    """Running the journal again makes no revision, no record and no answer."""
    before = (await teller.records(), await teller.replies())
    order = Order(verb="replay")
    await teller.database.write(lambda tx: operate.carry_out(tx, order, teller.clock.milliseconds))
    await teller.work()

    records, replies = before
    assert await teller.replies() == replies
    for now, then in zip(await teller.records(), records, strict=True):
        assert now == then


@pytest.mark.parametrize("path", story.stories(), ids=lambda path: path.stem)
async def test_the_story_goes_as_it_is_told(
    path: Path, vault: Vault, clock: Clock, tmp_path: Path
) -> None:
    """Every answer is the one the story tells, and so is every record in the end."""
    async with story.teller(f"sqlite://{tmp_path}/gateway.db", vault, clock, tmp_path) as telling:
        await told(path, telling)


@pytest.mark.parametrize("name", ON_BOTH_ENGINES)
async def test_the_story_goes_the_same_way_on_postgresql(  # noqa: PLR0917 (fixtures)
    name: str, postgres: Postgres, vault: Vault, clock: Clock, tmp_path: Path
) -> None:
    """The dialog's questions to the database have the same answers on both engines."""
    url = postgres.copy()
    async with story.teller(url, vault, clock, tmp_path) as telling:
        await told(story.STORIES / f"{name}.toml", telling)
    postgres.drop(url)


@pytest.mark.parametrize("writes", range(12))
async def test_the_power_may_fail_anywhere_in_a_story(
    writes: int, vault: Vault, clock: Clock, tmp_path: Path
) -> None:
    """What waits, what is asked and what was answered stand in the database, and nowhere else."""
    async with story.teller(f"sqlite://{tmp_path}/gateway.db", vault, clock, tmp_path) as telling:
        telling.writes_left = writes
        await told(story.STORIES / "everything_about_one_report.toml", telling)


def test_there_are_stories_of_everything() -> None:
    """Seventy at the least, each with a sentence that says what it is about."""
    sentences = [story.read(path)["story"] for path in story.stories()]

    assert len(sentences) >= 70
    assert all(sentence.endswith(".") for sentence in sentences)
