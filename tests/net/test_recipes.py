# SPDX-License-Identifier: Apache-2.0
"""The recipes of docs/recipes.md: runs their very commands, then TCP through what they made.

A recipe is a section; its ```sh blocks are run in order by a shell that stops at the first failure, in namespaces of its own
(shut_up.py). What this kernel has no device for is tried on the kernel that tests/other-kernel uses.
"""
import os
import re
import subprocess

import pytest
import shut_up
import skepnet

pytestmark = pytest.mark.skep_only
DOC = os.environ.get('SKEP_RECIPES') or os.path.join(skepnet.TOP, 'docs', 'recipes.md')

# What is run before and after a recipe. A transfer with TSO is one whose packets are, on both hosts, longer than any MTU.
BEFORE = '''
set -eE
trap 'echo "failed: $BASH_COMMAND"; [ ! -f /run/skep/log ] || tail -n 20 /run/skep/log' ERR
mkdir -p /run/skep
mount -t tmpfs none /run/skep
mkdir /run/skep/bpf
mount -t bpf none /run/skep/bpf
skepd --rundir /run/skep --statedir /run/skep --bpffs /run/skep/bpf/skep >/run/skep/log 2>&1 </dev/null &
skepd=$!
until skepctl list-br >/dev/null 2>&1; do kill -0 $skepd; sleep 0.05; done
stat_of() { ip netns exec "$1" cat "/sys/class/net/$2/statistics/$3"; }
tcp() { # FROM TO ADDRESS BYTES [DEVICE OF FROM [OPTIONS OF IPERF3]]
	local dev=${5:-eth0} bytes packets
	ip netns exec "$2" iperf3 -s -1 -D --logfile /tmp/iperf
	for i in $(seq 100); do ip netns exec "$2" ss -Hltn | grep -q :5201 && break; sleep 0.05; done
	bytes=$(stat_of "$1" "$dev" tx_bytes)
	packets=$(stat_of "$1" "$dev" tx_packets)
	ip netns exec "$1" iperf3 -c "$3" -n "$4" ${6-} >/tmp/client || { cat /tmp/client; return 1; }
	bytes=$(($(stat_of "$1" "$dev" tx_bytes) - bytes))
	packets=$(($(stat_of "$1" "$dev" tx_packets) - packets))
	echo "tcp $1 $2: $bytes bytes in $packets packets, $((bytes / packets)) each"
	[ "$((bytes / packets))" -gt 3000 ] || { echo "no TSO"; return 1; }
}
'''
# The machine of the recipe: tap0 has the carrier, and its two queues the traffic, while somebody has it open.
MACHINE = '''
skepctl show br0 | grep -A 2 'Port tap0' | grep 'state: down'
ip netns add vm
/usr/bin/python3 "$TOP/tests/net/tap_machine.py" tap0 vm 2 >/tmp/vm 2>&1 &
vm=$!
until grep -q up /tmp/vm; do kill -0 $vm; sleep 0.05; done
ip -n vm addr add 10.0.0.1/24 dev eth0
ip -n vm link set eth0 up
until skepctl show br0 | grep -A 2 'Port tap0' | grep 'state: up'; do sleep 0.05; done
ip netns exec vm ping -c 3 10.0.0.2
tcp vm h1 10.0.0.2 20M
tcp h1 vm 10.0.0.1 20M
tcp h1 vm 10.0.0.1 1M '' '-P 16'
kill $vm
wait $vm
cat /tmp/vm
! grep -qw 0 /tmp/vm
until skepctl show br0 | grep -A 2 'Port tap0' | grep 'state: down'; do sleep 0.05; done
'''
AFTER = '''
skepctl teardown
wait $skepd
umount /run/skep/bpf /run/skep
rmdir /run/skep
echo "the recipe works"
'''


def sections():
    """Title of a section -> its commands; the section before the first title is for all."""
    with open(DOC, encoding='utf-8') as f:
        parts = re.split(r'^## (.*)\n', f.read(), flags=re.M)
    parts.insert(0, 'all')
    return {title: ''.join(re.findall(r'^```sh.*?\n(.*?)^```', text, flags=re.M | re.S))
            for title, text in zip(parts[::2], parts[1::2])}


RECIPES = sections()
CHECKS = {
    'A container': 'tcp c1 c2 10.0.0.2 200M',
    'A Linux bridge': 'tcp h1 h3 10.0.0.3 200M; tcp h3 h2 10.0.0.2 200M',
    'A router with two legs': 'tcp red blue 10.2.0.11 200M; tcp blue red 10.1.0.11 200M',
    'A virtual machine': MACHINE,
    'A network card': 'tcp h1 wire 192.0.2.1 200M; tcp wire h1 192.0.2.3 200M',
    'A VLAN device': 'tcp h1 wire 10.0.0.1 20M; tcp wire h1 10.0.0.2 20M eth0.100',
    'A bond': 'tcp h1 wire 10.0.0.1 20M; tcp wire h1 10.0.0.2 20M bond0',
}
# What a kernel may be without, and what loads it where there are modules.
NEEDS = {'A VLAN device': ('vlan', 'ip link add link lo name t0 type vlan id 1', '8021q'),
         'A bond': ('bond', 'ip link add t0 type bond', 'bonding')}


def recipe(title):
    return BEFORE + RECIPES['all'] + RECIPES[title] + CHECKS[title] + AFTER


def is_possible(title):
    return title not in NEEDS or subprocess.run(['unshare', '--net', *NEEDS[title][1].split()], capture_output=True,
                                                check=False).returncode == 0


def test_every_recipe_is_run():
    assert set(RECIPES) - {'all'} == set(CHECKS)
    assert all(RECIPES.values())


@pytest.mark.parametrize('title', CHECKS)
def test_recipe(title):
    if not is_possible(title):
        pytest.skip(f'this kernel has no {NEEDS[title][0]} devices: see test_recipes_on_another_kernel')
    print(shut_up.run(recipe(title)))


@shut_up.on_another_kernel
def test_recipes_on_another_kernel():
    titles = [title for title in NEEDS if not is_possible(title)]
    if not titles:
        pytest.skip('this kernel has all that is needed')
    shut_up.need_other_kernel()
    # A namespace each, and none of the earlier one's: they use the same names.
    scripts = (f"ip -all netns delete; unshare --net --mount bash <<'END_OF_RECIPE' || exit\n{recipe(title)}END_OF_RECIPE\n" for title in titles)
    out = shut_up.run(''.join(scripts), timeout=200,
                      modules=['veth', 'sch_ingress', 'cls_bpf', *(NEEDS[title][2] for title in titles)])
    print(out)
    assert out.count('the recipe works') == len(titles)
