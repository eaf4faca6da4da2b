"""`lapor-gateway normalize`: the reading of complaints as a filter, for who wants to measure."""

import sys
from functools import cache
from typing import BinaryIO

import click

from gateway.commands.common import Place, place_options
from gateway.config_files import config_files, learned_files
from gateway.errors import SettingsError
from gateway.filtering import Said, filtered, report_of
from normalizer.normalize import normalize as record_of
from normalizer.record import Record
from normalizer.rules import Rules, RulesError, read_rules


@click.command()
@click.argument("source", type=click.File("rb"), default="-")
@place_options
def normalize(place: Place, source: BinaryIO) -> None:
    """
    Read complaints as JSON lines from SOURCE, by default the input, and write their records.

    A line has `text`, and may have `channel`, `sent_at`, `address`, `title` and `tenant` (the code
    of the area the office serves). Nothing is stored or sent; what was learned in the data folder
    is used. Exit 1 if a line could not be read.

    Example: lapor-gateway normalize complaints.jsonl > records.jsonl
    """
    files = {**config_files(place.config), **learned_files(place.data)}

    @cache
    def rules_for(tenant: str) -> Rules:
        try:
            return read_rules(files, tenant)
        except RulesError as exc:
            raise SettingsError(str(exc)) from exc

    def answer(said: Said) -> Record:
        return record_of(report_of(said), rules_for(said.tenant or ""), ())

    rules_for("")
    well = True
    for line, read in filtered(source, Said, answer):
        sys.stdout.buffer.write(line)
        well &= read
    sys.exit(not well)
