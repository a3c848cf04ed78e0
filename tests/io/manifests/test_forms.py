"""What a manifest is told by its first bytes: a file of another form is one error that names it, before any row."""

import gzip
import io
import json
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from layoutgen.io.manifests.forms import encoding_of
from layoutgen.io.manifests.manifest import ManifestError
from tests.io.manifests.test_manifest import HEAD, lines, read, written

ROWS = [{"product_id": f"p{i}", "image": "a.jpg", "title": f"夏日 {i}"} for i in range(3)]
LINES = lines(*ROWS)
CSV = HEAD + "".join(",".join(row.values()) + "\n" for row in ROWS)


def workbook(*names: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as packed:
        for name in names:
            packed.writestr(name, "x")
    return data.getvalue()


def parquet(rows: list[dict[str, str]]) -> bytes:
    data = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), data)
    return data.getvalue()


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
@pytest.mark.parametrize(
    ("content", "what"),
    [
        (gzip.compress(LINES.encode()), "is packed with gzip; unpack it"),
        (workbook("[Content_Types].xml", "xl/workbook.xml"), r"is an Excel workbook \(\.xlsx\); save the sheet as CSV"),
        (workbook("m.csv"), "is a zip archive; unpack it"),
        (parquet(ROWS), r"is Parquet; name it \.parquet"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "is an HTML page, as of an error"),
        (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "is XML; convert it"),
        (b"\x00\x01\x02\x00\x00\x05\x00" * 200, "holds NUL bytes"),
    ],
)
def test_packed_and_other_files_are_named(tmp_path: Path, suffix: str, content: bytes, what: str) -> None:
    with pytest.raises(ManifestError, match=what):
        read(written(tmp_path, f"m.{suffix}", content))


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [(f"utf-{bits}-{end}", mark) for bits in (16, 32) for end in ("le", "be") for mark in ("\ufeff", "")],
)
@pytest.mark.parametrize(("name", "content"), [("m.csv", CSV), ("m.jsonl", LINES)])
def test_wide_text_is_named_and_read_where_the_setting_says_so(
    tmp_path: Path, name: str, content: str, encoding: str, mark: str
) -> None:
    path = written(tmp_path, name, (mark + content).encode(encoding))
    with pytest.raises(
        ManifestError, match=f"is UTF-{encoding[4:6]} text, not utf-8; .* input.encoding = 'utf-"
    ) as caught:
        read(path)
    setting = str(caught.value).rpartition(" = ")[2].strip("'")
    assert read(path, encoding=setting)["title"].to_pylist() == [row["title"] for row in ROWS]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("gb18030", "夏日清爽碎花连衣裙女新款"),
        ("big5", "夏日清爽碎花連衣裙女新款"),
        ("shift_jis", "春の新作ワンピース レディース"),
        ("euc_kr", "여름 원피스 신상"),
        ("windows-1251", "Керамическая ваза ручной работы"),
        ("windows-1252", "Vase für Dämen, 5 €"),
    ],
)
def test_another_encoding_is_guessed_and_read_where_the_setting_says_so(
    tmp_path: Path, encoding: str, text: str
) -> None:
    row = {"product_id": "p1", "image": "a.jpg", "title": text}
    path = written(tmp_path, "m.csv", (HEAD + f'p1,a.jpg,"{text}"\n').encode(encoding))
    with pytest.raises(ManifestError, match=f"not UTF-8 .*looks like {encoding}: set input.encoding = '{encoding}'"):
        read(path)
    assert read(path, encoding=encoding)["title"].to_pylist() == [text]
    assert encoding_of(lines(row).encode(encoding)) == encoding
    assert read(written(tmp_path, "m.jsonl", lines(row).encode(encoding)), encoding=encoding)["title"].to_pylist() == [
        text
    ]


def test_lines_of_another_encoding_are_one_error_that_guesses_it(tmp_path: Path) -> None:
    path = written(tmp_path, "m.jsonl", LINES.encode("gb18030"))
    with pytest.raises(ManifestError, match=r"they look like gb18030: set input\.encoding = 'gb18030'"):
        read(path)
    assert len(read(path, encoding="gb18030")) == 3


def test_a_folder_named_like_a_file_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "m.parquet").mkdir()
    written(tmp_path / "m.parquet", "part-0.parquet", parquet(ROWS))
    with pytest.raises(ManifestError, match=r"is a folder of 1 files, such as .*/part-0\.parquet; name one of them"):
        read(tmp_path / "m.parquet")


