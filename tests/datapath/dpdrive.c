// SPDX-License-Identifier: Apache-2.0
/*
 * The datapath's API for tests that build real networks: commands on stdin, one a line, each answered by one line on stdout, "ok [RESULT]" or
 * "error ERRNO MESSAGE".  tests/net/test_tunnels.py runs it in namespaces.
 *
 *   dpdrive PIN_DIR [tcx|clsact]
 *
 * The datapath outlives it, as it does skepd; `dpdrive PIN_DIR teardown` ends it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "datapath/datapath.h"
#include "model/text.h"

static struct dp *dp;
static char err_buf[1024];

/* The words of a command after its name. */
struct words {
	char *w[24];
	unsigned int n;
};

static uint32_t num(const struct words *a, unsigned int i)
{
	return i < a->n ? (uint32_t)strtoul(a->w[i], NULL, 0) : 0;
}

static uint32_t ifindex(const struct words *a, unsigned int i)
{
	return i < a->n ? if_nametoindex(a->w[i]) : 0;
}

static void answer(int err, const char *result)
{
	if (err < 0)
		printf("error %d %s\n", -err, *err_buf ? err_buf : strerror(-err));
	else
		printf("ok %s\n", result);
	fflush(stdout);
}

static int put_address(const char *text, uint8_t *to, bool *ret_is_ipv6)
{
	*ret_is_ipv6 = strchr(text, ':') != NULL;
	return inet_pton(*ret_is_ipv6 ? AF_INET6 : AF_INET, text, to) == 1 ? 0 : -EINVAL;
}

/* One option of a tunnel: "remote=ADDRESS", "df". */
static int tunnel_option(struct dp_tunnel *t, char *word)
{
	char *value = strchr(word, '=');
	bool is_flow, is_inherit;

	if (value)
		*value++ = '\0';
	else
		value = word + strlen(word);
	is_flow = !strcmp(value, "flow");
	is_inherit = !strcmp(value, "inherit");
	if (!strcmp(word, "remote")) {
		t->is_remote_flow = is_flow;
		return is_flow ? 0 : put_address(value, t->remote, &t->is_ipv6);
	}
	if (!strcmp(word, "local")) {
		t->is_local_any = false;
		t->is_local_flow = is_flow;
		return is_flow ? 0 : put_address(value, t->local, &t->is_ipv6);
	}
	if (!strcmp(word, "key")) {
		t->is_key_flow = t->is_out_key_flow = is_flow;
		t->has_key = true;
		t->key = t->out_key = is_flow ? 0 : strtoull(value, NULL, 0);
	} else if (!strcmp(word, "tos")) {
		t->is_tos_inherit = is_inherit;
		t->tos = (uint8_t)strtoul(value, NULL, 0);
	} else if (!strcmp(word, "ttl")) {
		t->is_ttl_inherit = is_inherit;
		t->ttl = (uint8_t)strtoul(value, NULL, 0);
	} else if (!strcmp(word, "csum")) {
		t->has_csum = true;
	} else if (!strcmp(word, "df")) {
		t->is_df = true;
	} else {
		return -EINVAL;
	}
	return 0;
}

/* tunnel BRIDGE PORT DEVICE OPTION... */
static int add_tunnel(const struct words *a)
{
	struct dp_tunnel t = { .is_local_any = true };

	for (unsigned int i = 3; i < a->n; i++) {
		if (tunnel_option(&t, a->w[i])) {
			snprintf(err_buf, sizeof(err_buf), "bad option %s", a->w[i]);
			return -EINVAL;
		}
	}
	return dp_port_add_tunnel(dp, num(a, 0), num(a, 1), ifindex(a, 2), &t, err_buf,
				  sizeof(err_buf));
}

static int add_flow(uint32_t bridge, const char *text)
{
	struct text_error error;
	struct flow_mod fm;
	int err = text_parse_flow_mod(text, FLOW_ADD, NULL, &fm, &error);

	if (err)
		snprintf(err_buf, sizeof(err_buf), "%s", error.message);
	else
		err = dp_flow_mod(dp, bridge, &fm);
	dp_commit(dp);
	return err;
}

static int packet_out(uint32_t bridge, const char *text)
{
	struct text_packet_out po = { .packet = BUF_INIT };
	struct text_error error;
	int err = text_parse_packet_out(text, NULL, &po, &error);

	if (err)
		snprintf(err_buf, sizeof(err_buf), "%s", error.message);
	else
		err = dp_packet_out(dp, bridge, po.in_port, &po.actions, po.packet.data,
				    po.packet.len);
	buf_uninit(&po.packet);
	return err;
}

static void format_drops(struct buf *out)
{
	const char *name;
	uint64_t n;

	for (unsigned int i = 0; (name = dp_drop(dp, i, &n)); i++)
		buf_printf(out, "%s=%llu ", name, (unsigned long long)n);
}

static void format_ports(uint32_t bridge, struct buf *out)
{
	static const char *const kinds[] = { "plain", "tunnel", "patch", "socket" };
	struct dp_port p = { .ofport = 0 };

	for (uint32_t from = 0; dp_port_next(dp, bridge, from, &p); from = p.ofport + 1) {
		buf_printf(out, "%u:%s:%u ", p.ofport, kinds[p.kind], p.ifindex);
		if (p.ofport + 1 == 0 || p.ofport == PORT_LOCAL)
			break;
	}
}

static void format_devices(struct buf *out)
{
	enum dp_device kind;
	uint32_t at;

	for (uint32_t from = 0; dp_device_next(dp, from, &kind, &at); from = at + 1)
		buf_printf(out, "%s:%u ", kind == DP_DEVICE_IO ? "io" : "tunnel", at);
}

