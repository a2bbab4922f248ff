#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""skep as a switch of mininet (Debian: mininet): names, parameters and behaviour are those of mininet's OVSSwitch.

    mn --custom /usr/share/skep/skep_mininet.py --switch skep --topo tree,2,3 --test pingall
    mn --custom /usr/share/skep/skep_mininet.py --switch skepbr --controller none      # learning bridges, no controller

    from skep_mininet import SkepSwitch             # in a script, with PYTHONPATH=/usr/share/skep
    net = Mininet(topo=..., switch=SkepSwitch)

    skep_mininet.py SCRIPT [ARGUMENT...]            runs a mininet script that says OVSSwitch with skep in its place
    skep_mininet.py --clean                         removes what a killed mininet left

All switches of a net are bridges of one skepd. It is started with the first switch, in a run folder of its own
(OwnSkepd.RUNDIR), and ended with the last; nothing is left behind. If mininet is killed, the next one, or
`mn --custom .../skep_mininet.py -c`, removes what it left. With the parameter 'rundir' the bridges are added to a skepd
that runs already, and removed from it.

As with OVSSwitch, switches live in the root namespace, and links are veth pairs. `mn` executes this file and takes every
name in it over into its own globals, so no name here may be one of mn's.
"""
import atexit
import fcntl
import json
import os
import runpy
import shutil
import socket
import subprocess
import sys
import time

from mininet import clean as mininet_clean
from mininet import node as mininet_node
from mininet.link import OVSIntf
from mininet.node import Switch

STARTUP_SECONDS = 30
ANSWER_SECONDS = 60


class SkepError(Exception):
    """What skepd refused, or why there is none."""


class Skepd:
    """A skepd that somebody else runs: its control socket (docs/control.md)."""

    def __init__(self, rundir):
        self.rundir = os.path.abspath(rundir)

    def call(self, method, **params):
        """The result of one request. A connection each, so that a skepd that was started anew is found again."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(ANSWER_SECONDS)
            try:
                sock.connect(f'{self.rundir}/skepd.ctl')
                sock.sendall(json.dumps({'method': method, 'params': params}).encode() + b'\n')
                with sock.makefile() as lines:
                    line = lines.readline()
            except OSError as e:
                raise SkepError(f'no skepd answers on {self.rundir}/skepd.ctl ({e.strerror or e}): start one with '
                                f'"skepd --rundir {self.rundir}", or leave out the rundir of the switches to have '
                                'mininet start its own') from e
        if not line:
            raise SkepError(f'skepd on {self.rundir} ended without an answer to {method}')
        answer = json.loads(line)
        if 'error' in answer:
            raise SkepError(f'skepd: {answer["error"]}')
        return answer['result']

    def join(self, switch):
        """Makes room for the switch: as with OVSSwitch, a bridge of its name gives way."""
        if switch.name in self.call('list-br'):
            self.call('del-br', bridge=switch.name)

    def leave(self, switch):
        self.call('del-br', bridge=switch.name)


