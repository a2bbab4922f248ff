# SPDX-License-Identifier: Apache-2.0
"""skep as a switch of mininet (utils/mininet/skep_mininet.py): pings, mininet's own examples, and what is left afterwards.

mininet works with fixed names in its root namespace and cleans up by killing and removing whatever looks like its own. So
each test shuts it up (shut_up.py).

SKEP_ROW=1 tests/net/run -s -k mininet     also pings on 20 switches, linear and tree, under each control, and more examples
"""
import os
import re
import shutil

import pytest
import shut_up

MODULE = '/mnt/src/utils/mininet/skep_mininet.py'
EXAMPLES = '/usr/lib/python3/dist-packages/mininet/examples'
OWN_RUNDIR = '/run/skep-mininet'
ROW = pytest.mark.skipif(not os.environ.get('SKEP_ROW'), reason='takes its time; SKEP_ROW=1 runs it')
CONTROLS = ('testcontroller', 'os-ken', 'standalone')
pytestmark = [pytest.mark.skep_only,
              pytest.mark.skipif(not shutil.which('mn'), reason='needs mininet (Debian: mininet)')]


def ping_all(topology, control, n):
    out = shut_up.run(f'/mnt/src/tests/net/mininet_net.py {topology} {control} {n}')
    print(out.splitlines()[-1])
    assert '0 % dropped' in out


@pytest.mark.parametrize('topology, control, n', [('linear', 'testcontroller', 20), ('tree', 'os-ken', 5),
                                                  ('tree', 'standalone', 5)])
def test_mininet_pingall(topology, control, n):
    ping_all(topology, control, n)


@ROW
@pytest.mark.parametrize('topology', ['linear', 'tree'])
@pytest.mark.parametrize('control', CONTROLS)
def test_mininet_row(topology, control):
    ping_all(topology, control, 20)


def test_mn_finds_skep_in_a_custom_file():
    out = shut_up.run(f'mn --custom {MODULE} --switch skep --topo single,3 --test pingall')
    assert '0% dropped (6/6 received)' in out


def test_dpctl_and_ports_are_those_of_the_switch():
    out = shut_up.run(f'''
        mn --custom {MODULE} --switch skep --topo single,2 --controller none <<END
        dpctl add-flow in_port=1,actions=output:2
        dpctl add-flow in_port=2,actions=output:1
        dpctl dump-flows -O OpenFlow13
        h1 ping -c 1 -W 5 h2
        py s1.detach('s1-eth2')
        py s1.skepctl('list-ports', 's1')
        py s1.attach('s1-eth2')
        h2 ping -c 1 -W 5 h1
        py s1.skepctl('show', 's1')
        END''')
    assert 'in_port=1 actions=output:2' in out
    assert out.count('1 received') == 2
    assert 'datapath_id: 0000000000000001' in out


def test_a_skepd_that_runs_already_gets_and_loses_the_bridges():
    out = shut_up.run(f'''
        mkdir -p /run/mine; skepd --rundir /run/mine --statedir /run/mine --bpffs /sys/fs/bpf/mine &
        until skepctl --rundir /run/mine list-br >/dev/null 2>&1; do sleep 0.1; done
        skepctl --rundir /run/mine add-br other
        mn --custom {MODULE} --switch skep,rundir=/run/mine --topo linear,2 --test pingall
        echo "bridges: $(echo $(skepctl --rundir /run/mine list-br))"
        skepctl --rundir /run/mine teardown; wait''')
    assert '0% dropped' in out
    assert 'bridges: other\n' in out


def test_without_a_skepd_on_the_given_folder_it_says_what_to_do():
    out = shut_up.run(f'mn --custom {MODULE} --switch skep,rundir=/run/none --topo single,2 --test pingall', check=False)
    assert 'no skepd answers on /run/none/skepd.ctl' in out
    assert 'start one with "skepd --rundir /run/none"' in out


def test_what_a_killed_mininet_left_goes_with_the_next_one():
    out = shut_up.run(f'''
        mn --custom {MODULE} --switch skep --topo linear,3 --controller none < <(sleep 60) >/tmp/first 2>&1 &
        until grep -q 'Starting CLI' /tmp/first; do sleep 0.1; done
        kill -9 $!
        skepctl --rundir {OWN_RUNDIR} list-br
        ip link del s1-eth1
        mn --clean >/dev/null 2>&1      # the hosts and links; of skep it knows nothing
        mn --custom {MODULE} --switch skep --topo linear,3 --test pingall''')
    assert 's3\n' in out and '0% dropped' in out


