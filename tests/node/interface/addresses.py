"""Every address of a node, by what may be put into it. One that is missing here fails test_leaks_walk.py."""

from __future__ import annotations

from tests.node.interface.every_kind import LEVELS

SAME = {
    "statement": [
        "/statements/{statement}", "/statements/{statement}?said={statement}", "/statements/{statement}/dispute",
        "/assessments/{statement}", "/assessments/{statement}?lang=ar", "/assessments/{statement}/recognition",
        "/assessments/{statement}/recognition?for=DE&population=people", "/assessments/{statement}/decide",
        "/assessments/{statement}/review?framework=eu-ai-act",
        "/badge/{statement}.svg", "/badge/{statement}.svg?lang=de", "/agreements/{statement}",
        "/compare?a={statement}", "/compare?b=sha256:{statement}", "/compare?a={statement}&b={base}&chance=true",
        "/subjects/{statement}", "/subjects?digest={statement}",
        "/systems/{statement}", "/systems?q={statement}", "/assessments?q={statement}", "/trust-lists/{statement}",
        "/bodies/{statement}", "/api/v1/bodies/{statement}",
        "/api/v1/statements/{statement}", "/api/v1/statements/{statement}/envelope",
        "/api/v1/statements/{statement}/proof", "/api/v1/statements/{statement}/disputes",
        "/api/v1/statements/{statement}/files/assessment.json", "/api/v1/statements/{statement}/files/none.json",
        "/api/v1/assessments/{statement}/judgement", "/api/v1/assessments/{statement}/recognition?for=DE",
        "/api/v1/assessments/{statement}/decisions", "/api/v1/subjects/{statement}/assessments",
        "/api/v1/log/statements?log={statement}", "/api/v1/systems/{statement}", "/mirrors/{statement}/checkpoint",
        "/mirrors/{statement}/tile/0/000", "/witness/{statement}/checkpoint",
        "POST /statements/{statement}/dispute", "POST /statements/{statement}/answer",
        "POST /statements/{statement}/readers", "POST /statements/{statement}/revoke",
        "POST /statements/{statement}/erase",
        "/assessments/{statement}/review", "/api/v1/assessments/{statement}/reviews",
        "POST /assessments/{statement}/review", "POST /assessments/{statement}/review/revoke",
        "POST /assessments/{statement}/decide", "POST /agreements/{statement}/accept",
        "POST /agreements/{statement}/end",
    ],
    "word": [
        "/systems?q={word}", "/systems?sector={word}", "/systems?office={word}", "/systems?jurisdiction={word}",
        "/systems?kind={word}&status={word}&sdg={word}&grade={word}", "/systems?after={word}", "/assessments?q={word}",
        "/assessments?framework={word}&jurisdiction={word}", "/assessments?verdict={word}",
        "/assessments?signer={word}",
        "/assessments?spoken={word}", "/api/v1/systems?q={word}", "/api/v1/systems?sector={word}&office={word}",
        "/api/v1/systems?jurisdiction={word}&kind={word}", "/api/v1/systems/{word}", "/systems/{word}",
        "/api/v1/assessments?q={word}", "/api/v1/assessments?framework={word}&jurisdiction={word}",
        "/static/{word}", "/badge/{word}.svg", "/crosswalk/{word}/{word}", "/crosswalk?q={word}",
        "/statements/{word}", "/subjects?digest={word}", "/compare?a={word}", "/recognition?at={word}",
        "/feed.atom?kind={word}",
    ],
    "entry": [
        "/systems/{entry}", "/systems/{entry}?said={entry}", "/systems?q={entry}", "/api/v1/systems/{entry}",
        "/api/v1/systems?q={entry}", "POST /systems/{entry}/edit", "POST /systems/{entry}/status",
        "POST /systems/{entry}/reviewed", "POST /systems/{entry}/disclosure", "POST /systems/{entry}/revoke",
        "POST /api/v1/systems/{entry}",
    ],
    "subject": [
        "/systems/{subject}", "/subjects/{subject}", "/subjects?digest={subject}", "/feed.atom?subject={subject}",
        "/api/v1/systems/{subject}", "/api/v1/subjects/{subject}/assessments",
    ],
    "list": ["/trust-lists/{list}"],
    "body": ["/bodies/{body}", "/api/v1/bodies/{body}"],
    "draft": [
        *(f"/drafts/{{draft}}/{step}" for step in ("what", "where", "people", "supplier", "check", "nonsense")),
        "POST /drafts/{draft}/what", "POST /supplier-links/{draft}", "POST /supplier-answers/{draft}",
    ],
    "upload": ["/register/import/{upload}", "POST /register/import/{upload}"],
    "job": [
        "/jobs/{job}", "/api/v1/jobs/{job}", "/api/v1/jobs/{job}/events", "POST /jobs/{job}/cancel",
        "POST /api/v1/jobs/{job}/cancel",
    ],
    "person": ["/people/{person}", "POST /people/{person}"],
    "decision": ["/decisions/{decision}", "POST /decisions/{decision}"],
    "secret": [
        "/supplier/{secret}", "POST /supplier/{secret}", "/welcome/{secret}", "POST /welcome/{secret}",
        "/due.ics?token={secret}",
    ],
    "token": ["DELETE /api/v1/tokens/{token}"],
}  # fmt: skip
"""Addresses by what is put in: for a thing that may not be seen the answer is that for a thing that is not there."""

