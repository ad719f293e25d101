"""Variables and connections as odd as Airflow's metadata database may hold them."""

import json
from typing import Any, Final

Json = dict[str, Any]

PEM: Final = (
    "-----BEGIN RSA PRIVATE KEY-----\nMIIBOgIBAAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf9Cnzj4p4WGeKLs1Pt8Qu\n"
    "KUpRKfFLfRYC9AIKjbJTWit+CqvjWYzvQwECAwEAAQJAIJLixBy2qpFoS4DSmoEm\n-----END RSA PRIVATE KEY-----\n"
)

TEXTS: Final = {
    # each type of JSON, and numbers in odd spellings
    "integer": "42",
    "negative_zero": "-0",
    "leading_zeros": "007",
    "plus_sign": "+1",
    "decimal": "1.0",
    "decimal_long": "3.14159265358979323846264338327950288",
    "exponent": "1E400",
    "exponent_small": "1e-7",
    "huge": "123456789012345678901234567890",
    "blanks_around": " 42 ",
    "true": "true",
    "false": "false",
    "true_in_python": "True",
    "null": "null",
    "none_in_python": "None",
    "not_a_number": "NaN",
    "infinity": "-Infinity",
    "json_text": '"quoted"',
    "json_text_escaped": '"caf\\u00e9\\n"',
    "object": '{"b": 1,  "a": {"deep": [1, 2.50, null, "x"]}}',
    "object_dense": '{"b":1,"a":2}',
    "object_indented": json.dumps({"hosts": ["a", "b"], "retries": 3}, indent=2),
    "object_twice": '{"k": 1, "k": 2}',
    "object_with_value": '{"value": {"value": 1}, "description": "mine"}',
    "list": "[1, 2, 3]",
    "list_empty": "[]",
    "object_empty": "{}",
    "broken_json": '{"a": 1,}',
    # lines
    "lines": "first\nsecond\nthird",
    "lines_windows": "first\r\nsecond\r\n",
    "line_end": "text\n",
    "line_like_another_key": "text\nAIRFLOW_VAR_INTEGER=43\nAIRFLOW_CONN_FULL=http://evil",
    "pem": PEM,
    "certificate_in_json": json.dumps({"private_key": PEM, "type": "service_account"}),
    "carriage_return": "a\rb",
    "tabs": "\ttab\tinside\t",
    "control_characters": "bell\a escape\x1b[31m unit\x1f",
    "line_separators": "one\u2028two\u0085three",
    # what the readers of a .env take for their own
    "single_quotes": "it's 'quoted'",
    "double_quotes": 'she said "yes"',
    "quotes_outside": "\"'both'\"",
    "quote_alone": '"',
    "hash": "a #b # c",
    "hash_first": "# not a comment",
    "dollar": "$HOME ${HOME} $$ $1 ${HOME:-x} ${",
    "percent": "%(x)s 100% %41 {{ jinja }} {% if %}",
    "backslashes": r"C:\new\table \\ \" \$ \0 end\ ".rstrip(),
    "equals": "a=b==c=",
    "export": "export X=1",
    "backticks": "`id` $(id) ; & | < > ! * ? ~",
    "blanks_outside": "  two before, two behind  ",
    "blanks_only": "   ",
    "no_break_space": "\u00a0text\u00a0",
    "byte_order_mark": "\ufefftext",
    "empty": "",
    "unicode": "Žluťoučký kůň 北京 🎉 e\u0301",
    "long": "x" * 70_000,
    "cron": "*/5 * * * *",
    "url": "https://user:p%40ss@host:8443/path?query=1&other=a+b#part",
    "nul": "a\0b",
    # what looks like a placeholder
    "stars": "****",
    "secret_comment": "# secret",
    "secret_comment_blank": " # secret",
    # names
    "my-var": "dash",
    "my.var": "dot",
    "my var": "blank",
    "Mixed_Case": "mixed",
    "UPPER": "upper",
    "collides": "small",
    "Collides": "capital",
    "agrees": "same",
    "Agrees": "same",
    "straße": "upper case is longer",
    "größe": "umlaut",
    "naïve_日本": "letters of the world",
    "with=equals": "equals",
    "with#hash": "hash",
    "with'quote": "quote",
    'with"quotes"': "quotes",
    "with$dollar": "dollar",
    "with/slash:colon": "slash",
    "with[brackets]": "brackets",
    " blank before": "blank",
    "two\nlines": "name",
    "1st": "digit first",
    "team___key": "as a team's",
    "tmp.var": "as the file of the export",
    "x" * 250: "longest",
}
DESCRIPTIONS: Final = {
    "integer": "a number with a description",
    "object": "an object with a description",
    "lines": "lines\nand lines",
    "object_with_value": "described twice",
    "empty": "nothing at all",
    "pem": "a key",
    "unicode": "ünï # $ ' \"",
}
VARIABLES: Final = [{"key": key, "val": text, "description": DESCRIPTIONS.get(key)} for key, text in TEXTS.items()]

