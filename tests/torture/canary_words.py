"""
Canaries: words that occur nowhere else, and every form in which one of them may look out.

A secret has the form its setting wants. A person has all that UU 27/2022 calls personal: a name, a
NIK, a telephone, an address for mail, an account, and a story in words nobody else would use.
"""

import random
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus

SYLLABLES = (
    *("qa", "xo", "vu", "zir", "fo", "wex", "jip", "yul"),
    *("tev", "qim", "bax", "ruz", "gev", "ozu", "ixa", "nuv"),
)
#: Settings that hold the name of a secret, by what it looks like; all others are plain words.
SIGNING = ("store", "updates", "app_callback")
PLAIN = (
    *("door_sms", "door_line", "door_whatsapp", "door_messenger", "door_instagram", "door_x"),
    *("door_telegram", "door_officer", "meta_verify", "sms_password", "relay_password"),
    *("imap_password", "line_token", "whatsapp_token", "messenger_token", "instagram_token"),
    *("x_bearer", "x_key", "x_secret", "x_token_secret", "app_key", "city_client_key"),
    *("city_key", "lapor_token", "lapor_password", "central_password", "oidc_secret"),
    *("s3_access", "s3_secret"),
)
# Accounts of providers are numbers of about this length; an SMS has none but the telephone.
ACCOUNT_DIGITS = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who complains at one door."""

    door: str
    name: str
    nik: str
    #: Without country code and zero, as it stands in every way to write it.
    phone: str
    mailbox: str
    account: str
    story: str

    @property
    def mail(self) -> str:
        """The address."""
        return f"{self.mailbox}@example.org"

    @property
    def text(self) -> str:
        """A complaint that tells everything."""
        return (
            f"Nama saya {self.name}, NIK {self.nik}, HP 0{self.phone}, surel {self.mail}. "
            f"Lampu jalan padam di gang {self.story}, sudah tiga malam."
        )

    @property
    def told(self) -> tuple[str, ...]:
        """What stands in the text."""
        return (self.name, self.nik, self.phone, self.mailbox, self.story)

    @property
    def words(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.told, self.account)


@dataclass(slots=True)
class Canaries:
    """All of one run, the same for one seed."""

    seed: int
    #: What the gateway is given, by the name of the secret.
    secrets: dict[str, str] = field(default_factory=dict)
    #: What is looked for: of each the part that nobody knows.
    hidden: dict[str, str] = field(default_factory=dict)
    people: list[Person] = field(default_factory=list)
    #: Guessed secrets, names of files, words in addresses: of nobody, and to be told to nobody.
    others: list[str] = field(default_factory=list)
    _chance: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)  # noqa: S311 (can be repeated)
        for name in PLAIN:
            self.secrets[name] = self._secret(name, f"{self.word()}-{name}")
        for name in SIGNING:
            inner = self._secret(name, self.word() + self.word())
            self.secrets[name] = "whsec_" + b64encode(inner.encode()).decode()
        self.secrets["telegram_token"] = f"7000000001:{self._secret('telegram_token', self.word())}"
        # The account's number stands before the dash, and is no secret.
        self.secrets["x_token"] = f"1-{self._secret('x_token', self.word())}"
        password = f"{self.word()} {self.word()} {self.word()}"
        self.secrets["officers_password"] = self._secret("officers_password", password)

    def _secret(self, name: str, hidden: str) -> str:
        self.hidden[name] = hidden
        return hidden

    def word(self) -> str:
        """A word nobody has written before."""
        return "".join(self._chance.choice(SYLLABLES) for _ in range(7))

    def other(self) -> str:
        """A word that belongs to nobody and is looked for as well."""
        self.others.append(self.word())
        return self.others[-1]

    def person(self, door: str) -> Person:
        """Somebody new at this door."""
        number = self._chance.randrange
        phone = f"8{number(11, 60)}0000{number(10_000):04}"
        account = f"7{number(10 ** (ACCOUNT_DIGITS - 1)):0{ACCOUNT_DIGITS - 1}}"
        born = f"{number(1, 29):02}{number(1, 13):02}{number(70, 99)}"
        self.people.append(
            Person(
                door=door,
                name=self.word().capitalize(),
                nik=f"360312{born}{number(1, 9_999):04}",
                phone=phone,
                mailbox=self.word(),
                account=phone if door == "sms" else account,
                story=self.word(),
            )
        )
        return self.people[-1]

    @property
    def personal(self) -> list[str]:
        """What is personal, of all people, and what else nobody should hear of."""
        return sorted({*(word for person in self.people for word in person.words), *self.others})


class Probe:
    """Looks for words in every form in which a program may write one by mistake."""

    def __init__(self, words: Iterable[str]) -> None:
        self._forms: Mapping[str, tuple[frozenset[bytes], frozenset[bytes]]] = {
            word: (frozenset(_folded(word)), frozenset(_packed(word.encode()))) for word in words
        }

    def __len__(self) -> int:
        return len(self._forms)

    def found(self, content: str | bytes) -> list[str]:
        """Those of the words that are in it."""
        exact = content.encode("utf-8", "replace") if isinstance(content, str) else content
        folded = exact.lower()
        # Numbers may be cut up for people: "0812-0000-1234".
        joined = folded.translate(None, b" -.")
        return [
            word
            for word, (folds, packs) in self._forms.items()
            if any(form in folded for form in folds)
            or any(form in exact for form in packs)
            or (word.isdigit() and word.encode() in joined)
        ]


def _folded(word: str) -> Iterator[bytes]:
    """Where it is all one whether letters are small or large."""
    for form in (word, quote(word, safe=""), quote_plus(word), word.encode().hex()):
        yield form.lower().encode()


def _packed(word: bytes) -> Iterator[bytes]:
    """The part of its base64 that is the same whatever stands before it and behind it."""
    for before in range(3):
        written = b64encode(bytes(before) + word)
        start, end = -(-before * 8 // 6), (before + len(word)) * 8 // 6
        yield written[start:end]
        yield written[start:end].translate(bytes.maketrans(b"+/", b"-_"))
