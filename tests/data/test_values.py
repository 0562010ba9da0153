"""Cells as text: what is cleaned from them, and which texts say that there is no value."""

from __future__ import annotations

import pytest

from data.values import clean, is_missing


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        (" 40 ", "40"),
        ("40\u00a0", "40"),
        ("−6", "-6"),
        ("٤٠", "40"),
        ("４０", "40"),  # noqa: RUF001
        ("۴۰", "40"),
    ],
)
def test_spaces_and_digits_of_other_scripts_are_cleaned(text, cleaned):
    assert clean(text) == cleaned


@pytest.mark.parametrize(
    "text", ["", " ", "NA", "n/a", "n.d.", "-", "–", "?", "NaN", "missing", "not done"]
)
def test_missing_codes_are_no_value(text):
    assert is_missing(clean(text))


@pytest.mark.parametrize("text", ["done", "available", "tested", "not"])
def test_words_out_of_missing_codes_are_not_missing_codes(text):
    assert not is_missing(text)
