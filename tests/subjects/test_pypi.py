import os
import subprocess
import sys
import time
import zipfile

import pytest

from accord.errors import Unavailable, UsageError
from accord.subjects import open_target
from accord.subjects.pypi import fetch_wheel


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """An own cache, and an index that is a folder of this test: no network is needed."""
    monkeypatch.setenv("ACCORD_HOME", str(tmp_path / "home"))
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    (tmp_path / "index").mkdir()
    return tmp_path


def publish(folder, version, name="tiny_accord"):
    info = f"{name}-{version}.dist-info"
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{name}/__init__.py", "raise SystemExit('imported!')")
        wheel.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nRequires-Dist: nothing\n"
        )
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return path


def test_a_wheel_is_downloaded_once_and_kept(home):
    published = publish(home / "index", "1.0")
    with open_target("pypi:Tiny.Accord==1.0") as target:
        assert (target.subject.name, target.subject.version) == ("tiny-accord", "1.0")
        assert target.subject.source == "pypi:tiny-accord==1.0"
        assert (target.root / "tiny_accord" / "__init__.py").exists()
    published.unlink()
    assert fetch_wheel("tiny-accord==1.0").path.exists()  # from the cache
    kept = home / "home" / "cache" / "pypi" / "tiny-accord"
    assert [path.name for path in kept.iterdir()] == ["tiny_accord-1.0-py3-none-any.whl"]


def test_without_a_version_the_newest_is_taken(home):
    publish(home / "index", "1.0")
    publish(home / "index", "2.0")
    assert fetch_wheel("tiny-accord").version == "2.0"
    time.sleep(0.01)
    assert fetch_wheel("tiny-accord==1.0").version == "1.0"


def test_a_source_distribution_is_never_built(home):
    marker = home / "built"
    source = home / "src" / "tiny_accord-1.0"
    source.mkdir(parents=True)
    (source / "setup.py").write_text(f"open({str(marker)!r}, 'w').close()\n")
    subprocess.run(
        ["tar", "czf", str(home / "index" / "tiny_accord-1.0.tar.gz"), source.name], cwd=source.parent, check=True
    )
    with pytest.raises(UsageError, match="no wheel") as caught:
        fetch_wheel("tiny-accord==1.0")
    assert caught.value.code == "no-wheel"
    assert "pass the file" in caught.value.remedy
    assert not marker.exists()
    with open_target(str(home / "index" / "tiny_accord-1.0.tar.gz")) as target:
        assert target.subject.parts[0].kind == "folder"
    assert not marker.exists()


def test_without_a_network_the_error_says_what_to_do(home, monkeypatch):
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    with pytest.raises(Unavailable) as caught:
        fetch_wheel("tiny-accord==1.0")
    assert caught.value.code == "offline"
    assert "copy the wheel" in caught.value.remedy


def test_without_pip_the_error_says_so(monkeypatch, home):
    fake = home / "python"
    fake.write_text('#!/bin/sh\necho "$0: No module named pip" >&2\nexit 1\n')
    fake.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(fake))
    with pytest.raises(Unavailable) as caught:
        fetch_wheel("tiny-accord==1.0")
    assert caught.value.code == "no-pip"


def test_a_module_beside_the_caller_is_not_imported_as_pip(home, monkeypatch):
    publish(home / "index", "1.0")
    (home / "pip.py").write_text("raise SystemExit('hijacked')")
    monkeypatch.chdir(home)
    assert fetch_wheel("tiny-accord==1.0").version == "1.0"
