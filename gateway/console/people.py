"""Pengguna: who may use the console, and the keys of machines; what an admin orders here."""

import secrets
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from aiohttp import web

from forwarder.ports import Transaction
from gateway.access import keys, ordering, sessions, users
from gateway.access.keys import Key, NewKey
from gateway.access.ordering import UserOrder, Verb
from gateway.access.person import Right, Role
from gateway.access.sessions import Session
from gateway.access.trail import enter
from gateway.access.users import User
from gateway.console.door_safe import number_of
from gateway.console.frame import ROOT, Entry, go, person_of, show
from gateway.console.office import Office
from gateway.custody.duty import Refused
from gateway.handling.choices import read_choices
from normalizer.codes import ALPHABET

HERE = f"{ROOT}/people"
TRAIL = f"{ROOT}/trail"
#: What an admin does to an account with one press.
VERBS: Mapping[str, Verb] = {
    "role": "role",
    "disable": "disable",
    "enable": "enable",
    "password": "passwd",
    "app": "totp-reset",
}
MOST_DAYS = 366
MOST_NAME = 60


class People:
    """The pages about accounts and keys."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._agencies = read_choices(office.parts.settings).agencies

    async def look(self, request: web.Request) -> web.StreamResponse:
        """All accounts and keys; who may only read the trail goes there."""
        if not person_of(request).may(Right.PEOPLE):
            raise web.HTTPSeeOther(TRAIL)
        return await self._shown(request)

    async def one(self, request: web.Request) -> web.StreamResponse:
        """One account and where it is signed in."""
        return await self._shown_one(request)

    async def add(self, request: web.Request) -> web.StreamResponse:
        """A new account, with a password that is shown once and must be changed at once."""
        sent = await _read(request)
        role = _role(sent.get("role", ""))
        password = new_password()
        order = UserOrder(
            verb="add",
            who=person_of(request).login,
            login=sent.get("login", ""),
            name=sent.get("name", "")[: users.MOST_NAME],
            role=role,
            agency=sent.get("agency", "").strip(),
            password=await self._office.access.passwords.hashed(password),
            must_change=True,
        )
        try:
            await self._carry_out(order)
        except Refused as exc:
            return await self._shown(request, refused=str(exc), typed=sent)
        shown = {"login": order.login.strip().lower(), "password": password}
        return await self._shown(request, made=shown)

    async def change(self, request: web.Request) -> web.StreamResponse:
        """What is done to an account: another role, password, app; on and off."""
        login, verb = request.match_info["login"], VERBS.get(request.match_info["verb"])
        if verb is None:
            raise web.HTTPNotFound
        sent = await _read(request)
        password = new_password() if verb == "passwd" else ""
        hashed = await self._office.access.passwords.hashed(password) if password else ""
        order = UserOrder(
            verb=verb,
            who=person_of(request).login,
            login=login,
            role=_role(sent.get("role", "")) if verb == "role" else Role.VIEWER,
            agency=sent.get("agency", "").strip(),
            password=hashed,
            must_change=bool(password),
        )
        try:
            await self._carry_out(order)
        except Refused as exc:
            return await self._shown_one(request, refused=str(exc))
        except LookupError as exc:
            raise web.HTTPNotFound from exc
        if password:
            return await self._shown_one(request, password=password)
        raise go(f"{HERE}/{login}?done={verb}")

    async def end_sessions(self, request: web.Request) -> web.StreamResponse:
        """End one of somebody's sessions, or all."""
        user, _ = await self._user(request)
        which = (await _read(request)).get("session", "")
        who, now = person_of(request).login, self._office.clock()

        def end(tx: Transaction) -> None:
            if number := number_of(which):
                sessions.end(tx, number, user.id)
            else:
                sessions.end_all(tx, user.id)
            enter(tx, who=who, what=f"ended sessions of user {user.login}", now=now)

        await self._office.parts.store.write(end)
        raise go(f"{HERE}/{user.login}?done=ended")

    # --- keys of machines ----------------------------------------------------------------------

    async def add_key(self, request: web.Request) -> web.StreamResponse:
        """A new key; its secret is shown this once."""
        sent = await _read(request)
        role, days = _role(sent.get("role", "")), sent.get("days", "")
        name = sent.get("name", "").strip()[:MOST_NAME]
        good = days.isdecimal() and 1 <= int(days) <= MOST_DAYS
        if role not in keys.ROLES or not name or not good:
            return await self._shown(request, refused_key=True, typed=sent)
        new = NewKey(name=name, role=role, agency=sent.get("agency", "").strip(), days=int(days))
        who, now = person_of(request).login, self._office.clock()

        def add(tx: Transaction) -> str:
            shown = keys.add(tx, new, who, now)
            id_ = shown.partition(".")[0]
            what = f"made key {id_} ({new.name}), {role.value}, for {new.days} days"
            enter(tx, who=who, what=what, now=now)
            return shown

        return await self._shown(request, key=await self._office.parts.store.write(add))

    async def end_key(self, request: web.Request) -> web.StreamResponse:
        """A key that opens nothing any more."""
        id_, who, now = request.match_info["id"], person_of(request).login, self._office.clock()

        def end(tx: Transaction) -> None:
            if keys.end(tx, id_, now):
                enter(tx, who=who, what=f"ended key {id_}", now=now)

        await self._office.parts.store.write(end)
        raise go(f"{HERE}?done=key")

    # --- parts ---------------------------------------------------------------------------------

    async def _carry_out(self, order: UserOrder) -> None:
        parts, now = self._office.parts, self._office.clock()
        await parts.store.write(lambda tx: ordering.carry_out(tx, parts.vault, order, now))

    async def _shown(self, request: web.Request, **said: object) -> web.StreamResponse:
        def look(tx: Transaction) -> tuple[list[User], list[Key]]:
            return users.listed(tx), keys.listed(tx)

        found, machines = await self._office.parts.store.read(look)
        values = {"refused": "", "refused_key": False, "made": None, "key": "", "typed": {}} | said
        bad = values["refused"] or values["refused_key"]
        return show(
            request,
            "people.html",
            tab="accounts",
            status=HTTPStatus.UNPROCESSABLE_ENTITY if bad else HTTPStatus.OK,
            users=found,
            keys=machines,
            roles=list(Role),
            agencies=self._agencies,
            key_roles=keys.ROLES,
            now=self._office.clock(),
            **values,
        )

    async def _user(self, request: web.Request) -> tuple[User, list[Session]]:
        login, now = request.match_info["login"], self._office.clock()

        def look(tx: Transaction) -> tuple[User | None, list[Session]]:
            user = users.find(tx, login)
            limits = self._office.access.limits
            return user, sessions.listed(tx, user.id, limits, now) if user else []

        user, open_ones = await self._office.parts.store.read(look)
        if user is None:
            raise web.HTTPNotFound
        return user, open_ones

    async def _shown_one(self, request: web.Request, **said: Any) -> web.StreamResponse:  # noqa: ANN401 (values of a page)
        user, open_ones = await self._user(request)
        return show(
            request,
            "people_one.html",
            status=HTTPStatus.CONFLICT if said.get("refused") else HTTPStatus.OK,
            user=user,
            sessions=open_ones,
            mine=0,
            end_at=f"{HERE}/{user.login}/sessions",
            roles=list(Role),
            agencies=self._agencies,
            done=request.query.get("done", ""),
            **{"refused": "", "password": ""} | said,
        )


