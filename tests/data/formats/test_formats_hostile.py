"""Files that are no tables, or that were made to do harm: each is refused in plain words."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

import openpyxl
import pytest

from data.files import RefusedFile, UploadedFile
from data.findings import Finding
from data.formats.opening import read_sheets


def refused(content: bytes, name: str = "t.xlsx") -> Finding:
    with pytest.raises(RefusedFile) as caught:
        read_sheets(UploadedFile(name, content))
    found = caught.value.finding
    assert found.severity == "error"
    assert found.text.endswith(".")
    assert found.next_step.endswith(".")
    assert found.file
    return found


def archive(members: Mapping[str, bytes | str], *, packed: bool = False) -> bytes:
    stream = io.BytesIO()
    how = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    with zipfile.ZipFile(stream, "w", how) as new:
        for name, content in members.items():
            new.writestr(name, content)
    return stream.getvalue()


def workbook() -> bytes:
    book = openpyxl.Workbook()
    for i in range(50):
        book.active.append([f"P{i}", i])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def workbook_with(member: str, content: bytes | str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(workbook())) as old:
        members: dict[str, bytes | str] = {name: old.read(name) for name in old.namelist()}
    return archive(members | {member: content}, packed=True)


def ole(*streams: str) -> bytes:
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
    return head + b"".join(name.encode("utf-16-le") + bytes(64) for name in streams) + bytes(2048)


LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE z [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">'
    "]><worksheet><sheetData><row r='1'><c r='A1' t='str'><v>&b;</v></c></row></sheetData>"
    "</worksheet>"
)
EXTERNAL = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
SHEET = "xl/worksheets/sheet1.xml"


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (b"", "t.csv", "EMPTY"),
        (b" \r\n\t", "t.csv", "EMPTY"),
        (b"\xef\xbb\xbf\n", "t.csv", "EMPTY"),
        (b"%PDF-1.7 ...", "t.xlsx", "NOT_A_SPREADSHEET"),
        (b"\x89PNG\r\n\x1a\n", "t.csv", "NOT_A_SPREADSHEET"),
        (b"\xff\xd8\xff\xe0", "t.xls", "NOT_A_SPREADSHEET"),
        (b"\x1f\x8b\x08\x00", "t.csv", "NOT_A_SPREADSHEET"),
        (b"MZ\x90\x00\x03" + bytes(100), "t.xlsx", "NOT_A_SPREADSHEET"),
        (b"<html><p>Please log in</p></html>", "t.html", "NOT_A_SPREADSHEET"),
        (b"<html><p>Please log in</p></html>", "t.xls", "HTML_AS_XLS"),
        (b"MIME-Version: 1.0\nContent-Type: multipart/related", "t.xls", "HTML_AS_XLS"),
        (b'<?xml version="1.0"?><data/>', "t.xml", "UNSUPPORTED_FORMAT"),
        (b'{"a": 1}', "t.json", "UNSUPPORTED_FORMAT"),
        (EXTERNAL.encode() + b"<html><table><tr><td>&e;</table>", "t.xls", "UNSAFE_XML"),
        (b"a,b\n1,\x002\n", "t.csv", "NOT_TEXT"),
        (bytes(5000), "t.csv", "NOT_TEXT"),
        (bytes(range(128, 256)) * 9 + bytes(range(1, 32)) * 40, "t.csv", "NOT_TEXT"),
        (b'a,b\n1,2\n3,"4\n', "t.csv", "UNPARSEABLE"),
        (b"a,b\n1," + b"x" * 2_000_000 + b"\n", "t.csv", "FIELD_TOO_LARGE"),
        (b",".join(b"c%d" % i for i in range(20_000)) + b"\n", "t.csv", "TOO_MANY_COLUMNS"),
        (bytes(51 * 2**20), "t.csv", "TOO_LARGE_UNCOMPRESSED"),
        (ole("EncryptedPackage", "EncryptionInfo"), "t.xlsx", "ENCRYPTED"),
        (ole("WordDocument"), "t.doc", "NOT_A_SPREADSHEET"),
        (ole("Workbook"), "t.xls", "CORRUPT"),
        (ole("Something"), "t.msg", "UNSUPPORTED_FORMAT"),
        (b"PK\x03\x04 and nothing more", "t.xlsx", "CORRUPT"),
        (workbook()[:3000], "t.xlsx", "CORRUPT"),
        (archive({"word/document.xml": "<w/>", "[Content_Types].xml": "<T/>"}), "t.docx", None),
        (archive({"mimetype": "application/vnd.oasis.opendocument.text"}), "t.odt", None),
        (archive({"a.csv": "a,b\n1,2\n", "../b.csv": "a"}), "t.zip", "UNSAFE_ARCHIVE"),
        (archive({"/etc/b.csv": "a"}), "t.zip", "UNSAFE_ARCHIVE"),
        (archive({"C:\\b.csv": "a"}), "t.zip", "UNSAFE_ARCHIVE"),
        (archive({"in.zip": archive({"a.csv": "a,b\n"})}), "t.zip", "UNSAFE_ARCHIVE"),
        (archive({f"{i}.csv": "" for i in range(2001)}), "t.zip", "UNSAFE_ARCHIVE"),
        (archive({"a.csv": b"0" * 20_000_000}, packed=True), "t.zip", "TOO_LARGE_UNCOMPRESSED"),
        (archive({"a.pdf": b"%PDF", "b.pdf": b"%PDF"}), "t.zip", "NOT_A_SPREADSHEET"),
        (archive({}), "t.zip", "EMPTY"),
        (workbook_with(SHEET, LAUGHS), "t.xlsx", "UNSAFE_XML"),
        (workbook_with("xl/workbook.xml", EXTERNAL + "<workbook/>"), "t.xlsx", "UNSAFE_XML"),
        (workbook_with(SHEET, b"0" * 100_000_000), "t.xlsx", "TOO_LARGE_UNCOMPRESSED"),
        (workbook_with(SHEET, "<worksheet><sheetData>"), "t.xlsx", "CORRUPT"),
        (workbook_with("xl/workbook.xml", "<workbook/>"), "t.xlsx", "EMPTY"),
        (
            archive({"mimetype": "application/vnd.oasis.opendocument.spreadsheet"})[:-1],
            "t.ods",
            "CORRUPT",
        ),
    ],
)
def test_refusals(content, name, code):
    assert refused(content, name).code == (code or "NOT_A_SPREADSHEET")


def test_a_password_on_an_archive_is_told_apart_from_damage():
    content = bytearray(archive({"a.csv": "a,b\n1,2\n"}))
    content[content.index(b"PK\x01\x02") + 8] |= 1
    assert refused(bytes(content), "t.zip").code == "ENCRYPTED"


def test_a_password_on_an_opendocument_workbook():
    members: dict[str, bytes | str] = {
        "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
        "content.xml": b"\x00\x01",
        "META-INF/manifest.xml": "<manifest><encryption-data/></manifest>",
    }
    assert refused(archive(members), "t.ods").code == "ENCRYPTED"


def test_too_many_columns_in_a_workbook():
    cells = "".join(f'<c r="{letters(i)}1"><v>1</v></c>' for i in range(2001))
    sheet = f'<worksheet><sheetData><row r="1">{cells}</row></sheetData></worksheet>'
    assert refused(workbook_with(SHEET, sheet)).code == "TOO_MANY_COLUMNS"


def test_too_many_sheets():
    sheets = "".join(f'<sheet name="s{i}" r:id="rId1"/>' for i in range(301))
    book = f'<workbook xmlns:r="r"><sheets>{sheets}</sheets></workbook>'
    assert refused(workbook_with("xl/workbook.xml", book)).code == "TOO_LARGE_DIMENSIONS"


def test_an_opendocument_table_that_repeats_itself_without_end():
    cell = (
        '<table:table-cell table:number-columns-repeated="1000" office:value-type="float" '
        'office:value="1"/>'
    )
    content = (
        '<d xmlns:office="o" xmlns:table="t"><table:table>'
        f'<table:table-row table:number-rows-repeated="1000000">{cell}</table:table-row>'
        "</table:table></d>"
    )
    members = {
        "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
        "content.xml": content,
    }
    assert refused(archive(members), "t.ods").code == "TOO_LARGE_DIMENSIONS"


def test_the_refusal_of_a_member_names_the_member():
    assert refused(archive({"a.csv": b'a,b\n1,"2\n'}), "t.zip").file == "a.csv"


def test_no_refusal_shows_a_cell():
    found = refused(b'name,b\nMaria Secret,"2\n', "t.csv")
    assert "Secret" not in found.sentence()


def letters(at: int) -> str:
    text = ""
    at += 1
    while at:
        at, rest = divmod(at - 1, 26)
        text = chr(65 + rest) + text
    return text
