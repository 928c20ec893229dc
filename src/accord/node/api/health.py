"""For whoever runs the node: is it well, what is it, how much does it do."""

from __future__ import annotations

import resource
import time

import msgspec
from litestar import Response, get

from ... import __version__
from ..guarding import METERS
from ..node import Node
from ..witnessing import witness_keys


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """That the node reads its store, and how far its log is."""

    status: str
    version: str
    log: str
    size: int


class About(msgspec.Struct, frozen=True, kw_only=True):
    """Who this node is: what another one needs to follow it.

    `key` signs what the node says, `log_key` its log; with `witness_keys` it cosigns the logs of others.
    """

    name: str
    jurisdiction: str
    origin: str
    url: str
    contact: str
    key: str
    log_key: str
    witness_keys: tuple[str, ...]
    version: str


@get("/health", sync_to_thread=True, operation_id="health", tags=["node"])
def health(node: Node) -> Health:
    """Answer 200 if the store can be read."""
    return Health(status="ok", version=__version__, log=node.origin, size=node.size)


@get("/api/v1/node", sync_to_thread=True, operation_id="node", tags=["node"])
def about(node: Node) -> About:
    """Return who this node is, and its keys."""
    from ...trust.encoding import b64encode

    config = node.config
    return About(
        name=config.name,
        jurisdiction=config.jurisdiction,
        origin=node.origin,
        url=config.url,
        contact=config.contact,
        key=b64encode(node.speaker.public.raw),
        log_key=str(node.log.verifier_key),
        witness_keys=tuple(map(str, witness_keys(node))),
        version=__version__,
    )


@get("/metrics", sync_to_thread=True, operation_id="metrics", tags=["node"], media_type="text/plain")
def metrics(node: Node) -> Response[bytes]:
    """Return figures in the text format of Prometheus (exposition format 0.0.4)."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    lines = [
        *_metric("accord_log_entries", "gauge", "Entries in the log.", {"": node.size}),
        *_metric(
            "accord_requests_total",
            "counter",
            "Requests answered.",
            {f'{{method="{method}",status="{status}"}}': n for (method, status), n in sorted(METERS.requests.items())},
        ),
        *_metric("accord_request_seconds_total", "counter", "Time spent answering.", {"": round(METERS.seconds, 6)}),
        *_metric("process_cpu_seconds_total", "counter", "CPU time.", {"": usage.ru_utime + usage.ru_stime}),
        *_metric("process_resident_memory_max_bytes", "gauge", "Most memory used.", {"": usage.ru_maxrss * 1024}),
        *_metric("process_start_time_seconds", "gauge", "Start.", {"": node.started.timestamp()}),
        *_metric("accord_scrape_time_seconds", "gauge", "Now.", {"": time.time()}),
    ]
    return Response("\n".join(lines).encode() + b"\n", media_type="text/plain; version=0.0.4; charset=utf-8")


def _metric(name: str, kind: str, help: str, values: dict[str, float]) -> list[str]:
    return [f"# HELP {name} {help}", f"# TYPE {name} {kind}", *(f"{name}{label} {n}" for label, n in values.items())]


HANDLERS = [health, about, metrics]
