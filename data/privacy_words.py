# ruff: noqa: RUF001 - header words of eight languages have letters that look alike

"""Words by which the header of a column says that it identifies people."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Final

from data.values import clean

# Header is exactly one of these, once words such as "patient" and "number" are left out.
WHOLE: Final = {
    "name": "name|patientenname|zuname|vor zuname|name vorname|patient name|nom|nombre|nome"
    "|isim|adi|forename|الاسم|اسم|اللقب|نام",
    "phone": "phone|telephone|tel|telefon|telefono|téléphone|telefone|mobile|mobil|móvil"
    "|cellulare|handy|portable|fax|cep|gsm|phone fax|cell phone|mobile phone|mobiltelefon"
    "|telefax|cep telefonu|تلفن|موبایل|تلفن همراه|همراه|تماس|فکس|نمابر|الهاتف|هاتف|الجوال",
    "e-mail": "mail|correo|posta|ایمیل|رایانامه|البريد",
    "address": "address|street|street address|postal address|adresse|anschrift|strasse"
    "|hausnummer|rue|dirección|domicilio|calle|indirizzo|adres|adresi|آدرس|نشانی|العنوان|عنوان",
    "postcode": "zip|plz ort|zip code|postcode|post code|postal code|plz|postleitzahl"
    "|code postal|código postal|codice postale|posta kodu|کد پستی|الرمز البريدي",
    "place": "city|town|village|county|city town|ort|wohnort|stadt|ville|ciudad|città|comune"
    "|şehir|ilçe|شهر|روستا|المدينة|place of birth|birth place|geburtsort|lieu de naissance",
    "IP address": "ip address|ip adresse|adresse ip|آدرس ip",
    "web address": "url|web address|website|web site|homepage|web page|وب سایت",
    "insurance number": "insurance|health insurance|insurance plan|krankenkasse"
    "|krankenversicherung|mutuelle|بیمه|sigorta",
    "account number": "account|bank account|iban|konto|kontonummer|شماره حساب",
    "licence number": "licence|license|driving licence|driving license|drivers license"
    "|drivers licence|license plate|führerschein|kennzeichen|ehliyet|گواهینامه",
    "photo": "photo|photograph|photo file|face photo|picture|foto|lichtbild|عکس|fotoğraf|صورة",
    "record number": "medical record|پرونده|الملف|dossier|dosya|krankenakte|fallnummer"
    "|aktenzeichen|cartella clinica|historia clínica|expediente",
    "national number": "nhs|identity card|id card|national insurance",
    "date of birth": "birth|birthday|geboren|geboren am|brthdtc|naissance|nacimiento|nascita|تولد",
}
# Header contains these words, one after the other.
INSIDE: Final = {
    "name": "first name|firstname|given name|middle name|last name|lastname|surname|family name"
    "|full name|maiden name|second name|initials|initialen|vorname|nachname|familienname"
    "|rufname|geburtsname|prénom|prénoms|nom de famille|nom complet|apellido|apellidos"
    "|nombre completo|cognome|soyad|soyadı|soyisim|ad soyad|نام خانوادگی|نام پدر|نام کامل"
    "|نام بیمار|اسم المريض|اسم العائلة|next of kin|emergency contact|contact person"
    "|kontaktperson|name and surname",
    "date of birth": "date of birth|birth date|birthdate|date birth|dob|geburtsdatum|geb datum"
    "|geburtstag|date de naissance|fecha de nacimiento|fecha nacimiento|data di nascita"
    "|data de nascimento|doğum tarihi|تاریخ تولد|تاريخ الميلاد",
    "national number": "ssn|social security|national id|national code|national identity"
    "|nhs number|nhs no|sozialversicherungsnummer|sécurité sociale|dni|codice fiscale|kimlik"
    "|kimlik no|کد ملی|شماره ملی|شناسنامه|الرقم القومي|رقم الهوية|pesel|personnummer|aadhaar"
    "|steuer id|national number",
    "record number": "mrn|medical record|medical record number|hospital number|hospital no"
    "|hospital id|chart number|شماره پرونده|numéro de dossier|dosya no|رقم الملف",
    "e-mail": "e mail|email|correo electrónico|e posta|پست الکترونیک|البريد الالكتروني",
    "phone": "phone number|contact number|mobile number|telefonnummer|handynummer|mobilnummer"
    "|telefon no",
    "insurance number": "versichertennummer|versichertennr|versicherungsnummer|insurance number"
    "|insurance no|insurance id|policy number|شماره بیمه",
    "passport number": "passport|reisepass|passeport|pasaporte|passaporto|pasaport|پاسپورت|گذرنامه",
}
FILLERS_TEXT: Final = (
    "patient patients patienten patientin subject participant proband person pt pat the of "
    "a an de du des der la le el del della dei di d l s e i y und and et ve no nr num number "
    "nummer numero pat home work private privat contact kontakt main primary secondary alternate "
    "other caregiver carer father mother spouse partner guardian relative emergency 1 2 3 line "
    "paciente paziente hasta hastanin hastanın بیمار مریض شماره و المريض رقم current legal "
    "treating"
)
STAFF_TEXT: Final = (
    "physician doctor rater examiner investigator neurologist evaluator assessor nurse clinician "
    "therapist technician operator surgeon arzt untersucher prüfer prüfarzt médecin examinateur "
    "médico medico examinador doktor hekim پزشک ارزیاب معاینه الطبيب invnam"
)
NOTES_TEXT: Final = (
    "notes note comment comments remark remarks narrative bemerkung bemerkungen kommentar "
    "kommentare anmerkung anmerkungen notiz notizen remarque remarques commentaire commentaires "
    "observaciones comentario comentarios notas osservazioni commenti açıklama açıklamalar notlar "
    "توضیحات ملاحظات یادداشت ملاحظة"
)
# Words of sheets, files and tables: a text that has one of them is not taken for a person's name.
THINGS_TEXT: Final = (
    "site centre center clinic hospital form visit visits drug drugs medication event feature "
    "variable test symptom symptoms sheet trial trials study cell cells line lines data dataset "
    "file files table tables list export import results result summary raw clean final draft "
    "baseline follow up followup screening treatment group groups arm control placebo active stem "
    "score scores total als alsfrs fvc svc msc limb bulbar spinal onset upper lower left right "
    "male female yes not none new old san los saint university school region north south east "
    "west demographics demography death deaths adverse events lab labs laboratory vital signs "
    "history medical product device item field column gene protocol dose high low code codebook "
    "dictionary readme info information overview report chart figure plot month months week weeks "
    "day days year years date dates time master main copy sample samples cohort registry register "
    "respiratory function spirometry capacity forced slow lung muscle strength quality life rate "
    "daten tabelle blatt mappe auswertung übersicht besuch besuche studie gruppe ergebnisse "
    "verlauf données feuille résumé étude datos hoja estudio resumen dati foglio studio veri "
    "sayfa çalışma داده داده‌ها دادهها اطلاعات بیماران جدول لیست فهرست ویزیت ارزیابی مرکز نمره "
    "نتایج گروه کد دارو پیوند سلول درمان تنفس ظرفیت مطالعه پرسشنامه البيانات المرضى mean sd "
    "median unknown progression disease therapy cellular injection infusion transplant "
    "transplantation after before pre post initial early late fast rapid"
)


def folded(text: str) -> str:
    """Return text in lower case without accents, and with one form of each Persian letter."""
    text = clean(text).casefold().replace("ı", "i").replace("ي", "ی").replace("ك", "ک")
    bare = "" if text.isascii() else unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in bare if not unicodedata.combining(letter)) or text


def plain_words(header: str) -> str:
    """Return the words of a header; "FirstName" and "first_name" are two words each."""
    spread = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", header)
    return " ".join(re.sub(r"[\W_]+", " ", folded(spread)).split())


def without_fillers(words: str) -> str:
    """Return the words of a header without "patient", "number" and the like."""
    return " ".join(word for word in words.split() if word not in FILLERS)


def words_of(text: str) -> frozenset[str]:
    """Return the different words of a text, made plain."""
    return frozenset(plain_words(text).split())


def phrase_table(kinds: dict[str, str], form: Callable[[str], str]) -> dict[str, str]:
    """Return the kind that each phrase, brought into a form, stands for."""
    return {form(plain_words(p)): kind for kind, text in kinds.items() for p in text.split("|")}


FILLERS: Final = words_of(FILLERS_TEXT)
STAFF: Final = words_of(STAFF_TEXT)
NOTES: Final = words_of(NOTES_TEXT)
THINGS: Final = words_of(THINGS_TEXT)
OF_THINGS: Final = THINGS - words_of("demographics demography medical")
PARTICLES: Final = words_of("de da di del della dos la le el al van von der den bin ben")
PHRASES_INSIDE: Final = phrase_table(INSIDE, str)
PHRASES_WHOLE: Final = {k: v for k, v in phrase_table(WHOLE, without_fillers).items() if k}
JOINED: Final = {
    phrase.replace(" ", ""): kind
    for phrase, kind in (phrase_table(WHOLE, str) | PHRASES_INSIDE).items()
}
HEADER_WORDS: Final = words_of(" ".join(PHRASES_INSIDE | PHRASES_WHOLE))
KNOWN: Final = FILLERS | STAFF | NOTES | THINGS | HEADER_WORDS


def header_kind(header: str) -> str | None:
    """Return what a header says its column holds; "staff" where only names would identify."""
    # The parts of a stacked header are joined by " / "; the last one names the column.
    whole = plain_words(header)
    words = set(whole.split())
    if not words:
        return None
    if words & STAFF:
        named = words & {"name", "initials", "nom", "nombre", "nome", "نام", "invnam"}
        return "staff name" if named and not words - STAFF - FILLERS - named else "staff"
    inside = next((p for p in PHRASES_INSIDE if f" {p} " in f" {whole} "), None)
    if inside is not None:
        return PHRASES_INSIDE[inside]
    joined = whole.replace(" ", "")
    last = without_fillers(plain_words(header.rpartition(" / ")[2]))
    kind = (
        JOINED.get(joined) or PHRASES_WHOLE.get(without_fillers(whole)) or PHRASES_WHOLE.get(last)
    )
    # "Site name" and "Form_Name" are names of things.
    return None if kind in ("name", "record number") and words & OF_THINGS else kind
