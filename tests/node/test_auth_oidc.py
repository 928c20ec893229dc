"""Logging in at an OpenID provider. The provider is a small real one on loopback, written here from the standards.

It checks what a provider checks (client, redirect address, PKCE) by itself, and can be told to lie in many ways.
"""

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, parse_qsl, unquote_plus, urlencode, urlsplit

import httpx
import pytest
from joserfc import jws, jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry
from msgspec.structs import replace

from accord.errors import AccordError, MalformedInput
from accord.node.auth import accounts, clock
from accord.node.auth.oidc import provider as client_side
from accord.node.auth.oidc.id_token import check_id_token
from accord.node.config import NodeConfig, Oidc, read_config, write_config

RSA = RSAKey.generate_key(2048, {"kid": "rsa-1", "use": "sig"})
EC = ECKey.generate_key("P-256", {"kid": "ec-1", "use": "sig"})
ED = OKPKey.generate_key("Ed25519", {"kid": "ed-1", "use": "sig"})
STRANGER = RSAKey.generate_key(2048, {"kid": "rsa-1", "use": "sig"})
SECRET = "a client's secret: with / and ü"
CLIENT = "accord node"


def forged_with_public_key(payload):
    """HS256, where the secret is the provider's public key in PEM form (CVE-2015-9235)."""
    parts = [json.dumps({"alg": "HS256", "kid": "rsa-1"}).encode(), payload.encode()]
    signed = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    mac = hmac.digest(RSA.as_pem(private=False), signed, "sha256")
    return (signed + b"." + base64.urlsafe_b64encode(mac).rstrip(b"=")).decode()


class AnyAlgorithm(JWSRegistry):
    """Signs with whatever is asked for, `none` and unknown extensions included."""

    def check_header(self, header):
        pass

    def get_alg(self, name):
        return self.algorithms[name]


class Provider(ThreadingHTTPServer):
    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.key, self.algorithm = RSA, "RS256"
        self.header, self.claims, self.metadata, self.broken = {}, {}, {}, {}
        self.forge, self.methods = False, ["client_secret_basic"]
        self.codes, self.asked, self.refused = {}, [], []

    def discovery(self):
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize?tenant=a",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "token_endpoint_auth_methods_supported": self.methods,
            "response_types_supported": ["code"],
            **self.metadata,
        }

    def authorize(self, query, redirect_uri):
        """Stand in for the person who logs in at the provider; return where the browser is sent."""
        assert query["response_type"] == "code"
        assert query["client_id"] == CLIENT
        assert query["redirect_uri"] == redirect_uri
        assert "openid" in query["scope"].split()
        assert query["code_challenge_method"] == "S256"
        assert min(len(query["state"]), len(query["nonce"])) >= 20
        code = secrets.token_urlsafe(16)
        self.codes[code] = query
        return f"{redirect_uri}?{urlencode({'code': code, 'state': query['state'], 'iss': self.url})}"

    def exchange(self, headers, form):
        if "client_secret_basic" in self.methods:
            name, _, secret = base64.b64decode(headers["Authorization"].removeprefix("Basic ")).decode().partition(":")
            client = unquote_plus(name), unquote_plus(secret)
        else:
            client = form["client_id"], form.get("client_secret")
        query = self.codes.pop(form["code"], None)
        expected = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).decode()
        sound = (
            query
            and client == (CLIENT, SECRET if self.methods != ["none"] else None)
            and form["grant_type"] == "authorization_code"
            and form["redirect_uri"] == query["redirect_uri"]
            and query["code_challenge"] == expected.rstrip("=")
        )
        if not sound:
            self.refused.append(form)
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {
            "iss": self.url, "sub": "Person-1", "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": query["nonce"],
            "email": "Ada@Office.example", "email_verified": True, "name": "Ada Lovelace",
        }  # fmt: skip
        claims = {name: value for name, value in {**claims, **self.claims}.items() if value is not None}
        header = {"alg": self.algorithm, "kid": self.key.kid, **self.header} if self.key else {"alg": "none"}
        header = {name: value for name, value in header.items() if value is not None}
        registry = AnyAlgorithm(strict_check_header=False)
        token = (
            forged_with_public_key(json.dumps(claims))
            if self.forge
            else jws.serialize_compact(header, json.dumps(claims), self.key, registry=registry)
        )
        return 200, {"access_token": "unused", "token_type": "Bearer", "id_token": token}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        path = urlsplit(self.path).path
        self.server.asked.append(path)
        if path == "/.well-known/openid-configuration":
            self.answer(path, 200, self.server.discovery())
        elif path == "/keys":
            keys = [key.as_dict(private=False) for key in (RSA, EC, ED)]
            self.answer(
                path,
                200,
                {
                    "keys": [
                        *keys,
                        {
                            "kty": "oct",
                            "kid": "shared",
                            "k": base64.urlsafe_b64encode(b"a shared secret of 32 characters").decode().rstrip("="),
                        },
                    ]
                },
            )
        else:
            self.answer(path, 404, {})

    def do_POST(self):
        self.server.asked.append(self.path)
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        assert self.headers["Content-Type"] == "application/x-www-form-urlencoded"
        self.answer(self.path, *self.server.exchange(self.headers, dict(parse_qsl(body, strict_parsing=True))))

    def answer(self, path, status, plain):
        body = json.dumps(plain).encode()
        broken = self.server.broken.get(path)
        if broken:
            broken(self, body)
            return
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def provider():
    made = Provider()
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    client_side._discover.cache_clear()
    yield made
    made.shutdown()
    made.server_close()
    thread.join(10)


