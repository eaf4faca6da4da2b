"""When recording gives way to acknowledging."""

from gateway.crowd import Crowd


def after(commits: int, *, every: float, rows: int, working: float) -> tuple[Crowd, float]:
    """A crowd that saw so many commits, and the time of the last."""
    crowd = Crowd()
    for number in range(1, commits + 1):
        crowd.committed(rows, now=number * every, worked=number * every * working)
    return crowd, commits * every


def test_many_rows_to_a_commit_are_a_crowd() -> None:
    """Sixty-four webhooks at once share their commits."""
    crowd, now = after(50, every=0.005, rows=30, working=0.3)
    assert crowd.is_there(now)


def test_a_loop_without_rest_is_a_crowd() -> None:
    """A few mail sessions keep it busy though each commit has one mail."""
    crowd, now = after(200, every=0.001, rows=1, working=0.9)
    assert crowd.is_there(now)


def test_a_steady_stream_is_none() -> None:
    """Two hundred a second are recorded as they come."""
    crowd, now = after(1_000, every=0.005, rows=1, working=0.1)
    assert not crowd.is_there(now)


def test_a_loop_busy_with_recording_is_none() -> None:
    """Two hundred a second on a slow machine: what is busy there is the making of records."""
    crowd, now = after(1_000, every=0.005, rows=1, working=0.95)
    assert not crowd.is_there(now)


def test_a_crowd_is_over_when_nothing_comes() -> None:
    """A tenth of a second after the last commit the pipeline goes on."""
    crowd, now = after(200, every=0.001, rows=30, working=0.9)
    assert not crowd.is_there(now + 0.2)


def test_work_after_a_long_silence_does_not_count_as_rest_or_rush() -> None:
    """The first commit after a silence is one message, whatever was done meanwhile."""
    crowd, now = after(200, every=0.001, rows=1, working=0.9)
    crowd.committed(1, now=now + 60, worked=now + 1)
    assert not crowd.is_there(now + 60)
