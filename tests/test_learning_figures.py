"""The figures of learning: what they say of reports with known answers."""

from pathlib import Path

import msgspec
from lessons import past_reports
from normalizing import RULES

from gateway.evaluation.learning import PURBALINGGA, QUESTIONS, answered, read


def test_learning_is_measured_on_reports_that_were_held_back(tmp_path: Path) -> None:
    """Easy reports are all told right, by the model and not by the rules."""
    rows = [{"text": past.text, "category": past.label} for past in past_reports()]
    file = tmp_path / "dev.jsonl"
    file.write_bytes(b"\n".join(map(msgspec.json.encode, [*rows, {"text": "x"}])))
    [question] = [one for one in QUESTIONS if one.file == PURBALINGGA]

    asked = read(file, question, RULES)
    figures = {figure.measure: figure for figure in answered(question, asked)}

    assert len(asked) == len(rows)
    assert figures["accuracy"].value == figures["macro-F1"].value == 1.0
    assert figures["accuracy"].reach == question.accuracy
    assert figures["among three"].value == 1.0
    assert figures["recall of sampah"].n == 30
    curve = figures["accuracy after 300 corrections"]
    assert curve.value == 1.0
    assert curve.reach
    assert 0.3 < curve.reach <= 1.001
