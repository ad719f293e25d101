"""Limits of what can be asked for."""

from typing import Final

# Seconds; the system cannot wait for ever.
LONGEST_TIMEOUT: Final = 86_400.0