def new_password() -> str:
    """Eighty random bits somebody can read out and type."""
    signs = ["".join(secrets.choice(ALPHABET.lower()) for _ in range(4)) for _ in range(4)]
    return "-".join(signs)


def routes(office: Office) -> list[Entry]:
    """The pages about accounts and keys."""
    people = People(office)
    return [
        Entry("GET", HERE, people.look, Right.TRAIL),
        Entry("POST", HERE, people.add, Right.PEOPLE),
        Entry("POST", f"{HERE}/keys", people.add_key, Right.PEOPLE),
        Entry("POST", f"{HERE}/keys/{{id}}/end", people.end_key, Right.PEOPLE),
        Entry("GET", f"{HERE}/{{login}}", people.one, Right.PEOPLE),
        Entry("POST", f"{HERE}/{{login}}/sessions", people.end_sessions, Right.PEOPLE),
        Entry("POST", f"{HERE}/{{login}}/{{verb}}", people.change, Right.PEOPLE),
    ]


def _role(typed: str) -> Role:
    try:
        return Role(typed)
    except ValueError as exc:
        raise web.HTTPBadRequest from exc


async def _read(request: web.Request) -> dict[str, str]:
    sent = await request.post()
    return {name: value.replace("\0", "") for name, value in sent.items() if isinstance(value, str)}
