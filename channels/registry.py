"""Every channel there is, in one place; the order is that of the banner and of `check`."""

from channels.api import Api
from channels.contract import Channel
from channels.instagram import Instagram
from channels.line import Line
from channels.mail import Mail
from channels.messenger import Messenger
from channels.officer import Officer
from channels.open311 import Open311
from channels.rss import Rss
from channels.sms import Sms
from channels.telegram import Telegram
from channels.web import Web
from channels.whatsapp import Whatsapp
from channels.x import X

CHANNELS: tuple[type[Channel], ...] = (
    Sms,
    Mail,
    Web,
    Telegram,
    Line,
    Messenger,
    Instagram,
    Whatsapp,
    X,
    Rss,
    Api,
    Open311,
    Officer,
)
