"""A hint to the processor that an element of an array is needed soon."""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic


def _emit(context, builder, sig, args, positions):  # type: ignore[no-untyped-def]
    array_type = sig.args[0]
    values = context.make_array(array_type)(context, builder, args[0])
    pointer = cgutils.get_item_pointer(  # type: ignore[no-untyped-call]
        context, builder, array_type, values, positions, wraparound=False, boundscheck=False
    )
    byte_pointer = ir.IntType(8).as_pointer()
    word = ir.IntType(32)
    llvm = cgutils.get_or_insert_function(  # type: ignore[no-untyped-call]
        builder.module,
        ir.FunctionType(ir.VoidType(), [byte_pointer, word, word, word]),
        "llvm.prefetch.p0",
    )
    # For writing, keep in all caches, data.
    builder.call(llvm, [builder.bitcast(pointer, byte_pointer), word(1), word(3), word(1)])
    return context.get_dummy_value()


def _prefetch(typing_context, array, at):  # type: ignore[no-untyped-def]
    """Begin to load the cache line of `array[at]` (one-dimensional); the caller has checked the bound."""

    def codegen(context, builder, sig, args):  # type: ignore[no-untyped-def]
        return _emit(  # type: ignore[no-untyped-call]
            context, builder, sig, args, [context.cast(builder, args[1], sig.args[1], types.intp)]
        )

    return types.void(array, at), codegen


def _prefetch_column(typing_context, array, at, column):  # type: ignore[no-untyped-def]
    """Begin to load the cache line of `array[at, column, 0]`; the caller has checked the bounds."""

    def codegen(context, builder, sig, args):  # type: ignore[no-untyped-def]
        positions = [context.cast(builder, args[n], sig.args[n], types.intp) for n in (1, 2)]
        last = ir.Constant(positions[0].type, 0)
        return _emit(context, builder, sig, args, [*positions, last])  # type: ignore[no-untyped-call]

    return types.void(array, at, column), codegen


def _prefetch_row(typing_context, array, at):  # type: ignore[no-untyped-def]
    """Begin to load the cache line of `array[at, 0]`; the caller has checked the bound."""

    def codegen(context, builder, sig, args):  # type: ignore[no-untyped-def]
        position = context.cast(builder, args[1], sig.args[1], types.intp)
        first = ir.Constant(position.type, 0)
        return _emit(context, builder, sig, args, [position, first])  # type: ignore[no-untyped-call]

    return types.void(array, at), codegen


prefetch: Any = intrinsic(_prefetch)
prefetch_row: Any = intrinsic(_prefetch_row)
prefetch_column: Any = intrinsic(_prefetch_column)
