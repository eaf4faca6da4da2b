"""
Messenger: private messages to a Facebook page, and comments below its posts.

Meta pushes webhooks; acknowledged is a 200 for a whole batch after `accept` (meta_door.py). All it
shares with Instagram stands in meta_chats.py.
"""

from channels.meta_chats import MetaChats
from channels.meta_options import PageOptions
from channels.meta_send import Manner
from channels.pieces import utf16


class Messenger(MetaChats):
    """The Messenger door."""

    name = "messenger"
    chats = True
    Options = PageOptions
    example_sender = "1000000000000001"
    kind = "page"
    manner = Manner(longest=2000, size=utf16, echoes_metadata=True)
