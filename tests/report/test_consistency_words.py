"""The check of printed numbers in words, tables and the map: what they say is what was found."""

from __future__ import annotations

import pytest

from analysis.published.consistency import SLOW, TESTS, Consistency, Reading, consistency
from analysis.published.presets import printed_summaries
from analysis.published.printed import PrintedNumber, PrintedP, PrintedSummary
from data.published import load_library
from report import consistency_words as words
from report.charts.consistency import consistency_alt, consistency_figure
from report.look import DARK, LIGHT

QUICK = tuple(test for test in TESTS if test not in SLOW)
SHAMSAEI = printed_summaries(load_library())["Shamsaei 2023"]
ACCUSING = ("wrong", "error", "fraud", "fake", "false", "invalid", "incorrect", "mistake")


def row(
    p: str = "0.014", n: int | None = None, label: str = "ALSFRS-R", whole: bool = False
) -> PrintedSummary:
    a, b, c, d = (PrintedNumber(text) for text in ("-5.4", "2.3", "-2.0", "3.08"))
    return PrintedSummary(label, "points", a, b, c, d, PrintedP(p), n, integers=whole)


def found(summaries, reading: Reading = "exact") -> Consistency:
    return consistency(summaries, reading, QUICK)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ((), "none"),
        ((4,), "4"),
        ((4, 5), "4, 5"),
        ((4, 5, 6), "4 to 6"),
        ((2, 4, 5, 6, 39, 40), "2, 4 to 6, 39 and more"),
        ((40,), "40"),
    ],
)
def test_numbers_of_people_are_written_in_runs(values, text):
    assert words.n_ranges(values, 40) == text


def test_what_is_needed_is_said_shortly():
    assert words.needs_n((), 40) == "n > 40, if any"
    assert words.needs_n(tuple(range(22, 41)), 40) == "n ≥ 22"
    assert words.needs_n((11, 18, 19, 20), 20) == "n = 11, 18 and more"


def test_the_verdict_on_the_reference_trial_names_each_reading():
    readings: dict[Reading, Consistency] = {
        "exact": found(SHAMSAEI),
        "decimals": found(SHAMSAEI, "decimals"),
        "literal": found(SHAMSAEI, "literal"),
    }
    first, second, third = words.verdict(readings)
    assert first == "As printed: ALSFRS-R needs n = 4 to 18 and FVC needs n ≥ 22. No n fits both."
    assert "n = 3 to 20" in second
    assert "No n fits both." in second
    assert third.startswith("“−2” rounded to a whole number: ALSFRS-R needs n = 3 to 25")
    assert third.endswith("n = 22 to 25 fit both, if r ≤ −0.66 for ALSFRS-R and r ≥ +0.86 for FVC.")
    assert words.heading(readings["exact"]) == (
        "Read as printed, no n fits both P values by a paired t test"
    )
    assert words.heading_over(readings) == (
        "With “−2” rounded to a whole number, n = 22 to 25 fit both P values; "
        "read as printed, no n does"
    )
    said = " ".join((*words.verdict(readings), *map(words.heading, readings.values())))
    said += words.rank_sentence(readings["exact"]) + words.whole_sentence(readings["exact"])
    assert not [word for word in ACCUSING if word in f"{said} {words.LIMITS}".lower().split()]


@pytest.mark.parametrize(
    ("summaries", "said"),
    [
        ((row(),), "P = 0.014 by a paired t test needs n = 4 to 18"),
        ((row(n=12),), "P = 0.014 by a paired t test of n = 12 needs r ="),
        ((row(n=30),), "a paired t test of n = 30 cannot give P = 0.014, whatever the correlation"),
        ((row(p=""),), "No P value is printed, so no n follows from it"),
        ((row(p="<0.05"), row(label="FVC")), "fit both P values"),
        ((row(), row(label="a"), row(label="b")), "fit all 3 P values"),
    ],
)
def test_the_heading_says_what_the_paired_t_test_needs(summaries, said):
    assert said in words.heading(found(summaries))


@pytest.mark.parametrize(
    ("summaries", "said"),
    [
        ((row(n=12),), "Read as printed, P = 0.014 by a paired t test of n = 12 needs r ="),
        ((row(n=19),), "needs r = −1.00 to −0.87; read as printed, no r gives it"),
        ((row(n=60),), "Read as printed, a paired t test of n = 60 cannot give P = 0.014"),
        ((row(p=""),), "No P value is printed"),
        ((row(n=60), row("0.5", 60, "FVC")), "However the printed numbers are rounded, no n fits"),
        ((row(), row(label="FVC")), "Read as printed, n = 4 to 18 fit both P values"),
    ],
)
def test_the_title_of_the_check_does_not_lead_with_the_strictest_reading(summaries, said):
    readings: dict[Reading, Consistency] = {
        "exact": found(summaries),
        "decimals": found(summaries, "decimals"),
        "literal": found(summaries, "literal"),
    }
    assert said in words.heading_over(readings)


