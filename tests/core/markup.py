"""What the tests of pages look at: the tags, attributes and text of HTML, and a string that tries to be some."""

from html.parser import HTMLParser

NASTY = """<script>alert('x')</script>"><img src=x onerror="y"> & 'quotes' </figure>"""


class Page(HTMLParser):
    """The tags, attributes and text of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.values, self.words, self.open, self.scripts = [], [], [], [], 0
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.values += [value for _, value in attrs if value is not None]
        assert not [name for name, _ in attrs if name.startswith("on")]
        if tag not in ("meta", "img", "input", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)
