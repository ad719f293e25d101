"""The words for every typed decision: one text each, short enough for a table's note."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from astro_sync.core.compare import Match
from astro_sync.core.model import Action, Reason, Result, WarningCode

REASONS: Final[Mapping[Reason, str]] = MappingProxyType(
    {
        Reason.FILTERED: "left out by a filter",
        Reason.OTHER_KIND: "cannot be kept there",
        Reason.RESERVED: "reserved by Astro",
        Reason.PLACEHOLDER: "a placeholder, not a value",
        Reason.SECRET_HIDDEN: "secret, its value is not given out",
        Reason.SECRET_NOT_COMPARED: "secret, not compared",
        Reason.SECRET_CHANGED_HERE: "secret, changed here since it was sent",
        Reason.SECRET_CHANGED_THERE: "secret, changed there since it was sent",
        Reason.DIFFERS: "differs",
        Reason.ON_ONE_LINE: "on one line",
        Reason.RESPELLED: "JSON as Airflow's API spells it",
        Reason.IN_ARGV: "visible in the process list",
        Reason.IN_ENV_MANAGER: "into the Environment Manager",
        Reason.RECORDED: "noted as a comment",
        Reason.REMOVED: "taken out again",
        Reason.UNREADABLE: "cannot be read at its source",
        Reason.UNREADABLE_THERE: "what stands there cannot be read",
        Reason.MASKED: "masked at its source",
        Reason.UNSOUND_NAME: "no valid name",
        Reason.NAME_NOT_ALLOWED: "name not allowed there",
        Reason.COLLISION: "several ids become one name",
        Reason.EXPANSION: "takes in what the file does not set",
        Reason.LINE_BREAK: "holds line breaks",
        Reason.WHITE_SPACE: "begins or ends with white space",
        Reason.TOO_LONG: "too long",
        Reason.EMPTY: "empty",
        Reason.NOT_TEXT: "not valid text",
        Reason.UNSOUND_CONNECTION: "not a sound connection",
        Reason.DESCRIPTION_LOST: "its description would be lost",
        Reason.KIND_OFF: "this kind is switched off there",
        Reason.NOT_LOOKED_UP: "Airflow would not look it up there",
        Reason.OTHER_TEAM: "belongs to another team",
        Reason.TEMPLATE: "holds {{…}}, which AWS refuses",
        Reason.NOT_EXACT: "not known to the letter",
        Reason.BLOCKED: "name blocked there for now",
        Reason.CANNOT_HOLD: "cannot be held there exactly",
        Reason.REFUSED_ELSEWHERE: "refused at another place",
        Reason.CHANGED_SINCE: "changed since that run",
        Reason.MAYBE_CHANGED_SINCE: "may have changed since that run",
        Reason.NOT_UNDONE_NEW: "nothing is deleted there, do it by hand",
        Reason.NOT_UNDONE_SECRET: "nobody knows the old secret, set it by hand",
        Reason.NOT_WRITTEN: "not written",
        Reason.OTHER_VALUE: "another value stands there",
        Reason.NOT_KNOWN: "may or may not be written, or still arrive",
        Reason.GONE: "was removed meanwhile",
        Reason.CHANGED_MEANWHILE: "was changed meanwhile",
        Reason.REFUSED_BY_PLACE: "refused by the place",
    }
)

RESULTS: Final[Mapping[Result, str]] = MappingProxyType(
    {
        Result.PLANNED: "planned",
        Result.DONE: "done",
        Result.NOT_WRITTEN: "NOT WRITTEN",
        Result.OTHER_VALUE: "OTHER VALUE",
        Result.UNKNOWN: "NOT KNOWN",
    }
)

ACTIONS: Final[Mapping[Action, str]] = MappingProxyType(
    {
        Action.CREATE: "new",
        Action.UPDATE: "changed",
        Action.UNCHANGED: "the same",
        Action.KEEP: "kept",
        Action.SECRET_KEPT: "secret kept",
        Action.DESTINATION_ONLY: "only there",
        Action.SKIP: "skipped",
        Action.REFUSED: "refused",
    }
)

ACTION_MARKS: Final[Mapping[Action, str]] = MappingProxyType(
    {
        Action.CREATE: "+",
        Action.UPDATE: "~",
        Action.UNCHANGED: "=",
        Action.KEEP: "<",
        Action.SECRET_KEPT: "*",
        Action.DESTINATION_ONLY: ">",
        Action.SKIP: "-",
        Action.REFUSED: "!",
    }
)

RESULT_MARKS: Final[Mapping[Result, str]] = MappingProxyType(
    {Result.PLANNED: "", Result.DONE: "", Result.NOT_WRITTEN: "x", Result.OTHER_VALUE: "x", Result.UNKNOWN: "?"}
)

MATCHES: Final[Mapping[Match, str]] = MappingProxyType(
    {
        Match.SAME: "the same",
        Match.DIFFERENT: "different",
        Match.ONLY_SOURCE: "missing",
        Match.ONLY_DESTINATION: "only there",
        Match.NOT_KNOWN: "not known",
    }
)

MATCH_MARKS: Final[Mapping[Match, str]] = MappingProxyType(
    {
        Match.SAME: "=",
        Match.DIFFERENT: "≠",
        Match.ONLY_SOURCE: "–",  # noqa: RUF001 - the dash of a table
        Match.ONLY_DESTINATION: "+",
        Match.NOT_KNOWN: "*",
    }
)

# `{about}` is the notice's own part; the keys and the place stand in front.
WARNINGS: Final[Mapping[WarningCode, str]] = MappingProxyType(
    {
        WarningCode.SHARED: "Astro uses this name too; leave it out with --exclude KEY unless you mean to set it",
        WarningCode.LOCAL_HOST: "its host exists only on this machine; leave it out with --exclude KEY",
        WarningCode.STAYS_PLAIN: "looks like a secret and is plain there; make it secret in the Astro UI",
        WarningCode.READERS_DIFFER: "written as {about} reads it; others may not, see `astro-sync check`",
        WarningCode.LINE_STAYED: "line {about} stays, since a later line needs it",
        WarningCode.LEFT_BEHIND: "the Astro CLI left {about} with values; removed, check that no commit has it",
        WarningCode.IN_ARGV: "its secret value shows in ps while it is written; leave it out with --exclude KEY",
        WarningCode.RESTART_LOCAL: "local Airflow reads {about} at its next `astro dev restart`",
        WarningCode.NOT_AS_PLANNED: "somebody else changed it during the run; look with `astro-sync diff`",
        WarningCode.UNMATCHED: "{about} matches nothing; look for a typing error",
        WarningCode.UNSOUND_CONNECTION: "Airflow reads this connection otherwise than it looks: {about}",
        WarningCode.DESCRIPTION_LOST: "its description cannot be kept there",
        WarningCode.DESCRIPTION_UNKNOWN: "this Airflow did not tell its description; set it there by hand",
        WarningCode.RECOVERED: "a deleted secret of that name is recovered first: {about}",
        WarningCode.BACKEND_FIRST: "Airflow asks the secrets backend that it names before it looks here",
        WarningCode.NO_UNDO: "`astro-sync undo` cannot take this run back: {about}",
        WarningCode.PRIVATE_FOLDER: "private files may be left: {about}",
    }
)

# What is so from run to run, or what the run only has to say: one line, and none with -q.
NEUTRAL: Final = frozenset({WarningCode.STAYS_PLAIN, WarningCode.RESTART_LOCAL})

# The ways out by their option; `{others}` are the keys that would go, `{left}` those that would not.
WAYS_OUT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "--partial": "send the other {others}, leave {left}",
        "--exclude": "leave a key out",
        "--on-conflict": "keep what stands there, or overwrite it",
        "--rotate": "write the secret anew",
        "--allow-argv": "send it as it is; visible in ps for a moment",
        "--allow-expansion": "send the value as this machine expands it",
        "--allow-reserved": "send it although Astro reserves the name",
        "--allow-placeholder": "send it although it looks like a placeholder",
        "--line-breaks": "send it to the Environment Manager instead",
        "--exact-json": "carry JSON to the letter",
        "--id-case": "choose the case of new ids",
        "--with-secrets": "read secret values where the organization allows it",
    }
)
