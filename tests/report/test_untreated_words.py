"""Words about untreated trials: one sentence with three numbers, and never a cause."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

import alslope
from analysis.compare import compare
from analysis.responders import responder_rules
from analysis.setting_untreated import HISTORY_FIELDS
from analysis.settings import Settings
from analysis.untreated.assumed import assumed_history
from analysis.untreated.benchmark import untreated
from analysis.untreated.deceleration import Deceleration, WithBend
from analysis.untreated.history import HISTORIES, PRESETS
from analysis.untreated.outcome import Untreated, UntreatedEndpoint, Verdict
from analysis.untreated.presets import OverPresets, UnderPreset
from analysis.untreated.shares import SimulatedShare, UntreatedResponders
from data.endpoints import ENDPOINTS
from data.examples import load_example
from report import untreated_tables as tables
from report import untreated_words as words
from report.frames import frame_for
from report.tables import csv_text
from tests.conftest import ROOT

CAUSAL = re.compile(
    r"\b(cells?|caus\w+|because of|effect\w*|improve\w*|thanks|due to|work\w*|slow(s|ed) the|"
    r"success\w*|significant\w*|prov\w+|heal\w*|cure\w*)\b"
)


def against(key="alsfrs_r", **changes):
    """Return one endpoint against 2,000 made-up trials, a fifth of them as large as 0.66."""
    rule = next(r for r in responder_rules("alsfrs_r", "points/month") if r.key == "percent_50")
    values: dict[str, Any] = {
        "endpoint": ENDPOINTS[key],
        "unit": f"{ENDPOINTS[key].change_unit}/month",
        "n": 12,
        "observed": 0.66,
        "changes": np.linspace(-0.5, 0.94, 2000),
        "at_least": SimulatedShare(400, 2000),
        "in_favour": SimulatedShare(620, 2000),
        "responders": (
            UntreatedResponders(rule, 6, 10, 0.34, 12, 0.28, SimulatedShare(150, 2000)),
        ),
        "halved": SimulatedShare(1500, 2000),
        "reliability": 0.8,
        "verdict": Verdict("seen"),
        "mean_slope": -0.99,
    }
    return UntreatedEndpoint(**values | changes)


def responders(count, n, untreated=0.34):
    (one,) = against().responders
    return (UntreatedResponders(one.rule, count, n, untreated, 12, 0.1, SimulatedShare(1, 2000)),)


NOT_POSSIBLE = {"reason": "no natural history is known for FVC (L)", "responders": ()}
CASES = {
    "usual": against(),
    "rare": against(at_least=SimulatedShare(0, 2000), verdict=Verdict("rare")),
    "inconclusive": against(verdict=Verdict("inconclusive", ("only 4 patients",))),
    "nobody assessable": against(responders=responders(0, 0, math.nan)),
    "no rule": against("fvc_litres", responders=()),
    "not possible": against("fvc_litres", **NOT_POSSIBLE),
    "harm": against(observed=-0.9, at_least=SimulatedShare(2000, 2000)),
    "extrapolated": against(
        extrapolated=("the run-in of 20 months is longer than the calibrated",)
    ),
}


def every_text(result):
    return [
        words.untreated_sentence(result),
        words.verdict_heading(result),
        *words.verdict_lines(result),
        words.null_legend(result),
        words.alt_text(result),
    ]


# ---- the sentence --------------------------------------------------------------------------------


def test_sentence_has_the_four_numbers():
    assert words.untreated_sentence(against()) == (
        "ALSFRS-R: 20 of 100 simulated untreated trials with this run-in show a change at least as "
        "high, and 31 of 100 reach a two-sided P < 0.05 towards a less steep decline (by chance "
        "alone 2.5); a slope at least 50 % less steep is seen in "
        "60 % here (6 of 10 assessable patients) and would be expected in 34 % of them with no "
        "transplant."
    )


@pytest.mark.parametrize("name", CASES)
def test_sentence_is_one_sentence(name):
    text = words.untreated_sentence(CASES[name])
    assert text.endswith(".")
    assert not re.search(r"[.!?] ", text)
    assert "nan" not in text
    assert "–" not in text


@pytest.mark.parametrize("name", CASES)
def test_no_text_claims_a_cause(name):
    for text in every_text(CASES[name]):
        assert not CAUSAL.search(text.lower()), text


def test_sentence_says_why_there_is_no_number():
    assert "no agreed rule" in words.untreated_sentence(CASES["no rule"])
    assert "31 of 100" in words.untreated_sentence(CASES["no rule"])
    assert "nobody declines fast enough" in words.untreated_sentence(CASES["nobody assessable"])
    assert words.untreated_sentence(CASES["not possible"]) == (
        "FVC (L): not compared with untreated trials: no natural history is known for FVC (L)."
    )
    assert words.untreated_sentence(CASES["inconclusive"]).endswith("the verdict is inconclusive.")
    assert "inconclusive" not in words.untreated_sentence(CASES["usual"])


@pytest.mark.parametrize("key", ["percent_25", "percent_75", "above_0"])
def test_sentence_keeps_to_the_rule_of_50_percent(key):
    rules = {r.key: r for r in responder_rules("alsfrs_r", "points/month")}
    other = UntreatedResponders(rules[key], 1, 10, 0.9, 12, 0.9, SimulatedShare(1, 2000))
    result = against(responders=(other, *against().responders))
    assert words.untreated_sentence(result) == words.untreated_sentence(against())


@pytest.mark.parametrize(
    ("count", "trials", "said"),
    [
        (0, 2000, "fewer than 1 of 100"),
        (19, 2000, "fewer than 1 of 100"),
        (20, 2000, "1 of 100"),
        (250, 2000, "13 of 100"),  # 12.5 is rounded up, whatever binary fractions do
        # Next to 2.5 of 100 with decimals: 51 of 2,000 are more than that.
        (40, 2000, "2 of 100"),
        (44, 2000, "2.2 of 100"),
        (50, 2000, "2.5 of 100"),
        (51, 2000, "2.55 of 100"),
        (501, 20000, "2.505 of 100"),
        (54, 2000, "2.7 of 100"),
        (60, 2000, "3 of 100"),
        (1980, 2000, "99 of 100"),
        (1981, 2000, "more than 99 of 100"),
        (2000, 2000, "more than 99 of 100"),
        (0, 100, "none of 100"),
        (100, 100, "all of 100"),
        (1, 100, "1 of 100"),
        (58, 200, "29 of 100"),
    ],
)
def test_shares_are_never_0_or_all_of_many(count, trials, said):
    assert words.of_100(SimulatedShare(count, trials)) == said


# ---- heading, lines, figure ----------------------------------------------------------------------


@pytest.mark.parametrize("name", CASES)
def test_heading_is_short(name):
    heading = words.verdict_heading(CASES[name])
    label, _, said = heading.partition(": ")
    assert label == CASES[name].endpoint.label
    assert 0 < len(said) <= 48


def test_headings_differ_by_verdict():
    result = against()
    headings = {words.verdict_heading(result, key) for key in ("seen", "depends", "inconclusive")}
    headings |= {words.verdict_heading(CASES[name]) for name in ("rare", "harm", "not possible")}
    assert len(headings) == 6
    assert "lower change" in words.verdict_heading(CASES["harm"])


def test_lines_give_shares_errors_and_n():
    text = " ".join(words.verdict_lines(against()))
    assert "+0.66 points/month or above, as here: 20 of 100" in text
    # √(0.2 × 0.8 / 2000) = 0.0089
    assert "20 of 100 (± 0.9)" in text
    assert "2,000 simulated untreated trials, 12 patients each" in text
    assert "+0.22 points/month (95 of 100 trials: −0.46 to 0.90)" in text
    assert "by chance alone it would be 2.5 of 100" in text
    assert "75 of 100" in text


def own_mean(mean):
    """Return an entry with the patients' own mean slope that lets expect some mean change."""
    return against(
        at_least=SimulatedShare(100, 2000),
        in_favour=SimulatedShare(900, 2000),
        mean_slope=-0.64,
        changes=np.full(2000, mean),
        responders=responders(6, 10, 0.55),
    )