class OwnSkepd(Skepd):
    """The skepd of the net, of which there is one at a time (mininet's names are the machine's, too).

    The lock file says whether a mininet uses the run folder; the lock ends with that process, however it ends. What is
    found there without a lock was left by one that was killed.
    """
    RUNDIR = '/run/skep-mininet'

    def __init__(self):
        super().__init__(self.RUNDIR)
        self.lock = None
        self.process = None
        self.members = set()

    def options(self):
        return ['--rundir', self.rundir, '--statedir', self.rundir, '--bpffs', f'{self.rundir}/bpf/skep']

    def join(self, switch):
        if not self.members:
            self.start()
        self.members.add(switch)

    def leave(self, switch):
        self.members.discard(switch)
        if not self.members:
            self.stop()
        elif switch.name in self.call('list-br'):
            self.call('del-br', bridge=switch.name)

    def start(self):
        self.take_folder()
        self.remove_leftovers()
        try:
            os.mkdir(f'{self.rundir}/bpf')
            # A bpf file system for these pins alone: no other skepd on the machine is met there.
            run_tool('mount', '-t', 'bpf', 'none', f'{self.rundir}/bpf')
            with open(f'{self.rundir}/skepd.log', 'wb') as log:
                # In a session of its own: a Ctrl-C on mininet's command line is not for it.
                self.process = subprocess.Popen(['skepd', *self.options()], stdin=subprocess.DEVNULL, stdout=log,
                                                stderr=log, start_new_session=True)
            self.wait_until_up()
        except BaseException:
            self.stop()
            raise

    def take_folder(self):
        os.makedirs(self.rundir, mode=0o700, exist_ok=True)
        lock = open(f'{self.rundir}/mininet.lock', 'a+', encoding='ascii')
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            owner = lock.read().strip()
            lock.close()
            raise SkepError(f'another mininet (pid {owner}) runs its switches by {self.rundir}; one can at a time') from None
        lock.truncate(0)
        lock.write(f'{os.getpid()}\n')
        lock.flush()
        self.lock = lock

    def remove_leftovers(self):
        """Ends an earlier skepd, its datapath and its bpf file system; only the locked lock file stays."""
        try:
            self.call('teardown')
        except SkepError:
            pass
        wait_for(lambda: not is_locked(f'{self.rundir}/skepd.lock'), f'the skepd on {self.rundir} does not end')
        if os.path.ismount(f'{self.rundir}/bpf'):
            if os.listdir(f'{self.rundir}/bpf'):
                run_tool('skepd', '--teardown', *self.options())
            run_tool('umount', f'{self.rundir}/bpf')
        for entry in os.scandir(self.rundir):
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path)
            elif entry.name != 'mininet.lock':
                os.unlink(entry.path)

    def wait_until_up(self):
        def is_up():
            if self.process.poll() is not None:
                raise SkepError(f'skepd ended at its start:\n{self.log_tail()}')
            try:
                return self.call('version')
            except SkepError:
                return False
        wait_for(is_up, f'skepd does not answer, see {self.rundir}/skepd.log')

    def log_tail(self):
        with open(f'{self.rundir}/skepd.log', encoding='utf-8', errors='replace') as log:
            return ''.join(log.readlines()[-5:])

    def stop(self):
        """Ends skepd and removes all of it. Fit for a half-started one, and for one that is not there."""
        self.members.clear()
        if not self.lock:
            return
        try:
            self.remove_leftovers()
            shutil.rmtree(self.rundir)
        finally:
            if self.process:
                if self.process.poll() is None:
                    self.process.kill()
                self.process.wait()
            self.process = None
            self.lock.close()
            self.lock = None

    def clean(self):
        """For `mn -c`, and after an exception: removes this mininet's skepd, or what a killed one left."""
        if not self.lock:
            if not os.path.isdir(self.rundir):
                return
            self.take_folder()
        self.stop()


