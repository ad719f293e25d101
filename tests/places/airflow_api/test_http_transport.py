import shutil
import subprocess
from collections.abc import Iterator

import pytest

from astro_sync.errors import AstroSyncError, ExitCode, UsageError
from astro_sync.places.airflow_api.client import AirflowClient
from astro_sync.places.airflow_api.http_transport import Credentials, HttpTransport
from astro_sync.places.airflow_api.reading import Wanted, read_variables
from astro_sync.places.airflow_api.transport import ApiError, Fault
from places.airflow_api.conftest import LOGIN
from services import airflow as stand_in
from services.airflow import TOKEN, AirflowService
from services.proxy import Proxy

GET = ("GET", "/variables?limit=1")


def is_distant(address: str) -> bool:
    return "airflow.test" in address


def ask(address: str, **environ: str) -> int:
    return HttpTransport(address, LOGIN, environ, 5, plain=is_distant(address)).send(*GET).status


def distant(airflow: AirflowService) -> str:
    """Return the address of a service under a name that only a proxy knows."""
    return airflow.url.replace("127.0.0.1", "airflow.test")


def fault_of(address: str, credentials: Credentials = LOGIN, *, timeout: float = 5, **environ: str) -> ApiError:
    with pytest.raises(ApiError) as caught:
        HttpTransport(address, credentials, environ, timeout, plain=is_distant(address)).send(*GET)
    shown = f"{caught.value} {caught.value.hint} {caught.value!r}"
    assert all(planted not in shown for planted in (LOGIN.password or "", TOKEN, "planted"))
    assert caught.value.exit_code is ExitCode.UNUSABLE
    return caught.value


@pytest.mark.parametrize("prefix", ["", "/my/airflow"])
@pytest.mark.parametrize("end", ["", "/", "/api/v2", "/api/v1/"])
def test_a_path_works_with_and_without_a_final_slash(prefix: str, end: str) -> None:
    for version in (1, 2):
        with AirflowService(version, prefix=prefix) as service:
            assert ask(service.url + end) == 200
            assert all(request.path.startswith(f"{prefix}/") for request in service.requests)


@pytest.mark.parametrize("credentials", [Credentials(token=TOKEN), LOGIN], ids=["token", "user"])
def test_a_token_or_a_user_logs_in_once(airflow: AirflowService, credentials: Credentials) -> None:
    transport = HttpTransport(airflow.url, credentials, {}, 5)
    assert {transport.send(*GET).status for _ in range(3)} == {200}
    assert sum("/auth/token" in request.path for request in airflow.requests) == (credentials.token is None)


@pytest.mark.parametrize(
    "credentials", [Credentials(), Credentials(token="planted"), Credentials(user="planted", password="planted")]
)
def test_wrong_credentials_are_told(airflow: AirflowService, credentials: Credentials) -> None:
    transport = HttpTransport(airflow.url, credentials, {}, 5)
    client = AirflowClient(transport, transport.name)
    with pytest.raises(ApiError) as caught:
        read_variables(client, Wanted())
    assert caught.value.fault in {Fault.UNAUTHORIZED, Fault.FORBIDDEN}
    assert "planted" not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize(
    "address",
    [
        "http://airflow.example.com/",
        "http://10.0.0.1:8080",
        "ftp://localhost/",
        "https://",
        "https://user:planted@localhost/",
        "https://localhost/?token=planted",
        "https://localhost:port/",
        "https://[::1/",
        "localhost:8080",
    ],
)
def test_an_address_that_is_unsafe_or_malformed_is_a_usage_error(address: str) -> None:
    with pytest.raises(UsageError) as caught:
        HttpTransport(address, LOGIN, {}, 5)
    assert "planted" not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1", "https://example.com"]
)
def test_loopback_may_be_plain(address: str) -> None:
    assert HttpTransport(address, LOGIN, {}, 5).name.startswith("Airflow at ")


