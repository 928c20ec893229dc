"""Uploads: bounded, streamed, under our own names; and every mistake of a form named at once."""

from __future__ import annotations

import asyncio
import tracemalloc

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from accord.errors import AccordError, LimitExceeded, MalformedInput, Unavailable
from accord.node.auth import accounts, tokens
from accord.node.auth.accounts import Mistakes
from accord.node.jobs import table, uploading
from accord.node.jobs.asked import Uploaded
from accord.node.jobs.asking import read_asked
from accord.node.jobs.uploading import Slots, Upload, receive
from accord.node.node import open_node
from accord.node.problems import TooMany

BOUNDARY = "x" * 20


class Request:
    """What `receive` asks of a request: headers, and a stream of chunks."""

    def __init__(self, chunks, kind=f"multipart/form-data; boundary={BOUNDARY}"):
        self.headers = {"content-type": kind}
        self._chunks = chunks

    async def stream(self):
        for chunk in self._chunks:
            yield chunk


def part(name, data, filename=None):
    file = f'; filename="{filename}"' if filename is not None else ""
    return f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode() + data + b"\r\n"


END = f"--{BOUNDARY}--\r\n".encode()


def taken(folder, chunks, most=1 << 20):
    upload = Upload()
    asyncio.run(receive(Request(chunks), folder, most, upload))
    return upload


def test_files_lie_under_numbers_and_their_names_are_data(tmp_path):
    body = part("system.name", "Prüfling".encode()) + part("file", b"a,b\n1,2\n", "täble.csv") + part("file", b"", "b")
    for size in (1, 7, len(body) + len(END)):  # however the network cuts it
        folder = tmp_path / str(size)
        whole = body + END
        upload = taken(folder, [whole[at : at + size] for at in range(0, len(whole), size)])
        assert upload.texts == {"system.name": ["Prüfling"]}
        assert upload.files == [Uploaded(name="täble.csv", size=8), Uploaded(name="b", size=0)]
        assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*")) == [
            "upload", "upload/0", "upload/1",
        ]  # fmt: skip
        assert (folder / "upload/0").read_bytes() == b"a,b\n1,2\n"


def test_an_upload_is_never_whole_in_memory(tmp_path):
    piece, count = bytes(64 << 10), 1_600

    def chunks():
        yield part("file", b"", "big.bin")[:-2]
        for _ in range(count):
            yield piece
        yield b"\r\n" + END

    tracemalloc.start()
    upload = taken(tmp_path / "job", chunks(), most=1 << 30)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert upload.files[0].size == (tmp_path / "job/upload/0").stat().st_size == count * len(piece)
    assert peak < 8 << 20


@pytest.mark.parametrize(
    "name",
    ["../../evil", "/etc/passwd", "a/b", "..", ".hidden", "pypi:numpy", "http://127.0.0.1/x", "a\x1bb",
     "x" * 300, "a\u202eb.csv"],
)  # fmt: skip
def test_a_name_that_leads_elsewhere_is_refused(tmp_path, name):
    with pytest.raises((MalformedInput, LimitExceeded)) as caught:
        taken(tmp_path / "job", [part("file", b"x", name), END])
    assert caught.value.remedy
    assert list(tmp_path.iterdir()) == []


def test_of_a_windows_path_the_name_is_left(tmp_path):
    """Some browsers send the whole path; `multipart` leaves its last part."""
    assert taken(tmp_path / "job", [part("file", b"x", "C:\\Users\\x.csv"), END]).files[0].name == "x.csv"


