"""The words of headers: how trials, registries and clinics call what ALSlope reads.

A header is compared in a plain form: lower case, accents folded, per cent signs named, punctuation
turned to spaces.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from data.values import clean

LETTERS: Final = str.maketrans(
    {"ي": "ی", "ك": "ک", "ة": "ه", "ß": "ss", "ı": "i", "ø": "o"}  # noqa: RUF001
)
"""Letters that are written in several ways, and the way in which they are compared."""


def plain_words(text: str) -> str:
    """Return a header in its plain form.

    Examples
    --------
    >>> plain_words("FVC (% pred.)")
    'fvc pct pred'
    """
    text = re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", " ", clean(text))
    folded = unicodedata.normalize("NFKD", text.translate(LETTERS).casefold())
    letters = "".join(letter for letter in folded if not unicodedata.combining(letter))
    letters = re.sub(r"[%٪]", " pct ", letters)
    return " ".join(re.sub(r"[^\w]+|_", " ", letters).split())


def _words(*alternatives: str) -> re.Pattern[str]:
    return re.compile(r"(?<![^\W\d_])(?:" + "|".join(alternatives) + r")(?![^\W\d_])")


DATE: Final = _words(
    "date", "dates", "datum", "fecha", "data", "dt", "dtc", "dat", "tarih", "tarihi", "am", "تاریخ"
)
TRANSPLANT: Final = re.compile(
    r"transpl|(?<![a-z])tx(?:d(?:ate|at|t|ay))?(?![a-z])|(?<![a-z])hsct|inject|infusion|implantation|(?<![a-z])graft"
    r"|greffe|trasplante|trapianto|injektion|inyeccion|iniezione|nakil|nakli|enjeksiyon|stem cell"
    r"|(?<![a-z])day ?0(?![a-z\d])|(?<![a-z])d0(?![a-z\d])"
    r"|cell therapy|stammzell|lumbar administration|(?<![a-z])msc (?:date|dose)|dosing date"
    r"|treatment date"
    r"|date of treatment|procedure date|date of procedure"
    r"|intervention date|implant|przeszczep|(?<![a-z])bmt(?![a-z])|nurown|سلول درمانی|تاریخ عمل"
    r"|پیوند|تزریق|کاشت"
)
NEVER_TRANSPLANT: Final = re.compile(
    r"aspirat|harvest|collection|biops|planned|schedul|intended|consent|discharge|admission|vaccin"
    r"|edaravon|riluzol|contrast|botul|placebo|sham|screening|eligib|approval|follow|geplant|prevu"
    r"|antibiotic|steroid|flu |آسپیراسیون"
)
"""Words that make a date something else than that of the transplant."""

NOT_TRANSPLANT: Final = re.compile(
    r"aspirat|harvest|collection|biops|route|type|volume|cells? (?:number|count|dose)|viab|site of"
    r"|(?<![a-z])dose(?![a-z])|number of|cells? ?/|پونکسیون|آسپیراسیون"
)
SINCE: Final = re.compile(
    r"(?<![a-z])(?:since|from|after|post|to|until|before|relative|rel|nach|depuis|desde|dopo|seit"
    r"|پس از|بعد از|از)(?![a-z])"
)
ONSET: Final = re.compile(r"onset|symptom|beginn|debut|inicio|esordio|شروع|بیماری")
DEATH: Final = re.compile(
    r"death|died|dth|deceased|verstorben|todes|deces|defuncion|fallec|decesso|olum|فوت|مرگ"
)
DIAGNOSIS: Final = re.compile(r"diagnos|diag|تشخیص")
ENROLMENT: Final = re.compile(
    r"enrol|inclusion|einschluss|randomi|rand ?d(?:t|ate)|consent|registration|trial start"
    r"|study start|baseline date|rfstdtc|screening date|ورود"
)
BIRTH: Final = re.compile(
    r"birth|(?<![a-z])dob(?![a-z])|geburt|(?<![a-z])geb(?![a-z])|naissance|nacimiento|nascita"
    r"|dogum|تولد"
)
LAST_CONTACT: Final = re.compile(r"last contact|last seen|withdraw|drop ?out|lost to|censor|letzt")
NIV: Final = re.compile(r"(?<![a-z])niv(?![a-z])|non ?invasive|bipap|ventilat")
GASTROSTOMY: Final = re.compile(r"gastrostom|(?<![a-z])peg(?![a-z])|(?<![a-z])rig(?![a-z])")
TRACHEOSTOMY: Final = re.compile(r"tracheo")
RILUZOLE: Final = re.compile(r"riluzol")
EDARAVONE: Final = re.compile(r"edaravon")
VISIT: Final = re.compile(
    r"(?:visit|assess|exam|evaluation|evaluated|untersuch|besuch|erhebung|visite|visita|control"
    r"|bewertung|termin|muayene)[a-z]*|follow ?up|ویزیت|ارزیابی|معاینه|مراجعه"
)
SPIROMETRY: Final = re.compile(
    r"(?<![a-z])(?:pft|spiro\w*|fvc|svc|vc|lung|pulmonary|lufu)(?![a-z])"
)
PATIENT: Final = re.compile(
    r"(?:(?:the )?(?:patient(?:en)?|patients|pat|pt|subject|subj|participant|proband(?:en)?|person"
    r"|case|sujet|paciente|paziente|hasta|sub)"
    r" ?(?:id|no|nr|num|number|nummer|code|identifier|identification|kennung|numero|ids|study id"
    r"|unique id|key|uid)?)"
    r"|(?:n|nr|no|num|numero|codigo|code|id|identificacion)(?: of| do| du| de| del| della)?"
    r" (?:patient|paciente|paziente|pacjenta|sujet|sujeto|subject|hasta|doente|participant\w*)"
    r"|(?:hasta|patient|paciente|paziente|doente|pacjent\w*) (?:n|nr|no|numarasi|kodu)"
    r"|(?:study|record|screening|randomi[sz]ation|trial|enrol+ment|site patient|unique subject)"
    r" ?(?:id|no|nr|number|code|identifier|subject id)"
    r"|(?:usubjid|subjid|subjectid|ptid|pid|uid|guid|id|ids|nr|no|rid|mrid"
    r"|id no|id number|id code|code|numero|pseudonym|studien ?id|patnr|patid|patientennr|patientnr"
    r"|patient ?en ?nr|fall|fallnummer|patientin|identifiant|codice|pacjent"
    r"|record|s no|unique id|alsid|als id|neuroguid|sujeto|codigo|codigo paciente"
    r"|id paciente|id paziente|id patient|no patient|num patient|hasta no|hasta kodu)"
    r"|کدبیمار|شمارهبیمار|کد بیمار|شماره بیمار|کد|بیمار"
    r"|شناسه|شناسه بیمار|کد شرکت کننده|رقم المریض|رمز المریض"
)
SITE: Final = re.compile(r"site|site ?id|site ?no|centre|center|zentrum|clinic|hospital|sitecode")
GROUP: Final = re.compile(
    r"group|arm|treatment arm|study arm|cohort|dose group|treatment group|gruppe|actual arm|trt"
    r"|trta|trtp|trt01a|trt01p|گروه"
)
SEX: Final = re.compile(r"sex|gender|geschlecht|sexe|sexo|sesso|cinsiyet|جنس|جنسیت")
AGE: Final = re.compile(
    r"age|age years?|age yrs?|age at (?:transplant\w*|baseline|tx|enrol\w*|inclusion)|alter|edad"
    r"|eta|yas|سن|alter jahre|age y"
)
HEIGHT: Final = re.compile(
    r"(?:ht|height|stature|korperhohe|(?:korper)?gr(?:o|oe)sse|taille|altezza|statura|estatura|talla"
    r"|altura|boy|boy uzunlugu|wzrost|قد|طول قد|قد بیمار)"
)
"""Standing height, once fillers and the unit are left out."""

HEIGHT_FILLERS: Final = frozenset(
    (
        *("patient", "patients", "subject", "body", "standing", "measured", "value", "at", "bei"),
        *("the", "baseline", "screening", "enrolment", "enrollment", "inclusion", "in", "of"),
    )
)
CENTIMETRES: Final = re.compile(r"cm|cms|centimet(?:er|re|ro)s?|zentimeter|سانتی متر|سانتیمتر|سم")
METRES: Final = re.compile(r"m|met(?:er|re|ro)s?|mtr|متر")
INCHES: Final = re.compile(r"in|inch|inches|zoll|pouces?|pulgadas?|pollici|اینچ")
ONSET_SITE: Final = re.compile(
    r"onset|onset (?:site|region|type|form|location)|site of (?:symptom )?onset|region of onset"
    r"|type of onset|onset bulbar limb|beginn|als type|محل شروع"
)
VISIT_LABEL: Final = re.compile(
    r"visit|visit (?:name|label|no|number|num|code|nr|id)|visitnum|visitn|event|event name|avisit"
    r"|avisitn|redcap event name|time ?point|timepoint|visite|besuch|period|phase|epoch|ویزیت"
    r"|folder ?name|visit type|zeitpunkt"
)
SIMULATED: Final = re.compile(r"simulated|simulated data")
IMPUTED: Final = re.compile(
    r"dtype|imputed|imputation|locf|imputed flag|is imputed|derivation type"
)
UNIT: Final = re.compile(
    r"(?:fvc|fvc value|vital capacity|forced vital capacity|vc|spirometry)? ?(?:units?|unit of"
    r" measure|einheit|unite|unidad|واحد)"
)
SUMMARY: Final = re.compile(
    r"(?:overall |grand )?(?:mean|average|avg|sd|s d|std|stdev|std dev|standard deviation|se|sem"
    r"|median|iqr|min|max|minimum|maximum|range|n|count|total|sum|mean sd|mean pm sd|p value|p"
    r"|subtotal|sub total|gesamt|zwischensumme|teilsumme|total [a-z]+|all patients|alle"
    r"|mittelwert|mw|standardabweichung|stabw|summe|anzahl|moyenne|ecart type|media|mediana"
    r"|promedio|desviacion|میانگین|انحراف معیار|تعداد|میانه|ortalama)"
)
STATISTIC: Final = re.compile(
    r"(?<![a-z])(?:mean|average|avg|sd|s d|std|sem|se|median|iqr|ci|lower|upper|p value"
    r"|mittelwert|moyenne|media|میانگین)(?![a-z])"
)
DERIVED: Final = re.compile(
    r"(?<![a-z])(?:number|missing|age|count|attempts|change"
    r"|chg|cfb|diff|difference|slope|rate|delta|decline|progression|z ?score"
    r"|zvalue|z|lln|uln|ref|reference|percentile|rank|flag|fl|comment|comments|note|notes|reason"
    r"|by|rater|mode|complete|status|version|variability|var|fev1|fev|pef|ratio|veranderung"
    r"|category|class|group|grade|position|pos|predicted litres|predicted l|predicted value"
    r"|quality|form|imputed|locf|source|performed|done|available|aenderung)(?![a-z])"
)
TOTAL: Final = re.compile(
    r"tot\w{0,6}|summen\w*|sum\w{0,3}|som\w{1,4}|gesam\w*|punkt\w*|punt\w*|pont\w*|pun[kc]\w*|skor\w*|scor\w*"
    r"|puan\w*|wynik\w*|toplam\w*|nota|bewertung|نمره|امتیاز|مجموع"
)
"""Words for a total score, in several languages and with their endings."""

FILLER: Final = frozenset(
    [
        "at",
        "this",
        "clinic",
        "erect",
        "effort",
        "pft",
        "des",
        "abs",
        "absolut",
        "absolute",
        "ist",
        "volume",
        "th",
        "σ",
        "total",
        "score",
        "scores",
        "sum",
        "gesamt",
        "summe",
        "gesamtscore",
        "gesamtwert",
        "punkte",
        "points",
        "pts",
        "value",
        "values",
        "result",
        "results",
        "res",
        "best",
        "max",
        "highest",
        "maximum",
        "of",
        "the",
        "and",
        "item",
        "items",
        "score48",
        "0",
        "48",
        "40",
        "out",
        "in",
        "at",
        "nomre",
        "نمره",
        "امتیاز",
        "مجموع",
        "کل",
        "مقدار",
        "measured",
        "measurement",
        "observed",
        "actual",
        "obs",
        "score",
        "raw",
        "scale",
        "questionnaire",
        "function",
        "functional",
        "rating",
        "revised",
        "puntaje",
        "puntuacion",
        "puntos",
        "punteggio",
        "skor",
        "wert",
        "messwert",
        "seated",
        "sitting",
        "sitzend",
        "assis",
        "sentado",
        "seduto",
        "oturarak",
        "upright",
        "form",
        "calculated",
        "calc",
        "computed",
        "t",
        "tot",
        "ttl",
        "totl",
        "sc",
        "alsfrs",
        "fvc",
        "for",
        "from",
        "all",
        "full",
        "entry",
        "today",
        "capacity",
        "forced",
        "vital",
        "value1",
        "ظرفیت",
        "حیاتی",
        "اجباری",
        "als",
        "amyotrophic",
        "lateral",
        "sclerosis",
        "exam",
        "test",
        "normal",
        "norm",
        "soll",
        "sollwert",
    ]
)

_SUBSCORES: Final = (
    ("bulbar", re.compile(r"bulbar|بولبار")),
    ("fine_motor", re.compile(r"fine ?motor|feinmotorik|motricite fine|(?<![a-z])fine(?![a-z])")),
    ("gross_motor", re.compile(r"gross ?motor|grobmotorik|(?<![a-z])gross(?![a-z])")),
    ("respiratory", re.compile(r"respirat\w*|atmung|breathing|تنفسی")),
)
_ITEM_WORDS: Final = (
    ("5b", re.compile(r"cutting.*\bwith gastro|utenwg|5b|with (?:peg|gastrostomy)")),
    ("5a", re.compile(r"cutting.*without|utenwog|5a|without (?:peg|gastrostomy)")),
    ("12", re.compile(r"respiratory insuff|resp insuff|respins\w*|respinsf|ateminsuff|نارسایی")),
    ("11", re.compile(r"orthopn\w*|(?<![a-z])ortho(?![a-z])|ارتوپنه")),
    ("10", re.compile(r"dyspn\w*|تنگی نفس")),
    ("1", re.compile(r"speech|sprache|sprechen|parole|habla|linguaggio|konusma|تکلم|گفتار")),
    ("2", re.compile(r"saliva\w*|slvatn|speichel\w*|salivacion|بزاق")),
    ("3", re.compile(r"swallow\w*|schluck\w*|deglut\w*|بلع")),
    ("4", re.compile(r"hand ?writ\w*|hndwrit|handschrift|ecriture|escritura|scrittura|دستخط")),
    ("5", re.compile(r"cutting|utensils|besteck|schneiden|غذا")),
    ("6", re.compile(r"dress\w*|hygien\w*|drshygn|ankleid\w*|anzieh\w*|habillage|vestido|لباس")),
    ("7", re.compile(r"turn\w* in bed|turning|turnbed|bedcloth\w*|umdreh\w*|im bett|چرخیدن")),
    ("8", re.compile(r"walking|walk|gehen|marche|caminar|camminare|راه رفتن")),
    ("9", re.compile(r"cli?mb\w*|stairs?|treppe\w*|escaliers?|escaleras?|scale|پله")),
)


def item_in(plain: str) -> str | None:
    """Return the ALSFRS-R item that the words of a header name, ``"5a"`` and ``"5b"`` apart.

    A "respiratory" item without further words is the one item of the original 10-item scale and is
    called ``"10 original"``.
    """
    for item, pattern in _ITEM_WORDS:
        for match in pattern.finditer(plain):
            before = plain[: match.start()]
            if not before[-1:].isalpha() or (match[0][0].isdigit() and before.endswith("q")):
                return item
    if re.fullmatch(r"q?10 (?:respiratory|respiration|breathing|atmung)", plain):
        return "10 original"
    return None


def subscore_in(plain: str) -> str | None:
    """Return the key of the ALSFRS-R domain that a header names."""
    return next((key for key, pattern in _SUBSCORES if pattern.search(plain)), None)


SOUNDS_MEASURED: Final = re.compile(
    r"als ?f?rs|alsfrs|(?<![a-z])(?:fvc|cvf|fvk)(?![a-z])|forced vital|ظرفیت حیاتی"
)
"""Names that sound like a score or a capacity."""

VALUE_HEADERS: Final = frozenset(("value", "values", "result", "results", "score", "wert", "aval"))
"""Headers of the values of a table with one row a value."""