ODD: Final = "a b@c:d/e?f#g%h&i=j+k'l\"m\\n$o{p}[q],;!*()~|é🎉%41"


def _connection(conn_id: str, conn_type: str, **fields: object) -> Json:
    return {"conn_id": conn_id, "conn_type": conn_type, **fields}


CONNECTIONS: Final = [
    _connection(
        "full",
        "postgres",
        description="the warehouse",
        host="db.example.com",
        login="etl",
        password="Pl4nted-p@ss",
        schema="dwh",
        port=5432,
        extra='{"sslmode": "require", "application_name": "etl"}',
    ),
    _connection("type_only", "http"),
    _connection("type_unknown", "my-own-type", host="h.example.com"),
    _connection("type_with_underscores", "google_cloud_platform", extra=json.dumps({"keyfile_dict": {"k": PEM}})),
    _connection("type_mixed_case", "MyType", host="h.example.com"),
    _connection("type_missing", "", host="h.example.com", login="someone"),
    *(
        _connection(f"odd_{part}", "postgres", **{"host": "h.example.com", part: ODD})
        for part in ("login", "password", "schema", "host", "description")
    ),
    _connection("odd_everywhere", "mysql", host=ODD, login=ODD, password=ODD, schema=ODD, port=1, extra=f'{{"{1}":1}}'),
    _connection("odd_extra", "http", host="h", extra=json.dumps({ODD: ODD, "": "", "nested": {ODD: [ODD]}})),
    _connection("odd_extra_flat", "http", host="h", extra=json.dumps({ODD: ODD})),
    _connection("lines_in_password", "ssh", host="h", password="first\nsecond\r\n"),
    _connection("blanks_in_parts", "ftp", host=" h ", login=" l ", password=" p ", schema=" s "),
    _connection("percent", "mysql", host="h", login="50%", password="%41%zz%%", schema="a%2Fb"),
    _connection("host_with_scheme", "http", host="https://api.example.com/v1", port=8443, login="u"),
    _connection("host_with_own_scheme", "http", host="http://api.example.com"),
    _connection("host_with_path", "http", host="api.example.com/v1/path?x=1#y"),
    _connection("host_jdbc", "jdbc", host="jdbc:postgresql://db.example.com:5432/x?ssl=true", login="u", password="p"),
    _connection("host_upper_case", "http", host="API.Example.COM"),
    _connection("host_ipv6", "postgres", host="::1", port=5432),
    _connection("host_ipv6_brackets", "postgres", host="[2001:db8::1]", port=5432),
    _connection("hosts", "kafka", host="k1.example.com:9092,k2.example.com:9092"),
    _connection("no_host", "aws", login="AKIAEXAMPLE", password="wJalr/XUtn+FEMI=K7"),
    _connection("no_host_port", "redis", port=6379),
    _connection("no_host_schema", "postgres", schema="dwh"),
    _connection("no_host_schema_login", "postgres", schema="dwh", login="etl"),
    _connection("no_login", "redis", host="h", password="only-a-password"),
    _connection("empty_parts", "postgres", host="", login="", password="", schema=""),
    _connection("port_zero", "postgres", host="h", port=0),
    _connection("extra_nested", "http", host="h", extra='{"a": {"b": [1, 2.5, true, null, {"c": "d"}]}}'),
    _connection("extra_types", "http", host="h", extra='{"n": 3, "f": 1.0, "t": true, "z": null, "s": "x"}'),
    _connection("extra_texts_like_json", "http", host="h", extra='{"n": "3", "t": "true", "z": "null", "l": "[1]"}'),
    _connection("extra_empty_text", "http", host="h", extra='{"e": ""}'),
    _connection("extra_empty", "http", host="h", extra="{}"),
    _connection("extra_own_key", "http", host="h", extra='{"__extra__": "x", "y": "z"}'),
    _connection("extra_spelled_oddly", "http", host="h", extra='{\n  "b" :1,\t"a": "\\u00e9"\n}'),
    _connection("extra_with_schema", "http", host="h", schema="s", extra='{"a": "b&c=d"}'),
    _connection("my-conn.v2", "http", host="h"),
    _connection("a/b:c#d!(e)", "http", host="h"),
    _connection("collides", "http", host="small"),
    _connection("Collides", "http", host="capital"),
]
