from benchmark_utils import RuleSolver
from benchmark_utils.rules import nesterov


class Solver(RuleSolver):
    name = "nesterov"
    rule = staticmethod(nesterov)
