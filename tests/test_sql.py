"""SQL is text of ours: no value from outside ever becomes part of a statement."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
#: Methods that take a statement first: a transaction's, a connection's, a cursor's.
TAKES_SQL = {"one", "all", "run", "many", "execute", "executemany", "executescript"}
PACKAGES = ("gateway", "forwarder")
#: Where statements arrive as arguments: the engines, which add nothing but our own words.
PASS_ON = {"gateway/store/engine.py", "gateway/store/sqlite.py", "gateway/store/postgres.py"}


def statements(tree: ast.Module) -> Iterator[ast.expr]:
    """Every first argument of a call that may take SQL."""
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if node.func.attr in TAKES_SQL and node.args:
            yield node.args[0]


def is_ours(statement: ast.expr) -> bool:
    """A constant, a name in capitals, or an f-string made of nothing but those."""
    if isinstance(statement, ast.JoinedStr):
        return all(
            is_ours(part.value) if isinstance(part, ast.FormattedValue) else True
            for part in statement.values
        )
    if isinstance(statement, ast.Name | ast.Attribute):
        name = statement.id if isinstance(statement, ast.Name) else statement.attr
        return name.isupper()
    return isinstance(statement, ast.Constant)


def modules() -> list[str]:
    found = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    names = sorted(str(path.relative_to(ROOT)) for path in found)
    return [name for name in names if name not in PASS_ON and "sqlite_schema" not in name]


@pytest.mark.parametrize("module", modules())
def test_statements_are_constants(module: str) -> None:
    """Values travel as parameters; what is put into a statement is a constant of ours."""
    tree = ast.parse((ROOT / module).read_text())
    foreign = [
        f"{module}:{statement.lineno}"
        for statement in statements(tree)
        if not is_ours(statement) and _looks_like_sql(statement)
    ]

    assert foreign == []


def test_the_search_finds_a_value_in_a_statement() -> None:
    """A test that could not fail would be none."""
    tree = ast.parse("tx.run(f'delete from work where id = {number}')")

    assert [is_ours(statement) for statement in statements(tree)] == [False]


def _looks_like_sql(statement: ast.expr) -> bool:
    """`run` and `all` are other things' names too; a statement is a text or made of texts."""
    return isinstance(statement, ast.JoinedStr | ast.BinOp) or (
        isinstance(statement, ast.Name | ast.Attribute) and "sql" in ast.unparse(statement).lower()
    )
