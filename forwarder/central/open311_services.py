"""The services of a GeoReport v2 server, remembered for some hours, and which one a topic is."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from channels.contract import Refused, TryLater, Uncertain
from forwarder.central.open311_read import Row, rows_of, text
from forwarder.central.templates import filled, words_of
from normalizer.record import Record

Ask = Callable[[str], Awaitable[Sequence[Row] | TryLater | Uncertain | Refused]]

_LISTS = {"singlevaluelist", "multivaluelist"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One of the server's services and what it must be told."""

    code: str
    #: realtime, batch or blackbox: a number, a token or nothing at all is answered.
    kind: str
    #: Attributes that are asked for.
    attributes: Sequence[Row]


class Services:
    """Asks for the list and the definitions when they are too old."""

    def __init__(
        self,
        ask: Ask,
        *,
        names: Mapping[str, str],
        fallback: str,
        keep_ms: int,
        clock: Callable[[], int],
    ) -> None:
        self._ask = ask
        self._names = names
        self._fallback = fallback
        self._keep_ms = keep_ms
        self._clock = clock
        self._read_at: int | None = None
        self._listed: Mapping[str, Row] = {}
        self._defined: dict[str, Sequence[Row]] = {}

    def forget(self) -> None:
        """Read the list anew at the next record: a code was refused."""
        self._read_at = None

    async def of(self, record: Record) -> Service | TryLater | Refused:
        """The service for a record: by the settings, by its own name, else the fallback."""
        problem = await self._refresh()
        if problem:
            return problem
        topic = record.topic.value or ""
        code = next(
            (one for one in (self._names.get(topic), topic, self._fallback) if one in self._listed),
            None,
        )
        if code is None:
            return Refused(reason=f"no service for topic {topic or '(none)'}, and no fallback")
        row = self._listed[code]
        if text(row, "metadata") == "true" and code not in self._defined:
            defined = await self._ask(f"services/{code}")
            if isinstance(defined, TryLater | Uncertain | Refused):
                return TryLater(reason=f"services/{code}: {defined.reason}")
            asked = rows_of(defined[0], "attributes") if defined else ()
            # XML with one attribute alone reads like a list of attributes.
            self._defined[code] = asked or [one for one in defined if text(one, "datatype")]
        kind = text(row, "type") or "realtime"
        return Service(code=code, kind=kind, attributes=self._defined.get(code, ()))

    async def _refresh(self) -> TryLater | None:
        now = self._clock()
        if self._read_at is not None and now - self._read_at < self._keep_ms:
            return None
        rows = await self._ask("services")
        if isinstance(rows, TryLater | Uncertain | Refused):
            if self._listed:  # an old list is better than waiting for a new one
                return None
            wait = rows.wait if isinstance(rows, TryLater) else None
            return TryLater(reason=f"services: {rows.reason}", wait=wait)
        listed = {text(row, "service_code"): row for row in rows if text(row, "service_code")}
        if not listed:
            return TryLater(reason="services: the list is empty")
        self._listed, self._read_at = listed, now
        self._defined.clear()
        return None


def attributes_for(
    service: Service, templates: Mapping[str, str], record: Record
) -> Mapping[str, str] | Refused:
    """The attributes a service asks for, from templates; Refused names what is missing."""
    words, told = words_of(record), {}
    for row in service.attributes:
        code = text(row, "code")
        if text(row, "variable") == "false" or not code:
            continue
        value = filled(templates.get(code, ""), words)
        keys = {text(one, "key") for one in rows_of(row, "values")}
        if value and text(row, "datatype") in _LISTS and keys and value not in keys:
            value = ""
        if value:
            told[code] = value
        elif text(row, "required") == "true":
            return Refused(reason=f"service {service.code} requires attribute {code}, see settings")
    return told
