"""Rerolling: iterations of a plan that do the same become one, which a loop repeats.

The loop does the steps of the plan, in its order; only where their operands lie depends on the iteration. So all that has to hold
is that each operand moves on by the same number of bytes from each iteration to the next. What iterations make is laid out for
that: like values of successive iterations one behind the other (a `Family`), or all in one place where none is read any more
when the next one is written.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from steepest.program.buffers import aligned
from steepest.program.optimise import static_key
from steepest.program.program import Literal, Operand, Operation
from steepest.program.steps import Loop, Repeat, Step, View

if TYPE_CHECKING:
    from steepest.program.fusion import Plan

FEWEST = 3  # iterations that become a loop
_TOGETHER = 4  # recorded iterations that one iteration of the loop may do, where like ones alternate


@dataclass(eq=False)
class Family:
    """Values of equal size in memory `distance` bytes apart; 0 where they take each other's place.

    Attributes
    ----------
    members : dict of int to int
        By the place in the family, the number of the value.
    """

    members: dict[int, int]
    nbytes: int
    distance: int = 0

    @property
    def first(self) -> int:
        return min(self.members)

    @property
    def total(self) -> int:
        """The bytes of all."""
        return self.nbytes + (max(self.members) - self.first) * self.distance


@dataclass
class _Operand:
    """How an operand moves: from family member to family member, or within one value."""

    family: Family | None
    step: int
    moved: int

    @property
    def advance(self) -> int:
        return self.moved + (0 if self.family is None else self.step * self.family.distance)


@dataclass
class _Stretch:
    """Iterations that become a loop: steps `start` to `start + count * length` of the plan."""

    start: int
    length: int
    count: int
    operands: list[_Operand]

    @property
    def stop(self) -> int:
        return self.start + self.count * self.length


Place = tuple[int, int]  # the number of a value and an offset in it


def rerolled(plan: Plan, runs: Sequence[Sequence[int]]) -> list[bool]:
    """Put loops in the place of like iterations, in `plan.steps`, `plan.storage` and `plan.families`.

    Parameters
    ----------
    plan : Plan
        With its steps in a straight line, and its storage.
    runs : sequence of sequences of int
        Stretches that may be repetitions: the step at which each iteration begins, and the end of the last one.

    Returns
    -------
    list of bool
        Which runs gave a loop.
    """
    rows = _Rows(plan)
    stretches = [_best(rows, cuts) for cuts in runs]
    found = [stretch for some in stretches for stretch in some]
    if found:
        for family in rows.families:
            family.distance = 0 if _in_turn(plan, family) else aligned(family.nbytes)
        _put(plan, found, rows.families)
    return [bool(some) for some in stretches]


class _Rows:
    """What is known while iterations are compared: the forms of steps, and the families so far."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.families: list[Family] = []
        self.where: dict[int, tuple[Family, int]] = {}
        self._joined: list[int] = []
        self._forms: dict[int, tuple[Any, list[Place]]] = {}

    def form(self, i: int) -> tuple[Any, list[Place]]:
        """What step `i` does, and where its operands lie."""
        if i not in self._forms:
            places: list[Place] = []

            def note(view: View) -> View:
                places.append((view.base, view.offset))
                return view

            self._forms[i] = (walked(self.plan, self.plan.steps[i], note)[0], places)
        return self._forms[i]

    # ---- families
    def line_up(self, bases: Sequence[int], middle: int) -> tuple[Family, int] | int:
        """The family of these values and the step from one to the next, or the place of one that does not belong to it.

        Values that have no family yet join.
        """
        pairs = ((k, k + 1) for k in (middle, *range(len(bases) - 1)))
        known = next(((k, j) for k, j in pairs if bases[k] in self.where and bases[j] in self.where), None)
        anchor = known[0] if known else next((k for k, base in enumerate(bases) if base in self.where), None)
        if anchor is None:
            family, at, step = Family({}, self.plan.storage[bases[middle]][0]), middle, 1
            anchor = middle
        else:
            family, at = self.where[bases[anchor]]
            step = self.where[bases[known[1]]][1] - at if known else 1
        model = bases[anchor]
        for k in _outwards(middle, len(bases)):
            place = at + (k - anchor) * step
            if family.members.get(place) == bases[k]:
                continue
            if step == 0 or bases[k] in self.where or place in family.members or not self._alike(bases[k], model):
                return k
            if not family.members:
                self.families.append(family)
            family.members[place] = bases[k]
            self.where[bases[k]] = (family, place)
            self._joined.append(bases[k])
        return family, step

    def _alike(self, a: int, b: int) -> bool:
        """Whether two values may lie in one family: of one size, and both there before the program runs or neither."""
        x, y = self.plan.storage[a], self.plan.storage[b]
        return x[0] == y[0] and (x[1] < 0) == (y[1] < 0)

    def mark(self) -> tuple[int, int]:
        return len(self.families), len(self._joined)

    def back_to(self, mark: tuple[int, int]) -> None:
        """Forget the families, and who joined one, since a mark."""
        for base in self._joined[mark[1] :]:
            family, place = self.where.pop(base)
            del family.members[place]
        del self.families[mark[0] :], self._joined[mark[1] :]


