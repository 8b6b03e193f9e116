from benchmark_utils import RuleSolver
from benchmark_utils.rules import adagrad


class Solver(RuleSolver):
    name = "adagrad"
    rule = staticmethod(adagrad)
