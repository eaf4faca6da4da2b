"""docs/security.md: every requirement has a line, and every test it names is there."""

import ast
import asyncio
import re
from functools import cache
from pathlib import Path

import aiohttp
from console_site import console_site

ROOT = Path(__file__).parents[1]
DOCUMENT = (ROOT / "docs" / "security.md").read_text()
LINE = re.compile(r"^\| (\d+\.\d+\.\d+) \| (.+) \| (.+) \|$", re.MULTILINE)
NAMED = re.compile(r"(test_\w+\.py)::(\w+)")
PACKAGES = ("channels", "forwarder", "gateway", "normalizer")

#: How many requirements of levels 1 and 2 each section of ASVS 5.0.0 has, the numbers being
#: consecutive from 1: those of level 3 stand at the ends of their sections but for the ones below.
SECTIONS = {
    "1.1": 2, "1.2": 9, "1.3": 11, "1.4": 3, "1.5": 2,
    "2.1": 3, "2.2": 3, "2.3": 4, "2.4": 1,
    "3.2": 2, "3.3": 4, "3.4": 6, "3.5": 5, "3.7": 2,
    "4.1": 3, "4.2": 1, "4.3": 2, "4.4": 4,
    "5.1": 1, "5.2": 3, "5.3": 2, "5.4": 3,
    "6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4, "6.5": 5, "6.6": 3, "6.8": 4,
    "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5, "7.5": 2, "7.6": 2,
    "8.1": 2, "8.2": 3, "8.3": 1, "8.4": 1,
    "11.1": 2, "11.2": 3, "11.3": 3, "11.4": 4, "11.5": 1, "11.6": 1,
    "12.1": 3, "12.2": 2, "12.3": 4,
    "13.1": 1, "13.2": 5, "13.3": 2, "13.4": 5,
    "14.1": 2, "14.2": 4, "14.3": 3,
    "15.1": 3, "15.2": 3, "15.3": 7,
    "16.1": 1, "16.2": 5, "16.3": 4, "16.4": 3, "16.5": 3,
}  # fmt: skip


def test_no_requirement_is_missing() -> None:
    """Level 2 without the chapters about what we do not have: 210."""
    wanted = [f"{section}.{n}" for section, many in SECTIONS.items() for n in range(1, many + 1)]

    assert len(wanted) == 210
    assert [number for number, _, _ in LINE.findall(DOCUMENT)] == wanted


@cache
def known_in(file: str) -> frozenset[str]:
    """The names of the tests in a file."""
    path = ROOT / "tests" / file
    tree = ast.parse(path.read_text()) if path.exists() else ast.Module([], [])
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in tree.body if isinstance(node, functions))


def test_every_test_it_names_is_there() -> None:
    """A test that was renamed or removed takes its line along."""
    named = NAMED.findall(DOCUMENT)

    assert len(named) > 200
    assert [(file, name) for file, name in named if name not in known_in(file)] == []


def test_every_line_is_shown_or_says_why_not() -> None:
    """A test, a document of ours, a reason why it cannot occur, or plainly that it is weaker."""
    shown = re.compile(r"\.py::|n/a: |weaker: |above, |docs/[a-z]+\.md")

    assert [number for number, _, why in LINE.findall(DOCUMENT) if not shown.search(why)] == []
    for name in re.findall(r"docs/[a-z]+\.md", DOCUMENT):
        assert (ROOT / name).exists(), name


def code() -> list[tuple[str, ast.AST]]:
    """Every statement and expression of ours, with the file it stands in."""
    files = [file for package in PACKAGES for file in (ROOT / package).rglob("*.py")]
    return [
        (str(file.relative_to(ROOT)), node)
        for file in sorted(files)
        for node in ast.walk(ast.parse(file.read_text()))
    ]


def test_no_shell_and_no_code_from_data() -> None:
    """No shell is started, nothing is evaluated, and nothing is unpickled."""
    forbidden = {"eval", "exec", "__import__", "create_subprocess_shell", "popen", "system"}
    found = []
    for file, node in code():
        if isinstance(node, ast.Call):
            called = node.func
            name = called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")
            shells = [one for one in node.keywords if one.arg == "shell"]
            found += [(file, node.lineno, name)] if name in forbidden or shells else []
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = {one.name for one in node.names} | {getattr(node, "module", "")}
            found += [(file, node.lineno, one) for one in names & {"pickle", "marshal", "shelve"}]

    assert found == []


def test_no_answer_grants_cross_origin_access() -> None:
    """Nobody's page but ours reads what we answer."""
    files = [file for package in PACKAGES for file in (ROOT / package).rglob("*") if file.is_file()]
    granting = [
        file.name
        for file in files
        if file.suffix != ".pyc" and b"access-control-allow" in file.read_bytes().lower()
    ]

    assert granting == []


def test_a_browser_keeps_one_preference() -> None:
    """Whether keys are on; nothing of a case, and no token."""
    files = [file for file in ROOT.glob("*/**/*.js") if ".venv" not in file.parts]
    kept = [
        re.findall(r"(?:local|session)Storage\.\w+\(\"(\w+)\"", file.read_text()) for file in files
    ]

    assert files
    assert {name for names in kept for name in names} == {"keys"}


TWO_LENGTHS = (
    b"POST /lapor HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /in/sms HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
    b"POST /in/sms HTTP/1.1\r\nHost: x\r\nContent-Length: +4\r\n\r\nabcd",
    b"POST /in/sms HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n4;x\n\r\nabcd\r\n0\r\n\r\n",
    b"POST /in/sms HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\nabcd",
    b"GET /lapor HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n",
    b"GET /lapor HTTP/1.1\r\nHost: x\r\nX : a\r\n\r\n",
)


async def test_a_request_of_two_lengths_is_refused(tmp_path: Path) -> None:
    """What two servers could cut differently is cut by nobody; and nothing is traced back."""
    async with console_site(tmp_path) as site:
        host, port = site.url.removeprefix("http://").split(":")
        for request in TWO_LENGTHS:
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(request)
            async with asyncio.timeout(30):
                head = await reader.readline()
            writer.close()
            assert head.split()[1:2] == [b"400"], (request, head)
        async with aiohttp.ClientSession() as session:
            for path in ("/lapor", "/api/v1/reports", "/in/sms"):
                async with session.request("TRACE", site.url + path) as answer:
                    assert answer.status in {404, 405}
