"""A YAML file as nodes, read and written by ruamel.yaml, an optional extra: comments, anchors and quotes stay.

Nodes have no types yet: Airflow's reader and the Astro CLI's each give them their own.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import StringIO
from typing import Any, Final

from astro_sync.airflow.json_text import too_deep
from astro_sync.errors import RefusedError, UsageError
from astro_sync.formats.content import decode

# the tags of a text; others are another type to some reader
STRING_TAGS: Final = frozenset({"!!str", "!"})
_HINT: Final = "Type `pipx inject astro-sync ruamel.yaml`, or `pip install 'astro-sync[yaml]'`."
_TAG: Final = re.compile(r"(?:&\S+\s+)?(!\S*)")
# what every reader of YAML 1.1 and 1.2 takes for a text without quotes
_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*")
_OTHER_TYPES: Final = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
# an alias stands for all that is under its anchor, so that few lines may make a very large file
_LARGEST, _DEEPEST = 100_000, 100
_ENDLESS: Final = "The file is too large, or nests too deeply, once its aliases are followed."


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text; `plain` if it has no quotes, so that a reader may take it for another type."""

    text: str = field(repr=False)
    plain: bool
    tag: str
    source: Any = field(repr=False)


@dataclass(frozen=True, slots=True)
class YamlMap:
    """A mapping."""

    keys: Mapping[str, Scalar] = field(repr=False)
    pairs: "Mapping[str, Node]" = field(repr=False)
    source: Any = field(repr=False)


@dataclass(frozen=True, slots=True)
class YamlList:
    """A sequence."""

    items: "tuple[Node, ...]" = field(repr=False)
    source: Any = field(repr=False)


Node = Scalar | YamlMap | YamlList


class YamlFile:
    """A file whose document is a mapping, or empty: `root` is what it held when it was read."""

    def __init__(self, data: bytes) -> None:
        """Read it; raises RefusedError for anything else, UsageError without ruamel.yaml."""
        self._text = decode(data)
        if too_deep(self._text):  # ruamel's own time grows with the square of the depth
            raise RefusedError(_ENDLESS)
        self._added = ""
        self._is_changed = False
        composed = _compose(self._text)
        root = None if composed is None else _Converter(self._text).convert(composed)
        if root is not None and not isinstance(root, YamlMap):
            raise RefusedError("The file is not a mapping of names to values.")
        self.root = root

    def set(self, parent: YamlMap | None, name: str, value: object) -> None:
        """Set a key of a mapping, or of a file that has none; it is added at the end where it is new."""
        self._is_changed = True
        if parent is None:
            self._added += _write({name: value}, 0)
            return
        new_key, new = _compose(_write({name: value}, 0)).value[0]
        pairs = parent.source.value
        for index, (key, old) in enumerate(pairs):
            if key.value == name:
                new.comment = _last_leaf(old).comment
                pairs[index] = (key, new)
                return
        _hand_on_comment(parent.source, new)
        pairs.append((new_key, new))

    def append(self, parent: YamlList, items: Sequence[object]) -> None:
        """Add items at the end of a sequence."""
        self._is_changed = True
        for new in _compose(_write(items, 0)).value:
            _hand_on_comment(parent.source, new)
            parent.source.value.append(new)

    def dump(self) -> bytes:
        """Return the file with what was set; its very bytes where nothing was."""
        text = self._text
        if self.root is not None and self._is_changed:
            if text.startswith("%"):
                raise RefusedError("A YAML file with directives (`%`) is not changed.")
            text = _serialize(self.root.source, text)
        if self._added:
            text += "\n" * (bool(text) and not text.endswith("\n")) + self._added
        if self._is_changed and "\r\n" in self._text:
            text = text.replace("\r\n", "\n").replace("\n", "\r\n")
        return text.encode()


def with_merged(node: YamlMap) -> Iterator[tuple[Scalar, Node]]:
    """Return the pairs of a mapping after those of the mappings that `<<` merges into it: the last of two wins."""
    merge = node.keys.get("<<")
    if merge is not None and merge.plain:
        merged = node.pairs["<<"]
        for base in reversed(merged.items if isinstance(merged, YamlList) else (merged,)):
            if isinstance(base, YamlMap):
                yield from with_merged(base)
    for name, key in node.keys.items():
        if key is not merge or not key.plain:
            yield key, node.pairs[name]


