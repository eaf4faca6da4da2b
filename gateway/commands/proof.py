"""`lapor-gateway verify` and `evidence`: what can be shown to somebody who trusts nobody."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from gateway import anchors, chain
from gateway import evidence as cases
from gateway.access import trail
from gateway.anchors import Noted
from gateway.chain import read_head
from gateway.clock import now_ms
from gateway.commands.common import Place, counting, looking, place_options
from gateway.errors import SettingsError
from gateway.signing import NotSigned, Signer
from gateway.write_whole import write_whole
from normalizer.codes import read_case_code

# A complaint stands in it: whoever made it hands it on.
OURS = 0o600
Existing = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("file", required=False, type=Existing)
@click.option("--against", "noted", default="", help="Anchors kept elsewhere: a file, or one head.")
@click.option("--key", "keys", multiple=True, help="A public key to believe, from `status`.")
@place_options
def verify(place: Place, file: Path | None, noted: str, keys: tuple[str, ...]) -> None:
    """
    Walk the hash chains of journal and audit trail; name the first row changed or removed.

    With FILE, check evidence of one case instead: nothing else is needed for it than the key of the
    gateway that made it.

    Example: lapor-gateway verify --against anchors.jsonl
    """
    if file:
        if not keys:
            raise click.UsageError("evidence is checked with the gateway's public key: --key")
        _check(file, frozenset(keys), _lines(noted))
        return
    with looking(place) as (_, tx):
        against = _against(place, noted, keys) if noted else Noted()
        row = tx.one("select count(*) from journal")
        with counting("verify", row[0] if row else 0) as seen:
            verdict = chain.verify(tx, against=against.chains, seen=seen)
        told = trail.verify(tx, against.trail)
    for number, head in verdict.heads.items():
        click.echo(f"chain {number}: {head.position} rows, head {head.anchor(number)}")
    click.echo(f"trail: {told.head.position} entries, head {trail.anchor(told.head)}")
    held = f", as {len(against)} ends noted elsewhere say" if against else ""
    broken = [sentence for sentence in (verdict.broken, told.broken) if sentence]
    click.echo("\n".join(broken) or f"whole: {verdict.rows} rows{held}")
    if broken:
        sys.exit(1)


@click.command()
@click.argument("case_code")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path))
@place_options
def evidence(place: Place, case_code: str, out: Path) -> None:
    """
    Write all that can be shown of one case into one signed file.

    It does not tell who reported. `verify FILE --key KEY` checks it anywhere, without the gateway.

    Example: lapor-gateway evidence 3K7Q-9T2ZA --out 3K7Q9T2ZA.json
    """
    code = read_case_code(case_code) or case_code
    vault = place.vault(place.settings())
    with looking(place) as (_, tx):
        signed = cases.gather(tx, vault, code, now_ms())
    if signed is None:
        raise click.ClickException(f"there is no case {code}")
    write_whole(out, signed + b"\n", OURS)
    click.echo(f"{out}: signed with {Signer(vault).public_key}")


def _check(file: Path, keys: frozenset[str], kept: Sequence[bytes]) -> None:
    try:
        checked = cases.check(file.read_bytes(), keys, kept)
    except NotSigned as exc:
        click.echo(f"not the evidence it was: {exc}")
        sys.exit(1)
    if checked.broken:
        click.echo(checked.broken)
        sys.exit(1)
    told = checked.evidence
    click.echo(f"case {told.case_code}, {told.state}, as of {told.made_at:%Y-%m-%d %H:%M} UTC")
    click.echo(f"messages: {len(told.messages)}, under an anchor: {checked.anchored}")
    if kept:
        click.echo(f"under an anchor that was kept elsewhere: {checked.held}")
    click.echo("whole")


def _lines(noted: str) -> list[bytes]:
    return Path(noted).read_bytes().splitlines() if noted and Path(noted).is_file() else []


def _against(place: Place, noted: str, keys: Sequence[str]) -> Noted:
    try:
        if not Path(noted).is_file():
            return _one_head(noted)
        return anchors.heads_in(_lines(noted), frozenset([*keys, *_own_key(place)]))
    except NotSigned as exc:
        raise click.ClickException(f"{noted}: {exc}") from exc
    except ValueError as exc:
        raise click.UsageError(f"{noted!r} is no anchor and no file of anchors") from exc


def _one_head(noted: str) -> Noted:
    """A head as `verify` shows it."""
    name, _, rest = noted.partition(":")
    if name == trail.NAME:
        return Noted(trail=[read_head(f"0:{rest}")[1]])
    return Noted(chains=[read_head(noted)])


def _own_key(place: Place) -> list[str]:
    """The key this gateway signs with, where it can be read."""
    try:
        return [Signer(place.vault(place.settings())).public_key]
    except SettingsError:
        return []
