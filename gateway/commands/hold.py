"""Commands about legal holds: hold, release, holds."""

import json

import click
import msgspec

from gateway.commands.common import Place, clock_time, looking, place_options, show_table
from gateway.commands.custody import code_of, json_option, reason_option, show, who_option
from gateway.commands.entrust import entrust
from gateway.custody.duty import Duty
from gateway.custody.holding import listed


@click.command()
@click.argument("case_code")
@who_option
@reason_option
@place_options
def hold(place: Place, case_code: str, who: str, reason: str) -> None:
    """
    Let nobody erase a case, because a court or an audit needs it.

    Example: lapor-gateway hold 3K7Q-9T2ZA --reason "perkara 12/PDT/2026"
    """
    show(entrust(place, Duty(verb="hold", case_code=code_of(case_code), who=who, reason=reason)))


@click.command()
@click.argument("case_code")
@who_option
@reason_option
@place_options
def release(place: Place, case_code: str, who: str, reason: str) -> None:
    """
    End a hold; a case whose sender asked meanwhile to be forgotten is erased then.

    Example: lapor-gateway release 3K7Q-9T2ZA --reason "perkara selesai"
    """
    show(entrust(place, Duty(verb="release", case_code=code_of(case_code), who=who, reason=reason)))


@click.command()
@json_option
@place_options
def holds(place: Place, *, as_json: bool) -> None:
    """
    List what is held, since when and why, and whose sender has asked to be forgotten.

    Example: lapor-gateway holds
    """
    with looking(place) as (_, tx):
        found = listed(tx)
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(found)))
        return
    show_table(
        ("case", "since", "who", "reason", "erasure asked"),
        [
            (
                one.case_code,
                clock_time(one.since),
                one.who,
                one.reason,
                clock_time(one.asked_at) if one.asked_at else "",
            )
            for one in found
        ],
    )
