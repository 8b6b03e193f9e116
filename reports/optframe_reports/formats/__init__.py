"""Reports beside the web page, each in one file: Markdown, LaTeX, figures as PDF."""
