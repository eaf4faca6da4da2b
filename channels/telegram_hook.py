"""
The webhook as Telegram should know it: set at the start, and looked after while we run.

Telegram repeats what we do not answer with 2xx for a day, per chat, so nothing here is urgent; but
an address that was changed by somebody else, or that Telegram cannot reach, is found out here.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from channels.contract import TryLater
from channels.telegram_calls import Hook
from channels.telegram_options import TelegramOptions
from channels.telegram_weather import Weather

if TYPE_CHECKING:
    from channels.telegram_api import Api

_LOOK_SECONDS = 300.0
_TAKEN = TryLater(reason="the webhook was set to another address", trouble="conflict")


@dataclass(slots=True, kw_only=True)
class Keeper:
    """Looks after the webhook of one bot."""

    api: "Api"
    weather: Weather
    #: Makes sure that we know who we are, and that the token is good.
    hello: Callable[[], Awaitable[TryLater | None]]
    #: Others may be given while it runs.
    options: TelegramOptions
    look_seconds: float = _LOOK_SECONDS
    #: The settings Telegram was told.
    _told: TelegramOptions | None = field(default=None, init=False)
    #: The last failed delivery we know of, by Telegram's clock.
    _failed_at: int | None = field(default=None, init=False)

    async def run(self) -> None:
        """Set the webhook and look at it until cancelled."""
        while True:
            failure = await self.hello() or await self._set() or await self._look()
            if failure:
                await self.weather.bad(failure)
            else:
                self.weather.well()
                await self.weather.rest(self.look_seconds)

    async def _set(self) -> TryLater | None:
        options = self.options
        if not options.hook_url or self._told is options:
            return None
        secret = options.secrets[0].value if options.secrets else ""
        failure = await self.api.set_hook(options.hook_url, secret, options.max_connections)
        self._told = None if failure else options
        return failure

    async def _look(self) -> TryLater | None:
        hook = await self.api.hook()
        if isinstance(hook, TryLater):
            return hook
        if self.options.hook_url and hook.url != self.options.hook_url:
            self._told = None
            return _TAKEN
        return self._unreached(hook)

    def _unreached(self, hook: Hook) -> TryLater | None:
        before, self._failed_at = self._failed_at, hook.failed_at
        if before is None or hook.failed_at <= before or not hook.pending:
            return None
        return TryLater(
            reason="Telegram does not reach the webhook", wait=self.look_seconds, trouble="away"
        )
