"""No record of a CSV is lost unsaid: what can't be parted with certainty is refused, a bad row is a row of its own."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layoutgen.io.manifests.manifest import ManifestError
from tests.io.manifests.test_manifest import HEAD, planned, read, written

WIDE = "product_id,image,title,description\n"


def wide(*changed: tuple[int, str]) -> str:
    rows = [f"p{i},vase.jpg,Vase {i},nice" for i in range(8)]
    for number, row in changed:
        rows[number] = row
    return WIDE + "\n".join(rows) + "\n"


def refusal(path: Path, **options: str) -> str:
    with pytest.raises(ManifestError) as caught:
        read(path, **options)
    message = str(caught.value)
    assert ";" in message or ": save it" in message
    assert "\n" not in message
    return message


SWALLOWS = {
    "opens a quote that never closes": [
        {2: 'p2,vase.jpg,Vase 2,"40 cm high'},
        {2: 'p2,vase.jpg,"Vase ""tall"",nice'},
    ],
    "opens a quote that closes 3 lines below, within a field": [
        {2: 'p2,v.jpg,Vase,"40 cm', 5: 'p5,v.jpg,Vase,"50 cm"'}
    ],
    "opens a quote that closes 3 lines below, over other rows": [{2: 'p2,v.jpg,Vase,"40 cm', 5: 'p5,v.jpg,Vase,nice"'}],
    "opens a quote that closes 1 lines below, over other rows": [{2: 'p2,v.jpg,Vase,"40 cm', 3: 'p3,v.jpg,Vase,nice"'}],
    "opens a quote that closes 2 lines below, over other rows": [{2: 'p2,v.jpg,"Vase', 4: 'p4,vase.jpg,Vase",nice'}],
}


@pytest.mark.parametrize(("what", "changed"), [(what, rows) for what, tries in SWALLOWS.items() for rows in tries])
def test_a_quote_that_swallows_rows_refuses_the_file(tmp_path: Path, what: str, changed: dict[int, str]) -> None:
    assert f"row 3 {what}" in refusal(written(tmp_path, "m.csv", wide(*changed.items())))


def test_a_quote_that_closes_too_early_is_that_rows_fault_alone(tmp_path: Path) -> None:
    work = planned(written(tmp_path, "m.csv", wide((2, 'p2,vase.jpg,"Vase 12" tall,nice'))))
    assert work.rows_in == 8
    (failed,) = work.failed.to_pylist()
    assert failed["error"]["message"] == (
        r'row 3: "p2,vase.jpg,\"Vase 12\" tall,nice" has a quoted field that closes too early; double the quotes that '
        "are text"
    )


def test_quoted_fields_over_several_lines_and_inch_marks_are_read(tmp_path: Path) -> None:
    table = read(
        written(tmp_path, "m.csv", wide((2, 'p2,vase.jpg,Vase 12",'), (3, 'p3,a.jpg,V,"soft, thin,\n\nand ""light"""')))
    )
    assert table["title"].to_pylist()[2] == 'Vase 12"'
    assert table["description"].to_pylist()[2:4] == [None, 'soft, thin,\n\nand "light"']


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_another_delimiter_is_named_and_read_where_the_setting_says_so(tmp_path: Path, delimiter: str) -> None:
    names = ["product_id", "image", "title", "price"]
    path = written(
        tmp_path, "m.csv", "".join(delimiter.join(row) + "\n" for row in (names, ["p1", "a.jpg", "x, y", "12,50"]))
    )
    message = refusal(path)
    assert "parted by" in message
    assert f"set input.delimiter = {json.dumps(delimiter)}" in message
    (row,) = read(path, delimiter=delimiter).to_pylist()
    assert (row["title"], row["price"]) == ("x, y", "12,50")


@pytest.mark.parametrize("first", ["sep=;\n", "ID;Bild;Name\n"])
def test_a_single_column_that_holds_delimiters_is_told_so(tmp_path: Path, first: str) -> None:
    assert "parted by ';'" in refusal(written(tmp_path, "m.csv", first + "product_id;image;title\n1;a.jpg;x\n"))


def test_a_line_that_names_the_delimiter_is_no_header(tmp_path: Path) -> None:
    path = written(tmp_path, "m.csv", "sep=;\nproduct_id;image;title\n1;a.jpg;x\n")
    assert len(read(path, delimiter=";")) == 1


