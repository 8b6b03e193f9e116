"""The web page of a report."""
