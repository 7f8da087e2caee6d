"""A hint to the processor that an element of an array is needed soon."""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic


def _prefetch(typing_context, array, at):  # type: ignore[no-untyped-def]
    """Begin to load the cache line of `array[at]` (one-dimensional); the caller has checked the bound."""
    signature = types.void(array, at)

    def codegen(context, builder, sig, args):  # type: ignore[no-untyped-def]
        array_type, at_type = sig.args
        values = context.make_array(array_type)(context, builder, args[0])
        position = context.cast(builder, args[1], at_type, types.intp)
        pointer = cgutils.get_item_pointer(  # type: ignore[no-untyped-call]
            context, builder, array_type, values, [position], wraparound=False, boundscheck=False
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

    return signature, codegen


prefetch: Any = intrinsic(_prefetch)
