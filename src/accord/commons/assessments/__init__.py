"""Assessments that were published: what is noted of each, and the data of their pages. No score, ever: counts."""
