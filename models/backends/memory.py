"""Tell from the words of an inference library that memory was what it lacked.

Libraries raise one kind of error for everything. Whether fewer chips at once would do can only be
read in the words.

Source: ONNX Runtime, ``bfc_arena.cc`` ("Failed to allocate memory for requested buffer of size")
and ``cuda_call.cc`` ("CUDA failure 2: out of memory", CUBLAS and CUDNN ``…_ALLOC_FAILED``); the
names of errors of CUDA and OpenCL; C++ ``std::bad_alloc``.
"""

import re

WORDS = re.compile(
    r"failed to allocate memory|out of (device |host )?memory|OUT_OF_MEMORY|ALLOC_FAILED"
    r"|bad[_ ]alloc|CL_MEM_OBJECT_ALLOCATION_FAILURE|CL_OUT_OF_RESOURCES",
    re.IGNORECASE,
)


def memory_lacked(error: BaseException) -> bool:
    """Tell whether an error says that memory did not suffice.

    >>> memory_lacked(RuntimeError("CUDA failure 2: out of memory ; GPU=0"))
    True
    >>> memory_lacked(RuntimeError("Non-zero status code returned while running Conv node"))
    False
    """
    return isinstance(error, MemoryError) or WORDS.search(str(error)) is not None
