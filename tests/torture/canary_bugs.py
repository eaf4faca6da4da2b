"""
Bugs for the gateway of canaries, since it is not known to have any.

Each quotes what it stumbles over, as Python's own errors do. `sitecustomize` is the first thing a
Python imports.
"""

from pathlib import Path

#: Words in a message that make its reader fail: an error, and one that no pipe can carry.
PLAIN, HEAVY = "kutu-ringan", "kutu-berat"
BUGS = """
import threading

from aiohttp import web
from channels import officer, sms

read = sms.Sms.parse
lists = officer.Guard.may_admit


class Heavy(Exception):
    def __init__(self, *words):
        super().__init__(*words)
        self.lock = threading.Lock()


class Late:
    def __init__(self, words):
        self.words = words

    def __del__(self):
        raise ValueError(self.words)


def fails(words):
    raise RuntimeError(words)


def parse(self, payload):
    if b"kutu-ringan" in payload:
        Late(repr(payload))
        threading.Thread(target=fails, args=(repr(payload),)).start()
        raise ValueError(f"cannot read {payload!r}")
    if b"kutu-berat" in payload:
        raise Heavy(payload)
    return read(self, payload)


def may_admit(self, request, query):
    if "X-Kutu" in request.headers:
        raise LookupError(str(request.headers))
    return lists(self, request, query)


sms.Sms.parse = parse
officer.Guard.may_admit = may_admit
"""


def put_bugs(folder: Path) -> None:
    """Where PYTHONPATH of a gateway is to lead."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(BUGS)
