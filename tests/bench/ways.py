# SPDX-License-Identifier: Apache-2.0
"""Topologies that are measured in turn, round after round: what bench-overlay and bench-forward have in common.

A way has network namespaces of its own, among them the endpoints e1 and e2, each with an eth0. A ratio is of two figures of one round,
since the machine is shared and its speed changes.
"""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

from figures import spread

HERE = os.path.dirname(os.path.abspath(__file__))
PREFIX = f'skb{os.getpid()}'
OMITTED = 0.3   # seconds of TCP, at the start, that do not count
# What it is counted in, of how many, digits; cycles and instructions are costs, so less is better.
UNITS = {
    'packets': ('kpps', 1e3, 0),
    'cycles': ('a packet, in the kernel', 1, 0),
    'instructions': ('a packet, in the kernel', 1, 0),
    'tcp': ('Gbit/s', 1e9, 1),
    'tcp_instructions': ('a kilobyte, in the kernel', 1, 0),
}


def run(*cmd, timeout=60, check=True):
    done = subprocess.run([str(c) for c in cmd], timeout=timeout, text=True, capture_output=True, check=False,
                          stdin=subprocess.DEVNULL)
    if check and done.returncode:
        raise RuntimeError(f'{" ".join(map(str, cmd))}: exit status {done.returncode}\n{done.stdout}{done.stderr}')
    return done.stdout


