"""A full disk: nothing more is acknowledged, nothing acknowledged is lost, and it goes on when there is room again."""

import os
import resource
import shutil
import subprocess

import httpx
import pytest

from accord.errors import Unavailable
from accord.node.federation.following import follow
from accord.node.federation.peers import add, find, meet
from accord.node.node import open_node
from accord.node.operating.auditing import check
from accord.store.log import tree_of
from accord.store.statements import known_ids
from accord.trust.saying import hear

MEGABYTES = 16
LEFT = 1_500_000


@pytest.fixture
def small_disk(tmp_path):
    """A real file system of 16 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", str(place)]
    if os.getuid() != 0 or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("no file system may be mounted here: it takes root")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def leave_little(small_disk):
    """Take the room of a small disk but for 1.5 MB; removing the file that is returned gives it back."""
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(shutil.disk_usage(small_disk).free - LEFT))
    return ballast


def send(served, lines):
    return httpx.post(f"{served.url}/api/v1/statements", content=b"\n".join(lines), headers=served.headers, timeout=30)


def fill(served, lines):
    """Send until it is refused; return what was acknowledged, and the refusal."""
    told = []
    while lines:
        some = [lines.pop() for _ in range(min(40, len(lines)))]
        answer = send(served, some)
        if answer.status_code != 200:
            return told, some, answer
        assert answer.json()["refused"] == 0
        told += some
    raise AssertionError("the disk was not full")


def require_refusal(answer):
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"] == "urn:accord:problem:store-unavailable"
    assert "free space" in problem["detail"]


def require_kept(served, told):
    with open_node(served.folder) as node:
        assert check(node).faults == ()
        with node.store.reading() as transaction:
            assert len(known_ids(transaction, [hear(line).id for line in told])) == len(told)
            head = node.head()[0]
            assert tree_of(transaction, node.origin, head.size).audit() == head.root
        return head


def test_a_full_disk_refuses_and_loses_nothing(serve, small_disk, objections):
    served = serve("a", folder=small_disk / "node")
    ballast = leave_little(small_disk)
    lines = objections(8_000)
    told, refused, answer = fill(served, lines)
    require_refusal(answer)
    assert len(told) > 100
    with httpx.Client(base_url=served.url, timeout=30) as client:
        for _ in range(5):  # It stays up, reads, and says so again.
            require_refusal(send(served, [lines.pop()]))
            assert client.get("/health").status_code == 200
            digest = hear(told[-1]).id.removeprefix("sha256:")
            assert client.get(f"/api/v1/statements/{digest}/proof").status_code == 200
    ballast.unlink()
    again = send(served, refused)
    assert again.status_code == 200
    assert not any(item["known"] for item in again.json()["lines"])  # What was refused had left nothing behind.
    told += refused
    require_kept(served, told)


def test_a_node_that_is_killed_on_a_full_disk_comes_back(serve, small_disk, objections):
    served = serve("a", folder=small_disk / "node")
    ballast = leave_little(small_disk)
    told, _refused, answer = fill(served, objections(8_000))
    require_refusal(answer)
    served.kill()
    ballast.unlink()
    served.start()
    assert send(served, objections(5, "again")).status_code == 200
    served.kill()
    require_kept(served, told)


@pytest.mark.soak
def test_a_file_that_may_not_grow_is_like_a_full_disk(serve, objections):
    """Where nothing can be mounted: the kernel's limit on the size of a file, lifted while the server runs."""
    served = serve("a")
    size = max(path.stat().st_size for path in served.folder.glob("node.sqlite*"))
    resource.prlimit(served.pid, resource.RLIMIT_FSIZE, (size + 400_000, resource.RLIM_INFINITY))
    told, refused, answer = fill(served, objections(8_000))
    require_refusal(answer)
    require_refusal(send(served, refused))
    resource.prlimit(served.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert send(served, refused).status_code == 200
    require_kept(served, told + refused)


@pytest.mark.soak
def test_who_follows_with_a_full_disk_goes_on_later(serve, small_disk, objections):
    served = serve("a")
    assert send(served, objections(1_000)).status_code == 200
    with open_node(small_disk / "b") as b:
        peer = meet(served.url, private=True)
        add(b.store, peer, b.origin)
        ballast = leave_little(small_disk)

        def sync():
            with b.store.reading() as transaction:
                found = find(transaction, peer.origin)
            return follow(b, found, lambda peer, target: {})

        with pytest.raises(Unavailable, match="disk is full"):
            sync()
        with b.store.reading() as transaction:
            some = transaction.one("SELECT COUNT(*) FROM logged WHERE origin = ?", peer.origin)[0]
        assert 0 < some < 1_000  # What came before it was full was kept.
        ballast.unlink()
        assert sync() == 1_000 - some + 2  # with what the peer says publicly of its own accounts
        assert check(b).faults == ()
