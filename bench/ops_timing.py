"""Interleaved timing for the operator benchmarks."""
import ctypes
import time


def keep_pages():
    """Makes glibc keep freed memory: else whoever allocates after a trim pays for thousands of page faults."""
    mallopt = ctypes.CDLL(None).mallopt
    mallopt(-3, 1 << 30)  # M_MMAP_THRESHOLD
    mallopt(-1, (1 << 31) - 1)  # M_TRIM_THRESHOLD


def interleaved(functions, rounds, clock=time.perf_counter):
    """Best seconds of each function; they take turns, so that a busy moment of the machine hits all alike."""
    best = dict.fromkeys(functions, float('inf'))
    for function in functions.values():
        function()
    for _ in range(rounds):
        for name, function in functions.items():
            start = clock()
            function()
            best[name] = min(best[name], clock() - start)
    return best
