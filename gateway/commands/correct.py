"""`lapor-gateway correct`: an officer says what a case really is."""

import getpass
from difflib import get_close_matches
from typing import get_args

import click

from gateway.build_craft import build_rules
from gateway.commands.common import Place, place_options
from gateway.commands.daemon import file_it
from gateway.filing import Filing
from gateway.learning.corrections import Correction, Task
from gateway.learning.versions import TASKS
from normalizer.codes import read_case_code
from normalizer.record import ReportType


@click.command()
@click.argument("case_code")
@click.argument("task", type=click.Choice(TASKS))
@click.argument("value")
@place_options
def correct(place: Place, case_code: str, task: Task, value: str) -> None:
    """
    Say what a case really is, or confirm what stands there; `train` learns from it.

    TASK is type, topic or agency. The record gets a new revision that no model overrules.

    Example: lapor-gateway correct 3K7Q-9T2ZA topic pju
    """
    if task == "type" and value not in get_args(ReportType):
        raise click.BadParameter(f"{value} is none of {', '.join(get_args(ReportType))}")
    if task == "topic":
        _check_topic(place, value)
    correction = Correction(
        case_code=read_case_code(case_code) or case_code,
        task=task,
        value=value,
        who=getpass.getuser(),
    )
    file_it(place, Filing(correction=correction))
    click.echo(f"the {task} of {correction.case_code} is {value}")


def _check_topic(place: Place, value: str) -> None:
    """A topic of the taxonomy, or one that a model has learned from the office's own past."""
    rules = build_rules(place.settings())
    model = rules.models.get("topic")
    topics = {*rules.taxonomy.under, *(model.head.labels if model else ())}
    if value not in topics:
        close = ", ".join(get_close_matches(value, sorted(topics))) or "see taxonomy.toml"
        raise click.BadParameter(f"{value} is no topic; {close}")
