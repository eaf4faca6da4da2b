"""What every page of the console works with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta, timezone

from aiohttp import web

from gateway.access.signing_in import SigningIn
from gateway.build import Parts
from gateway.console.news import News


@dataclass(slots=True, kw_only=True)
class Office:
    """The running gateway, as the officers' pages see it."""

    parts: Parts
    clock: Callable[[], int]
    #: What topics are called, in the words of config/taxonomy.toml.
    topics: Mapping[str, str]
    access: SigningIn
    news: News = field(default_factory=News)

    @property
    def zone(self) -> timezone:
        """The office's own clock: WIB, WITA or WIT."""
        tenant = self.parts.settings.tenant
        return timezone(timedelta(hours=tenant.utc_hours), tenant.zone)


OFFICE: web.AppKey[Office] = web.AppKey("office", Office)
