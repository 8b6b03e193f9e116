"""``python -m optframe``: the same as the command ``optframe``."""

from optframe_bench import main

if __name__ == "__main__":
    main()
