# SPDX-License-Identifier: Apache-2.0
"""What the network tests stand on: namespaces, wires, hosts, and a switch started by a driver.

Nothing here sleeps for a fixed time to let something happen: wait_until() waits for a condition. Every command has a
time-out. What is made is undone by close(), and sweep() removes what a killed run of this process left.
"""
import contextlib
import ctypes
import errno
import json
import os
import re
import signal
import socket
import struct
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
DRIVER = os.environ.get('CF_DRIVER', os.path.join(TOP, 'tests', 'driver-skep'))
DRIVER_OVS = os.path.join(TOP, 'tests', 'driver-ovs')
IS_SKEP = os.path.basename(DRIVER) == 'driver-skep'
IS_EMULATED = bool(os.environ.get('SKEP_EMULATED'))     # all takes several times as long
PREFIX = f'skt{os.getpid()}'
CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def run(cmd, timeout=20, check=True, stdin=None):
    """Runs 'cmd' and returns it completed, with text output; raises AssertionError with the output if it fails."""
    done = subprocess.run([str(c) for c in cmd], timeout=timeout, text=True, capture_output=True, check=False,
                          input=stdin if stdin is not None else '')
    if check and done.returncode:
        raise AssertionError(f'{" ".join(map(str, cmd))}: exit status {done.returncode}\n{done.stdout}{done.stderr}')
    return done


def sign(folder, name, days, ca, pki=None):
    """Makes NAME-privkey.pem and NAME-cert.pem in 'folder', signed by authority 'ca' of folder 'pki' (else the same); returns the two."""
    key, cert, request, pki = folder / f'{name}-privkey.pem', folder / f'{name}-cert.pem', folder / f'{name}.csr', pki or folder
    run(['openssl', 'req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', f'/CN={name}', '-keyout', key,
         '-out', request])
    run(['openssl', 'x509', '-req', '-days', str(days), '-CAcreateserial', '-CAserial', folder / f'{ca}.srl', '-in', request,
         '-CA', pki / f'{ca}cert.pem', '-CAkey', pki / f'{ca}key.pem', '-out', cert])
    return key, cert


def wait_until(condition, timeout=10, what=None):
    """Waits until condition() is true and returns its value."""
    timeout *= 6 if IS_EMULATED else 1
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f'not within {timeout} s: {what or condition}')
        time.sleep(0.01)


def sweep():
    """Removes every namespace of this process."""
    for name in os.listdir('/run/netns') if os.path.isdir('/run/netns') else []:
        if name.startswith(PREFIX):
            run(['ip', 'netns', 'del', name], check=False)


class Namespace:
    """A network namespace without IPv6, whose interfaces send nothing of themselves."""
    count = 0

    def __init__(self):
        Namespace.count += 1
        self.name = f'{PREFIX}-{Namespace.count}'
        self.path = f'/run/netns/{self.name}'
        run(['ip', 'netns', 'add', self.name])
        self.run(['sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=1', 'net.ipv6.conf.default.disable_ipv6=1'])
        self.ip('link', 'set', 'lo', 'up')

    def close(self):
        run(['ip', 'netns', 'del', self.name], check=False)

    def cmd(self, cmd):
        # Unlike `ip netns exec`, nsenter leaves the mount namespace alone.
        return ['nsenter', f'--net={self.path}', '--', *cmd]

    def run(self, cmd, **kwargs):
        return run(self.cmd(cmd), **kwargs)

    def ip(self, *args):
        return run(['ip', '-n', self.name, *args])

    def popen(self, cmd, log):
        """Starts 'cmd' with its output in the file 'log'."""
        with open(log, 'ab') as f:
            return subprocess.Popen(self.cmd([str(c) for c in cmd]), stdin=subprocess.DEVNULL, stdout=f,
                                    stderr=subprocess.STDOUT, start_new_session=True)

    @contextlib.contextmanager
    def entered(self):
        """In the block, sockets are made in this namespace."""
        with open('/proc/self/ns/net', 'rb') as old, open(self.path, 'rb') as new:
            if _libc.setns(new.fileno(), CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), 'setns')
            try:
                yield
            finally:
                if _libc.setns(old.fileno(), CLONE_NEWNET):
                    os._exit(1)     # going on in the wrong namespace would touch the machine's own network

    def listens(self, port):
        return f':{port} ' in self.run(['ss', '-Hltn', f'sport = :{port}']).stdout


