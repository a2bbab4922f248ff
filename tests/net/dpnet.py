# SPDX-License-Identifier: Apache-2.0
"""The datapath without its daemon: tests/datapath/dpdrive in a namespace, for what ports of all kinds do to packets."""
import os
import signal
import subprocess
import time

import skepnet
from skepnet import run


class Refused(Exception):
    """What the datapath says 'error' to; .errno and text."""
    def __init__(self, number, text):
        super().__init__(text)
        self.errno = number


class Datapath:
    """A dpdrive process in namespace 'ns' (None: the caller's own), and its bridges."""

    def __init__(self, ns, pin_dir, attach=None):
        self.ns = ns
        self.pin_dir = str(pin_dir)
        self.attach = attach
        self.program = f'{skepnet.build_dir()}/tests/datapath/dpdrive'
        self.process = None
        self.adopted = False

    def start(self):
        cmd = [self.program, self.pin_dir, *([self.attach] if self.attach else [])]
        self.process = subprocess.Popen(self.ns.cmd(cmd) if self.ns else cmd, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1)
        line = self.process.stdout.readline()
        assert line.startswith('ok '), f'{line}{self.process.stdout.read()}'
        self.adopted = 'adopted' in line
        return self

    def __call__(self, *words):
        self.process.stdin.write(' '.join(str(w) for w in words) + '\n')
        self.process.stdin.flush()
        kind, *rest = self.process.stdout.readline().rstrip('\n').split(' ', 2)
        if kind == 'ok':
            return ' '.join(rest).strip()
        raise Refused(int(rest[0]), rest[1]) if kind == 'error' else AssertionError(f'dpdrive ended: {kind} {rest}')

    def drops(self):
        return {name: int(n) for name, n in (word.split('=') for word in self('drops').split())}

    def hits(self, bridge):
        """Packets by cookie (a number)."""
        return {int(c, 16): int(n) for c, n, _ in (word.split(':') for word in self('flows', bridge).split())}

    def stop(self):
        """The process ends, the datapath goes on."""
        if self.process:
            self.process.stdin.close()
            assert self.process.wait(20) == 0
            self.process = None

    def kill9(self):
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None

    def close(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process = None
        end = time.monotonic() + 5
        cmd = [self.program, self.pin_dir, 'teardown']
        while run(self.ns.cmd(cmd) if self.ns else cmd, check=False).returncode and time.monotonic() < end:
            time.sleep(0.05)
