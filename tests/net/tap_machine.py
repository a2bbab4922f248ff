#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Plays the virtual machine behind a tap: what virtio does between the tap and the machine's network stack.

    tap_machine.py TAP NAMESPACE QUEUES

Opens TAP with so many queues (TUNSETIFF with IFF_MULTI_QUEUE, as QEMU does), makes eth0 in the namespace, whose stack is the
machine's, and carries frames from each queue of the one to the same queue of the other, with their virtio_net_hdr: checksums
and segmentation are left to do, as a machine with TSO leaves them. Prints one line once it works, and frames by queue
when it gets SIGTERM.
"""
import ctypes
import fcntl
import os
import select
import signal
import struct
import sys

TUNSETIFF, TUNSETOFFLOAD, TUNGETIFF = 0x400454ca, 0x400454d0, 0x800454d2
IFF_TAP, IFF_MULTI_QUEUE, IFF_NO_PI, IFF_VNET_HDR = 2, 0x100, 0x1000, 0x4000
TUN_F_CSUM, TUN_F_TSO4, TUN_F_TSO6 = 1, 2, 4
CLONE_NEWNET = 0x40000000
FRAME_MAX = 70000


def open_queues(name, n):
    queues = []
    for _ in range(n):
        fd = os.open('/dev/net/tun', os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(fd, TUNSETIFF, struct.pack('16sH22x', name.encode(),
                                              IFF_TAP | IFF_NO_PI | IFF_MULTI_QUEUE | IFF_VNET_HDR))
        fcntl.ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6)
        queues.append(fd)
    return queues


def carry(outer, inner):
    peer = dict(zip(outer + inner, inner + outer))
    frames = dict.fromkeys(peer, 0)
    poll = select.poll()
    for fd in peer:
        poll.register(fd, select.POLLIN)
    is_ended = []
    signal.signal(signal.SIGTERM, lambda *_: is_ended.append(True))
    print('up', flush=True)
    while not is_ended:
        for fd, _ in poll.poll(100):
            try:
                frame = os.read(fd, FRAME_MAX)
                frames[fd] += 1
                os.write(peer[fd], frame)
            except (BlockingIOError, OSError):  # a link that is down for now: the frame is lost, as on a wire
                pass
    print('to the machine:', *(frames[fd] for fd in outer))
    print('from the machine:', *(frames[fd] for fd in inner), flush=True)


def main(tap, namespace, n):
    outer = open_queues(tap, n)
    with open(f'/run/netns/{namespace}', 'rb') as ns:
        if ctypes.CDLL(None, use_errno=True).setns(ns.fileno(), CLONE_NEWNET):
            sys.exit(f'setns: {os.strerror(ctypes.get_errno())}')
    carry(outer, open_queues('eth0', n))


if __name__ == '__main__':
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
