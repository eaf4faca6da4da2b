"""Whole complaints, told to the real pipeline: what citizens send, see, and what records result."""

from pathlib import Path
from typing import Any, TypeAlias

import pytest
import story
from clock import Clock
from postgres import Postgres

from gateway import operate
from gateway.operate import Order
from gateway.vault import Vault

Shown: TypeAlias = dict[str, Any]

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


async def told(path: Path, teller: story.Teller) -> tuple[list[Shown], list[Shown]]:
    """Tell a story; what it names of the records made in the end, and what it promises of them."""
    content = story.read(path)
    await teller.tell(content)
    promised: list[Shown] = content.get("record", [])
    for record in promised:
        if "text" in record:
            record["text"] = await teller.filled(record["text"])
    made = [story.of_record(*known) for known in await teller.records()]
    named = [*map(set, promised), *map(set, made[len(promised) :])]
    shown = [
        {name: record[name] for name in names} for record, names in zip(made, named, strict=False)
    ]
    return shown, promised


async def replayed(teller: story.Teller) -> tuple[object, object]:
    """Every record and answer after the journal was run once more, and before it was."""
    before = (await teller.records(), await teller.replies())
    order = Order(verb="replay")
    await teller.database.write(lambda tx: operate.carry_out(tx, order, teller.clock.milliseconds))
    await teller.work()
    return (await teller.records(), await teller.replies()), before


@pytest.mark.parametrize("path", story.stories(), ids=lambda path: path.stem)
async def test_the_story_goes_as_it_is_told(
    path: Path, vault: Vault, clock: Clock, tmp_path: Path
) -> None:
    """Every answer is the one the story tells, and so is every record in the end."""
    async with story.teller(f"sqlite://{tmp_path}/gateway.db", vault, clock, tmp_path) as telling:
        made, promised = await told(path, telling)
        now, before = await replayed(telling)

    assert made == promised
    assert now == before


@pytest.mark.parametrize("name", ON_BOTH_ENGINES)
async def test_the_story_goes_the_same_way_on_postgresql(  # noqa: PLR0917 (fixtures)
    name: str, postgres: Postgres, vault: Vault, clock: Clock, tmp_path: Path
) -> None:
    """The dialog's questions to the database have the same answers on both engines."""
    url = postgres.copy()
    async with story.teller(url, vault, clock, tmp_path) as telling:
        made, promised = await told(story.STORIES / f"{name}.toml", telling)
        now, before = await replayed(telling)
    postgres.drop(url)

    assert made == promised
    assert now == before


@pytest.mark.parametrize("writes", range(12))
async def test_the_power_may_fail_anywhere_in_a_story(
    writes: int, vault: Vault, clock: Clock, tmp_path: Path
) -> None:
    """What waits, what is asked and what was answered stand in the database, and nowhere else."""
    async with story.teller(f"sqlite://{tmp_path}/gateway.db", vault, clock, tmp_path) as telling:
        telling.writes_left = writes
        path = story.STORIES / "everything_about_one_report.toml"
        made, promised = await told(path, telling)
        now, before = await replayed(telling)

    assert made == promised
    assert now == before


def test_there_are_stories_of_everything() -> None:
    """Seventy at the least, each with a sentence that says what it is about."""
    sentences = [story.read(path)["story"] for path in story.stories()]

    assert len(sentences) >= 70
    assert all(sentence.endswith(".") for sentence in sentences)
