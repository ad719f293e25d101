"""A YAML file as nodes in their places: ruamel.yaml, an optional extra, only reads; `yaml_edit` changes the text."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from astro_sync.errors import RefusedError, UsageError
from astro_sync.formats.text import decode

# the tags of a text; others are another type to some reader
STRING_TAGS: Final = frozenset({"!!str", "!"})
_HINT: Final = "Type `pipx inject astro-sync ruamel.yaml`, or `pip install 'astro-sync[yaml]'`."


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text and its place; `plain` if it has no quotes, so that a reader may take it for another type."""

    text: str = field(repr=False)
    plain: bool
    tag: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class YamlMap:
    """A mapping: `column` is where its keys stand, `flow` whether it is in braces."""

    keys: Mapping[str, Scalar] = field(repr=False)
    pairs: "Mapping[str, Node]" = field(repr=False)
    flow: bool
    column: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class YamlList:
    """A sequence: `column` is where its dashes stand, `flow` whether it is in brackets."""

    items: "tuple[Node, ...]" = field(repr=False)
    flow: bool
    column: int
    start: int
    end: int


Node = Scalar | YamlMap | YamlList


@dataclass(frozen=True, slots=True)
class YamlFile:
    """The text of a file and its root, None if it has none."""

    text: str = field(repr=False)
    root: YamlMap | None


def parse_yaml(data: bytes) -> YamlFile:
    """Read a file whose document is a mapping, or empty.

    Raises:
        RefusedError: it is no such YAML, or has a key twice in one mapping.
        UsageError: ruamel.yaml is not installed.

    """
    text = decode(data)
    root = _convert(text, _compose(text), ())
    if root is not None and not isinstance(root, YamlMap):
        raise RefusedError("The file is not a mapping of names to values.")
    return YamlFile(text, root)


def with_merged(node: YamlMap) -> Iterator[tuple[Scalar, Node]]:
    """Return the pairs of a mapping behind those of the mappings that `<<` merges into it: the last of two wins."""
    merge = node.keys.get("<<")
    if merge is not None and merge.plain:
        merged = node.pairs["<<"]
        for base in reversed(merged.items if isinstance(merged, YamlList) else (merged,)):
            if isinstance(base, YamlMap):
                yield from with_merged(base)
    for name, key in node.keys.items():
        if key is not merge or not key.plain:
            yield key, node.pairs[name]


def _compose(text: str) -> Any:  # noqa: ANN401 - nodes of a library without types
    try:
        from ruamel.yaml import YAML
        from ruamel.yaml.error import MarkedYAMLError, YAMLError
    except ImportError:
        raise UsageError("A YAML file needs ruamel.yaml, which is not installed.", hint=_HINT) from None
    try:
        return YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        line = f": line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise RefusedError(f"The file is not valid YAML{line}.") from None
    except (YAMLError, ValueError, RecursionError):
        raise RefusedError("The file is not valid YAML.") from None


def _convert(text: str, node: Any, above: tuple[int, ...]) -> Any:  # noqa: ANN401 - ruamel's nodes are not typed
    if node is None:
        return None
    start, end = node.start_mark.index, node.end_mark.index
    if node.id == "scalar":
        tag = text[start:end].split(maxsplit=1)[0] if text[start : start + 1] == "!" else ""
        return Scalar(node.value, node.style is None, tag, start, end)
    if id(node) in above:
        raise RefusedError("The file has an anchor inside of itself.")
    above = (*above, id(node))
    places = (bool(node.flow_style), node.start_mark.column, start)
    if node.id == "sequence":
        items = tuple(_convert(text, item, above) for item in node.value)
        return YamlList(items, *places, end if node.flow_style else max((each.end for each in items), default=end))
    keys: dict[str, Any] = {}
    pairs: dict[str, Any] = {}
    last = start
    for key, value in node.value:
        if key.id != "scalar":
            raise RefusedError(f"The file has a key that is no text: line {key.start_mark.line + 1}.")
        if key.value in pairs:
            raise RefusedError(f"The file has a key twice in one mapping: line {key.start_mark.line + 1}.")
        converted = _convert(text, value, above)
        if isinstance(converted, Scalar) and converted.start == converted.end:
            # ruamel places what is not there in front of the next token, which may be lines away
            place = max(text.find(":", key.end_mark.index) + 1, key.end_mark.index)
            converted = Scalar("", converted.plain, converted.tag, place, place)
        keys[key.value] = _convert(text, key, above)
        pairs[key.value] = converted
        # an alias stands where its anchor does, somewhere above
        last = max(last, key.end_mark.index, converted.end)
    return YamlMap(keys, pairs, *places, end if node.flow_style else last)
