# SPDX-License-Identifier: Apache-2.0
"""Certificates while skepd runs: renewed on disk, spoiled on disk, about to expire."""
import shutil
import subprocess

import pytest

from skepnet import sign, wait_until

pytestmark = pytest.mark.skep_only


def client(switch, pki):
    """A controller that connects and says nothing."""
    return subprocess.Popen(switch.ns.cmd(['timeout', '60', 'openssl', 's_client', '-connect', '127.0.0.1:6653', '-cert',
                                           pki / 'ctl-cert.pem', '-key', pki / 'ctl-privkey.pem', '-CAfile', pki / 'cacert.pem']),
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def subject(switch, pki):
    """The name in the certificate that a new connection is shown."""
    out = client(switch, pki).communicate('', timeout=30)[0]
    return next(line for line in out.splitlines() if line.startswith('subject=')).split('CN')[1].strip(' =')


def connections(switch):
    listeners = switch.json('show')['bridges'][0]['listeners']
    return next(it.get('connections', 0) for it in listeners if it['target'].startswith('pssl:'))


def test_files_that_change_are_read_again_and_an_end_that_is_near_is_told(make_switch, pki, tmp_path):
    key, cert = tmp_path / 'key.pem', tmp_path / 'cert.pem'

    def put(name, days):
        for source, target in zip(sign(tmp_path, name, days, 'ca', pki), (key, cert)):
            shutil.copy(source, target)
    put('first', 6)
    switch = make_switch(ctl='pssl:6653:127.0.0.1')
    switch.ssl = [str(key), str(cert), str(pki / 'cacert.pem')]
    switch.start()
    wait_until(lambda: 'the certificate expires in 5 days' in switch.log(), what='the warning')
    assert 'warning: the certificate is about to expire' in switch.skepctl('show').stdout
    assert 'renewed' not in switch.skepctl('show').stdout
    assert 5 * 86400 < switch.json('show')['ssl']['expires_in_s'] <= 6 * 86400
    old = client(switch, pki)
    try:
        wait_until(lambda: connections(switch) == 1, what='a connection')
        # Half of a file, as of somebody who writes it in place.
        half = cert.read_text()[:300]
        cert.write_text(half)
        wait_until(lambda: 'the files read before stay in force' in switch.log(), what='the complaint')
        assert 'PEM certificate' in switch.json('show')['ssl']['error']
        assert subject(switch, pki) == 'first'
        put('second', 90)
        wait_until(lambda: switch.json('show')['ssl']['renewed'] == 1, what='the renewal')
        assert subject(switch, pki) == 'second'
        text = switch.skepctl('show').stdout
        assert 'renewed: 1' in text and 'about to expire' not in text and 'error' not in switch.json('show')['ssl']
        # The connection from before goes on.
        assert old.poll() is None and connections(switch) == 1
        # Each was said once.
        for line in ('the certificate expires in', 'stay in force', 'was renewed'):
            assert switch.log().count(line) == 1, switch.log()
    finally:
        old.kill()
        old.communicate()


def test_files_that_were_missing_at_the_start_are_read_when_they_are_there(make_switch, pki, tmp_path):
    key, cert = sign(tmp_path, 'late', 90, 'ca', pki)
    switch = make_switch(ctl='pssl:6653:127.0.0.1')
    switch.ssl = [str(key), str(cert), str(pki / 'cacert.pem')]
    switch.start()
    cert.rename(tmp_path / 'away')
    switch.end_daemon()
    daemon = switch.start_daemon()
    try:
        assert 'cannot read the certificate' in switch.json('show')['ssl']['error']
        (tmp_path / 'away').rename(cert)
        wait_until(lambda: 'error' not in switch.json('show')['ssl'], what='the files are read')
        assert subject(switch, pki) == 'late'
    finally:
        switch.end_daemon()
        daemon.wait()
