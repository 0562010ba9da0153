"""The words of the Slopes page, one tuple a tab."""

from __future__ import annotations

from typing import Final

from report.glossary.term import Term

CARDS: Final = (
    Term(
        "Slope",
        "Points (or % predicted) gained or lost per month, by a straight line through one "
        "patient’s visits of one period; a decline is below 0.",
        "methods",
        "2-the-slope-of-one-person",
    ),
    Term(
        "Change of slope",
        "Slope after minus slope before, patient by patient; above 0 the decline is less steep.",
        "methods",
        "3-the-change-of-one-person",
    ),
    Term(
        "Interval (CI)",
        "The mean changes that agree with these data; a wide one says that little is known, and "
        "one that includes 0 that the direction is open.",
        "methods",
        "4-the-cards",
    ),
    Term(
        "P",
        "How often a mean change at least this far from 0 would be seen if the true mean change "
        "were 0 (one-sided: as far in the tested direction). It does not say what made the change.",
        "methods",
        "7-tests-of-no-change",
    ),
    Term(
        "n",
        "Patients with a slope on both sides of day 0. Who is not in it, and why, stands on the "
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
        "The same change, estimated from all visits at once, with each patient’s own level, slope "
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

TESTS: Final = (
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

MODEL: Final = (
    Term(
        "Kenward–Roger, Satterthwaite",
        "Two ways to allow for a small number of patients in the P and interval of the model.",
        "methods-mixed-model",
        "3-degrees-of-freedom",
    ),
    Term(
        "Between patients, SD",
        "How far levels, slopes and bends differ from patient to patient, apart from visit noise.",
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
        "The mean course of the group with errors that do not rest on the model of single patients "
        "(GEE).",
        "methods-population-model",
        "1-model",
    ),
)

RESPONDERS: Final = (
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

CHECKS: Final = (
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
        "Single visits that the patient’s own line does not explain: often a slip in the file.",
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

GROUPS: Final = (
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

DAY0: Final = (
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

COURSE: Final = (
    Term(
        "Change from day 0",
        "Score at the visit nearest to a month minus the last score up to day 0, over those who "
        "were still seen.",
        "methods-groups-and-tables",
        "4-change-from-day-0-at-fixed-months",
    ),
)

FLOW: Final = (
    Term(
        "Who is in it",
        "The steps from everybody in the file to everybody in the test, with names and reasons.",
        "methods",
        "9-who-is-in-it",
    ),
)

SENTENCES: Final = (
    Term(
        "Before quoting this",
        "What must be said together with these numbers; each sentence appears only where the "
        "data call for it.",
        "methods",
        "5-before-quoting-this",
    ),
)
