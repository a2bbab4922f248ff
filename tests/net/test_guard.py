# SPDX-License-Identifier: Apache-2.0
"""Others meddle with the switch's programs: it notices, repairs, says so once, and counts. (Filters of kernels without tcx: tests/other-kernel.)"""
import ctypes
import json
import os
import re
import struct

import pytest
from skepnet import run, wait_until

pytestmark = pytest.mark.skep_only
BPF_PROG_LOAD, BPF_LINK_CREATE, SYS_bpf = 5, 28, {'x86_64': 321, 'aarch64': 280}[os.uname().machine]
TCX_INGRESS, BPF_F_BEFORE = 46, 8


def bpf(command, attr):
    buf = ctypes.create_string_buffer(attr, 144)
    fd = ctypes.CDLL(None, use_errno=True).syscall(SYS_bpf, command, buf, len(buf))
    if fd < 0:
        raise OSError(ctypes.get_errno(), f'bpf({command})')
    return fd


def attach_first(ifindex):
    """A program that passes everything on, before all others. Returns its link."""
    code = struct.pack('<BBhi', 0xb7, 0, 0, -1) + struct.pack('<BBhi', 0x95, 0, 0, 0)     # r0 = TCX_NEXT; exit
    insns, licence = ctypes.create_string_buffer(code), ctypes.create_string_buffer(b'GPL')
    prog = bpf(BPF_PROG_LOAD, struct.pack('=IIQQ', 3, 2, ctypes.addressof(insns), ctypes.addressof(licence)))
    try:
        return bpf(BPF_LINK_CREATE, struct.pack('=IIIIIIQ', prog, ifindex, TCX_INGRESS, BPF_F_BEFORE, 0, 0, 0))
    finally:
        os.close(prog)


@pytest.fixture
def switch(make_switch):
    switch = make_switch()
    switch.host_ports()
    switch.start()
    if 'attach: tcx' not in switch.skepctl('show').stdout:
        pytest.skip('this kernel has no tcx')
    switch.skepctl('add-flow', 'br0', 'in_port=1,actions=output:2')
    switch.skepctl('add-flow', 'br0', 'in_port=2,actions=output:1')
    return switch


def ifindex(switch, port):
    return json.loads(switch.ns.run(['ip', '-j', 'link', 'show', switch.port_name(port)]).stdout)[0]['ifindex']


def test_a_program_that_somebody_took_off_is_put_back(switch):
    switch.ping(1, 2)
    for i in range(1, 4):
        os.unlink(f'{switch.dir}/bpf/skep/links/{ifindex(switch, 1)}')
        wait_until(lambda n=i: f'repaired: {n}\n' in switch.skepctl('show').stdout, what='the repair')
        switch.ping(1, 2)
    assert switch.log().count("somebody took the switch's program off; it is attached again") == 1
    # The next skepd finds what it looks for.
    switch.kill9()
    switch.start_daemon()
    switch.ping(1, 2)
    assert 'repaired' not in switch.skepctl('show').stdout


def test_a_program_that_comes_first_is_told_of(switch):
    with switch.ns.entered():
        link = attach_first(ifindex(switch, 1))
    try:
        wait_until(lambda: 'ports with another program first: 1' in switch.skepctl('show').stdout, what='the report')
        assert 'another program comes before' in switch.log()
        switch.ping(1, 2)
    finally:
        os.close(link)
    wait_until(lambda: 'another program first' not in switch.skepctl('show').stdout, what='its end')
    assert 'repaired' not in switch.skepctl('show').stdout


def pins(switch):
    """Names below the datapath's folder."""
    return sorted(f'{os.path.basename(folder)}/{name}' for folder, _, names in os.walk(f'{switch.dir}/bpf/skep') for name in names)


def is_adopted_when_killed(switch):
    switch.kill9()
    switch.ping(1, 2)
    switch.start_daemon()
    assert len(switch.flows()) == 2
    switch.ping(1, 2)


@pytest.mark.parametrize('what', ['maps', 'links', ''])
def test_pins_that_somebody_removed_are_made_again(switch, what):
    before = pins(switch)
    run(['rm', '-rf', f'{switch.dir}/bpf/skep/{what}'])
    wait_until(lambda: pins(switch) == before, what='the pins')
    switch.ping(1, 2)
    assert 'the pins were not there any more; they are made again' in switch.log() or what == 'links'
    is_adopted_when_killed(switch)


def test_a_file_system_mounted_over_the_pins_gets_them_and_so_does_the_one_beneath_it(switch):
    before = pins(switch)
    run(['mount', '-t', 'bpf', 'none', f'{switch.dir}/bpf'])
    try:
        wait_until(lambda: pins(switch) == before, what='the pins')
        switch.ping(1, 2)
        is_adopted_when_killed(switch)
    finally:
        run(['umount', '-l', f'{switch.dir}/bpf'])
    wait_until(lambda: pins(switch) == before, what='the pins in the first place')
    is_adopted_when_killed(switch)


def test_the_verifier_has_patience_left(switch):
    verified, = re.findall(r'verified: (\d+) instructions', switch.skepctl('show').stdout)
    assert 100_000 < int(verified) < 700_000
