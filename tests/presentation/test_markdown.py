"""Markdown of organisers: whatever they write, the page gets no script, no style, no picture and no foreign element.

Class of bug: a text of one person that acts in the browser of another. Its members are the ways into HTML: raw HTML,
addresses of links, pictures, attributes, entities, and broken elements.
"""

from __future__ import annotations

import re

import pytest

from holdfast.presentation.markdown import first_sentence, plain_text, safe_html

ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<iframe src='https://evil.example'></iframe>",
    "<style>*{display:none}</style>",
    "<a href='javascript:alert(1)'>x</a>",
    "<div style='position:fixed;inset:0'>x</div>",
    "<form action='https://evil.example'><input name=password></form>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](java\nscript:alert(1))",
    "[x](vbscript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](file:///etc/passwd)",
    "<javascript:alert(1)>",
    "![x](https://evil.example/pixel.gif)",
    "![x](javascript:alert(1))",
    '[x](https://example.org "" onmouseover="alert(1)")',
    "[x]: javascript:alert(1)\n\n[x]",
    "`<script>alert(1)</script>`",
    "```html\n<script>alert(1)</script>\n```",
    '```" onload="alert(1)\nx\n```',
    "<<script>script>alert(1)<</script>/script>",
    "<!-- --!> <script>alert(1)</script> -->",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
]

_ELEMENT = re.compile(r"<(/?)([a-z0-9]+)([^>]*)>")
_ALLOWED = {
    *(
        "a",
        "blockquote",
        "br",
        "code",
        "em",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "li",
        "ol",
        "p",
        "pre",
        "strong",
        "ul",
    )
}


@pytest.mark.parametrize("text", ATTACKS)
def test_no_text_brings_an_element_or_an_address_that_acts(text: str) -> None:
    made = safe_html(text)
    for _, name, attributes in _ELEMENT.findall(made):
        assert name in _ALLOWED
        for attribute in re.findall(r"([a-z-]+)=", attributes.partition("href=")[0]):
            assert attribute in {"title", "rel", "start"}
        assert " on" not in re.sub(r'"[^"]*"', '""', attributes)
    assert not re.search(r'href="(?!https?:|mailto:|tel:)', made)
    assert made.count("<") == len(_ELEMENT.findall(made))


def test_a_link_says_that_somebody_else_wrote_it() -> None:
    assert safe_html("[us](https://example.org)") == (
        '<p><a href="https://example.org" rel="nofollow ugc noopener">us</a></p>\n'
    )


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ("# A\n\n## B\n\n# C", ["h3", "h4", "h3"]),
        ("### A\n\n#### B", ["h3", "h4"]),
        ("A\n=\n\nB\n-", ["h3", "h4"]),
        ("# A\n\n###### B", ["h3", "h6"]),
    ],
)
def test_headings_stand_below_those_of_the_page(text: str, levels: list[str]) -> None:
    assert re.findall(r"<(h\d)>", safe_html(text)) == levels


def test_usual_marks_are_kept() -> None:
    made = safe_html("A *b* **c** `d`\n\n- e\n- f\n\n3. g\n\n> h\n\n---")
    for part in (
        "<em>b</em>",
        "<strong>c</strong>",
        "<code>d</code>",
        "<ul>",
        "<li>e</li>",
        '<ol start="3">',
        "<hr>",
    ):
        assert part in made


def test_a_summary_has_the_words_alone_and_ends_at_one() -> None:
    text = "# Jazz\n\nWith *Ada* and [Bob](https://example.org).\nAt seven. <b>x</b>"
    assert plain_text(text, limit=200) == "Jazz With Ada and Bob. At seven. <b>x</b>"
    assert plain_text(text, limit=21) == "Jazz With Ada and…"
    assert plain_text("", limit=20) == ""


def test_a_text_that_nests_without_end_is_read() -> None:
    for part in ("> ", "- ", "[", "*a ", "`"):
        text = (part * 10_000)[:10_000]
        assert safe_html(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", ""),
        ("# A title alone", ""),
        ("## The band\n\nPlays *loud* <b>jazz</b> all night. And more.", "Plays loud <b>jazz</b> all night."),
        ("An evening with Dr. Ada and St. Just. Then supper.", "An evening with Dr. Ada and St. Just."),
        ("Doors open at 19.30 sharp! Come early.", "Doors open at 19.30 sharp!"),
        ("Without an end", "Without an end"),
        ("- The first of a [list](https://a.example)\n- The second", "The first of a list"),
        ("> A word of ours\n> in two lines. More.", "A word of ours in two lines."),
        ("夜の音楽会です。その後、夕食。", "夜の音楽会です。"),
        ("word " * 40, "word " * 26 + "word…"),
        ("One paragraph\n\nAnother one.", "One paragraph"),
    ],
)
def test_a_list_shows_the_first_sentence_below_the_titles(text: str, says: str) -> None:
    assert first_sentence(text, limit=140) == says