class Topology:
    """Namespaces, and what is measured between two of them."""

    def __init__(self, name, build):
        self.name = name
        self.build = build
        self.made = []
        self.nodes = []

    def ns(self, what):
        return f'{PREFIX}-{self.name}-{what}'

    def ip(self, ns, *args):
        run('ip', '-n', self.ns(ns), *args)

    def add_namespace(self, what):
        run('ip', 'netns', 'add', self.ns(what))
        self.made.append(what)
        run('ip', 'netns', 'exec', self.ns(what), 'sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=1',
            'net.ipv6.conf.default.disable_ipv6=1')
        self.ip(what, 'link', 'set', 'lo', 'up')

    def address_endpoints(self, *options):
        for i in (1, 2):
            self.ip(f'e{i}', 'link', 'set', 'eth0', *options, 'address', f'02:00:00:00:00:0{i}')
            self.ip(f'e{i}', 'addr', 'add', f'10.0.0.{i}/24', 'dev', 'eth0')

    def veth(self, a, a_dev, b, b_dev):
        """With GRO on, which gives both ends NAPI, as a NIC has."""
        self.ip(a, 'link', 'add', a_dev, 'type', 'veth', 'peer', 'name', b_dev, 'netns', self.ns(b))
        for ns, dev in ((a, a_dev), (b, b_dev)):
            self.ip(ns, 'link', 'set', dev, 'up')
            run('ip', 'netns', 'exec', self.ns(ns), 'ethtool', '-K', dev, 'gro', 'on')

    def check(self):
        out = run('ip', 'netns', 'exec', self.ns('e1'), 'ping', '-n', '-q', '-c', '3', '-i', '0.02', '-W', '2', '10.0.0.2',
                  check=False)
        if ' 0% packet loss' not in out:
            raise RuntimeError(f'{self.name}: the endpoints do not reach each other\n{out}')

    def load(self):
        """Options of bench-load that are this way's own."""
        return []

    def fifo(self, args):
        """The option, where it is wanted and no other process has to run for packets to be forwarded."""
        return ['--fifo'] if args.fifo else []

    def packets(self, args):
        """Packets per second, and what each took of the kernel's cycles and instructions."""
        out = run(f'{self.build}/tests/bench/bench-load', '--from', f'{self.ns("e1")}:eth0', '--to', f'{self.ns("e2")}:eth0',
                  '--seconds', args.seconds, '--cpu', args.cpu, *self.load(), *self.fifo(args))
        received, seconds, sent, cycles, instructions = (float(x) for x in out.split())
        if received < 0.5 * sent:
            print(f'{self.name}: only {received:.0f} of {sent:.0f} packets arrived', file=sys.stderr)
        return {'packets': received / seconds, 'cycles': cycles / sent, 'instructions': instructions / sent}

    def tcp(self, args):
        """Bits per second, and, if there is a perf, what a kilobyte took of the kernel's instructions at both ends."""
        tmp = tempfile.mkdtemp()

        def perf(end):
            return ['perf', 'stat', '-x,', '-e', 'instructions:k', '-o', f'{tmp}/{end}'] if shutil.which('perf') else []
        favoured = ['nice', '-n', '-20'] if args.fifo else []    # real time would starve ksoftirqd
        server = subprocess.Popen(['ip', 'netns', 'exec', self.ns('e2'), *favoured, *perf('server'), 'iperf3', '-s', '-1', '-A', str(args.server_cpu)],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            self.wait_listening()
            out = run('ip', 'netns', 'exec', self.ns('e1'), *favoured, *perf('client'), 'iperf3', '-c', '10.0.0.2',
                      '-t', args.tcp_seconds, '-O', str(OMITTED), '-J', '-A', args.cpu, timeout=60)
            server.wait(10)
        finally:
            server.kill()
            server.wait()
        figures = {'tcp': json.loads(out)['end']['sum_received']['bits_per_second']}
        sent = json.loads(out)['end']['sum_sent']['bytes'] * (1 + OMITTED / args.tcp_seconds)
        counts = []
        for end in os.listdir(tmp):
            with open(f'{tmp}/{end}', encoding='utf-8') as f:
                counts += [float(n) for n in re.findall(r'^(\d+),', f.read(), re.M)]
        if len(counts) == 2:
            figures['tcp_instructions'] = sum(counts) / sent * 1000
        shutil.rmtree(tmp)
        return figures

    def wait_listening(self):
        end = time.monotonic() + 10
        while ':5201' not in run('ip', 'netns', 'exec', self.ns('e2'), 'ss', '-Hltn', 'sport = :5201'):
            if time.monotonic() > end:
                raise RuntimeError('iperf3 does not listen')
            time.sleep(0.02)

    def start_node(self, what, *args):
        """bench-node, in a namespace."""
        node = subprocess.Popen(['ip', 'netns', 'exec', self.ns(what), f'{self.build}/tests/bench/bench-node', *args], stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, text=True)
        self.nodes.append(node)
        if not node.stdout.readline().startswith('ready'):
            raise RuntimeError(f'{self.name}: bench-node did not start')

    def close(self):
        for node in self.nodes:
            node.stdin.close()
            try:
                node.wait(20)
            except subprocess.TimeoutExpired:
                node.kill()
        for what in self.made:
            run('ip', 'netns', 'del', self.ns(what), check=False)


def report(what, figures, ways, pairs):
    unit, scale, digits = UNITS[what]
    print(f'\n{what}, {unit}: median [quartiles]')
    for name, values in figures.items():
        mid, low, high = (v / scale for v in spread(values))
        print(f'  {name:14} {mid:8.{digits}f} [{low:.{digits}f} to {high:.{digits}f}]   {ways[name]}')
    print(f'{what}: ratios within a round')
    ratios = {}
    for a, b in pairs:
        if a in figures and b in figures and all(figures[b]):
            values = [x / y for x, y in zip(figures[a], figures[b])]
            mid, low, high = spread(values)
            print(f'  {a + " / " + b:30} {mid:5.2f} [{low:.2f} to {high:.2f}]')
            ratios[f'{a}/{b}'] = {'median': mid, 'quartiles': [low, high], 'rounds': values}
    return {'unit': unit, 'figures': figures, 'ratios': ratios}



def options(doc, ways, script):
    """The parser of what both benchmarks take."""
    p = argparse.ArgumentParser(prog=script, description=doc.splitlines()[0])
    p.add_argument('--ways', default=','.join(ways), help='of ' + ', '.join(ways))
    p.add_argument('--what', default='packets,tcp')
    p.add_argument('--rounds', type=int, default=7)
    p.add_argument('--seconds', type=float, default=0.5, help='of each measurement of packets')
    p.add_argument('--tcp-seconds', type=int, default=2)
    p.add_argument('--cpu', type=int, default=(os.cpu_count() or 1) - 1, help='that makes and forwards the packets')
    p.add_argument('--server-cpu', type=int, default=(os.cpu_count() or 1) - 1, help="of iperf3's receiving end")
    p.add_argument('--fifo', action='store_true', help='as a real-time task (TCP: at nice -20), so that what else runs disturbs less')
    p.add_argument('--build', default=os.environ.get('SKEP_BUILD', os.path.dirname(os.path.dirname(HERE))), help='build folder')
    p.add_argument('--json', metavar='FILE')
    p.add_argument('--keep', action='store_true', help='wait for Enter before anything is measured')
    return p


def parse(parser, ways):
    args = parser.parse_args()
    args.ways = args.ways.split(',')
    args.what = args.what.split(',')
    unknown = [w for w in args.ways if w not in ways] + [w for w in args.what if w not in ('packets', 'tcp')]
    if unknown:
        parser.error(f'unknown: {", ".join(unknown)}')
    return args


def lacks(script, *tools):
    """True, and said, if the benchmark cannot run here."""
    missing = [t for t in tools if not shutil.which(t)] + (['root'] if os.geteuid() else [])
    if missing:
        print(f'{script}: skipped: needs {", ".join(missing)}')
    return bool(missing)


def measure(args, topologies, ways, pairs):
    """Makes all topologies, measures in turn, prints and writes what was asked for."""
    figures = {}
    results = {'kernel': os.uname().release, 'rounds': args.rounds}
    try:
        for way in topologies:
            way.make()
        if args.keep:
            print(f'namespaces {PREFIX}-*; Enter goes on', flush=True)
            input()
        for _ in range(args.rounds):
            for what in args.what:
                for way in topologies:
                    for kind, value in getattr(way, what)(args).items():
                        figures.setdefault(kind, {}).setdefault(way.name, []).append(value)
    finally:
        for way in topologies:
            way.close()
    for kind, values in figures.items():
        if kind in ('packets', 'tcp') or all(min(v) for v in values.values()):    # 0: this machine has no such counter
            results[kind] = report(kind, values, ways, pairs)
    if args.json:
        with open(args.json, 'w', encoding='utf-8') as f:
            json.dump(results, f, indent=1)
