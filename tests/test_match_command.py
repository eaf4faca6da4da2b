"""The filter `match`: pairs of messages, and streams of them."""

import json

from click.testing import CliRunner, Result

from gateway.cli import cli

LAMP = "Lampu jalan di depan balai desa Sukamaju RT 05 sudah dua minggu mati total"


def matched(*lines: object, options: tuple[str, ...] = ()) -> Result:
    raw = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    return CliRunner().invoke(cli, ["match", *options], input="\n".join(raw))


def answers(result: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_pairs_are_told_what_they_are() -> None:
    """One answer a line, each with a score and the reasons."""
    shouted = {"text": LAMP.upper(), "sent_at": "2026-03-02T12:00:00+07:00"}
    dark = {
        "text": "PJU padam, gelap sekali",
        "address": "Jalan Kenanga 12",
        "kelurahan": "Sukamaju",
        "topic": "penerangan",
    }
    again = {**dark, "text": "penerangan jalan umum mati sudah lama"}
    result = matched(
        {"a": {"text": LAMP, "sent_at": "2026-03-02T04:00:00"}, "b": shouted},
        {"a": dark, "b": again},
        {"a": {"text": LAMP}, "b": {"text": LAMP.replace("RT 05", "RT 07"), "more": 1}},
    )
    found = answers(result)

    assert result.exit_code == 0
    assert [each["relation"] for each in found] == ["same", "related", "none"]
    assert found[0]["score"] == 1.0
    assert found[0]["why"] == ["same words", "same address"]
    assert found[2]["why"] == ["another place"]


def test_names_of_villages_tell_two_places_apart() -> None:
    """Equal words from two villages are two reports."""
    one, other = ({"text": LAMP, "kelurahan": name} for name in ("Sukamaju", "Sukamulya"))

    assert answers(matched({"a": one, "b": other}))[0]["relation"] == "none"


def test_a_stream_gives_each_message_its_cluster() -> None:
    """Named after its first message, by its id or its place in the stream."""
    result = matched(
        {"id": "x", "text": LAMP, "sender": "a"},
        {"text": "Air PDAM keruh sejak kemarin sore di perumahan Melati"},
        {"id": "y", "text": LAMP + "!!", "sender": "b"},
        {"id": "z", "text": "Assalamualaikum. " + LAMP, "sender": "a"},
        options=("--index",),
    )
    found = answers(result)

    assert [each["cluster"] for each in found] == ["x", 1, "x", "x"]
    assert [each["volume"] for each in found] == [1, 1, 2, 3]
    assert [each["of"] for each in found] == [None, None, "x", "y"]


def test_a_report_that_fits_two_clusters_makes_them_one() -> None:
    """What came before in either belongs to it."""
    half = "Jembatan gantung di dusun Krajan desa Wonorejo putus diterjang banjir bandang"
    other = "warga terpaksa memutar lewat hutan jati sejauh sepuluh kilometer setiap pagi"
    lines = [{"id": name, "text": text} for name, text in (("a", half), ("b", other))]
    bridge = {"id": "c", "text": f"{half}, {other}"}
    found = answers(matched(*lines, bridge, {"id": "d", "text": other}, options=("--index",)))

    assert [each["cluster"] for each in found[2:]] in (["a", "a"], ["b", "b"])
    assert [each["volume"] for each in found] == [1, 1, 3, 4]


def test_a_line_that_is_none_harms_no_other() -> None:
    """It is answered in its place."""
    result = matched("{", {"a": {"text": "x"}, "b": {"text": "y"}})

    assert result.exit_code == 1
    assert "error" in answers(result)[0]
    assert answers(result)[1]["relation"] == "none"
