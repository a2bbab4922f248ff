// SPDX-License-Identifier: Apache-2.0
/* The configuration in memory: making, finding, changing; see conf.h.  conf_file.c reads and writes
 * it. */
#include "vswitchd/conf.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/action.h"

struct conf *conf_new(void)
{
	struct conf *conf = calloc(1, sizeof(*conf));

	if (conf)
		TAILQ_INIT(&conf->bridges);
	return conf;
}

void conf_free(struct conf *conf)
{
	struct conf_bridge *br;

	if (!conf)
		return;
	while ((br = TAILQ_FIRST(&conf->bridges)))
		conf_del_bridge(conf, br);
	free(conf->private_key);
	free(conf->certificate);
	free(conf->ca_cert);
	free(conf);
}

static bool clone_string(char **to, const char *from)
{
	*to = from ? strdup(from) : NULL;
	return !from || *to;
}

static bool clone_port(struct conf_bridge *br, const struct conf_port *from)
{
	struct conf_port *port = conf_add_port(br, from->name, from->ofport);

	if (!port)
		return false;
	port->type = from->type;
	port->has_vlan_mode = from->has_vlan_mode;
	port->vlan_mode = from->vlan_mode;
	port->has_tag = from->has_tag;
	port->tag = from->tag;
	port->has_isolated = from->has_isolated;
	port->isolated = from->isolated;
	port->has_redirect_peer = from->has_redirect_peer;
	port->redirect_peer = from->redirect_peer;
	for (unsigned int i = 0; i < CONF_N_OPTIONS; i++)
		if (!clone_string(&port->options[i], from->options[i]))
			return false;
	if (from->trunks) {
		port->trunks = malloc(CONF_TRUNK_WORDS * sizeof(*port->trunks));
		if (!port->trunks)
			return false;
		memcpy(port->trunks, from->trunks, CONF_TRUNK_WORDS * sizeof(*port->trunks));
	}
	return clone_string(&port->netns, from->netns);
}

/* There is always room for a power of two of them: see conf_set_mac(). */
static bool clone_macs(struct conf_bridge *br, const struct conf_bridge *from)
{
	size_t n = 1;

	if (!from->n_macs)
		return true;
	while (n < from->n_macs)
		n *= 2;
	br->macs = malloc(n * sizeof(*br->macs));
	if (!br->macs)
		return false;
	memcpy(br->macs, from->macs, from->n_macs * sizeof(*br->macs));
	br->n_macs = from->n_macs;
	return true;
}

static bool clone_topology(struct conf_bridge *br, const struct conf_bridge *from)
{
	size_t size = from->n_networks * sizeof(*br->networks);

	memcpy(br->topology_host, from->topology_host, sizeof(br->topology_host));
	if (!size)
		return true;
	br->networks = malloc(size);
	if (!br->networks)
		return false;
	memcpy(br->networks, from->networks, size);
	br->n_networks = from->n_networks;
	return true;
}

static bool clone_bridge(struct conf *conf, const struct conf_bridge *from)
{
	struct conf_bridge *br = conf_add_bridge(conf, from->name);
	struct conf_port *port;

	if (!br)
		return false;
	br->has_datapath_id = from->has_datapath_id;
	br->datapath_id = from->datapath_id;
	br->has_hwaddr = from->has_hwaddr;
	memcpy(br->hwaddr, from->hwaddr, sizeof(br->hwaddr));
	for (unsigned int i = 0; i < from->n_controllers; i++)
		if (conf_add_controller(br, from->controllers[i]))
			return false;
	TAILQ_FOREACH (port, &from->ports, node)
		if (!clone_port(br, port))
			return false;
	br->is_standalone = from->is_standalone;
	br->n_aux = from->n_aux;
	br->has_mac_ageing = from->has_mac_ageing;
	br->mac_ageing = from->mac_ageing;
	br->forward_bpdu = from->forward_bpdu;
	return clone_macs(br, from) && clone_topology(br, from);
}

struct conf *conf_clone(const struct conf *from)
{
	struct conf *conf = conf_new();
	struct conf_bridge *br;

	if (!conf)
		return NULL;
	conf->stamp = from->stamp;
	if (from->has_ssl &&
	    conf_set_ssl(conf, from->private_key, from->certificate, from->ca_cert))
		goto fail;
	TAILQ_FOREACH (br, &from->bridges, node)
		if (!clone_bridge(conf, br))
			goto fail;
	return conf;
fail:
	conf_free(conf);
	return NULL;
}

struct conf_bridge *conf_find_bridge(const struct conf *conf, const char *name)
{
	struct conf_bridge *br;

	TAILQ_FOREACH (br, &conf->bridges, node)
		if (!strcmp(br->name, name))
			return br;
	return NULL;
}