def test_utf8_is_not_read_as_what_a_setting_says_by_mistake(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="is UTF-8 text, not gb18030"):
        read(written(tmp_path, "m.csv", CSV), encoding="gb18030")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (json.dumps(ROWS), "is one JSON array; write one object a line"),
        (json.dumps(ROWS, indent=2), "is one JSON array"),
        ("[]", "is one JSON array"),
        (json.dumps(ROWS[0], indent=1), "has JSON objects over several lines"),
        ("\n".join(json.dumps(row, indent=1) for row in ROWS), "has JSON objects over several lines"),
        (json.dumps({"products": ROWS * 900}, indent=1), "has JSON objects over several lines"),
        (json.dumps({"products": ROWS}), "lacks the columns product_id"),
        (
            "".join(f"{json.dumps(row)},\n" for row in ROWS),
            "3 of its first 3 rows are no rows of its columns, such as row 1",
        ),
        (CSV, r"is CSV \(its first line is 'product_id,image,title'\); name it \.csv"),
        (CSV.replace(",", ";"), r"is CSV .* name it \.csv"),
    ],
)
def test_json_that_is_not_one_object_a_line_is_named(tmp_path: Path, content: str, what: str) -> None:
    with pytest.raises(ManifestError, match=what):
        read(written(tmp_path, "m.jsonl", content))


@pytest.mark.parametrize("content", [LINES, json.dumps(ROWS), json.dumps(ROWS, indent=1)])
def test_json_named_csv_is_named(tmp_path: Path, content: str) -> None:
    with pytest.raises(ManifestError, match=r"is JSON; write one object a line and name it \.jsonl"):
        read(written(tmp_path, "m.csv", content))


def test_lines_parted_by_carriage_returns_are_lines(tmp_path: Path) -> None:
    for name, content in (("m.jsonl", LINES), ("m.csv", CSV)):
        assert len(read(written(tmp_path, name, content.replace("\n", "\r")))) == 3


def test_a_last_line_that_ends_in_the_middle_is_a_file_cut_short(tmp_path: Path) -> None:
    for end in range(1, len(LINES.splitlines()[-1].encode())):
        with pytest.raises(ManifestError, match="line 3, the last, ends in the middle of an object"):
            read(written(tmp_path, "m.jsonl", LINES.encode()[: -1 - end]))
        if end > 40:
            break
    assert len(read(written(tmp_path, "m.jsonl", LINES[:-1]))) == 3


def test_a_file_of_mostly_broken_lines_is_refused_and_one_with_some_is_not(tmp_path: Path) -> None:
    good = lines(*ROWS) * 7
    assert len(read(written(tmp_path, "m.jsonl", good + "broken\n" * 19))) == 40
    with pytest.raises(
        ManifestError, match=r'22 of its first 43 rows are no rows of its columns, such as row 22, "broken"'
    ):
        read(written(tmp_path, "m.jsonl", good + "broken\n" * 22))
    with pytest.raises(ManifestError, match=r"1,200 of its first 6,200 rows"):
        read(written(tmp_path, "m.jsonl", LINES.splitlines(keepends=True)[0] * 5000 + "broken\n" * 1200))


def test_a_parquet_file_that_is_cut_encrypted_or_damaged_is_one_error(tmp_path: Path) -> None:
    whole = parquet(ROWS * 100)
    for content in (whole[:-6], whole[: len(whole) // 2], b"", b"PARE" + whole[4:-4] + b"PARE", gzip.compress(whole)):
        with pytest.raises(ManifestError, match=r"cut short|encrypted|gzip|not a readable Parquet"):
            read(written(tmp_path, "m.parquet", content))
    with pytest.raises(ManifestError, match="not a readable Parquet file after its row 0"):
        read(written(tmp_path, "name.parquet", whole.replace(b"title", b"tit\xc8e")))
    table = pa.table({"product_id": ["1"], "image": ["a.jpg"], "title": pa.array([b"\xff\xfe"]).view(pa.string())})
    pq.write_table(table, tmp_path / "bad.parquet")
    with pytest.raises(ManifestError, match="not a readable Parquet file after its row 0"):
        read(tmp_path / "bad.parquet")
