"""A learned model: what it says, why, when it says nothing, and what is no model."""

from functools import partial

import numpy as np
import pytest
from lessons import past_reports
from normalizing import RULES

from gateway.learning import fit, training
from gateway.learning.teaching import evidence
from normalizer.classify import Classification
from normalizer.model import Head, Model, ModelError, read_head
from normalizer.model_features import Evidence, blocks_of, buckets_of
from normalizer.model_judging import evidence_of, learned
from normalizer.record import Agency, Judgement

HEAD = partial(Head, task="topic", version="7", trained_at="2026-03-02T05:00:00+00:00")


@pytest.fixture(scope="module")
def lessons() -> list[training.Lesson]:
    return [
        training.lesson_of(evidence(report, RULES), report.label, report.text)
        for report in past_reports()
    ]


@pytest.fixture(scope="module")
def content(lessons: list[training.Lesson]) -> bytes:
    return training.train(lessons, HEAD)


@pytest.fixture(scope="module")
def model(content: bytes) -> Model:
    return Model(content)


def seen(text: str) -> Evidence:
    return evidence_of(text, "", "", RULES)


def test_a_model_tells_a_report_it_has_not_seen(model: Model) -> None:
    """Other words of the same kind are enough, and the words that decided are told."""
    answer = model.ask(seen("Selamat pagi, lampu penerangan depan masjid padam"))

    assert answer.value == "lampu"
    assert answer.confidence >= model.head.threshold
    assert {"padam", "penerangan", "lampu"} & set(answer.why)
    assert [label for label, _ in answer.best[:1]] == ["lampu"]
    assert len(answer.best) == 3


def test_a_form_nobody_has_written_is_known_by_its_pieces(model: Model) -> None:
    """A word with another ending is still like its relatives."""
    assert model.ask(seen("persampahannya")).best[0][0] == "sampah"


def test_a_model_abstains_where_nothing_speaks_for_anything(model: Model) -> None:
    """Words that were in no lesson give no value, but the likeliest labels are told."""
    answer = model.ask(seen("Xyz qwrt bnmk"))

    assert answer.value is None
    assert answer.why == ()
    assert len(answer.best) == 3


def test_the_file_says_what_the_fitted_weights_say(lessons: list[training.Lesson]) -> None:
    """Rounding and packing change no score by more than a hundredth."""
    labels = [sorted({"air", "lampu", "sampah"}).index(lesson.label) for lesson in lessons]
    weights = fit.fit([lesson.seen for lesson in lessons], labels, 3)
    model = Model(training.train(lessons, HEAD))
    text = seen("Keran di rumah kami tidak mengalir, mohon dicek")

    scores = [float(one) for one in fit.scores(weights, fit.seen(text))]

    held = training.Held(labels=("",), wanted=np.array([0]), scores=np.array([scores]))
    [shares] = training.confidences_of(held, model.head.sharpness)
    told = dict(model.ask(text).best)
    assert [told[label] for label in model.head.labels] == pytest.approx(list(shares), abs=0.01)


def test_training_twice_gives_the_same_model(
    lessons: list[training.Lesson], content: bytes
) -> None:
    """Nothing in it depends on chance or the hour."""
    assert training.train(lessons, HEAD) == content


def test_a_model_knows_how_good_it_was_on_held_back_reports(content: bytes) -> None:
    """The figures stand in the file."""
    head = read_head(content)

    assert (head.task, head.version, head.examples) == ("topic", "7", 90)
    assert head.labels == ("air", "lampu", "sampah")
    assert head.figures["accuracy"] > 0.9
    assert head.figures["among_three"] == 1.0
    assert head.figures["answered_right"] >= training.WANTED


def test_too_few_lessons_make_no_model(lessons: list[training.Lesson]) -> None:
    """It takes forty, of two kinds at least, and a value given once does not count."""
    with pytest.raises(training.TooFewLessons, match="12 reports with 1 values"):
        training.train(lessons[:12], HEAD)
    with pytest.raises(training.TooFewLessons, match="30 reports with 1 values"):
        training.train(lessons[:31], HEAD)


def test_reports_that_begin_alike_stay_in_one_fold(lessons: list[training.Lesson]) -> None:
    """Else a copy would be recognised, and that called understanding."""
    twice = [lesson for lesson in lessons for _ in range(2)]

    folds = training.folds_of(twice)

    assert folds[::2] == folds[1::2]
    assert set(folds) == set(range(training.FOLDS))


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda content: content[:5], "no model"),
        (lambda content: b"PK" + content, "no model"),
        (lambda content: content[:-1], "cut off"),
        (lambda content: content.replace(b'"labels":[', b'"labels":{', 1), "head"),
    ],
)
def test_a_damaged_file_is_refused(content: bytes, damage: object, problem: str) -> None:
    """A file that is cut off or something else decides nothing."""
    assert callable(damage)

    with pytest.raises(ModelError, match=problem):
        Model(damage(content))


