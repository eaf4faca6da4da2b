"""
How many reports a search finds, as far as that can be told at once.

What stands beside a list must not cost more than the list: of a common word's reports the newest
are looked at, and of those that fit so many are counted.
"""

from typing import Literal, NamedTuple

from forwarder.ports import Transaction
from gateway.board.filter import CONDITIONS, Filter, Scope, clauses
from gateway.board.searching import conditions_of
from gateway.vault import Vault

#: More are not counted: "more than 1,000" says that a search wants another word.
MOST = 1_000
#: Of the word that stands in the fewest reports so many are looked at: about 40 ms on SQLite.
LOOKED = 20_000

BY_WORD = """
select count(*) from (
    select 1 from (
        select w.number from board_words w where w.word = :word_0
        order by w.number desc limit :looked
    ) looked join board b on b.number = looked.number where {where} limit :limit
) found
"""
OTHERWISE = "select count(*) from (select 1 from board b where {where} limit :limit) found"
BEYOND = """
select 1 from board_words w where w.word = :word_0 order by w.number desc limit 1 offset :looked
"""


class Found(NamedTuple):
    """How many there are."""

    many: int
    #: "at_least": there may be more among those that were not looked at.
    how: Literal["total", "more_than", "at_least"] = "total"


def found(tx: Transaction, vault: Vault, wanted: Filter, scope: Scope, *, now: int) -> Found:
    """How many records a search finds on all its pages."""
    names, values = clauses(wanted, scope, now)
    by_words, words = conditions_of(tx, vault, wanted.words)
    is_by_word = "word_0" in words
    # The first condition is the word's own, which has the fewest reports.
    conditions = [*(CONDITIONS[name] for name in names), *by_words[int(is_by_word) :]]
    # All of it is text of ours; what was asked for is in the values.
    counted = BY_WORD if is_by_word else OTHERWISE
    counted = counted.replace("{where}", " and ".join(conditions) or "1 = 1")
    looked = {"looked": LOOKED} if is_by_word else {}
    [row] = tx.all(counted, **values, **words, **looked, limit=MOST + 1)
    if row[0] > MOST:
        return Found(MOST, "more_than")
    if is_by_word and tx.one(BEYOND, word_0=words["word_0"], looked=LOOKED):
        return Found(int(row[0]), "at_least")
    return Found(int(row[0]))
