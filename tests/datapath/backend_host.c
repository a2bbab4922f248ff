// SPDX-License-Identifier: Apache-2.0
/* The host build of the pipeline, on maps in memory; see backend_dp.h. */
#include <stdio.h>

#include "tests/datapath/backend_dp.h"

static struct dp_backend host;

static int host_start(void)
{
	struct dp_config config = { .attach = DP_ATTACH_NONE, .n_rules = 4096 };

	return dp_backend_open(&host, &config);
}

static void host_stop(void)
{
	dp_close(host.dp);
	host.dp = NULL;
}

static int host_reset(const struct backend_config *config)
{
	char err_buf[256];

	/* Any number is an interface here. */
	for (unsigned int i = 0; i < config->n_ports; i++) {
		int err = dp_port_add(host.dp, host.bridge, config->ports[i].ofport, 100 + i, err_buf,
				      sizeof(err_buf));

		if (err) {
			fprintf(stderr, "host: %s\n", err_buf);
			return err;
		}
		dp_port_set_live(host.dp, host.bridge, config->ports[i].ofport, true);
	}
	return dp_backend_reset(&host, config);
}

static int host_flow_mod(const struct flow_mod *fm)
{
	return dp_backend_flow_mod(&host, fm);
}

static int host_group_mod(const struct group_mod *gm)
{
	return dp_backend_group_mod(&host, gm);
}

static int host_meter_mod(const struct meter_mod *mm)
{
	return dp_backend_meter_mod(&host, mm);
}

static int host_set_port(uint32_t ofport, uint32_t config)
{
	return dp_backend_set_port(&host, ofport, config);
}

static int host_run(uint32_t in_port, const uint8_t *frame, size_t len, struct oracle_result *r)
{
	int err;

	dp_backend_begin(&host, r);
	err = dp_inject(host.dp, host.bridge, in_port, frame, len);
	dp_backend_end(&host, r);
	return err;
}

static int host_packet_out(uint32_t in_port, const struct action_list *list, const uint8_t *frame,
			   size_t len, struct oracle_result *r)
{
	int err;

	dp_backend_begin(&host, r);
	err = dp_packet_out(host.dp, host.bridge, in_port, list, frame, len);
	dp_backend_end(&host, r);
	return err;
}

static int host_fdb_set(const struct oracle_fdb_entry *entry)
{
	return dp_backend_fdb_set(&host, entry);
}

static int host_fdb_del(uint16_t vlan, const uint8_t mac[6])
{
	return dp_fdb_del(host.dp, host.bridge, vlan, mac);
}

static void host_fdb_flush(uint32_t ofport)
{
	dp_fdb_flush(host.dp, host.bridge, ofport);
}

static unsigned int host_fdb_dump(struct oracle_fdb_entry *ret, unsigned int size)
{
	return dp_backend_fdb_dump(&host, ret, size);
}

const struct backend backend_host = {
	.name = "host",
	.start = host_start,
	.stop = host_stop,
	.reset = host_reset,
	.add = host_flow_mod,
	.del_strict = host_flow_mod,
	.group_mod = host_group_mod,
	.meter_mod = host_meter_mod,
	.set_port = host_set_port,
	.run = host_run,
	.packet_out = host_packet_out,
	.fdb_set = host_fdb_set,
	.fdb_del = host_fdb_del,
	.fdb_flush = host_fdb_flush,
	.fdb_dump = host_fdb_dump,
};
