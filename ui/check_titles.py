"""What each check is called on the screen; a check without a name here shows its code."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

TITLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        # Values
        "OUT_OF_RANGE": "Values outside their scale",
        "NOT_A_NUMBER": "Cells that are no number",
        "ANNOTATED_VALUES": "Numbers with a note in the cell",
        "TOTAL_MISMATCH": "Totals that differ from their items",
        "TOTAL_FROM_DOMAINS": "Totals made of the four domains",
        "ITEMS_INCOMPLETE": "Visits with missing items",
        "BOTH_5A_5B": "Items 5a and 5b both filled in",
        "ALSFRS_ORIGINAL_SCALE": "Original ALSFRS instead of ALSFRS-R",
        "ALSFRS_TAKEN_AS_R": "ALSFRS taken as ALSFRS-R",
        "FVC_UNITS_DISAGREE": "FVC in litres and in % that do not fit",
        "FVC_UNIT_INFERRED": "Unit of FVC taken from the values",
        "FVC_UNIT_MIXED": "FVC in two units",
        "PREDICTED_VOLUME": "Predicted volumes among the values",
        "SCORE_JUMP": "Sudden drops of a score",
        "SCORE_RISE": "Sudden rises of a score",
        "SUPINE_NOT_USED": "Vital capacity measured lying down",
        "MISSING_CODES": "Codes for missing values",
        "DEATH_TEXT": "Deaths written among the values",
        "EXACT_DUPLICATES": "Values that stand twice, alike",
        "CONFLICTING_DUPLICATES": "Different values on one day",
        "IMPUTED_ROWS_EXCLUDED": "Imputed rows, left out",
        # Days and dates
        "INVALID_DATE": "Dates that do not exist",
        "INVALID_TIME": "Times that could not be read",
        "IMPLAUSIBLE_TIME": "Visits implausibly far from the transplant",
        "SUSPECT_YEAR": "Dates whose year looks wrong",
        "TIME_MISMATCH": "Visits whose date and month do not fit",
        "TIME_NOT_PLACED": "Visits that cannot be placed around the transplant",
        "DATE_ORDER_TAKEN": "Order of day and month",
        "VISIT_AFTER_DEATH": "Visits after the death",
        "VISIT_BEFORE_ONSET": "Visits before the first symptom",
        "VISIT_JUST_AFTER": "Visits within days after the transplant",
        "NO_TRANSPLANT_DATE": "Patients without a transplant date",
        "MULTIPLE_TRANSPLANTS": "Patients with several transplants",
        "NO_PRE_VISITS": "Patients without a visit before the transplant",
        "NO_POST_VISITS": "Patients without a visit after the transplant",
        "NO_VISITS": "Patients without a visit",
        "TRANSPLANT_FAR": "Transplants far from the visits",
        # Rows, columns and names
        "COLUMN_NOT_UNDERSTOOD": "Columns that sound like values but are unclear",
        "NAMES_LIKE_DATES": "Names of patients that look like dates",
        "NAMES_WITH_SITE": "Numbers of patients joined with their site",
        "ROW_WITHOUT_ID": "Rows without a patient",
        "ROW_WITHOUT_DATE": "Rows without a time",
        "CONTRADICTORY_FACTS": "Facts that contradict each other",
        "ID_VARIANTS_MERGED": "Spellings of one patient, joined",
        "SIMILAR_NAMES": "Names that are alike, kept apart",
        "ID_FILLED_DOWN": "Patients taken from the row above",
        "PATIENT_FROM_SHEET": "Patients named by their sheet",
        "PATIENTS_UNMATCHED": "Tables of other patients, not used",
        "TWO_COLUMNS_FOR_ONE": "Two columns for one thing",
        "UNNAMED_COLUMN": "Columns without a name",
        "UNUSED_COLUMNS": "Columns that were not used",
        "UNUSED_ROWS": "Rows that were not used",
        "HEADER_NUMBERS": "Numbers in headers",
        "SHEET_NOT_USED": "Tables and sheets that were not used",
        "SUMMARY_ROWS": "Rows of means and totals, left out",
        "NOTE_ROWS": "Rows of notes, left out",
        "REPEATED_HEADER": "Headers that are repeated",
        "LOST_TEXT": "Characters that were lost before the upload",
        "PHI_COLUMNS": "Columns that identify people",
        "PHI_FREE_TEXT": "Free text about people",
        "CORRECTED": "Cells that you corrected",
        "CORRECTION_NOT_USED": "Corrections that do not fit this file",
        # Refusals
        "EMPTY": "Nothing in the file",
        "NO_ROWS": "A header without rows",
        "NO_ENDPOINT": "No ALSFRS-R and no FVC",
        "NO_PATIENT_ID": "No column of patients",
        "NO_TIME": "No time of the visits",
        "AGGREGATE_DATA": "Means of groups, not patients",
        "ENCRYPTED": "A password is needed",
        "CORRUPT": "Damaged file",
        "UNSUPPORTED_FORMAT": "A format that is not read",
        "NOT_A_SPREADSHEET": "Not a table",
        "NOT_TEXT": "Not a text",
        "UNPARSEABLE": "No table was found",
        "UNSAFE_XML": "Unsafe content",
        "UNSAFE_ARCHIVE": "Unsafe archive",
        "HTML_AS_XLS": "A web page called a workbook",
        "TOO_LARGE_UNCOMPRESSED": "Too large",
        "TOO_LARGE_DIMENSIONS": "Too many cells",
        "TOO_MANY_COLUMNS": "Too many columns",
        "FIELD_TOO_LARGE": "A cell that is too long",
        "MACROS": "Macros",
    }
)


def title_of(code: str) -> str:
    """Return what a check is called."""
    return TITLES.get(code) or code.replace("_", " ").capitalize()
