"""The settings of the X channel; each is explained in config/gateway.toml."""

import re

import msgspec
from yarl import URL

from channels.contract import Secret

MICRO = 1_000_000
#: The smallest page X gives of mentions and of a search, and the largest of both.
LEAST_MENTIONS = 5
LEAST_FOUND = 10
MOST_ON_A_PAGE = 100

# A post may answer one post and quote another, and both come with it.
_REFERENCES = 2
_MOST_QUERY = 512
# X searches seven days and refuses to go back further.
_MOST_HOURS = 160
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}", re.ASCII)
_ID = re.compile(r"\d{1,20}", re.ASCII)


class Prices(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What X charges, in US dollars: for each thing read, and for each thing written."""

    mention: float = 0.001
    post: float = 0.005
    user: float = 0.010
    reply: float = 0.010
    link: float = 0.200
    dm: float = 0.015

    def __post_init__(self) -> None:
        if min(getattr(self, name) for name in self.__struct_fields__) < 0:
            raise ValueError("prices: none may be below 0")


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Words to look for in public posts."""

    name: str
    query: str
    every: float = 300.0
    report: bool = False
    daily_usd: float = 1.0

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError("rules: name must be small letters, digits, _ and -, at most 40")
        if not 1 <= len(self.query) <= _MOST_QUERY:
            raise ValueError(f"rules: query must have 1 to {_MOST_QUERY} characters")
        if self.every <= 0:
            raise ValueError("rules: every must be above 0")


class XOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Section [channels.x]; a setting that says nothing ends the start with its sentence."""

    user_id: str = ""
    bearer_token: Secret | None = None
    consumer_key: Secret | None = None
    consumer_secret: Secret | None = None
    access_token: Secret | None = None
    access_token_secret: Secret | None = None
    secrets: tuple[Secret, ...] = ()
    mentions_every: float = 60.0
    rules: tuple[Rule, ...] = ()
    max_pages: int = 10
    first_hours: float = 24.0
    daily_usd: float = 5.0
    mentions_usd: float = 2.0
    monthly_usd: float = 100.0
    prices: Prices = Prices()
    links: bool = False
    dm: bool = False
    probe: float = 60.0
    timeout: float = 30.0
    api_url: str = ""
    media_url: str = ""

    def __post_init__(self) -> None:
        names = [rule.name for rule in self.rules]
        if len(set(names)) < len(names):
            raise ValueError("rules: two have the same name")
        if self.user_id and not _ID.fullmatch(self.user_id):
            raise ValueError("user_id must be the account's number, not its name")
        times = (self.mentions_every, self.probe, self.timeout)
        if min(*times, self.max_pages) <= 0:
            raise ValueError("mentions_every, probe, timeout and max_pages must be above 0")
        if not 0 < self.first_hours <= _MOST_HOURS:
            raise ValueError(f"first_hours must be above 0 and at most {_MOST_HOURS}")
        self._check_budgets()
        for url in filter(None, (self.api_url, self.media_url)):
            if URL(url).scheme not in ("http", "https") or not URL(url).host:
                raise ValueError("api_url and media_url must be http or https addresses")

    def _check_budgets(self) -> None:
        """A budget below what one page may cost would never buy anything."""
        page = LEAST_MENTIONS * self.worst_mention / MICRO
        if min(self.daily_usd, self.monthly_usd, self.mentions_usd) < page:
            raise ValueError(
                "daily_usd, mentions_usd and monthly_usd must allow for one page of mentions, "
                f"which may cost {page:.3f}"
            )
        if self.mentions_usd > self.daily_usd:
            raise ValueError("mentions_usd is a part of daily_usd and cannot be more")
        page = LEAST_FOUND * self.worst_found / MICRO
        if self.rules and min(rule.daily_usd for rule in self.rules) < page:
            raise ValueError(f"rules: daily_usd must allow for one page, which may cost {page:.3f}")

    @property
    def account(self) -> str:
        """The number of our account; an access token begins with it."""
        token = self.access_token.value if self.access_token else ""
        begin = token.partition("-")[0]
        return self.user_id or (begin if _ID.fullmatch(begin) else "")

    @property
    def can_write(self) -> bool:
        """Whether all four keys of OAuth 1.0a are there."""
        keys = (self.consumer_key, self.consumer_secret)
        return all((*keys, self.access_token, self.access_token_secret))

    @property
    def hook_secrets(self) -> tuple[Secret, ...]:
        """What webhooks are signed with: the consumer secret, unless others are named."""
        if self.secrets:
            return self.secrets
        return (self.consumer_secret,) if self.consumer_secret else ()

    @property
    def worst_mention(self) -> int:
        """What one mention may cost at most, in millionths of a dollar."""
        own = self.prices.mention if self.can_write else self.prices.post
        return self._worst(own)

    @property
    def worst_found(self) -> int:
        """What one post found by a rule may cost at most, in millionths of a dollar."""
        return self._worst(self.prices.post)

    def _worst(self, own: float) -> int:
        return micro(own + self.prices.user + _REFERENCES * self.prices.post)


def micro(dollars: float) -> int:
    """Millionths of a dollar, so that sums stay exact."""
    return round(dollars * MICRO)


def problems(options: XOptions) -> list[str]:
    """What an operator should know before citizens do."""
    found = {
        "no account number (user_id or access_token): mentions are not read": (not options.account),
        "neither bearer_token nor the four keys: nothing can be read": (
            not options.bearer_token and not options.can_write
        ),
        "not all four keys, consumer_key to access_token_secret: nobody is answered": (
            not options.can_write
        ),
        "no consumer_secret: the webhook lets nobody in": not options.hook_secrets,
        "two webhook secrets are valid: take the old one out once X uses the new one": (
            len(options.secrets) > 1
        ),
        "links = true: an answer with a link costs twenty times the price": options.links,
    }
    return [sentence for sentence, is_so in found.items() if is_so]
