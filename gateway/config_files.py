"""
Where configuration lies: the operator's folder first, file by file, then the shipped one.

So an operator keeps only what differs. The shipped folder belongs to the checkout this package runs
from; it is data and no package, see docs/decisions.md.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import structlog

from gateway.errors import SettingsError
from gateway.learning.versions import active_models
from normalizer.model import is_of_another_time

log = structlog.get_logger()

CONFIG_FILE = "gateway.toml"
RULE_FILES = (
    "abbreviations.toml",
    "taxonomy.toml",
    "agencies.toml",
    "flags.toml",
    "places.toml",
    "places.csv",
    "deadlines.toml",
    "replies/id.toml",
    "replies/en.toml",
)
#: What this gateway has learned from its own past, in the data folder where there is any.
LEARNED_FILES = ("streets.json",)
SHIPPED = Path(__file__).resolve().parents[1] / "config"


def default_config_dir() -> Path | None:
    """./config where that is a configuration, else None: everything as shipped."""
    here = Path("config")
    return here if (here / CONFIG_FILE).is_file() else None


def find_config_file(config_dir: Path | None, name: str) -> Path:
    """The operator's file of this name, or the shipped one."""
    if config_dir is not None and not config_dir.is_dir():
        raise SettingsError(f"{config_dir}: there is no such folder")
    for folder in (config_dir, SHIPPED):
        if folder is not None and (folder / name).is_file():
            return folder / name
    raise SettingsError(f"{SHIPPED / name}: is missing; run from a complete checkout")


def config_files(config_dir: Path | None) -> Mapping[str, bytes]:
    """The content of every file the rules are read from, by its name."""
    return {name: config_file(config_dir, name) for name in RULE_FILES}


def config_file(config_dir: Path | None, name: str) -> bytes:
    """The content of the operator's file of this name, or of the shipped one."""
    return _content(find_config_file(config_dir, name))


def learned_files(data_dir: Path) -> Mapping[str, bytes]:
    """The content of every file that was learned and is in force, by its name."""
    files = {name: data_dir / name for name in LEARNED_FILES if (data_dir / name).exists()}
    return {name: _content(file) for name, file in files.items()} | dict(_models(data_dir))


def _models(data_dir: Path) -> Iterator[tuple[str, bytes]]:
    """The models in force; one of an older program is left out, and the rules decide meanwhile."""
    for task, file in active_models(data_dir).items():
        content = _content(file)
        if is_of_another_time(content):
            log.error("model of another version left out, train anew", task=task, file=file.name)
        else:
            yield f"models/{task}", content


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as exc:
        raise SettingsError(f"{file}: cannot be read: {exc.strerror}") from exc
