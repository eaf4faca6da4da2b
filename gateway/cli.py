"""
The command `lapor-gateway`.

Exit codes: 0 done, 1 the answer is "no" (check, verify, reconcile), 2 wrong use, 78 the settings
cannot be used (EX_CONFIG, so that systemd does not restart in a loop).
"""

import sys

import click

from gateway import last_words
from gateway.commands.act import parked, replay
from gateway.commands.backup import backup
from gateway.commands.check import check
from gateway.commands.conform import conform
from gateway.commands.correct import correct
from gateway.commands.custody import (
    breach_report,
    erase,
    retain,
    reveal,
    tighten,
)
from gateway.commands.deadlines import deadlines
from gateway.commands.evaluate import evaluate
from gateway.commands.handoff import handoff
from gateway.commands.hold import hold, holds, release
from gateway.commands.keys import keys, unseal
from gateway.commands.look import export, status
from gateway.commands.match import match
from gateway.commands.migrate_store import migrate_store
from gateway.commands.normalize import normalize
from gateway.commands.notices import notices_
from gateway.commands.officer import import_, signals_
from gateway.commands.places import places
from gateway.commands.proof import evidence, verify
from gateway.commands.reconcile import reconcile
from gateway.commands.run import run
from gateway.commands.send import send
from gateway.commands.train import train
from gateway.commands.user import user
from gateway.errors import SettingsError
from gateway.store import StoreError

EX_CONFIG = 78


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="lapor-gateway")
def cli() -> None:
    """The gateway of no wrong door: complaints in, one record each, answers back."""


OPERATE = (
    run,
    send,
    check,
    status,
    parked,
    notices_,
    replay,
    verify,
    evidence,
    reconcile,
    export,
    backup,
    migrate_store,
)
OFFICERS = (import_, signals_, places, correct, handoff, conform, deadlines, train)
MEASURE = (normalize, match, evaluate)
ACCESS = (user,)
PRIVACY = (keys, unseal, tighten, reveal, hold, release, holds, erase, retain, breach_report)
for command in (*OPERATE, *ACCESS, *PRIVACY, *OFFICERS, *MEASURE):
    cli.add_command(command)


def main() -> None:
    """Run the command line; what an operator can mend ends in one sentence."""
    last_words.keep()
    try:
        cli()
    except SettingsError as exc:
        click.echo(f"lapor-gateway: {exc}", err=True)
        sys.exit(EX_CONFIG)
    except StoreError as exc:
        click.echo(f"lapor-gateway: {exc}", err=True)
        sys.exit(1)
