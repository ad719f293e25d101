"""Edits of a YAML text that leave every byte alone that they do not mean."""

import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from astro_sync.formats.yaml_tree import Node, Scalar, YamlFile, YamlList, YamlMap

# what every reader of YAML 1.1 and 1.2 takes for a text without quotes
_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*")
_OTHER_TYPES: Final = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_STEP: Final = 2
# what an edit within a line has for the order of whole lines
_NO_LINES: Final = 1


class _Edit(NamedTuple):
    """What stands between two places of the text; of several lines at one place the inner ones come first."""

    start: int
    end: int
    outwards: int
    new: str


class YamlEdits:
    """Collect edits of one file, in any order; `apply` returns the new bytes."""

    def __init__(self, file: YamlFile) -> None:
        self._text = file.text
        self._newline = "\r\n" if "\r\n" in file.text else "\n"
        self._edits: list[_Edit] = []

    def replace(self, node: Node, value: object) -> None:
        """Put a value in the place of a node, in one line."""
        blank = " " if node.start == node.end else ""
        # a block scalar ends behind its last line
        tail = (
            "\n"
            if not isinstance(node, YamlMap | YamlList) and self._text[node.start : node.end].endswith("\n")
            else ""
        )
        self._edits.append(_Edit(node.start, node.end, _NO_LINES, blank + _write_flow(value) + tail))

    def fill(self, parent: YamlMap, node: Scalar, value: object) -> None:
        """Put a value of several lines in the place of nothing, the value of a key of `parent`."""
        if parent.flow:
            self.replace(node, value)
        else:
            block = _write_block(value, parent.column + _STEP)
            self._edits.append(_Edit(node.start, node.end, _NO_LINES, "\n" + block.removesuffix("\n")))

    def add_pairs(self, parent: YamlMap | None, pairs: Mapping[str, object]) -> None:
        """Add keys at the end of a mapping, or of a file that has none."""
        if parent is None:
            self._insert_lines(len(self._text), 0, pairs)
        elif parent.flow:
            self._insert_flow(parent.end, _write_flow(pairs)[1:-1], first=not parent.pairs)
        else:
            self._insert_lines(parent.end, parent.column, pairs)

    def add_items(self, parent: YamlList, items: Sequence[object]) -> None:
        """Add items at the end of a sequence."""
        if parent.flow:
            self._insert_flow(parent.end, _write_flow(items)[1:-1], first=not parent.items)
        else:
            self._insert_lines(parent.end, parent.column, items)

    def apply(self) -> bytes:
        """Return the new text of the file."""
        text = ""
        place = 0
        for edit in sorted(self._edits, key=lambda edit: edit[:3]):
            text += self._text[place : edit.start]
            if edit.outwards != _NO_LINES and text and not text.endswith("\n"):
                text += self._newline
            text += edit.new.replace("\n", self._newline)
            place = edit.end
        return (text + self._text[place:]).encode()

    def _insert_flow(self, end: int, inner: str, *, first: bool) -> None:
        self._edits.append(_Edit(end - 1, end - 1, _NO_LINES, inner if first else f", {inner}"))

    def _insert_lines(self, end: int, column: int, value: object) -> None:
        if end and not self._text[:end].endswith("\n"):
            end = self._text.find("\n", end) + 1 or len(self._text)
        self._edits.append(_Edit(end, end, -column, _write_block(value, column)))


def _write_flow(value: object) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_write_scalar(key)}: {_write_flow(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_write_flow(each) for each in value) + "]"
    return _write_scalar(value)


def _write_block(value: object, column: int) -> str:
    pad = " " * column
    if isinstance(value, Mapping):
        return "".join(f"{pad}{_write_scalar(key)}:{_write_behind(each, column)}" for key, each in value.items())
    items = value if isinstance(value, list | tuple) else ()
    blocks = [_write_block(item, column + _STEP) for item in items]
    return "".join(f"{pad}- {block[column + _STEP :]}" for block in blocks)


def _write_behind(value: object, column: int) -> str:
    if isinstance(value, Mapping | list | tuple) and value:
        return "\n" + _write_block(value, column + _STEP)
    return f" {_write_flow(value)}\n"


def _write_scalar(value: object) -> str:
    """Write in ASCII, since Airflow opens files in the encoding of its locale."""
    if value is None:
        return "null"
    if not isinstance(value, str):
        return str(value)
    if _PLAIN.fullmatch(value) and value.lower() not in _OTHER_TYPES:
        return value
    if value.isascii() and value.isprintable() and "'" not in value:
        return f"'{value}'"
    # Python's escapes are YAML's, but for the quote; surrogates are not YAML at all
    return '"' + value.encode("unicode_escape").decode("ascii").replace('"', '\\"') + '"'
