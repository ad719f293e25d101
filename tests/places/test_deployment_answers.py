import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astro_sync.core.model import Value
from astro_sync.places.deployment_answers import Details, Row, parse_inspect, parse_names, parse_saved
from sandbox import Sandbox

SAVED = (
    "\nThe following environment variables were saved to the file x.env,\n"
    "secret environment variables were saved only with a key:\n\n"
)


def table(header: list[str], rows: list[list[str]]) -> str:
    """Lay a table out as the Astro CLI does: columns as wide as their longest cell has bytes, plus 5 characters."""
    widths = [max(len(line[column].encode()) for line in [header, *rows]) + 5 for column in range(len(header))]
    return "".join(
        " " + "".join(cell + " " * (width - len(cell)) for cell, width in zip(line, widths, strict=True)) + "\n"
        for line in [header, *rows]
    )


def listed(variables: list[tuple[str, str, bool]]) -> str:
    rows = [
        [str(number), key, "****" if secret else value, str(secret).lower()]
        for number, (key, value, secret) in enumerate(variables, 1)
    ]
    return SAVED + table(["#", "KEY", "VALUE", "SECRET"], rows)


def saved(variables: list[tuple[str, str, bool]]) -> str:
    return "".join(f"\n{key}={' # secret' if secret else value}" for key, value, secret in variables)


def expected(variables: list[tuple[str, str, bool]], updated_at: str = "") -> list[Row]:
    return [Row(key, None if secret else Value(value), secret, updated_at) for key, value, secret in variables]


ODD: dict[str, list[tuple[str, str, bool]]] = {
    "one plain": [("A", "1", False)],
    "one secret": [("A", "", True)],
    "an empty value": [("A", "", False)],
    "only empty values": [("A", "", False), ("B", "", False)],
    "ten rows and more": [(f"K{number}", str(number), number % 3 == 0) for number in range(1, 13)],
    "the header's words as keys and values": [("KEY", "VALUE", False), ("SECRET", "SECRET", False), ("#", "#", False)],
    "a plain value that says secret": [("A", " # secret", False), ("B", "****", False)],
    "a value that looks like the next column": [("A", "x     true", False), ("B", "x     false", False)],
    "a value that looks like a row": [("A", " 1     A     x     true", False)],
    "a value of blanks": [("A", "   ", False)],
    "outer blanks": [("A", "  x  ", False), ("B", "y ", False)],
    "a value longer than its column's name": [("A", "x" * 300, False), ("B", "y", False)],
    "a key longer than its column's name": [("AIRFLOW_VAR_" + "X" * 200, "1", False), ("B", "2", True)],
    "keys with dots, dashes and blanks": [("my-var.x", "1", False), ("K K", "2", False), ("export K", "3", True)],
    "equals signs and quotes": [("A", "a=b=c", False), ("B", '"\'"', False)],
    "a tab, a CR and a backslash": [("A", "a\tb", False), ("B", "x\r", False), ("C", "\\n", False)],
    "other line separators": [("A", "a\x0bb\x0cc\x85d\u2028e", False), ("B", "f\x1cg", False)],
    "letters of several bytes": [("A", "é€", False), ("B", "日本 😀", False), ("C", "x", True)],
    "JSON": [("A", '{"a": [1, 2]}', False), ("B", "null", False)],
}


@pytest.mark.parametrize("name", ODD)
def test_a_table_and_a_file_that_agree_give_exactly_the_variables(name: str) -> None:
    variables = ODD[name]
    assert parse_saved(listed(variables), saved(variables)) == expected(variables)


NOISE = [
    "Using an Astro API Token\n",
    "A newer version of Astro CLI is available: 9.9.9\n",
    " KEY     VALUE\n x       y\n\n",
    "Both a Deployment ID and Deployment name have been supplied.\n",
    " \n",
]


@pytest.mark.parametrize("noise", NOISE)
@pytest.mark.parametrize("name", ODD)
def test_lines_before_the_table_and_behind_its_end_are_no_rows(name: str, noise: str) -> None:
    variables = ODD[name]
    assert parse_saved(noise + listed(variables) + "\n" + noise, saved(variables)) == expected(variables)


