"""The listing of a program: a line an operation, with shapes, dtypes and what is fused."""

from __future__ import annotations

from typing import Any

from steepest.program.program import Literal, Operand, Program


def listing(program: Program) -> str:
    """The program as text: a table of values, the loop that each is computed in, and the peak of the buffer plan."""
    from steepest.program.buffers import planned
    from steepest.program.fusion import loops

    names = value_names(program)
    numbers, repeated = loops(program)
    heads = {made[0]: f"repeat {len(made) // count} times, the first being" for count, made in repeated}
    first = {number for count, made in repeated for number in made[:count]}
    later = {number for count, made in repeated for number in made[count:]}
    titles = {n: f"input {program.names[n]}" if n in program.names else "input" for n in program.inputs}
    rows = [(names[n], str(program.specs[n]), titles[n], "") for n in program.inputs]
    for n, array in program.constants.items():
        text = f"constant {array.reshape(-1)[0]:.6g}" if array.size == 1 else "constant"
        rows.append((names[n], str(program.specs[n]), text, ""))
    for operation in program.operations:
        if operation.out in heads:
            rows.append((heads[operation.out], "", "", ""))
        if operation.out in later:
            continue
        operands = [operand_text(x, names) for x in operation.inputs]
        operands += [f"{key}={static_text(value)}" for key, value in operation.static.items()]
        loop = numbers.get(operation.out)
        name = "  " * (operation.out in first) + names[operation.out]
        text = f"{operation.name}({', '.join(operands)})"
        rows.append((name, str(program.specs[operation.out]), text, "" if loop is None else f"loop {loop}"))
    widths = [max((len(row[k]) for row in rows if row[1]), default=0) for k in range(3)]
    lines = [
        f"{name:{widths[0]}}  {spec:{widths[1]}}  {text:{widths[2]}}  {loop}".rstrip()
        for name, spec, text, loop in rows
    ]
    lines.append("return " + ", ".join(operand_text(x, names) for x in program.outputs))
    peak = planned(program).peak
    count = len(program.operations)
    fused = len(set(numbers.values()))
    lines.append(
        f"# {count} operation{'s' * (count != 1)}, {fused} fused loop{'s' * (fused != 1)}, buffers {peak:,} bytes at most"
    )
    return "\n".join(lines)


def value_names(program: Program) -> dict[int, str]:
    """``x0``, ``x1``, … for inputs, ``c0`` for constants, ``v0`` for what is computed."""
    names = {n: f"x{i}" for i, n in enumerate(program.inputs)}
    names |= {n: f"c{i}" for i, n in enumerate(n for n in program.constants if n not in names)}
    return names | {operation.out: f"v{i}" for i, operation in enumerate(program.operations)}


def operand_text(operand: Operand, names: dict[int, str]) -> str:
    return f"{operand.value!r}" if isinstance(operand, Literal) else names[operand]


def static_text(value: Any) -> str:
    if isinstance(value, tuple):
        inner = ", ".join(static_text(item) for item in value)
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if isinstance(value, slice):
        parts = ["" if part is None else str(part) for part in (value.start, value.stop)]
        return ":".join(parts) + (f":{value.step}" if value.step not in (None, 1) else "")
    return str(value)
