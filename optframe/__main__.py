"""``python -m optframe``: the same as the command ``optframe``."""

from optframe.cli import main

if __name__ == "__main__":
    main()