def test_mn_clean_with_the_custom_file_removes_everything():
    shut_up.run(f'''
        mn --custom {MODULE} --switch skep --topo linear,2 --controller none < <(sleep 60) >/tmp/first 2>&1 &
        until grep -q 'Starting CLI' /tmp/first; do sleep 0.1; done
        kill -9 $!
        mn --custom {MODULE} --clean''')


def test_two_nets_at_a_time_are_refused():
    out = shut_up.run(f'''
        mn --custom {MODULE} --switch skep --topo linear,2 --controller none < <(sleep 60) >/tmp/first 2>&1 &
        until grep -q 'Starting CLI' /tmp/first; do sleep 0.1; done
        python3 -c "
from skep_mininet import SkepSwitch
SkepSwitch('s9', inNamespace=False).start([])"
        kill -9 $!
        {MODULE} --clean
        mn --clean >/dev/null 2>&1''')
    assert 'another mininet (pid ' in out


def test_options_that_skep_has_not_are_refused():
    out = shut_up.run('''
        python3 - <<END
        from skep_mininet import SkepSwitch
        for params in dict(stp=True), dict(datapath='user'), dict(protocols='OpenFlow10'), dict(failMode='open'):
            try:
                SkepSwitch('s1', **params)
            except Exception as e:
                print(e)
        SkepSwitch('s1', protocols='OpenFlow10,OpenFlow13', stp=False, reconnectms=500)
        END''')
    assert out.splitlines() == ['s1: skep has no spanning tree', "s1: skep has no datapath user: it is in the kernel",
                                's1: skep has no OpenFlow10: it speaks OpenFlow13', 's1: skep has no failMode open']


OVSLINK = '''
from skep_mininet import SkepBridge, stand_in
stand_in()
from mininet.link import OVSLink
from mininet.log import setLogLevel
from mininet.net import Mininet
from mininet.topo import LinearTopo
setLogLevel('info')
net = Mininet(LinearTopo(4), switch=SkepBridge, controller=None, link=OVSLink)
net.start()
net.pingAll()
print(net['s2'].skepctl('show', 's2'))
net.stop()
'''


def test_an_ovslink_is_a_pair_of_patch_ports():
    out = shut_up.run(f'python3 - <<"END"\n{OVSLINK}\nEND')
    assert '0% dropped (12/12 received)' in out
    assert re.search(r'Port s2-eth3\s+ofport: 3\s+type: patch\s+options:peer: s3-eth2', out), out


def run_example(script, commands='pingall'):
    """Runs one of mininet's examples, which says OVSSwitch or takes the default, with 'commands' typed at its prompt."""
    return shut_up.run(f'echo "{commands}" | {MODULE} {EXAMPLES}/{script}')


@pytest.mark.skipif(not os.path.isdir(EXAMPLES), reason=f'needs {EXAMPLES}')
@pytest.mark.parametrize('example', [
    'controllers.py',       # a subclass of OVSSwitch; each switch has a controller of its own
    'linuxrouter.py',       # three subnets about a host that routes
    pytest.param('controllers2.py', marks=ROW), pytest.param('multitest.py', marks=ROW),
    pytest.param('emptynet.py', marks=ROW), pytest.param('multilink.py', marks=ROW)])
def test_examples_of_mininet_run_unchanged(example):
    out = run_example(example)
    assert re.search(r'Results: 0% dropped \((\d+)/\1 received\)', out), out


MOBILITY = '''
from skep_mininet import SkepSwitch, stand_in
stand_in()
from mininet.examples import mobility

def del_flows(self, *args):
    # The example means OpenFlow 1.0, where a switch without flows asks its controller; 1.3 has a rule for that.
    return SkepSwitch.dpctl(self, *args) + SkepSwitch.dpctl(self, 'add-flow', 'priority=0,actions=CONTROLLER')
mobility.MobilitySwitch.dpctl = del_flows
del mobility.MobilitySwitch.attach          # runs ovs-vsctl; ours does the same by skepd
mobility.setLogLevel('info')
mobility.mobilityTest()
'''


@pytest.mark.skipif(not os.path.isdir(EXAMPLES), reason=f'needs {EXAMPLES}')
def test_a_host_moves_from_switch_to_switch_as_in_the_mobility_example():
    out = shut_up.run(f'python3 - <<"END"\n{MOBILITY}\nEND')
    assert len(re.findall(r'Results: 0% dropped', out)) >= 4 and 'X' not in out, out
