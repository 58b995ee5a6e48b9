"""A wire between two network namespaces, in user space, where the kernel has no netem.

    python3 wire.py NAMESPACE NAMESPACE ADDRESS ADDRESS DELAY_MS MEGABITS

Makes `wire0` in both (a TUN device, MTU 9000), with the addresses moved there from the link that they share, and hands
packets over, each after the delay, no faster than the rate. Prints a line when it stands; runs until it is killed.
"""
import collections
import ctypes
import fcntl
import os
import select
import struct
import subprocess
import sys
import time

CLONE_NEWNET, TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x40000000, 0x400454CA, 1, 0x1000
libc = ctypes.CDLL(None, use_errno=True)


def device(namespace: str, address: str) -> int:
    """A TUN device in a namespace; it stays there when we leave."""
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
    if libc.setns(there, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")
    tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH", b"wire0", IFF_TUN | IFF_NO_PI))
    for command in (
        ["ip", "addr", "flush", "dev", "tl0"],
        ["ip", "link", "set", "wire0", "mtu", "9000", "up"],
        ["ip", "addr", "add", f"{address}/24", "dev", "wire0"],
    ):
        subprocess.run(command, check=True)
    libc.setns(home, CLONE_NEWNET)
    os.close(there)
    os.close(home)
    return tun


def main() -> None:
    first, second, here, there = sys.argv[1:5]
    delay, rate = float(sys.argv[5]) / 1e3, float(sys.argv[6]) * 1e6 / 8
    ends = [device(first, here), device(second, there)]
    under_way = [collections.deque(), collections.deque()]
    free_at = [0.0, 0.0]
    print("ready", flush=True)
    while True:
        now = time.monotonic()
        for side in (0, 1):
            queue = under_way[side]
            while queue and queue[0][0] <= now:
                os.write(ends[1 - side], queue.popleft()[1])
        due = [queue[0][0] for queue in under_way if queue]
        wait = None if not due else max(0.0, min(due) - time.monotonic())
        # The last of a wait is spent looking: timers are late by more than a packet takes.
        readable, _, _ = select.select(ends, [], [], None if wait is None else max(0.0, wait - 2e-4))
        for tun in readable:
            side = ends.index(tun)
            try:
                packet = os.read(tun, 65536)
            except BlockingIOError:
                continue
            free_at[side] = max(free_at[side], time.monotonic()) + len(packet) / rate
            under_way[side].append((free_at[side] + delay, packet))


main()
