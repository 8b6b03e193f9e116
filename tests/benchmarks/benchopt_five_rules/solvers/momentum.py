from benchmark_utils import RuleSolver
from benchmark_utils.rules import momentum


class Solver(RuleSolver):
    name = "momentum"
    rule = staticmethod(momentum)
