# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the network tests. CF_DRIVER may name another switch's driver: what is plain OpenFlow runs against that too."""
import os
import shutil

import pytest
import skepnet


def pytest_collection_modifyitems(items):
    missing = []
    if os.geteuid() != 0:
        missing.append('root')
    missing += [tool for tool in ('ip', 'nsenter', 'ovs-ofctl', 'ovs-testcontroller', 'ping', 'ethtool', 'ss', 'iperf3')
                if not shutil.which(tool)]
    for item in items:
        if missing:
            item.add_marker(pytest.mark.skip(reason=f'needs {", ".join(missing)}'))
        elif item.get_closest_marker('skep_only') and not skepnet.IS_SKEP:
            item.add_marker(pytest.mark.skip(reason='says something of skep alone'))


def pytest_configure(config):
    config.addinivalue_line('markers', 'skep_only: not plain OpenFlow')


def pytest_unconfigure():
    # After the last fixture's end, which still needs the namespaces.
    if os.geteuid() == 0:
        skepnet.sweep()


@pytest.fixture
def make_switch(tmp_path):
    """Makes switches (skepnet.Switch) that are taken down after the test."""
    made = []

    def make(**kwargs):
        folder = tmp_path / f's{len(made)}'
        made.append(skepnet.Switch(folder, **kwargs))
        return made[-1]
    yield make
    for switch in made:
        switch.close()


@pytest.fixture
def switch(make_switch):
    """A running switch with three Wires."""
    it = make_switch()
    it.wire_ports()
    return it.start()


@pytest.fixture(scope='module')
def shared_switch(tmp_path_factory):
    it = skepnet.Switch(tmp_path_factory.mktemp('shared'))
    try:
        it.wire_ports()
        yield it.start()
    finally:
        it.close()


@pytest.fixture
def sw(shared_switch):
    """The module's switch with three Wires, its tables empty."""
    shared_switch.ofctl('del-flows')
    for wire in shared_switch.wires.values():
        wire.drain()
    return shared_switch


@pytest.fixture(scope='session')
def pki(tmp_path_factory):
    """A folder with cacert.pem, and privkey and cert of 'sw', 'ctl' and, signed by another authority, 'other'."""
    folder = tmp_path_factory.mktemp('pki')
    for ca, names in (('ca', ('sw', 'ctl')), ('otherca', ('other',))):
        skepnet.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '400',
                     '-subj', f'/CN={ca}', '-keyout', folder / f'{ca}key.pem', '-out', folder / f'{ca}cert.pem'])
        for name in names:
            skepnet.sign(folder, name, 399, ca)
    return folder