WALKED = [
    "/", "/?lang=ar", "/systems", "/portfolio", "/due", "/due.ics", "/assessments", "/subjects", "/compare", "/log",
    "/log?before=50", "/objections", "/feed.atom", "/feed.atom?kind=evidence", "/feed.atom?kind=registration",
    "/feed.atom?kind=account-change", "/crosswalk", "/crosswalk/eu-ai-act/nist-ai-rmf", "/recognition",
    "/recognition?at=2030-01-01", "/trust-lists", "/plans", "/certificates", "/decisions", "/agreements/new",
    "/people", "/account", "/login", "/jobs", "/assess", "/register", "/register/import", "/register/template.csv",
    "/accessibility", "/languages", "/api", "/api/openapi.json", "/health", "/metrics", "/login/oidc",
    "/login/oidc/back?code=x&state=y", "/log/checkpoint", "/log/tile/entries/000", "/log/tile/entries/000.p/9",
    "/log/tile/0/000.p/9", "/static/node.css", "/feed.atom?subject={base subject}", "/subjects/{base subject}",
    "/statements/{base}", "/statements/{base}/dispute", "/assessments/{base}", "/assessments/{base}/recognition",
    "/assessments/{base}/decide", "/badge/{base}.svg", "/compare?a={base}&b={base}",
    "/api/v1/me", "/api/v1/tokens", "/api/v1/peers", "/api/v1/node", "/api/v1/jobs", "/api/v1/assessments",
    "/api/v1/systems", "/api/v1/register.csv", "/api/v1/register.json", "/api/v1/recognition", "/api/v1/trust-lists",
    "/api/v1/log/growth", "/api/v1/log/statements", "/api/v1/log/statements?start=100", "/api/v1/statements/{base}",
    "/api/v1/statements/{base}/envelope", "/api/v1/statements/{base}/proof", "/api/v1/statements/{base}/disputes",
    "/api/v1/statements/{base}/files/assessment.json", "/api/v1/assessments/{base}/judgement",
    "/api/v1/assessments/{base}/recognition?for=DE", "/api/v1/assessments/{base}/decisions",
    "/assessments/{base}/review", "/api/v1/assessments/{base}/reviews",
    "/systems/{entry public}", "/api/v1/systems/{entry public}", "/subjects/{subject public}",
    "/feed.atom?subject={subject public}", "/agreements/{agreement public}", "/trust-lists/{list public}",
    "/bodies/{body public}", "/api/v1/bodies/{body public}", "/assessments?framework=owasp-llm-top10",
    *(f"/statements/{{{kind} public}}" for kind in ("dispute", "agreement", "certificate", "plan", "registration")),
    "/api/v1/subjects/{base subject}/assessments",
    *(f"/statements/{{{kind} {level}}}" for kind in ("revocation", "erasure", "disclosure") for level in LEVELS[1:]),
    *(f"/api/v1/statements/{{{kind} {level}}}" for kind in ("revocation", "disclosure") for level in LEVELS[1:]),
]  # fmt: skip
"""Addresses of what anybody, or some, may see: no word of what is withheld from the one who asks is in the answer."""

WRITES = {
    "/account", "/agreements/new", "/api/v1/disputes", "/api/v1/jobs", "/api/v1/reports", "/api/v1/statements",
    "/api/v1/systems", "/api/v1/tokens", "/assess", "/due", "/login", "/logout", "/people", "/register",
    "/register/import", "/trust-lists", "/trust-lists/pin", "/witness/add-checkpoint",
}  # fmt: skip
"""POST without anything in its address that could be withheld; what /api/v1/disputes names has a test of its own."""
