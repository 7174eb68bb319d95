"""Webhooks of ours, on both databases: a real peer with certificates, signatures as its library checks them, rotation,
retries, and every way into the house that a caller must not find.
"""

import json
import socket
import ssl
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import trustme
from standardwebhooks import Webhook, WebhookVerificationError
from tests.small_shop import bakery

from goodwill import consent
from goodwill.basics.clock import Micros, system_clock
from goodwill.basics.errors import BadInput, NotFound
from goodwill.collect import imports
from goodwill.consent import Asked
from goodwill.reach.channels.https import Https, is_public
from goodwill.reach.outcome import Later, Refused, Sent
from goodwill.reach.webhooks.store import hook_targets

_FIXED = 1_795_338_000_000_000


class Peer:
    """A receiver that answers as it is told, and keeps what it was sent."""

    def __init__(self, authority=None, host="localhost"):
        self.got, self.answers = [], []
        peer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                peer.got.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body.decode()))
                status, headers = peer.answers.pop(0) if peer.answers else (204, {})
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.scheme = "http"
        if authority is not None:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            authority.issue_cert(host).configure_cert(context)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
            self.scheme = "https"
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()

    def url(self, path="/in", host="localhost"):
        return f"{self.scheme}://{host}:{self.port}{path}"

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture(scope="module")
def trust(authority):
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.fixture(scope="module")
def secure(authority):
    peer = Peer(authority)
    yield peer
    peer.close()


@pytest.fixture
def peer(secure):
    secure.got.clear()
    secure.answers.clear()
    return secure


@pytest.fixture
def told(database, tmp_path, clock, trust):
    clock.at = Micros(system_clock())  # the receiver's library looks at its own clock
    made = replace(bakery(database, tmp_path, clock).shop, caller=Https(loopback=True, trust=trust))
    yield made
    made.close()


# ---- what is told ----------------------------------------------------------------------------------------------------


def test_a_change_a_decision_and_an_erasure_are_told_by_ids_alone(told, peer, clock):
    made = told.told.add(peer.url(), ["consent.changed", "decision.made", "person.erased", "job.finished"])
    told.grant("dev", "offers", asked=Asked(how="test"))
    decision = told.decide(person="amina", slot="home", count=2)
    person = told.known("bruno")
    told.erasure.erase("bruno", chosen=False)
    told.told.finished("learn", 86_400, well=True)
    told.told.finished("post", 5, well=True)
    assert peer.got == []  # nothing leaves before the job
    done = told.told.deliver()
    assert (done.sent, done.later, done.given_up) == (4, 0, 0)
    said = {}
    for path, headers, body in peer.got:
        assert path == "/in"
        assert headers["host"] == f"localhost:{peer.port}"
        said[json.loads(body)["type"]] = Webhook(made.secret).verify(body, headers)["data"]
    assert said["consent.changed"] == {
        "person": told.known("dev"), "purpose": "offers", "state": "given",
        "position": said["consent.changed"]["position"],
    }  # fmt: skip
    assert said["decision.made"] == {
        "decision": decision.id, "person": told.known("amina"), "slot": "home", "personalised": decision.personalised,
    }  # fmt: skip
    assert said["person.erased"]["person"] == person
    assert said["job.finished"] == {"job": "learn", "well": True}
    whole = json.dumps([body for _, _, body in peer.got])
    assert not [name for name in ("amina", "bruno", "dev") if name in whole]
    assert told.told.deliver().sent == 0


def test_what_is_taken_back_is_never_told_and_what_nobody_wants_is_not_written(told, peer):
    told.grant("dev", "offers", asked=Asked(how="test"))
    assert told.told.messages() == []
    told.told.add(peer.url(), ["consent.changed"])
    with pytest.raises(BadInput):
        told.grant("dev", "offers", ["contact"], asked=Asked(how="test"))
    with pytest.raises(RuntimeError), told.change("consent.grant") as change:
        told.told.tell(change.connection, "consent.changed", {"person": 1})
        raise RuntimeError
    assert told.told.messages() == []


