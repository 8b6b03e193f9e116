from dataclasses import dataclass

from optframe import Executor, Stop


@dataclass(frozen=True)
class Plain(Executor):
    def run(self, work, items, stop):
        yield from map(work, items)


def test_an_executor_that_says_nothing_opens_as_itself_and_runs_many_times():
    plain = Plain()
    with Stop() as stop, plain.open() as opened:
        assert opened is plain
        assert [list(opened.run(len, [(1,), (1, 2)], stop)) for _ in range(2)] == [[1, 2]] * 2
