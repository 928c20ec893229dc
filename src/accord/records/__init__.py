"""The nouns of Accord as immutable records, and their JSON form."""

from .assessment import DISCLAIMER, Assessment, Environment, FrameworkReference, Summary
from .card import Card
from .codec import from_builtins, from_json, to_builtins, to_json, to_readable_json
from .evidence import SEVERITIES, Cost, Evidence, Finding, Isolation, Parameter, Place, Reason, Severity
from .framework import Framework, LaterDate, Question, Requirement, Rule, Source, TierClass
from .measurement import Axis, Context, Counts, Interval, Measurement, Value
from .profile import Profile, ProfileThreshold
from .review import DECISIONS, Decision, ReliedOn, Review, Reviewer, ReviewOutcome, is_day
from .subject import Part, Role, Subject
from .verdict import VERDICT_STATUSES, Coverage, RuleOutcome, Tier, Verdict

__all__ = [
    "DECISIONS",
    "DISCLAIMER",
    "SEVERITIES",
    "VERDICT_STATUSES",
    "Assessment",
    "Axis",
    "Card",
    "Context",
    "Cost",
    "Counts",
    "Coverage",
    "Decision",
    "Environment",
    "Evidence",
    "Finding",
    "Framework",
    "FrameworkReference",
    "Interval",
    "Isolation",
    "LaterDate",
    "Measurement",
    "Parameter",
    "Part",
    "Place",
    "Profile",
    "ProfileThreshold",
    "Question",
    "Reason",
    "ReliedOn",
    "Requirement",
    "Review",
    "ReviewOutcome",
    "Reviewer",
    "Role",
    "Rule",
    "RuleOutcome",
    "Severity",
    "Source",
    "Subject",
    "Summary",
    "Tier",
    "TierClass",
    "Value",
    "Verdict",
    "from_builtins",
    "from_json",
    "is_day",
    "to_builtins",
    "to_json",
    "to_readable_json",
]
