"""The settings of the RSS channel; each is explained in config/gateway.toml."""

import re

import msgspec
from yarl import URL

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}", re.ASCII)


class Feed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One feed."""

    name: str
    url: str
    every: float = 600.0
    private: bool = False

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError("feeds: name must be small letters, digits, _ and -, at most 40")
        if URL(self.url).scheme not in ("http", "https") or not URL(self.url).host:
            raise ValueError("feeds: url must be an http or https address")
        if self.every <= 0:
            raise ValueError("feeds: every must be above 0")


class RssOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Section [channels.rss]."""

    feeds: tuple[Feed, ...] = ()
    timeout: float = 30.0
    max_bytes: int = 4 << 20
    max_entries: int = 200

    def __post_init__(self) -> None:
        names = [feed.name for feed in self.feeds]
        if len(set(names)) < len(names):
            raise ValueError("feeds: two have the same name")
        if min(self.timeout, self.max_bytes, self.max_entries) <= 0:
            raise ValueError("timeout, max_bytes and max_entries must be above 0")


def problems(options: RssOptions) -> list[str]:
    """What an operator should know."""
    if not options.feeds:
        return ["no feeds: nothing is read"]
    return [
        f"feed {feed.name}: http, anybody on the way can change what it says"
        for feed in options.feeds
        if URL(feed.url).scheme == "http" and not feed.private
    ]