def test_what_waits_about_somebody_goes_with_her(told, peer):
    told.told.add(peer.url(), ["consent.changed"])
    told.grant("bruno", "offers", asked=Asked(how="test"))
    assert [one.person for one in told.told.messages()] == [told.known("bruno")]
    told.erasure.erase("bruno", chosen=False)
    assert told.told.messages() == []


HEAD = "user_id,purpose,data_category,state,said_at,notice,source\n"


def imported(told, folder, rows, **more):
    file = folder / "consents.csv"
    file.write_text(HEAD + rows)
    return told.intake.run(imports.plan([file]), rejects_to=folder / "rejects.csv", **more)


def data_of(told):
    messages = sorted(told.told.messages(limit=1_000), key=lambda one: json.loads(one.body)["data"]["position"])
    return [json.loads(one.body)["data"] for one in messages]


def test_imported_answers_are_told_once_for_each_person_and_purpose_and_so_is_taking_them_back(told, peer, tmp_path):
    told.told.add(peer.url(), ["consent.changed"])
    rows = "nina,offers,,given,2026-03-02,,web\nomar,offers,,no,2026-03-02,,web\n"
    report = imported(told, tmp_path, rows + "nina,recommendations,,given,2026-03-02,,web\n")
    before = data_of(told)
    nina, omar = told.known("nina"), told.known("omar")
    assert [(one["person"], one["purpose"], one["state"]) for one in before] == [
        (nina, "offers", "given"), (omar, "offers", "refused"), (nina, "recommendations", "given"),
    ]  # fmt: skip
    assert {message.person for message in told.told.messages()} == {nina, omar}
    with told.database.reading() as connection:
        for one in before:
            row = consent.row_at(connection, one["position"])
            assert (row.person, row.purpose, row.state) == (one["person"], one["purpose"], one["state"])
    assert imported(told, tmp_path, rows).state == "nothing-new"
    assert data_of(told) == before
    told.intake.undo(report.id)
    after = data_of(told)[len(before) :]
    assert [(one["person"], one["purpose"], one["state"]) for one in after] == [
        (nina, "offers", "invalidated"), (omar, "offers", "invalidated"), (nina, "recommendations", "invalidated"),
    ]  # fmt: skip
    assert told.told.deliver().sent == 6


def test_an_import_that_keeps_nothing_tells_nothing(told, peer, tmp_path):
    told.told.add(peer.url(), ["consent.changed"])
    good = "nina,offers,,given,2026-03-02,,web\n"
    imported(told, tmp_path, good, dry_run=True)
    assert imported(told, tmp_path, good + "omar,nonsense,,given,2026-03-02,,web\n", strict=True).state == "refused"
    assert told.told.messages() == []
    imported(told, tmp_path, good, strict=True)
    assert len(told.told.messages()) == 1


def test_an_import_that_breaks_off_has_told_of_the_pieces_it_kept_and_goes_on_with_the_rest(told, peer, tmp_path):
    told.told.add(peer.url(), ["consent.changed"])
    files = [tmp_path / "a.csv", tmp_path / "b.csv"]
    for file in files:
        file.write_text(HEAD + "".join(f"{file.stem}{n},offers,,given,2026-03-02,,web\n" for n in range(30)))
    planned = imports.plan(files)

    def stop(progress):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        told.intake.run(planned, rejects_to=tmp_path / "rejects.csv", progress=stop)
    assert len(told.told.messages(limit=100)) == 30
    told.intake.run(planned, rejects_to=tmp_path / "rejects.csv")
    messages = told.told.messages(limit=100)
    assert len(messages) == len({one.person for one in messages}) == 60


# ---- secrets ---------------------------------------------------------------------------------------------------------