SYMBOLS = "AB=# \t\r\"'tru*é€"
variables_of_one_line = st.lists(
    st.tuples(st.text("AB.-", min_size=1, max_size=4), st.text(SYMBOLS, max_size=8), st.booleans()),
    min_size=1,
    max_size=4,
    unique_by=lambda row: row[0],
)
variables_of_any_kind = st.lists(
    st.tuples(st.text("AB.-", min_size=1, max_size=4), st.text(SYMBOLS + "\n1", max_size=10), st.booleans()),
    min_size=1,
    max_size=4,
    unique_by=lambda row: row[0],
)


@given(variables_of_one_line)
@settings(max_examples=300)
def test_every_list_of_one_line_values_is_read_exactly(variables: list[tuple[str, str, bool]]) -> None:
    assert parse_saved(listed(variables), saved(variables)) == expected(variables)


@given(variables_of_any_kind)
@settings(max_examples=500)
def test_whatever_the_values_what_is_read_is_exactly_what_is_there(variables: list[tuple[str, str, bool]]) -> None:
    assert parse_saved(listed(variables), saved(variables)) in (None, expected(variables))


@given(variables_of_any_kind, variables_of_any_kind)
@settings(max_examples=200)
def test_a_file_of_another_list_than_the_table_is_never_believed(
    one: list[tuple[str, str, bool]], other: list[tuple[str, str, bool]]
) -> None:
    if saved(one) != saved(other):
        assert parse_saved(listed(one), saved(other)) in (None, expected(one))


TWO = [("A", "1", False), ("B", "2", True)]


@pytest.mark.parametrize(
    ("output", "file"),
    [
        ("", ""),
        ("", saved(TWO)),
        (listed(TWO), ""),
        (listed(TWO), saved(TWO)[1:]),
        (listed(TWO), saved(TWO) + "\n"),
        (listed(TWO), "\nA=1\nB=2"),
        (listed(TWO), "\nA= # secret\nB= # secret"),
        (listed(TWO), "\nB= # secret\nA=1"),
        (listed(TWO), "\nA=one\nB= # secret"),
        (listed(TWO), "\nA=1\r\nB= # secret"),
        (listed(TWO).replace(" 2 ", " 3 "), saved(TWO)),
        (listed(TWO).replace("true", "True"), saved(TWO)),
        (listed(TWO).replace("true", "    "), saved(TWO)),
        (listed(TWO).replace("VALUE", "WORTH"), saved(TWO)),
        (listed(TWO)[: listed(TWO).index(" 2 ")], saved(TWO)),
        (listed(TWO)[:-12], saved(TWO)),
        (listed([*TWO, ("A", "3", False)]), saved([*TWO, ("A", "3", False)])),
        (listed([("A", "two\nlines", False)]), saved([("A", "two\nlines", False)])),
        (listed([("A", "x\nB=forged", False), *TWO[1:]]), saved([("A", "x\nB=forged", False), *TWO[1:]])),
        ("\nNo variables found\n", saved(TWO)),
        ("\nNo variables found\n", "\n"),
    ],
)
def test_a_table_and_a_file_that_disagree_prove_nothing(output: str, file: str) -> None:
    assert parse_saved(output, file) is None


def test_no_variables_are_believed_when_nothing_was_saved() -> None:
    assert parse_saved("Using an Astro API Token\n\nNo variables found\n", "") == []


HEADER = ["NAME", "NAMESPACE", "CLUSTER", "CLOUD PROVIDER", "REGION", "DEPLOYMENT ID", "RUNTIME VERSION"]


def deployments(*named: tuple[str, str]) -> str:
    rows = [
        [name, f"ns-{one}", "N/A", "AWS", "us-east-1", one, "3.3-2 (based on Airflow 3.3.2)"] for one, name in named
    ]
    return table(HEADER, rows)