@pytest.fixture
def browser(node, provider, client):
    """A browser at a node that knows the provider."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("accord.node.auth.sessions.is_secure", lambda _: False)
        (node.folder / "client-secret").write_text(SECRET + "\n", "utf-8")
        (node.folder / "client-secret").chmod(0o600)
        settings = Oidc(issuer=provider.url, client_id=CLIENT, client_secret_file="client-secret", name="Office login")
        node.config = replace(node.config, url=str(client.base_url).rstrip("/"), oidc=settings)
        yield client


def go(browser, provider, target="/account"):
    """Walk to the provider; return where it sends the browser back to."""
    answer = browser.get("/login/oidc", params={"next": target})
    assert answer.status_code == 303, answer.text
    parts = urlsplit(answer.headers["location"])
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{provider.url}/authorize"
    query = {name: values[0] for name, values in parse_qs(parts.query, strict_parsing=True).items()}
    assert query.pop("tenant") == "a"
    return provider.authorize(query, f"{str(browser.base_url).rstrip('/')}/login/oidc/back")


def refused(answer, code, status=401):
    assert answer.status_code == status, answer.text
    assert answer.json()["type"] == f"urn:accord:problem:{code}"
    assert "accord_session" not in answer.headers.get("set-cookie", "")


def test_somebody_new_comes_in_as_reader_and_is_the_same_person_the_next_time(node, browser, provider):
    assert 'href="/login/oidc?next=%2Faccount"' in browser.get("/login").text
    assert "Office login" in browser.get("/login").text
    answer = browser.get(go(browser, provider, "/account?lang=fr"))
    assert (answer.status_code, answer.headers["location"]) == (303, "/account?lang=fr")
    me = browser.get("/api/v1/me").json()
    assert (me["name"], me["roles"]) == ("Ada Lovelace", ["reader"])
    account = accounts.get(node, me["account"])
    assert (account.login, account.issuer, account.password) == ("ada@office.example", provider.url, None)
    browser.cookies.clear()
    browser.get(go(browser, provider))
    assert browser.get("/api/v1/me").json()["account"] == account.id
    with node.store.reading() as transaction:
        assert transaction.one("SELECT COUNT(*) FROM accounts")[0] == 1


def test_the_algorithms_of_the_standards_are_accepted(browser, provider):
    for key, algorithm in ((RSA, "RS256"), (EC, "ES256"), (ED, "EdDSA"), (ED, "Ed25519")):
        provider.key, provider.algorithm = key, algorithm
        assert browser.get(go(browser, provider)).status_code == 303, algorithm


@pytest.mark.parametrize("methods", [["client_secret_post"], ["none"]])
def test_clients_may_authenticate_as_the_provider_wants_it(node, browser, provider, methods):
    provider.methods = methods
    if methods == ["none"]:
        node.config = replace(node.config, oidc=replace(node.config.oidc, client_secret_file=""))
    assert browser.get(go(browser, provider)).status_code == 303
    assert provider.refused == []


BAD_TOKENS = {
    "other nonce": {"claims": {"nonce": "replayed"}},
    "no nonce": {"claims": {"nonce": None}},
    "nonces": {"claims": {"nonce": ["a"]}},
    "other issuer": {"claims": {"iss": "https://evil.example"}},
    "no issuer": {"claims": {"iss": None}},
    "other audience": {"claims": {"aud": "another client"}},
    "no audience": {"claims": {"aud": None}},
    "several audiences, no party": {"claims": {"aud": [CLIENT, "another"]}},
    "another party": {"claims": {"azp": "another"}},
    "expired": {"claims": {"exp": 1_700_000_000}},
    "no expiry": {"claims": {"exp": None}},
    "expiry is text": {"claims": {"exp": "tomorrow"}},
    "expiry is not a number": {"claims": {"exp": float("nan")}},
    "from the future": {"claims": {"iat": 4_000_000_000}},
    "old": {"claims": {"iat": 1_700_000_000}},
    "no time": {"claims": {"iat": None}},
    "no subject": {"claims": {"sub": None}},
    "empty subject": {"claims": {"sub": ""}},
    "subject is a number": {"claims": {"sub": 7}},
    "alg none": {"key": None},
    "alg none, with kid": {"algorithm": "none"},
    "shared key": {
        "key": OctKey.import_key("a shared secret of 32 characters", {"kid": "shared"}),
        "algorithm": "HS256",
    },
    "the public key as a shared one": {"forge": True},
    "unknown kid": {"header": {"kid": "of-another-day"}},
    "no kid, several keys": {"key": ED, "algorithm": "EdDSA", "header": {"kid": "rsa-1"}},
    "another's key": {"key": STRANGER},
    "key in the header": {"key": STRANGER, "header": {"kid": "x", "jwk": STRANGER.as_dict(private=False)}},
    "weak algorithm": {"algorithm": "RS512"},
    "critical extension": {"header": {"crit": ["x"], "x": 1}},
}


def test_a_token_that_does_not_hold_opens_nothing(node, browser, provider):
    usual = {name: getattr(provider, name) for name in ("key", "algorithm", "header", "claims", "forge")}
    for name, changes in BAD_TOKENS.items():
        vars(provider).update({**usual, **changes})
        answer = browser.get(go(browser, provider))
        assert (answer.status_code, answer.json()["type"]) == (401, "urn:accord:problem:bad-id-token"), name
        assert "accord_session" not in answer.headers.get("set-cookie", ""), name
    assert provider.refused == []  # the provider itself was content
    assert not accounts.page_of(node)
    vars(provider).update(usual)
    assert browser.get(go(browser, provider)).status_code == 303  # and without a change it opens


def test_two_audiences_hold_if_the_party_is_us_and_one_key_needs_no_kid(browser, provider):
    provider.claims = {"aud": [CLIENT, "another"], "azp": CLIENT}
    provider.header = {"kid": None}
    assert browser.get(go(browser, provider)).status_code == 303


def test_an_answer_counts_once_and_in_the_browser_that_asked(node, browser, provider):
    back = go(browser, provider)
    stolen = httpx.Client(base_url=browser.base_url)
    with stolen:
        refused(stolen.get(back), "bad-state")  # another browser: log-in CSRF
    refused(browser.get(back), "bad-state")  # and that has spent it
    back = go(browser, provider)
    code = parse_qs(urlsplit(back).query)["code"][0]
    assert browser.get(back).status_code == 303
    refused(browser.get(back), "bad-state")  # replayed
    refused(browser.get(f"/login/oidc/back?code={code}&state=guessed"), "bad-state")
    refused(browser.get(f"/login/oidc/back?code={code}"), "bad-state")
    with node.store.reading() as transaction:
        assert transaction.rows("SELECT * FROM oidc_flows") == []


def test_a_code_of_another_flow_fails_by_its_verifier(browser, provider):
    """PKCE: a code that was stolen elsewhere is no use in one's own flow."""
    stolen = parse_qs(urlsplit(go(browser, provider)).query)["code"][0]
    own = go(browser, provider)
    code = parse_qs(urlsplit(own).query)["code"][0]
    refused(browser.get(own.replace(code, stolen)), "provider-unusable", 503)
    assert len(provider.refused) == 1