class Wire:
    """The far end of a switch's port, as bytes: what is sent here arrives at the port, and what the port sends is received."""

    def __init__(self, ns, ifname):
        with ns.entered():
            self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
            self.sock.setsockopt(263, 23, 1)     # SOL_PACKET, PACKET_IGNORE_OUTGOING
            self.sock.setsockopt(263, 8, 1)      # PACKET_AUXDATA
            self.sock.bind((ifname, 3))

    def close(self):
        self.sock.close()

    def send(self, frame):
        self.sock.send(bytes(frame))

    def recv(self, timeout=2):
        """The next frame, or None. A VLAN tag that the kernel keeps beside the frame is put back into it."""
        self.sock.settimeout(timeout or 1e-6)
        try:
            data, anc, _, _ = self.sock.recvmsg(70000, 256)
        except (socket.timeout, BlockingIOError):
            return None
        except OSError as e:
            if e.errno != errno.ENETDOWN:
                raise
            return self.recv(timeout)   # told once that the interface was down
        for level, kind, value in anc:
            if (level, kind) == (263, 8):
                status, _, _, _, _, tci, tpid = struct.unpack('IIIHHHH', value[:20])
                if status & 0x10:
                    data = data[:12] + struct.pack('!HH', tpid if status & 0x40 else 0x8100, tci) + data[12:]
        return data

    def drain(self):
        """Every frame that is there already."""
        frames = []
        while (frame := self.recv(0)) is not None:
            frames.append(frame)
        return frames


