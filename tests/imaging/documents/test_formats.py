import pytest

from layoutgen.core.errors import Refusal
from layoutgen.core.layout import Canvas
from layoutgen.imaging.documents import formats, needed
from tests.imaging.documents import pages


@pytest.mark.parametrize("name", ["svg", "pptx", "psd"])
def test_documents_are_formats_like_pictures(name):
    assert not formats.FORMATS[name].is_raster
    assert formats.version(name).startswith(f"{name}-")
    assert formats.write(pages.page(Canvas(200, 200)), name)


@pytest.mark.parametrize("name", ["pptx", "psd"])
def test_a_format_whose_package_is_missing_is_refused_before_any_work(name, monkeypatch):
    monkeypatch.setattr(needed, "find_spec", lambda module: None)
    with pytest.raises(Refusal, match=r"layoutgen\[files\]"):
        formats.version(name)
    assert formats.version("svg")
