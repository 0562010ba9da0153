"""Names of columns in public schemas: PRO-ACT, NeuroBANK, NEALS, CDISC and others."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

EXACT: Final[Mapping[str, str]] = MappingProxyType(
    {
        # PRO-ACT: every delta counts days from the start of the trial.
        "alsfrs delta": "day enrolment alsfrs",
        "forced vital capacity delta": "day enrolment fvc",
        "slow vital capacity delta": "day enrolment svc",
        "treatment group delta": "transplant day",
        "death days": "death day",
        "onset delta": "onset day",
        "alsfrs r total": "alsfrs_r",
        "alsfrs total": "alsfrs",
        "q10 respiratory": "item 10 original",
        "forced vital capacity units": "unit",
        "slow vital capacity units": "unit",
        "height units": "height_unit",
        "height unit": "height_unit",
        "subject normal": "ignored",
        "studyid": "ignored",
        "subject liters trial 1": "capacity_litres 1",
        "subject liters trial 2": "capacity_litres 2",
        "subject liters trial 3": "capacity_litres 3",
        "pct of normal trial 1": "capacity 1",
        "pct of normal trial 2": "capacity 2",
        "pct of normal trial 3": "capacity 3",
        "subject died": "ignored",
        # Own files without dates.
        "onset day rel": "onset day rel",
        # NeuroBANK, Answer ALS: dates are days of the study.
        "alsfrst": "alsfrs_r",
        "alsfrsdt": "day enrolment alsfrs",
        "alsfrsr": "alsfrs_r",
        "alsfrsrp": "ignored",
        "alsfrssp": "ignored",
        "alsfrsmd": "ignored",
        "alsfrsr1": "item 10",
        "alsfrsr2": "item 11",
        "alsfrsr3": "item 12",
        "alsfrstl": "alsfrs_r",
        "fvcl1": "fvc_litres 1",
        "fvcl2": "fvc_litres 2",
        "fvcl3": "fvc_litres 3",
        "fvcp1": "fvc 1",
        "fvcp2": "fvc 2",
        "fvcp3": "fvc 3",
        "svcl1": "svc_litres 1",
        "svcl2": "svc_litres 2",
        "svcl3": "svc_litres 3",
        "svcp1": "svc 1",
        "svcp2": "svc 2",
        "svcp3": "svc 3",
        "svcdt": "day enrolment svc",
        "vcdt": "day enrolment fvc",
        "fvcdt": "day enrolment fvc",
        "onsetdt": "onset day",
        "dieddt": "death day",
        # NEALS, ASSESS: the capacity columns are called svc whatever the test was.
        "fttotal": "alsfrs_r",
        "ftdat": "visit_date alsfrs",
        "redat": "visit_date fvc",
        "svctest": "capacity test",
        "svc t1 reorres": "capacity_litres 1",
        "svc t2 reorres": "capacity_litres 2",
        "svc t3 reorres": "capacity_litres 3",
        "vcpp reorres": "capacity",
        "pctvar reorres": "ignored",
        "gastro ftorres": "gastrostomy switch",
        # Others.
        "fvc pp": "fvc",
        "fvcpp": "fvc",
        "svcpp": "svc",
        "fvc rel": "fvc",
        "gstrstmy": "gastrostomy switch",
        "visdy": "day enrolment",
        "trtsdt": "first_exposure",
        "trtsdtm": "ignored",
        "rfxstdtc": "first_exposure",
        "exstdtc": "visit_date",
        "prstdtc": "visit_date",
        "rfstdtc": "enrolment",
        "dthdtc": "death",
        "dthdt": "death",
    }
)
"""Meaning of names that public schemas give, by plain form."""