class Switch:
    """A switch in a namespace of its own, with ports 1 to n, run by DRIVER."""

    def __init__(self, tmp, ports=3, bridge='br0', ctl='', ssl=None, dpid='0000000000000001', driver=DRIVER):
        self.ns = Namespace()
        self.driver = driver
        self.dir = str(tmp)
        self.bridge = bridge
        self.ctl = ctl
        self.ssl = ssl
        self.dpid = dpid
        self.n_ports = ports
        self.prefix = bridge.replace('br', 'p') + '_'
        self.mgmt = f'unix:{self.dir}/{bridge}.mgmt'
        self.wires = {}
        self.hosts = {}
        self.far = None
        self.started = False

    def port_name(self, i):
        return f'{self.prefix}{i}'

    def wire_ports(self):
        """The far ends of all ports, as Wires, in one namespace."""
        self.far = Namespace()
        for i in range(1, self.n_ports + 1):
            self._link(i, self.far, f't{i}')
            for ns, dev in ((self.ns, self.port_name(i)), (self.far, f't{i}')):
                ns.run(['ethtool', '-K', dev, 'tx', 'off', 'tso', 'off', 'gso', 'off', 'gro', 'off'], check=False)
            self.wires[i] = Wire(self.far, f't{i}')

    def host_ports(self, mtu=1500):
        """The far ends of all ports, as hosts 10.0.0.1, 10.0.0.2, ... in namespaces of their own, offloads on."""
        for i in range(1, self.n_ports + 1):
            ns = Namespace()
            self._link(i, ns, 'eth0')
            ns.ip('link', 'set', 'eth0', 'address', host_mac(i), 'mtu', str(mtu))
            ns.ip('addr', 'add', f'10.0.0.{i}/24', 'dev', 'eth0')
            if not IS_SKEP:     # Open vSwitch in user space forwards what offloading left unfinished
                ns.run(['ethtool', '-K', 'eth0', 'tx', 'off'])
            self.hosts[i] = ns

    def _link(self, i, ns, name):
        self.ns.ip('link', 'add', self.port_name(i), 'type', 'veth', 'peer', 'name', name, 'netns', ns.name)
        self.ns.ip('link', 'set', self.port_name(i), 'up')
        ns.ip('link', 'set', name, 'up')

    def _driver(self, verb):
        env = dict(os.environ, CF_RUN=self.dir, CF_BR=self.bridge, CF_DPID=self.dpid, CF_CTL=self.ctl,
                   CF_PORTS=' '.join(self.port_name(i) for i in range(1, self.n_ports + 1)), CF_OFVER='OpenFlow13')
        if self.ssl:
            env['CF_SSL'] = ' '.join(self.ssl)
        return subprocess.run(self.ns.cmd([self.driver, verb]), env=env, timeout=60, text=True, capture_output=True,
                              check=False, stdin=subprocess.DEVNULL)

    def start(self):
        self.started = True
        done = self._driver('start')
        assert done.returncode == 0, f'driver start: {done.stderr}{self.log()}'
        return self

    def stop(self):
        if not self.started:
            return
        self.started = False
        done = self._driver('stop')
        assert done.returncode == 0, f'driver stop: {done.stdout}{done.stderr}{self.log()}'

    def close(self):
        try:
            self.stop()
        finally:
            for wire in self.wires.values():
                wire.close()
            for ns in [self.far, *self.hosts.values(), self.ns]:
                if ns:
                    ns.close()

    def log(self):
        try:
            with open(f'{self.dir}/skepd.log', encoding='utf-8', errors='replace') as f:
                return f.read()
        except OSError:
            return ''

    @property
    def pid(self):
        with open(f'{self.dir}/{"skepd" if IS_SKEP else "vs"}.pid', encoding='utf-8') as f:
            return int(f.read())

    def kill9(self):
        self.end_daemon(signal.SIGKILL)

    def end_daemon(self, how=signal.SIGTERM):
        """Ends skepd and waits for the process: it holds its lock for a while after it has stopped to answer."""
        pid = self.pid
        os.kill(pid, how)
        wait_until(lambda: not is_alive(pid), what='skepd gone')

    def start_daemon(self):
        """Starts skepd again on what an earlier one left."""
        daemon = self.ns.popen([f'{build_dir()}/vswitchd/skepd', '--rundir', self.dir, '--statedir', self.dir, '--bpffs',
                                f'{self.dir}/bpf/skep'], f'{self.dir}/skepd.log')
        with open(f'{self.dir}/skepd.pid', 'w', encoding='utf-8') as f:
            f.write(str(daemon.pid))
        wait_until(lambda: self.skepctl('show', check=False).returncode == 0, what='skepd answers')
        return daemon

    def skepctl(self, *args, **kwargs):
        return run([f'{build_dir()}/utils/skepctl', '--rundir', self.dir, *args], **kwargs)

    def json(self, *args):
        """What skepctl answers, as JSON."""
        return json.loads(self.skepctl('--json', *args).stdout)

    def ofctl(self, command, *args, **kwargs):
        return run(['ovs-ofctl', '-O', 'OpenFlow13', command, self.mgmt, *args], **kwargs)

    def flows(self, match=''):
        """The flows as dicts with 'n_packets', 'match' and 'actions', from ovs-ofctl's dump."""
        out = self.ofctl('dump-flows', *([match] if match else [])).stdout
        flows = []
        for line in out.splitlines():
            found = re.match(r' cookie=(\w+), duration=([\d.]+)s, table=(\d+), n_packets=(\d+), n_bytes=(\d+), (.*?) ?'
                             r'actions=(.*)$', line)
            if found:
                cookie, duration, table, packets, n_bytes, rest, actions = found.groups()
                flows.append({'cookie': int(cookie, 16), 'duration': float(duration), 'table': int(table),
                              'n_packets': int(packets), 'n_bytes': int(n_bytes), 'match': rest, 'actions': actions})
        return flows

    def to_controller(self):
        """How many packets the table-miss rule has sent up; None while there is no such rule."""
        found = [f['n_packets'] for f in self.flows() if 'CONTROLLER' in f['actions']]
        return sum(found) if found else None

    def ping(self, a, b, count=3):
        return self.hosts[a].run(['ping', '-q', '-n', '-c', count, '-i', '0.02', '-W', '3', f'10.0.0.{b}'],
                                 check=False, timeout=30)

    def ping_all(self):
        for a in self.hosts:
            for b in self.hosts:
                if a != b:
                    done = self.ping(a, b)
                    assert done.returncode == 0, f'{a} -> {b}: {done.stdout}'


def host_mac(i):
    return f'02:00:00:00:00:{i:02x}'


def is_alive(pid):
    """Whether the process runs; a zombie does not, unless a thread of it still has to end and holds its files."""
    try:
        with open(f'/proc/{pid}/stat', encoding='utf-8') as f:
            fields = f.read().rsplit(')', 1)[1].split()
        return fields[0] != 'Z' or int(fields[17]) > 1
    except OSError:
        return False


def resident_kib(pid):
    with open(f'/proc/{pid}/status', encoding='utf-8') as f:
        return int(re.search(r'^VmRSS:\s+(\d+)', f.read(), re.M)[1])


def build_dir():
    return os.environ.get('SKEP_BUILD') or run([os.path.join(TOP, 'tests', 'driver-skep'), 'builddir']).stdout.strip()