@pytest.mark.parametrize(
    ("named", "deployment_id", "name", "found"),
    [
        ([("d1", "prod")], "d1", None, ("d1", "prod")),
        ([("d1", "prod")], None, "prod", ("d1", "prod")),
        ([("d1", "prod"), ("d2", "staging")], "d2", None, ("d2", "staging")),
        ([("d1", "my  prod"), ("d2", "a b c")], None, "my  prod", ("d1", "my  prod")),
        ([("d1", "prod"), ("d2", "d1")], "d1", None, ("d1", "prod")),
        ([("d1", "N/A"), ("d2", "NAME")], None, "NAME", ("d2", "NAME")),
        ([("d1", "x" * 99), ("d2", "y")], "d2", None, ("d2", "y")),
        ([("d1", "prod"), ("d2", "prod")], "d2", None, ("d2", "prod")),
        # a name that no single row has
        ([("d1", "prod"), ("d2", "prod")], None, "prod", None),
        ([("d1", "prod")], None, "prod2", None),
        ([("d1", "prod")], None, "pro", None),
        ([("d1", "prod")], "d", None, None),
        ([("d1", "prod")], "prod", None, None),
        ([("d1", "prod")], "d2", "prod", None),
        ([], "d1", None, None),
    ],
)
def test_a_deployment_is_found_by_its_whole_id_or_name_or_not_at_all(
    named: list[tuple[str, str]], deployment_id: str | None, name: str | None, found: tuple[str, str] | None
) -> None:
    assert parse_names("Using an Astro API Token\n" + deployments(*named), deployment_id, name) == found


@pytest.mark.parametrize("output", ["", "no Deployments found in workspace ws-1\n", "NAME\nprod\n", "Error: x\n"])
def test_no_table_names_no_deployment(output: str) -> None:
    assert parse_names(output, "d1", None) is None


def inspected(variables: object, **more: object) -> str:
    shown = {} if variables is None else {"environment_variables": variables}
    about: dict[str, object] = {
        "metadata": {"deployment_id": "d1", "workspace_id": "ws-1"},
        "configuration": {"name": "prod", "workspace_name": "Main"},
    }
    return json.dumps({"deployment": {**shown, **about, **more}}, indent=4)


PLAIN = {"key": "A", "value": "1", "is_secret": False, "updated_at": "2026-08-01T10:00:00Z"}


@pytest.mark.parametrize(
    ("rows", "variables"),
    [
        (None, []),
        ([], []),
        ([PLAIN], [("A", "1", False)]),
        ([PLAIN | {"value": ""}], [("A", "", False)]),
        ([PLAIN | {"value": None}], [("A", "", False)]),
        ([PLAIN | {"value": "", "is_secret": True}], [("A", "", True)]),
        ([PLAIN | {"value": None, "is_secret": True}], [("A", "", True)]),
        ([PLAIN | {"value": "shown", "is_secret": True}], [("A", "", True)]),
        ([PLAIN | {"value": "two\nlines\r\n{\n\t\u2028é\u202e"}], [("A", "two\nlines\r\n{\n\t\u2028é\u202e", False)]),
        ([PLAIN, PLAIN | {"key": "B"}], [("A", "1", False), ("B", "1", False)]),
    ],
)
def test_inspect_gives_every_variable_exactly_and_no_secret(
    rows: object, variables: list[tuple[str, str, bool]]
) -> None:
    assert parse_inspect(inspected(rows)) == (
        Details("d1", "prod", "Main"),
        expected(variables, "2026-08-01T10:00:00Z"),
    )


@pytest.mark.parametrize("before", ["", "Using an Astro API Token\n", "{\n", '{"other": 1}\n', "{}\n", "[1]\n"])
@pytest.mark.parametrize("behind", ["", "\n", "\nA newer version of Astro CLI is available\n", "\n{"])
def test_inspect_is_read_among_other_lines(before: str, behind: str) -> None:
    assert parse_inspect(before + inspected([PLAIN]) + behind) == (
        Details("d1", "prod", "Main"),
        expected([("A", "1", False)], "2026-08-01T10:00:00Z"),
    )


@pytest.mark.parametrize(
    "before", ['{"a":' * 100_000, '{"a":[1,2,\n' * 15, '{"a": ' + "9" * 5_000 + "}"], ids=["deep", "open", "digits"]
)
def test_a_document_that_nobody_can_read_does_not_hide_the_next(before: str) -> None:
    assert parse_inspect(f"{before}\n{inspected([PLAIN])}") is not None


