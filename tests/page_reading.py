"""A page's HTML read back: its elements with attributes and text, and what is wrong with it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Self

VOID = {"meta", "link", "br", "hr"}


@dataclass(slots=True)
class Element:
    """One element, with all text inside it."""

    tag: str
    attributes: dict[str, str | None]
    parent: "Element | None" = None
    children: list["Element"] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return " ".join("".join(self.texts).split())

    def within(self) -> Iterator["Element"]:
        for child in self.children:
            yield child
            yield from child.within()

    def all(self, tag: str, **attributes: str) -> list["Element"]:
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        return [each for each in self.within() if each.tag == tag and wanted.items() <= each.attributes.items()]

    def one(self, tag: str, **attributes: str) -> "Element":
        found = self.all(tag, **attributes)
        assert len(found) == 1, f"{len(found)} of {tag} {attributes}"
        return found[0]

    def fact(self, name: str) -> str:
        """The description of a term."""
        (row,) = [each for each in self.all("div") if each.children and each.children[0].text == name]
        return row.one("dd").text

    def rows(self) -> list[list[str]]:
        """The cells of a table's body."""
        body = self.one("tbody")
        return [[cell.text for cell in row.children] for row in body.all("tr")]


class PageReader(HTMLParser):
    """Fails where an element is not closed by its own end."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self.at = self.root

    @classmethod
    def read(cls, text: str) -> Element:
        reader: Self = cls()
        reader.feed(text)
        reader.close()
        assert reader.at is reader.root, f"{reader.at.tag} is not closed"
        return reader.root

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(attrs) == len({name for name, _ in attrs}), f"{tag} repeats an attribute"
        element = Element(tag, dict(attrs), self.at)
        self.at.children.append(element)
        if tag not in VOID:
            self.at = element

    def handle_endtag(self, tag: str) -> None:
        assert self.at.tag == tag, f"</{tag}> ends {self.at.tag}"
        assert self.at.parent is not None
        self.at = self.at.parent

    def handle_data(self, data: str) -> None:
        element: Element | None = self.at
        while element is not None:
            element.texts.append(data)
            element = element.parent


def faults(page: Element) -> list[str]:
    """What makes a page hard to use without eyes, or unsafe."""
    found = []
    ids = [each.attributes["id"] for each in page.within() if "id" in each.attributes]
    found += [f"id {name} stands twice" for name in set(ids) if ids.count(name) > 1]
    for each in page.within():
        for name, value in each.attributes.items():
            if name.startswith("on") or name == "style":
                found.append(f"{each.tag} has {name}")
            if name in {"aria-labelledby", "aria-describedby"}:
                found += [f"{name} {word} is nowhere" for word in (value or "").split() if word not in ids]
        href = each.attributes.get("href") or ""
        if href.startswith("#") and href[1:] not in ids:
            found.append(f"link to {href} leads nowhere")
    scripts = [each.attributes.get("src") for each in page.all("script")]
    if scripts != ["/page.js"] or page.one("script").text:
        found.append(f"scripts {scripts}")
    for table in page.all("table"):
        if not (table.all("caption") and table.one("caption").text):
            found.append("a table without a caption")
        found += [f"{head.text!r} has no scope" for head in table.all("th") if "scope" not in head.attributes]
    for picture in page.all("svg"):
        if picture.attributes.get("aria-hidden") != "true" and not (picture.all("title") and picture.all("desc")):
            found.append("a picture without words")
    return found
