"""What every place promises, whatever it is made of: the same tests run over each of them."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from itertools import cycle
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astro_sync.airflow.connection import Connection, means_the_same, to_json, to_text
from astro_sync.core.filters import EVERYTHING, Filters, Wanted
from astro_sync.core.model import Entry, Kind, Name, Names, Plan, Secrets, Snapshot, Traits, Value, Write, Written
from astro_sync.core.pairing import Side
from astro_sync.core.plan import OnConflict, Policy, make_plan
from astro_sync.core.verify import Outcome, verify
from astro_sync.places.base import AnyPlace, Role
from astro_sync.places.registry import PLACES
from env_texts import values
from places.subjects import ALIKE, SUBJECTS, URI, Subject
from sandbox import Sandbox

NOW = datetime(2026, 8, 1, tzinfo=UTC)
PLACEHOLDERS = ("# secret", "****", " **** ", "# secret on the Deployment, set it here", "***")
OVERWRITE = Policy(on_conflict=OnConflict.OVERWRITE, exact_json=True, rotate=("*",))
AIRFLOW = Traits(Names.AIRFLOW, as_fields=True, descriptions=True)


def _marked(subject: Subject) -> object:
    return pytest.param(subject, id=subject.name, marks=pytest.mark.long if subject.name in ALIKE else ())


@pytest.fixture(params=map(_marked, SUBJECTS))
def subject(request: pytest.FixtureRequest) -> Subject:
    """Return each place in turn."""
    found: Subject = request.param
    return found


def test_every_scheme_of_the_registry_is_held_to_the_contract() -> None:
    schemes = {each.address.partition(":")[0] if ":" in each.address else "" for each in SUBJECTS}
    files = {"variables", "connections", "settings"}  # opened by their names above
    # tests/places/backends/test_backend_contract.py
    stores = {"backend", "awssecrets", "awsssm", "gcpsecrets", "azurekeyvault", "vault"}
    assert set(PLACES) - files - stores <= schemes


# --- the odd things that are written ---

_words = st.one_of(
    st.sampled_from(["a", "x y", "a@b", "p/q", "k=v", "1", "é", "%41", "#", "?", ":", "$A", "'", '"', "\\", "true"]),
    st.text(st.sampled_from("ab1:/@?#%&=+ é\"'\\$~[]"), min_size=1, max_size=6),
)
_extras = st.dictionaries(
    _words,
    st.one_of(_words, st.integers(), st.booleans(), st.none(), st.lists(_words, max_size=2)),
    min_size=1,
    max_size=2,
)
_connections = st.builds(
    Connection,
    conn_type=st.sampled_from(["postgres", "http", "google_cloud_platform", "x"]),
    host=st.none() | _words | st.just("https://h.example.com"),
    login=st.none() | _words,
    password=st.none() | _words,
    port=st.none() | st.integers(1, 65535),
    schema=st.none() | _words,
    description=st.none() | _words,
    extra=st.none() | _extras.map(json.dumps),
)
_connection_texts = st.one_of(
    _connections.map(to_text),
    _connections.map(to_json),
    st.sampled_from([URI, "http://", "http://?a=1", "x://u:p@/?__extra__=%7B%7D", "  http://h\n", "{", "no uri", ""]),
)
_ids = st.sampled_from(["a", "a_b", "b1", "C", "my-var.x", "with blank", "é", "ß", "lower", "a#b", "q'q", "İ"])


def odd_entries(subject: Subject) -> st.SearchStrategy[dict[Name, Entry]]:
    """Return names and texts of each kind that the place is made for, whether it can hold them or not."""
    texts = {Kind.VARIABLE: values, Kind.ENVIRONMENT: values, Kind.CONNECTION: _connection_texts | values}
    pairs = st.one_of(
        [st.tuples(_ids.map(partial(subject.named, kind)), texts[kind]) for kind in sorted(subject.kinds)]
    )
    entries = pairs.map(lambda pair: (pair[0], Entry(pair[0], Value(pair[1]))))
    return st.lists(entries, min_size=2, max_size=8, unique_by=lambda pair: pair[0].key).map(dict)


# --- the contract ---


def test_what_was_written_is_what_is_read(subject: Subject, tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path / "sandbox")
    written: list[Write] = []

    @settings(max_examples=subject.examples, deadline=None, derandomize=True)
    @given(odd_entries(subject))
    def check(entries: dict[Name, Entry]) -> None:
        subject.begin(sandbox)
        plan, before = _write_all(subject, sandbox, entries)
        after, held = _read(subject, sandbox), _held(subject, sandbox)
        for write in plan.writes:
            assert after.entries[write.name].secret is write.secret or subject.masks
            assert _same(write.name, held[write.name], write.value.reveal())
        assert after.entries.keys() == {*before.entries, *(write.name for write in plan.writes)}
        written.extend(plan.writes)

    check()
    assert len(written) > subject.examples // 4, "nearly all that was tried was refused: nothing was shown"


def test_the_places_own_stays_when_something_is_merged_into_it(subject: Subject, sandbox: Sandbox) -> None:
    subject.begin(sandbox)
    before = subject.untouched(sandbox)
    _write_all(subject, sandbox, subject.entries())
    assert subject.untouched(sandbox) == before
    held = _held(subject, sandbox)
    wanted = {**subject.own, **_texts(subject.entries())}
    assert [name for name, text in wanted.items() if not _same(name, held.get(name, ""), text)] == []


def test_an_entry_is_changed_and_nothing_beside_it(subject: Subject, sandbox: Sandbox) -> None:
    subject.begin(sandbox)
    _write_all(subject, sandbox, subject.entries())
    before = _read(subject, sandbox)
    name, entry = next(iter(subject.entries().items()))
    assert entry.value is not None
    changed = f"{entry.value.reveal()}9"
    _write_all(subject, sandbox, {name: Entry(name, Value(changed))})
    after = _read(subject, sandbox)
    assert _same(name, _held(subject, sandbox)[name], changed)
    assert _values(after, but=name) == _values(before, but=name)


def test_the_second_time_there_is_nothing_to_do(subject: Subject, tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path / "sandbox")

    @settings(max_examples=max(1, subject.examples // 2), deadline=None, derandomize=True)
    @given(odd_entries(subject))
    def check(entries: dict[Name, Entry]) -> None:
        subject.begin(sandbox)
        _write_all(subject, sandbox, entries)
        with subject.open(sandbox) as place:
            again = _plan(place, subject, entries, place.read(EVERYTHING), OVERWRITE._replace(rotate=()))
        assert not again.changes_something

    check()


def test_what_was_read_is_written_back_without_a_change(subject: Subject, sandbox: Sandbox) -> None:
    subject.begin(sandbox)
    _write_all(subject, sandbox, subject.entries())
    first = _read(subject, sandbox)
    with subject.open(sandbox) as place:
        side = Side(place.traits, first)
        plan = make_plan(side, Side(place.traits, place.read(EVERYTHING)), OVERWRITE, place.refusal)
    assert plan.writes == ()
    assert len(plan.changes) >= len(subject.own)


def test_no_text_form_of_anything_shows_a_value(subject: Subject, sandbox: Sandbox) -> None:
    planted = "pl4nted-v4lue"
    texts = {
        subject.named(Kind.VARIABLE, "token"): planted,
        subject.named(Kind.CONNECTION, "db"): f"http://u:{planted}@h/",
        subject.named(Kind.VARIABLE, "a b"): f"{planted}\0",
        subject.named(Kind.VARIABLE, "l"): f"{planted}\n",
    }
    entries = {name: Entry(name, Value(text)) for name, text in texts.items() if name.kind in subject.kinds}
    subject.begin(sandbox)
    with subject.open(sandbox) as place:
        before = place.read(EVERYTHING)
        plan = _plan(place, subject, entries, before)
        prepared = place.prepare(plan)
        written = place.apply(prepared)
        after = place.read(EVERYTHING)
        backup = place.keep_backup(sandbox.folder / "backups", NOW)
        refusals = [place.refusal(Write(name, Value(text))) for name, text in texts.items()]
        shown = [place, before, plan, prepared, written, after, refusals, backup]
    forms = [form(thing) for thing in shown for form in (str, repr)]
    assert plan.writes, "something was written"
    assert [form for form in forms if planted in form] == []


def test_a_secret_of_another_place_enters_none_as_a_value(subject: Subject, sandbox: Sandbox) -> None:
    subject.begin(sandbox)
    held, entry = next(iter(subject.entries().items()))
    _write_all(subject, sandbox, {held: entry})
    before = _read(subject, sandbox)
    names = [held, *(subject.named(kind, "hidden") for kind in subject.kinds)]
    hidden = {name: Entry(name, None, secret=True) for name in names}
    plan, _ = _write_all(subject, sandbox, hidden)
    assert plan.writes == ()
    assert _values(_read(subject, sandbox)) == _values(before)


def test_a_placeholder_never_wins(subject: Subject, sandbox: Sandbox) -> None:
    subject.begin(sandbox)
    _write_all(subject, sandbox, subject.entries())
    before = _read(subject, sandbox)
    for word, placeholder in zip(("new", "other", "absent"), cycle(PLACEHOLDERS), strict=False):
        poor = {subject.named(kind, word): placeholder for kind in subject.kinds}
        plan, _ = _write_all(subject, sandbox, {name: Entry(name, Value(text)) for name, text in poor.items()})
        assert plan.writes == ()
    assert _values(_read(subject, sandbox)) == _values(before)


def test_an_empty_place_takes_all(subject: Subject, sandbox: Sandbox) -> None:
    _write_all(subject, sandbox, subject.entries())
    held = _held(subject, sandbox)
    wanted = _texts(subject.entries())
    assert [name for name, text in wanted.items() if not _same(name, held.get(name, ""), text)] == []


def test_a_write_is_read_back_as_planned(subject: Subject, sandbox: Sandbox) -> None:
    subject.begin(sandbox)
    with subject.open(sandbox) as place:
        before = place.read(EVERYTHING)
        plan = _plan(place, subject, subject.entries(), before)
        written = place.apply(place.prepare(plan))
        wanted = Wanted(only=frozenset(write.name for write in plan.writes))
        verification = verify(plan, before, place.read(wanted), written, place.traits)
    assert plan.writes
    assert verification.outcome is Outcome.AS_PLANNED


def test_what_a_read_back_leaves_out_is_not_taken_for_removed(subject: Subject, sandbox: Sandbox) -> None:
    subject.begin(sandbox)
    with subject.open(sandbox) as place:
        before = place.read(EVERYTHING)
        found = [
            notice
            for name in before.entries
            for after in [place.read(Wanted(only=frozenset({name})))]
            for notice in verify(Plan(), before, after, Written(), place.traits).warnings
        ]
    assert before.entries
    assert found == []


def test_what_a_filter_leaves_out_is_not_written(subject: Subject, sandbox: Sandbox) -> None:
    subject.begin(sandbox)
    policy = OVERWRITE._replace(filters=Filters(include=("*NEW", "*new")))
    plan, _ = _write_all(subject, sandbox, subject.entries(), policy)
    assert {write.name.id.lower() for write in plan.writes} == {"new"}


def test_ids_that_become_one_name_with_different_values_are_refused(subject: Subject, sandbox: Sandbox) -> None:
    if not subject.upper_ids:
        pytest.skip("this place keeps ids as Airflow has them")
    subject.begin(sandbox)
    entries = {
        name: Entry(name, Value(text))
        for name, text in ((Name(Kind.VARIABLE, "Case"), "one"), (Name(Kind.VARIABLE, "case"), "two"))
    }
    with subject.open(sandbox) as place:
        held = Side(place.traits, place.read(EVERYTHING))
        plan = make_plan(Side(AIRFLOW, Snapshot(entries)), held, OVERWRITE, place.refusal)
    assert [change.why and change.why.reason.value for change in plan.refusals] == ["collision"]
    assert plan.writes == ()


def test_a_backup_is_private_and_gives_back_what_was_read(subject: Subject, sandbox: Sandbox) -> None:
    subject.begin(sandbox)
    with subject.open(sandbox) as place:
        before = place.read(EVERYTHING)
        backup = place.keep_backup(sandbox.folder / "backups", NOW)
        assert backup is not None
        kept = place.read_backup(backup)
    assert backup.stat().st_mode & 0o777 == 0o600
    assert backup.parent.stat().st_mode & 0o777 == 0o700
    known = {name: entry.value for name, entry in before.entries.items() if entry.value is not None}
    assert {name: entry.value for name, entry in kept.entries.items() if entry.value is not None} == known


# --- steps ---


def _read(subject: Subject, sandbox: Sandbox) -> Snapshot:
    with subject.open(sandbox, Role.SOURCE) as place:
        return place.read(EVERYTHING)


def _plan(
    place: AnyPlace, subject: Subject, entries: Mapping[Name, Entry], before: Snapshot, policy: Policy = OVERWRITE
) -> Plan:
    """Plan a move from a place of the same names, which knows everything."""
    traits = place.traits._replace(secrets=Secrets.NONE, empty_is_missing=False, kinds=subject.kinds)
    return make_plan(Side(traits, Snapshot(entries)), Side(place.traits, before), policy, place.refusal)


def _write_all(
    subject: Subject, sandbox: Sandbox, entries: Mapping[Name, Entry], policy: Policy = OVERWRITE
) -> tuple[Plan, Snapshot]:
    """Write what the place can hold of it, and return the plan and what it held before."""
    with subject.open(sandbox) as place:
        before = place.read(EVERYTHING)
        plan = _plan(place, subject, entries, before, policy)
        if plan.changes_something:
            assert place.apply(place.prepare(plan)).failure is None
    return plan, before


def _values(snapshot: Snapshot, but: Name | None = None) -> dict[Name, tuple[Value | None, bool]]:
    return {name: (entry.value, entry.secret) for name, entry in snapshot.entries.items() if name != but}


def _texts(entries: Mapping[Name, Entry]) -> dict[Name, str]:
    return {name: entry.value.reveal() for name, entry in entries.items() if entry.value is not None}


def _held(subject: Subject, sandbox: Sandbox) -> dict[Name, str]:
    """Return every value that is there, those of secrets too."""
    return {**_texts(_read(subject, sandbox).entries), **subject.hidden(sandbox)}


def _same(name: Name, one: str, two: str) -> bool:
    return one == two or (name.kind is Kind.CONNECTION and means_the_same(one, two))
