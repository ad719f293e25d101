"""The formats with their entries as plain texts, under names such as `AIRFLOW_VAR_MyId`."""

from collections.abc import Mapping
from dataclasses import dataclass

from airflow_names import airflow_name
from astro_sync.formats.content import FileWrite, Format


@dataclass(frozen=True)
class Content:
    """What a file holds: texts and problems by name, as the ids are spelled."""

    values: dict[str, str]
    unreadable: dict[str, str]


@dataclass(frozen=True)
class Plain:
    """One format, asked with plain texts."""

    format: Format

    def read(self, data: bytes) -> Content:
        entries = self.format.read(data)
        return Content(
            {each.name.variable: each.text for each in entries if each.text is not None},
            {each.name.variable: each.problem or "" for each in entries if each.text is None},
        )

    def write(self, old: bytes, changes: Mapping[str, str], description: str | None = None) -> bytes:
        return self.format.write(
            old, [FileWrite(airflow_name(key), text, description) for key, text in changes.items()]
        )

    def refusal(self, key: str, value: str) -> str | None:
        refused = self.format.refusal(FileWrite(airflow_name(key), value))
        return None if refused is None else f"{refused.reason}: {refused.about}"