def test_two_secrets_sign_for_a_day_after_a_rotation(told, peer, clock):
    first = told.told.add(peer.url(), ["job.finished"])
    second = told.told.rotate(first.target.id)
    assert second.secret != first.secret
    assert told.told.send_test(first.target.id).state == "sent"
    _, headers, body = peer.got[-1]
    assert len(headers["webhook-signature"].split()) == 2
    for made in (first, second):
        assert Webhook(made.secret).verify(body, headers)["type"] == "webhook.test"
    clock.turn(days=1, seconds=1)
    told.told.send_test(first.target.id)
    _, headers, body = peer.got[-1]
    headers["webhook-timestamp"], later = str(int(headers["webhook-timestamp"])), headers["webhook-signature"]
    assert len(later.split()) == 1
    with pytest.raises(WebhookVerificationError):
        Webhook(first.secret).verify(body, headers)


def test_a_signing_secret_is_nowhere_in_the_clear(told, peer):
    made = told.told.add(peer.url(), ["job.finished"])
    with told.database.reading() as connection:
        [row] = connection.execute(hook_targets.select()).all()
    assert made.secret.encode() not in bytes(row.secret)
    assert made.secret not in str(told.audit.latest(20))


def test_a_closed_target_is_told_nothing_any_more(told, peer):
    made = told.told.add(peer.url(), ["consent.changed"])
    told.grant("dev", "offers", asked=Asked(how="test"))
    told.told.close(made.target.id)
    told.grant("amina", "offers", asked=Asked(how="test"))
    assert told.told.deliver().sent == 0
    assert [(one.state, one.reason) for one in told.told.messages()] == [("given up", "the target was closed")]
    for act in (told.told.close, told.told.rotate, told.told.send_test):
        with pytest.raises(NotFound):
            act(made.target.id)


# ---- tries -----------------------------------------------------------------------------------------------------------


def test_a_failure_is_tried_again_with_the_same_id(told, peer, clock):
    made = told.told.add(peer.url(), ["consent.changed"])
    told.grant("dev", "offers", asked=Asked(how="test"))
    peer.answers += [(500, {}), (503, {})]
    assert told.told.deliver().later == 1
    assert told.told.deliver().later == 0  # not at once
    [one] = told.told.messages(made.target.id)
    assert (one.state, one.tries, one.reason) == ("waiting", 1, "answered 500")
    clock.turn(seconds=6)
    assert told.told.deliver().later == 1
    clock.turn(seconds=301)
    assert told.told.deliver().sent == 1
    assert len({headers["webhook-id"] for _, headers, _ in peer.got}) == 1
    assert len({headers["webhook-timestamp"] for _, headers, _ in peer.got}) == 3


def test_it_is_given_up_after_three_days_or_when_the_other_side_says_so(told, peer, clock):
    told.told.add(peer.url(), ["consent.changed"])
    told.grant("dev", "offers", asked=Asked(how="test"))
    peer.answers += [(500, {})] * 20
    for _ in range(12):
        told.told.deliver()
        clock.turn(days=1)
    assert [(one.state, one.tries) for one in told.told.messages()] == [("given up", 10)]
    peer.answers[:] = [(410, {})]
    told.grant("amina", "offers", asked=Asked(how="test"))
    assert told.told.deliver().given_up == 1
    clock.turn(days=31)
    told.told.tidy()
    assert told.told.messages() == []


def test_whoever_was_killed_while_sending_is_followed_by_another(told, peer, clock):
    from goodwill.reach.webhooks import store

    told.told.add(peer.url(), ["consent.changed"])
    told.grant("dev", "offers", asked=Asked(how="test"))
    with told.database.transaction() as connection:
        store.claim(connection, 5, now=clock(), leased_until=clock() + 60_000_000)
    assert told.told.deliver().sent == 0
    clock.turn(seconds=61)
    assert told.told.deliver().sent == 1


