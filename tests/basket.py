"""Where a channel's `fetch` puts a file in its tests."""

from channels.contract import TooLarge


class Basket:
    """Where fetched bytes go, up to a cap."""

    def __init__(self, most: int = 1 << 20) -> None:
        self.most = most
        self.content = b""

    async def write(self, chunk: bytes, /) -> None:
        """Take the next bytes."""
        self.content += chunk
        if len(self.content) > self.most:
            raise TooLarge
