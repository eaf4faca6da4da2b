"""`lapor-gateway send`: play a citizen through a real door and show what would come back."""

import asyncio
import mimetypes
import sys
from collections.abc import Sequence
from pathlib import Path

import click
import msgspec

from channels.contract import Attachment, Channel, Reply, Simulated
from channels.registry import CHANNELS
from forwarder import outbox_desk
from gateway import records
from gateway.build_craft import build_channels
from gateway.commands.common import Place, place_options
from gateway.naming import kept_id, record_id_of
from gateway.settings import Settings
from gateway.store import StoreError
from gateway.store.reading import reading
from gateway.vault import Vault

# The receipt waits for the central store for a few seconds at most.
PATIENCE_SECONDS = 10.0
LOOK_SECONDS = 0.1


@click.command()
@click.argument("channel", type=click.Choice([kind.name for kind in CHANNELS]))
@click.argument("text")
@click.option("--from", "sender", default="", help="Who complains; a made-up address by default.")
@click.option(
    "--attach",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    help="A file to send along; may be given several times.",
)
@click.option("--at", default="", help="Where the gateway listens; from the settings by default.")
@place_options
def send(  # noqa: PLR0913, PLR0917 (one parameter for each option of the command line)
    place: Place, channel: str, text: str, sender: str, attach: Sequence[Path], at: str
) -> None:
    """
    Send one complaint to the running gateway and print the reply the citizen would get.

    Example: lapor-gateway send sms "Jalan berlubang di depan SDN 3 Sukamaju"
    """
    settings = place.settings()
    vault = place.vault(settings)
    door = build_channels(settings, vault).get(channel)
    if door is None:
        raise click.UsageError(f"the channel {channel} is switched off in {settings.file}")
    files = [_attachment(path) for path in attach]
    where = at or next(iter(door.listening_on()), f"http://{settings.http.public}")
    sender = sender or door.example_sender
    sent = asyncio.run(_send(door, text, sender=sender, files=files, at=where))
    click.echo(f"{channel}: {sent.answer}")
    if not sent.accepted:
        sys.exit(1)
    if not at:
        click.echo(asyncio.run(_answer(settings, vault, channel, sent.external_id)))


async def _send(
    door: Channel, text: str, *, sender: str, files: Sequence[Attachment], at: str
) -> Simulated:
    try:
        return await door.simulate(text, sender=sender, files=files, at=at)
    except OSError as exc:
        raise click.ClickException(f"no gateway answers at {at} ({type(exc).__name__})") from exc
    finally:
        await door.close()


async def _answer(settings: Settings, vault: Vault, channel: str, external_id: str) -> str:
    """The reply as the outbox has it, once it left or is kept for want of a way out."""
    record_id = record_id_of(channel, kept_id(vault, channel, external_id))
    loop = asyncio.get_running_loop()
    deadline = loop.time() + PATIENCE_SECONDS
    while loop.time() < deadline:
        try:
            with reading(settings.store_url) as tx:
                found = outbox_desk.replies_to(tx, record_id)
                recorded = records.find(tx, record_id)
        except StoreError:
            return "the answer goes out on the channel; its database is not here to look"
        for body, data_key, state in found:
            if state != "pending":
                reply = msgspec.json.decode(vault.open(body, data_key), type=Reply)
                return f"reply ({state}): {reply.text}"
        if recorded and not found:
            return "recorded; this channel sends nothing back, the citizen looks the case up"
        await asyncio.sleep(LOOK_SECONDS)
    return "no reply on this channel within ten seconds; see `lapor-gateway status`"


def _attachment(path: Path) -> Attachment:
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return Attachment(name=path.name, media_type=media_type, content=path.read_bytes())
