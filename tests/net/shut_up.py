# SPDX-License-Identifier: Apache-2.0
"""Runs a shell script shut up: in network, mount and process namespaces of its own, with an empty /tmp and /run.

For what works with fixed names and would meet the machine's own (mininet, the commands of the documents). In there the
source is /mnt/src, the build /mnt/build, whose skepd and skepctl are in PATH. When the script ends, what it started ends, and
nothing of skep may be left: that is an error, too.
"""
import os
import re
import shutil
import subprocess
import textwrap

import pytest
import skepnet

SETUP = '''set -e
mount -t tmpfs none /mnt
mkdir /mnt/src /mnt/build /mnt/bin
mount --bind "$1" /mnt/src
mount --bind "$2" /mnt/build
mount -t tmpfs none /tmp
mount -t tmpfs none /run
mkdir /run/openvswitch
# What mininet means by Controller: the reference controller, which nobody packages.
ln -s "$(command -v ovs-testcontroller)" /mnt/bin/controller
ip link set lo up
cd /tmp
set +e
bash -c "$3"
status=$?
left=$(ls -d /run/skep* /sys/fs/bpf/skep* 2>/dev/null; ip -o link | grep -v ' lo:' | grep dp; pgrep -l skepd)
[ -z "$left" ] || { echo "left behind: $left"; exit 99; }
exit $status
'''


# Marks a test that runs others there.
on_another_kernel = pytest.mark.skipif(not os.environ.get('SKEP_OTHER_KERNEL'),
                                       reason='takes minutes; SKEP_OTHER_KERNEL=1 runs it, as tests/run does apart')

RUN_KERNEL = os.environ.get('RUN_KERNEL') or os.path.join(skepnet.TOP, '..', 'shared', 'vm', 'run-kernel')


def need_other_kernel():
    """Skips the test where no other kernel can be emulated (as tests/other-kernel does)."""
    missing = [tool for tool in (RUN_KERNEL, 'qemu-system-x86_64', 'busybox', 'cpio', 'depmod')
               if not shutil.which(tool, path=f'{os.environ["PATH"]}:/usr/sbin:/sbin')]
    if missing:
        pytest.skip(f'needs {", ".join(missing)}')


def pytest_there(expr, n, modules=(), timeout=800, variables=''):
    """Runs the tests that 'expr' (pytest -k) names on the other kernel: 'n' of them, all of which pass. 'variables' are set there."""
    need_other_kernel()
    out = run(f'SKEP_OTHER_KERNEL= SKEP_EMULATED=1 {variables} SKEP_BUILD=/mnt/build /mnt/src/tests/net/run -q -s -k "{expr}"', timeout=timeout,
              check=False, modules=['veth', 'sch_ingress', 'cls_bpf', 'dummy', *modules])
    print(out)
    assert re.search(fr'^{n} passed(, \d+ \w+)* in', out, re.M), out


def run(script, timeout=120, check=True, modules=None):
    """The output of 'script', both streams. With 'modules' it runs on the other kernel, which loads those."""
    # Debian's python3 has mininet and scapy; another one may come first in PATH.
    path = '/mnt/bin:/mnt/build/vswitchd:/mnt/build/utils:/usr/sbin:/usr/bin:/sbin:/bin'
    env = dict(os.environ, PATH=path, PYTHONPATH='/mnt/src/utils/mininet', PYTHONDONTWRITEBYTECODE='1',
               TOP='/mnt/src')
    script = textwrap.dedent(script)
    kernel = [RUN_KERNEL, '--timeout', str(timeout - 5), '--modules', ' '.join(modules), '--'] if modules else []
    done = subprocess.run(
        [*kernel, 'unshare', '--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', 'bash', '-c', SETUP, 'bash',
         skepnet.TOP, skepnet.build_dir(), f'exec 2>&1\n{script}'],
        env=env, timeout=timeout, text=True, capture_output=True, check=False, stdin=subprocess.DEVNULL)
    assert not check or done.returncode == 0, f'{script}: exit status {done.returncode}\n{done.stdout}{done.stderr}'
    return done.stdout
