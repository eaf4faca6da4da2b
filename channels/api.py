"""
Local apps, such as a city's own complaint app: they push what they already hold to /api/v1.

The acknowledgement is 201 with the case code, after `accept`. The app's idempotency key makes the
external id, so a report repeated after a timeout is one report and gets the same answer. Answers
go back as signed webhooks, or the app asks for the state. The contract with the app's developers
is the OpenAPI document at /api/v1/openapi.json.
api_desk answers requests, api_form reads them, api_callback carries answers back.
"""

import time
from collections.abc import Callable, Sequence

import msgspec
from aiohttp.web import AbstractRouteDef

from channels.api_callback import Callbacks
from channels.api_desk import Desk
from channels.api_filed import Filed, message_of
from channels.api_keys import Names
from channels.api_options import ApiOptions
from channels.api_simulate import file_report
from channels.contract import (
    Attachment,
    Channel,
    Inbox,
    Outcome,
    Parsed,
    Receipt,
    Reply,
    Simulated,
    Unreadable,
)
from channels.windows import unpack_address


class Api(Channel):
    """The door for local apps."""

    name = "api"
    idempotent = True
    Options = ApiOptions
    example_sender = "warga-1"

    def __init__(
        self,
        options: ApiOptions,
        key: bytes,
        *,
        clock: Callable[[], float] = time.time,
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        self._options = options
        self._names = Names(key)
        self._callbacks = Callbacks(clock)
        self._stopwatch = stopwatch
        self._desks: list[Desk] = []

    def reload(self, options: ApiOptions) -> None:
        """Take new apps, keys, rates and callbacks while running."""
        self._options = options
        for desk in self._desks:
            desk.options = options

    # --- in ---

    def routes(self, inbox: Inbox) -> Sequence[AbstractRouteDef]:
        """Everything below /api/v1."""
        desk = Desk(self._options, self._names, inbox, clock=self._stopwatch)
        self._desks.append(desk)
        return desk.routes()

    def banner(self, public: str) -> Sequence[str]:
        """Where an app's developers begin."""
        return [f"curl {public}/api/v1/openapi.json"]

    def parse(self, payload: bytes) -> Parsed:
        """Read a journaled report."""
        try:
            kept = msgspec.msgpack.decode(payload, type=Filed)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return Unreadable(reason="not a report an app has filed")
        return message_of(kept)

    # --- out ---

    def keeps(self) -> bool:
        """Whether every app asks for itself."""
        return not any(app.callback_url for app in self._options.apps)

    async def reply(self, reply: Reply) -> Outcome:
        """Post it to the app's callback; an app without one asks for itself."""
        address = unpack_address(reply.to)
        app = next((app for app in self._options.apps if app.name == address["to"]), None)
        if app is None or not app.callback_url:
            return Receipt(reference="kept: the app asks for itself")
        return await self._callbacks.post(app, reply, address.get("id", ""))

    # --- set-up ---

    def problems(self) -> Sequence[str]:
        """What the settings leave undone."""
        apps = self._options.apps
        found = [] if apps else ["no app has a key: nobody can file a report"]
        for app in apps:
            if len(app.keys) > 1:
                found.append(
                    f"{app.name} has two valid keys: take the old one out once the app uses the new"
                )
            if "report" in app.scopes and not app.callback_url:
                found.append(f"{app.name} has no callback_url: it must ask for every case itself")
        return found

    async def simulate(
        self, text: str, *, sender: str, files: Sequence[Attachment], at: str
    ) -> Simulated:
        """File one report as the first app that may."""
        app = next((app for app in self._options.apps if "report" in app.scopes), None)
        if app is None:
            return Simulated(external_id="", answer="not sent: no app has a key", accepted=False)
        return await file_report(
            text, app=app, names=self._names, sender=sender, files=files, at=at
        )