def test_bounds(tmp_path, monkeypatch):
    with pytest.raises(LimitExceeded, match=r"over 1,000 bytes"):
        taken(tmp_path / "a", [part("file", bytes(600), "a"), part("file", bytes(401), "b"), END], most=1_000)
    with pytest.raises(LimitExceeded):
        taken(tmp_path / "b", [part(f"t{n}", b"") for n in range(uploading.MAX_PARTS + 1)] + [END])
    with pytest.raises(LimitExceeded):
        taken(tmp_path / "c", [part("reason", bytes(uploading.MAX_TEXT_BYTES + 1)), END])
    with pytest.raises(LimitExceeded):
        taken(tmp_path / "d", [part("file", b"", f"f{n}") for n in range(uploading.MAX_FILES + 1)] + [END])
    with pytest.raises(MalformedInput, match="two files"):
        taken(tmp_path / "e", [part("file", b"", "A.csv"), part("file", b"", "a.CSV"), END])
    with pytest.raises(MalformedInput):
        taken(tmp_path / "f", [part("file", b"cut short", "a")])
    with pytest.raises(MalformedInput):
        taken(tmp_path / "g", [part("reason", b"\xff\xfe"), END])
    monkeypatch.setattr(uploading, "_LEAST_FREE", 1 << 60)
    with pytest.raises(Unavailable, match="space"):
        taken(tmp_path / "h", [part("file", b"x", "a"), END])
    assert list(tmp_path.iterdir()) == []


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.one_of(
            st.binary(max_size=60),
            st.sampled_from([f"--{BOUNDARY}\r\n".encode(), END, b"\r\n\r\n", part("file", b"abc", "x.csv")]),
            st.builds(part, st.text(max_size=8), st.binary(max_size=20), st.none() | st.text(max_size=8)),
        ),
        max_size=8,
    )
)
@example([b"Content-Disposition: form-data\r\n\r\n"])
@example([f"--{BOUNDARY}\r\nContent-Disposition: form-data; name=a; charset=rot13\r\n\r\nx\r\n".encode(), END])
@example(
    [
        f"--{BOUNDARY}\r\nContent-Disposition: form-data; name=a\r\n".encode(),
        b"Content-Type: a/b; charset=no\r\n\r\nx\r\n",
        END,
    ]
)
def test_no_form_makes_it_fall_over(tmp_path_factory, pieces):
    folder = tmp_path_factory.mktemp("any") / "job"
    try:
        upload = taken(folder, pieces)
        assert len(list((folder / "upload").iterdir())) == len(upload.files)
    except AccordError as error:
        assert error.remedy and not folder.exists()


def test_slots():
    slots = Slots(2)
    with slots.one("a"), slots.one("a"), slots.one("b"):
        with pytest.raises(TooMany):
            slots.require("a")
        slots.require("b")
    slots.require("a")


def asked(**texts):
    return read_asked(Upload({name: [text] for name, text in texts.items()}, [Uploaded(name="a.csv", size=1)]))


def test_a_form_becomes_a_card():
    found = asked(
        **{
            "system.name": "S", "system.jurisdictions": "DE, KE", "data.label.column": "y", "data.label.positive": "1",
            "data.prediction.column": "p", "data.prediction.positive.value": "0.5", "data.prediction.positive.op": ">=",
            "data.sensitive": "sex, age", "data.favourable": "negative", "seed": "7", "skip": "data.profile",
            "framework": "eu-ai-act", "disclosure": "none", "reason": "a draft",
        }
    )  # fmt: skip
    data = found.card.data
    assert (found.card.system.name, found.card.system.jurisdictions) == ("S", ("DE", "KE"))
    assert (data.label.column, data.label.positive) == ("y", 1)
    assert (data.prediction.column, data.prediction.positive.op, data.prediction.positive.value) == ("p", ">=", 0.5)
    assert (data.sensitive, data.favourable) == (("sex", "age"), "negative")
    assert (found.seed, found.skip, found.frameworks) == (7, ("data.profile",), ("eu-ai-act",))
    assert (found.disclosure, found.reason) == ("none", "a draft")


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", 1), ("-2", -2), ("007", "007"), ("1.50", 1.5), ("true", True), ("True", "True"), ("yes", "yes"),
     ("1e9", "1e9"), ("9" * 16, "9" * 16)],
)  # fmt: skip
def test_a_value_is_read_as_toml_reads_it(text, value):
    found = asked(**{"data.label.column": "y", "data.label.positive": text}).card.data.label.positive
    assert found == value and type(found) is type(value)


def test_one_of_several_values():
    found = asked(**{"data.prediction.column": "p", "data.prediction.positive.op": "in",
                     "data.prediction.positive.value": "high, 3"}).card.data.prediction.positive  # fmt: skip
    assert (found.op, found.value) == ("in", ("high", 3))


def test_every_mistake_is_named_at_once():
    with pytest.raises(Mistakes) as caught:
        read_asked(
            Upload(
                {
                    "target": ["pypi:numpy"], "seed": ["-1"], "disclosure": ["all"],
                    "framework": ["/etc/passwd", "eu-ai-act"],
                    "jurisdiction": ["XX"], "only": ["no.such"], "plan": ["latest"], "data.label.column": ["y"],
                    "data.favourable": ["good"], "data.prediction.positive.value": ["1"], "system.name": ["a", "b"],
                }
            )
        )  # fmt: skip
    assert set(caught.value.fields) >= {
        "target", "seed", "disclosure", "framework", "jurisdiction", "only", "plan", "data.label.positive",
        "data.prediction.column", "system.name", "file",
    }  # fmt: skip
    assert "eu-ai-act" in caught.value.fields["framework"].partition("There are")[2]


def test_a_mistake_in_the_card_stands_at_its_field():
    with pytest.raises(Mistakes) as caught:
        asked(**{"data.favourable": "good", "data.file": "../../etc/passwd", "data.sensitive": "a"})
    assert set(caught.value.fields) == {"data.favourable", "data.file"}


