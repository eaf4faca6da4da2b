"""
What a person sees of a mail: its text, and the files that came with it.

Of alternatives the plain text is taken, else HTML through inscriptis; what a mail program would
show inline is text, everything else is a file. A forwarded mail stays one file, byte for byte.
RFC 2046, RFC 2183, RFC 3676 (format=flowed).
"""

import binascii
from collections.abc import Iterator
from dataclasses import dataclass

from channels.contract import Attachment
from channels.mail_files import file_name
from channels.mail_html import declared_charset, html_to_text, without_inline_pictures
from channels.mail_mime import Node, parameters, read_mail
from channels.mail_words import from_base64, to_text
from channels.media_type import settled_type

# Characters, HTML tags included; more than anybody writes. What is longer is kept as a file too.
MAX_TEXT = 200_000
# Bytes: room for pictures written into HTML, which are taken out before it is measured.
MAX_SOURCE = 4_000_000

SEALED = {
    "multipart/encrypted": "the mail is encrypted",
    "application/pkcs7-mime": "the mail is encrypted or signed as a whole (S/MIME)",
    "application/x-pkcs7-mime": "the mail is encrypted or signed as a whole (S/MIME)",
    "application/ms-tnef": "the mail's files are packed in winmail.dat",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many files of one mail are kept apart, and how large."""

    files: int
    file_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """Text, files, and what an officer should know about them."""

    text: str
    files: tuple[Attachment, ...]
    remarks: tuple[str, ...]


def read_content(mail: Node, limits: Limits) -> Content:
    """The text and the files of a mail."""
    shown = _shown(mail)
    # By identity: two parts may be equal, and only one of them be shown.
    passed_over = {id(node) for node in _other_forms(mail)} | {id(node) for node in shown}
    others = [node for node in mail.walk() if not node.children and id(node) not in passed_over]
    remarks = list(mail.remarks)
    remarks += dict.fromkeys(SEALED[n.media_type] for n in mail.walk() if n.media_type in SEALED)
    text, cut = _read(shown)
    if not text.strip() and (words := _words_among(others)):
        text = words
        remarks.append("the text is that of an attached file")
    if cut:
        remarks.append("the text is cut; all of it is among the files")
    files = tuple(_files(others + cut, limits, remarks))
    return Content(text=text, files=files, remarks=tuple(remarks))


def _words_among(files: list[Node]) -> str:
    """The text where it came as a file only: a forwarded mail, an MMS through a gateway."""
    for node in files:
        if node.media_type in ("message/rfc822", "text/plain"):
            shown = _shown(read_mail(decoded(node))) if "/rfc822" in node.media_type else [node]
            return _read(shown)[0]
    return ""


def _read(shown: list[Node]) -> tuple[str, list[Node]]:
    """The words of these parts, and those parts that were too long to be read whole."""
    texts, cut, room = [], [], MAX_TEXT
    for node in shown:
        source = _source(node)
        if len(source) > room:
            cut.append(node)
        texts.append(_rendered(node, source[:room]).strip("\n"))
        room -= min(room, len(source))
    return "\n\n".join(filter(None, texts))[:MAX_TEXT], cut


def _shown(node: Node) -> list[Node]:
    """The parts whose words make up the text, in order."""
    if not node.children:
        return [node] if _is_text(node) else []
    ways = [_shown(child) for child in node.children]
    if node.media_type != "multipart/alternative":
        return [part for way in ways for part in way]
    ways = [way for way in ways if any(decoded(part).strip() for part in way)]
    plain = [way for way in ways if all(part.media_type == "text/plain" for part in way)]
    # Of several plain texts none is the better one, but one may be a fragment.
    return max(plain, key=_bytes) if plain else (ways or [[]])[-1]


def _bytes(parts: list[Node]) -> int:
    return sum(len(part.body) for part in parts)


def _other_forms(node: Node) -> Iterator[Node]:
    """Parts that say in another form what is shown, and bodies that are empty."""
    for part in node.walk():
        if part.media_type == "multipart/alternative":
            yield from (leaf for leaf in part.walk() if not leaf.children and _is_text(leaf))
        elif not part.children and not part.body.strip() and not name_of(part):
            yield part


def _is_text(node: Node) -> bool:
    """Whether a mail program would show this part as words."""
    if node.media_type not in ("text/plain", "text/html", "text/enriched", "text/richtext"):
        return False
    disposition = node.headers.one("content-disposition").lower()
    return not disposition.startswith("attachment") and not (disposition and name_of(node))


def _source(node: Node) -> str:
    """The characters of a text part, as its own language has them."""
    raw = decoded(node)[:MAX_SOURCE]
    charset = node.parameters.get("charset", "")
    if node.media_type != "text/plain":
        return without_inline_pictures(to_text(raw, charset or declared_charset(raw)))
    return to_text(raw, charset).replace("\r\n", "\n").replace("\r", "\n")


def _rendered(node: Node, source: str) -> str:
    if node.media_type != "text/plain":
        return html_to_text(source)
    if node.parameters.get("format", "").lower() == "flowed":
        return unflowed(source, delsp=node.parameters.get("delsp", "").lower() == "yes")
    return source


def decoded(node: Node) -> bytes:
    """The bytes of a part without their transfer encoding."""
    encoding = node.headers.one("content-transfer-encoding").lower()
    if encoding == "base64":
        return from_base64(node.body)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(node.body)
    return node.body


def unflowed(text: str, *, delsp: bool) -> str:
    """Lines of format=flowed text joined to the paragraphs they were (RFC 3676 section 4)."""
    out: list[str] = []
    open_depth = -1  # quote depth of the paragraph that still flows, -1 for none
    for line in text.split("\n"):
        content = line.lstrip(">")
        depth = len(line) - len(content)
        content = content.removeprefix(" ")
        flows = content.endswith(" ") and content != "-- "
        body = content[:-1] if flows and delsp else content
        if open_depth == depth and content != "-- ":
            out[-1] += body
        else:
            out.append("> " * depth + body if depth else body)
        open_depth = depth if flows else -1
    return "\n".join(out)


def name_of(node: Node) -> str:
    """The name a part's sender gave the file, as written."""
    disposition = node.headers.plain("content-disposition")
    named = parameters("content-disposition", disposition[0]) if disposition else {}
    return named.get("filename", "") or node.parameters.get("name", "")


def _files(nodes: list[Node], limits: Limits, remarks: list[str]) -> Iterator[Attachment]:
    for number, node in enumerate(nodes, start=1):
        if number > limits.files:
            remarks.append(f"{len(nodes) - limits.files} more files are only in the original mail")
            return
        content = decoded(node)
        media_type = settled_type(content, node.media_type)
        name = file_name(name_of(node), media_type, number)
        if len(content) > limits.file_bytes:
            remarks.append(f"{name} is too large and only in the original mail")
        else:
            yield Attachment(name=name, media_type=media_type, content=content)
