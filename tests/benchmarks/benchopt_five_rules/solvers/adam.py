from benchmark_utils import RuleSolver
from benchmark_utils.rules import adam


class Solver(RuleSolver):
    name = "adam"
    rule = staticmethod(adam)