@pytest.mark.parametrize(("mean", "own"), [(0.5, True), (0.1, False)])
def test_of_two_mean_slopes_the_one_with_the_larger_change_is_told(mean, own):
    result = against(own_mean=own_mean(mean))
    sentence, lines = words.untreated_sentence(result), words.verdict_lines(result)
    assert ("45 of 100" in sentence) is own
    assert ("55 % of them with no transplant" in sentence) is own
    assert ("31 of 100" in sentence) is not own
    assert lines[1].endswith("5 of 100 (± 0.5)." if own else "20 of 100 (± 0.9).")
    said = "by −0.64 points/month on average, as their run-ins do; if by −0.99, as the natural"
    other = "by −0.99 points/month on average, as the natural history assumes; if by −0.64, as"
    assert (said if own else other) in lines[2]
    assert ("20 of 100" if own else "5 of 100") in lines[2]
    assert len(words.verdict_lines(against())) == len(lines) - 1
    (row,) = tables.responders(result).to_dict("records")
    assert row["untreated, assessable"] == ("55 %" if own else "34 %")


def test_change_is_called_low_only_where_it_is_so_under_both_mean_slopes():
    harm = CASES["harm"]
    same = against(observed=-0.9, at_least=SimulatedShare(1990, 2000), own_mean=harm)
    assert "lower change" in words.verdict_heading(same)
    apart = against(observed=-0.9, at_least=SimulatedShare(1000, 2000), own_mean=harm)
    assert "no less steep decline" in words.verdict_heading(apart)
    gained = against(observed=0.1, at_least=SimulatedShare(1000, 2000), own_mean=harm)
    assert "also seen" in words.verdict_heading(gained)