def test_without_a_p_only_whole_numbers_are_spoken_of():
    nothing = found((row(p="", whole=True),))
    assert words.verdict({"exact": nothing}) == [
        "No P value is printed: only whole numbers can be checked."
    ]
    assert words.rank_sentence(nothing) == ""
    assert words.whole_sentence(nothing).startswith("If every value is a whole number")
    assert words.whole_sentence(found((row(),))) == ""


def test_one_printed_n_is_spoken_of_alone():
    sentence = words.whole_sentence(found((row(n=5, whole=True),)))
    assert "at n = 5 the 2 printed mean ± SD can all come out" in sentence
    assert "cannot all come out" in words.whole_sentence(found((row(n=7, whole=True),)))


def test_rows_of_one_name_keep_their_own_columns():
    table = words.test_table(found((row(), row(), row(label="FVC"))))
    assert list(table.columns) == [
        "test",
        "ALSFRS-R (1), P = 0.014",
        "ALSFRS-R (2), P = 0.014",
        "FVC, P = 0.014",
        "all, same n",
    ]
    columns = list(words.n_table(found((row(), row()))).columns)
    assert [c for c in columns if c.endswith("smallest P")] == [
        "ALSFRS-R (1): smallest P",
        "ALSFRS-R (2): smallest P",
    ]


def test_the_tables_hold_what_was_found():
    result = found(SHAMSAEI)
    table = words.test_table(result).set_index("test")
    assert list(table.loc["Paired t test"]) == ["4 to 18", "22 and more", "none"]
    assert table.loc["Wilcoxon, exact, no ties", "all, same n"] == "11, 18 and more"
    by_n = words.n_table(result).set_index("n")
    assert by_n.loc["3", "ALSFRS-R: r for P = 0.014"] == "impossible"
    # 0.16 with P = 0.014; a little either way with what rounds to it.
    assert by_n.loc["10", "ALSFRS-R: r for P = 0.014"] == "+0.15 to +0.17"
    assert by_n.loc["5", "whole numbers"] == "possible"
    assert by_n.loc["6", "whole numbers"] == "no"


@pytest.mark.parametrize("look", [LIGHT, DARK], ids=lambda look: look.name)
def test_the_map_draws_every_n_with_its_correlation(look):
    printed, widest = found(SHAMSAEI), found(SHAMSAEI, "literal")
    drawn = consistency_figure(printed, widest, 10, look).to_dict()
    marks = [t for t in drawn["data"] if t.get("mode") == "lines+markers"]
    for trace, check in zip(marks, printed.checks, strict=True):
        finding = check.finding("paired")
        assert finding is not None
        points = {n: r for n, r in zip(trace["x"], trace["y"], strict=True) if n is not None}
        assert tuple(points) == finding.possible
        for n, r in points.items():
            spot = finding.spot(n)
            assert spot is not None
            low, high = spot.r[0][0], spot.r[-1][1]
            expected = low if check.summary.p.below else (low + high) / 2
            assert r == pytest.approx(expected)
    # The strip spans the n that fit both rows in the widest reading alone.
    strips = [s for s in drawn["layout"]["shapes"] if s["type"] == "rect"]
    assert [(s["x0"], s["x1"]) for s in strips] == [(21.5, 25.5)]
    written = " ".join(a["text"] for a in drawn["layout"]["annotations"])
    assert "n = 22 to 25 are the only n that fit all rows" in written
    assert "n = 10" in written


def test_without_a_p_the_map_says_what_is_missing():
    drawn = consistency_figure(found((row(p=""),)), found((row(p=""),), "literal"), 0, LIGHT)
    assert "Type a P value" in drawn.to_dict()["layout"]["annotations"][0]["text"]


def test_the_map_in_words_names_rows_readings_and_common_n():
    said = consistency_alt(found(SHAMSAEI), found(SHAMSAEI, "literal"))
    assert "ALSFRS-R, P = 0.014, as printed: n = 4: r" in said
    assert said.endswith("n in common: n = 22 to 25.")


def test_labels_with_markup_are_letters():
    drawn = consistency_figure(
        found((row(label="<b>x</b>"),)), found((row(label="<b>x</b>"),), "literal"), 0, LIGHT
    )
    assert "<b>x</b>" not in str(drawn.to_dict()).replace("<b><b>", "")
    assert "&lt;b&gt;x&lt;/b&gt;" in str(drawn.to_dict())