def _outwards(middle: int, count: int) -> list[int]:
    """From the middle to both ends: what does not belong to a stretch is at its ends."""
    return sorted(range(count), key=lambda k: abs(k - middle))


def _best(rows: _Rows, cuts: Sequence[int]) -> list[_Stretch]:
    """The stretches of a run, with as many recorded iterations in one of the loop as are needed."""
    for together in range(1, _TOGETHER + 1):
        mark = rows.mark()
        found = _stretches(rows, cuts[::together])
        if 2 * sum(stretch.stop - stretch.start for stretch in found) > cuts[-1] - cuts[0]:
            return found
        rows.back_to(mark)
    return []


def _stretches(rows: _Rows, cuts: Sequence[int]) -> list[_Stretch]:
    found: list[_Stretch] = []
    known: dict[Any, int] = {}
    kinds, places = [], []
    for start, stop in itertools.pairwise(cuts):
        forms = [rows.form(i) for i in range(start, stop)]
        kinds.append(known.setdefault(tuple(form[0] for form in forms), len(known)))
        places.append([place for form in forms for place in form[1]])
    begin = 0
    while begin + FEWEST <= len(kinds):
        end = begin + 1
        while end < len(kinds) and kinds[end] == kinds[begin]:
            end += 1
        stop = end
        while stop - begin >= FEWEST and cuts[begin + 1] > cuts[begin]:
            made = _operands(rows, places[begin:stop], range(cuts[begin], cuts[begin + 1]))
            if not isinstance(made, int):
                found.append(_Stretch(cuts[begin], cuts[begin + 1] - cuts[begin], stop - begin, made))
                break
            if made < (stop - begin) // 2:
                begin += made + 1
            else:
                stop = begin + made
        else:
            stop = max(stop, begin + 1)
        begin = stop
    return found


def _operands(rows: _Rows, places: Sequence[Sequence[Place]], first: range) -> list[_Operand] | int:
    """How each operand moves over the iterations, or an iteration that is different."""
    mark = rows.mark()
    storage, count, middle = rows.plan.storage, len(places), len(places) // 2
    # What an iteration makes comes first: the order in which it is made is that of its family.
    order = sorted(range(len(places[0])), key=lambda j: storage[places[0][j][0]][1] not in first)
    found: dict[int, _Operand] = {}
    for j in order:
        bases = [row[j][0] for row in places]
        offsets = [row[j][1] for row in places]
        moved = offsets[middle] - offsets[middle - 1]
        same = bases[middle] == bases[middle - 1]
        wrong: int | None = None
        for k in _outwards(middle, count):
            if offsets[k] != offsets[middle] + (k - middle) * moved or (same and bases[k] != bases[middle]):
                wrong = k
                break
        if wrong is None and not same:
            lined_up = rows.line_up(bases, middle)
            if isinstance(lined_up, int):
                wrong = lined_up
            else:
                found[j] = _Operand(*lined_up, moved)
        elif wrong is None:
            found[j] = _Operand(None, 0, moved)
        if wrong is not None:
            rows.back_to(mark)
            return wrong
    return [found[j] for j in range(len(found))]


