# SPDX-License-Identifier: Apache-2.0
"""A virtual machine of QEMU on a tap, as docs/recipes.md has it: two queues, checksums and segmentation left to do, both ways through a bridge.

The machine is busybox on the kernel of tests/other-kernel, emulated. With /dev/vhost-net its packets go by vhost, else by QEMU itself.
"""
import glob
import json
import os
import shutil
import socket
import subprocess
import threading

import pytest
import shut_up
import skepnet

pytestmark = pytest.mark.skep_only
SLOW = 8 if skepnet.IS_EMULATED else 1
MEGABYTES = 4 if skepnet.IS_EMULATED else 32
VHOST = 'on' if os.path.exists('/dev/vhost-net') else 'off'
INIT = f'''#!/bin/busybox sh
/bin/busybox --install -s /bin
PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
for m in /mods/*.ko; do insmod $m || echo "no $m"; done
ip addr add 10.0.0.9/24 dev eth0
ip link set eth0 up
n=0
until ping -q -c 1 -W 1 10.0.0.2 >/dev/null || [ $((n += 1)) = {20 * SLOW} ]; do :; done # the tap has a carrier from now on
ping -q -c 3 10.0.0.2
echo "queues: $(ls -d /sys/class/net/eth0/queues/rx-* | wc -l)"
count() {{ cat /sys/class/net/eth0/statistics/$1; }}
dd if=/dev/zero bs=1M count={MEGABYTES} 2>/dev/null | nc -w {20 * SLOW} 10.0.0.2 5201
packets=$(count rx_packets)
echo "received: $(nc -w {20 * SLOW} 10.0.0.2 5202 | wc -c) bytes in $(($(count rx_packets) - packets)) packets"
echo "sent: $(count tx_packets) packets"
poweroff -f
'''


def kernel():
    """Its image, and the virtio modules in the order in which they are loaded."""
    shut_up.need_other_kernel()
    cache = os.environ.get('KERNEL_CACHE') or os.path.expanduser('~/.cache/run-kernel')
    if not glob.glob(f'{cache}/linux-image-*/boot/vmlinuz-*'):
        skepnet.run([shut_up.RUN_KERNEL, '--', 'true'], timeout=300)    # fetches it
    image = sorted(glob.glob(f'{cache}/linux-image-*/boot/vmlinuz-*'))[-1]
    base, version = os.path.dirname(os.path.dirname(image)), image.partition('vmlinuz-')[2]
    out = skepnet.run(['modprobe', '-d', base, '-S', version, '-a', '--show-depends', 'virtio_pci', 'virtio_net']).stdout
    return image, list(dict.fromkeys(line.split()[1] for line in out.splitlines() if line.startswith('insmod')))


def initramfs(folder, modules):
    root = folder / 'root'
    for name in ('bin', 'mods', 'proc', 'sys', 'dev'):
        (root / name).mkdir(parents=True)
    shutil.copy(shutil.which('busybox'), root / 'bin')
    for i, module in enumerate(modules):
        shutil.copy(module, root / 'mods' / f'{100 + i}.ko')
    (root / 'init').write_text(INIT, encoding='utf-8')
    (root / 'init').chmod(0o755)
    skepnet.run(['sh', '-c', f'cd {root} && find . | cpio -o -H newc --quiet >{folder}/initramfs'])
    return folder / 'initramfs'


class Server(threading.Thread):
    """Of one connection in a namespace: reads it to its end, or writes MEGABYTES."""

    def __init__(self, ns, port, is_source):
        super().__init__(daemon=True)
        self.is_source = is_source
        self.n_bytes = 0
        with ns.entered():
            self.listener = socket.create_server(('10.0.0.2', port))
        self.listener.settimeout(120 * SLOW)
        self.start()

    def run(self):
        with self.listener, self.listener.accept()[0] as conn:
            conn.settimeout(60 * SLOW)
            if self.is_source:
                for _ in range(MEGABYTES):
                    conn.sendall(bytes(1 << 20))
                conn.shutdown(socket.SHUT_WR)
                return
            while data := conn.recv(1 << 20):
                self.n_bytes += len(data)


def n_received(ns):
    return json.loads(ns.ip('-j', '-s', 'link', 'show', 'eth0').stdout)[0]['stats64']['rx']['packets']


@shut_up.on_another_kernel
def test_a_virtual_machine_of_another_kernel(make_switch, tmp_path):
    image, modules = kernel()
    sw = make_switch(ports=2)
    sw.host_ports()
    sw.start()
    sw.skepctl('set-fail-mode', 'br0', 'standalone')
    sw.ns.ip('tuntap', 'add', 'tap0', 'mode', 'tap', 'multi_queue', 'vnet_hdr')
    sw.ns.ip('link', 'set', 'tap0', 'up')
    sw.skepctl('add-port', 'br0', 'tap0')
    host = sw.hosts[2]
    sink, source = Server(host, 5201, False), Server(host, 5202, True)
    before = n_received(host)
    machine = subprocess.run(
        sw.ns.cmd(['timeout', str(150 * SLOW), 'qemu-system-x86_64', '-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-accel', 'tcg', '-cpu', 'max',
                   '-m', '256', '-smp', '2', '-kernel', image, '-initrd', str(initramfs(tmp_path, modules)), '-append', 'console=ttyS0 quiet panic=-1',
                   '-serial', 'stdio', '-device', 'virtio-net-pci,netdev=n0,mq=on,vectors=6',
                   '-netdev', f'tap,id=n0,ifname=tap0,script=no,downscript=no,queues=2,vhost={VHOST}']),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=180 * SLOW, check=False)
    said = machine.stdout.decode(errors='replace')
    n_packets = n_received(host) - before
    print(f'vhost={VHOST}\n{said}{n_packets} packets at the host')
    sink.join(5)
    assert '3 packets received' in said and 'queues: 2' in said, said
    assert sink.n_bytes == MEGABYTES << 20
    received = said.partition('received: ')[2].split()
    assert int(received[0]) == MEGABYTES << 20, said
    # Segments that were left to do stay whole through the bridge: those of the machine, be they as long as it is fast, ...
    n_sent = int(said.partition('sent: ')[2].split()[0])
    assert n_packets <= n_sent + 20
    # ... and the host's, which are long. (Not to a machine in a machine.)
    if not skepnet.IS_EMULATED:
        assert int(received[3]) < int(received[0]) / 3000, said
    source.join(5)
