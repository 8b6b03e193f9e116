from benchmark_utils import RuleSolver
from benchmark_utils.rules import sgd


class Solver(RuleSolver):
    name = "sgd"
    rule = staticmethod(sgd)
