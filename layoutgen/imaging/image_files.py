"""What bytes look like: an image format, another kind of file, and whether it ends before its format says."""

READABLE = ("JPEG", "PNG", "WebP", "GIF", "BMP", "TIFF", "AVIF")
OTHER_IMAGES = ("HEIC", "SVG", "Photoshop", "JPEG XL", "JPEG 2000", "icon")
_SIGNATURES = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"BM", "BMP"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"8BPS", "Photoshop"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\x00\x00\x00\x0cJXL ", "JPEG XL"),
    (b"\x00\x00\x00\x0cjP  ", "JPEG 2000"),
    (b"\x00\x00\x01\x00", "icon"),
    (b"%PDF", "PDF"),
    (b"PK\x03\x04", "ZIP archive"),
    (b"\x1f\x8b", "gzip"),
)
_AVIF, _HEIC = {b"avif", b"avis"}, {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}


def looks_like(data: bytes) -> str:
    """Name what bytes look like: an image format, HTML, JSON, XML, text, empty, … or unknown bytes."""
    if not data:
        return "empty file"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    if data[4:8] == b"ftyp":
        return _brand(data)
    for signature, name in _SIGNATURES:
        if data.startswith(signature):
            return name
    return _text_like(data[:4096])


def _brand(data: bytes) -> str:
    """What a file of ISO boxes is, by its own brand; where that names only the container, by those it is fit for."""
    end = min(max(16, int.from_bytes(data[:4], "big")), 256)
    major, fit_for = data[8:12], {data[at : at + 4] for at in range(16, end, 4)}
    if major in _AVIF or (major in {b"mif1", b"msf1"} and fit_for & _AVIF):
        return "AVIF"
    return "HEIC" if major in _HEIC else "video"


def _text_like(head: bytes) -> str:
    text = head.decode("utf-8-sig", errors="ignore").lstrip()
    lower = text[:2048].lower()
    if lower.startswith("<") and "<svg" in lower:
        return "SVG"
    if lower.startswith(("<!doctype html", "<html", "<head", "<body")):
        return "HTML"
    if lower.startswith("<"):
        return "XML"
    if lower.startswith(("{", "[")):
        return "JSON"
    if len(text) >= len(head) // 4 and all(char.isprintable() or char in "\r\n\t\u3000" for char in text[:512]):
        return "text"
    return f"unknown bytes ({head[:8].hex(' ')})"


def is_cut_off(data: bytes, name: str) -> bool:
    """Tell whether a file of the format `name` ends before its format says it does."""
    tail = data[-64:]
    ends = {
        "JPEG": b"\xff\xd9" in tail,
        "PNG": b"IEND" in tail,
        "GIF": tail.rstrip(b"\x00").endswith(b";"),
        "WebP": len(data) >= 8 + int.from_bytes(data[4:8], "little"),
        "BMP": len(data) >= int.from_bytes(data[2:6], "little"),
        "AVIF": not _last_box_is_short(data),
    }
    return not ends.get(name, True)


def _last_box_is_short(data: bytes) -> bool:
    at = 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if size < 8:  # 0: to the end of the file; 1: a 64-bit size, which no product photo has
            return False
        at += size
    return at != len(data)
