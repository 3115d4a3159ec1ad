"""Counts instead of times: the bytecode instructions that Python executes, and the calls it makes.

Both come from the interpreter's own hooks in the thread that counts. The event loop is left out: it
is not the product's, and how often it turns is no fixed number. What C does within one call (a
copied dict, an encoded state) is one instruction, whatever its size.
"""

import gc
import sys
from collections import Counter
from collections.abc import Callable
from types import CodeType, FrameType, TracebackType
from typing import Any, Self

NOT_COUNTED = ("asyncio", "selectors", "_weakrefset")
"""The event loop, and what it keeps its tasks in."""
_HERE = __file__


class Instructions:
    """Bytecode instructions while entered, by function.

    Do once what is to be counted, `reset`, and do it again: the first time fills caches, and
    from Python 3.12 on the interpreter reports a function's instructions only from its second call.
    """

    def __init__(self) -> None:
        self.by_function: Counter[CodeType] = Counter()

    @property
    def total(self) -> int:
        return self.by_function.total()

    def reset(self) -> None:
        self.by_function.clear()

    def part(self, keeps: Callable[[CodeType], bool]) -> "Instructions":
        """Those of some functions."""
        part = Instructions()
        part.by_function.update({c: n for c, n in self.by_function.items() if keeps(c)})
        return part

    def __enter__(self) -> Self:
        self._collects = gc.isenabled()
        gc.disable()  # what it calls back, and when, is no fixed number either
        self._before = sys.gettrace()
        sys._getframe().f_trace_opcodes = True  # Python 3.12 wants to have been asked before
        sys.settrace(self._called)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        sys.settrace(self._before)
        if self._collects:
            gc.enable()

    def most(self, count: int, operations: int) -> list[str]:
        """The functions that took most of it, an operation."""
        return [
            f"{instructions / operations:10.1f}  {code.co_qualname}"
            f"  {'/'.join(code.co_filename.split('/')[-2:])}:{code.co_firstlineno}"
            for code, instructions in self.by_function.most_common(count)
        ]

    def _called(self, frame: FrameType, event: str, argument: Any) -> Any:
        if frame.f_code.co_filename == _HERE or _is_loop(frame):
            return None
        frame.f_trace_lines = False
        frame.f_trace_opcodes = True
        return self._executed

    def _executed(self, frame: FrameType, event: str, argument: Any) -> Any:
        if event == "opcode":
            self.by_function[frame.f_code] += 1
        return self._executed


class Calls:
    """The calls made while entered: of functions in Python, and of methods in C by their type.

    A coroutine counts each time that it goes on.
    """

    def __init__(self) -> None:
        self._functions: Counter[CodeType] = Counter()
        self._methods: Counter[type] = Counter()

    def of(self, function: Callable[..., Any]) -> int:
        return self._functions[function.__code__]

    def of_methods(self, owner: type) -> int:
        """Calls of a C type's methods."""
        return self._methods[owner]

    def __enter__(self) -> Self:
        self._before = sys.getprofile()
        sys.setprofile(self._happened)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        sys.setprofile(self._before)

    def _happened(self, frame: FrameType, event: str, argument: Any) -> None:
        if event == "call":
            self._functions[frame.f_code] += 1
        elif event == "c_call":
            self._methods[type(getattr(argument, "__self__", None))] += 1


def _is_loop(frame: FrameType) -> bool:
    name: str = frame.f_globals.get("__name__", "")
    return name.partition(".")[0] in NOT_COUNTED
