"""Metrics: what Prometheus reads, and that nobody outside can make it grow."""

import subprocess
from datetime import UTC, datetime

import peers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as parse_openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families as parse_text

from gateway.metrics import Metrics

OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


def metrics() -> Metrics:
    return Metrics(channels=("sms", "mail"), stores=("central",))


def series(these: Metrics) -> dict[str, float]:
    """Every sample as Prometheus sees it, but for those of the process and of creation times."""
    _, body = these.render("")
    return {
        sample.name + "".join(f" {value}" for value in sample.labels.values()): sample.value
        for family in parse_text(body.decode())
        for sample in family.samples
        if sample.name.startswith("gateway_") and not sample.name.endswith("_created")
    }


def test_known_series_begin_at_zero() -> None:
    """The first event is visible to rate(), because its series was there before it."""
    found = series(metrics())

    assert found["gateway_duplicates_total sms"] == 0
    assert found["gateway_rejected_total mail not_stored"] == 0
    assert found["gateway_deliveries_total central:central delivered"] == 0
    assert found["gateway_queue_messages journal"] == 0


def test_events_are_counted_where_they_belong() -> None:
    """Accepted, read and delivered messages show up under their channel and connector."""
    counted = metrics()
    counted.accepted("sms", new=2, known=1, seconds=0.004)
    counted.received("sms", "message")
    counted.rejected("mail", "not_stored")
    counted.delivered("central:central", "delivered", 0.02)
    counted.channel_up("mail", up=True)
    counted.ready(ready=True)

    found = series(counted)

    assert found["gateway_deliveries_accepted_total sms"] == 2
    assert found["gateway_duplicates_total sms"] == 1
    assert found["gateway_messages_received_total sms message"] == 1
    assert found["gateway_rejected_total mail not_stored"] == 1
    assert found["gateway_deliveries_total central:central delivered"] == 1
    assert found["gateway_delivery_duration_seconds_count central:central"] == 1
    assert found["gateway_channel_up mail"] == 1
    assert found["gateway_ready"] == 1


def test_waiting_is_told_as_a_time_and_not_as_an_age() -> None:
    """A gateway that hangs shows an ever older queue, not one that looks young."""
    counted = metrics()
    counted.waiting("journal", 5, datetime(2026, 1, 3, tzinfo=UTC))
    counted.waiting("parked", 0, None)

    found = series(counted)

    assert found["gateway_queue_messages journal"] == 5
    assert found["gateway_oldest_pending_timestamp_seconds journal"] == 1767398400
    assert found["gateway_oldest_pending_timestamp_seconds parked"] == 0


def test_a_channel_that_goes_down_is_counted_as_a_restart() -> None:
    """Flapping is visible even between two scrapes."""
    counted = metrics()
    counted.channel_up("mail", up=False)
    counted.channel_up("mail", up=True)

    assert series(counted)["gateway_channel_restarts_total mail"] == 1


@settings(max_examples=25)
@given(st.lists(st.text(), max_size=30))
def test_strangers_cannot_make_series_grow(words: list[str]) -> None:
    """Whatever becomes a label, there is at most one further value: other."""
    counted = metrics()
    for word in words:
        counted.accepted(word, new=1, known=0, seconds=0.1)
        counted.rejected(word, word)
        counted.received("sms", word)
        counted.delivered(word, word, 0.1)
        counted.waiting(word, 1, None)
        counted.channel_up(word, up=True)

    before, after = set(series(metrics())), set(series(counted))

    assert all("other" in name for name in after - before)


@pytest.mark.parametrize("accept", ["", "text/plain", OPENMETRICS])
def test_both_formats_parse(accept: str) -> None:
    """What a scraper asks for is what it gets, and the client library's own parser reads it."""
    content_type, body = metrics().render(accept)

    parse = parse_openmetrics if accept == OPENMETRICS else parse_text
    names = {family.name for family in parse(body.decode())}
    wanted = "application/openmetrics-text" if accept == OPENMETRICS else "text/plain"
    assert content_type.startswith(wanted)
    assert {"gateway_build", "gateway_queue_messages"} <= {
        name.removesuffix("_info") for name in names
    }


def test_two_gateways_in_one_process_do_not_share_numbers() -> None:
    """There is no registry that belongs to nobody."""
    first, second = metrics(), metrics()
    first.received("sms", "message")

    assert series(second)["gateway_messages_received_total sms message"] == 0


def test_promtool_finds_nothing_to_complain_about() -> None:
    """Names, units and help texts follow Prometheus' own rules."""
    promtool = peers.find("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (apt-get install prometheus)")
    _, body = metrics().render("")

    checked = subprocess.run(
        [promtool, "check", "metrics"], input=body, capture_output=True, check=False
    )

    assert (checked.returncode, checked.stderr) == (0, b"")
