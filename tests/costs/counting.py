"""Counts of bytecode instructions and of calls, instead of times.

Both come from the interpreter's hooks in the current thread. The event loop is left out, because
its number of iterations varies. Work of C code within one call, such as copying a dict, counts as
one instruction.
"""

import gc
import sys
from collections import Counter
from collections.abc import Callable
from types import CodeType, FrameType, TracebackType
from typing import Any, Self

NOT_COUNTED = ("asyncio", "selectors", "_weakrefset")
"""Modules of the event loop and its set of tasks."""
_HERE = __file__


class Instructions:
    """Bytecode instructions while entered, by function.

    Run the operation once, `reset`, and run it again: the first run fills caches, and from Python
    3.12 on the interpreter reports the instructions of a function only from its second call.
    """

    def __init__(self) -> None:
        self.by_function: Counter[CodeType] = Counter()

    @property
    def total(self) -> int:
        return self.by_function.total()

    def reset(self) -> None:
        self.by_function.clear()

    def part(self, keeps: Callable[[CodeType], bool]) -> "Instructions":
        """Instructions of the functions for which `keeps` is true."""
        part = Instructions()
        part.by_function.update({c: n for c, n in self.by_function.items() if keeps(c)})
        return part

    def __enter__(self) -> Self:
        self._collects = gc.isenabled()
        gc.disable()  # its callbacks run at varying times
        self._before = sys.gettrace()
        sys._getframe().f_trace_opcodes = True  # Python 3.12 needs this before settrace
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
        """The functions with the most instructions per operation."""
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
    """Calls while entered: of Python functions, and of C methods by their type.

    A coroutine counts each time that it resumes.
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
        sys.setprofile(self._on_event)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        sys.setprofile(self._before)

    def _on_event(self, frame: FrameType, event: str, argument: Any) -> None:
        if event == "call":
            self._functions[frame.f_code] += 1
        elif event == "c_call":
            self._methods[type(getattr(argument, "__self__", None))] += 1


def _is_loop(frame: FrameType) -> bool:
    name: str = frame.f_globals.get("__name__", "")
    return name.partition(".")[0] in NOT_COUNTED
