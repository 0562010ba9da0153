"""The library of published results, and the rows that a reader adds to it."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from data.published import MOST_BYTES, MOST_ROWS, load_library, parse_rows
from data.published_values import RESPONDER_COLUMNS, SLOPE_COLUMNS, Library

FOLDER = Path(__file__).resolve().parents[2] / "data"
SLOPE = {
    "study": "Doe",
    "year": "2024",
    "doi": "10.1000/xyz123",
    "arm": "cells",
    "n": "12",
    "treated": "yes",
    "endpoint": "alsfrs_r",
    "unit": "points/month",
    "pre_mean": "-1.20",
    "pre_sd": "0.50",
    "post_mean": "-0.8",
    "post_sd": "0.6",
    "p": "<0.05",
}
SHARE = {
    "study": "Doe",
    "year": "2024",
    "n": "24",
    "treated": "no",
    "endpoint": "alsfrs_r",
    "rule": ">=1.25 points/month",
    "responders": "0.25",
}


def written(*rows: dict[str, str], separator: str = ",") -> str:
    """Return rows as a file."""
    names = list(rows[0])
    lines = [separator.join(names)]
    lines += [separator.join(row.get(name, "") for name in names) for row in rows]
    return "\n".join(lines) + "\n"


def refusal(content, name="rows.csv") -> str:
    """Return what is said of rows that cannot be read; nothing of them may come through."""
    parsed = parse_rows(content, name)
    assert len(parsed.library) == 0
    assert parsed.problems
    return " | ".join(map(str, parsed.problems))


def plain_rows(name: str) -> list[dict[str, str]]:
    lines = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def test_every_number_of_the_bundled_files_is_in_the_library():
    slopes = plain_rows("published_slopes.csv")
    assert len(slopes) == len(load_library().slopes)
    for cells, row in zip(slopes, load_library().slopes, strict=True):
        assert (row.source.study, str(row.source.year)) == (cells["study"], cells["year"])
        assert ("" if row.source.n is None else str(row.source.n)) == cells["n"]
        for name in ("pre_mean", "pre_sd", "post_mean", "post_sd", "change_mean", "change_sd"):
            assert getattr(row, name).text == cells[name]
        assert (row.p, row.unit, row.source.doi) == (cells["p"], cells["unit"], cells["doi"])
    shares = plain_rows("published_responders.csv")
    assert [row.share.text for row in load_library().responders] == [
        cells["responders"] for cells in shares
    ]


def test_every_bundled_row_says_what_was_read_or_that_it_was_computed():
    library = load_library()
    sources = [row.source for row in library.slopes] + [row.source for row in library.responders]
    for source in sources:
        assert "read: " in source.note or "computed" in source.note, source.name
        assert source.doi or "computed" in source.note
        assert not source.added


def test_a_file_and_a_form_give_the_same_row():
    from_file = parse_rows(written(SLOPE), "mine.csv")
    assert from_file.problems == ()
    assert from_file == parse_rows(SLOPE)
    (row,) = from_file.library.slopes
    assert row.source.added
    assert row.source.name == "Doe 2024, cells"
    assert row.source.link == "https://doi.org/10.1000/xyz123"
    assert (row.pre_mean.text, row.pre_mean.value, row.pre_mean.decimals) == ("-1.20", -1.2, 2)
    assert row.pre_months.to_json() is None


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_any_usual_separator_is_read(separator):
    parsed = parse_rows(written(SLOPE, SLOPE, separator=separator).encode("utf-8-sig"), "a.txt")
    assert len(parsed.library.slopes) == 2


def test_decimal_commas_and_true_minus_signs_are_numbers():
    row = SLOPE | {"pre_mean": "−1,20", "post_mean": "–0,8"}
    (one,) = parse_rows(written(row, separator=";")).library.slopes
    assert (one.pre_mean.text, one.post_mean.value) == ("-1.20", -0.8)


def test_shares_of_responders_are_read_by_their_rule():
    (row,) = parse_rows(written(SHARE)).library.responders
    assert (row.kind, row.threshold, row.share.value, row.source.n) == (
        "difference",
        1.25,
        0.25,
        24,
    )
    (other,) = parse_rows(SHARE | {"rule": "slope improvement ≥ 50 %"}).library.responders
    assert (other.kind, other.threshold) == ("percent", 0.5)
    assert parse_rows(SHARE | {"rule": other.rule}).library.responders == (other,)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"study": ""}, "column study: empty"),
        ({"year": "24"}, "column year “24”: must be a whole number from 1900 to 2100"),
        ({"year": ""}, "column year"),
        ({"n": "1"}, "from 2 to 100000, or empty if it is not reported"),
        ({"n": "1,5"}, "column n “1,5”"),
        ({"n": "many"}, "column n “many”"),
        ({"doi": "www.example.org"}, "not a DOI"),
        ({"treated": "maybe"}, "must be yes or no"),
        ({"endpoint": "svc"}, "must be one of alsfrs_r, alsfrs, fvc"),
        ({"unit": "%/month"}, "must be points/month, points/year or points/period"),
        ({"endpoint": "fvc"}, "must be %/month, %/year or %/period"),
        ({"pre_mean": "about 2"}, "column pre_mean “about 2”: not a number"),
        ({"pre_mean": "nan"}, "not a number"),
        ({"pre_mean": "1e9"}, "not a number"),
        ({"pre_mean": "5000"}, "must lie between −1000 and 1000"),
        ({"pre_sd": "-1"}, "column pre_sd “-1”: must lie between 0 and 1000"),
        ({"pre_mean": ""}, "column change_mean: empty. Fill it in, or both pre_mean and post_mean"),
        ({"p": "n.s."}, "not a P value"),
        ({"p": "14"}, "not a P value"),
        ({"study": "x" * 301}, "longer than 300 characters"),
        ({"note": "a\u202eb"}, "holds control characters"),
    ],
)
def test_each_bad_cell_is_named_with_its_line_and_value(changed, said):
    text = refusal(written(SLOPE | {"note": ""}, SLOPE | {"note": ""} | changed, separator=";"))
    assert text.startswith("Line 3, column ")
    assert said in text
    # The same cell in a form has no line.
    assert refusal(SLOPE | changed).startswith("Column ")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"rule": "most"}, "must be as in “>=50 %” or “>=1.25 points/month”"),
        ({"rule": ">=900 %"}, "must be as in"),
        ({"responders": ""}, "empty. Fill in the share"),
        ({"responders": "25"}, "A share lies between 0 and 1"),
        ({"endpoint": "fvc"}, "points/month is no unit of FVC"),
    ],
)
def test_each_bad_cell_of_a_share_is_named(changed, said):
    assert said in refusal(written(SHARE | changed))


def test_all_problems_are_told_at_once_and_nothing_is_added():
    text = refusal(written(SLOPE, SLOPE | {"year": "x"}, SLOPE | {"n": "y", "treated": ""}))
    assert "line 3, column year" in text.lower()
    assert "line 4, column n" in text.lower()
    assert "line 4, column treated" in text.lower()


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        ("", "a.csv", "empty"),
        ("# only a comment\n", "a.csv", "empty"),
        (",".join(SLOPE_COLUMNS), "a.csv", "no row under the names"),
        ("study,year\nDoe,2024\n", "a.csv", "column treated: missing"),
        (",".join((*SLOPE, "mood")) + "\n", "a.csv", "“mood”: not a column of the library"),
        (",".join((*SLOPE, "year")) + "\n", "a.csv", "column year: there twice"),
        (written(SLOPE), "a.xlsx", "“a.xlsx” is not a CSV file"),
        (b"study\xff\xfe", "a.csv", "not in UTF-8"),
        ("x" * (MOST_BYTES + 1), "a.csv", "larger than 200 kB"),
        (written(*[SLOPE] * (MOST_ROWS + 1)), "a.csv", "more than 200 rows"),
        (written(SLOPE).rstrip() + ",,loose\n", "a.csv", "Put text with commas in quotes"),
    ],
)
def test_a_file_that_is_no_library_is_refused_in_words(content, name, said):
    assert said in refusal(content, name)


def test_a_row_that_lost_its_rows_keeps_both_kinds_apart():
    both = parse_rows(SLOPE).library.with_rows(parse_rows(SHARE).library)
    assert len(both) == 2
    plain = both.to_json()
    assert plain["slopes"][0]["pre_mean"] == -1.2
    assert plain["slopes"][0]["change_mean"] is None
    assert plain["responders"][0]["share"] == 0.25
    assert Library().to_json() == {"slopes": [], "responders": []}
    assert set(SHARE) <= set(RESPONDER_COLUMNS)
