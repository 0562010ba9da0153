"""Every word that the screen explains leads to a section of the documents; links keep working."""

import re

import pytest

from report.glossary import PAGES, TABS, every_term
from report.handbook import (
    DOCUMENTS,
    FOLDER,
    Section,
    address,
    found_in,
    known_place,
    part,
    sections,
    slug,
)
from tests.test_docs import anchors

TERMS = [term for _, terms in every_term() for term in terms]


@pytest.mark.parametrize("term", TERMS, ids=lambda term: f"{term.document}-{term.name}")
def test_a_term_is_explained_where_it_says(term):
    assert term.anchor in {section.anchor for section in sections(term.document)}


@pytest.mark.parametrize("term", TERMS, ids=lambda term: f"{term.document}-{term.name}")
def test_a_term_takes_one_line(term):
    assert 20 < len(term.line) < 200
    assert term.line.endswith(".")
    assert not re.search(r"effect of|improve|significant", term.line)


def test_every_page_and_tab_with_statistics_has_terms():
    assert {page for page, _ in TABS} <= set(PAGES)
    assert all(TABS.values())
    assert all(PAGES.values())


def test_no_term_is_explained_twice_in_the_list_of_all():
    assert len(TERMS) == len(set(TERMS))
    for page, terms in every_term():
        names = [term.name for term in terms]
        assert len(names) == len(set(names)), page


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_document_is_shown_whole_and_in_order(document):
    text = (FOLDER / f"{document}.md").read_text("utf-8")
    shown = "\n".join(f"{section.title}\n{section.text}" for section in sections(document))
    words = re.compile(r"[\w−–]{4,}")
    # Targets of links may change; the words of the text may not.
    assert words.findall(without_links(shown)) == words.findall(without_links(text))


def without_links(text: str) -> str:
    """Return markdown without targets of links and signs of pictures."""
    return re.sub(r"!?\[([^\]]*)\]\(([^)\s]+)\)", r"\1", text)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_anchors_are_those_of_github(document):
    text = (FOLDER / f"{document}.md").read_text("utf-8")
    assert {section.anchor for section in sections(document)} >= anchors(text)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_between_documents_opens_a_section_that_exists(document):
    for section in part(document, sections(document)[0].anchor):
        assert ".md" not in re.sub(r"`[^`]*`", "", " ".join(targets(section)))
        for target in targets(section):
            if target.startswith("?doc="):
                assert known_place(target.removeprefix("?doc=")) == target.removeprefix("?doc=")
            else:
                assert re.match(r"https?:", target), target


def targets(section: Section) -> list[str]:
    """Return where the links of a section lead."""
    return re.findall(r"\]\(([^)\s]+)\)", section.text)


def test_one_section_comes_with_those_below_it_alone():
    titles = [section.title for section in part("methods", "7-tests-of-no-change")]
    assert titles[:2] == ["7. Tests of no change", "Paired t test"]
    assert "8. Exploratory analyses" not in titles


@pytest.mark.parametrize("hostile", ["", "../README", "methods:nowhere:", "x" * 5000, "methods/"])
def test_a_link_opens_no_other_file(hostile):
    assert known_place(hostile) in ("", "methods")
    if hostile.partition(":")[0] != "methods":
        with pytest.raises(KeyError):
            sections(hostile)


def test_a_section_that_was_renamed_opens_its_document():
    assert known_place("methods:no-such-section") == "methods"


def test_looking_for_words_finds_headings_first():
    found = found_in("kenward")
    assert found
    assert all("kenward" in f"{one.title} {one.text}".casefold() for _, one in found)
    in_title = ["kenward" in one.title.casefold() for _, one in found]
    assert in_title == sorted(in_title, reverse=True)
    assert found_in("  ") == () == found_in("no such words at all")


def test_slugs_keep_greek_letters_and_drop_signs():
    assert slug("ΔFS") == "δfs"
    assert slug("Hodges–Lehmann estimate and interval") == "hodgeslehmann-estimate-and-interval"
    assert address("methods", "1-conventions") == "?doc=methods:1-conventions"
