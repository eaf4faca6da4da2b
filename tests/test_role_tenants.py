"""
An agency's own case and another agency's: every route of the console that names a case.

The routes are those the console has, so a new one is tried here without being written down; a new
kind of place in an address has to be named below. What else a role may do: test_role_matrix.py.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from console_site import Cookies, Site, console_site, token_of
from test_console_report_hostile import play, png
from test_role_matrix import PLACE, named

from channels.contract import Attachment
from gateway.access.person import Person, Role
from gateway.clock import now_ms
from gateway.console.build import build_console, build_office

DLH = "Dinas Lingkungan Hidup"
PEOPLE = tuple(
    Person(id=number, login=role.value, name=role.value, role=role, agency=DLH)
    for number, role in enumerate(Role, start=1)
)
STORES = '[central.central]\nkind = "sqlite"\n[central.sp4n]\nkind = "handoff"\n'
#: The places in addresses that belong to the whole office and to no agency: accounts, keys and
#: parked messages are opened to admins of the office, signals to no agency, lists are filtered.
NO_CASES = {"id", "login", "number", "rest", "store", "verb"}
#: A code no case has.
NOBODYS = "0000000AA"
#: Those of a case.
OF_CASES = {"code", "sha256"}


@pytest.fixture
async def site(tmp_path: Path, database_url: str) -> AsyncIterator[Site]:
    async with console_site(tmp_path, STORES, people=PEOPLE, store=database_url) as running:
        yield running


async def test_another_agencys_case_is_behind_no_route(site: Site) -> None:
    """Each role of an agency, at each of them: what is not theirs is not there, or forbidden."""
    photo = Attachment(name="foto.png", media_type="image/png", content=png())
    own = await play(
        site, "mail", "Sampah menumpuk di Cikupa", sender="a@example.org", files=(photo,)
    )
    other = await play(
        site, "mail", "Lampu jalan mati di Curug", sender="b@example.org", files=(photo,)
    )
    folder = site.parts.settings.data_dir / "attachments"
    [sha256] = [path.name for path in folder.glob("*/*") if path.is_file()]
    routes = named(build_console(build_office(site.parts, now_ms), Cookies({})))
    places = {one for _, path in routes.values() for one in PLACE.findall(path)}
    assert places == OF_CASES | NO_CASES

    found: dict[tuple[str, str], dict[str, int]] = {}
    for person in PEOPLE:
        async with site.desk(person) as desk:
            for code in (NOBODYS, other, own):
                for row, (method, path) in routes.items():
                    if "{code" not in path:
                        continue
                    filled = {"code": code, "sha256": sha256, "store": "sp4n"}
                    url = PLACE.sub(lambda one, to=filled: to[one[1]], path)  # type: ignore[misc]
                    if method == "POST":
                        await desk.send(url.removeprefix("/console"), csrf=token_of(person))
                    else:
                        async with desk.session.get(f"{site.internal}/console{url}") as answer:
                            desk.status = answer.status
                    found.setdefault((person.login, row), {})[code] = desk.status

    assert len(found) > 5 * 15
    # The list of what is to be handed over says 409 for whatever does not wait there.
    assert {at[other] for at in found.values()} == {403, 404, 409}
    assert {key: at for key, at in found.items() if at[other] != at[NOBODYS]} == {}
    # What is refused for another's case is refused for being another's: one's own opens.
    reading = [key for key in found if key[1].startswith("GET /report")]
    assert {key: found[key][own] for key in reading if found[key][own] != 200} == {}
    assert sum(at[own] not in {403, 404, 409} for at in found.values()) > 30