def test_lines_bound_a_share_that_never_occurred():
    line = words.verdict_lines(CASES["rare"])[1]
    # The rule of three: 3/2000.
    assert "fewer than 1 of 100 (at most 0.15 with 95 % confidence)" in line
    assert "(at least 99.85 with 95 % confidence)" in words.verdict_lines(CASES["harm"])[1]
    few = words.verdict_lines(against(at_least=SimulatedShare(1, 2000)))[1]
    # √(0.0005 × 0.9995 / 2000) = 0.0005: an error is never written as 0.
    assert "(± 0.05)" in few


def test_lines_tell_reasons_and_extrapolation():
    assert "Only 4 patients." in words.verdict_lines(CASES["inconclusive"])
    assert words.verdict_lines(CASES["extrapolated"])[-1].startswith("The run-in of 20 months")
    assert words.verdict_lines(CASES["not possible"]) == (
        "No natural history is known for FVC (L).",
    )


def test_legend_tells_the_number_of_trials_and_no_p():
    legend = words.null_legend(against())
    assert "2,000 simulated untreated trials" in legend
    assert "20 of 100" in legend
    assert "P " not in legend


def test_alt_text_tells_n_direction_and_estimate():
    text = words.alt_text(against())
    for said in ("ALSFRS-R", "n = 12", "+0.66", "+0.22", "20 of 100"):
        assert said in text


def test_what_is_not_covered_is_named():
    text = " ".join(words.coverage_notes())
    for said in ("not in the file", "after day 0", "extrapolated", "48 points", "raters"):
        assert said in text


# ---- over presets, curvature ---------------------------------------------------------------------


def under(count, verdict):
    share = SimulatedShare(count, 1000)
    return UnderPreset(PRESETS[0], 0.2, share, share, Verdict(verdict))


def test_presets_that_disagree_make_the_verdict_depend():
    apart = OverPresets("alsfrs_r", (under(140, "seen"), under(10, "rare"), under(30, "seen")))
    said = words.presets_sentence(apart)
    assert "3 natural histories" in said
    assert "from 1 of 100 to 14 of 100" in said
    assert "depends" in said
    assert words.verdict_over(against(), apart) == "depends"
    assert words.verdict_over(against(verdict=Verdict("inconclusive")), apart) == "inconclusive"
    same = OverPresets("alsfrs_r", (under(140, "seen"), under(30, "seen")))
    assert "the same" in words.presets_sentence(same)
    assert words.verdict_over(against(), same) == "seen"
    assert words.verdict_over(against(), None) == "seen"
    assert words.presets_sentence(OverPresets("fvc_litres", ())) == ""


@pytest.mark.parametrize(
    ("enough", "said"),
    [
        (0.0123, "by 0.012 points/month², untreated trials"),
        (0.2, "by 0.20 points/month², beyond the 0.03 that were tried"),
        (0.0, "Straight untreated courses show as high a change"),
    ],
)
def test_curvature_that_would_be_enough(enough, said):
    none = SimulatedShare(0, 500)
    rows = tuple(WithBend(bend, bend, none, none) for bend in (0.0, 0.03))
    text = words.bend_sentence(Deceleration("alsfrs_r", "points/month²", 0.66, rows, enough))
    assert said in text
    assert not CAUSAL.search(text.lower())


def test_curvature_that_cannot_be_told_is_not_told():
    assert words.bend_sentence(Deceleration("fvc", "", 0.66, (), math.nan)) == ""


# ---- tables --------------------------------------------------------------------------------------


def test_responders_here_and_untreated_stand_side_by_side():
    (row,) = tables.responders(against()).to_dict("records")
    assert list(row.values()) == [
        "slope at least 50 % less steep",
        "6 of 10 = 60 %",
        "34 %",
        "6 of 12 = 50 %",
        "28 %",
        "8 of 100",
    ]
    (row,) = tables.responders(CASES["nobody assessable"]).to_dict("records")
    assert list(row.values())[1:3] == ["0 of 0", "–"]


