"""Sentences officers answer with: config/templates.toml, read once."""

from pathlib import Path
from string import Formatter

import msgspec

from gateway.config_files import find_config_file
from gateway.decode import Decoder, read_toml
from gateway.secrets import Secrets
from normalizer.record import Record

FILE = "templates.toml"
HOLES = frozenset({"code", "agency"})
DEFAULT = {"id": "instansi terkait", "en": "the agency in charge"}


class Template(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One sentence, in the languages citizens are answered in."""

    name: str
    #: What an officer knows it by.
    label: str
    id: str
    en: str
    #: It ends the case.
    closes: bool = False
    #: It is a question to the citizen.
    asks: bool = False

    def __post_init__(self) -> None:
        for text in (self.id, self.en):
            found = {hole for _, hole, _, _ in Formatter().parse(text) if hole is not None}
            if not found <= HOLES:
                raise ValueError(f"{self.name}: expected {{code}} and {{agency}} alone")

    def filled(self, record: Record) -> str:
        """The sentence for the sender of a record, in their language."""
        language = "en" if record.language == "en" else "id"
        agency = record.agency.value or DEFAULT[language]
        text = self.en if language == "en" else self.id
        return text.format(code=record.case_code, agency=agency)


class TemplatesFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file as a whole."""

    template: tuple[Template, ...] = ()

    def __post_init__(self) -> None:
        names = [one.name for one in self.template]
        if len(names) != len(set(names)):
            raise ValueError("template: a name stands there twice")


def read_templates(config_dir: Path | None) -> tuple[Template, ...]:
    """The operator's sentences, or the shipped ones; SettingsError names what is wrong."""
    file = find_config_file(config_dir, FILE)
    return Decoder(file, Secrets({})).section(read_toml(file), TemplatesFile).template
