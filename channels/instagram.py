"""
Instagram: private messages to a professional account, comments below its posts, and mentions of it.

Meta pushes webhooks; acknowledged is a 200 for a whole batch after `accept` (meta_door.py). All it
shares with Messenger stands in meta_chats.py. Echoes come whether we want them or not.
"""

from channels.meta_chats import MetaChats
from channels.meta_options import InstagramOptions
from channels.meta_send import Manner
from channels.pieces import utf8


class Instagram(MetaChats):
    """The Instagram door."""

    name = "instagram"
    chats = True
    Options = InstagramOptions
    example_sender = "1000000000000002"
    kind = "instagram"
    manner = Manner(longest=1000, size=utf8, echoes_metadata=False)
