"""The system card: what nobody can measure. Every key is optional; it is a claim, never an instruction."""

from __future__ import annotations

from msgspec import field

from .measurement import Context, Record

Scalar = str | int | float | bool


class System(Record, frozen=True, kw_only=True):
    """`[system]`: what the system is for, who answers for it, whom it affects."""

    name: str | None = None
    version: str | None = None
    purpose: str | None = None
    sector: str | None = None
    jurisdictions: tuple[str, ...] = ()
    provider: str | None = None
    deployer: str | None = None
    users: str | None = None
    affected: str | None = None
    lifecycle: str | None = None
    languages: tuple[str, ...] = ()
    sdgs: tuple[int, ...] = ()
    human_oversight: str | None = None


class Positive(Record, frozen=True, kw_only=True):
    """Which values count as positive: `value <op> threshold`. `op` is one of < <= > >= == in."""

    op: str
    value: Scalar | tuple[Scalar, ...]


class Label(Record, frozen=True, kw_only=True):
    """The column of true outcomes and the value that counts as positive."""

    column: str
    positive: Scalar


class Prediction(Record, frozen=True, kw_only=True):
    """The column (by name, or by 0-based index) of predictions and which of them count as positive."""

    column: str | None = None
    index: int | None = None
    positive: Positive


class Data(Record, frozen=True, kw_only=True):
    """`[data]`: the table, its label, prediction and protected attributes.

    `favourable` says which prediction is good for the person ("positive" or "negative"); `reference` names, per
    attribute, the group that others are compared with.
    """

    file: str | None = None
    label: Label | None = None
    prediction: Prediction | None = None
    favourable: str | None = None
    score: str | None = None
    sensitive: tuple[str, ...] = ()
    split: str | None = None
    reference: dict[str, str] = {}


class Training(Record, frozen=True, kw_only=True):
    """What training took: tokens, hours of computing, the hardware, and the operations in all (FLOP).

    `flop` is cumulative over pre-training, synthetic data and fine-tuning: one number, or the lowest and the highest
    that the provider holds possible.
    """

    tokens: int | None = None
    hours: float | None = None
    hardware: str | None = None
    flop: float | tuple[float, float] | None = None


class Model(Record, frozen=True, kw_only=True):
    """`[model]`: the model file, how to feed it, what it was derived from."""

    file: str | None = None
    format: str | None = None
    input: str | None = None
    output: str | None = None
    labels: tuple[str, ...] = ()
    preprocessing: str | None = None
    base_model: str | None = None
    training: Training = Training()


class Endpoint(Record, frozen=True, kw_only=True):
    """`[endpoint]`: the address of a served model."""

    url: str | None = None
    model: str | None = None
    kind: str | None = None


class Card(Record, frozen=True, kw_only=True):
    """The whole card. `documents` maps a kind of document to its path inside the target."""

    system: System = System()
    data: Data = Data()
    model: Model = Model()
    endpoint: Endpoint = Endpoint()
    documents: dict[str, str] = {}
    context: Context = Context()
    answers: dict[str, bool | str] = field(default_factory=dict)
