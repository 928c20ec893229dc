"""OSCAL 1.2.1, NIST's format for controls: frameworks, crosswalks and assessments in and out."""

from .catalog import catalog, render_catalog
from .importing import CatalogImport, import_catalog
from .mapping import mapping_collection, render_mapping
from .plan_of_action import plan_of_action, render_plan_of_action
from .profiles import import_profile
from .reading import Catalog, Profile, read_bytes, read_document
from .results import assessment_results, render_results

__all__ = [
    "Catalog",
    "CatalogImport",
    "Profile",
    "assessment_results",
    "catalog",
    "import_catalog",
    "import_profile",
    "mapping_collection",
    "plan_of_action",
    "read_bytes",
    "read_document",
    "render_catalog",
    "render_mapping",
    "render_plan_of_action",
    "render_results",
]