def run_tool(*cmd):
    done = subprocess.run(cmd, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        raise SkepError(f'{" ".join(cmd)}: {done.stderr.strip() or done.returncode}')


def wait_for(condition, complaint):
    end = time.monotonic() + STARTUP_SECONDS
    while not condition():
        if time.monotonic() > end:
            raise SkepError(complaint)
        time.sleep(0.02)


def is_locked(path):
    try:
        with open(path, 'rb') as f:
            fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


OWN_SKEPD = OwnSkepd()
mininet_clean.addCleanupCallback(OWN_SKEPD.clean)


def stop_at_exit(owner=os.getpid()):
    if os.getpid() == owner:    # not in a child that forked and ended
        OWN_SKEPD.stop()


atexit.register(stop_at_exit)


class SkepSwitch(Switch):
    """A bridge of skep, for OVSSwitch.

    Of OVSSwitch's parameters failMode (secure, standalone) means the same. reconnectms is accepted: skepd dials once a
    second. datapath, protocols, inband and stp are accepted where they ask for what skep is: in the kernel, OpenFlow 1.3,
    out of band, without spanning tree. Instead:

        rundir                  the run folder of a skepd that runs already; by default mininet runs one for its net
        privkey, cert, cacert   files for controllers with protocol='ssl'; they are the skepd's, the same for all
    """

    def __init__(self, name, failMode='secure', datapath='kernel', inband=False, protocols=None, reconnectms=1000,
                 stp=False, batch=False, rundir=None, privkey=None, cert=None, cacert=None, **params):
        for is_refused, why in ((failMode not in ('secure', 'standalone'), f'no failMode {failMode}'),
                                (datapath != 'kernel', f'no datapath {datapath}: it is in the kernel'),
                                (inband, 'no in-band control'),
                                (protocols and 'OpenFlow13' not in protocols, f'no {protocols}: it speaks OpenFlow13'),
                                (stp, 'no spanning tree')):
            if is_refused:
                raise SkepError(f'{name}: skep has {why}')
        super().__init__(name, **params)
        self.failMode = failMode
        self.reconnectms = reconnectms
        self.batch = batch
        self.tls = (privkey, cert, cacert)
        self.skepd = Skepd(rundir) if rundir else OWN_SKEPD
        self.is_started = False

    @classmethod
    def setup(cls):
        """Sees to it that skep is installed."""
        missing = [tool for tool in ('skepd', 'skepctl') if not shutil.which(tool)]
        if missing:
            raise SkepError(f'{" and ".join(missing)} not found: install skep, or put its folders in PATH')

    @staticmethod
    def isOldOVS():
        """For scripts that ask this of their switch."""
        return False

    def skepctl(self, *args):
        """Runs skepctl(8) with the skepd of this switch and returns what it prints."""
        return self.cmd('skepctl', '--rundir', self.skepd.rundir, *args)

    def dpctl(self, *args):
        """Runs a command on the switch ('dump-flows', ...), as OVSSwitch does with ovs-ofctl."""
        args = [arg for arg in map(str, args) if arg not in ('-O', 'OpenFlow13', '-OOpenFlow13')]
        return self.skepctl(args[0], self, *args[1:])

    def start(self, controllers):
        if self.inNamespace:
            raise SkepError('skep, as Open vSwitch, does not work in a namespace of its own here')
        self.skepd.join(self)
        self.is_started = True
        # A switch named s0 has dpid 0, which is none: as with Open vSwitch, the bridge then makes one of its own.
        dpid = {'datapath_id': self.dpid} if int(self.dpid, 16) else {}
        self.skepd.call('add-br', bridge=self.name, fail_mode=self.failMode, **dpid)
        for intf in self.intfList():
            if self.ports[intf] and not intf.IP():
                self.add_port(intf)
        if any(self.tls):
            privkey, cert, cacert = (path and os.path.abspath(path) for path in self.tls)
            self.skepd.call('set-ssl', private_key=privkey, certificate=cert, ca_cert=cacert)
        # Last: a controller that comes sees all ports.
        targets = [f'{c.protocol}:{c.IP()}:{c.port}' for c in controllers]
        if self.listenPort:
            targets.append(f'ptcp:{self.listenPort}:127.0.0.1')
        if targets:
            self.skepd.call('set-controller', bridge=self.name, controllers=targets)

    def stop(self, deleteIntfs=True):
        if self.is_started:
            self.is_started = False
            self.skepd.leave(self)
        super().stop(deleteIntfs)

    def add_port(self, intf):
        """Adds an interface (or its name) as a port, with mininet's number for it where mininet has one."""
        params = {'bridge': self.name, 'port': str(intf)}
        ofport = self.ports.get(self.nameToIntf.get(str(intf)))
        if ofport:
            params['ofport'] = ofport
        if isinstance(intf, OVSIntf):   # of an OVSLink
            peer = intf.link.intf2 if intf is intf.link.intf1 else intf.link.intf1
            params.update(type='patch', options={'peer': str(peer)})
        self.skepd.call('add-port', **params)

    def attach(self, intf):
        """Connects a data port."""
        self.add_port(intf)
        self.cmd('ifconfig', intf, 'up')

    def detach(self, intf):
        """Disconnects a data port."""
        self.skepd.call('del-port', bridge=self.name, port=str(intf))

    def connected(self):
        """Whether a controller is connected, or none is needed."""
        bridge, = self.skepd.call('show', bridge=self.name)['bridges']
        return any(c['is_connected'] for c in bridge['controllers']) or self.failMode == 'standalone'


class SkepBridge(SkepSwitch):
    """A learning bridge without a controller, for OVSBridge."""

    def __init__(self, *args, **kwargs):
        kwargs['failMode'] = 'standalone'
        super().__init__(*args, **kwargs)

    def start(self, controllers):
        super().start([])

    def connected(self):
        return True


switches = {'skep': SkepSwitch, 'skepbr': SkepBridge}


def stand_in():
    """Makes skep what mininet's modules know as Open vSwitch. To be called before mininet.net is imported."""
    if 'mininet.net' in sys.modules:
        raise SkepError('stand_in() comes too late: mininet.net is imported already')
    for name in 'OVSSwitch', 'OVSKernelSwitch':
        setattr(mininet_node, name, SkepSwitch)
    mininet_node.OVSBridge = SkepBridge


def run_script(argv):
    if argv[:1] == ['--clean']:
        OWN_SKEPD.clean()
    elif argv and not argv[0].startswith('-'):
        stand_in()
        # What the script imports by our name is what it got already.
        sys.modules['skep_mininet'] = sys.modules['__main__']
        sys.argv = argv
        sys.path[0] = os.path.dirname(os.path.abspath(argv[0]))
        runpy.run_path(argv[0], run_name='__main__')
    else:
        sys.exit('usage: skep_mininet.py SCRIPT [ARGUMENT...] | --clean')


if __name__ == '__main__':
    run_script(sys.argv[1:])
