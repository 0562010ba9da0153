"""Writes predicted_fvc.csv: predicted FVC by pyspiro 1.0.0, for tests without the package.

Run it in an environment of its own: pip install pyspiro==1.0.0, then
``python tests/reference/make_predicted_fvc.py``. Litres are 100 · volume / percent of a volume of
10⁸ L, because the package rounds percentages to 2 decimals.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
from pyspiro import BOWERMAN_2022, GLI_2012, HANKINSON_1999

VOLUME = 1e8
AGES = (8.0, 12.3, 17.0, 18.0, 19.0, 20.0, 33.3, 45.6, 55.0, 62.4, 70.0, 79.5, 80.0)
# Men and women whom NHANES III measured as adults and as adolescents: others have no value there.
HEIGHTS = {0: (148.0, 159.5, 177.5), 1: (158.5, 171.3, 189.0)}
# The package uses the adult line from the 20th (women: 18th) year of life on, the paper from the
# 20th (18th) birthday on, so ages between 19 and 20 (17 and 18) stay out here.


def main() -> None:
    """Write the table next to this file."""
    people = pd.DataFrame(
        [(sex, age, cm) for sex, all_cm in HEIGHTS.items() for age in AGES for cm in all_cm],
        columns=["sex", "age", "height"],
    ).assign(litres=VOLUME, ethnicity=1)
    columns = {}
    for name, model, further in (
        ("nhanes_iii", HANKINSON_1999(), {"ethnicity_col": "ethnicity"}),
        ("gli_global", BOWERMAN_2022(), {}),
        ("gli_2012", GLI_2012(), {"ethnicity_col": "ethnicity"}),
    ):
        parameter = model.Parameters.FVC.value
        table = model.compute(
            people, parameter, value_col="litres", metrics=("percent",), **further
        )
        percent = pd.to_numeric(table.iloc[:, -1], errors="coerce").astype("Float64")
        columns[name] = (100 * VOLUME / percent).astype("float64").tolist()
    with Path(__file__).with_name("predicted_fvc.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["sex", "age", "height_cm", *columns])
        for i, person in enumerate(people.itertuples()):
            values = [f"{column[i]:.6f}" for column in columns.values()]
            writer.writerow(["FM"[person.sex], person.age, person.height, *values])


if __name__ == "__main__":
    main()