def test_plain_http_elsewhere_can_be_allowed() -> None:
    assert (
        HttpTransport("http://airflow.example.com/", LOGIN, {}, 5, plain=True).name == "Airflow at airflow.example.com"
    )


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "goal", ["https://evil.example.com/planted?planted", "//evil.example.com/", "https://127.0.0.1/"]
)
def test_a_redirect_to_another_host_is_refused(airflow3: AirflowService, status: int, goal: str) -> None:
    airflow3.faults.append(stand_in.Fault("redirect", path="/variables", status=status, headers={"Location": goal}))
    assert fault_of(airflow3.url).fault is Fault.REDIRECTED


def test_a_redirect_to_a_host_with_an_airflow_gets_no_credentials(airflow3: AirflowService) -> None:
    with AirflowService(2) as other:
        goal = {"Location": f"{other.url}/api/v2/variables"}
        airflow3.faults.append(stand_in.Fault("redirect", path="/variables", status=307, headers=goal))
        assert fault_of(airflow3.url).fault is Fault.REDIRECTED
        assert other.requests == []


def test_a_redirect_on_the_same_host_is_followed_for_a_read_only(airflow3: AirflowService) -> None:
    goal = {"Location": "/api/v2/variables"}
    airflow3.faults.append(stand_in.Fault("redirect", path="?limit", status=302, headers=goal))
    transport = HttpTransport(airflow3.url, LOGIN, {}, 5)
    assert transport.send("GET", "/variables?limit=1").status == 200
    with pytest.raises(ApiError) as caught:
        transport.send("POST", "/variables?limit=1", b"{}")
    assert caught.value.fault is Fault.REDIRECTED


def test_redirects_in_circles_end(airflow3: AirflowService) -> None:
    goal = {"Location": "/api/v2/variables"}
    airflow3.faults.append(stand_in.Fault("redirect", path="/variables", status=302, headers=goal))
    assert fault_of(airflow3.url).fault is Fault.REDIRECTED


@pytest.mark.parametrize("kind", ["hang", "drip"])
def test_the_time_limit_holds_for_the_whole_call(airflow3: AirflowService, kind: str) -> None:
    airflow3.faults.append(stand_in.Fault(kind, path="/variables"))
    assert fault_of(airflow3.url, timeout=0.3).fault is Fault.TIMED_OUT


def test_a_host_that_refuses_connections_is_unreachable(airflow3: AirflowService) -> None:
    address = airflow3.url
    airflow3.__exit__()
    assert fault_of(address).fault is Fault.UNREACHABLE


def test_a_host_without_airflow_is_told() -> None:
    with AirflowService(2, prefix="/elsewhere") as service:
        error = fault_of(service.url.removesuffix("/elsewhere"), Credentials(token=TOKEN))
    assert error.fault is Fault.NOT_FOUND


@pytest.mark.parametrize("spelling", ["http_proxy", "HTTP_PROXY", "all_proxy"])
def test_a_proxy_of_the_environment_is_used(airflow: AirflowService, spelling: str) -> None:
    with Proxy() as proxy:
        assert ask(distant(airflow), **{spelling: proxy.url}) == 200
        assert set(proxy.hosts) == {f"airflow.test:{airflow.port}"}


@pytest.mark.parametrize(
    "exception", ["airflow.test", "example.com, airflow.test", "*", ".test", "airflow.test:{port}"]
)
def test_no_proxy_goes_around_it(airflow: AirflowService, exception: str) -> None:
    with Proxy() as proxy:
        error = fault_of(distant(airflow), http_proxy=proxy.url, NO_PROXY=exception.format(port=airflow.port))
        assert error.fault is Fault.UNREACHABLE, "nobody knows that host but the proxy"
        assert proxy.hosts == []


def test_plain_text_for_this_machine_goes_through_no_proxy(airflow: AirflowService) -> None:
    with Proxy() as proxy:
        assert ask(airflow.url, http_proxy=proxy.url, all_proxy=proxy.url) == 200
        assert proxy.hosts == []


