"""Signed webhooks: the vectors of the protocol sheets, rotation, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from channels.contract import Secret
from channels.signatures import Signatures

META = Signatures([Secret("appsecret")], "X-Hub-Signature-256", prefix="sha256=")
LINE = Signatures([Secret("secret")], "X-Line-Signature", form="base64")
X = Signatures(
    [Secret("consumersecret")], "x-twitter-webhooks-signature", form="base64", prefix="sha256="
)


@pytest.mark.parametrize(
    ("signatures", "body", "expected"),
    [
        (
            META,
            b'{"object":"page","entry":[]}',
            "sha256=0e9e0080a310f376450c46d999aa4d49ed772bfe43c13205f38a3a6e6611ed2b",
        ),
        (LINE, b'{"destination":"U0","events":[]}', "KDbazXazGW43gmHESKGC6IsDxXtKu8HznYZdC60ZZh8="),
        (X, b"abc123", "sha256=M7OqDaQGHSgSpgsqh0sCWLgGuAD6ih6qKoCHRdFr+kk="),
    ],
    ids=["meta", "line", "x"],
)
def test_the_vectors_pass(signatures: Signatures, body: bytes, expected: str) -> None:
    """Each provider's own example is made and admitted."""
    header = signatures.sign(body)

    assert list(header.values()) == [expected]
    assert signatures.admits(header, body)


def test_headers_are_found_in_any_case() -> None:
    """Headers of a request are looked up as HTTP does; hex digits are read in any case, too."""
    (signature,) = META.sign(b"{}").values()

    assert META.admits(CIMultiDict({"x-hub-signature-256": signature}), b"{}")
    assert META.admits({"X-Hub-Signature-256": signature.upper()}, b"{}")


def test_the_bytes_as_they_came_are_signed() -> None:
    """The same JSON with another escape is another body."""
    escaped, raw = b'{"t":"\\u00e4\\/"}', '{"t":"ä/"}'.encode()

    assert META.admits(META.sign(escaped), escaped)
    assert not META.admits(META.sign(escaped), raw)


@pytest.mark.parametrize("secret", ["old", "new"])
def test_two_secrets_are_valid_while_one_replaces_the_other(secret: str) -> None:
    """Either of them admits; a third does not."""
    both = Signatures([Secret("new"), Secret("old")], "X-Line-Signature", form="base64")
    sender = Signatures([Secret(secret)], "X-Line-Signature", form="base64")
    stranger = Signatures([Secret("other")], "X-Line-Signature", form="base64")

    assert both.admits(sender.sign(b"{}"), b"{}")
    assert not both.admits(stranger.sign(b"{}"), b"{}")


@pytest.mark.parametrize(
    "shown", ["", "sha256=", "0e9e", "sha256=ä", "sha256=\ud800", "sha1=0e9e0080a310f376450c46d999"]
)
def test_anything_else_is_refused(shown: str) -> None:
    """A missing, short, foreign or unencodable signature is only a wrong one."""
    assert not META.admits({"X-Hub-Signature-256": shown}, b"{}")
    assert not META.admits({}, b"{}")


def test_the_prefix_belongs_to_the_signature() -> None:
    """The bare digest is not what the provider sends."""
    (signature,) = META.sign(b"{}").values()

    assert not META.admits({"X-Hub-Signature-256": signature.removeprefix("sha256=")}, b"{}")


def test_nobody_is_admitted_without_a_secret() -> None:
    """No secret is a closed door, and signs nothing."""
    closed = Signatures([], "X-Line-Signature", form="base64")

    assert not closed.admits({"X-Line-Signature": ""}, b"")
    assert closed.sign(b"") == {}
    assert closed.of(b"") == ""


@pytest.mark.parametrize("secrets", [["a", "b", "c"], [""]])
def test_secrets_that_say_nothing_are_refused(secrets: list[str]) -> None:
    """An empty secret would admit everybody who knows that it is empty."""
    with pytest.raises(ValueError, match="secrets must be"):
        Signatures([Secret(value) for value in secrets], "X-Line-Signature")


@given(st.binary(), st.text())
def test_any_header_is_answered(body: bytes, shown: str) -> None:
    """Whatever stands in the header, the answer is yes or no."""
    assert META.admits({"X-Hub-Signature-256": shown}, body) is False
