"""`lapor-gateway user`: who may use the console; passwords are typed or piped, never arguments."""

import sys

import click

from gateway.access import passwords, totp, users
from gateway.access.ordering import UserOrder
from gateway.access.passwords import Passwords
from gateway.access.person import Role
from gateway.commands.common import Place, clock_time, looking, place_options, show_table
from gateway.commands.entrust import me, order_user
from gateway.custody.duty import Done

REFUSED = {
    "short": f"a password has at least {passwords.LEAST} signs; a sentence is a good one",
    "long": f"a password has at most {passwords.MOST} signs",
    "login": "the login must not stand in the password",
    "common": "it is among the passwords that are tried first",
}
ROLES = [role.value for role in Role]
role_option = click.option("--role", type=click.Choice(ROLES), default="officer")
agency_option = click.option(
    "--agency", default="", help="See this agency's records alone; its name as in agencies.toml."
)
totp_option = click.option(
    "--totp", "with_app", is_flag=True, help="Set up the sign-in app now, by a picture shown here."
)


@click.group()
def user() -> None:
    """Make and keep the accounts of the officers' console."""


@user.command()
@click.argument("login")
@click.option("--name", default="", help="What the person is called; the login if left out.")
@click.option("--language", type=click.Choice(users.LANGUAGES), default="id")
@role_option
@agency_option
@totp_option
@place_options
def add(  # noqa: PLR0913 (each is an option)
    place: Place, login: str, *, name: str, language: str, role: str, agency: str, with_app: bool
) -> None:
    """
    Make an account; asks for its password, or reads it from standard input.

    Example: lapor-gateway user add sari --name "Sari Dewi" --role admin
    """
    order = UserOrder(
        verb="add",
        who=me(),
        login=login,
        name=name,
        role=Role(role),
        agency=agency,
        language="en" if language == "en" else "id",
        password=_asked_password(login),
        totp=with_app,
    )
    _tell(order_user(place, order))


@user.command()
@click.argument("login")
@place_options
def passwd(place: Place, login: str) -> None:
    """
    Set another password; ends the sessions of who had the old one.

    Example: lapor-gateway user passwd sari
    """
    kept = _asked_password(login)
    _tell(order_user(place, UserOrder(verb="passwd", who=me(), login=login, password=kept)))


@user.command("role")
@click.argument("login")
@click.argument("role", type=click.Choice(ROLES))
@agency_option
@place_options
def role_(place: Place, login: str, role: str, agency: str) -> None:
    """
    Say what somebody may do, and whose records they see.

    Example: lapor-gateway user role sari verifier
    """
    order = UserOrder(verb="role", who=me(), login=login, role=Role(role), agency=agency)
    _tell(order_user(place, order))


@user.command("list")
@place_options
def list_(place: Place) -> None:
    """
    List the accounts: role, agency, whether there is an app, when they last came in.

    Example: lapor-gateway user list
    """
    with looking(place) as (_, tx):
        found = users.listed(tx)
    show_table(
        ("login", "name", "role", "agency", "app", "state", "last in"),
        [
            (
                one.login,
                one.name,
                one.role.value,
                one.agency or "-",
                "yes" if one.totp_since else "no",
                "active" if one.enabled else "disabled",
                clock_time(one.signed_in_at),
            )
            for one in found
        ],
    )


@user.command()
@click.argument("login")
@place_options
def disable(place: Place, login: str) -> None:
    """
    Let an account open nothing any more; its sessions end at once.

    Example: lapor-gateway user disable sari
    """
    _tell(order_user(place, UserOrder(verb="disable", who=me(), login=login)))


@user.command()
@click.argument("login")
@place_options
def enable(place: Place, login: str) -> None:
    """
    Let a disabled account be used again.

    Example: lapor-gateway user enable sari
    """
    _tell(order_user(place, UserOrder(verb="enable", who=me(), login=login)))


@user.command("totp-reset")
@click.argument("login")
@totp_option
@place_options
def totp_reset(place: Place, login: str, *, with_app: bool) -> None:
    """
    Take the sign-in app and the recovery codes away, where the phone is lost.

    Example: lapor-gateway user totp-reset sari
    """
    order = UserOrder(verb="totp-reset", who=me(), login=login, totp=with_app)
    _tell(order_user(place, order))


def _asked_password(login: str) -> str:
    """The hash of what somebody types twice, or pipes in."""
    if sys.stdin.isatty():
        typed = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        typed = sys.stdin.readline().rstrip("\r\n")
    if why := passwords.refusal(typed, login):
        raise click.ClickException(REFUSED[why])
    return Passwords().hash_now(typed)


def _tell(done: Done) -> None:
    for line in done.lines:
        click.echo(line)
    if uri := done.data.get("uri"):
        click.echo(f"\nRead this with the sign-in app (or type what follows secret=):\n{uri}\n")
        click.echo(totp.drawn(uri))
