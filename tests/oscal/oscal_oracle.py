"""Run by the peers' Python: does NIST's JSON schema accept a document, and does compliance-trestle load it?

    .venv-peers/bin/python tests/oscal/oscal_oracle.py SCHEMA_FOLDER FILE…

Prints one JSON object: file name to a list of complaints, and counts of what trestle found in the document.
"""

import json
import sys
from importlib import import_module
from pathlib import Path

import jsonschema

KINDS = {
    "catalog": ("catalog", "Catalog"),
    "profile": ("profile", "Profile"),
    "mapping-collection": ("mapping", "MappingCollection"),
    "assessment-results": ("assessment-results", "AssessmentResults"),
    "plan-of-action-and-milestones": ("poam", "PlanOfActionAndMilestones"),
}
MODULES = {"assessment-results": "assessment_results"}


def schema(folder: Path, kind: str) -> dict:
    """The official schema; Python's re has no \\p, so letters and numbers are written another way."""
    text = (folder / f"oscal_{kind}_schema.json").read_text()
    return json.loads(text.replace(r"\\p{L}", r"[^\\W\\d_]").replace(r"\\p{N}", r"\\d"))


def main() -> None:
    folder, *files = map(Path, sys.argv[1:])
    said = {}
    for file in files:
        document = json.loads(file.read_text())
        (key,) = document
        kind, name = KINDS[key]
        validator = jsonschema.Draft7Validator(schema(folder, kind))
        found = validator.iter_errors(document)
        complaints = [f"{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}" for error in found]
        model = getattr(import_module(f"trestle.oscal.{MODULES.get(kind, kind)}"), name)
        try:
            loaded = model.oscal_read(file)
            again = json.loads(loaded.oscal_serialize_json())[key]
        except Exception as error:  # whatever trestle says is the complaint
            complaints.append(f"trestle: {type(error).__name__}: {str(error)[:2000]}")
            again = {}
        lost = sorted(set(document[key]) - set(again))
        said[file.name] = {"complaints": complaints, "lost": lost}
    json.dump(said, sys.stdout)


main()
