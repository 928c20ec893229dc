"""A laboratory in Kenya that measured a system, Germany that is to recognise it, and their papers."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from accord.assess import Done, Options, assess
from accord.frameworks import Terms, select_files
from accord.inspectors.registry import all_inspectors
from accord.recognition.agreements import agreement_subject
from accord.recognition.case import Case, open_case
from accord.recognition.fit import Here
from accord.recognition.known import World
from accord.recognition.recognise import Rules, appraise
from accord.records import Assessment, Context, Profile, ProfileThreshold, to_readable_json
from accord.records.agreement import Agreement, AgreementAcceptance, AgreementEnd, Scope
from accord.records.recheck import Recheck
from accord.records.recognition import Appraisal
from accord.records.said import Person, Revocation
from accord.records.trust_list import PostalAddress
from accord.subjects import open_target
from accord.trust import Log, SigningKey, Trust, seal
from accord.trust.keys import local_name
from accord.trust.saying import Heard, hear, say
from accord.trust.statement import subject
from accord.trust.trust_list import Accepted, accept, subject_digest
from accord.trust.trust_list_editing import add_entity, add_service, change_service, first_list, next_list

START = datetime(2026, 1, 1, tzinfo=UTC)
SIGNED = START + timedelta(days=40)
KENYA_ROOT, GERMANY_ROOT, KENYA, GERMANY, LAB, LAB_LOG, OTHER_LAB, STRANGER = (
    SigningKey.from_seed(bytes([n]) * 32) for n in range(60, 68)
)
WHO = Person(name="A. Otieno", role="head of recognition")
ADDRESS = PostalAddress(lang="en", StreetAddress="1", Country="KE")
NAIROBI = Context(population="Loan applicants", places=("Nairobi, KE",), languages=("en", "sw"), period="2025")
BERLIN = Context(population="Loan applicants", places=("DE",), languages=("de",))
SAME_PEOPLE = Context(population="Loan applicants", places=("KE",), languages=("sw",))
AGREEMENT = Agreement(
    id="de-ke",
    recognises="DE",
    of="KE",
    level="equivalent_outcome",
    valid_from="2026-01-01",
    valid_until="2026-12-31",
    by=WHO,
)
LAB_PROFILE = Profile(
    id="lab",
    title="Thresholds of the laboratory",
    author="Lab",
    date="2026-01-01",
    thresholds=tuple(
        ProfileThreshold(measure=name, threshold=value, source="Lab rule 1")
        for name, value in (
            ("fairness.selection_rate_gap", 0.2),
            ("fairness.false_positive_rate_gap", 0.2),
            ("fairness.false_negative_rate_gap", 0.2),
            ("fairness.accuracy", 0.6),
            ("model_files.can_execute_code", False),
            ("model_files.header_valid", True),
        )
    ),
)
CARD = """
[system]
name = "Small loans"
purpose = "Advise on small loans"
provider = "Mkopo Ltd"
deployer = "A bank"
sector = "finance"
jurisdictions = ["KE"]
[data]
file = "loans.csv"
label = { column = "repaid", positive = 1 }
prediction = { column = "says", positive = { op = "==", value = 1 } }
sensitive = ["sex"]
[context]
"""


def day(n: float) -> datetime:
    return START + timedelta(days=n)


def vkey(key: SigningKey) -> str:
    return str(local_name(key.public))


def as_toml(context: Context) -> str:
    lines = [f'population = "{context.population}"'] if context.population else []
    for name in ("places", "languages"):
        values = ", ".join(f'"{value}"' for value in getattr(context, name))
        lines += [f"{name} = [{values}]"] if values else []
    return "\n".join([*lines, *([f'period = "{context.period}"'] if context.period else [])]) + "\n"


def make_system(folder: Path, context: Context = NAIROBI, rows: int = 4000) -> Path:
    """A table of predictions that are right in four of five cases, for both sexes alike, and a model file."""
    from safetensors.numpy import save_file

    folder.mkdir(parents=True)
    random = np.random.default_rng(7)
    repaid = random.integers(0, 2, rows)
    says = np.where(random.random(rows) < 0.8, repaid, 1 - repaid)
    sex = random.integers(0, 2, rows)
    lines = (f"{'fm'[s]},{r},{p}" for s, r, p in zip(sex, repaid, says, strict=True))
    (folder / "loans.csv").write_text("sex,repaid,says\n" + "\n".join(lines) + "\n")
    save_file({"w": np.zeros((3, 2), dtype=np.float32)}, folder / "model.safetensors")
    (folder / "accord.toml").write_text(CARD + as_toml(context))
    return folder


def assessed(target: Path, jurisdictions: str = "KE", profile: Profile | None = LAB_PROFILE) -> Assessment:
    texts = select_files((), jurisdictions.split(","))
    terms = Terms(profile=profile, on=f"{SIGNED:%Y-%m-%d}")
    with open_target(str(target)) as opened:
        for event in assess(opened, all_inspectors(), texts, Options(), None, terms):
            if isinstance(event, Done):
                return event.assessment
    raise AssertionError("no assessment")


def sealed(assessment: Assessment, out: Path, key: SigningKey = LAB, at: datetime = SIGNED, **more) -> Path:
    out.mkdir(parents=True)
    (out / ".accord-report").touch()
    (out / "assessment.json").write_bytes(to_readable_json(assessment))
    log = Log(out.parent / f"{out.name}-log", LAB_LOG, "lab.example/log")
    seal(out, assessment, signer=key, log=log, now=at, **more)
    return out


def trust_list(code: str, root: SigningKey, members: dict[str, tuple[str, SigningKey, Scope]]) -> Accepted:
    record = first_list(f"Office of {code}", code, [vkey(root)], 1, days=36_000, at=START - timedelta(days=400))
    for name, (role, key, scope) in members.items():
        record = add_entity(record, f"The {name}", name, address=ADDRESS, email="a@b.example", uri="https://o.example")
        since = START - timedelta(days=300)
        record = add_service(record, name, role, [vkey(key)], scope=scope, since=since, at=since)
    return accept(None, list_line(record, root), [root.keyid])


def list_line(record, root: SigningKey) -> bytes:
    return say(record, "trust-list", [subject(record.operator, subject_digest(record))], signers=[root], now=START)


def kenya(scope: Scope | None = None) -> Accepted:
    members = {
        "authority": ("authority", KENYA, Scope()),
        "lab": ("laboratory", LAB, scope or Scope()),
        "other-lab": ("laboratory", OTHER_LAB, Scope()),
    }
    return trust_list("KE", KENYA_ROOT, members)


def germany() -> Accepted:
    return trust_list("DE", GERMANY_ROOT, {"authority": ("authority", GERMANY, Scope())})


def withdrawn(held: Accepted, n: float, entity: str = "lab") -> Accepted:
    record = next_list(held, at=day(n))
    record = change_service(record, entity, "laboratory", status="withdrawn", since=day(n), at=day(n))
    return accept(held, list_line(record, KENYA_ROOT))


def agreed(agreement: Agreement = AGREEMENT) -> list[Heard]:
    about, long = [agreement_subject(agreement)], 36_000
    made = hear(say(agreement, "agreement", about, signers=[GERMANY], now=day(1), valid_days=long))
    yes = AgreementAcceptance(agreement=made.id, by=WHO)
    about = [subject("", made.id)]
    return [made, hear(say(yes, "agreement-acceptance", about, signers=[KENYA], now=day(2), valid_days=long))]


def ended(made: Heard, n: float) -> Heard:
    record = AgreementEnd(agreement=made.id, effective=f"{day(n):%Y-%m-%d}", reason="no longer", by=WHO)
    return hear(say(record, "agreement-end", [subject("", made.id)], signers=[GERMANY], now=day(n)))


def revoked(target: str, key: SigningKey, n: float) -> Heard:
    record = Revocation(target=target, reason="the wrong table", effective=f"{day(n):%Y-%m-%d}")
    return hear(say(record, "revocation", [subject("", target)], signers=[key], now=day(n)))


def rechecked(target: str, key: SigningKey, n: float, outcome: str = "agrees") -> Heard:
    record = Recheck(
        statement=target, target=target, body=LAB.keyid, measurers={}, results=(), outcome=outcome, accord="0"
    )
    return hear(say(record, "recheck", [subject("", target)], signers=[key], now=day(n)))


@dataclass
class Scene:
    """All that Germany knows, and what it asks. `ask` answers."""

    case: Case
    statements: list[Heard] = field(default_factory=agreed)
    lists: tuple[Accepted, ...] = field(default_factory=lambda: (germany(), kenya()))
    at: datetime = field(default_factory=lambda: day(100))
    now: datetime = field(default_factory=lambda: day(100))
    here: Here = field(default_factory=lambda: Here("DE", SAME_PEOPLE))
    profile: Profile | None = None
    frameworks: tuple[str, ...] = ("oecd-ai-principles", "owasp-llm-top10")

    @property
    def id(self) -> str:
        return self.case.said.heard.id

    @property
    def world(self) -> World:
        return World(self.at, tuple(self.statements), self.lists, now=self.now)

    @property
    def rules(self) -> Rules:
        return Rules(select_files(self.frameworks), all_inspectors(), self.profile)

    def but(self, **changes) -> Scene:
        known = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return Scene(**(known | changes))

    def ask(self) -> Appraisal:
        return appraise(self.case, self.here, self.world, self.rules)


def statuses(found: Appraisal) -> dict[str, str]:
    return {point.reference: point.status for point in found.requirements}


def failing(found: Appraisal) -> str:
    step = found.paths[0].first_failing
    return step.name if step else ""


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_system(tmp_path_factory.mktemp("kenya") / "loans")


@pytest.fixture(scope="session")
def measured(system: Path) -> Assessment:
    return assessed(system)


@pytest.fixture(scope="session")
def report(measured: Assessment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sealed(measured, tmp_path_factory.mktemp("report") / "report")


@pytest.fixture(scope="session")
def seal_again(measured: Assessment, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Case]:
    """The same measurements signed otherwise: by another key, at another time, with another card."""
    numbers = itertools.count()

    def again(key: SigningKey = LAB, at: datetime = SIGNED, **changes) -> Case:
        out = tmp_path_factory.mktemp(f"again-{next(numbers)}") / "report"
        return open_case(sealed(replace(measured, **changes), out, key, at), Trust())

    return again


@pytest.fixture(scope="session")
def scene(report: Path) -> Scene:
    return Scene(open_case(report, Trust()))
