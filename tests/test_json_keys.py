"""Every key of ``compare`` and ``whatif --json`` has a test, and the list of them is true."""

from __future__ import annotations

import pytest

from tests.json_keys import all_paths, exists, listed, pattern_of


@pytest.fixture(scope="module")
def found() -> list[str]:
    return all_paths()


def test_every_key_has_a_test(found):
    patterns = listed()
    assert [path for path in found if pattern_of(path, patterns) is None] == []


def test_every_line_stands_for_a_key(found):
    patterns = listed()
    used = {pattern_of(path, patterns) for path in found}
    assert sorted(set(patterns) - used) == []


@pytest.mark.parametrize("test", sorted(set(listed().values())))
def test_every_test_in_the_list_exists(test):
    assert exists(test)


def test_no_pattern_hides_the_numbers_of_a_whole_branch():
    # One star stands for one name of an endpoint, a setting or a rule, never for the end of a path
    # of numbers.
    too_wide = [
        p for p in listed() if p.endswith("*") and not p.startswith(("settings.", "versions."))
    ]
    assert too_wide == []
