"""
An S3 server on loopback: moto's, which checks signatures, with one bucket and one who may use it.

Everything is in its memory. moto speaks for all of Amazon; the credential's scope names a service.
"""

import re
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ports import unused_port

BUCKET = "lapor"
ANYTHING = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", '
    '"Resource": "*"}]}'
)
#: The calls below; from then on moto looks at signatures.
OPEN_CALLS = 4
START_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class S3Server:
    """A running server."""

    url: str
    access_key: str
    secret_key: str
    process: "subprocess.Popen[bytes]"

    def settings(self, prefix: str = "") -> dict[str, Any]:
        """Section [attachments] for it; the secrets are those of `env`."""
        return {
            "place": f"s3://{BUCKET}{prefix}",
            "s3": {
                "endpoint": self.url,
                "access_key": "s3_access_key",
                "secret_key": "s3_secret_key",
            },
        }

    @property
    def env(self) -> dict[str, str]:
        """The secrets."""
        return {"LAPOR_S3_ACCESS_KEY": self.access_key, "LAPOR_S3_SECRET_KEY": self.secret_key}


@contextmanager
def running(home: Path) -> Iterator[S3Server]:
    """Start one; it is gone with all it holds at the end."""
    port = unused_port()
    url = f"http://127.0.0.1:{port}"
    with (home / "s3.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
            env={"INITIAL_NO_AUTH_ACTION_COUNT": str(OPEN_CALLS), "HOME": str(home)},
            stdout=log,
            stderr=log,
        )
    try:
        _until_open(process, url, home / "s3.log")
        _call(url, "s3", f"/{BUCKET}", method="PUT")
        _call(url, "iam", form={"Action": "CreateUser", "UserName": "gateway"})
        keys = _call(url, "iam", form={"Action": "CreateAccessKey", "UserName": "gateway"})
        policy = {"PolicyName": "files", "PolicyDocument": ANYTHING}
        _call(url, "iam", form={"Action": "PutUserPolicy", "UserName": "gateway", **policy})
        yield S3Server(
            url=url,
            access_key=_between(keys, "AccessKeyId"),
            secret_key=_between(keys, "SecretAccessKey"),
            process=process,
        )
    finally:
        process.kill()
        process.wait()


def _until_open(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"{url}/moto-api/", timeout=5):  # noqa: S310 (our own)
                return
        except OSError:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)


def _call(
    url: str,
    service: str,
    path: str = "/",
    *,
    method: str = "POST",
    form: Mapping[str, str] | None = None,
) -> str:
    scope = f"Credential=nobody/20260101/us-east-1/{service}/aws4_request"
    request = urllib.request.Request(  # noqa: S310 (our own address)
        url + path,
        method=method,
        data=urllib.parse.urlencode(form).encode() if form else None,
        headers={"Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 (our own address)
        return str(answer.read().decode())


def _between(xml: str, tag: str) -> str:
    found = re.search(f"<{tag}>([^<]+)</{tag}>", xml)
    assert found, xml
    return found[1]
