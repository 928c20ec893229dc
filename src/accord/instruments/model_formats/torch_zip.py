"""Layout of a zip-based PyTorch file (`torch.save` since 1.6) and of TorchScript. Nothing is unpickled.

Source: PyTorch's `torch/csrc/jit/serialization` notes: one folder with `data.pkl`, `version`, `byteorder` and the
tensors' bytes under `data/`; TorchScript adds `code/` and `constants.pkl`. The number of tensors stands only in the
pickle, so it is unknown here; storages are counted instead.
"""

from __future__ import annotations

import re
from pathlib import Path

from ...errors import AccordError
from ..archives import Member, read_member
from .interface import MALFORMED, RUNS_CODE, Header, Problems, keep
from .zip_members import open_members

_STORAGE = re.compile(r"(?:data|constants|tensors)/[^/]+\Z")


def read_torch(path: Path) -> Header:
    """Read the layout of the PyTorch or TorchScript zip at `path`. `executes` is True: both hold a pickle."""
    problems = Problems()
    members = open_members(path, problems)
    metadata: dict[str, str] = {}
    roots = {member.name.partition("/")[0] for member in members}
    inner = {member.name.partition("/")[2] or member.name: member for member in members}
    if members and len(roots) > 1:
        problems.add(MALFORMED, f"{len(roots)} folders at the top; PyTorch writes one", severity="medium")
    if members and "data.pkl" not in inner:
        problems.add(MALFORMED, "no data.pkl")
    version = _short_text(inner.get("version") or inner.get(".data/version"), problems)
    if version is not None and not re.fullmatch(r"\d{1,4}", version):
        problems.add(MALFORMED, f"version {version!r} is not a number", member="version")
    order = _short_text(inner.get("byteorder"), problems)
    if order not in (None, "little", "big"):
        problems.add(MALFORMED, f"byteorder {order!r} is neither little nor big", member="byteorder")
    if order:
        keep(metadata, "byte order", order)
    storages = [member for name, member in inner.items() if _STORAGE.match(name)]
    keep(metadata, "storages", len(storages))
    keep(metadata, "storage bytes", sum(member.size for member in storages))
    keep(metadata, "pickles", sum(name.endswith(".pkl") for name in inner))
    code = [name for name in inner if name.startswith("code/") and not name.endswith("/")]
    script = bool(code) or "constants.pkl" in inner
    if code:
        problems.add(RUNS_CODE, f"{len(code)} files of TorchScript code, which runs with the model", member=code[0])
    return Header(
        "torchscript" if script else "pytorch",
        version=version[:20] if version else None,
        metadata=metadata,
        problems=problems.all(),
        executes=True,
        not_checked=("tensors and parameters: they stand only in the pickle, which is not unpickled",),
        bytes_read=sum(46 + 30 + 2 * len(member.name) for member in members),
    )


def _short_text(member: Member | None, problems: Problems) -> str | None:
    if member is None:
        return None
    try:
        return read_member(member, 64).decode("ascii", "replace").strip()
    except AccordError as error:
        problems.add(MALFORMED, error.message[:200], member=member.name)
        return None
