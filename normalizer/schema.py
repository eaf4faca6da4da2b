"""
The published JSON Schema of the record, generated from its structs.

`config/record.schema.json` holds exactly these bytes; a test compares. After a change in record.py:
`python -c "from normalizer.schema import record_schema as s; print(s().decode(), end='')"`.
"""

import json

import msgspec

from normalizer.record import Record


def record_schema() -> bytes:
    """The schema as it stands in the file."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **msgspec.json.schema(Record),
    }
    return json.dumps(schema, indent=2, ensure_ascii=False).encode() + b"\n"
