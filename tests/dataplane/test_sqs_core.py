"""The queue cores against a naive oracle: random operations, every reply and every count compared after each one."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from helpers.cloud import ServiceError
from helpers.dataplane.sqs.configuration import Configuration, RedrivePolicy
from helpers.dataplane.sqs.fifo import FifoQueue
from helpers.dataplane.sqs.message import Message
from helpers.dataplane.sqs.models import Models
from helpers.dataplane.sqs.standard import StandardQueue

S = 1_000_000
VISIBILITY_S = 30
RETENTION_S = 300


@dataclass
class Record:
    """What the oracle knows of a message: a plain record in a plain list."""

    id: str
    group: str | None
    sent: int
    visible_from: int
    place: int
    in_flight: bool = False
    handle: str | None = None
    received: int = 0
    receives: int = 0
    gone: bool = False
    handles: list[str] = field(default_factory=list)


class Oracle:
    """The rules in their simplest form, each operation a walk over all messages."""

    def __init__(self, fifo: bool, maximum_receives: int | None, back_after: int) -> None:
        self.fifo, self.maximum_receives, self.back_after = fifo, maximum_receives, back_after
        self.records: list[Record] = []
        self.places = count()
        self.dead: list[str] = []

    def settle(self, now: int) -> None:
        for record in self.alive():
            if now - record.sent >= RETENTION_S * S:
                record.gone = True
        due = [r for r in self.alive() if r.in_flight and r.visible_from <= now]
        for record in sorted(due, key=lambda r: r.visible_from):
            self.release(record)

    def release(self, record: Record) -> None:
        record.in_flight = False
        if not self.fifo and self.back_after and record.receives >= self.back_after:
            record.place = next(self.places)

    def alive(self) -> list[Record]:
        return [r for r in self.records if not r.gone]

    def waiting(self, now: int) -> list[Record]:
        return sorted(
            (r for r in self.alive() if not r.in_flight and r.visible_from <= now), key=lambda r: r.place
        )

    def receive(self, most: int, seconds: int, now: int, handles: list[str]) -> list[str]:
        taken: list[Record] = []
        locked = {r.group for r in self.alive() if r.in_flight} if self.fifo else set()
        candidates = [r for r in self.waiting(now) if not self.fifo or r.group not in locked]
        if self.fifo:  # group by group, in the order of each group's first message
            first: dict[str | None, int] = {}
            for record in candidates:
                first.setdefault(record.group, record.place)
            candidates.sort(key=lambda r: (first[r.group], r.place))
        for record in candidates:
            if len(taken) == most:
                break
            if self.maximum_receives is not None and record.receives >= self.maximum_receives:
                record.gone = True
                self.dead.append(record.id)
                continue
            record.receives += 1
            record.received = now
            record.handle = handles[len(taken)]
            record.handles.append(record.handle)
            if seconds:
                record.in_flight, record.visible_from = True, now + seconds * S
            taken.append(record)
        return [r.id for r in taken]

    def holder(self, handle: str) -> Record | None:
        return next((r for r in self.records if handle in r.handles), None)


class Machine(RuleBasedStateMachine):
    """One queue and its oracle under the same operations. `fifo` and the redrive policy are drawn first."""

    fifo = False

    @initialize(maximum=st.sampled_from([None, 1, 2, 4]), back=st.sampled_from([0, 3]))
    def start(self, maximum: int | None, back: int) -> None:
        arn = "arn:aws:sqs:us-east-1:123456789012:q"
        redrive = None if maximum is None else RedrivePolicy(arn + "-dlq", maximum)
        settings_ = Configuration(
            arn, VISIBILITY_S * S, retention_us=RETENTION_S * S, redrive=redrive, fifo=self.fifo
        )
        models = Models(back_of_queue_after=back, fair_queues=False)
        self.queue = FifoQueue(settings_, models) if self.fifo else StandardQueue(settings_, models)
        self.oracle = Oracle(self.fifo, maximum, back)
        self.dead: list[str] = []
        self.deleted: set[str] = set()
        self.queue.dead_letter = self.set_aside
        self.now = 0
        self.names = count(1)
        self.handles: list[str] = []

    def set_aside(self, queue: object, message: Message, now_us: int) -> bool:
        self.dead.append(message.id)
        return True

    @rule(seconds=st.sampled_from([0, 1, 5, 15, 29, 30, 31, 100, 300]))
    def pass_time(self, seconds: int) -> None:
        self.now += seconds * S

    @rule(
        group=st.sampled_from(["a", "b", "c"]), delay=st.sampled_from([0, 0, 0, 10]), many=st.integers(1, 4)
    )
    def send(self, group: str, delay: int, many: int) -> None:
        for _ in range(many):
            name = f"m{next(self.names)}"
            self.queue.settle(self.now)
            delay_us = None if self.fifo else delay * S
            self.queue.add(Message(name, name, group=group, delay_us=delay_us), self.now, 0)
            self.oracle.settle(self.now)
            visible = self.now + (0 if self.fifo else delay * S)
            self.oracle.records.append(Record(name, group, self.now, visible, next(self.oracle.places)))

    @rule(most=st.integers(1, 10), seconds=st.sampled_from([0, 1, 10, VISIBILITY_S, VISIBILITY_S]))
    def receive(self, most: int, seconds: int) -> None:
        new = [f"h{len(self.handles) + i}" for i in range(most)]
        fresh = iter(new)
        taken = self.queue.take(most, seconds * S, self.now, 0, lambda: next(fresh))
        self.oracle.settle(self.now)
        assert [m.id for m in taken] == self.oracle.receive(most, seconds, self.now, new)
        assert [m.handle for m in taken] == new[: len(taken)]
        self.handles += new[: len(taken)]
        assert self.dead == self.oracle.dead

    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        handle = data.draw(st.sampled_from(self.handles)) if self.handles else "none"
        self.oracle.settle(self.now)
        record = self.oracle.holder(handle)
        current = record is not None and record.handle == handle
        if record is None:
            expected = "ReceiptHandleIsInvalid"
        elif self.fifo and not record.gone and not (current and record.in_flight):
            expected = "InvalidParameterValue"
        else:
            expected = None
            if current:
                if not record.gone:
                    self.deleted.add(record.id)
                record.gone = True
        assert self.outcome(lambda: self.queue.delete(handle, self.now)) == expected

    @rule(data=st.data(), seconds=st.sampled_from([0, 1, 20, 60, 43_200]))
    def change(self, data: st.DataObject, seconds: int) -> None:
        handle = data.draw(st.sampled_from(self.handles)) if self.handles else "none"
        self.oracle.settle(self.now)
        record = self.oracle.holder(handle)
        if record is None or record.gone:
            expected = "ReceiptHandleIsInvalid"
        elif not record.in_flight or record.handle != handle:
            expected = "AWS.SimpleQueueService.MessageNotInflight"
        elif self.now + seconds * S - record.received > 43_200 * S:
            expected = "InvalidParameterValue"
        else:
            expected = None
            record.visible_from = self.now + seconds * S
            if not seconds:
                self.oracle.release(record)
        assert self.outcome(lambda: self.queue.change_visibility(handle, seconds, self.now)) == expected

    @staticmethod
    def outcome(operation: object) -> str | None:
        try:
            operation()
        except ServiceError as error:
            return error.code
        return None

    @invariant()
    def counts_agree(self) -> None:
        self.queue.settle(self.now)
        self.oracle.settle(self.now)
        alive = self.oracle.alive()
        flying = sum(r.in_flight for r in alive)
        delayed = sum(not r.in_flight and r.visible_from > self.now for r in alive)
        assert (self.queue.in_flight, self.queue.delayed) == (flying, delayed)
        assert self.queue.visible == len(alive) - flying - delayed
        assert sorted(m.id for m in self.queue.messages.values()) == sorted(r.id for r in alive)

    @invariant()
    def nothing_is_lost(self) -> None:
        there = {m.id for m in self.queue.messages.values()}
        expired = {r.id for r in self.oracle.records if self.now - r.sent >= RETENTION_S * S}
        assert {r.id for r in self.oracle.records} == there | set(self.dead) | self.deleted | expired


class FifoMachine(Machine):
    fifo = True


TestStandard = pytest.mark.slow(Machine.TestCase)
TestStandard.settings = settings(max_examples=150, stateful_step_count=40)
TestFifo = pytest.mark.slow(FifoMachine.TestCase)
TestFifo.settings = settings(max_examples=150, stateful_step_count=40)
