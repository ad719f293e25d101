"""What every vendor's store shares."""

import pytest

from astro_sync.places.backends.base import without_login


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://vault.example.com:8200/x", "https://vault.example.com:8200/x"),
        ("https://u:planted@vault.example.com/x", "https://vault.example.com/x"),
        ("https://u:pla/nted@vault.example.com", "https://vault.example.com"),
        ("https://u:pla?nted@vault.example.com", "https://vault.example.com"),
        ("https://u:pla#nted@planted@vault.example.com", "https://vault.example.com"),
    ],
)
def test_an_address_is_shown_without_a_login_even_if_that_is_not_escaped(url: str, shown: str) -> None:
    assert without_login(url) == shown
