"""The `.astro-sync.toml` that `init` writes: every setting explained, and none in force."""

from typing import Final

CONFIG_EXAMPLE: Final = """\
# What astro-sync always does in this project. Remove the first # of a line to switch it on.
# The command line and the environment win over [defaults]. Values of variables never belong here.

#[defaults]

# The Deployment to work on: its id (`astro deployment list` shows it) or its name, and its workspace if not the
# current one.
#deployment_id = "clx0000000000000000000000"
#deployment_name = "dev"
#workspace_id = "clw0000000000000000000000"

# The local file.
#env = ".env"

# Only keys that match a pattern of `include`, none that matches one of `exclude`; `airflow_only` is short for
# AIRFLOW_CONN_* and AIRFLOW_VAR_*.
#include = ["AIRFLOW_*", "SNOWFLAKE_*"]
#exclude = ["*_LOCAL"]
#airflow_only = false

# Which new keys become secret on the Deployment and which do not; where both match, `plain` wins.
#secret = ["*_DSN"]
#plain = ["AIRFLOW_VAR_PUBLIC_*"]

# What becomes of a key with another value on the other side: "keep" it, "overwrite" it, "ask", or "fail".
#on_conflict = "fail"

# Keys to carry although Astro sets them itself.
#allow_reserved = ["OPENLINEAGE_DISABLED"]

# Carry what can be carried although some keys cannot, and exit 7.
#partial = false

# Seconds that one call of `astro` may take, the `astro` to run if not the one on PATH, and how many Deployments to
# work on at the same time.
#timeout = 120
#astro_bin = "/usr/local/bin/astro"
#jobs = 4

# Deployments by name: `astro-sync local-to-deploy --target dev`. A target can have every setting from above.
#[targets.dev]
#deployment_id = "clx1111111111111111111111"
#env = ".env.dev"

# `protected`: --yes alone does not change it, --yes-protected prod does, or its name typed on a terminal.
#[targets.prod]
#deployment_id = "clx2222222222222222222222"
#protected = true
"""
