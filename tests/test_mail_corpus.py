"""Public collections of odd mails: read without exception, and as another parser reads them."""

import json
import os
import re
import warnings
from pathlib import Path
from typing import Any

import pytest
from mail_site import mail_channel, received

from channels.contract import Ignored, InboundMessage
from channels.mail_html import html_to_text
from channels.mail_mime import read_mail
from channels.mail_read import author_of

DATA = Path(os.environ.get("LAPOR_DATA", Path(__file__).parents[2] / "shared" / "data"))
FOLDER = DATA / "email_mime_fixtures"
PREFIX = 60
needs_data = pytest.mark.skipif(
    not (FOLDER / "index.jsonl").exists(),
    reason=f"no mail corpus in {FOLDER}: set LAPOR_DATA to the folder above email_mime_fixtures",
)


def rows() -> list[dict[str, Any]]:
    """The index of the corpus."""
    with (FOLDER / "index.jsonl").open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


@needs_data
def test_every_mail_of_the_corpus_is_read() -> None:
    """RFC samples, real programs, malformed mails and bounces: each gives a value."""
    channel = mail_channel()
    mails = [file.read_bytes() for file in sorted((FOLDER / "eml").iterdir())]
    results = [channel.parse(received(mail)) for mail in mails]

    assert {type(result) for result in results} <= {InboundMessage, Ignored}


@needs_data
@pytest.mark.parametrize("part", ["subject", "from", "text"])
def test_the_corpus_is_read_as_by_others(part: str) -> None:
    """Subject, author and the beginning of the text agree with another parser's in 95 of 100."""
    pairs = [pair for row in rows() if row["expected"] for pair in compared(part, row)]
    same = sum(agree(expected, found) for expected, found in pairs)
    warnings.filterwarnings("default")  # the figure below is no fault
    print(f"{part}: {same} of {len(pairs)} agree")  # noqa: T201 (shown with -s)

    assert len(pairs) > 40
    assert same >= 0.95 * len(pairs)


def compared(part: str, row: dict[str, Any]) -> list[tuple[str, str]]:
    """What is expected of one mail and what we find; nothing where nothing is expected."""
    raw = (FOLDER / row["file"]).read_bytes()
    mail, expected = read_mail(raw), row["expected"]
    if part == "subject":
        subject = expected["headers"].get("subject")
        return [(subject, mail.headers.one("subject"))] if isinstance(subject, str) else []
    if part == "from":
        people = (expected["headers"].get("from") or {}).get("List") or []
        wanted = [f"{one['name'] or ''} {one['address'] or ''}" for one in people[:1]]
        return [(want, "{1} {0}".format(*author_of(mail.headers))) for want in wanted]
    texts = [text for text in expected["text_body"] if text != "<InlineBinary>"]
    result = mail_channel().parse(received(raw))
    if not texts or not isinstance(result, InboundMessage):
        return []
    # That parser gives HTML as it is where there is no plain text.
    html = texts[0].lstrip()[:1] == "<"
    return [(html_to_text(texts[0]) if html else texts[0], result.text)]


def agree(expected: str, found: str) -> bool:
    """Equal but for white space, case of addresses, and what the other parser could not decode."""
    wanted = " ".join(expected.split())[:PREFIX]
    pattern = "".join("." if c in "\ufffd\x00" else re.escape(c) for c in wanted)
    return re.match(pattern, " ".join(found.split()), re.IGNORECASE | re.DOTALL) is not None
