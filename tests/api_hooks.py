"""
What schemathesis has to know beside the OpenAPI document of /api/v1: a new report has a new key.

OpenAPI cannot say "a header, or a field of the body", nor "never used before". So every valid
request gets a key of its own, and every refusal of one is a failure. Loaded by `st run` through
SCHEMATHESIS_HOOKS.
"""

import uuid
from typing import Any

import schemathesis


@schemathesis.hook
def before_call(_: schemathesis.HookContext, case: Any, __: dict[str, Any]) -> None:  # noqa: ANN401 (a Case of any schema)
    """Give a valid report a key nobody has used."""
    is_valid = case.meta is not None and case.meta.generation.mode.is_positive
    if is_valid and case.method == "POST":
        case.headers["Idempotency-Key"] = f'"{uuid.uuid4()}"'
