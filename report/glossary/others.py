"""The words of the other pages, one tuple a page or tab."""

from __future__ import annotations

from typing import Final

from report.glossary.slopes import CARDS
from report.glossary.term import Term

PATIENT: Final = (
    *CARDS[:2],
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

EVERYBODY: Final = (
    Term(
        "Median of the cohort, middle half",
        "The middle of those who have a visit near each month; not the course of any patient.",
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

UNTREATED: Final = (
    CARDS[-1],
    Term(
        "Verdict",
        "Whether a change at least as high is rare (at most 2.5 of 100) or also seen in untreated "
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

RELIABILITY: Final = Term(
    "Reliability of the slopes before",
    "The share of their differences that is between patients and not visit noise, from the spread "
    "seen in this trial.",
    "methods-diagnostics",
    "reliability-and-shrunken-slopes",
)

REGRESSION: Final = (
    Term(
        "Regression to the mean",
        "The change to expect without treatment because measured slopes move back toward the mean "
        "that is assumed, in either direction.",
        "untreated",
        "6-regression-to-the-mean",
    ),
    Term(
        "Reliability of the slopes before",
        "The share of their differences that is between patients and not visit noise, if true "
        "slopes differ as the natural history says.",
        "untreated",
        "6-regression-to-the-mean",
    ),
)

DECELERATION: Final = (
    Term(
        "Decline that slows by itself",
        "What a course that bends steadily, with no transplant, makes of the same comparison.",
        "untreated",
        "7-decline-that-slows-by-itself",
    ),
)

ENTRY: Final = (
    Term(
        "Entry rule",
        "Who was taken into the trial. A rule on recent decline alone makes the slope after look "
        "less steep.",
        "untreated",
        "5-a-trial-with-an-entry-rule",
    ),
)

PLANNING: Final = (
    Term(
        "Power",
        "Share of planned trials that reach P < 0.05 if the assumed share of decline is taken "
        "away.",
        "planning",
        "4-the-numbers",
    ),
    Term(
        "False success",
        "The same share with no effect at all. By chance it would be 2.5 of 100; far more means "
        "that P alone misleads.",
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

WHAT_IF: Final = (
    Term(
        "Primary and variant",
        "The analysis that leads, best fixed in advance, and others beside it that answer a "
        "question. One that is made the primary one after its numbers were seen was not fixed in "
        "advance: say so.",
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

LEAVE_OUT: Final = (
    Term(
        "Without each patient, without each visit",
        "The estimate when one patient or one visit is left out, for all of them in turn.",
        "what-if",
        "3-leave-one-out",
    ),
)

SPECIFICATION: Final = (
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

PLACEBO: Final = (
    Term(
        "Placebo date",
        "The same visits split at other dates, without a transplant: whether the course bends "
        "at day 0 more than elsewhere.",
        "placebo-dates",
        "1-the-excess-test",
    ),
)

DROPOUTS: Final = (
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

RUN_INS: Final = (
    Term(
        "Other run-ins",
        "The slope before from the last months only, or from onset (ΔFS), which assumes a full "
        "score at onset.",
        "what-if",
        "5-other-run-ins",
    ),
)

LIBRARY: Final = (
    Term(
        "Among the others",
        "This trial beside published changes of slope, treated and untreated, never pooled: "
        "they differ in entry, run-in and follow-up.",
        "published",
        "2-where-this-trial-lies",
    ),
)

PRINTED: Final = (
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

PICTURE: Final = (
    Term(
        "From summary to picture",
        "A simulated trial with the printed means and SDs: one of many that would fit, and "
        "nobody’s data.",
        "published",
        "4-from-summary-to-picture",
    ),
)
