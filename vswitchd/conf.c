// SPDX-License-Identifier: Apache-2.0
/* The configuration in memory: making, finding, changing; see conf.h.  conf_file.c reads and writes
 * it. */
#include "vswitchd/conf.h"

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
		if (!conf_add_port(br, port->name, port->ofport))
			return false;
	return true;
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
	TAILQ_REMOVE(&br->ports, port, node);
	free(port);
}

void conf_del_bridge(struct conf *conf, struct conf_bridge *br)
{
	struct conf_port *port;

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
