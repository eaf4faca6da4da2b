"""`lapor-gateway match`: whether messages are the same, as a filter for who wants to measure."""

import sys
from functools import cache
from typing import BinaryIO

import click

from gateway.commands.common import Place, place_options
from gateway.config_files import config_files
from gateway.errors import SettingsError
from gateway.filtering import filtered
from gateway.matching import Index, Message, Pair, Placed, compare_two
from normalizer.match import Verdict
from normalizer.rules import Rules, RulesError, read_rules


@click.command()
@click.option(
    "--index", "stream", is_flag=True, help="Lines are messages; tell the cluster of each."
)
@click.argument("source", type=click.File("rb"), default="-")
@place_options
def match(place: Place, source: BinaryIO, *, stream: bool) -> None:
    """
    Read pairs of messages as JSON lines from SOURCE and tell whether they are the same.

    A line is {a: {text, …}, b: {text, …}}, its answer {relation, score, why}, where relation is
    same, related or none. A message may also have sent_at, address, sender, title, topic,
    kelurahan, kecamatan, tenant and id. With --index a line is a message and its answer {id,
    cluster, relation, of, score, why, volume}. Exit 1 if a line could not be read.

    Example: lapor-gateway match pairs.jsonl > relations.jsonl
    """
    files, index = config_files(place.config), Index()

    @cache
    def rules_for(tenant: str) -> Rules:
        try:
            return read_rules(files, tenant)
        except RulesError as exc:
            raise SettingsError(str(exc)) from exc

    def relation(pair: Pair) -> Verdict:
        return compare_two(pair.a, pair.b, rules_for(pair.a.tenant or pair.b.tenant or ""))

    def cluster(message: Message) -> Placed:
        return index.place(message, rules_for(message.tenant or ""))

    rules_for("")
    answers = filtered(source, Message, cluster) if stream else filtered(source, Pair, relation)
    well = True
    for line, read in answers:
        sys.stdout.buffer.write(line)
        well &= read
    sys.exit(not well)
