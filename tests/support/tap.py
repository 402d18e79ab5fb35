#!/usr/bin/env python3
"""Run a unittest file and print TAP, so that Meson and ./run can count cases.

    tap.py FILE [NAME...]      NAME is a method, a class or class.method

Each line is printed as its case ends; a failure's story follows as "# ..."
lines. Exit code 0: all passed. 1: some failed. 2: no case of that name.
"""
import importlib.util
import pathlib
import signal
import sys
import unittest


class TapResult(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.count = 0
        self.reported = set()

    def line(self, ok, test, note="", story=""):
        self.count += 1
        self.reported.add(test)
        name = test.id().split(".", 1)[-1].replace("#", "")
        print(f"{'ok' if ok else 'not ok'} {self.count} - {name}{note}")
        for text in story.splitlines():
            print(f"#   {text}")
        sys.stdout.flush()
        if story:  # Meson shows what a failed test wrote there, and no comments.
            print(f"{name}:\n{story}", file=sys.stderr, flush=True)

    def addSuccess(self, test):
        self.line(True, test)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.line(True, test, f" # SKIP {reason}")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.line(False, test, story=self.failures[-1][1])

    def addError(self, test, err):
        super().addError(test, err)
        self.line(False, test, story=self.errors[-1][1])

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self.line(True, test, " (fails, as expected)")

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.line(False, test, story="it passed, but is marked as failing")

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            bucket = self.failures if issubclass(err[0], test.failureException) else self.errors
            self.line(False, subtest, story=bucket[-1][1])


def load(path):
    """The cases of a file, flat and in order."""
    sys.path.insert(0, str(path.parent))
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    cases, todo = [], [unittest.defaultTestLoader.loadTestsFromModule(module)]
    while todo:
        item = todo.pop(0)
        if isinstance(item, unittest.TestSuite):
            todo[0:0] = list(item)
        else:
            cases.append(item)
    return cases


def wanted(case, names):
    cls, _, method = case.id().rpartition(".")
    cls = cls.rpartition(".")[2]
    return not names or {cls, method, f"{cls}.{method}"} & set(names)


def main():
    result = TapResult()

    def stop(*_):
        # unittest records the exit as an error and still runs tearDown and
        # the cleanups, which end what the case started.
        result.stop()
        sys.exit(143)

    signal.signal(signal.SIGTERM, stop)
    cases = [c for c in load(pathlib.Path(sys.argv[1]).resolve()) if wanted(c, sys.argv[2:])]
    print("TAP version 13", flush=True)
    unittest.TestSuite(cases).run(result)
    print(f"1..{result.count}")
    if not cases:
        print("# no such test", file=sys.stderr)
        return 2
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
