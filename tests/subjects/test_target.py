import hashlib
import io
import json
import os
import pickle
import tarfile
import unicodedata
import zipfile

import pytest
import rfc8785

from accord.errors import AccordError, MalformedInput, UsageError
from accord.subjects import open_target
from accord.subjects import parts as parts_module

CSV = b"label,pred,sex\n" + b"1,0,f\n0,1,m\n" * 20
PICKLE = pickle.dumps({"weights": [1.0, 2.0]})


def write(root, files):
    for path, content in files.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return root


def sha256(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def by_path(subject):
    return {part.path: part for part in subject.parts}


def test_one_table(tmp_path):
    write(tmp_path, {"t.csv": CSV})
    with open_target(str(tmp_path / "t.csv")) as target:
        (part,) = target.subject.parts
        assert (part.role, part.kind, part.path, part.size) == ("data", "csv", "", len(CSV))
        assert part.digest == sha256(CSV)
        assert target.root == tmp_path / "t.csv"
        assert (target.card_source, target.card_digest, target.contradictions) == ("none", None, ())
        items = [["data", "csv", part.digest]]
        assert target.subject.digest == "sha256:" + hashlib.sha256(rfc8785.dumps(items)).hexdigest()


@pytest.mark.parametrize(
    ("data", "role"),
    [
        ("", "data"),
        ("label={column='label',positive=1}", "test_data"),
        ("prediction={column='pred',positive={op='==',value=1}}", "predictions"),
        ("file='t.csv'\nprediction={column='pred',positive={op='==',value=1}}", "predictions"),
        ("file='other.csv'\nprediction={column='pred',positive={op='==',value=1}}", "data"),
    ],
)
def test_the_card_gives_a_table_its_role(tmp_path, data, role):
    write(tmp_path, {"in/t.csv": CSV, "card.toml": f"[data]\n{data}".encode()})
    for spec in ("in/t.csv", "in"):
        with open_target(str(tmp_path / spec), card=tmp_path / "card.toml") as target:
            table = by_path(target.subject)["t.csv" if spec == "in" else ""]
            assert table.role == role
            assert target.card_source == "assessor"


def test_a_folder_has_itself_and_its_models_tables_and_documents_as_parts(tmp_path):
    card = b"[data]\nfile='d/b.csv'\nlabel={column='label',positive=1}\n"
    card += b"[documents]\nmodel_card='doc/m.md'\nrisk='none.md'\n"
    files = {
        "accord.toml": card,
        "model.pkl": PICKLE,
        "d/a.csv": CSV + b"1,1,f\n",
        "d/b.csv": CSV,
        "doc/m.md": b"# Model\nwords\n",
        "doc/other.md": b"# Other\nwords\n",
        "x.dist-info/RECORD": b"a,b,c\nd,e,f\n",
        "broken.safetensors": b"\xff\xfe\xfd not one",
    }
    write(tmp_path, files)
    with open_target(str(tmp_path)) as target:
        found = by_path(target.subject)
        assert {path: part.role for path, part in found.items()} == {
            "": "code",
            "broken.safetensors": "model",
            "d/a.csv": "data",
            "d/b.csv": "test_data",
            "doc/m.md": "document",
            "model.pkl": "model",
        }
        assert found[""].kind == "folder"
        assert all(found[path].digest == sha256(files[path]) for path in found if path)
        assert found["model.pkl"].digests["openssf-model-signing"] == sha256(hashlib.sha256(PICKLE).digest())
        assert target.card_source == "provider"
        assert target.subject.excluded == ("accord.toml: the system card",)
        items = sorted([part.role, part.kind, part.digest] for part in target.subject.parts)
        assert target.subject.digest == "sha256:" + hashlib.sha256(rfc8785.dumps(items)).hexdigest()


def test_an_empty_folder_has_no_parts(tmp_path):
    (tmp_path / "only" / "folders").mkdir(parents=True)
    with open_target(str(tmp_path)) as target:
        assert target.subject.parts == ()
    write(tmp_path, {"accord.toml": b"[system]\nname='x'"})
    with open_target(str(tmp_path)) as target:
        assert target.subject.parts == ()
        assert target.subject.name == "x"


def test_a_report_in_the_target_changes_nothing_but_hides_no_model(tmp_path):
    write(tmp_path, {"model.pkl": PICKLE})
    with open_target(str(tmp_path)) as target:
        before = target.subject.digest
    write(
        tmp_path, {"accord-report/.accord-report": b"", "accord-report/assessment.intoto.jsonl": b'{"a":1}\n{"a":2}\n'}
    )
    with open_target(str(tmp_path)) as target:
        assert target.subject.digest == before
    write(tmp_path, {"accord-report/hidden.pkl": PICKLE})
    with open_target(str(tmp_path)) as target:
        assert by_path(target.subject)["accord-report/hidden.pkl"].role == "model"
        assert target.subject.excluded == ("accord-report/: a report of Accord",)


def test_both_cards(tmp_path):
    write(tmp_path, {"t/accord.toml": b"[system]\nname='A'\nsector='health'", "t/m.pkl": PICKLE})
    write(tmp_path, {"mine.toml": b"[system]\nsector='credit'"})
    (tmp_path / "link.toml").symlink_to("mine.toml")  # the assessor may use links, the target may not
    with open_target(str(tmp_path / "t"), card=tmp_path / "link.toml") as target:
        assert target.card.system.sector == "credit"
        assert target.subject.name == "A"
        assert target.card_source == "assessor"
        assert target.contradictions == (("system.sector", '"health"', '"credit"'),)


@pytest.mark.parametrize("table", ["[data]\nfile", "[model]\nfile", "[documents]\nx"])
def test_a_card_that_leads_out_through_a_link_is_refused(tmp_path, table):
    write(tmp_path, {"secret": b"outside", "t/model.pkl": PICKLE, "t/accord.toml": f"{table} = 'sub/secret'".encode()})
    (tmp_path / "t" / "sub").symlink_to("..")
    with pytest.raises(MalformedInput, match="leads out of the target"), open_target(str(tmp_path / "t")):
        pass


def test_a_card_that_is_a_link_is_refused(tmp_path):
    write(tmp_path, {"secret": b"[system]\nname='x'", "t/m.pkl": PICKLE})
    (tmp_path / "t" / "accord.toml").symlink_to("../secret")
    with pytest.raises(UsageError, match="can't be read"), open_target(str(tmp_path / "t")):
        pass


@pytest.mark.parametrize(
    "spec",
    ["", "none", "x\0y", "http://localhost:8000/v1", "HTTPS://example.org", "ftp://example.org/x", "pypi:", "pypi:-r",
     "pypi:a b", "pypi:../x", "pypi:a==1 --index-url=x", "pypi:a>=1"],
)  # fmt: skip
def test_wrong_targets_are_usage_errors_with_a_remedy(tmp_path, monkeypatch, spec):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as caught, open_target(spec):
        pass
    assert caught.value.remedy


def test_what_is_neither_file_nor_folder_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    for name in ("pipe", "loop"):
        with pytest.raises(UsageError), open_target(str(tmp_path / name)):
            pass


def test_special_names_links_and_archives_are_noted(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/etc/passwd")
    (tmp_path / os.fsdecode(b"\xff.pkl")).write_bytes(PICKLE)
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        archive.writestr("x", "y")
    with tarfile.open(tmp_path / "t.tar", "w") as archive:
        archive.addfile(tarfile.TarInfo("x"))
    with open_target(str(tmp_path)) as target:
        assert set(target.subject.excluded) == {
            "pipe: a fifo: recorded, not opened",
            "link: a symbolic link: recorded, not followed",
            "//ff.pkl: a name that is not UTF-8: hashed, not inspected",
            "t.tar: an archive inside the target: hashed, not opened",
        }
        assert [(part.path, part.kind, part.role) for part in target.subject.parts] == [
            ("", "folder", "code"),
            ("z.zip", "zip", "data"),
        ]
        json.dumps(target.subject.excluded).encode()


def test_parts_are_spelled_as_on_disk(tmp_path):
    name = unicodedata.normalize("NFD", "modèle.pkl")
    write(tmp_path, {name: PICKLE, "accord.toml": "[model]\nfile='modèle.pkl'".encode()})
    with open_target(str(tmp_path)) as target:
        part = by_path(target.subject)[name]
        assert (target.root / part.path).read_bytes() == PICKLE


def test_a_crowd_of_models_is_cut_and_said(tmp_path, monkeypatch):
    monkeypatch.setattr(parts_module, "MAX_PARTS", 5)
    write(tmp_path, {f"m{i}.pkl": PICKLE + bytes([i]) for i in range(9)})
    with open_target(str(tmp_path)) as target:
        assert len(target.subject.parts) == 5
        assert target.subject.excluded == ("5 more models and tables: hashed, but over the limit of 5",)


@pytest.mark.parametrize("wrapped", [True, False])
def test_an_archive_is_unpacked_privately_and_removed(tmp_path, wrapped):
    prefix = "pkg-1.0/" if wrapped else ""
    with tarfile.open(tmp_path / "pkg-1.0.tar.gz", "w:gz") as archive:
        for name, data in [(prefix + "setup.py", b"raise SystemExit('built!')"), (prefix + "m/model.pkl", PICKLE)]:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        evil = tarfile.TarInfo("../evil")
        archive.addfile(evil)
    with open_target(str(tmp_path / "pkg-1.0.tar.gz")) as target:
        root = target.root
        assert set(by_path(target.subject)) == {"", "m/model.pkl"}
        assert by_path(target.subject)[""].digests["archive"] == sha256((tmp_path / "pkg-1.0.tar.gz").read_bytes())
        assert target.subject.source == target.subject.name == "pkg-1.0.tar.gz"
        assert target.subject.excluded[0].startswith("refused while unpacking: ../evil: leads to a parent folder")
        assert root.stat().st_mode & 0o077 == 0 or root.parent.stat().st_mode & 0o077 == 0
    assert not root.exists()


def test_an_unpacked_archive_has_the_digest_of_the_folder(tmp_path):
    write(tmp_path, {"f/a.txt": b"text\n", "f/m.pkl": PICKLE})
    with zipfile.ZipFile(tmp_path / "f.zip", "w") as archive:
        for name in ("a.txt", "m.pkl"):
            archive.write(tmp_path / "f" / name, name)
    with open_target(str(tmp_path / "f")) as folder, open_target(str(tmp_path / "f.zip")) as unpacked:
        assert folder.subject.digest == unpacked.subject.digest


def test_a_broken_archive_is_an_accord_error_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    (tmp_path / "x.zip").write_bytes(b"PK\x03\x04" + bytes(40))
    with pytest.raises(AccordError), open_target(str(tmp_path / "x.zip")):
        pass
    assert not list((tmp_path / "tmp").iterdir())
