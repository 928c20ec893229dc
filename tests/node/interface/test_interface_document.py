"""The description of the interface: sound by the official meta-schema of OpenAPI 3.1, whole, and true."""

from __future__ import annotations

import re

import jsonschema_rs
import pytest
from schemathesis.specs.openapi.definitions import OPENAPI_31, OPENAPI_31_VALIDATOR

from accord.node.app import make_app
from accord.node.describing import TAGS
from accord.node.problems import MEDIA_TYPE


@pytest.fixture(scope="module")
def document(whole):
    return whole.clients["visitor"].get("/api/openapi.json").raise_for_status().json()


def operations(document):
    return [(path, method, item) for path, of in document["paths"].items() for method, item in of.items()]


def resolved(document, item):
    if "$ref" not in item:
        return item
    found = document
    for name in item["$ref"].removeprefix("#/").split("/"):
        found = found[name]
    return found


def test_the_official_meta_schema_accepts_it(document):
    assert OPENAPI_31["$id"] == "https://spec.openapis.org/oas/3.1/schema/2022-10-07"
    assert not list(OPENAPI_31_VALIDATOR.iter_errors(document))
    broken = {**document, "paths": {"no-slash": {}}}
    assert list(OPENAPI_31_VALIDATOR.iter_errors(broken))  # It would say so.


def test_every_schema_in_it_is_one(document):
    for name, schema in document["components"]["schemas"].items():
        jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})
        assert re.fullmatch(r"[A-Za-z0-9._-]+", name)
    text = str(document)
    for target in set(re.findall(r"#/components/([A-Za-z]+/[A-Za-z0-9._-]+)", text)):
        room, name = target.split("/")
        assert name in document["components"][room]


def test_it_has_every_address_of_the_interface_and_no_page(whole, document):
    served = {
        (route.path_format, method.lower())
        for route in make_app(whole.node).app.routes
        if route.path.startswith(("/api/v1/", "/log/", "/mirrors/", "/witness/", "/health", "/metrics"))
        for method in route.methods - {"OPTIONS"}
    }
    described = {(path, method) for path, method, _ in operations(document)}
    assert described == served


def test_every_operation_says_what_a_reader_needs(document):
    names = [item["operationId"] for _, _, item in operations(document)]
    assert len(set(names)) == len(names)
    for path, method, item in operations(document):
        assert item["summary"], path
        assert len(item["description"]) > 20, path
        assert set(item["tags"]) <= set(TAGS)
        assert "security" in item
        for scheme in item["security"]:
            assert set(scheme) <= set(document["components"]["securitySchemes"])
        gaps = set(re.findall(r"\{(\w+)\}", path))
        assert {one["name"] for one in item.get("parameters", ()) if one["in"] == "path"} == gaps
        if method == "post" and item["operationId"] != "cancelJob":
            assert item["requestBody"]["content"], path
    assert [tag["name"] for tag in document["tags"]] == sorted(
        {t for _, _, item in operations(document) for t in item["tags"]}
    )


def test_every_error_is_a_problem(document):
    for path, method, item in operations(document):
        errors = {status: resolved(document, answer) for status, answer in item["responses"].items() if status >= "400"}
        expected = {"400", "404", "422", "429", "503"} | ({"403", "409", "413"} if method != "get" else set())
        assert expected <= set(errors), path
        assert ("401" in errors) == bool(item["security"]), path
        for status, answer in errors.items():
            assert MEDIA_TYPE in answer["content"], (path, status)
            assert answer["content"][MEDIA_TYPE]["schema"] == {"$ref": "#/components/schemas/Problem"}
        assert "Retry-After" in errors["429"]["headers"]


def test_what_is_answered_is_a_problem_as_described(whole, document):
    problem = document["components"]["schemas"]["Problem"]
    visitor, reader = whole.clients["visitor"], whole.clients["reader"]
    answers = [
        visitor.get("/api/v1/statements/" + "ab" * 32),
        visitor.get("/api/v1/statements/nonsense"),
        visitor.get("/api/v1/me"),
        visitor.get("/api/v1/nothing"),
        visitor.put("/api/v1/statements"),
        visitor.get("/api/v1/systems?q=%00"),
        visitor.post("/api/v1/disputes", content=b"x"),
        visitor.post("/api/v1/disputes", content=b"x" * 100_000),
        visitor.post("/api/v1/disputes", content=b"x", headers={"sec-fetch-site": "cross-site"}),
        reader.post("/api/v1/statements", content=b"x"),
        reader.post("/api/v1/tokens", json={"name": "", "roles": []}),
    ]
    assert [answer.status_code for answer in answers] == [404, 400, 401, 404, 405, 400, 422, 413, 403, 403, 400]
    for answer in answers:
        assert answer.headers["content-type"] == MEDIA_TYPE
        jsonschema_rs.validate(problem, answer.json())
        assert answer.json()["status"] == answer.status_code


def test_the_page_lists_every_operation(whole, document):
    page = whole.clients["visitor"].get("/api", headers={"accept": "text/html"})
    assert page.status_code == 200
    for path, method, item in operations(document):
        assert f"{method.upper()} {path}</code>" in page.text
        assert item["summary"] in page.text
    assert "<script" not in page.text
    assert 'href="/api/openapi.json"' in page.text
    assert 'dir="rtl"' in whole.clients["visitor"].get("/api?lang=ar").text


def test_bodies_that_are_read_as_they_come_are_described_with_an_example(document):
    for name in ("publishStatements", "dispute", "addCheckpoint"):
        item = next(item for _, _, item in operations(document) if item["operationId"] == name)
        (media,) = item["requestBody"]["content"].values()
        assert item["requestBody"]["required"] is True
        assert media["example"]
