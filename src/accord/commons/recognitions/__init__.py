"""Decisions on foreign assessments, and the examinations that were begun before."""