struct conf_port *conf_find_port(const struct conf_bridge *br, const char *name)
{
	struct conf_port *port;

	TAILQ_FOREACH (port, &br->ports, node)
		if (!strcmp(port->name, name))
			return port;
	return NULL;
}

struct conf_port *conf_find_ofport(const struct conf_bridge *br, uint32_t ofport)
{
	struct conf_port *port;

	TAILQ_FOREACH (port, &br->ports, node)
		if (port->ofport == ofport)
			return port;
	return NULL;
}

struct conf_bridge *conf_find_bridge_of_port(const struct conf *conf, const char *name)
{
	struct conf_bridge *br;

	TAILQ_FOREACH (br, &conf->bridges, node)
		if (conf_find_port(br, name))
			return br;
	return NULL;
}

static void copy_name(char dst[CONF_NAME_SIZE], const char *src)
{
	size_t len = strnlen(src, CONF_NAME_SIZE - 1);

	memcpy(dst, src, len);
	dst[len] = '\0';
}

struct conf_bridge *conf_add_bridge(struct conf *conf, const char *name)
{
	struct conf_bridge *br = calloc(1, sizeof(*br));

	if (!br)
		return NULL;
	copy_name(br->name, name);
	TAILQ_INIT(&br->ports);
	TAILQ_INSERT_TAIL(&conf->bridges, br, node);
	return br;
}

static uint32_t lowest_free_ofport(const struct conf_bridge *br)
{
	for (uint32_t n = 1; n <= PORT_NO_MAX; n++)
		if (!conf_find_ofport(br, n))
			return n;
	return 0;
}

struct conf_port *conf_add_port(struct conf_bridge *br, const char *name, uint32_t ofport)
{
	struct conf_port *port;

	if (!ofport)
		ofport = lowest_free_ofport(br);
	if (!ofport)
		return NULL;
	port = calloc(1, sizeof(*port));
	if (!port)
		return NULL;
	copy_name(port->name, name);
	port->ofport = ofport;
	TAILQ_INSERT_TAIL(&br->ports, port, node);
	return port;
}

void conf_del_port(struct conf_bridge *br, struct conf_port *port)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < br->n_macs; i++)
		if (strcmp(br->macs[i].port, port->name) != 0)
			br->macs[n++] = br->macs[i];
	br->n_macs = n;
	TAILQ_REMOVE(&br->ports, port, node);
	for (unsigned int i = 0; i < CONF_N_OPTIONS; i++)
		free(port->options[i]);
	free(port->netns);
	free(port->trunks);
	free(port);
}

void conf_del_bridge(struct conf *conf, struct conf_bridge *br)
{
	struct conf_port *port;

	free(br->networks);
	free(br->macs);
	br->macs = NULL;
	br->n_macs = 0;
	while ((port = TAILQ_FIRST(&br->ports)))
		conf_del_port(br, port);
	conf_clear_controllers(br);
	TAILQ_REMOVE(&conf->bridges, br, node);
	free(br);
}

int conf_add_controller(struct conf_bridge *br, const char *address)
{
	char *copy;

	if (br->n_controllers == CONF_CONTROLLERS_MAX)
		return -E2BIG;
	for (unsigned int i = 0; i < br->n_controllers; i++)
		if (!strcmp(br->controllers[i], address))
			return -EEXIST;
	copy = strdup(address);
	if (!copy)
		return -ENOMEM;
	br->controllers[br->n_controllers++] = copy;
	return 0;
}

void conf_clear_controllers(struct conf_bridge *br)
{
	while (br->n_controllers)
		free(br->controllers[--br->n_controllers]);
}

static struct conf_mac *find_mac(const struct conf_bridge *br, const uint8_t mac[6], uint16_t vlan)
{
	for (unsigned int i = 0; i < br->n_macs; i++)
		if (br->macs[i].vlan == vlan && !memcmp(br->macs[i].mac, mac, 6))
			return &br->macs[i];
	return NULL;
}

int conf_set_mac(struct conf_bridge *br, const uint8_t mac[6], uint16_t vlan, const char *port)
{
	struct conf_mac *m = find_mac(br, mac, vlan), *bigger;

	if (!m) {
		if (br->n_macs == CONF_MACS_MAX)
			return -E2BIG;
		/* The array grows at powers of two. */
		if (!(br->n_macs & (br->n_macs - 1))) {
			bigger = realloc(br->macs, (br->n_macs ? 2 * br->n_macs : 1) * sizeof(*m));
			if (!bigger)
				return -ENOMEM;
			br->macs = bigger;
		}
		m = &br->macs[br->n_macs++];
		memcpy(m->mac, mac, sizeof(m->mac));
		m->vlan = vlan;
	}
	copy_name(m->port, port);
	return 0;
}