def test_a_proxy_that_wants_a_login_gets_its_own_only(airflow: AirflowService) -> None:
    with Proxy(login="me:planted") as proxy:
        there = proxy.url.removeprefix("http://")
        assert ask(distant(airflow), http_proxy=f"http://me:planted@{there}") == 200
        assert fault_of(distant(airflow), http_proxy=proxy.url).fault is Fault.FORBIDDEN


def test_a_proxy_that_answers_a_page_is_told(airflow: AirflowService) -> None:
    with Proxy(page="<html>Sign in, planted</html>") as proxy:
        error = fault_of(distant(airflow), Credentials(token=TOKEN), http_proxy=proxy.url)
    assert error.fault is Fault.NOT_THE_API


@pytest.mark.parametrize("proxy", ["http://127.0.0.1:1", "socks5://127.0.0.1:1", "http://:x", "nonsense://"])
def test_a_proxy_that_is_none_is_told(airflow: AirflowService, proxy: str) -> None:
    assert fault_of(distant(airflow), http_proxy=proxy).fault is Fault.UNREACHABLE


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Return a certificate for 127.0.0.1 that nobody else trusts, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl to make a certificate")
    folder = tmp_path_factory.mktemp("tls")
    files = str(folder / "cert.pem"), str(folder / "key.pem")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += [
        "-subj",
        "/CN=127.0.0.1",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-out",
        files[0],
        "-keyout",
        files[1],
    ]
    subprocess.run(command, check=True, capture_output=True)
    return files


@pytest.fixture
def secure(certificate: tuple[str, str]) -> Iterator[AirflowService]:
    """Return an Airflow behind TLS."""
    with AirflowService(2, certificate=certificate) as service:
        yield service


def test_an_untrusted_certificate_is_refused(secure: AirflowService) -> None:
    assert fault_of(secure.url).fault is Fault.UNTRUSTED
    assert secure.requests == []


def test_a_certificate_that_the_user_names_is_trusted(secure: AirflowService, certificate: tuple[str, str]) -> None:
    assert ask(secure.url, SSL_CERT_FILE=certificate[0]) == 200


def test_a_certificate_of_another_name_is_refused(secure: AirflowService, certificate: tuple[str, str]) -> None:
    address = f"https://localhost:{secure.port}"
    assert fault_of(address, SSL_CERT_FILE=certificate[0]).fault is Fault.UNTRUSTED


def test_tls_goes_through_a_proxy_as_a_tunnel(secure: AirflowService, certificate: tuple[str, str]) -> None:
    with Proxy(login="me:planted") as proxy:
        there = f"http://me:planted@{proxy.url.removeprefix('http://')}"
        assert ask(secure.url, https_proxy=there, SSL_CERT_FILE=certificate[0]) == 200
        error = fault_of(secure.url, https_proxy=proxy.url, SSL_CERT_FILE=certificate[0])
    assert error.fault is Fault.UNREACHABLE
    assert set(proxy.hosts) == {f"127.0.0.1:{secure.port}"}


@pytest.mark.long
@pytest.mark.parametrize("kind", ["hang", "drip", "cut"])
def test_failures_behind_tls_are_told_apart(secure: AirflowService, certificate: tuple[str, str], kind: str) -> None:
    secure.faults.append(stand_in.Fault(kind, path="/variables"))
    expected = Fault.CUT_OFF if kind == "cut" else Fault.TIMED_OUT
    assert fault_of(secure.url, timeout=30 if kind == "cut" else 2, SSL_CERT_FILE=certificate[0]).fault is expected


def test_plain_http_on_a_tls_port_and_the_other_way_round(secure: AirflowService, airflow3: AirflowService) -> None:
    assert fault_of(airflow3.url.replace("http:", "https:")).fault is Fault.UNREACHABLE
    assert isinstance(fault_of(secure.url.replace("https:", "http:")), AstroSyncError)


def test_credentials_show_in_no_text_form() -> None:
    assert "planted" not in repr(Credentials("planted", "planted", "planted"))
