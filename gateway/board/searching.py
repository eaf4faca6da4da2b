"""
Full-text search: every word must stand in the record, in any order; or a case code; or a sender.

A rare word gives its records at once. Where every word is common they are walked in the list's
order, and a page is full soon. Senders are found by their pseudonym alone, and only by who may ask
for identities; an anonymous report has a pseudonym that leads nowhere.
"""

from collections.abc import Iterator, Sequence

from channels.addresses import e164
from channels.registry import CHANNELS
from forwarder.ports import Transaction
from gateway.board.words import words_with
from gateway.vault import Vault
from normalizer.codes import read_case_code

# So few records are found by their word first, then put into order.
RARE = 2_000
MOST_WORDS = 8
HOME = "ID"
_FEWEST_DIGITS = 8

OFTEN = """
select count(*) from (select 1 from board_words where word = :word limit :limit) found
"""
CODE = "b.number in (select r.number from records r where r.case_code = :code)"
RAREST = "b.number in (select w.number from board_words w where w.word = :word_0)"
NOTHING = "1 = 0"
#: A word among others, each under a name of its own.
EACH = tuple(
    f"exists (select 1 from board_words w where w.word = :word_{at} and w.number = b.number)"
    for at in range(MOST_WORDS)
)
SENDERS = "select distinct pseudonym from records where pseudonym {among:lanes}"


def conditions_of(tx: Transaction, vault: Vault, text: str) -> tuple[list[str], dict[str, object]]:
    """The conditions what was typed puts on `board b`, and their parameters."""
    if code := read_case_code(text):
        return [CODE], {"code": code}
    typed = words_with(vault.derive("board words")).of([text])[:MOST_WORDS]
    if not typed:
        return ([NOTHING] if text.strip() else []), {}
    often = sorted((_often(tx, word), word) for word in typed)
    conditions = list(EACH[: len(often)])
    if often[0][0] <= RARE:
        conditions[0] = RAREST
    return conditions, {f"word_{at}": word for at, (_, word) in enumerate(often)}


def is_contact(text: str) -> bool:
    """Whether a telephone number or an address was typed: such is never put into an address."""
    digits = sum(sign.isdigit() for sign in text)
    is_number = digits >= _FEWEST_DIGITS and all(sign in " +-().0123456789" for sign in text)
    return is_number or ("@" in text and " " not in text.strip())


def senders(tx: Transaction, vault: Vault, contact: str) -> list[str]:
    """The pseudonyms under which a telephone number or mail address has sent something."""
    lanes = [
        vault.pseudonym(channel.name, form) for channel in CHANNELS for form in _forms(contact)
    ]
    return sorted(row[0] for row in tx.all(SENDERS, lanes=lanes))


def _often(tx: Transaction, word: int) -> int:
    row = tx.one(OFTEN, word=word, limit=RARE + 1)
    return int(row[0]) if row else 0


def _forms(contact: str) -> Iterator[str]:
    """How channels may have written an address."""
    plain = contact.strip()
    number = e164(plain, HOME)
    forms: Sequence[str] = (plain, plain.lower())
    if number:
        forms = (*forms, number, number.removeprefix("+"))
    yield from dict.fromkeys(forms)
