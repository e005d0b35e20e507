"""Makes real documents: a PDF, a PNG and a JSON file, each valid for its readers."""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Document:
    """A document to store: `key` names the object, `kind` is its content type.

    `metadata` is the object's user metadata, which the ingest function validates.
    """

    key: str
    kind: str
    body: bytes
    metadata: dict[str, str] = field(default_factory=dict)


def documents(prefix: str, count: int) -> list[Document]:
    """`count` documents of mixed kinds below `prefix`; the same arguments make the same bytes."""
    made = []
    for number in range(count):
        title = f"{prefix} {number}"
        name = f"{prefix}/{number:04d}"
        maker = (_pdf_document, _png_document, _json_document)[number % 3]
        made.append(maker(name, title, number))
    return made


def invalid_documents(prefix: str) -> dict[str, Document]:
    """One document a reason for which the ingest function refuses it; by the reason's code."""
    body = b"not what it says"
    return {
        "empty": Document(f"{prefix}/empty.pdf", "application/pdf", b""),
        "content-type-refused": Document(f"{prefix}/run.bin", "application/x-msdownload", body),
        "content-type-mismatch": Document(f"{prefix}/scan.pdf", "image/png", body),
        "checksum-malformed": Document(
            f"{prefix}/sum.txt", "text/plain", body, {"sha256": "not a checksum"}
        ),
        "date-malformed": Document(
            f"{prefix}/date.txt", "text/plain", body, {"document-date": "31.01.2025"}
        ),
    }


def _pdf_document(name: str, title: str, _number: int) -> Document:
    return Document(f"{name}.pdf", "application/pdf", pdf(title))


def _png_document(name: str, _title: str, number: int) -> Document:
    return Document(f"{name}.png", "image/png", png(24 + number % 8, number))


def _json_document(name: str, title: str, number: int) -> Document:
    body = json.dumps({"title": title, "pages": number, "currency": "EUR"}, indent=2)
    return Document(f"{name}.json", "application/json", body.encode())


def pdf(title: str) -> bytes:
    """A PDF 1.4 file of one page that shows `title` (printable ASCII)."""
    content = f"BT /F1 24 Tf 72 720 Td ({title}) Tj ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R %s>>"
        % b"/Resources << /Font << /F1 5 0 R >> >> ",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out, offsets = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\n" % (len(objects) + 1)
    return bytes(out + b"startxref\n%d\n%%%%EOF\n" % start)


def png(size: int, seed: int) -> bytes:
    """A square RGB image of `size` pixels a side."""
    rows = b"".join(
        b"\0" + bytes((x * 7 + y * seed + c * 85) % 256 for x in range(size) for c in range(3))
        for y in range(size)
    )
    header = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
