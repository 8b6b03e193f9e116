"""Formats of a report other than the web page: Markdown, LaTeX, figures as PDF."""
