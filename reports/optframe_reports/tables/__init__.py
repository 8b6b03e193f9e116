"""The tables of a report: what each says in one file, and the formats that they are written in."""
