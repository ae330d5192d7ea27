"""Counting what holds, for a program that says each thing it looked at."""

import sys


class Told:
    def __init__(self):
        self.passed = self.failed = 0

    def holds(self, sentence, wrong):
        """`wrong`: what is not so, a list; nothing in it, and the sentence holds."""
        wrong = list(wrong)
        if wrong:
            self.failed += 1
            print(f"FAIL {sentence}")
            for line in wrong:
                print(f"     {line}")
        else:
            self.passed += 1
            print(f"ok   {sentence}")

    def end(self, what):
        print(f"{what}: {self.passed} passed, {self.failed} failed")
        sys.exit(1 if self.failed else 0)
