"""What the words of an event say: ventilation, feeding tube, infection, death, or another thing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from data import vocabulary as words
from data.privacy import looks_like_person, names_somebody
from data.times import visit_month

INFECTION: Final = re.compile(
    r"infect|pneumon|sepsis|septic|bronchitis|influenza|covid|cystitis|pyelonephritis|cellulitis"
    r"|mening[io]t|urosepsis|(?<![a-z])uti(?![a-z])|lungenentzund|infek|infezion|neumonia"
    r"|عفونت|ذات الریه"
)
_WITHDRAWN: Final = re.compile(
    r"withdr[ae]w|drop(?:ped)? ?out|discontinued (?:study|trial)|abbruch"
)
_LOST: Final = re.compile(r"lost to|lost (?:contact|follow)")
_LAST: Final = re.compile(r"last (?:contact|seen|visit|follow)|censor|letzt")
_INVASIVE: Final = re.compile(
    r"(?<!non )(?<!non)invasive(?:ly)? (?:mechanical )?(?:home )?ventilat|permanent ventilat"
    r"|intubat"
)
_NOT_SO: Final = re.compile(
    r"plan|schedul|cancel|postpon|refus|declin|not (?:done|given|started|tolerated)|(?<![a-z])no "
    r"|stop|discontinu|paus|end(?:ed)? of|wean|remov|discuss|consider|offer|referr|assess|screen"
    r"|trial of|advis|(?<![a-z])pre(?![a-z])|before|risk of|suspected|ruled out"
)
"""Words that turn a procedure into something that was not begun then."""

_DRUG_OR_SUPPORT: Final = (
    ("tracheostomy", words.TRACHEOSTOMY),
    ("tracheostomy", _INVASIVE),
    ("gastrostomy", words.GASTROSTOMY),
    ("niv", words.NIV),
    ("riluzole", words.RILUZOLE),
    ("edaravone", words.EDARAVONE),
)
_DIED: Final = re.compile(words.DEATH.pattern + r"|(?<![a-z])(?:dead|exitus|deces)(?![a-z])")
_NOT_DIED: Final = re.compile(r"(?:death|died) of (?:\w+ )?(?:wife|husband|spouse|partner|mother)")
_HEADER: Final = re.compile(
    r"(?:clinical |medical |adverse )?events?(?: (?:type|name|text|description|term|kind))?"
    r"|ae ?term|ae ?decod|ae|what happened|procedures?(?: name| type)?|interventions?|prtrt|prdecod"
    r"|ereignis(?:se)?|evenements?|eventos?|eventi|olay|رویداد|اقدام"
)
_ADVERSE: Final = re.compile(r"adverse events?.*|ae ?term|ae ?decod|clinical events?")
_PARTS: Final = re.compile(r"\s*(?:;|\+|&|\n|/|(?<![^\W\d_])(?:and|und|et|y|و)(?![^\W\d_]))\s*")
_VISIT: Final = re.compile(
    r"(?:scheduled |unscheduled |control |clinic )*(?:visit|screening|baseline|follow ?up|enrol\w*"
    r"|randomi\w*|assessment|v|fu|t|m|d|day|week|month|year|end of study)\W*[\d.]*"
)
_LONGEST: Final = 40
_PLAIN_TEXT: Final = re.compile(r"[^\W\d_]+(?:[ ,()'’-]+[^\W\d_]+)*[)]?")
_KNOWN_FIRST: Final = re.compile(
    r"(?:fall|fell|fract|wheel|hospital|admi|emerg|surg|operat|bone|marrow|lumbar|mri|mrt|ct|scan"
    r"|cough|fever|headache|pain|weight|weak|speech|swallow|breath|dysp|respir|ventil|oxygen|device"
    r"|orthosis|walker|walking|cane|bed|skin|thromb|embol|stroke|cardiac|heart|diabet|depress"
    r"|anxi|serious|adverse|severe|mild|moderate|acute|chronic|new|first|second|third|start|stop"
    r"|end|change|dose|vitamin|physio|therapy|rehab|tracheo|peg|niv|gastro|aspir|infect|pneumo"
    r"|urin|refus|declin|planned|no|not|home|cell|transplant|infusion|inject|study|visit|moved)"
)
_SALUTED: Final = re.compile(r"(?<![a-z])(?:mr|mrs|ms|dr|prof|frau|herr|mme|sr|sra)(?![a-z])")


def kinds_in(text: str) -> tuple[str, ...]:
    """Return the kinds of events that a text names, ``("other",)`` for anything unknown.

    A text with several parts ("pneumonia; PEG") can name several kinds. What was planned, refused
    or ended ("NIV stopped") is another event, not the start of that support.

    Examples
    --------
    >>> kinds_in("PEG + pneumonia")
    ('gastrostomy', 'infection')
    >>> kinds_in("NIV declined")
    ('other',)
    """
    whole = _kind(words.plain_words(text))
    if whole in ("death", "last_contact"):
        return (whole,)
    kinds = dict.fromkeys(_kind(words.plain_words(part)) for part in _PARTS.split(text) if part)
    known = tuple(kind for kind in kinds if kind != "other")
    return known or ("other",)


def _kind(plain: str) -> str:
    if _DIED.search(plain) and not _NOT_DIED.search(plain):
        return "death"
    if _LAST.search(plain) or _LOST.search(plain) or _WITHDRAWN.search(plain):
        return "last_contact"
    if INFECTION.search(plain):
        return "infection"
    if _NOT_SO.search(plain):
        return "other"
    return next((kind for kind, found in _DRUG_OR_SUPPORT if found.search(plain)), "other")


def label_of(kind: str, text: str, usual: str) -> str:
    """Return the words under which an event is shown.

    Parameters
    ----------
    kind
        Its kind.
    text
        What its cell says.
    usual
        The words for this kind.

    Returns
    -------
    str
        The cell's own text where it says more than the kind and cannot tell who the patient is;
        else ``usual``.
    """
    plain = words.plain_words(text)
    if kind == "last_contact":
        if _WITHDRAWN.search(plain):
            return "withdrawal"
        return "lost to follow-up" if _LOST.search(plain) else usual
    if kind == "tracheostomy" and not words.TRACHEOSTOMY.search(plain):
        return "invasive ventilation"
    if kind in ("infection", "other") and tells_nobody(text):
        return text
    return usual


def tells_nobody(text: str) -> bool:
    """Whether a free text is short and plain enough to be shown.

    At most 40 characters, no digits, no marks but those of plain words, and nothing written like a
    name: no word with a capital letter, except short abbreviations and a first word of medicine.
    """
    if len(text) > _LONGEST or not _PLAIN_TEXT.fullmatch(text):
        return False
    if looks_like_person(text) or names_somebody(text):
        return False
    if _SALUTED.search(words.plain_words(text)):
        return False
    first, *later = re.findall(r"[^\W\d_]+", text)
    if not _is_plain(first) and not _KNOWN_FIRST.match(words.plain_words(first)):
        return False
    return all(map(_is_plain, later))


def _is_plain(word: str) -> bool:
    return word == word.lower() or (word.isupper() and len(word) <= 4)


def names_events(header: str, texts: Sequence[str]) -> bool:
    """Whether a column holds events: its header says so, and its texts are no names of visits.

    Parameters
    ----------
    header
        Header of the column.
    texts
        Its distinct texts.
    """
    plain = words.plain_words(header)
    if not _HEADER.fullmatch(plain) or not texts:
        return False
    visits = sum(map(is_visit, texts))
    if visits > len(texts) / 2:
        return False
    return bool(_ADVERSE.fullmatch(plain)) or any(kinds_in(text) != ("other",) for text in texts)


def is_visit(text: str) -> bool:
    """Whether a text is the name of a visit rather than of an event."""
    plain = words.plain_words(text)
    return bool(_VISIT.fullmatch(plain)) or visit_month(text) is not None
