"""XML from strangers: no document type, no entities of its own, bounded depth and size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

MAX_DEPTH = 50
MAX_NODES = 5_000
MAX_TEXT = 4_000  # characters of one element


class XmlRefused(Exception):
    """The text is no XML, or more than a camera has any reason to send."""


@dataclass(slots=True)
class Node:
    """An element: its name without namespace, its attributes, its text, what is in it."""

    name: str
    attributes: dict[str, str]
    text: str = ""
    children: list[Node] = field(default_factory=list)

    def walk(self) -> Iterator[Node]:
        """Give the element and all below it, in the order of the text."""
        yield self
        for child in self.children:
            yield from child.walk()

    def all(self, name: str) -> list[Node]:
        """Every element of that name, here or below."""
        return [node for node in self.walk() if node.name == name]

    def find(self, *names: str) -> Node | None:
        """The first element of the last name below the first of the one before, and so on."""
        node: Node | None = self
        for name in names:
            node = next((one for one in node.walk() if one.name == name), None) if node else None
        return node

    def value(self, *names: str) -> str:
        """The text of that element; empty when there is none."""
        node = self.find(*names)
        return node.text.strip() if node else ""


class _Reader:
    def __init__(self) -> None:
        self.root: Node | None = None
        self._open: list[Node] = []
        self._count = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > MAX_NODES or len(self._open) >= MAX_DEPTH:
            raise XmlRefused
        node = Node(_local(name), {_local(key): value for key, value in attributes.items()})
        if self._open:
            self._open[-1].children.append(node)
        else:
            self.root = node
        self._open.append(node)

    def end(self, _name: str) -> None:
        self._open.pop()

    def text(self, text: str) -> None:
        node = self._open[-1]
        node.text += text
        if len(node.text) > MAX_TEXT:
            raise XmlRefused


def read_xml(data: bytes) -> Node:
    """Read the root element; ``XmlRefused`` for what is no harmless XML."""
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator="|")
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    parser.ExternalEntityRefHandler = _refuse
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError, LookupError):
        raise XmlRefused from None
    if reader.root is None:
        raise XmlRefused
    return reader.root


def _refuse(*_: object) -> int:
    raise XmlRefused


def _local(name: str) -> str:
    return name.rpartition("|")[2]