def test_rows_with_another_delimiter_than_the_header_are_one_error(tmp_path: Path) -> None:
    assert "30 of its first 30 rows are no rows" in refusal(written(tmp_path, "m.csv", HEAD + "p;a.jpg;x\n" * 30))


def test_nameless_columns_are_none_where_they_are_empty(tmp_path: Path) -> None:
    table = read(written(tmp_path, "m.csv", "product_id,image,title,, ,\np0,a.jpg,x,,,\np1,a.jpg,x, ,,\n"))
    assert table.column_names == ["input_row", "product_id", "image", "title"]
    message = refusal(written(tmp_path, "m.csv", "product_id,image,title,,\np0,a.jpg,x,,\np1,a.jpg,x,x,\n"))
    assert "column 4 has no name, but row 2 has 'x' there" in message
    message = refusal(written(tmp_path, "m.csv", ",product_id,image,title\n0,p0,a.jpg,x\n"))
    assert "column 1 has no name, but row 1 has '0' there" in message


def test_a_header_of_thousands_of_columns_is_refused_in_a_short_sentence(tmp_path: Path) -> None:
    path = written(tmp_path, "m.csv", "product_id,image," + ",".join(f"p{i},p{i}" for i in range(3000)) + "\n")
    message = refusal(path)
    assert "lacks the columns title (or copies)" in message
    assert "has the column 'p0' twice" in message
    assert len(message) < 700


def test_a_name_over_two_lines_is_one(tmp_path: Path) -> None:
    assert (
        "my note" in read(written(tmp_path, "m.csv", 'product_id,image,title,"my\nnote"\np,a.jpg,x,y\n')).column_names
    )


def test_a_delimiter_at_each_lines_end_and_rows_without_a_value_are_nothing(tmp_path: Path) -> None:
    work = planned(written(tmp_path, "m.csv", HEAD + "p0,a.jpg,x,\n,,\np1,a.jpg,y,,,\n   \n,,,\n"))
    assert (work.rows_in, len(work.failed)) == (2, 0)


@pytest.mark.parametrize("header", ["  , ,\n", " \n"])
def test_a_header_of_spaces_is_no_header(tmp_path: Path, header: str) -> None:
    assert "no names in its first row" in refusal(written(tmp_path, "m.csv", header + "p0,a.jpg,x\n"))


def test_a_field_of_megabytes_is_read(tmp_path: Path) -> None:
    story = "<p>long story</p>" * 200_000
    table = read(written(tmp_path, "m.csv", wide((4, f'p4,vase.jpg,Vase 4,"{story}"'))))
    assert table["description"].to_pylist()[4] == story


def test_a_record_that_ends_in_the_middle_is_a_file_cut_short(tmp_path: Path) -> None:
    cut = wide()[: -len(",nice\n")]
    assert "row 8 is the last one and ends after 3 of 4 columns" in refusal(written(tmp_path, "m.csv", cut))
    work = planned(written(tmp_path, "m.csv", wide((1, "p1,vase.jpg,short"))[: -len(",nice\n")]))
    assert work.rows_in == 8, "where other rows are as short, the last is no worse"


def test_a_nul_byte_is_its_rows_fault(tmp_path: Path) -> None:
    work = planned(written(tmp_path, "m.csv", wide((2, "p2,vase.jpg,Va\0se,nice"))))
    assert (work.rows_in, len(work.failed)) == (8, 1)


_FIELD = st.text(st.sampled_from('ab,"\n\r;é '), max_size=6)


@given(st.lists(st.lists(_FIELD, min_size=2, max_size=2), min_size=1, max_size=6), st.sampled_from(["\n", "\r\n"]))
def test_what_a_writer_quotes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, own: list[list[str]], end: str
) -> None:
    folder = tmp_path_factory.getbasetemp()
    quoted = [["p" + str(i), "a.jpg", "x", *fields] for i, fields in enumerate(own)]
    text = "".join(
        ",".join('"' + field.replace('"', '""') + '"' for field in fields) + end
        for fields in (["product_id", "image", "title", "one", "two"], *quoted)
    )
    table = read(written(folder, "quoted.csv", text))
    assert [[row["one"] or "", row["two"] or ""] for row in table.to_pylist()] == own