def test_a_word_has_its_own_bucket_and_those_of_its_pieces() -> None:
    """A pair and a number have one bucket, and so has a hint."""
    assert len(buckets_of("wjalan")) == 1 + 4
    assert len(buckets_of("w2026")) == len(buckets_of("pjalan rusak")) == 1
    assert set(buckets_of("wjalan")).isdisjoint(buckets_of("ajalan"))
    assert blocks_of(Evidence(spoken=())) == []


def test_what_is_said_twice_counts_once_more() -> None:
    """How often beyond that makes no difference, and a pair counts once."""
    once, _ = blocks_of(Evidence(spoken=("jalan", "rusak")))
    twice, pairs = blocks_of(Evidence(spoken=("jalan", "rusak", "jalan", "rusak", "jalan")))

    assert once == ["wjalan", "wrusak"]
    assert twice == [*once, "rjalan", "rrusak"]
    assert pairs == ["pjalan rusak", "prusak jalan"]


def test_a_very_long_text_is_read_in_bounds(model: Model) -> None:
    """Endless words and endless texts are cut, and strange signs are signs."""
    assert model.ask(seen("a" * 10_000 + " lampu padam " * 20_000)).best[0][0] == "lampu"
    assert model.ask(seen("\U0001f6a7 \u0627\u0644 \ud800")).confidence > 0


def judged(topic: str | None, office: str | None = "Dinas Contoh") -> Classification:
    return Classification(
        type=Judgement(value="pengaduan", confidence=0.8),
        topic=Judgement(value=topic, confidence=0.5, why=("padam",)),
        agency=Agency(value=office, confidence=0.5),
    )


def test_a_sure_model_overrules_the_rules_and_the_office_follows(model: Model) -> None:
    """What the model found goes to the office the rules have for it, with its reasons."""
    told = learned(
        judged("jalan"),
        seen("Lampu penerangan padam"),
        {"topic": model},
        lambda topic: Agency(value=f"office of {topic}", confidence=1.0),
        chosen=False,
    )

    assert (told.topic.value, told.topic.by, told.topic.version) == ("lampu", "model", "7")
    assert told.topic.why
    assert (told.agency.value, told.agency.by) == ("office of lampu", "model")
    assert told.agency.confidence == told.topic.confidence
    assert told.type.by == "rules"


def test_an_unsure_model_decides_nothing(model: Model) -> None:
    """A label it knows is not believed without it; one it cannot know stays the rules'."""
    strange, none = seen("Xyz qwrt bnmk"), partial(Agency, value=None, confidence=0.0)
    models = {"topic": model}

    known = learned(judged("air"), strange, models, lambda _: none(), chosen=False)
    unknown = learned(judged("pajak"), strange, models, lambda _: none(), chosen=False)

    assert (known.topic.value, known.topic.by) == (None, "model")
    assert (unknown.topic.value, unknown.topic.by) == ("pajak", "rules")


def test_what_the_citizen_chose_stays(model: Model) -> None:
    """Nobody is told that they are wrong about their own complaint."""
    before = judged("jalan")

    told = learned(
        before, seen("Lampu padam"), {"topic": model}, lambda _: before.agency, chosen=True
    )

    assert told == before


def test_the_agency_model_names_the_others(model: Model) -> None:
    """One office, or none, and the likeliest others; misconduct goes where the rules say."""
    text = seen("Lampu penerangan padam")
    supervised = Classification(
        type=Judgement(value="pengaduan_pengawasan", confidence=0.9),
        topic=judged("lampu").topic,
        agency=Agency(value="Inspektorat", confidence=0.9),
    )

    sure = learned(judged("x"), text, {"agency": model}, _never, chosen=False).agency
    unsure = learned(judged("x", "air"), seen("Xyz"), {"agency": model}, _never, chosen=False)
    kept = learned(supervised, text, {"agency": model}, _never, chosen=False).agency

    assert (sure.value, sure.by, set(sure.alternatives)) == ("lampu", "model", {"air", "sampah"})
    assert (unsure.agency.value, len(unsure.agency.alternatives)) == (None, 3)
    assert (kept.value, kept.by) == ("Inspektorat", "rules")


def test_a_type_nobody_corrected_towards_stays_the_rules(model: Model) -> None:
    """A test message is no report, whatever a model of reports makes of it."""
    test = Classification(
        type=Judgement(value="bukan_laporan", confidence=0.9),
        topic=Judgement(value=None, confidence=0.0),
        agency=Agency(value=None, confidence=0.0),
    )

    assert learned(test, seen("tes lampu"), {"type": model}, _never, chosen=False) == test


def test_the_rules_findings_are_hints_with_their_words() -> None:
    """Each label has its share and its words, each branch its share."""
    hints = {hint.name: hint for hint in seen("Jalan berlubang, mohon diperbaiki").hints}

    assert "berlubang" in " ".join(hints["topic jalan"].why)
    assert all(0 < hint.weight <= 1 for hint in hints.values())
    assert any(name.startswith("type ") and hint.why for name, hint in hints.items())
    assert any(name.startswith("branch ") for name in hints)
    assert seen("xyz").hints == ()


def _never(topic: str) -> Agency:
    raise AssertionError(topic)
