"""Shards: the gradient of a batch in pieces of rows, each of a fixed size, on one or several threads.

The rows of a batch are cut into groups, and those into shards. The gradients of a group's shards are added up in order, and the
update adds up those of the groups in order: how many threads there are does not matter to any bit.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from steepest.program.native.code import Code, vector
from steepest.program.native.machine import Library, vector_bits

SPINS = 1 << 10  # looks at a number that another thread will change before the processor is offered to others


@dataclass(frozen=True)
class Cut:
    """How data is cut into batches, groups and shards.

    Attributes
    ----------
    rows, batch, shard : int
        Rows of the data, of a batch, of a shard. The last batch of an epoch and the last shard of a batch have what is left.
    groups : int
        Into how many groups the shards of a batch go, in order.
    """

    rows: int
    batch: int
    shard: int
    groups: int

    @property
    def per_epoch(self) -> int:
        return -(-self.rows // self.batch)

    @property
    def last(self) -> int:
        """Rows of the last batch."""
        return self.rows - (self.per_epoch - 1) * self.batch

    @property
    def group(self) -> int:
        """Rows of a group, a multiple of those of a shard."""
        shards = -(-self.batch // self.shard)
        return -(-shards // self.groups) * self.shard

    @property
    def sizes(self) -> list[int]:
        """The rows that a shard may have."""
        found = {min(self.shard, self.batch, self.last), min(self.shard, self.batch)}
        found |= {self.batch % self.shard, self.last % self.shard} - {0}
        return sorted(found)


@dataclass(frozen=True)
class Block:
    """What a group leaves behind: the gradient, the sum of its rows' losses, their weight, doubt, and more; places in bytes.

    Attributes
    ----------
    kind, count : of the gradient
    sizes : of what there is more, in bytes
    """

    kind: str
    count: int
    sizes: tuple[int, ...] = ()

    @property
    def total(self) -> int:
        return -(-self.count * int(self.kind[1:]) // 64) * 64

    @property
    def weight(self) -> int:
        return self.total + 8

    @property
    def doubt(self) -> int:
        return self.total + 16

    @property
    def nbytes(self) -> int:
        return self.more(len(self.sizes))

    def more(self, k: int) -> int:
        """Where the k-th of what there is more is."""
        return self.total + 64 + sum(-(-size // 64) * 64 for size in self.sizes[:k])


# Where things are in the memory that all threads see, in bytes; what different threads write lies in different cache lines.
STATE = {
    name: 8 * i
    for i, name in enumerate(
        ("arena", "blocks", "other", "parts", "table", "places", "steps", "rates", "losses", "lengths", "watch", "first",
         "position", "lowest", "order")
    )
} | {"given": 128, "here": 136, "count": 144, "next": 192, "done": 256, "quit": 320}  # fmt: skip
STATE_BYTES = 384

_ARGUMENTS = "ptr %arena, ptr %given, ptr %made, ptr %places, i64 %count, ptr %table"


def write_shards(
    library: Library, cut: Cut, block: Block, sizes: Mapping[int, bool], spare: int, written: Sequence[tuple[int, int]]
) -> list[str]:
    """The functions that work through a batch: of a shard, of a group, and of a thread.

    Parameters
    ----------
    sizes : mapping of int to bool
        For each number of rows of a shard, whether they are gathered: there are functions ``@slope_k``, and ``@gather_k``.
    spare : int
        Where in a thread's memory there is place for a block.
    written : sequence of tuple of int
        Which parts of the gradient ``@slope_k`` overwrites, where a group has several shards; to all others it adds.
    """
    library.declare("declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)")
    library.declare("declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)")
    functions = [_shard(library, block, sizes), _group(library, cut, block, spare, written)]
    if cut.groups > 1:
        library.declare("declare i32 @sched_yield()")
        functions += [_take(library, cut, block), _work(library, cut), _all(library, cut)]
    return functions


def _shard(library: Library, block: Block, sizes: Mapping[int, bool]) -> str:
    code = Code(library)
    code.do(f"store i64 0, ptr {code.address('%made', block.doubt)}, align 8")
    code.do(f"switch i64 %count, label %none [ {' '.join(f'i64 {k}, label %rows{k}' for k in sizes)} ]")
    for k, gathers in sizes.items():
        code.lines.append(f"rows{k}:")
        if gathers:
            code.do(f"call void @gather_{k}(ptr %arena, ptr %places, ptr %table)")
        code.do(f"call void @slope_{k}(ptr %arena, ptr %given, ptr %made)")
        code.do("ret void")
    code.lines.append("none:")
    code.do("unreachable")
    return f"define internal void @shard({_ARGUMENTS}) #0 {{\n{code.body()}\n}}"


def _group(library: Library, cut: Cut, block: Block, spare: int, written: Sequence[tuple[int, int]]) -> str:
    code = Code(library)
    code.do(f"br i1 {code.op('icmp sgt i64 %count, 0')}, label %some, label %none")
    code.lines.append("none:")
    code.do(f"call void @llvm.memset.p0.i64(ptr %made, i8 0, i64 {block.nbytes}, i1 false)")
    code.do("ret void")
    code.lines.append("some:")
    if cut.group == cut.shard:
        code.do(f"call void @shard({_ARGUMENTS})")
    else:
        other = code.address("%arena", spare)
        size = int(block.kind[1:])

        def add(start: str) -> None:
            left = code.op(f"sub nsw i64 %count, {start}")
            less = code.op(f"icmp slt i64 {left}, {cut.shard}")
            rows = code.op(f"select i1 {less}, i64 {left}, i64 {cut.shard}")
            places = code.address("%places", 0, (start, 8))
            for place, nbytes in [*((first * size, count * size) for first, count in written), (block.total, 64)]:
                to, source = code.address(other, place), code.address("%made", place)
                code.do(f"call void @llvm.memcpy.p0.p0.i64(ptr {to}, ptr {source}, i64 {nbytes}, i1 false)")
            code.do(f"call void @shard(ptr %arena, ptr %given, ptr %made, ptr {places}, i64 {rows}, ptr %table)")
            for first, count in written:
                _add_numbers(code, block.kind, "%made", other, first, count)
            _add_rest(code, block, "%made", other)

        code.do(f"call void @llvm.memset.p0.i64(ptr %made, i8 0, i64 {block.nbytes}, i1 false)")
        code.loop("%count", cut.shard, add)
    code.do("ret void")
    return f"define internal void @group({_ARGUMENTS}) #0 {{\n{code.body()}\n}}"


def _add_numbers(code: Code, kind: str, target: str, source: str, first: int, count: int) -> None:
    """Add some numbers, from the first on, to those at the same place elsewhere."""
    size = int(kind[1:])
    lanes = vector_bits() // 8 // size

    def numbers(i: str, lanes: int, active: int) -> None:
        t = vector(kind, lanes)
        to, start = (code.address(pointer, first * size, (i, size)) for pointer in (target, source))
        a, b = (code.load(pointer, kind, lanes, active) for pointer in (to, start))
        code.store(code.op(f"fadd {t} {a}, {b}"), to, kind, lanes, active)

    whole, rest = divmod(count, lanes)
    if whole:
        code.loop(whole * lanes, lanes, lambda i: numbers(i, lanes, lanes))
    if rest:
        numbers(str(whole * lanes), lanes, rest)


def _add_rest(code: Code, block: Block, target: str, source: str) -> None:
    """Add sum, weight and doubt."""
    for place, add, t in (
        (block.total, "fadd", "double"),
        (block.weight, "fadd", "double"),
        (block.doubt, "or", "i64"),
    ):
        to = code.address(target, place)
        a = code.op(f"load {t}, ptr {to}, align 8")
        b = code.op(f"load {t}, ptr {code.address(source, place)}, align 8")
        code.do(f"store {t} {code.op(f'{add} {t} {a}, {b}')}, ptr {to}, align 8")


def read(code: Code, name: str, t: str = "i64", volatile: bool = False) -> str:
    """A number of the memory that all threads see."""
    how = "load atomic" if volatile else "load"
    return code.op(f"{how} {t}, ptr {code.address('%state', STATE[name])}{' acquire' if volatile else ''}, align 8")


def _take(library: Library, cut: Cut, block: Block) -> str:
    """Do groups of the batch that is there, one after the other, until none is left."""
    code = Code(library)
    following = code.address("%state", STATE["next"])
    code.do("br label %head")
    code.lines.append("head:")
    group = code.op(f"atomicrmw add ptr {following}, i64 1 acq_rel")
    code.do(f"br i1 {code.op(f'icmp slt i64 {group}, {cut.groups}')}, label %some, label %none")
    code.lines.append("none:")
    code.do("ret void")
    code.lines.append("some:")
    given, here, table, parts = (read(code, name, "ptr") for name in ("given", "here", "table", "parts"))
    start = code.op(f"mul nsw i64 {group}, {cut.group}")
    left = code.op(f"sub nsw i64 {read(code, 'count')}, {start}")
    less = code.op(f"icmp slt i64 {left}, {cut.group}")
    count = code.op(f"select i1 {less}, i64 {left}, i64 {cut.group}")
    places, made = code.address(here, 0, (start, 8)), code.address(parts, 0, (group, block.nbytes))
    code.do(f"call void @group(ptr %arena, ptr {given}, ptr {made}, ptr {places}, i64 {count}, ptr {table})")
    code.op(f"atomicrmw add ptr {code.address('%state', STATE['done'])}, i64 1 acq_rel")
    code.do("br label %head")
    return f"define internal void @take(ptr %state, ptr %arena) #0 {{\n{code.body()}\n}}"


def _wait(code: Code, name: str) -> None:
    """Between two looks at what another thread will change."""
    spins = code.op("load i64, ptr %spins")
    more = code.op(f"add i64 {spins}, 1")
    code.do(f"store i64 {more}, ptr %spins")
    if platform.machine().lower() in ("x86_64", "amd64"):
        code.library.declare("declare void @llvm.x86.sse2.pause()")
        code.do("call void @llvm.x86.sse2.pause()")
    often = code.op(f"and i64 {more}, {SPINS - 1}")
    code.do(f"br i1 {code.op(f'icmp eq i64 {often}, 0')}, label %{name}.yield, label %{name}")
    code.lines.append(f"{name}.yield:")
    code.op("call i32 @sched_yield()")
    code.do(f"br label %{name}")


def _work(library: Library, cut: Cut) -> str:
    """A further thread: takes groups wherever there are some, until it is told to end."""
    code = Code(library)
    code.slots.append("  %spins = alloca i64, align 8")
    code.do("store i64 0, ptr %spins")
    code.do("br label %look")
    code.lines.append("look:")
    there = code.op(f"icmp slt i64 {read(code, 'next', volatile=True)}, {cut.groups}")
    code.do(f"br i1 {there}, label %some, label %none")
    code.lines.append("some:")
    code.do("call void @take(ptr %state, ptr %arena)")
    code.do("br label %look")
    code.lines.append("none:")
    over = code.op(f"icmp ne i64 {read(code, 'quit', volatile=True)}, 0")
    code.do(f"br i1 {over}, label %end, label %wait")
    code.lines.append("wait:")
    _wait(code, "look")
    code.lines.append("end:")
    code.do("ret void")
    return f"define void @work(ptr %state, ptr %arena) #0 {{\n{code.body()}\n}}"


def _all(library: Library, cut: Cut) -> str:
    """Offer a batch to all threads, take part, and come back when it is done."""
    code = Code(library)
    code.slots.append("  %spins = alloca i64, align 8")
    code.do("store i64 0, ptr %spins")
    for value, name, t in (("%given", "given", "ptr"), ("%places", "here", "ptr"), ("%count", "count", "i64")):
        code.do(f"store {t} {value}, ptr {code.address('%state', STATE[name])}, align 8")
    code.do(f"store atomic i64 0, ptr {code.address('%state', STATE['done'])} release, align 8")
    code.do(f"store atomic i64 0, ptr {code.address('%state', STATE['next'])} release, align 8")
    code.do("call void @take(ptr %state, ptr %arena)")
    code.do("br label %look")
    code.lines.append("look:")
    ready = code.op(f"icmp sge i64 {read(code, 'done', volatile=True)}, {cut.groups}")
    code.do(f"br i1 {ready}, label %end, label %wait")
    code.lines.append("wait:")
    _wait(code, "look")
    code.lines.append("end:")
    code.do("ret void")
    return f"define internal void @all(ptr %state, ptr %arena, ptr %given, ptr %places, i64 %count) #0 {{\n{code.body()}\n}}"
