#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Who reaches whom in a mesh of virtual networks: every endpoint tries every address, by ping and by TCP.

  mesh_check.py FILE [--route NET:NET:HOST] [--cut HOST] [--within SECONDS]

FILE has a line for each endpoint: its name, its host, its address, its network, and the path of its network namespace. Each
answers TCP connections with its name, so that a namesake in another network does not pass for the right one. Prints a
table of who answered, and ends with 1 if that is not who should have. --route: a router at HOST joins two networks.
--cut: that host has lost its underlay. What should answer has SECONDS (default 10) to do so, for a host that has just come back.
"""
import argparse
import ctypes
import os
import selectors
import socket
import struct
import sys
import threading
import time

CLONE_NEWNET = 0x40000000
PORT = 7
PATIENCE = 1.0      # seconds: what does not answer in that time does not answer
_libc = ctypes.CDLL(None, use_errno=True)


class Endpoint:
    def __init__(self, line):
        self.name, self.host, self.address, self.network, self.netns = line.split()

    def enter(self):
        """Sockets are made in this namespace from now on, by this thread."""
        fd = os.open(self.netns, os.O_RDONLY)
        try:
            if _libc.setns(fd, CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), f'setns {self.netns}')
        finally:
            os.close(fd)


def serve(endpoints):
    """Answers connections to each endpoint with its name, in a thread of its own."""
    sel = selectors.DefaultSelector()
    for e in endpoints:
        e.enter()
        sel.register(socket.create_server((e.address, PORT), backlog=64), selectors.EVENT_READ, e.name.encode())

    def loop():
        while True:
            for key, _ in sel.select():
                conn, _ = key.fileobj.accept()
                with conn:
                    conn.send(key.data)
    threading.Thread(target=loop, daemon=True).start()


def checksum(data):
    s = sum(struct.unpack(f'!{len(data) // 2}H', data))
    s = (s >> 16) + (s & 0xffff)
    return ~(s + (s >> 16)) & 0xffff


def echo_request(ident, seq):
    head = struct.pack('!BBHHH', 8, 0, 0, ident, seq)
    return struct.pack('!BBHHH', 8, 0, checksum(head), ident, seq)


def answers_to(pairs):
    """{(endpoint, address): the name that answered TCP}, and the set of the pairs whose ping was answered."""
    sel, tcp, pings, raw = selectors.DefaultSelector(), {}, set(), {}
    ident = os.getpid() & 0xffff
    addresses = sorted({a for _, a in pairs})
    for e, address in pairs:
        e.enter()
        if e not in raw:
            raw[e] = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
            raw[e].setblocking(False)
            sel.register(raw[e], selectors.EVENT_READ, (e, None))
        try:
            raw[e].sendto(echo_request(ident, addresses.index(address)), (address, 0))
        except OSError:
            pass        # no way there: no answer
        s = socket.socket()
        s.setblocking(False)
        s.connect_ex((address, PORT))
        sel.register(s, selectors.EVENT_READ, (e, address))
    end = time.monotonic() + PATIENCE
    while len(pings) + len(tcp) < 2 * len(pairs) and (left := end - time.monotonic()) > 0:
        for key, _ in sel.select(left):
            e, address = key.data
            try:
                data = key.fileobj.recv(2048)
            except OSError:
                data = b''
            if address is None and len(data) >= 28:
                kind, _, _, got, seq = struct.unpack('!BBHHH', data[20:28])
                if kind == 0 and got == ident and seq < len(addresses):
                    pings.add((e, addresses[seq]))
            elif address is not None:
                if data:
                    tcp[key.data] = data.decode()
                sel.unregister(key.fileobj)
                key.fileobj.close()
    for key in list(sel.get_map().values()):
        key.fileobj.close()
    sel.close()
    return tcp, pings


def expected(e, address, endpoints, routes, cut):
    """The name that has to answer; None: nobody."""
    def together(*hosts):
        return cut not in hosts or len(set(hosts)) == 1
    for other in endpoints:
        if other.address != address:
            continue
        if other.network == e.network:
            return other.name if together(e.host, other.host) else None
        for nets, host in routes:
            if {e.network, other.network} == nets:
                return other.name if together(e.host, host, other.host) else None
    return None


def print_table(endpoints, addresses, tcp, pings, wanted):
    print(f'{"":7s}' + ''.join(f'{a:>10s}' for a in addresses))
    for e in endpoints:
        cells = []
        for a in addresses:
            who = tcp.get((e, a))
            cell = who or '-'
            if a == e.address:
                cell = '.'
            elif who != wanted[e, a] or ((e, a) in pings) != (wanted[e, a] is not None):
                cell = f'!{cell}{"/ping" if (e, a) in pings else "/no ping"}'
            cells.append(f'{cell:>10s}')
        print(f'{e.name:7s}' + ''.join(cells))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('file')
    parser.add_argument('--route', action='append', default=[])
    parser.add_argument('--cut')
    parser.add_argument('--within', type=float, default=10)
    args = parser.parse_args()
    with open(args.file, encoding='utf-8') as f:
        endpoints = [Endpoint(line) for line in f if line.strip()]
    routes = [({a, b}, host) for a, b, host in (r.split(':') for r in args.route)]
    addresses = sorted({e.address for e in endpoints}, key=socket.inet_aton)
    pairs = [(e, a) for e in endpoints for a in addresses if a != e.address]
    wanted = {(e, a): expected(e, a, endpoints, routes, args.cut) for e, a in pairs}
    serve(endpoints)
    end = time.monotonic() + args.within
    while True:
        tcp, pings = answers_to(pairs)
        wrong = [p for p in pairs if tcp.get(p) != wanted[p] or (p in pings) != (wanted[p] is not None)]
        # Somebody who answers and should not is wrong at once.
        too_much = [p for p in wrong if tcp.get(p) not in (None, wanted[p]) or (p in pings and wanted[p] is None)]
        if not wrong or too_much or time.monotonic() > end:
            break
    print_table(endpoints, addresses, tcp, pings, wanted)
    n_yes = sum(1 for name in wanted.values() if name)
    if not wrong:
        print(f'all {n_yes} that should be answered are, by the right one; none of the other {len(pairs) - n_yes} is')
        return 0
    for e, a in wrong:
        print(f'FAILED: {e.name} -> {a}: TCP answered by {tcp.get((e, a), "nobody")}, ping '
              f'{"answered" if (e, a) in pings else "not answered"}; expected {wanted[e, a] or "nobody"}')
    return 1


if __name__ == '__main__':
    sys.exit(main())