def walked(plan: Plan, step: Step, visit: Callable[[View], View]) -> tuple[Any, Step]:
    """What a step does, apart from where its operands lie in memory; and the step with its views as `visit` gives them."""
    if not isinstance(step, Loop):
        return _walked(step, visit)
    registers = {operation.out: k for k, operation in enumerate(step.operations)}
    seen: dict[int, tuple[int, Operand]] = {}

    def operand(x: Operand) -> tuple[Any, Operand]:
        if isinstance(x, Literal):
            return (type(x.value), np.asarray(x.value).tobytes()), x
        view = plan.views[x]
        if view.base in registers:
            return (registers[view.base], _form(view)), x
        if x not in seen:
            moved = visit(view)
            seen[x] = len(seen), x if moved is view else plan.named(moved)
        spec = plan.program.specs.get(view.base)
        return (_form(view), spec is not None and spec.weak, seen[x][0]), seen[x][1]

    key: list[Any] = [step.shape]
    loop = Loop(step.shape)
    for operation in step.operations:
        read = [operand(x) for x in operation.inputs]
        out = plan.views[operation.out]
        key.append((id(operation.primitive), static_key(operation.static), tuple(form for form, _ in read), _form(out)))
        loop.operations.append(
            Operation(operation.primitive, tuple(x for _, x in read), operation.static, operation.out)
        )
        if operation.out in step.stores:
            form, view = _walked(step.stores[operation.out], visit)
            key.append(form)
            loop.stores[operation.out] = view
    for reduction in step.reductions:
        primitive, static = reduction.operation.primitive, reduction.operation.static
        (form, x), (place, view) = operand(reduction.operation.inputs[0]), _walked(reduction.view, visit)
        key.append((id(primitive), static_key(static), form, place, reduction.reduced, reduction.count))
        operation = Operation(primitive, (x,), static, reduction.operation.out)
        loop.reductions.append(dataclasses.replace(reduction, operation=operation, view=view))
    for x, target in step.copies:
        (form, x), (place, view) = operand(x), _walked(target, visit)
        key.append((form, place))
        loop.copies.append((x, view))
    return tuple(key), loop


def _walked(node: Any, visit: Callable[[View], View]) -> tuple[Any, Any]:
    if isinstance(node, View):
        return _form(node), visit(node)
    if isinstance(node, tuple):
        pairs = [_walked(item, visit) for item in node]
        return tuple(key for key, _ in pairs), tuple(item for _, item in pairs)
    if dataclasses.is_dataclass(node) and not isinstance(node, type):
        parts = {f.name: _walked(getattr(node, f.name), visit) for f in dataclasses.fields(node)}
        key = (type(node).__name__, *(key for key, _ in parts.values()))
        return key, type(node)(**{name: item for name, (_, item) in parts.items()})
    return node, node


def _form(view: View) -> tuple[Any, ...]:
    return view.shape, view.strides, view.dtype.str


def _in_turn(plan: Plan, family: Family) -> bool:
    """Whether the members may lie in one place: each is read for the last time before the next one is written.

    A loop may also read the one and write the other, where it writes each element after it has read it.
    """
    members = [family.members[place] for place in sorted(family.members)]
    spans = [plan.storage[base][1:] for base in members]
    if spans[0][0] < 0:
        return False
    if spans[0][0] > spans[-1][0]:
        members, spans = members[::-1], spans[::-1]
    for a, b, (_, read), (made, _) in zip(members, members[1:], spans, spans[1:]):
        if read > made or (read == made and not _in_place(plan, plan.steps[made], a, b)):
            return False
    return True


