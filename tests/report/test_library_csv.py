"""The library of published results leaves as a file that comes back as it was."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.published import load_library, parse_rows
from data.published_values import Library
from report.library_csv import library_csv

WORDS = st.text(
    st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_categories=["Cc", "Cf", "Zs"]),
    min_size=1,
    max_size=30,
)


@pytest.mark.parametrize("kind", ["slopes", "responders"])
def test_the_bundled_library_comes_back_as_it_was(kind):
    parsed = parse_rows(library_csv(load_library(), kind), "library.csv")
    assert parsed.problems == ()
    back = [{**row.to_json(), "added": False} for row in getattr(parsed.library, kind)]
    assert back == load_library().to_json()[kind]


@given(st.tuples(WORDS, WORDS, WORDS), st.sampled_from(["", "=1+1", "'=x", "-5 points", "@a;b"]))
def test_words_of_any_kind_come_back_and_none_is_a_formula(words, note):
    study, arm, design = words
    cells = {
        "study": study,
        "year": "2020",
        "arm": arm,
        "design": design,
        "note": note,
        "treated": "yes",
        "endpoint": "fvc",
        "unit": "%/month",
        "change_mean": "-1.50",
        "p": "<1e-80",
    }
    first = parse_rows(cells)
    assert first.problems == ()
    text = library_csv(first.library, "slopes")
    for row in csv.reader(io.StringIO(text)):
        for cell in row:
            assert not cell.startswith(("=", "@", "+"))
            assert not cell.startswith("-") or cell == "-1.50"
    assert parse_rows(text, "again.csv").library == first.library


def test_an_empty_library_is_a_template():
    assert library_csv(Library(), "slopes").startswith("study,year,doi,arm,n,treated")
    assert len(library_csv(Library(), "responders").splitlines()) == 1
