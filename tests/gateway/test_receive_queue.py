"""Back-pressure of a socket: reading pauses while too many messages are queued."""

import asyncio

from gateway.server.receive_queue import MAX_MESSAGES, ReceiveQueue


class Transport:
    def __init__(self) -> None:
        self.is_reading = True

    def pause_reading(self) -> None:
        self.is_reading = False

    def resume_reading(self) -> None:
        self.is_reading = True

    def is_closing(self) -> bool:
        return False


async def test_reading_resumes_once_half_of_the_messages_are_handled() -> None:
    transport = Transport()
    begun: asyncio.Queue[str | bytes] = asyncio.Queue()
    may_end = asyncio.Semaphore(0)

    async def handle(message: str | bytes) -> None:
        begun.put_nowait(message)
        await may_end.acquire()

    queue = ReceiveQueue(transport, handle, lambda: None)
    for number in range(MAX_MESSAGES):
        queue.put(str(number), 1)
    assert queue.is_paused
    was_reading = []
    for _ in range(MAX_MESSAGES):
        await asyncio.wait_for(begun.get(), 5)
        was_reading.append(transport.is_reading)
        assert queue.is_paused != transport.is_reading
        may_end.release()
    half = MAX_MESSAGES // 2
    assert was_reading == [False] * half + [True] * half
