"""Fetch a wheel of a package with pip, without its dependencies and without building or running anything of it.

Only wheels are asked for: pip runs the build code of a source distribution merely to learn its metadata. Downloads
are kept, so that a second run needs no network.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ..errors import Unavailable, UsageError
from ..places import cache_folder

SECONDS = 600
_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,200}[A-Za-z0-9])?"
_VERSION = r"[A-Za-z0-9](?:[A-Za-z0-9.!+_-]{0,100})"
_SPEC = re.compile(rf"(?P<name>{_NAME})(?:==(?P<version>{_VERSION}))?")
_OFFLINE = re.compile(
    "NewConnectionError|ConnectTimeout|ReadTimeout|Max retries|connection broken|Connection refused|"
    "Temporary failure|Name or service not known|ProxyError|SSLError",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Wheel:
    """A downloaded wheel: the package's name and version, and where the file lies."""

    name: str
    version: str
    path: Path


def fetch_wheel(spec: str) -> Wheel:
    """Return the wheel of `NAME` or `NAME==VERSION`, from the cache if it is there.

    Raises UsageError (the spec is wrong, or there is no wheel) or Unavailable (no network, no pip), with the remedy.
    """
    match = _SPEC.fullmatch(spec)
    if match is None:
        raise UsageError(
            "bad-target", f"{spec[:80]!r} is no package", "Write pypi:NAME or pypi:NAME==VERSION, nothing else."
        )
    name, version = re.sub(r"[-_.]+", "-", match["name"]).lower(), match["version"]
    kept = cache_folder() / "pypi" / name
    if version is not None and (cached := _newest(kept, version)):
        return cached
    try:
        _download(spec, kept)
    except Unavailable:
        if version is None and (cached := _newest(kept, None)):
            return cached  # the newest that we know; the subject names its version
        raise
    wheel = _newest(kept, version)
    if wheel is None:  # pip normalises versions: 1.0 may arrive as 1.0.0
        wheel = _newest(kept, None)
    if wheel is None:
        raise Unavailable("no-wheel", f"pip left no wheel of {spec}", "Download it yourself and pass the file.")
    return wheel


def _newest(kept: Path, version: str | None) -> Wheel | None:
    wheels = []
    for path in kept.glob("*.whl"):
        fields = path.name.split("-")
        if len(fields) >= 5 and version in (None, fields[1]):
            wheels.append((path.stat().st_mtime_ns, Wheel(kept.name, fields[1], path)))
    return max(wheels, key=lambda item: item[0])[1] if wheels else None


def _download(spec: str, kept: Path) -> None:
    """Run pip in an empty folder, where nothing can be imported, and move the wheel into `kept` when it is whole."""
    try:
        kept.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryDirectory(dir=kept) as scratch:
            command = [sys.executable, "-P", "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
            command += ["--no-input", "--disable-pip-version-check", "--retries=1", "--timeout=15"]
            done = subprocess.run(
                [*command, "--dest", scratch, "--", spec],
                cwd=scratch,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=SECONDS,
                check=False,
            )
            if done.returncode != 0:
                raise _failure(spec, (done.stdout + done.stderr).decode("utf-8", "replace"))
            for path in Path(scratch).glob("*.whl"):
                path.touch()
                path.replace(kept / path.name)
    except OSError as error:
        raise Unavailable(
            "cache-unwritable",
            f"the download folder can't be written: {error.strerror}",
            "Set ACCORD_HOME to a folder of yours.",
        ) from None
    except subprocess.TimeoutExpired:
        raise _offline(spec, f"pip took over {SECONDS} s") from None


def _failure(spec: str, output: str) -> Unavailable | UsageError:
    if "No module named pip" in output:
        return Unavailable(
            "no-pip", "this Python has no pip", "Install pip here, or download the wheel yourself and pass the file."
        )
    if _OFFLINE.search(output):
        return _offline(spec, "the package index can't be reached")
    return UsageError(
        "no-wheel",
        f"the package index offers no wheel of {spec} for this machine",
        "Check the name and version. If there is only a source distribution, download it yourself and pass the file: "
        "Accord unpacks it and builds nothing.",
    )


def _offline(spec: str, reason: str) -> Unavailable:
    return Unavailable(
        "offline",
        f"{spec} can't be downloaded: {reason}, and there is no cached copy",
        "Connect once, or copy the wheel to this machine and pass the file.",
    )
