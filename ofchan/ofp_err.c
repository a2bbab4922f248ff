// SPDX-License-Identifier: Apache-2.0
/* OpenFlow's errors: numbers and names; see ofp_err.h. */
#include "ofchan/ofp_err.h"

#include <stddef.h>
#include <string.h>

#include "ofchan/ofp13.h"

/* The upper half of an error of one of the experimenters that we know, and of all else that has no place of its own. */
enum { HI_ONF = 0xffff, HI_NX = 0xfffe, HI_UNKNOWN = 0xfffd };

enum ofp_err ofp_err_make(uint16_t type, uint16_t code, uint32_t experimenter)
{
	uint32_t hi = type + 1u;

	if (type == OFPET_EXPERIMENTER && experimenter == ONF_EXPERIMENTER_ID)
		hi = HI_ONF;
	else if (type == OFPET_EXPERIMENTER && experimenter == NX_EXPERIMENTER_ID)
		hi = HI_NX;
	else if (hi > HI_UNKNOWN)
		hi = HI_UNKNOWN;
	return (enum ofp_err)(hi << 16 | code);
}

uint16_t ofp_err_type(enum ofp_err err)
{
	uint16_t hi = (uint16_t)((uint32_t)err >> 16);

	return hi >= HI_NX ? OFPET_EXPERIMENTER : (uint16_t)(hi - 1);
}

uint32_t ofp_err_experimenter(enum ofp_err err)
{
	return (uint32_t)err >> 16 == HI_NX ? NX_EXPERIMENTER_ID : ONF_EXPERIMENTER_ID;
}

uint16_t ofp_err_code(enum ofp_err err)
{
	return (uint16_t)err;
}

const char *ofp_err_name(enum ofp_err err)
{
	switch (err) {
	case OFP_OK:
		return "OK";
#define X(NAME, TYPE, CODE)                                                                        \
	case NAME:                                                                                 \
		return #NAME;
		OFP_ERR_TABLE(X)
#undef X
#define X(NAME, CODE)                                                                              \
	case NAME:                                                                                 \
		return #NAME;
		OFP_ERR_NX_TABLE(X)
#undef X
	}
	return NULL;
}

const char *ofp_err_type_name(uint16_t type)
{
	switch (type) {
#define X(NAME, NUM)                                                                               \
	case NUM:                                                                                  \
		return "OFPET_" #NAME;
		OFP_ERR_TYPE_TABLE(X)
#undef X
	default:
		return NULL;
	}
}

enum ofp_err ofp_err_from_name(const char *name)
{
	static const struct {
		const char *name;
		enum ofp_err err;
	} table[] = {
#define X(NAME, TYPE, CODE) { #NAME, NAME },
		OFP_ERR_TABLE(X)
#undef X
#define X(NAME, CODE) { #NAME, NAME },
		OFP_ERR_NX_TABLE(X)
#undef X
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (!strcmp(table[i].name, name))
			return table[i].err;
	}
	return OFP_OK;
}
