"""`connections.yaml`, as `airflow connections export|import` writes and reads it (PyYAML, YAML 1.1)."""

import json
from collections.abc import Sequence
from typing import Final

from astro_sync.core.model import Refusal
from astro_sync.formats.connection_entry import KINDS, connection_refusal, read_entries, replace_entries
from astro_sync.formats.content import FileEntry, FileWrite, require_rest
from astro_sync.formats.pyyaml_value import construct_map
from astro_sync.formats.yaml_file import YamlFile, YamlMap

__all__ = ["DESCRIPTIONS", "KINDS", "read", "refusal", "write"]

DESCRIPTIONS: Final = False


def read(data: bytes) -> Sequence[FileEntry]:
    """Return the connections of the file; raises UsageError without ruamel.yaml."""
    return read_entries(_construct(YamlFile(data).root))


def write(old: bytes, changes: Sequence[FileWrite]) -> bytes:
    """Return the file with these connections in it, its comments as they were."""
    file = YamlFile(old)
    entries = _construct(file.root)
    replaced = replace_entries(entries, changes)
    if not replaced:
        return old
    for conn_id, entry in replaced.items():
        _set(file, conn_id, entries.get(conn_id), entry)
    return require_rest(read, old, file.dump(), changes)


def refusal(write: FileWrite) -> Refusal | None:
    """Return why the file cannot hold this, or None."""
    return connection_refusal(write)


def _construct(root: YamlMap | None) -> dict[str, object]:
    # what is not under a text is no connection to Airflow
    loaded = construct_map(root) if root else {}
    return {str(key): entry if isinstance(key, str) else None for key, entry in loaded.items()}


def _set(file: YamlFile, conn_id: str, old: object, new: object) -> None:
    """Set an entry, field by field where it has fields already, since each may have its comment."""
    node = file.root.pairs.get(conn_id) if file.root else None
    if isinstance(new, dict):
        # JSON's numbers and words are not YAML's
        fields = {name: json.dumps(each) if isinstance(each, dict) else each for name, each in new.items()}
        if isinstance(node, YamlMap) and isinstance(old, dict) and old.keys() <= new.keys():
            for name, field in fields.items():
                if new[name] != old.get(name):
                    file.set(node, name, field)
            return
        new = fields
    file.set(file.root, conn_id, new)
