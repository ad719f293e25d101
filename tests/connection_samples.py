"""Connections as texts and as fields, for every test that needs them."""

import json

from hypothesis import strategies as st

from astro_sync.airflow.connection import Connection

# What Apache Airflow 3.3.2's core made of each; tests/airflow holds the same table to a real one.
READ: list[tuple[str, Connection | None]] = [
    (
        "postgres://user:p%40ss%24w%23rd@db.example.com:5432/sales?sslmode=require",
        Connection("postgres", None, "user", "p@ss$w#rd", "db.example.com", 5432, "sales", '{"sslmode": "require"}'),
    ),
    ("  postgresql://h \n", Connection("postgres", host="h", schema="")),
    ("google-cloud-platform://", Connection("google_cloud_platform", host="", schema="")),
    ("x://u:@h", Connection("x", login="u", host="h", schema="")),
    ("x://:p@", Connection("x", login="", password="p", host="", schema="")),
    ("x://@:5432", Connection("x", login="", host="", port=5432, schema="")),
    ("x://HOST/Sch%2Fema", Connection("x", host="host", schema="Sch/ema")),
    ("x://My%2FHost:1", Connection("x", host="My/Host", port=1, schema="")),
    ("x://u:p@https%3A%2F%2Fh:1", Connection("x", login="u", password="p", host="https://h", port=1, schema="")),
    ("http://https://u:p@h:8080/s", Connection("http", None, "u", "p", "https://h", 8080, "s")),
    ("x://[::1]:5432/", Connection("x", host="::1", port=5432, schema="")),
    (
        "x://h?n=3&t=true&s=%22q%22&w=x+y&b=",
        Connection("x", host="h", schema="", extra='{"n": 3, "t": true, "s": "q", "w": "x y", "b": ""}'),
    ),
    ("x://h?__extra__=%7B%22a%22:1%7D&b=2", Connection("x", host="h", schema="", extra='{"a":1}')),
    ("x://h?__extra__=", Connection("x", host="h", schema="")),
    ("x://h?a=1&a=2", Connection("x", host="h", schema="", extra='{"a": 2}')),
    (
        '{"conn_type": "my-type", "port": "5432", "extra": {"a": {"b": null}}}',
        Connection("my_type", port=5432, extra='{"a": {"b": null}}'),
    ),
    ('{"conn_type": "x", "password": "", "login": "", "extra": {}, "port": 0}', Connection("x", login="")),
    ('{"conn_type": "x", "description": "d", "extra": "{\\"a\\":1}"}', Connection("x", "d", extra='{"a":1}')),
    ('{"uri": "x://h"}', Connection("x", host="h", schema="")),
    ("", None),
    ("  ", None),
    ("no uri", None),
    ("my_type://h", None),
    ("user:password", None),
    ("x://h:port", None),
    ("x://h:65536", None),
    ("x://[h", None),
    ("x://u:p@y://h", None),
    ("x://y://z://h", None),
    ("x://h?__extra__=%5B%5D", None),
    ("x://h?__extra__=text", None),
    ("{", None),
    ('{"conn_type": ""}', None),
    ('{"host": "h"}', None),
    ('{"conn_type": "x", "conn_id": "c"}', None),
    ('{"conn_type": "x", "login": 1}', None),
    ('{"conn_type": "x", "port": "x"}', None),
    ('{"conn_type": "x", "extra": [1]}', None),
    ('{"conn_type": "x", "extra": "text"}', None),
    ('{"conn_type": "x", "uri": "x://h"}', None),
    ('{"conn_type": "x", "login": "\\ud800"}', None),
    ('{"conn_type": "x", "extra": {"a": "\\ud800"}}', None),
]


TEXTS = (
    st.none() | st.text(st.characters(codec="utf-8"), min_size=1, max_size=8) | st.sampled_from(["%41", "a://b", "H"])
)
EXTRAS = st.none() | st.dictionaries(
    st.text(st.characters(codec="utf-8"), max_size=3) | st.just("__extra__"),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8"), max_size=4),
        st.lists,
        max_leaves=3,
    ),
    max_size=3,
).map(json.dumps)
CONNECTIONS = st.builds(
    Connection,
    conn_type=st.sampled_from(["postgres", "http", "my_type", "a.b+c", "Upper"]),
    description=st.none() | TEXTS,
    login=TEXTS,
    password=TEXTS,
    host=TEXTS,
    port=st.none() | st.integers(1, 70000),
    schema=TEXTS,
    extra=EXTRAS,
)
