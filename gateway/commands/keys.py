"""`lapor-gateway keys` and `unseal`: the gateway's key, and the ministry's, which is not here."""

import base64
import json
import os
from pathlib import Path

import click
import msgspec

from gateway.app import open_key
from gateway.commands.common import Place, place_options
from gateway.commands.entrust import entrust, me
from gateway.custody.duty import Duty
from gateway.durable import sync_folder
from gateway.ministry import new_pair, opened, read_key
from gateway.secrets import KEY_FILE, KEY_NAME, Secrets, replace_key
from gateway.vault import KEY_BYTES

PRIVATE, PUBLIC = "ministry.key", "ministry.pub"


@click.group()
def keys() -> None:
    """Make and change keys."""


@keys.group()
def new() -> None:
    """Make new keys."""


@new.command()
@click.option(
    "--out",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    default=Path(),
    help="The folder they are written into [default: where you are].",
)
def ministry(out: Path) -> None:
    """
    Make the ministry's pair of keys; to be done at the ministry, on a machine without a net.

    The private key never leaves it. The public one goes to every gateway, as [identity]
    ministry_key.

    Example: lapor-gateway keys new ministry --out /media/stick
    """
    private, public = new_pair()
    for name, key in ((PRIVATE, private), (PUBLIC, public)):
        _write_new(out / name, key)
    click.echo(f"{out / PRIVATE}: keep it here, and a copy in a safe")
    click.echo(f"{out / PUBLIC}: for every gateway\n{public}")


@keys.command()
@click.option("--resume", is_flag=True, help="Go on where a rotation was interrupted.")
@place_options
def rotate(place: Place, *, resume: bool) -> None:
    """
    Put a new gateway key in use and wrap every data key by it, while the gateway works.

    Both keys are valid meanwhile. Case codes and pseudonyms stay, because the first key remains
    what they are derived from. Interrupted, it is begun again with --resume.

    Example: lapor-gateway keys rotate
    """
    settings = place.settings()
    ring = open_key(settings, os.environ)
    if Secrets(os.environ).find(KEY_NAME) is not None:
        _rotate_secret(ring, resume=resume)
    elif not resume:
        ring += os.urandom(KEY_BYTES)
        replace_key(settings.data_dir / KEY_FILE, ring)
        click.echo(f"{settings.data_dir / KEY_FILE}: a new key is in it; copy it to your safe")
    for line in entrust(place, Duty(verb="rewrap", who=me())).lines:
        click.echo(line)
    if Secrets(os.environ).find(KEY_NAME) is None:
        # What lies between the first and the newest has nothing left that it wrapped.
        replace_key(settings.data_dir / KEY_FILE, ring[:KEY_BYTES] + ring[-KEY_BYTES:])


def _rotate_secret(ring: bytes, *, resume: bool) -> None:
    if resume:
        return
    fresh = base64.b64encode(os.urandom(KEY_BYTES)).decode()
    lines = [base64.b64encode(ring[at : at + KEY_BYTES]) for at in range(0, len(ring), KEY_BYTES)]
    whole = "\n".join([*(line.decode() for line in lines), fresh])
    raise click.ClickException(
        f"the gateway key is the secret {KEY_NAME}, which only you can change. Put this into it,\n"
        f"send the gateway SIGHUP, and run this again with --resume:\n{whole}"
    )


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--key",
    "key_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="The ministry's private key.",
)
@click.option("--case", "case_code", default="", help="Only this case.")
def unseal(file: Path, key_file: Path, case_code: str) -> None:
    """
    Read who is anonymous in a file of `export --sealed`; at the ministry, with its private key.

    One line of JSON for each message that was sealed. Needs neither a gateway nor a database.

    Example: lapor-gateway unseal laporan.jsonl --key ministry.key
    """
    try:
        private = read_key(key_file.read_text())
    except ValueError as exc:
        raise click.ClickException(f"{key_file}: {exc}") from exc
    wanted = case_code.upper().replace("-", "")
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                record = json.loads(line)
                boxes = record["reporter"]["sealed"]
                if not boxes or (wanted and record["case_code"] != wanted):
                    continue
                for told in opened(private, boxes):
                    click.echo(msgspec.json.encode(told).decode())
            except (ValueError, KeyError, TypeError) as exc:
                raise click.ClickException(f"{file}, line {number}: {exc}") from exc


def _write_new(path: Path, key: str) -> None:
    """Write a file that was not there; a key is never written over another one."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as exc:
        raise click.ClickException(f"{path} is there already") from exc
    with os.fdopen(descriptor, "w") as opened_:
        opened_.write(f"{key}\n")
        opened_.flush()
        os.fsync(opened_.fileno())
    sync_folder(path.parent)
