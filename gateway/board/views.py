"""Filters somebody gave a name, for themselves or for everybody: all SQL on the table `views`."""

from dataclasses import dataclass

from forwarder.ports import Transaction

EVERYBODY = ""
MOST = 40

OF = """
select id, who, name, query from views where who = :who or who = '' order by who, name limit :limit
"""
PUT = """
insert into views (who, name, query) values (:who, :name, :query)
on conflict (who, name) do update set query = excluded.query
"""
DROP = "delete from views where id = :id and (who = :who or who = '')"


@dataclass(frozen=True, slots=True)
class View:
    """A list with a name."""

    id: int
    #: Whose it is; "" for everybody's.
    who: str
    name: str
    #: `Filter.query()`.
    query: str


def of(tx: Transaction, who: str) -> list[View]:
    """A person's views and everybody's."""
    return [View(*row) for row in tx.all(OF, who=who, limit=MOST)]


def put(tx: Transaction, who: str, name: str, query: str) -> None:
    """Keep a list under a name; an older one of that name gives way."""
    tx.run(PUT, who=who, name=name, query=query)


def drop(tx: Transaction, who: str, id_: int) -> None:
    """Forget a view of one's own, or one of everybody's."""
    tx.run(DROP, who=who, id=id_)
