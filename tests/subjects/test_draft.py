import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord.documents import document_kinds
from accord.errors import UsageError
from accord.subjects import draft_card, read_card
from accord.subjects.columns import read_columns


def write(root, files):
    for path, content in files.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def test_the_draft_of_a_folder(tmp_path):
    write(
        tmp_path,
        {
            "data/loans.csv": "id,gender,age,y_true,y_pred\n"
            + "".join(f"{i},f,{i},{i % 2},{i % 3 // 2}\n" for i in range(40)),
            "other.csv": "a,b\n1,2\n3,4\n",
            "model.pkl": pickle.dumps([1.0]),
            "README.md": "# Loans\n",
            "docs/model_card.md": "# Card\n",
            "LICENSE": "words\n",
        },
    )
    text = draft_card(tmp_path)
    card = read_card(text.encode())
    assert card.data.file == "data/loans.csv"  # the table that looks like outcomes, not the first
    assert (card.data.label.column, card.data.label.positive) == ("y_true", 1)
    assert (card.data.prediction.column, card.data.prediction.positive.value) == ("y_pred", 1)
    assert card.data.sensitive == ("gender",)
    assert '"age": too many values' in text
    assert card.model.file == "model.pkl"
    assert card.documents == {"model_card": "docs/model_card.md", "licence": "LICENSE"}
    assert card.data.favourable is None
    assert "# favourable" in text


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("MODEL_CARD.md", "model_card"),
        ("acme-model-card-v2.docx", "model_card"),
        ("Datasheet.pdf", "datasheet"),
        ("LICENSE-APACHE", "licence"),
        ("COPYING", "licence"),
        ("SECURITY.md", "security"),
        ("risk_management_plan.odt", "risk_management"),
        ("FRIA.pdf", "impact_assessment"),
        ("Annex IV.docx", "technical_documentation"),
        ("instructions-for-use.html", "instructions_for_use"),
        ("EU Declaration of Conformity.pdf", "declaration_of_conformity"),
        ("post-market-monitoring-plan.md", "post_market_monitoring"),
        ("PATENTS", "patent_notices"),
        ("cybersecurity.csv", None),
        ("README.md", None),
        ("license_check.py", None),
    ],
)
def test_documents_are_known_by_the_names_that_are_usual(tmp_path, name, kind):
    write(tmp_path, {name: "# Words\n"})
    documents = read_card(draft_card(tmp_path).encode()).documents
    assert documents == ({} if kind is None else {kind: name})
    assert set(documents) <= set(document_kinds())


@pytest.mark.parametrize(
    "name", ["sex", "género", "raza", "sexe", "性别", "年龄", "Gender", "applicantGender", "is_race", "пол"]
)
def test_protected_attributes_are_found_in_many_languages(tmp_path, name):
    write(tmp_path, {"t.csv": f"id,{name},x\n1,a,2\n2,b,3\n"})
    assert read_card(draft_card(tmp_path / "t.csv").encode()).data.sensitive == (name,)


def test_words_inside_words_are_not_attributes(tmp_path):
    write(tmp_path, {"t.csv": "message,trace,agenda,sexton\n1,a,2,3\n2,b,3,4\n"})
    assert read_card(draft_card(tmp_path / "t.csv").encode()).data.sensitive == ()


def test_the_exact_label_outranks_a_lookalike_and_doubled_columns_go_by_index(tmp_path):
    write(tmp_path, {"t.csv": "is_recid,decile_score,two_year_recid,decile_score\n1,3,0,3\n0,7,1,7\n"})
    text = draft_card(tmp_path / "t.csv")
    assert read_card(text.encode()).data.label.column == "two_year_recid"
    assert "# prediction = { index = 1," in text


def test_a_score_needs_a_person_for_its_threshold(tmp_path):
    write(tmp_path, {"t.csv": "label,score\n1,0.5\n0,0.25\n"})
    assert read_card(draft_card(tmp_path / "t.csv").encode()).data.prediction is None


def test_json_lines(tmp_path):
    write(tmp_path, {"t.jsonl": '{"sex": "f", "outcome": "yes"}\n{"sex": "m", "outcome": "no"}\n'})
    card = read_card(draft_card(tmp_path).encode())
    assert (card.data.label.column, card.data.label.positive) == ("outcome", "yes")
    assert card.data.sensitive == ("sex",)


def test_questions_uncommented_are_a_card_too(tmp_path):
    """Every line that asks shows the right form: uncommented, it reads."""
    write(tmp_path, {"t.csv": "label,score,sex\n1,0.5,f\n0,0.25,m\n", "m.pkl": pickle.dumps([1.0])})
    kept = []
    for line in draft_card(tmp_path).splitlines():
        bare = line.removeprefix("# ")
        asks = bare != line and (" = " in bare or bare.startswith("["))
        kept.append(bare if asks else line)
    text = "\n".join(kept).replace('risk_management = ""', 'risk_management = "r.md"')
    card = read_card(text.encode())
    assert card.context.places == ("",)
    assert card.data.prediction.positive.op == ">="
    assert card.system.jurisdictions == ("EU",)


HOSTILE = st.text(st.characters(blacklist_categories=["Cs"]), min_size=1, max_size=20)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(HOSTILE, min_size=1, max_size=5),
    st.lists(st.sampled_from(["0", "1", "yes", "no", '"', "\n", "#"]), max_size=8),
)
def test_any_table_gives_a_draft_that_reads(tmp_path_factory, names, values):
    root = tmp_path_factory.mktemp("draft")
    header = ",".join('"' + name.replace('"', '""') + '"' for name in ["label", "sex", *names])
    (root / "t.csv").write_text(f"{header}\n" + "\n".join(",".join([v] * (len(names) + 2)) for v in values), "utf-8")
    read_card(draft_card(root).encode())
    read_card(draft_card(root / "t.csv").encode())


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(blacklist_characters="/\0", blacklist_categories=["Cs"]), min_size=1, max_size=30))
def test_any_file_name_gives_a_draft_that_reads(tmp_path_factory, name):
    if name in (".", "..") or len(name.encode()) > 200:
        return
    root = tmp_path_factory.mktemp("draft")
    (root / name).write_bytes(pickle.dumps([1.0]))
    read_card(draft_card(root).encode())
    read_card(draft_card(root / name).encode())


def test_a_target_that_is_not_there_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError):
        draft_card(tmp_path / "none")


def test_columns_are_numbered_and_bounded(tmp_path):
    write(tmp_path, {"t.csv": "a,b,a,a\n1,2,3,4\n", "wide.csv": ",".join(f"c{i}" for i in range(5000)) + "\n"})
    assert [(c.name, c.index, c.repeated) for c in read_columns(tmp_path / "t.csv")] == [
        ("a", 0, True),
        ("b", 1, False),
        ("a#2", 2, True),
        ("a#3", 3, True),
    ]
    assert len(read_columns(tmp_path / "wide.csv")) == 2000


@given(st.binary(max_size=300))
def test_any_bytes_have_columns_or_none(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("columns") / "t"
    path.write_bytes(data)
    assert isinstance(read_columns(path), list)