def test_what_takes_too_long_has_to_begin_again(monkeypatch, browser, provider):
    back = go(browser, provider)
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + 601)
    refused(browser.get(back), "bad-state")


def test_the_provider_may_say_no_or_be_another(browser, provider):
    back = go(browser, provider)
    state = parse_qs(urlsplit(back).query)["state"][0]
    refused(browser.get(f"/login/oidc/back?error=access_denied&state={state}"), "provider-refused")
    back = go(browser, provider)
    other = urlencode({"iss": "https://evil.example"})
    refused(browser.get(back.partition("&iss=")[0] + f"&{other}"), "other-issuer")


def test_only_the_domains_that_are_allowed_come_in(node, browser, provider):
    node.config = replace(node.config, oidc=replace(node.config.oidc, domains=("Office.example",)))
    for claims in (
        {"email": "ada@evil.example"},
        {"email": "ada@office.example.evil.example"},
        {"email": "ada@office.example", "email_verified": False},
        {"email": "ada@office.example", "email_verified": "true"},
        {"email": None},
        {"email": ["ada@office.example"]},
    ):
        provider.claims = claims
        refused(browser.get(go(browser, provider)), "other-domain")
    provider.claims = {}
    assert browser.get(go(browser, provider)).status_code == 303


def test_a_provider_takes_over_no_account_that_is_there(node, browser, provider):
    local = accounts.add(
        node, login="ada@office.example", name="Ada", roles=["operator"], password="a long sentence", by="command-line"
    )
    browser.get(go(browser, provider))
    me = browser.get("/api/v1/me").json()
    assert me["account"] != local.id
    assert me["roles"] == ["reader"]


