"""The saved analysis: what is saved comes back, and nothing that is opened is trusted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from analysis.settings import PatientExclusion, PointDecision, Settings
from analysis.variants import MOST_VARIANTS, Variant
from data.examples import EXAMPLE_IDS, load_example
from data.recipe import CellFix, TrialRecipe
from report.analysis_file import MAX_BYTES, SCHEMA, AnalysisFile, AnalysisFileProblem

RECIPE = TrialRecipe(
    answers={"DATE_ORDER": "dmy"},
    mapping={"visits.csv": {"Wert A": "alsfrs_r"}},
    fixes=(CellFix("visits.csv", "", 15, "ALSFRS_R", "49", "39", "IMPOSSIBLE"),),
)
PRIMARY = Settings(
    post_months=6.0,
    excluded_patients=(PatientExclusion("Łucja “P04”", "protocol deviation", "moved\nhouse"),),
    points=(PointDecision("S01", "alsfrs_r", -31.5, 40.0, keep=False, reason="other"),),
    filters=("sex:F",),
    seed=7,
)
VARIANTS = (
    Variant("three months", PRIMARY.with_(post_months=3.0, confidence=0.9)),
    Variant("", PRIMARY.with_(excluded_patients=(), filters=())),
)
HASH = "0123456789abcdef" * 4


def saved() -> AnalysisFile:
    return AnalysisFile(RECIPE, PRIMARY, VARIANTS, HASH, "A trial", {"alslope": "1.2"})


def plain(**changes: Any) -> dict[str, Any]:
    return {**saved().to_json(), **changes}


def opened(**changes: Any) -> tuple[AnalysisFile, tuple[str, ...]]:
    return AnalysisFile.from_bytes(json.dumps(plain(**changes)).encode())


def test_what_is_saved_comes_back():
    assert AnalysisFile.from_bytes(saved().to_text().encode()) == (saved(), ())


@pytest.mark.parametrize("name", EXAMPLE_IDS)
def test_the_analysis_of_an_open_trial_knows_it_again(name):
    trial = load_example(name).trial
    analysis = AnalysisFile.of(trial, PRIMARY, VARIANTS)
    back, problems = AnalysisFile.from_bytes(analysis.to_text().encode())
    assert (back, problems) == (analysis, ())
    assert back.data_hash == trial.hash
    assert back.differs_from(trial) == ""


def test_other_data_are_said_aloud_with_both_hashes():
    trial = load_example("after-oh-2018").trial
    said = saved().differs_from(trial)
    assert "0123456789ab," in said
    assert f"{trial.hash[:12]}." in said
    assert "“A trial”" in said
    unknown, problems = opened(data_sha256="")
    assert problems == ()
    assert unknown.differs_from(trial) == "The saved analysis does not say of which data it is."


def test_a_variant_holds_only_what_differs():
    first, second = plain()["variants"]
    assert first == {"name": "three months", "settings": {"post_months": 3.0, "confidence": 0.9}}
    assert second == {"name": "", "settings": {"excluded_patients": [], "filters": []}}


def test_a_hand_made_file_needs_its_schema_only():
    analysis, problems = AnalysisFile.from_json({"schema": SCHEMA})
    assert (analysis, problems) == (AnalysisFile(TrialRecipe(), Settings()), ())


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no JSON"),
        (b"\xff\xfe\x00", "no JSON"),
        (b"[" * 200_000, "no JSON"),
        (b'{"schema": NaN}', "no JSON"),
        (b'{"schema": -Infinity}', "no JSON"),
        (b'{"title": "\\ud800"}', "no JSON"),
        (b"9" * 10_000, "no JSON"),
        (b"null", "no saved analysis"),
        (b"[]", "no saved analysis"),
        (b"{}", "it has none"),
        (b'{"schema": 1}', "it has none"),
        (b'{"schema": "alslope-compare-2"}', "it says “alslope-compare-2”"),
        (b" " * (MAX_BYTES + 1), "larger than 1 MB"),
    ],
    ids=range(13),
)
def test_what_is_no_saved_analysis_is_refused_with_a_reason(content, why):
    with pytest.raises(AnalysisFileProblem, match=why):
        AnalysisFile.from_bytes(content)


@pytest.mark.parametrize(
    "changes",
    [
        {"settings": []},
        {"settings": "post_months"},
        {"recipe": None},
        {"recipe": {"mapping": {"a": 1}}},
        {"recipe": {"fixes": [{"row": 1e400}]}},
        {"recipe": {"fixes": [7]}},
    ],
    ids=range(6),
)
def test_a_damaged_part_that_the_result_rests_on_is_refused(changes):
    with pytest.raises(AnalysisFileProblem, match=r"damaged|recipe is an object"):
        AnalysisFile.from_json(plain(**changes))


def test_the_byte_order_mark_of_some_editors_is_no_reason_to_refuse():
    assert AnalysisFile.from_bytes(b"\xef\xbb\xbf" + saved().to_text().encode())[0] == saved()


def test_unknown_entries_are_named_and_ignored():
    analysis, problems = opened(basket=[1], settings=PRIMARY.to_json() | {"colour": "red"})
    assert analysis == saved()
    assert problems == (
        "Unknown entry “basket”; it is ignored.",
        "Unknown setting “colour”; it is ignored.",
    )


def test_settings_outside_their_bounds_are_ignored_and_said():
    analysis, problems = opened(settings={"flips": 10**12, "post_months": 6.0}, variants=[])
    assert analysis.settings == Settings(post_months=6.0)
    assert len(problems) == 1
    assert "flips" in problems[0]


def test_what_cannot_be_read_of_a_variant_stays_as_in_the_primary_analysis():
    broken = [{"name": "x", "settings": {"post_months": -3, "skip_days": 30, "colour": 1}}]
    analysis, problems = opened(variants=broken)
    assert analysis.variants == (Variant("x", PRIMARY.with_(skip_days=30)),)
    assert len(problems) == 2
    assert all(sentence.startswith("Variant 1: ") for sentence in problems)


def test_at_most_four_variants_are_opened():
    many = [{"name": str(k), "settings": {"skip_days": k}} for k in range(7)]
    analysis, problems = opened(variants=many)
    assert [one.settings.skip_days for one in analysis.variants] == list(range(MOST_VARIANTS))
    assert problems == ("At most 4 variants are opened; 3 are ignored.",)


def test_names_of_variants_are_one_short_line():
    long = [{"name": "six\x1b[2J\n months " + 60 * "x", "settings": {}}]
    analysis, problems = opened(variants=long)
    assert analysis.variants[0].name == "six [2J months " + 25 * "x"
    assert problems == ("Variant 1: its name is cut to 40 characters.",)


@pytest.mark.parametrize("variants", ["x", 3, {"name": "x"}, None])
def test_variants_that_are_no_list_are_ignored(variants):
    analysis, problems = opened(variants=variants)
    assert analysis.variants == ()
    assert problems == ("The variants are damaged; they are ignored.",)


@pytest.mark.parametrize("variant", [None, 1, "x", [], {}, {"name": "x"}, {"settings": [1]}])
def test_a_damaged_variant_is_ignored(variant):
    analysis, problems = opened(variants=[variant, {"name": 3, "settings": {}, "extra": 1}])
    assert analysis.variants == (Variant("", PRIMARY),)
    assert problems == (
        "Variant 1 is damaged; it is ignored.",
        "Variant 2: unknown entry “extra”; it is ignored.",
        "Variant 2: its name is no text; it is ignored.",
    )


@pytest.mark.parametrize("wrong", ["abc", HASH + "\n", HASH.upper(), 12, ["a"]])
def test_a_damaged_hash_is_ignored_and_said(wrong):
    analysis, problems = opened(data_sha256=wrong)
    assert analysis.data_hash == ""
    assert problems == ("The data’s hash is damaged; it is ignored.",)


def test_titles_and_versions_are_short_lines():
    versions = {"a\x07b": "1\n2", "n": 3} | {str(k): "x" * 99 for k in range(50)}
    analysis, _ = opened(title="T\u202eitle\n" + "x" * 999, versions=versions)
    assert analysis.title == "T itle " + 193 * "x"
    assert analysis.versions["a b"] == "1 2"
    assert "n" not in analysis.versions
    assert len(analysis.versions) == 20
    assert set(map(len, analysis.versions.values())) == {3, 40}


def test_many_problems_are_counted_and_no_terminal_obeys_them():
    strange = {f"\x1b[31m{k}": k for k in range(5_000)}
    _, problems = opened(settings=strange)
    assert len(problems) == 21
    assert problems[-1] == "4,980 more problems like these."
    assert all(sentence.isprintable() for sentence in problems)


def test_an_analysis_that_could_not_be_opened_again_is_not_saved():
    points = tuple(
        PointDecision("S01", "alsfrs_r", float(day), 40.0, keep=False, reason="r" * 200)
        for day in range(4_000)
    )
    with pytest.raises(AnalysisFileProblem, match="larger than 1 MB"):
        AnalysisFile(TrialRecipe(), Settings(points=points)).to_text()


def test_variants_share_the_decisions_of_the_primary_analysis():
    points = tuple(
        PointDecision("S01", "alsfrs_r", float(day), 40.0, keep=False, reason="other")
        for day in range(4_000)
    )
    primary = Settings(points=points)
    four = tuple(Variant("", primary.with_(skip_days=k)) for k in range(4))
    analysis = AnalysisFile(TrialRecipe(), primary, four)
    assert AnalysisFile.from_bytes(analysis.to_text().encode()) == (analysis, ())