def test_a_card_file_is_held_to_its_form_and_the_form_has_the_last_word():
    files = [Uploaded(name="a.csv", size=1)]
    with pytest.raises(Mistakes, match="no_such"):
        read_asked(Upload({}, files, b"[system]\nno_such = 1\n"))
    found = read_asked(Upload({"system.name": ["B"]}, files, b'[system]\nname = "A"\npurpose = "p"\n'))
    assert (found.card.system.name, found.card.system.purpose) == ("B", "p")


def test_a_plan_says_all_that_is_run():
    with pytest.raises(Mistakes) as caught:
        asked(plan="sha256:" + "0" * 64, skip="data.profile")
    assert set(caught.value.fields) == {"plan"}
    with pytest.raises(Mistakes):
        asked(deviate="why")


@pytest.fixture
def node(tmp_path):
    """A node of the test's own, at which nobody works."""
    with open_node(tmp_path / "node", jurisdiction="DE", requests_per_minute=1_000_000) as made:
        yield made


@pytest.fixture
def as_role(node):
    """Makes headers of an account with a role."""

    def make(role):
        account = accounts.add(node, login=f"{role}-1", name=role, by="test", roles=[role])
        return {"authorization": f"Bearer {tokens.make(node, account.viewer, 't', [role], 1)[1]}"}

    return make


def test_who_may_hand_in(node, client, as_role):
    files = {"file": ("a.csv", b"a,b\n1,2\n")}
    assert client.post("/api/v1/jobs", files=files).status_code == 401
    assert client.post("/api/v1/jobs", files=files, headers=as_role("reader")).status_code == 403
    assert client.post("/assess", files=files).status_code == 401
    assert client.get("/api/v1/jobs").status_code == client.get("/jobs").status_code == 401
    assert not (node.folder / "jobs").exists()


def test_refusals_over_http(node, client, as_role):
    headers = as_role("publisher")

    def post(**how):
        answer = client.post("/api/v1/jobs", headers=headers, **how)
        return answer.status_code, answer.json()["type"].rpartition(":")[2]

    assert post(json={"target": "pypi:numpy"}) == (422, "no-upload")
    assert post(data={"target": "pypi:numpy"}) == (422, "no-upload")
    assert post(files={"file": ("a.csv", b"x")}, data={"target": "pypi:numpy"}) == (422, "bad-input")
    assert post(files={"file": ("..%2fb", b"x")}) == (422, "bad-file-name")
    assert post(files={"file": ("../b", b"x")}) == (422, "bad-file-name")
    assert list((node.folder / "jobs").iterdir()) == []


def test_oversize_is_refused_before_and_while_it_comes(tmp_path, running):
    with open_node(tmp_path / "small", jurisdiction="DE", upload_bytes=100_000, requests_per_minute=10_000) as node:
        account = accounts.add(node, login="pub", name="p", by="test", roles=["publisher"])
        token = tokens.make(node, account.viewer, "t", ["publisher"], 1)[1]
        with running(node) as url, httpx.Client(base_url=url, headers={"authorization": f"Bearer {token}"}) as client:
            told = client.post("/api/v1/jobs", files={"file": ("a", bytes(200_000))})
            assert told.status_code == 413

            def endless():
                yield part("file", b"", "a")[:-2]
                for _ in range(1_000):
                    yield bytes(1_000)

            kind = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
            assert client.post("/api/v1/jobs", content=endless(), headers=kind).status_code == 413
            assert list((node.folder / "jobs").iterdir()) == []
            with node.store.reading() as transaction:
                assert table.latest(transaction, account.viewer, 10) == []


def test_what_waits_is_bounded(node, client, as_role):
    headers = as_role("publisher")
    for _ in range(table.MOST_OPEN):
        assert client.post("/api/v1/jobs", files={"file": ("a.csv", b"x")}, headers=headers).status_code == 202
    refused = client.post("/api/v1/jobs", files={"file": ("a.csv", b"x")}, headers=headers)
    assert refused.status_code == 429 and refused.headers["retry-after"]
    assert len(list((node.folder / "jobs").iterdir())) == table.MOST_OPEN


def test_the_interface_is_described(client):
    paths = client.get("/api/openapi.json").json()["paths"]
    body = paths["/api/v1/jobs"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert body["required"] == ["file"]
    assert {"card", "framework", "disclosure", "data.label.column", "plan"} <= set(body["properties"])
    assert {"/api/v1/jobs/{job_id}", "/api/v1/jobs/{job_id}/cancel", "/api/v1/jobs/{job_id}/events"} <= set(paths)
