"""Documents made for the tests, byte by byte where no library of ours writes them."""

from __future__ import annotations

import io

import docx
from PIL import Image
from pypdf import PdfReader, PdfWriter


def pdf(*pages: list[str], outline: dict[str, int] | None = None, password: str = "") -> bytes:
    """Return a PDF with a page for each list of lines."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b""]
    objects.append(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    kids = []
    for lines in pages:
        drawn = "".join(f"({line.translate(ESCAPES)}) Tj T*\n" for line in lines)
        content = f"BT /F1 11 Tf 14 TL 72 770 Td\n{drawn}ET".encode("latin-1")
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content))
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents %d 0 R "
            b"/Resources << /Font << /F1 3 0 R >> >> >>" % len(objects)
        )
        kids.append(b"%d 0 R" % len(objects))
    objects[1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join(kids), len(kids))
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, each in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    begins = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (
        len(objects) + 1,
        begins,
    )
    if not (outline or password):
        return bytes(out)
    writer = PdfWriter(PdfReader(io.BytesIO(bytes(out))))
    for title, page in (outline or {}).items():
        writer.add_outline_item(title=title, page_number=page - 1)
    if password:
        writer.encrypt(password, algorithm="AES-256")
    return _written(writer)


def scanned_pdf() -> bytes:
    """Return a PDF whose only page is a picture."""
    out = io.BytesIO()
    Image.new("L", (200, 280), 230).save(out, "PDF")
    return out.getvalue()


def blank_pdf() -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(200, 200)
    return _written(writer)


def word(*parts: tuple[str, str] | list[list[str]]) -> bytes:
    """Return a Word document of (style, text) and tables."""
    document = docx.Document()
    for part in parts:
        if isinstance(part, tuple):
            document.add_paragraph(part[1], style=part[0])
        else:
            table = document.add_table(len(part), len(part[0]))
            for row, cells in zip(table.rows, part, strict=True):
                for cell, text in zip(row.cells, cells, strict=True):
                    cell.text = text
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


ESCAPES = str.maketrans({"(": r"\(", ")": r"\)", "\\": r"\\"})


def _written(writer: PdfWriter) -> bytes:
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()