# ---- whom nobody calls -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/", "ftp://example.com/", "https://127.0.0.1/", "https://10.1.2.3/", "https://[::1]/",
        "https://169.254.169.254/latest/meta-data/", "https://192.168.0.1/", "https://172.16.0.1/", "https://0.0.0.0/",
        "https://[::ffff:127.0.0.1]/", "https://[fd00::1]/", "https://[fe80::1]/", "https://100.64.0.1/",
        "https://[64:ff9b::7f00:1]/", "https://[2002:7f00:1::]/", "https://2130706433/", "https://127.1/",
        "https://0x7f.0.0.1/", "https://user:pass@example.com/", "https://example.com/#x", "https:///x",
        "https://localhost/", "https://224.0.0.1/", "https://exa mple.com/",
        "https://example.com/\r\nx: y", "https://example.com:99999/",
    ],
)  # fmt: skip
def test_nobody_calls_into_the_house(url):
    with pytest.raises(BadInput):
        Https().check(url)
    assert isinstance(Https().post(url, b"{}", {}), Refused)


def test_a_name_that_leads_home_is_found_out_and_one_bad_address_among_good_ones_is_enough(monkeypatch):
    answers = {"evil.example": ["127.0.0.1"], "mixed.example": ["93.184.216.34", "10.0.0.1"]}

    def looked_up(host, port, **_):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in answers[host]]

    monkeypatch.setattr(socket, "getaddrinfo", looked_up)
    for host in answers:
        assert isinstance(Https().post(f"https://{host}/", b"{}", {}), Refused)


def test_the_connection_goes_to_the_address_that_was_judged(monkeypatch):
    """A name that answers otherwise the second time gets no second question."""
    asked, called = [], []

    def looked_up(host, port, **_):
        asked.append(host)
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34" if len(asked) == 1 else "127.0.0.1", port))
        ]

    def connect(address, **_):
        called.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", looked_up)
    monkeypatch.setattr(socket, "create_connection", connect)
    assert isinstance(Https().post("https://rebind.example/", b"{}", {}), Later)
    assert (asked, called) == (["rebind.example"], [("93.184.216.34", 443)])


def test_a_redirect_is_not_followed(peer, trust):
    peer.answers.append((307, {"location": peer.url("/elsewhere")}))
    outcome = Https(loopback=True, trust=trust).post(peer.url(), b"{}", {})
    assert outcome == Later("answered 307: redirects are not followed")
    assert [path for path, _, _ in peer.got] == ["/in"]


def test_a_certificate_that_nobody_vouches_for_or_of_another_name_is_not_believed(peer, authority, trust):
    assert isinstance(Https(loopback=True).post(peer.url(), b"{}", {}), Later)
    assert isinstance(Https(loopback=True, trust=trust).post(peer.url(host="127.0.0.1"), b"{}", {}), Later)
    assert peer.got == []
    assert Https(loopback=True, trust=trust).post(peer.url(), b"{}", {}) == Sent()


def test_http_is_for_this_machine_alone_and_only_where_that_was_said():
    plain = Peer()
    try:
        assert Https(loopback=True).post(plain.url(), b"{}", {}) == Sent()
        assert isinstance(Https().post(plain.url(), b"{}", {}), Refused)
        assert isinstance(Https(loopback=True).post("http://93.184.216.34/", b"{}", {}), Refused)
    finally:
        plain.close()


def test_a_peer_that_says_nothing_holds_nobody_for_long(monkeypatch):
    import goodwill.reach.channels.https as room

    monkeypatch.setattr(room, "_WHOLE", 0.2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        assert isinstance(Https(loopback=True).post(url, b"{}", {}), Later)


@pytest.mark.parametrize("word", ["8.8.8.8", "93.184.216.34", "2606:4700::1111"])
def test_what_stands_in_the_open_may_be_called(word):
    import ipaddress

    assert is_public(ipaddress.ip_address(word))


# ---- who may be told -------------------------------------------------------------------------------------------------


def test_a_target_needs_an_address_and_topics(told, peer):
    for url, topics in ((peer.url(), []), (peer.url(), ["person.born"]), ("https://10.0.0.1/", ["job.finished"])):
        with pytest.raises(BadInput):
            told.told.add(url, topics)
    assert told.told.targets() == []