def _in_place(plan: Plan, step: Step, before: int, after: int) -> bool:
    """Whether a loop reads `before` only where it then writes `after`."""
    if not isinstance(step, Loop) or after not in step.stores:
        return False
    operands = [x for operation in step.operations for x in operation.inputs]
    store = next(k for k, operation in enumerate(step.operations) if operation.out == after)
    early = {x for operation in step.operations[: store + 1] for x in operation.inputs}
    operands += [reduction.operation.inputs[0] for reduction in step.reductions]
    operands += [x for x, _ in step.copies]
    reading = {x for x in operands if not isinstance(x, Literal) and plan.views[x].base == before}
    # What has been read for an operation up to the one that makes `after` is in a register from then on.
    if len(reading) != 1 or not reading <= early:
        return False
    (number,) = reading
    assert not isinstance(number, Literal)
    view, place = plan.views[number], step.stores[after]
    return (view.offset, _form(view)) == (place.offset, _form(place))


def _put(plan: Plan, stretches: Sequence[_Stretch], families: Sequence[Family]) -> None:
    """Make the loops, and count steps as they then stand."""
    steps: list[Step] = []
    at: list[int] = []  # where each step of the plan now stands
    around: list[tuple[int, int]] = []  # and the first and last step of the loop that it is in
    position = 0
    begins = {stretch.start: stretch for stretch in stretches}
    i = 0
    while i < len(plan.steps):
        stretch = begins.get(i)
        if stretch is None:
            steps.append(plan.steps[i])
            at.append(position)
            around.append((position, position))
            position, i = position + 1, i + 1
            continue
        last = position + stretch.length - 1
        for _ in range(stretch.count):
            at.extend(range(position, last + 1))
        around.extend([(position, last)] * (stretch.count * stretch.length))
        advances = {operand.advance for operand in stretch.operands} - {0}
        steps.append(Repeat(stretch.count, _moving(plan, stretch), tuple(sorted(advances))))
        position, i = last + 1, stretch.stop
    at.append(position)
    around.append((position, position))
    _count_anew(plan, stretches, families, at, around)
    plan.steps, plan.positions = steps, position


def _moving(plan: Plan, stretch: _Stretch) -> list[Step]:
    """The steps of an iteration, with views that move."""
    operands = iter(stretch.operands)

    def moved(view: View) -> View:
        advance = next(operands).advance
        return dataclasses.replace(view, advance=advance) if advance else view

    return [walked(plan, plan.steps[stretch.start + i], moved)[1] for i in range(stretch.length)]


def _count_anew(
    plan: Plan, stretches: Sequence[_Stretch], families: Sequence[Family], at: list[int], around: list[tuple[int, int]]
) -> None:
    """When values are made and read last, in steps as they now stand; what outlasts an iteration does for the whole loop."""
    iteration: dict[int, int] = {}
    for stretch in stretches:
        for k in range(stretch.count * stretch.length):
            iteration[stretch.start + k] = stretch.start + k - k % stretch.length
    members = {base for family in families for base in family.members.values()}
    storage = {}
    for base, (nbytes, made, read) in plan.storage.items():
        if base not in members:
            storage[base] = (
                nbytes,
                made if made < 0 else around[made][0],
                around[max(made, read)][1] if read >= 0 else read,
            )
    for family in families:
        spans = [plan.storage[base][1:] for base in family.members.values()]
        local = all(made in iteration and iteration[made] == iteration.get(max(made, read)) for made, read in spans)
        begins = [-1 if made < 0 else at[made] if local else around[made][0] for made, _ in spans]
        ends = [at[max(made, read)] if local else around[max(made, read)][1] for made, read in spans]
        span = (min(begins), max(ends))
        for base in family.members.values():
            storage[base] = (plan.storage[base][0], *span)
    plan.storage, plan.families = storage, list(families)
