"""The pages of a register with a million entries, made without signing them."""

import random
import time

import pytest

from accord.commons.interface import set_up
from accord.commons.systems import page as pages
from accord.records.registration import STATUSES
from accord.store import open_store
from accord.store.viewer import VISITOR

MANY = 1_000_000
NOW = "2026-06-01T00:00:00Z"


def fill(store):
    rng = random.Random(5)
    postings = {}

    def statements():
        for seq in range(1, MANY + 1):
            name = f"sha256:{seq:064x}"
            yield seq, name, name, "none" if seq % 10 == 9 else "public"

    def rows():
        for seq in range(1, MANY + 1):
            status, name = STATUSES[seq % 5], f"sha256:{seq:064x}"
            grade = 4 if status == "retired" else rng.choice([0, 1, 2, 2, 3, 3, 3])
            office, sector = f"Office {rng.randrange(150)}", f"sector-{rng.randrange(20)}"
            words = ["system", *(f"w{int(50_000 * rng.random() ** 3):05}" for _ in range(2))]
            tags = [f"status={status}", f"grade={grade}", f"office={office}", f"sector={sector}", "jurisdiction=DE"]
            for term in {"", f"sdg={rng.randrange(1, 18)}", *tags, *words}:
                postings.setdefault(term.encode(), []).append(seq)
            due = "" if grade == 4 else f"2026-{seq % 12 + 1:02}-01"
            yield (
                seq,
                name,
                name,
                "o",
                f"{seq:016x}",
                1,
                f"System {seq}",
                "system",
                status,
                office,
                sector,
                "",
                grade,
                due,
            )

    with store.writing() as t:
        set_up(t)
        t.script("DROP INDEX search_by_entry;\n")
        t.many(
            "INSERT INTO statements (seq, id, kind, type, subject, keyid, created, valid_until, received, disclosure)"
            " VALUES (?, ?, 'registration', '', ?, '', '', '', '', ?)",
            statements(),
        )
        t.many(f"INSERT INTO systems VALUES ({', '.join('?' * 14)})", rows())
        for term in sorted(postings):
            t.many(
                "INSERT INTO search (kind, term, seq) VALUES ('systems', ?, ?)", ((term, seq) for seq in postings[term])
            )
        t.script("CREATE INDEX search_by_entry ON search (seq, kind, term);\n")


@pytest.mark.soak
def test_every_page_of_a_million_entries_takes_less_than_100_ms(tmp_path):
    store = open_store(tmp_path / "million.sqlite")
    fill(store)

    def listing(words="", cursor="", **filters):
        return lambda t: pages.listing(t, VISITOR, NOW, words=words, filters=filters, cursor=cursor)

    asked = {
        "all": listing(), "frequent word": listing("system"), "beginning": listing("system w0"), "letter": listing("w"),
        "nothing": listing("nothing"), "office": listing(office="Office 7"), "retired": listing(status="retired"),
        "four": listing("system", office="Office 7", sector="sector-3", sdg="4"), "far": listing(cursor="2.500000"),
        "choices": lambda t: pages.choices(t, VISITOR, "office"),
        "counts": lambda t: pages.counts(t, VISITOR, "status", STATUSES),
        "portfolio": lambda t: pages.portfolio(t, VISITOR), "due": lambda t: pages.due(t, VISITOR, "2026-08-01", NOW),
    }  # fmt: skip
    slow = {}
    for name, ask in asked.items():
        best = min(timed(store, ask) for _ in range(3))
        print(f"{name}: {best * 1000:.1f} ms")
        if best > 0.1:
            slow[name] = best
    with store.reading() as t:
        assert len(listing()(t).items) == 50
        found = listing("system", office="Office 7", sector="sector-3")(t).items
        assert found and all((item.office, item.sector) == ("Office 7", "sector-3") for item in found)
    assert not slow
    store.close()


def timed(store, ask):
    started = time.perf_counter()
    with store.reading() as t:
        ask(t)
    return time.perf_counter() - started
