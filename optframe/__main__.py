"""``python -m optframe``: the same as the command ``optframe``.

Python puts the working directory first on its path for ``-m``, so that a ``csv.py`` beside a
stranger's store would be imported. The command does not have it there, and neither has this.
"""

import os
import sys

here = os.getcwd()
if (
    not sys.flags.safe_path
    and sys.path[:1] == [here]
    and not os.path.samefile(here, os.path.dirname(os.path.dirname(__file__)))
):
    del sys.path[0]

from optframe_bench import main  # noqa: E402

if __name__ == "__main__":
    main()
