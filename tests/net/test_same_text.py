# SPDX-License-Identifier: Apache-2.0
"""skepctl prints of a bridge what ovs-ofctl prints of it, and takes what that prints."""
import re

import pytest
from skepnet import build_dir, wait_until

pytestmark = pytest.mark.skep_only


def of_ofctl(sw, *command):
    return normal(sw.ofctl(*command).stdout)


def of_skepctl(sw, command, *args):
    return normal(sw.skepctl(command, 'br0', *args).stdout)


def normal(text):
    """Without what differs between two times of asking."""
    text = re.sub(r'^\d{4}-.*\|INFO\|.*\n', '', text, flags=re.M)     # ovs-ofctl's opinion of set_mpls_ttl
    return re.sub(r'(duration[:=])[0-9.]+s', r'\1', re.sub(r'xid=0x[0-9a-f]+', 'xid', text))


def same(sw, *command):
    ours = of_skepctl(sw, *command)
    assert ours == of_ofctl(sw, *command)
    return ours


FLOWS = ('cookie=1,mpls,mpls_label=5,mpls_tc=3,mpls_bos=1,in_port=1,actions=set_field:4->mpls_label,dec_mpls_ttl,set_mpls_ttl:5,'
         'pop_mpls:0x0800,output:2',
         'cookie=2,priority=7,ip,actions=push_mpls:0x8848,set_field:10->mpls_label,set_field:2->mpls_tc,output:2',
         'cookie=3,in_port=2,actions=set_queue:5,output:1,write_actions(set_queue:7,output:3),goto_table:9')


def test_flows_with_labels_and_queues(sw):
    for flow in FLOWS:
        sw.skepctl('add-flow', 'br0', flow)
    text = same(sw, 'dump-flows')
    assert text.count('cookie=') == len(FLOWS) and 'set_mpls_ttl(5)' in text and 'push_mpls:0x8848' in text
    # What is printed is taken again.
    lines = [re.sub(r'duration=,|n_packets=\d+,|n_bytes=\d+,', '', line) for line in text.splitlines()[1:]]
    sw.skepctl('del-flows', 'br0')
    sw.skepctl('add-flows', 'br0', '-', stdin='\n'.join(lines) + '\n')
    assert sorted(of_ofctl(sw, 'dump-flows').splitlines()) == sorted(text.splitlines())


def test_fields_that_ovs_ofctl_lacks(sw):
    sw.skepctl('add-flow', 'br0', 'dl_type=0x88e7,pbb_isid=0x500/0xff00,in_port=1,in_phy_port=1,actions=set_field:6->pbb_isid,pop_pbb,output:2')
    sw.skepctl('add-flow', 'br0', 'ipv6,ipv6_exthdr=0x100/0x108,actions=copy_ttl_out,push_pbb:0x88e7,copy_ttl_in,output:2')
    flows = {f['priority']: f for f in sw.json('dump-flows', 'br0', 'ipv6')}
    assert flows[32768]['match'] == {'eth_type': '0x86dd', 'ipv6_exthdr': '0x100/0x108'}
    text = sw.skepctl('dump-flows', 'br0').stdout
    assert 'in_port=1,in_phy_port=1,dl_type=0x88e7,pbb_isid=0x500/0xff00 actions=set_field:6->pbb_isid,pop_pbb,output:2' in text
    assert 'ipv6,ipv6_exthdr=0x100/0x108 actions=copy_ttl_out,push_pbb:0x88e7,copy_ttl_in,output:2' in text


def test_queues(sw):
    assert re.search(r'xid\): \d+ queues\n', same(sw, 'queue-stats'))
    same(sw, 'queue-stats', '1')
    assert 'OFPT_QUEUE_GET_CONFIG_REPLY' in same(sw, 'queue-get-config', '1')


METERS = ('meter=1,kbps,burst,stats,bands=type=drop,rate=1000,burst_size=10',
          'meter=2 pktps bands=type=drop rate=1000 type=dscp_remark rate=500 prec_level=1',
          'meter=controller pktps bands=type=drop rate=700')


def delete_meters(sw):
    sw.skepctl('del-meters', 'br0')
    sw.skepctl('del-meter', 'br0', 'meter=controller')  # is deleted by its name alone


@pytest.fixture
def metered(sw):
    sw.skepctl('add-meters', 'br0', '-', stdin='\n'.join(METERS) + '\n')
    yield sw
    delete_meters(sw)


def test_meters(metered):
    sw = metered
    sw.skepctl('add-flow', 'br0', 'in_port=1,actions=meter:1,output:2')
    assert 'actions=meter:1,output:2' in same(sw, 'dump-flows')
    text = same(sw, 'dump-meters')
    assert 'meter=1 kbps burst stats bands=\ntype=drop rate=1000 burst_size=10\n' in text
    assert re.search(r'^meter:1 flow_count:1 packet_in_count:\d+ ', same(sw, 'meter-stats'), re.M)
    same(sw, 'dump-meters', 'meter=2')
    same(sw, 'meter-stats', 'meter=2')
    assert 'band_types: drop dscp_remark\n' in same(sw, 'meter-features')
    # What is printed is taken again.
    delete_meters(sw)
    assert 'meter=' not in same(sw, 'dump-meters') and sw.flows() == []
    sw.skepctl('add-meters', 'br0', '-', stdin='\n'.join(m.replace('\n', ' ') for m in text.split('\n', 1)[1].split('\n\n')) + '\n')
    assert of_ofctl(sw, 'dump-meters') == text


def test_meters_are_changed_and_refused(metered):
    sw = metered
    sw.skepctl('mod-meter', 'br0', 'meter=2,kbps,bands=type=drop,rate=5')
    assert of_ofctl(sw, 'dump-meter', 'meter=2').endswith('meter=2 kbps bands=\ntype=drop rate=5\n')
    sw.skepctl('del-meter', 'br0', 'meter=2')
    for args, words in ((('add-meter', 'br0', METERS[0]), f'refused: OFPMMFC_METER_EXISTS: {METERS[0]}'),
                        (('mod-meter', 'br0', 'meter=2,kbps,bands=type=drop,rate=5'), 'refused: OFPMMFC_UNKNOWN_METER'),
                        (('add-flow', 'br0', 'actions=meter:2,output:1'), 'refused: OFPMMFC_UNKNOWN_METER')):
        done = sw.skepctl(*args, check=False)
        assert done.returncode == 1 and words in done.stderr, done.stderr


def test_monitor_names_labels_and_i_tags(sw, tmp_path):
    log = tmp_path / 'monitor'
    monitor = sw.ns.popen([f'{build_dir()}/utils/skepctl', '--rundir', sw.dir, 'monitor', 'br0'], log)
    try:
        sw.skepctl('add-flow', 'br0', 'actions=CONTROLLER:65535')
        macs = bytes.fromhex('020000000002' '020000000001')

        def is_printed(frame, words):
            sw.wires[1].send(frame)
            return words in log.read_text()
        for frame, words in ((macs + bytes.fromhex('8847' '00005740') + b'x' * 60, 'mpls_label=5,mpls_tc=3,mpls_bos=1\n'),
                             (macs + bytes.fromhex('88e7' '00abcdef') + macs + b'\x88\xb5' + b'x' * 60, 'pbb_isid=11259375\n')):
            wait_until(lambda frame=frame, words=words: is_printed(frame, words), what=words)
    finally:
        monitor.kill()
        monitor.wait()
