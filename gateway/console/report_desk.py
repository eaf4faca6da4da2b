"""What page Laporan works with, built once: who answers, joins, transfers, and where files lie."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Concatenate, ParamSpec, TypeVar

from forwarder.ports import Transaction
from gateway.access.person import Person
from gateway.board import rows
from gateway.build import build_custodian
from gateway.build_craft import build_clock, build_files
from gateway.build_routes import build_routes
from gateway.console.office import Office
from gateway.custody.desk import Custodian
from gateway.files import Files
from gateway.handling.alarming import Alarm
from gateway.handling.choices import read_choices
from gateway.handling.deciding import Decider
from gateway.handling.joining import Joiner
from gateway.handling.place_choices import read_places
from gateway.handling.replying import Replier
from gateway.handling.seeing import Seen, unchanged
from gateway.handling.templates import Template, read_templates
from gateway.handling.transferring import Transfers
from gateway.vault import Vault

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDesk:
    """The tools on an officer's desk."""

    office: Office
    vault: Vault
    files: Files
    custodian: Custodian
    replier: Replier
    joiner: Joiner
    decider: Decider
    alarm: Alarm
    transfers: Transfers
    templates: tuple[Template, ...]

    async def change(
        self,
        act: Callable[Concatenate[Transaction, Seen, P], T],
        about: tuple[str, str],
        person: Person,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """
        Do something to a case as its reader saw it: `about` is its code and its stand then.

        Raises NotHere and Outdated, and then nothing is written.
        """
        code, stand = about

        def write(tx: Transaction) -> T:
            seen = unchanged(tx, self.vault, code, person.agency, stand=stand)
            done = act(tx, seen, *args, **kwargs)
            rows.refresh(tx, self.vault, [seen.status.record_id])
            return done

        done = await self.office.parts.store.write(write)
        self.tell(code)
        return done

    def tell(self, code: str) -> None:
        """Let open pages and the outbox's workers know."""
        self.office.news.tell(f"case:{code}", "board")
        self.office.parts.poke_workers()


def build_desk(office: Office) -> ReportDesk:
    """Everything, from the parts of the running gateway."""
    parts = office.parts
    settings, vault = parts.settings, parts.vault
    centrals = build_routes(settings)
    decider = Decider(
        vault=vault,
        centrals=centrals,
        choices=replace(read_choices(settings), places=read_places(settings)),
        deadlines=build_clock(settings),
    )
    return ReportDesk(
        office=office,
        vault=vault,
        files=build_files(settings),
        custodian=build_custodian(settings, vault, parts.store),
        replier=Replier(
            vault=vault,
            channels=parts.channels,
            speech=partial(getattr, parts.back.teller, "speech"),
            manners=settings.notices,
            utc_hours=settings.tenant.utc_hours,
        ),
        joiner=Joiner(vault=vault, centrals=centrals),
        decider=decider,
        alarm=Alarm(vault=vault, decider=decider),
        transfers=Transfers(vault=vault, decider=decider),
        templates=read_templates(settings.config_dir),
    )
