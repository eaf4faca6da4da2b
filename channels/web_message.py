"""What a filed form says, in the words of the contract."""

from channels.contract import Attachment, InboundMessage
from channels.media_type import media_type
from channels.web_contact import address
from channels.web_filing import FiledFile, Filing, clean


def message_of(filing: Filing) -> InboundMessage:
    """The message a form is."""
    return InboundMessage(
        sender=address(_line(filing.contact)),
        text=clean(filing.text),
        name=_line(filing.name),
        contact=_line(filing.contact),
        place=_line(filing.place),
        anonymous=filing.anonymous,
        confidential=filing.confidential,
        attachments=tuple(map(_attachment, filing.files)),
        remarks=_remarks(filing),
    )


def _line(text: str) -> str:
    return " ".join(clean(text).split())


def _attachment(file: FiledFile) -> Attachment:
    return Attachment(
        name=_line(file.name), media_type=media_type(file.content), content=file.content
    )


def _remarks(filing: Filing) -> tuple[str, ...]:
    remarks = []
    if date := _line(filing.date):
        remarks.append(f"tanggal kejadian: {date}")
    if filing.trap:
        remarks.append("kolom yang tersembunyi terisi: mungkin kiriman otomatis")
    return tuple(remarks)
