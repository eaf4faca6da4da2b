"""The real gateway with settings that are lists of tables."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway_process import Gateway


class GatewayWith(Gateway):
    """One gateway; `toml` stands at the end of its settings."""

    toml = ""

    def _write_settings(self) -> None:
        super()._write_settings()
        with (self.config_dir / "gateway.toml").open("a") as file:
            file.write(f"\n{self.toml}\n")


@contextmanager
def not_started(folder: Path, toml: str, **secrets: str) -> Iterator[GatewayWith]:
    """A gateway with these settings and secrets; whatever still runs at the end is killed."""
    process = GatewayWith(folder / "gateway-home")
    process.home.mkdir()
    process.toml = toml
    process.env |= {f"LAPOR_{name.upper()}": value for name, value in secrets.items()}
    try:
        yield process
    finally:
        process.kill()


@contextmanager
def running(folder: Path, toml: str, **secrets: str) -> Iterator[GatewayWith]:
    """One gateway for all tests of a module that only add to it."""
    with not_started(folder, toml, **secrets) as process:
        asyncio.run(process.start())
        yield process
        asyncio.run(process.stop())
