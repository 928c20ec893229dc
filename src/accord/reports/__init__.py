"""Reports: an assessment as JSON, as a page, on the terminal. One module a format; see `interface`."""

from .interface import Details, Report, choose, formats, report
from .known import known_details

__all__ = ["Details", "Report", "choose", "formats", "known_details", "report"]