int conf_del_mac(struct conf_bridge *br, const uint8_t mac[6], uint16_t vlan)
{
	struct conf_mac *m = find_mac(br, mac, vlan);

	if (!m)
		return -ENOENT;
	*m = br->macs[--br->n_macs];
	return 0;
}

int conf_set_ssl(struct conf *conf, const char *private_key, const char *certificate,
		 const char *ca_cert)
{
	char *copies[3] = { NULL, NULL, NULL };
	bool has_ssl = private_key && certificate && ca_cert;

	if (has_ssl) {
		copies[0] = strdup(private_key);
		copies[1] = strdup(certificate);
		copies[2] = strdup(ca_cert);
		if (!copies[0] || !copies[1] || !copies[2]) {
			for (int i = 0; i < 3; i++)
				free(copies[i]);
			return -ENOMEM;
		}
	}
	free(conf->private_key);
	free(conf->certificate);
	free(conf->ca_cert);
	conf->has_ssl = has_ssl;
	conf->private_key = copies[0];
	conf->certificate = copies[1];
	conf->ca_cert = copies[2];
	return 0;
}

bool conf_name_is_valid(const char *name)
{
	size_t len = strnlen(name, CONF_NAME_SIZE);

	if (!len || len == CONF_NAME_SIZE || name[0] == '.' || name[0] == '-')
		return false;
	for (const char *p = name; *p; p++)
		if (*p == '/' || *p == ':' || *p == '%' || isspace((unsigned char)*p) ||
		    iscntrl((unsigned char)*p))
			return false;
	return true;
}

bool conf_parse_datapath_id(const char *s, uint64_t *ret)
{
	size_t len;
	uint64_t id;

	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X'))
		s += 2;
	len = strlen(s);
	if (!len || len > 16 || strspn(s, "0123456789abcdefABCDEF") != len)
		return false;
	id = strtoull(s, NULL, 16);
	if (!id)
		return false;
	*ret = id;
	return true;
}

bool conf_parse_fail_mode(const char *s, bool *ret_is_standalone)
{
	bool is_standalone = !strcmp(s, "standalone");

	if (!is_standalone && strcmp(s, "secure") != 0)
		return false;
	*ret_is_standalone = is_standalone;
	return true;
}

bool conf_topology_name_is_valid(const char *name)
{
	size_t len = strnlen(name, CONF_TOPOLOGY_NAME_SIZE);

	for (const char *p = name; *p; p++)
		if (isspace((unsigned char)*p) || iscntrl((unsigned char)*p))
			return false;
	return len && len < CONF_TOPOLOGY_NAME_SIZE;
}

bool conf_parse_address(const char *s, uint8_t ret[16], bool *ret_is_ipv6)
{
	uint8_t a[16] = { 0 };
	bool is_ipv6 = strchr(s, ':');

	if (inet_pton(is_ipv6 ? AF_INET6 : AF_INET, s, a) != 1)
		return false;
	memcpy(ret, a, sizeof(a));
	*ret_is_ipv6 = is_ipv6;
	return true;
}

const char *conf_address_fault(const uint8_t a[16], bool is_ipv6)
{
	static const uint8_t zero[16];

	if (is_ipv6 ? a[0] == 0xff : a[0] >= 224)
		return "is a multicast address";
	return memcmp(a, zero, sizeof(zero)) ? NULL : "is nobody's address";
}

bool conf_same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

bool conf_parse_mac(const char *s, uint8_t ret[6])
{
	unsigned int a[6];
	int n = 0;

	if (s[strspn(s, "0123456789abcdefABCDEF:")] ||
	    sscanf(s, "%2x:%2x:%2x:%2x:%2x:%2x%n", &a[0], &a[1], &a[2], &a[3], &a[4], &a[5], &n) !=
		    6 ||
	    s[n])
		return false;
	for (int i = 0; i < 6; i++)
		ret[i] = (uint8_t)a[i];
	return true;
}

void conf_hidden_name(const char *name, char ret[CONF_NAME_SIZE])
{
	uint32_t hash = 2166136261u; /* FNV-1a, for names that are too long for the suffix */

	if (strlen(name) + 4 <= CONF_NAME_SIZE) {
		snprintf(ret, CONF_NAME_SIZE, "%.12s-dp", name);
		return;
	}
	for (const char *p = name; *p; p++)
		hash = (hash ^ (uint8_t)*p) * 16777619u;
	snprintf(ret, CONF_NAME_SIZE, "%.6s-%05x-dp", name, (unsigned int)(hash & 0xfffff));
}
