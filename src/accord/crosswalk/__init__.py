"""Crosswalks: what a result under one framework says under another, and what most frameworks share."""

from .carrying import carry
from .library import InvalidCrosswalk, check_ids, counts_by_pair, library_edges, open_mapping_set
from .matrix import crosswalk_matrix_svg
from .sssom import write_sssom
from .sssom_reading import read_sssom
from .topics import consensus
from .walking import between, stated_and_computed

__all__ = [
    "InvalidCrosswalk",
    "between",
    "carry",
    "check_ids",
    "consensus",
    "counts_by_pair",
    "crosswalk_matrix_svg",
    "library_edges",
    "open_mapping_set",
    "read_sssom",
    "stated_and_computed",
    "write_sssom",
]