@pytest.mark.parametrize("updated", [{}, {"updated_at": None}, {"updated_at": 5}])
def test_a_variable_may_have_no_time_of_its_last_change(updated: dict[str, object]) -> None:
    row = {key: value for key, value in PLAIN.items() if key != "updated_at"}
    described = parse_inspect(inspected([row | updated]))
    assert described is not None
    assert described[1] == expected([("A", "1", False)])


def test_a_workspace_without_a_name_is_told_by_its_id() -> None:
    found = parse_inspect(inspected(None, configuration={"name": "prod"}))
    assert found is not None
    assert found[0].workspace == "ws-1"


@pytest.mark.parametrize(
    "output",
    [
        "",
        "no Deployments found in workspace ws-1\n",
        "deployment:\n    configuration: {}\n",
        inspected([PLAIN])[:-20],
        inspected([{"key": "A", "is_secret": False}]),
        inspected([{"value": "x", "is_secret": False}]),
        inspected(["A"]),
        inspected([PLAIN | {"value": 5}]),
        inspected([PLAIN | {"value": ["x"]}]),
        inspected([PLAIN | {"key": 5}]),
        inspected([PLAIN | {"is_secret": "no"}]),
        inspected({"A": "1"}),
        inspected(None, configuration=["prod"]),
        inspected(None, configuration={"name": 5}),
        inspected(None, metadata={"deployment_id": ["d1"]}),
        pytest.param('{"deployment": ' + "9" * 5000 + "}", id="many digits"),
        pytest.param('{"a":' * 100_000, id="deep"),
        pytest.param('{"a":[1,2,\n' * 3_000, id="never closed"),
        inspected(None, metadata={}),
        inspected(None, configuration={}),
        '{"deployment": null}',
        '{"deployment": []}',
    ],
)
def test_what_does_not_describe_a_whole_deployment_describes_none(output: str) -> None:
    assert parse_inspect(output) is None


VALUES = ["plain", "", "two\nlines", "x\nB=forged", "é€", "  outer  ", "a     true", "q\"'", "\u202ex", "\x1b[31m"]


@pytest.mark.long
@pytest.mark.parametrize("value", VALUES)
def test_what_the_astro_cli_prints_and_saves_is_read_exactly_or_not_at_all(sandbox: Sandbox, value: str) -> None:
    sandbox.set_variable("A", value)
    sandbox.set_variable("B", "real")
    sandbox.set_variable("S", "hunter2", secret=True)
    variables = expected([("A", value, False), ("B", "real", False), ("S", "", True)])
    shown = sandbox.astro("deployment", "variable", "list", "-d", "dep-1", "--save", "--env", "saved.env")
    assert parse_saved(shown.stdout, sandbox.read_env("saved.env")) in (None, variables)
    described = sandbox.astro("deployment", "inspect", "dep-1", "-o", "json")
    inspect = parse_inspect(described.stdout)
    assert inspect is not None
    assert inspect[0] == Details("dep-1", "prod", "Main")
    assert [row._replace(updated_at="") for row in inspect[1]] == variables
    assert all(row.updated_at for row in inspect[1])
    names = sandbox.astro("deployment", "list")
    assert parse_names(names.stdout, None, "prod") == ("dep-1", "prod")


@pytest.mark.parametrize("value", ["é", "é€", "日本", "😀", "a\x85b", "a\u2028b"])
def test_a_value_beyond_ascii_is_read_from_the_saved_file_without_a_second_call(sandbox: Sandbox, value: str) -> None:
    sandbox.set_variable("A", value)
    sandbox.set_variable("B", "x")
    shown = sandbox.astro("deployment", "variable", "list", "-d", "dep-1", "--save", "--env", "saved.env")
    assert parse_saved(shown.stdout, sandbox.read_env("saved.env")) is not None


def test_a_deployment_with_a_name_beyond_ascii_is_found_in_the_list(sandbox: Sandbox) -> None:
    sandbox.add_deployment("dep-2", "prödüction")
    names = sandbox.astro("deployment", "list")
    assert parse_names(names.stdout, "dep-2", None) == ("dep-2", "prödüction")
