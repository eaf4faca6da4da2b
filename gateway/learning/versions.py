"""
The models of a gateway on disk: data/models/<task>/, one file per version and two pointers.

`active` lists the versions that were put in force, the last one is; rolling back takes it off the
list, and with an empty list the rules decide alone. `shadow` names the version that is tried. Both
change by a rename, so who reads at that moment has the old or the new. No version is ever deleted
or overwritten here.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gateway.errors import SettingsError
from gateway.write_whole import write_whole
from normalizer.model import Head, ModelError, read_head

FOLDER = "models"
TASKS = ("type", "topic", "agency")
_ACTIVE, _SHADOW = "active", "shadow"
_REMEMBERED = 20


class NoVersion(SettingsError):
    """A version of a model is asked for that does not exist."""


@dataclass(frozen=True, slots=True)
class Versions:
    """The versions of one task."""

    folder: Path
    task: str

    @classmethod
    def of(cls, data_dir: Path, task: str) -> "Versions":
        """The versions of a task in a data folder."""
        return cls(data_dir / FOLDER / task, task)

    @property
    def active(self) -> str:
        """The version in force; "" where the rules decide alone."""
        return next(reversed(self._lines(_ACTIVE)), "")

    @property
    def shadow(self) -> str:
        """The version that is tried; "" where there is none."""
        return next(iter(self._lines(_SHADOW)), "")

    @property
    def next(self) -> str:
        """The name of the version to be made."""
        return str(max((int(file.stem) for file in self._files()), default=0) + 1)

    def file(self, version: str) -> Path:
        """Where a version lies; NoVersion where it is not there."""
        file = self.folder / f"{version}.bin"
        if not version.isdigit() or not file.is_file():
            raise NoVersion(f"{self.task}: there is no version {version}")
        return file

    def heads(self) -> Iterator[Head]:
        """What each version says of itself, oldest first; unreadable ones are left out."""
        for file in self._files():
            with suppress(ModelError, OSError):
                yield read_head(file.read_bytes())

    def add(self, version: str, content: bytes) -> None:
        """Keep a new version and try it in the shadow."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise SettingsError(f"{self.folder}: cannot be made: {exc.strerror}") from exc
        write_whole(self.folder / f"{version}.bin", content)
        self._point(_SHADOW, version)

    def activate(self, version: str) -> None:
        """Put a version in force; a shadow that takes over is one no longer."""
        self.file(version)
        kept = [*self._lines(_ACTIVE), version]
        self._point(_ACTIVE, *kept[-_REMEMBERED:])
        if self.shadow == version:
            self._point(_SHADOW)

    def roll_back(self) -> str:
        """Put the version before in force, and tell which; "" is the rules alone."""
        lines = self._lines(_ACTIVE)
        if not lines:
            raise NoVersion(f"{self.task}: the rules decide alone already")
        self._point(_ACTIVE, *lines[:-1])
        return self.active

    def _files(self) -> list[Path]:
        return sorted(
            (file for file in self.folder.glob("*.bin") if file.stem.isdigit()),
            key=lambda file: int(file.stem),
        )

    def _lines(self, name: str) -> list[str]:
        try:
            return (self.folder / name).read_text(encoding="ascii").split()
        except FileNotFoundError:
            return []
        except (OSError, UnicodeDecodeError) as exc:
            raise SettingsError(f"{self.folder / name}: cannot be read") from exc

    def _point(self, name: str, *versions: str) -> None:
        write_whole(self.folder / name, "".join(f"{one}\n" for one in versions).encode("ascii"))


def active_models(data_dir: Path) -> dict[str, Path]:
    """The file of the model in force, for each task that has one."""
    found = {}
    for task in TASKS:
        versions = Versions.of(data_dir, task)
        if versions.active:
            found[task] = versions.file(versions.active)
    return found