# ---- all endpoints, methods ----------------------------------------------------------------------


def found(*endpoints, control="", trials=2000, **settings):
    return Untreated(trials, 7, assumed_history(Settings(**settings)), control, endpoints)


def test_sentences_of_all_endpoints_or_of_one():
    both = found(against(), CASES["not possible"])
    assert words.sentences(both) == " ".join(
        words.untreated_sentence(one) for one in (against(), CASES["not possible"])
    )
    assert words.sentences(both, "alsfrs_r") == words.untreated_sentence(against())
    assert words.sentences(both, "svc") == ""


def test_methods_name_trials_natural_history_edits_seed_and_whose_they_are():
    plain = words.methods_sentences(found(against()))
    for said in ("2,000 untreated trials", "“reference”", "seed 7", "not covered"):
        assert said in plain
    edited = words.methods_sentences(
        found(against(), control="placebo", history="slower", history_values=("between:0.25",))
    )
    for said in ("outside “placebo”", "0.25", "with changes"):
        assert said in edited
    assert words.methods_sentences(found(CASES["not possible"], trials=0)) == ""
    assert not CAUSAL.search((plain + edited).lower())


def test_methods_tell_for_whom_nothing_was_simulated():
    litres = CASES["not possible"]
    assert words.methods_sentences(found(litres)) == ""
    assert words.methods_sentences(found(against(), litres)) == (
        f"{words.methods_sentences(found(against()))} Not so for FVC (L), for the reasons given."
    )


def test_sentences_say_whom_they_are_about_where_a_control_leads():
    both = found(against(), CASES["not possible"], control="placebo")
    assert words.sentences(both, "alsfrs_r").startswith(
        "ALSFRS-R, patients outside “placebo”: 20 of 100 simulated"
    )
    assert words.sentences(both, "fvc_litres").startswith(
        "FVC (L), patients outside “placebo”: not compared"
    )
    assert "outside" not in words.sentences(found(against()))


def test_note_on_a_control_only_where_its_patients_are_left_out():
    assert words.controlled_note(found(against())) == ""
    assert "“placebo”" in words.controlled_note(found(against(), control="placebo"))


# ---- what leaves the program ---------------------------------------------------------------------


def test_files_of_figures_and_tables_carry_the_sentence():
    example = load_example("after-shamsaei-2023")
    comparison = compare(example.trial, Settings(**example.settings))
    sentence = words.untreated_sentence(against())
    frame = frame_for("a", "b", comparison, example.trial, untreated=sentence)
    assert frame.footer.startswith(sentence)
    assert frame_for("a", "b", comparison, example.trial).untreated == ""
    text = csv_text(pd.DataFrame({"a": [1, 2]}), example.trial, "", frame.untreated)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["untreated trials"] for row in rows] == [sentence] * 2
    assert "untreated trials" not in csv_text(pd.DataFrame({"a": [1]}), example.trial)


def test_json_command_line_and_words_say_the_same(capsys):
    alslope.main(["compare", "after-shamsaei-2023", "--json"])
    document = json.loads(capsys.readouterr().out)
    example = load_example("after-shamsaei-2023")
    comparison = compare(example.trial, Settings(**example.settings))
    simulated = untreated(example.trial, comparison)
    alslope.main(["compare", "after-shamsaei-2023"])
    printed = capsys.readouterr().out
    alslope.main(["untreated", "after-shamsaei-2023"])
    reported = capsys.readouterr().out
    for one in simulated.endpoints:
        sentence = words.untreated_sentence(one)
        assert document["endpoints"][one.endpoint.key]["untreated"]["sentence"] == sentence
        assert f"\n{sentence}\n" in printed
        assert f"\n{sentence}\n" in reported
    assert words.methods_sentences(simulated) in document["methods"]


def test_document_holds_every_number_and_preset_of_the_natural_history():
    text = (ROOT / "docs" / "untreated.md").read_text("utf-8")
    found = re.findall(r"^\| `(\w+)`: [^|]+ \| ([^|]+) \| ([^|]+) \|", text, re.MULTILINE)
    rows = {name: values for name, *values in found}

    def written(value):
        return "normal" if math.isinf(value) else f"{value:g}".replace("-", "−")

    for name in HISTORY_FIELDS:
        values = [written(getattr(HISTORIES[key], name)) for key in ("alsfrs_r", "fvc")]
        assert rows[name] == values, name
    for preset in PRESETS:
        (row,) = re.findall(rf"^\| `{preset.key}`: .*$", text, re.MULTILINE)
        assert preset.label in row
        for changes in preset.changes.values():
            for name, value in changes.items():
                assert f"`{name}` {written(value)}" in row
