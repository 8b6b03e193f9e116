"""What the runs of a tuning say: which setting is best, what a search finds, and what to distrust.

Each module takes frames of trials of stage ``tune`` and returns frames or sentences.
"""

from optframe.statistics.tuning.settings import Choosing, Chosen, check_choice, choose, tried

__all__ = ["Choosing", "Chosen", "check_choice", "choose", "tried"]