static void format_flows(uint32_t bridge, struct buf *out)
{
	struct dp_cursor cursor = { 0 };
	static struct flow_desc flow;

	while (dp_flow_next(dp, bridge, NULL, &cursor, &flow))
		buf_printf(out, "%llx:%llu:%llu ", (unsigned long long)flow.cookie,
			   (unsigned long long)flow.n_packets, (unsigned long long)flow.n_bytes);
}

/* The mark of the socket port just made. */
static int add_socket(const struct words *a, struct buf *out)
{
	struct dp_port p;
	int err = dp_port_add_socket(dp, num(a, 0), num(a, 1), err_buf, sizeof(err_buf));

	if (!err && dp_port_next(dp, num(a, 0), num(a, 1), &p))
		buf_printf(out, "%u", p.mark);
	return err;
}

/* Executes a command that has words only. */
static int execute(const char *name, const struct words *a, struct buf *out)
{
	uint32_t bridge = num(a, 0), ofport = num(a, 1);
	int err = 0;

	if (!strcmp(name, "bridge")) {
		err = dp_bridge_add(dp, a->n ? a->w[0] : "", &bridge);
		buf_printf(out, "%u", bridge);
		return err == -EEXIST ? 0 : err;
	}
	if (!strcmp(name, "port"))
		return dp_port_add(dp, bridge, ofport, ifindex(a, 2), err_buf, sizeof(err_buf));
	if (!strcmp(name, "device"))
		return dp_device_add(dp, strcmp(a->w[0], "io") ? DP_DEVICE_TUNNEL : DP_DEVICE_IO,
				     ifindex(a, 1), err_buf, sizeof(err_buf));
	if (!strcmp(name, "tunnel"))
		return add_tunnel(a);
	if (!strcmp(name, "patch"))
		return dp_port_add_patch(dp, bridge, ofport, err_buf, sizeof(err_buf));
	if (!strcmp(name, "join"))
		return dp_patch_join(dp, bridge, ofport, num(a, 2), num(a, 3));
	if (!strcmp(name, "socket"))
		return add_socket(a, out);
	if (!strcmp(name, "del-port"))
		return dp_port_del(dp, bridge, ofport);
	if (!strcmp(name, "config"))
		return dp_port_set_config(dp, bridge, ofport, num(a, 2));
	if (!strcmp(name, "device-del"))
		dp_device_del(dp, num(a, 0));
	else if (!strcmp(name, "part"))
		dp_patch_part(dp, bridge, ofport);
	else if (!strcmp(name, "frag-drop"))
		dp_bridge_set_frag_drop(dp, bridge, ofport);
	else if (!strcmp(name, "drops"))
		format_drops(out);
	else if (!strcmp(name, "ports"))
		format_ports(bridge, out);
	else if (!strcmp(name, "devices"))
		format_devices(out);
	else if (!strcmp(name, "flows"))
		format_flows(bridge, out);
	else
		err = -ENOSYS;
	return err;
}

static void command(char *line)
{
	struct words a = { .n = 0 };
	struct buf out = BUF_INIT;
	char *name, *rest = line;
	int err;

	line[strcspn(line, "\n")] = '\0';
	*err_buf = '\0';
	name = strsep(&rest, " ");
	if (!strcmp(name, "flow") || !strcmp(name, "packet-out")) {
		char *bridge = strsep(&rest, " ");
		uint32_t b = bridge ? (uint32_t)strtoul(bridge, NULL, 0) : 0;

		err = *name == 'f' ? add_flow(b, rest ? rest : "") : packet_out(b, rest ? rest : "");
	} else {
		while (rest && a.n < sizeof(a.w) / sizeof(a.w[0]))
			a.w[a.n++] = strsep(&rest, " ");
		err = execute(name, &a, &out);
	}
	answer(err, buf_cstr(&out));
	buf_uninit(&out);
}

static int loop(void)
{
	static char line[200000];

	for (;;) {
		struct pollfd p[2] = { { .fd = 0, .events = POLLIN },
				       { .fd = dp_fd(dp), .events = POLLIN } };

		if (poll(p, 2, 500) < 0 && errno != EINTR)
			return 1;
		dp_run(dp, 64);
		if (!p[0].revents)
			continue;
		/* stdin is not buffered, or poll() would not know of a second line. */
		if (!fgets(line, sizeof(line), stdin))
			return 0;
		command(line);
	}
}

int main(int argc, char **argv)
{
	struct dp_config config = { .pin_dir = argc > 1 ? argv[1] : NULL };
	bool adopted;
	int ret;

	setvbuf(stdin, NULL, _IONBF, 0);
	if (argc > 2 && !strcmp(argv[2], "teardown")) {
		if (dp_teardown(argv[1], err_buf, sizeof(err_buf))) {
			fprintf(stderr, "dpdrive: %s\n", err_buf);
			return 1;
		}
		return 0;
	}
	if (argc > 2)
		config.attach = strcmp(argv[2], "clsact") ? DP_ATTACH_TCX : DP_ATTACH_CLSACT;
	if (argc < 2 || dp_open(&config, &dp, &adopted, err_buf, sizeof(err_buf))) {
		fprintf(stderr, "dpdrive: %s\n", argc < 2 ? "no pin directory" : err_buf);
		return 1;
	}
	answer(0, adopted ? "adopted" : "new");
	ret = loop();
	dp_close(dp);
	return ret;
}