class _Converter:
    """Make typed nodes of ruamel's; what several aliases share stays one node."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._known: dict[int, tuple[Node, int]] = {}
        self._above: set[int] = set()

    def convert(self, node: Any) -> Node:  # noqa: ANN401 - ruamel's nodes are not typed
        return self._convert(node)[0]

    def _convert(self, node: Any) -> tuple[Node, int]:  # noqa: ANN401
        """Return the node and how many it stands for."""
        if id(node) in self._known:
            return self._known[id(node)]
        if id(node) in self._above:
            raise RefusedError("The file has an anchor inside of itself.")
        self._above.add(id(node))
        if len(self._above) > _DEEPEST:
            raise RefusedError(_ENDLESS)
        found = self._scalar(node) if node.id == "scalar" else self._collection(node)
        if found[1] > _LARGEST:
            raise RefusedError(_ENDLESS)
        self._above.remove(id(node))
        self._known[id(node)] = found
        return found

    def _scalar(self, node: Any) -> tuple[Node, int]:  # noqa: ANN401
        tag = _TAG.match(self._text, node.start_mark.index)
        return Scalar(node.value, node.style is None, tag[1] if tag else "", node), 1

    def _collection(self, node: Any) -> tuple[Node, int]:  # noqa: ANN401
        if node.id == "sequence":
            items = [self._convert(item) for item in node.value]
            return YamlList(tuple(item for item, _ in items), node), 1 + sum(size for _, size in items)
        keys: dict[str, Any] = {}
        pairs: dict[str, Node] = {}
        total = 1
        for key, value in node.value:
            if key.id != "scalar":
                raise RefusedError(f"The file has a key that is no text: line {key.start_mark.line + 1}.")
            if key.value in pairs:
                raise RefusedError(f"The file has a key twice in one mapping: line {key.start_mark.line + 1}.")
            keys[key.value], _ = self._convert(key)
            pairs[key.value], size = self._convert(value)
            total += size
        return YamlMap(keys, pairs, node), total


def _yaml() -> Any:  # noqa: ANN401 - a library without types for this
    try:
        from ruamel.yaml import YAML
    except ImportError:
        raise UsageError("A YAML file needs ruamel.yaml, which is not installed.", hint=_HINT) from None
    return YAML()


def _compose(text: str) -> Any:  # noqa: ANN401
    yaml = _yaml()
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        return yaml.compose(text)
    except MarkedYAMLError as error:
        line = f": line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise RefusedError(f"The file is not valid YAML{line}.") from None
    except RecursionError:
        raise RefusedError(_ENDLESS) from None
    except (YAMLError, ValueError):
        raise RefusedError("The file is not valid YAML.") from None


def _serialize(root: Any, old: str) -> str:  # noqa: ANN401
    yaml = _yaml()
    yaml.width = len(old) + 100_000  # a line stays one
    yaml.allow_unicode = not old.isascii()  # Airflow opens files in the encoding of its locale
    yaml.explicit_start = re.search(r"^---", old, re.MULTILINE) is not None
    yaml.explicit_end = re.search(r"^\.\.\.", old, re.MULTILINE) is not None
    mapping, offset = _layout(root)
    yaml.indent(mapping=mapping, sequence=offset + 2, offset=offset)
    _keep_anchors(root)
    stream = StringIO()
    yaml.serialize(root, stream)
    return stream.getvalue()


def _walk(root: Any) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401
    """Yield every node with its parent, each once."""
    seen = set()
    todo = [(root, root)]
    while todo:
        node, parent = todo.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node, parent
        if node.id != "scalar":
            below = [each for pair in node.value for each in pair] if node.id == "mapping" else node.value
            todo += [(each, node) for each in reversed(below)]


def _layout(root: Any) -> tuple[int, int]:  # noqa: ANN401
    """Return how far the file's mappings are indented, and how far the dashes of its sequences; 2 if it has none."""
    mapping, offset = 2, 2
    for node, parent in reversed(list(_walk(root))):  # the first one counts
        if parent is node or parent.id != "mapping" or node.id == "scalar" or node.flow_style or not node.value:
            continue
        first = node.value[0]
        column = parent.value[0][0].start_mark.column
        if node.id == "mapping":
            mapping = max(first[0].start_mark.column - column, 1)
        else:
            offset = max(first.start_mark.column - column - 2, 0)
    return mapping, offset


def _keep_anchors(root: Any) -> None:  # noqa: ANN401
    """Name anchors as the file names them; ruamel would number them."""
    from ruamel.yaml.anchor import Anchor

    for node, _ in _walk(root):
        if isinstance(node.anchor, str):
            anchor: Any = Anchor()
            anchor.value, anchor.always_dump = node.anchor, True
            node.anchor = anchor


def _last_leaf(node: Any) -> Any:  # noqa: ANN401
    while node.id != "scalar" and node.value and not node.flow_style:
        node = node.value[-1][1] if node.id == "mapping" else node.value[-1]
    return node


def _hand_on_comment(parent: Any, new: Any) -> None:  # noqa: ANN401
    """Let the lines of comment after the last member follow the new one: they belong to what comes next."""
    if parent.flow_style or not parent.value:
        return
    last, following = _last_leaf(parent), _last_leaf(new)
    token = last.comment[0] if last.comment else None
    if token is None or "\n" not in token.value.removesuffix("\n"):
        return
    own, _, rest = token.value.partition("\n")
    if rest.strip():
        from ruamel.yaml.tokens import CommentToken

        following.comment = [CommentToken("\n" + rest, token.start_mark, None), None]
        last.comment = [CommentToken(own + "\n", token.start_mark, None), *last.comment[1:]] if own else None


def _write(value: object, column: int) -> str:
    """Return the lines of a mapping or a sequence."""
    pad = " " * column
    if isinstance(value, Mapping):
        return "".join(f"{pad}{_write_scalar(key)}:{_write_value(each, column)}" for key, each in value.items())
    items = value if isinstance(value, list | tuple) else ()
    blocks = [_write_value(item, column).lstrip() for item in items]
    return "".join(f"{pad}- {block}" for block in blocks)


def _write_value(value: object, column: int) -> str:
    if isinstance(value, Mapping | list | tuple) and value:
        return "\n" + _write(value, column + 2)
    return f" {_write_scalar(value)}\n"


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
