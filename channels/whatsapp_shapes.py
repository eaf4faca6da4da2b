"""
WhatsApp's webhooks as structs; what may be missing has a default, what we do not use is not here.

https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks/components
"""

import msgspec


class Body(msgspec.Struct, frozen=True):
    """A text."""

    body: str = ""


class Media(msgspec.Struct, frozen=True):
    """A file WhatsApp holds."""

    id: str = ""
    mime_type: str = ""
    sha256: str = ""
    caption: str = ""
    filename: str = ""
    voice: bool = False


class Location(msgspec.Struct, frozen=True):
    """A place."""

    latitude: float | None = None
    longitude: float | None = None
    name: str = ""
    address: str = ""


class CardName(msgspec.Struct, frozen=True):
    """A name on a contact card."""

    formatted_name: str = ""


class CardPhone(msgspec.Struct, frozen=True):
    """A number on it."""

    phone: str = ""


class Card(msgspec.Struct, frozen=True):
    """A contact somebody shared."""

    name: CardName = CardName()
    phones: list[CardPhone] = []


class Choice(msgspec.Struct, frozen=True):
    """A button or row that was pressed; its id is what we gave it."""

    id: str = ""
    title: str = ""


class Form(msgspec.Struct, frozen=True):
    """A form that was filled in."""

    body: str = ""
    response_json: str = ""


class Interactive(msgspec.Struct, frozen=True):
    """What was pressed."""

    button_reply: Choice = Choice()
    list_reply: Choice = Choice()
    nfm_reply: Form = Form()


class Button(msgspec.Struct, frozen=True):
    """A button of a template that was pressed."""

    payload: str = ""
    text: str = ""


class Referral(msgspec.Struct, frozen=True):
    """The advertisement somebody came from."""

    headline: str = ""
    body: str = ""


class Edit(msgspec.Struct, frozen=True):
    """An earlier message, changed or taken back."""

    original_message_id: str = ""
    message: msgspec.Raw = msgspec.Raw(b"{}")


class Message(msgspec.Struct, frozen=True, rename={"phone": "from"}):
    """What a person sent; which fields are filled, its type tells."""

    id: str = ""
    phone: str = ""
    from_user_id: str = ""
    timestamp: int | str = 0
    type: str = ""
    text: Body = Body()
    image: Media = Media()
    video: Media = Media()
    audio: Media = Media()
    voice: Media = Media()
    document: Media = Media()
    location: Location = Location()
    contacts: list[Card] = []
    interactive: Interactive = Interactive()
    button: Button = Button()
    referral: Referral = Referral()
    edit: Edit = Edit()
    revoke: Edit = Edit()


class Error(msgspec.Struct, frozen=True):
    """An error by its code."""

    code: int = 0


class Status(msgspec.Struct, frozen=True):
    """News about a message of ours."""

    status: str = ""
    biz_opaque_callback_data: str = ""
    errors: list[Error] = []


class Profile(msgspec.Struct, frozen=True):
    """What a person shows of themselves."""

    name: str = ""
    username: str = ""


class Contact(msgspec.Struct, frozen=True):
    """A person; who has a username may show no number."""

    profile: Profile = Profile()
    wa_id: str = ""
    user_id: str = ""


class Metadata(msgspec.Struct, frozen=True):
    """Our own number."""

    display_phone_number: str = ""
    phone_number_id: str = ""


class Value(msgspec.Struct, frozen=True):
    """The content of a change."""

    metadata: Metadata = Metadata()
    contacts: list[Contact] = []
    messages: list[Message] = []
    statuses: list[Status] = []
    errors: list[Error] = []


class Change(msgspec.Struct, frozen=True):
    """Something that happened."""

    field: str = ""
    value: msgspec.Raw = msgspec.Raw(b"{}")


class Entry(msgspec.Struct, frozen=True):
    """What happened to one account."""

    changes: list[Change] = []


class Webhook(msgspec.Struct, frozen=True):
    """One POST."""

    entry: list[Entry]
    object: str = ""