def test_a_disabled_account_stays_out_by_this_door_too(node, browser, provider):
    browser.get(go(browser, provider))
    accounts.disable(node, browser.get("/api/v1/me").json()["account"], by="command-line")
    refused(browser.get(go(browser, provider)), "account-disabled")


def test_odd_names_become_harmless(browser, provider):
    for number, name in enumerate(["\u202eevil", "", "a" * 500, ["x"], None]):
        provider.claims = {"name": name, "email": None, "sub": f"person {number}"}
        assert browser.get(go(browser, provider)).status_code == 303
        me = browser.get("/api/v1/me").json()
        assert 0 < len(me["name"]) <= 120
        assert "\u202e" not in me["name"]


def redirect(handler, _body):
    handler.send_response(302)
    handler.send_header("Location", "http://127.0.0.1:1/")
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def oversized(handler, _body):
    handler.send_response(200)
    handler.send_header("Content-Length", str(10**9))
    handler.end_headers()
    try:
        for _ in range(1000):
            handler.wfile.write(b" " * 10_000)
    except OSError:
        pass
    handler.close_connection = True


def not_json(handler, _body):
    handler.send_response(200)
    handler.send_header("Content-Length", "9")
    handler.end_headers()
    handler.wfile.write(b"[[[[[[[[[")


def cut_off(handler, body):
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(body) + 100))
    handler.end_headers()
    handler.wfile.write(body)
    handler.close_connection = True


@pytest.mark.parametrize("broken", [redirect, oversized, not_json, cut_off])
def test_a_broken_provider_is_an_answer_and_no_crash(browser, provider, broken):
    provider.broken["/.well-known/openid-configuration"] = broken
    refused(browser.get("/login/oidc"), "provider-unusable", 503)
    provider.broken.clear()
    for path in ("/token", "/keys"):
        back = go(browser, provider)
        provider.broken[path] = broken
        refused(browser.get(back), "provider-unusable", 503)
        provider.broken.clear()


def test_metadata_that_lead_elsewhere_are_refused(browser, provider):
    for metadata in (
        {"issuer": "https://evil.example"},
        {"jwks_uri": "http://evil.example/keys"},
        {"token_endpoint": "file:///etc/passwd"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"jwks_uri": 7},
    ):
        provider.metadata = metadata
        refused(browser.get("/login/oidc"), "provider-unusable", 503)


def test_a_secret_that_others_can_read_is_not_sent(node, browser, provider):
    back = go(browser, provider)
    (node.folder / "client-secret").chmod(0o644)
    refused(browser.get(back), "provider-unusable", 503)
    assert "/token" not in provider.asked


def test_a_node_without_a_provider_has_no_such_door(client):
    refused(client.get("/login/oidc"), "no-provider", 503)
    refused(client.get("/login/oidc/back?code=a&state=b"), "no-provider", 503)
    assert "oidc" not in client.get("/login").text


def test_short_keys_and_garbage_are_refused():
    with pytest.warns(Warning):
        weak = RSAKey.generate_key(1024, {"kid": "weak"})
        token = jwt.encode({"alg": "RS256", "kid": "weak"}, {"iss": "i"}, weak)
    for text in (
        token,
        "",
        "..",
        "a.b.c",
        "{}",
        "\udcff.x.y",
        "a" * 100_000,
        "eyJhbGciOiJSUzI1NiIsImtpZCI6WzFdfQ.e30.AA",
    ):
        with pytest.raises(AccordError):
            check_id_token(
                text, [weak.as_dict(private=False)], issuer="i", client_id="c", nonce="n", now=int(time.time())
            )


def test_settings_are_checked_and_written_back(tmp_path):
    oidc = Oidc(
        issuer="https://id.example", client_id="x", name="Office", roles=("reader", "publisher"), domains=("a",)
    )
    config = NodeConfig(name="N", jurisdiction="DE", origin="n.example/log", oidc=oidc, frameworks=("eu-ai-act",))
    write_config(tmp_path, config)
    assert read_config(tmp_path) == config
    good = (tmp_path / "node.toml").read_text()
    for old, new in (
        ("https://id.example", "http://id.example"),
        ('"publisher"', '"root"'),
        ('client_id = "x"', 'client_id = ""'),
        ('name = "Office"', 'nam = "Office"'),
    ):
        assert old in good
        (tmp_path / "node.toml").write_text(good.replace(old, new))
        with pytest.raises(MalformedInput):
            read_config(tmp_path)
