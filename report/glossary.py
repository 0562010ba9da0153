"""What each number on the screen is, in one line, and where the documents say how it is made."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Term:
    """One statistic or word of the trade.

    Parameters
    ----------
    name
        As the pages call it.
    line
        What it tells the reader, one sentence or two.
    document, anchor
        Where its formula, source and edge cases stand, as in :mod:`report.handbook`.
    """

    name: str
    line: str
    document: str = "methods"
    anchor: str = ""


_CARDS: Final = (
    Term(
        "Slope",
        "Points (or % predicted) gained or lost per month, by a straight line through one "
        "person’s visits of one period; a decline is below 0.",
        "methods",
        "2-the-slope-of-one-person",
    ),
    Term(
        "Change of slope",
        "Slope after minus slope before, person by person; above 0 the decline is less steep.",
        "methods",
        "3-the-change-of-one-person",
    ),
    Term(
        "95 % CI",
        "The mean changes that agree with these data; a wide one says that little is known, and "
        "one that includes 0 that the direction is open.",
        "methods",
        "4-the-cards",
    ),
    Term(
        "P",
        "How often a mean change at least this far from 0 would be seen if the true mean change "
        "were 0. It does not say what made the change.",
        "methods",
        "7-tests-of-no-change",
    ),
    Term(
        "n",
        "Persons with a slope on both sides of day 0. Who is not in it, and why, stands on the "
        "card and in the tab Patients.",
        "methods",
        "9-who-is-in-it",
    ),
    Term(
        "Sign-flip P",
        "As P, but without assuming a normal distribution: how often random signs of the changes "
        "give a mean as large.",
        "methods",
        "sign-flip-permutation-test",
    ),
    Term(
        "Hodges–Lehmann",
        "The median of all averages of two changes: a middle that a single extreme patient hardly "
        "moves.",
        "methods",
        "hodgeslehmann-estimate-and-interval",
    ),
    Term(
        "Mixed model",
        "The same change, estimated from all visits at once, with each person’s own level, slope "
        "and bend; people with few visits weigh less.",
        "methods-mixed-model",
        "1-the-model",
    ),
    Term(
        "Untreated trials",
        "Simulated trials of people with the same run-in and visits and no transplant: how many "
        "of 100 change as much all the same.",
        "untreated",
        "the-sentence",
    ),
)

_TESTS: Final = (
    Term(
        "Paired t test",
        "The primary test: the mean of the changes against 0.",
        "methods",
        "paired-t-test",
    ),
    Term(
        "Wilcoxon signed-rank",
        "A test on the ranks of the changes instead of their sizes; exact, ties included.",
        "methods",
        "wilcoxon-signed-rank-test",
    ),
    Term(
        "Sign test",
        "Counts only how many changes are above and below 0; the median change goes with it.",
        "methods",
        "sign-test-and-median-change",
    ),
    Term(
        "BCa bootstrap",
        "An interval of the mean change by drawing the patients again and again, corrected for "
        "bias and skewness.",
        "methods",
        "bca-bootstrap-of-the-mean",
    ),
    Term(
        "Standardised change",
        "The mean change divided by a standard deviation; different letters divide by different "
        "ones, so they cannot be compared with each other.",
        "methods",
        "standardised-changes",
    ),
    Term(
        "Holm’s correction",
        "P corrected for testing two primary endpoints, so that two chances do not count as one.",
        "methods",
        "6-several-endpoints",
    ),
    Term(
        "Joint test",
        "One test of no change in either primary endpoint, which keeps their correlation.",
        "methods",
        "6-several-endpoints",
    ),
    Term(
        "Mean weighted by precision",
        "A mean in which patients with many visits over a long time count more.",
        "methods",
        "precision-weighted-mean",
    ),
    Term(
        "Bayes factor",
        "How much more likely these data are if there is a change of some usual size than if "
        "there is none.",
        "methods",
        "bayes-factor",
    ),
    Term(
        "Equivalence",
        "Whether the change is shown to be smaller than what would matter, which a large P alone "
        "never shows.",
        "methods",
        "equivalence",
    ),
)

_MODEL: Final = (
    Term(
        "Kenward–Roger, Satterthwaite",
        "Two ways to allow for a small number of patients in the P and interval of the model.",
        "methods-mixed-model",
        "3-degrees-of-freedom",
    ),
    Term(
        "Between patients, SD",
        "How far levels, slopes and bends differ from person to person, apart from visit noise.",
        "methods-mixed-model",
        "1-the-model",
    ),
    Term(
        "Likelihood ratio of the bend",
        "Whether a course that bends at day 0 fits better than a straight one.",
        "methods-mixed-model",
        "5-what-else-is-shown",
    ),
    Term(
        "Population-averaged model",
        "The mean course of the group with errors that do not rest on the model of single persons "
        "(GEE).",
        "methods-population-model",
        "1-model",
    ),
)

_RESPONDERS: Final = (
    Term(
        "Responder",
        "Somebody who meets the named rule, nothing more. The count does not say why.",
        "methods-responders",
        "methods-responders",
    ),
    Term(
        "Assessable",
        "People who declined enough before day 0 for a change in per cent to have a meaning.",
        "methods-responders",
        "methods-responders",
    ),
    Term(
        "Expected if nothing changed",
        "The share that visit noise alone produces with these visits, for people who were not "
        "chosen for a steep slope.",
        "methods-responders",
        "methods-responders",
    ),
)

_CHECKS: Final = (
    Term(
        "Leave one out",
        "The result without each patient in turn: whether it hangs on one of them.",
        "methods-diagnostics",
        "leave-one-out",
    ),
    Term(
        "Shapiro–Wilk, normal plot",
        "Whether the changes look normally distributed, as the t test supposes.",
        "methods-diagnostics",
        "qq-plot-and-shapirowilk",
    ),
    Term(
        "Grubbs, MAD rule",
        "Whether a change lies far from the others: a reason to look at the visits, not to leave "
        "the patient out.",
        "methods-diagnostics",
        "outliers-among-the-changes",
    ),
    Term(
        "Visits far from their line",
        "Single visits that the person’s own line does not explain: often a slip in the file.",
        "methods-diagnostics",
        "residuals-of-single-visits",
    ),
    Term(
        "Curvature of the run-in",
        "Whether the course bends before the transplant already, which looks like a change at any "
        "date.",
        "methods-diagnostics",
        "curvature-before-day-0",
    ),
    Term(
        "Ends of the scale",
        "Scores near 0 or the maximum, where a decline cannot show and looks less steep.",
        "methods-diagnostics",
        "ends-of-the-scale",
    ),
    Term(
        "Slope before and change (Oldham)",
        "Whether people with a steep slope before change more, beyond what shared noise makes.",
        "methods-diagnostics",
        "slope-before-and-change",
    ),
    Term(
        "Tipping point",
        "How much worse the missing patients would have to be for the result to vanish.",
        "methods-diagnostics",
        "dropout-and-tipping-point",
    ),
)

_GROUPS: Final = (
    Term(
        "Difference between groups",
        "Mean change of one group minus that of the other, with Welch’s t test, which allows "
        "unequal spread.",
        "methods-groups-and-tables",
        "two-groups",
    ),
    Term(
        "Concurrent control",
        "A group of the same trial with a reference date and no transplant. Where there is one, "
        "the difference to it leads.",
        "methods-groups-and-tables",
        "the-concurrent-control",
    ),
)

_DAY0: Final = (
    Term(
        "ΔFS",
        "Points lost per month since onset: (48 − score) ÷ months from onset.",
        "methods-staging",
        "δfs",
    ),
    Term(
        "Standardised difference",
        "How far two groups lie apart at day 0, in standard deviations; not a test.",
        "methods-groups-and-tables",
        "3-patients-at-day-0",
    ),
)

_COURSE: Final = (
    Term(
        "Change from day 0",
        "Score at the visit nearest to a month minus the last score up to day 0, over those who "
        "were still seen.",
        "methods-groups-and-tables",
        "4-change-from-day-0-at-fixed-months",
    ),
)

_FLOW: Final = (
    Term(
        "Who is in it",
        "The steps from everybody in the file to everybody in the test, with names and reasons.",
        "methods",
        "9-who-is-in-it",
    ),
)

_SENTENCES: Final = (
    Term(
        "Before quoting this",
        "What must be said together with these numbers; each sentence appears only where the "
        "data call for it.",
        "methods",
        "5-before-quoting-this",
    ),
)

_PATIENT: Final = (
    *_CARDS[:2],
    Term(
        "Projected run-in",
        "The line before day 0, drawn on. Its band is for one new visit. Untreated courses bend, "
        "so it is worth less the further it goes.",
        "methods-one-patient",
        "methods-one-patient",
    ),
    Term(
        "Observed − projected",
        "The last visit minus what the run-in’s line gives for that day, with the prediction "
        "interval.",
        "methods-one-patient",
        "methods-one-patient",
    ),
    Term(
        "Shrunken toward the natural history",
        "The run-in’s slope drawn toward that of untreated people, the more the fewer visits it "
        "rests on.",
        "methods-one-patient",
        "methods-one-patient",
    ),
    Term(
        "Detectable change",
        "The smallest difference of two scores that repeated scoring alone does not make.",
        "methods-one-patient",
        "methods-one-patient",
    ),
    Term(
        "King’s stage",
        "Regions involved (1 to 3), then nutritional or respiratory failure (4), derived from "
        "items and events.",
        "methods-groups-and-tables",
        "kings-stage",
    ),
    Term(
        "MiToS stage",
        "Number of functions lost (0 to 4), derived from items; death is 5.",
        "methods-groups-and-tables",
        "mitos-stage",
    ),
)

_EVERYBODY: Final = (
    Term(
        "Median of the cohort, middle half",
        "The middle of those who have a visit near each month; not the course of any person.",
        "methods",
        "12-all-patients",
    ),
    Term(
        "FT9",
        "How many of the four domains (bulbar, fine motor, gross motor, respiratory) have 9 of 12 "
        "points or fewer.",
        "methods-staging",
        "ft9",
    ),
    Term(
        "Survival",
        "The estimated share alive (or without ventilation) by months from the transplant "
        "(Kaplan–Meier).",
        "methods-survival",
        "estimate",
    ),
)

_UNTREATED: Final = (
    _CARDS[-1],
    Term(
        "Verdict",
        "Whether a change at least as large is rare (at most 2.5 of 100) or also seen in untreated "
        "trials, under each mean slope that is assumed; or why neither can be said.",
        "untreated",
        "2-the-verdict",
    ),
    Term(
        "P < 0.05 in favour",
        "Share of untreated trials that would have been called a success although nothing was "
        "done.",
        "untreated",
        "the-shares",
    ),
    Term(
        "Monte Carlo error",
        "How far a simulated share may be off because only so many trials were simulated.",
        "untreated",
        "the-shares",
    ),
    Term(
        "Natural history",
        "The numbers assumed for untreated people, each with its source, to change.",
        "untreated",
        "4-the-natural-history",
    ),
)

_RELIABILITY: Final = Term(
    "Reliability of the slopes before",
    "The share of their differences that is between persons and not visit noise, from the spread "
    "seen in this trial.",
    "methods-diagnostics",
    "reliability-and-shrunken-slopes",
)

_REGRESSION: Final = (
    Term(
        "Regression to the mean",
        "The change to expect without treatment because the slope before was measured with noise "
        "and people were taken when they declined fast.",
        "untreated",
        "6-regression-to-the-mean",
    ),
    Term(
        "Reliability of the slopes before",
        "The share of their differences that is between persons and not visit noise, if true "
        "slopes differ as the natural history says.",
        "untreated",
        "6-regression-to-the-mean",
    ),
)

_DECELERATION: Final = (
    Term(
        "Decline that slows by itself",
        "What a course that bends steadily, with no transplant, makes of the same comparison.",
        "untreated",
        "7-decline-that-slows-by-itself",
    ),
)

_ENTRY: Final = (
    Term(
        "Entry rule",
        "Who was taken into the trial. A rule on recent decline alone makes the slope after look "
        "less steep.",
        "untreated",
        "5-a-trial-with-an-entry-rule",
    ),
)

_PLANNING: Final = (
    Term(
        "Power",
        "Share of planned trials that reach P < 0.05 if the assumed share of decline is taken "
        "away.",
        "planning",
        "4-the-numbers",
    ),
    Term(
        "False success",
        "The same share with no effect at all. More than 5 of 100 means that P alone misleads.",
        "planning",
        "4-the-numbers",
    ),
    Term(
        "Stands out",
        "Share of planned trials beyond 97.5 % of untreated trials with the same plan: the number "
        "to plan with.",
        "planning",
        "4-the-numbers",
    ),
)

_WHAT_IF: Final = (
    Term(
        "Primary and variant",
        "The analysis fixed in advance, and others beside it that answer a question; a variant "
        "never takes the place of the primary one.",
        "what-if",
        "1-primary-beside-variant",
    ),
    Term(
        "P crosses 0.05",
        "P lies on the other side of 0.05 than in the primary analysis: the two disagree about a "
        "convention, not necessarily about the size of the change.",
        "what-if",
        "1-primary-beside-variant",
    ),
)

_LEAVE_OUT: Final = (
    Term(
        "Without each patient, without each visit",
        "The estimate when one patient or one visit is left out, for all of them in turn.",
        "what-if",
        "3-leave-one-out",
    ),
)

_SPECIFICATION: Final = (
    Term(
        "Specification curve",
        "All analyses that the declared choices allow, sorted by estimate, so that nobody can "
        "pick one.",
        "what-if",
        "4-every-analysis-the-specification-curve",
    ),
    Term(
        "Joint test of no change",
        "One P for the whole curve: how often random signs give a curve as far from 0.",
        "what-if",
        "4-every-analysis-the-specification-curve",
    ),
)

_PLACEBO: Final = (
    Term(
        "Placebo date",
        "The same visits split at other dates, at which nothing happened: whether the course bends "
        "at day 0 more than elsewhere.",
        "placebo-dates",
        "1-the-excess-test",
    ),
)

_DROPOUTS: Final = (
    Term(
        "Tipping point",
        "How much worse those who dropped out would have to be for the result to vanish.",
        "dropouts",
        "3-the-tipping-point",
    ),
    Term(
        "Worst rank, slope carried on",
        "Two assumptions about those who dropped out, as sensitivity analyses.",
        "dropouts",
        "4-other-assumptions",
    ),
)

_RUN_INS: Final = (
    Term(
        "Other run-ins",
        "The slope before from the last months only, or from onset (ΔFS), which assumes a full "
        "score at onset.",
        "what-if",
        "5-other-run-ins",
    ),
)

_LIBRARY: Final = (
    Term(
        "Among the others",
        "This trial beside published changes of slope, treated and untreated, never pooled: "
        "they differ in entry, run-in and follow-up.",
        "published",
        "2-where-this-trial-lies",
    ),
)

_PRINTED: Final = (
    Term(
        "Which n and r are possible",
        "The numbers of patients and correlations before–after with which a test gives the "
        "printed P from the printed means and SDs.",
        "published",
        "3-do-the-printed-numbers-add-up",
    ),
    Term(
        "GRIM, GRIMMER",
        "Whether a printed mean (and SD) can come from n whole numbers at all.",
        "published",
        "whole-numbers-grim-and-grimmer",
    ),
)

_PICTURE: Final = (
    Term(
        "From summary to picture",
        "A simulated trial with the printed means and SDs: one of many that would fit, and "
        "nobody’s data.",
        "published",
        "4-from-summary-to-picture",
    ),
)

PAGES: Final = MappingProxyType(
    {
        "Slopes": _CARDS,
        "Patients": _PATIENT,
        "Untreated": _UNTREATED,
        "What-if": _WHAT_IF,
        "Published": (_CARDS[2], _CARDS[3]),
    }
)
"""The terms that a page shows whatever its tab."""

TABS: Final = MappingProxyType(
    {
        ("Slopes", "Tests"): _TESTS,
        ("Slopes", "Model"): _MODEL,
        ("Slopes", "Responders"): _RESPONDERS,
        ("Slopes", "Checks"): (*_CHECKS, _RELIABILITY, _REGRESSION[0]),
        ("Slopes", "Groups"): _GROUPS,
        ("Slopes", "Day 0"): _DAY0,
        ("Slopes", "Course"): _COURSE,
        ("Slopes", "Patients"): _FLOW,
        ("Slopes", "Methods"): _SENTENCES,
        ("Patients", "All patients"): _EVERYBODY,
        ("Untreated", "Responders"): _RESPONDERS[:2],
        ("Untreated", "Regression to the mean"): _REGRESSION,
        ("Untreated", "Deceleration"): _DECELERATION,
        ("Untreated", "Entry rule"): _ENTRY,
        ("Untreated", "Planning"): _PLANNING,
        ("Untreated", "Assumptions"): (_UNTREATED[-1],),
        ("What-if", "Leave one out"): _LEAVE_OUT,
        ("What-if", "Every analysis"): _SPECIFICATION,
        ("What-if", "Placebo dates"): _PLACEBO,
        ("What-if", "Dropouts"): _DROPOUTS,
        ("What-if", "Other run-ins"): _RUN_INS,
        ("Published", "This trial among the others"): _LIBRARY,
        ("Published", "Do the printed numbers add up?"): _PRINTED,
        ("Published", "From summary to picture"): _PICTURE,
    }
)
"""The terms that a page shows on one of its tabs, by page and tab."""


def every_term() -> tuple[tuple[str, tuple[Term, ...]], ...]:
    """Return all terms by page, each once, in the order of the pages and their tabs."""
    known: set[Term] = set()
    made = []
    for page in PAGES:
        mine = [PAGES[page], *(terms for (of, _), terms in TABS.items() if of == page)]
        new = [term for terms in mine for term in terms if term not in known]
        new = list(dict.fromkeys(new))
        known.update(new)
        made.append((page, tuple(new)))
    return tuple(made)
