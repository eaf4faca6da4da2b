"""Every channel there is, in one place; the order is that of the banner and of `check`."""

from channels.contract import Channel
from channels.mail import Mail
from channels.sms import Sms
from channels.web import Web

CHANNELS: tuple[type[Channel], ...] = (Sms, Mail, Web)
