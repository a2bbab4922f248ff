# SPDX-License-Identifier: Apache-2.0
"""Some of each kind of the network tests on the other kernel, where all of them would take an hour: forwarding, tables and counters, groups,
restarts, what breaks around skepd. (Its tunnels, its storms and its upgrades are in the files of those.)"""
import pytest
import shut_up

pytestmark = pytest.mark.skep_only
TESTS = ['test_show_names_ports_and_datapath_id', 'test_aggregate_counts_what_was_forwarded', 'test_mod_flows_keeps_counters',
         'test_each_bucket_changes_its_own_copy', 'test_fast_failover_needs_no_daemon', 'test_a_flow_has_its_bucket',
         'test_groups_outlive_the_daemon', 'test_without_descriptors_for_more_connections', 'test_an_interface_that_is_deleted_and_made_again']


@shut_up.on_another_kernel
def test_the_network_on_another_kernel():
    shut_up.pytest_there(' or '.join(TESTS), len(TESTS))
