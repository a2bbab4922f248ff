// SPDX-License-Identifier: Apache-2.0
/* The header fields of a frame: docs/semantics.md, paragraph by paragraph, with bytes written by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/oracle/hex.h"
#include "tests/oracle/parse.h"

struct parse_case {
	const char *title;
	const char *frame;  /* behind the addresses */
	const char *fields; /* all that are present but eth_dst and eth_src */
};

/* 20 bytes of IPv4 from 10.0.0.1 to 10.0.0.2, with these version, TOS, total length, fragment word, protocol. */
#define IP4(V, TOS, LEN, FRAG, PROTO) V TOS LEN "0001" FRAG "40" PROTO "0000 0a000001 0a000002"
#define ADDR4			      " ipv4_src=0a000001 ipv4_dst=0a000002"
#define TCP			      "04d20050 00000001 00000002 50022000 00000000"
/* 40 bytes of IPv6 from ::1 to ::2, with these first word, payload length and next header. */
#define IP6(WORD, LEN, NEXT)                                                                        \
	WORD LEN NEXT "40 00000000000000000000000000000001 00000000000000000000000000000002"
#define ADDR6                                                                                       \
	" ipv6_src=00000000000000000000000000000001 ipv6_dst=00000000000000000000000000000002"
#define L3_6(PROTO)                                                                                 \
	"eth_type=86dd vlan_vid=0000 ip_dscp=00 ip_ecn=00 ip_proto=" PROTO ADDR6 " ipv6_flabel=000000"
#define TARGET	"fe800000000000000000000000000099"
#define ARP	"0001 0800 06 04 0002 020000000001 0a000001 020000000002 0a000002"
#define HBH(NEXT)  NEXT "00000000000000"
#define TAG(N)	"8100" N
#define TAGS7	TAG("0002") TAG("0003") TAG("0004") TAG("0005") TAG("0006") TAG("0007") TAG("0008")

static const struct parse_case vlan_cases[] = {
	{ "the smallest frame", "88b5", "eth_type=88b5 vlan_vid=0000" },
	{ "a tag", "8100 a123 88b5", "eth_type=88b5 vlan_vid=1123 vlan_pcp=05" },
	{ "a service tag, DEI is no field", "88a8 1fff 88b5", "eth_type=88b5 vlan_vid=1fff vlan_pcp=00" },
	{ "a priority tag has a vlan_vid", "8100 e000 88b5", "eth_type=88b5 vlan_vid=1000 vlan_pcp=07" },
	{ "of two tags the outermost counts", "88a8 2001 8100 4002 88b5",
	  "eth_type=88b5 vlan_vid=1001 vlan_pcp=01" },
	{ "0x9100 is no tag", "9100 0001 0800", "eth_type=9100 vlan_vid=0000" },
	{ "a tag without its next type is no tag", "8100 0001 08", "eth_type=8100 vlan_vid=0000" },
	{ "a tag that ends the frame is no tag", "8100", "eth_type=8100 vlan_vid=0000" },
	{ "a second tag that is cut", "8100 0001 88a8 00", "eth_type=88a8 vlan_vid=1001 vlan_pcp=00" },
	{ "eight tags are skipped", TAG("0001") TAGS7 "88b5", "eth_type=88b5 vlan_vid=1001 vlan_pcp=00" },
	{ "a ninth is the type", TAG("0001") TAGS7 TAG("0009") "88b5",
	  "eth_type=8100 vlan_vid=1001 vlan_pcp=00" },
};

static const struct parse_case length_cases[] = {
	{ "802.3 without SNAP", "0003 424203", "eth_type=05ff vlan_vid=0000" },
	{ "a length of 0x5ff is one", "05ff 424203", "eth_type=05ff vlan_vid=0000" },
	{ "0x600 is a type", "0600 aaaa03000000 0800", "eth_type=0600 vlan_vid=0000" },
	{ "SNAP", "0008 aaaa03000000 88b5", "eth_type=88b5 vlan_vid=0000" },
	{ "SNAP behind a tag", "8100 0001 0008 aaaa03000000 88b5",
	  "eth_type=88b5 vlan_vid=1001 vlan_pcp=00" },
	{ "SNAP of another organisation", "0008 aaaa03000001 88b5", "eth_type=05ff vlan_vid=0000" },
	{ "SNAP cut in its type", "0008 aaaa03000000 88", "eth_type=05ff vlan_vid=0000" },
	{ "no tag behind SNAP", "0010 aaaa03000000 8100 0001 88b5", "eth_type=8100 vlan_vid=0000" },
	{ "a SNAP type that would be a length", "0010 aaaa03000000 0020", "eth_type=0020 vlan_vid=0000" },
	{ "ARP in SNAP", "0024 aaaa03000000 0806" ARP,
	  "eth_type=0806 vlan_vid=0000 arp_op=0002 arp_spa=0a000001 arp_tpa=0a000002 "
	  "arp_sha=020000000001 arp_tha=020000000002" },
};

static const struct parse_case arp_cases[] = {
	{ "ARP", "0806" ARP,
	  "eth_type=0806 vlan_vid=0000 arp_op=0002 arp_spa=0a000001 arp_tpa=0a000002 "
	  "arp_sha=020000000001 arp_tha=020000000002" },
	{ "ARP of 27 bytes", "0806 0001 0800 06 04 0002 020000000001 0a000001 020000000002 0a0000",
	  "eth_type=0806 vlan_vid=0000" },
	{ "ARP of another hardware", "0806 0006 0800 06 04 0002 020000000001 0a000001 020000000002 0a000002",
	  "eth_type=0806 vlan_vid=0000" },
	{ "ARP of another protocol", "0806 0001 0801 06 04 0002 020000000001 0a000001 020000000002 0a000002",
	  "eth_type=0806 vlan_vid=0000" },
	{ "ARP of other lengths", "0806 0001 0800 04 06 0002 020000000001 0a000001 020000000002 0a000002",
	  "eth_type=0806 vlan_vid=0000" },
	{ "RARP is no ARP", "8035" ARP, "eth_type=8035 vlan_vid=0000" },
};

static const struct parse_case ipv4_cases[] = {
	{ "TCP", "0800" IP4("45", "bb", "0028", "4000", "06") TCP,
	  "eth_type=0800 vlan_vid=0000 ip_dscp=2e ip_ecn=03 ip_proto=06" ADDR4 " tcp_src=04d2 tcp_dst=0050" },
	{ "TCP behind options", "0800" IP4("46", "00", "002c", "0000", "06") "01010100" TCP,
	  "eth_type=0800 vlan_vid=0000 ip_dscp=00 ip_ecn=00 ip_proto=06" ADDR4
	  " tcp_src=04d2 tcp_dst=0050" },
	{ "TCP of 19 bytes", "0800" IP4("45", "00", "0028", "0000", "06") "04d20050000000010000000250022000000000",
	  "eth_type=0800 vlan_vid=0000 ip_dscp=00 ip_ecn=00 ip_proto=06" ADDR4 },
	{ "TCP that the total length cuts", "0800" IP4("45", "00", "0027", "0000", "06") TCP,
	  "eth_type=0800 vlan_vid=0000 ip_dscp=00 ip_ecn=00 ip_proto=06" ADDR4 },
	{ "a total length beyond the frame", "0800" IP4("45", "00", "ffff", "0000", "06") TCP,
	  "eth_type=0800 vlan_vid=0000 ip_dscp=00 ip_ecn=00 ip_proto=06" ADDR4
	  " tcp_src=04d2 tcp_dst=0050" },
	{ "no payload at all", "0800" IP4("45", "00", "0014", "0000", "06"),
	  "eth_type=0800 vlan_vid=0000 ip_dscp=00 ip_ecn=00 ip_proto=06" ADDR4 },
	{ "UDP of 8 bytes", "0800" IP4("45", "00", "001c", "0000", "11") "0035 1000 ffff 0000",
	  "eth_type=0800 vlan_vid=0000 ip_dscp=00 ip_ecn=00 ip_proto=11" ADDR4
	  " udp_src=0035 udp_dst=1000" },
	{ "UDP of 7 bytes", "0800" IP4("45", "00", "001c", "0000", "11") "0035 1000 0008 00",
	  "eth_type=0800 vlan_vid=0000 ip_dscp=00 ip_ecn=00 ip_proto=11" ADDR4 },
	{ "SCTP of 12 bytes", "0800" IP4("45", "00", "0020", "0000", "84") "0007 0009 00000000 00000000",
	  "eth_type=0800 vlan_vid=0000 ip_dscp=00 ip_ecn=00 ip_proto=84" ADDR4
	  " sctp_src=0007 sctp_dst=0009" },
	{ "SCTP of 11 bytes", "0800" IP4("45", "00", "0020", "0000", "84") "0007 0009 00000000 000000",
	  "eth_type=0800 vlan_vid=0000 ip_dscp=00 ip_ecn=00 ip_proto=84" ADDR4 },
	{ "ICMP of 8 bytes", "0800" IP4("45", "00", "001c", "0000", "01") "0301 0000 00000000",
	  "eth_type=0800 vlan_vid=0000 ip_dscp=00 ip_ecn=00 ip_proto=01" ADDR4
	  " icmpv4_type=03 icmpv4_code=01" },
	{ "ICMP of 7 bytes", "0800" IP4("45", "00", "001c", "0000", "01") "0301 0000 000000",
	  "eth_type=0800 vlan_vid=0000 ip_dscp=00 ip_ecn=00 ip_proto=01" ADDR4 },
	{ "ICMPv6 over IPv4 has no fields", "0800" IP4("45", "00", "001c", "0000", "3a") "8000 0000 00000000",
	  "eth_type=0800 vlan_vid=0000 ip_dscp=00 ip_ecn=00 ip_proto=3a" ADDR4 },
	{ "a first fragment has layer 4", "0800" IP4("45", "00", "001c", "2000", "11") "0035 1000 ffff 0000",
	  "eth_type=0800 vlan_vid=0000 ip_dscp=00 ip_ecn=00 ip_proto=11" ADDR4
	  " udp_src=0035 udp_dst=1000" },
	{ "a later fragment has none", "0800" IP4("45", "00", "001c", "2001", "11") "0035 1000 ffff 0000",
	  "eth_type=0800 vlan_vid=0000 ip_dscp=00 ip_ecn=00 ip_proto=11" ADDR4 },
	{ "the last fragment has none", "0800" IP4("45", "00", "001c", "1fff", "11") "0035 1000 ffff 0000",
	  "eth_type=0800 vlan_vid=0000 ip_dscp=00 ip_ecn=00 ip_proto=11" ADDR4 },
	{ "a header of 19 bytes", "0800 4500 0028 0001 0000 40 06 0000 0a000001 0a0000",
	  "eth_type=0800 vlan_vid=0000" },
	{ "another version", "0800" IP4("65", "00", "0028", "0000", "06") TCP, "eth_type=0800 vlan_vid=0000" },
	{ "a header length below 20", "0800" IP4("44", "00", "0028", "0000", "06") TCP,
	  "eth_type=0800 vlan_vid=0000" },
	{ "options that are cut", "0800" IP4("46", "00", "0028", "0000", "06") "010101",
	  "eth_type=0800 vlan_vid=0000" },
	{ "a total length below the header's", "0800" IP4("45", "00", "0013", "0000", "06") TCP,
	  "eth_type=0800 vlan_vid=0000" },
	{ "a total length of 0", "0800" IP4("45", "00", "0000", "0000", "06") TCP,
	  "eth_type=0800 vlan_vid=0000" },
	{ "IPv4 behind a tag", "8100 0005 0800" IP4("45", "00", "0014", "0000", "2f"),
	  "eth_type=0800 vlan_vid=1005 vlan_pcp=00 ip_dscp=00 ip_ecn=00 ip_proto=2f" ADDR4 },
};

static const struct parse_case ipv6_cases[] = {
	{ "UDP, traffic class and flow label", "86dd" IP6("6b9abcde", "0008", "11") "00350036 00080000",
	  "eth_type=86dd vlan_vid=0000 ip_dscp=2e ip_ecn=01 ip_proto=11 udp_src=0035 udp_dst=0036" ADDR6
	  " ipv6_flabel=0abcde" },
	{ "another version", "86dd" IP6("40000000", "0008", "11") "00350036 00080000",
	  "eth_type=86dd vlan_vid=0000" },
	{ "39 bytes", "86dd 60000000 0008 11 40 00000000000000000000000000000001 000000000000000000000000000000",
	  "eth_type=86dd vlan_vid=0000" },
	{ "no next header", "86dd" IP6("60000000", "0000", "3b") "00", L3_6("3b") },
	{ "UDP that the payload length cuts", "86dd" IP6("60000000", "0007", "11") "00350036 00080000",
	  L3_6("11") },
	{ "a payload length of 0 does not cut", "86dd" IP6("60000000", "0000", "11") "00350036 00080000",
	  "eth_type=86dd vlan_vid=0000 ip_dscp=00 ip_ecn=00 ip_proto=11 udp_src=0035 udp_dst=0036" ADDR6
	  " ipv6_flabel=000000" },
	{ "ICMPv4 over IPv6 has no fields", "86dd" IP6("60000000", "0008", "01") "08000000 00000000",
	  L3_6("01") },
	{ "one hop-by-hop header", "86dd" IP6("60000000", "0010", "00") HBH("11") "00350036 00080000",
	  "eth_type=86dd vlan_vid=0000 ip_dscp=00 ip_ecn=00 ip_proto=11 udp_src=0035 udp_dst=0036" ADDR6
	  " ipv6_flabel=000000" },
	{ "routing of 16, authentication of 12, options of 8 bytes",
	  "86dd" IP6("60000000", "002c", "2b") "33010000000000000000000000000000" "3c0100000000000000000000"
	  "1100000000000000" "00350036 00080000",
	  "eth_type=86dd vlan_vid=0000 ip_dscp=00 ip_ecn=00 ip_proto=11 udp_src=0035 udp_dst=0036" ADDR6
	  " ipv6_flabel=000000" },
	{ "eight headers are skipped",
	  "86dd" IP6("60000000", "0048", "00") HBH("3c") HBH("3c") HBH("3c") HBH("3c") HBH("3c") HBH("3c")
	  HBH("3c") HBH("11") "00350036 00080000",
	  "eth_type=86dd vlan_vid=0000 ip_dscp=00 ip_ecn=00 ip_proto=11 udp_src=0035 udp_dst=0036" ADDR6
	  " ipv6_flabel=000000" },
	{ "the ninth is the protocol",
	  "86dd" IP6("60000000", "0050", "00") HBH("3c") HBH("3c") HBH("3c") HBH("3c") HBH("3c") HBH("3c")
	  HBH("3c") HBH("2b") HBH("11") "00350036 00080000",
	  L3_6("2b") },
	{ "an extension header that the frame cuts", "86dd" IP6("60000000", "0010", "3c") "11010000000000000000",
	  L3_6("3c") },
	{ "an extension header that the payload length cuts",
	  "86dd" IP6("60000000", "0007", "3c") HBH("11") "00350036 00080000", L3_6("3c") },
	{ "an extension header with one byte", "86dd" IP6("60000000", "0001", "00") "11", L3_6("00") },
	{ "ESP hides what follows", "86dd" IP6("60000000", "0010", "32") HBH("11") "00350036 00080000",
	  L3_6("32") },
	{ "a fragment header of offset 0 is skipped",
	  "86dd" IP6("60000000", "0010", "2c") "1100000100000007" "00350036 00080000",
	  "eth_type=86dd vlan_vid=0000 ip_dscp=00 ip_ecn=00 ip_proto=11 udp_src=0035 udp_dst=0036" ADDR6
	  " ipv6_flabel=000000" },
	{ "its second byte is no length",
	  "86dd" IP6("60000000", "0010", "2c") "11ff000000000007" "00350036 00080000",
	  "eth_type=86dd vlan_vid=0000 ip_dscp=00 ip_ecn=00 ip_proto=11 udp_src=0035 udp_dst=0036" ADDR6
	  " ipv6_flabel=000000" },
	{ "a later fragment has the protocol, no layer 4",
	  "86dd" IP6("60000000", "0010", "2c") "1100000800000007" "00350036 00080000", L3_6("11") },
	{ "a later fragment's bytes are no extension header",
	  "86dd" IP6("60000000", "0018", "2c") "3c00000900000007" HBH("11") "00350036 00080000", L3_6("3c") },
};

static const struct parse_case nd_cases[] = {
	{ "an echo request of 4 bytes", "86dd" IP6("60000000", "0004", "3a") "80010000",
	  L3_6("3a") " icmpv6_type=80 icmpv6_code=01" },
	{ "ICMPv6 of 3 bytes", "86dd" IP6("60000000", "0003", "3a") "80010000", L3_6("3a") },
	{ "a solicitation with a source address",
	  "86dd" IP6("60000000", "0020", "3a") "87000000 00000000" TARGET "0101 020000000001",
	  L3_6("3a") " icmpv6_type=87 icmpv6_code=00 ipv6_nd_target=" TARGET " ipv6_nd_sll=020000000001" },
	{ "an advertisement with a target address",
	  "86dd" IP6("60000000", "0020", "3a") "88000000 00000000" TARGET "0201 020000000001",
	  L3_6("3a") " icmpv6_type=88 icmpv6_code=00 ipv6_nd_target=" TARGET " ipv6_nd_tll=020000000001" },
	{ "each has its own option only",
	  "86dd" IP6("60000000", "0020", "3a") "88000000 00000000" TARGET "0101 020000000001",
	  L3_6("3a") " icmpv6_type=88 icmpv6_code=00 ipv6_nd_target=" TARGET },
	{ "another code has no ND fields",
	  "86dd" IP6("60000000", "0020", "3a") "87010000 00000000" TARGET "0101 020000000001",
	  L3_6("3a") " icmpv6_type=87 icmpv6_code=01" },
	{ "a target of 15 bytes",
	  "86dd" IP6("60000000", "0017", "3a") "87000000 00000000" TARGET,
	  L3_6("3a") " icmpv6_type=87 icmpv6_code=00" },
	{ "the first option of its kind, behind others, also longer ones",
	  "86dd" IP6("60000000", "0040", "3a") "87000000 00000000" TARGET "0501 000000000000"
	  "0102 0102030405060708090a0b0c0d0e" "0101 020000000003" "0101 020000000004",
	  L3_6("3a") " icmpv6_type=87 icmpv6_code=00 ipv6_nd_target=" TARGET " ipv6_nd_sll=020000000003" },
	{ "an option of length 0 ends them",
	  "86dd" IP6("60000000", "0028", "3a") "87000000 00000000" TARGET "0500 000000000000"
	  "0101 020000000003",
	  L3_6("3a") " icmpv6_type=87 icmpv6_code=00 ipv6_nd_target=" TARGET },
	{ "an option that is cut",
	  "86dd" IP6("60000000", "001f", "3a") "87000000 00000000" TARGET "0101 020000000001",
	  L3_6("3a") " icmpv6_type=87 icmpv6_code=00 ipv6_nd_target=" TARGET },
	{ "the eighth option is looked at",
	  "86dd" IP6("60000000", "0058", "3a") "87000000 00000000" TARGET
	  "0501000000000000 0501000000000000 0501000000000000 0501000000000000 0501000000000000"
	  "0501000000000000 0501000000000000 0101 020000000003",
	  L3_6("3a") " icmpv6_type=87 icmpv6_code=00 ipv6_nd_target=" TARGET " ipv6_nd_sll=020000000003" },
	{ "the ninth is not",
	  "86dd" IP6("60000000", "0060", "3a") "87000000 00000000" TARGET
	  "0501000000000000 0501000000000000 0501000000000000 0501000000000000 0501000000000000"
	  "0501000000000000 0501000000000000 0501000000000000 0101 020000000003",
	  L3_6("3a") " icmpv6_type=87 icmpv6_code=00 ipv6_nd_target=" TARGET },
};

static const struct parse_case mpls_cases[] = {
	{ "the outermost entry, and nothing beneath it", "8847 12345b40 45000014", "eth_type=8847 vlan_vid=0000 mpls_label=012345 mpls_tc=05 mpls_bos=01" },
	{ "multicast, behind a tag", "8100 6064 8848 fffff000 00010140", "eth_type=8848 vlan_vid=1064 vlan_pcp=03 mpls_label=0fffff mpls_tc=00 mpls_bos=00" },
	{ "in SNAP", "000c aaaa03000000 8847 000011ff", "eth_type=8847 vlan_vid=0000 mpls_label=000001 mpls_tc=00 mpls_bos=01" },
	{ "three bytes are no entry", "8847 12345b", "eth_type=8847 vlan_vid=0000" },
};

static const struct parse_case pbb_cases[] = {
	{ "an I-TAG, and nothing behind it", "88e7 e0abcdef 020000000003 020000000004 8100 0001 0800", "eth_type=88e7 vlan_vid=0000 pbb_isid=abcdef" },
	{ "a B-TAG's VLAN", "88a8 200a 88e7 00000001 020000000003 020000000004 0800", "eth_type=88e7 vlan_vid=100a vlan_pcp=01 pbb_isid=000001" },
	{ "without the customer's type it is none", "88e7 00abcdef 020000000003 020000000004 08", "eth_type=88e7 vlan_vid=0000" },
};

/* Headers of 8 bytes, by the number of the next one. */
#define EXT(NEXT) NEXT "00000000000000"

static const struct {
	const char *title, *first, *headers;
	unsigned int bits;
} exthdr_cases[] = {
	{ "none", "11", "", 0 },
	{ "no next header", "3b", "", 0x001 },
	{ "ESP", "32", "", 0x002 },
	{ "one each, in order", "00", EXT("3c") EXT("2b") EXT("2c") EXT("33") EXT("3c") EXT("32"), 0x17e },
	{ "in order but for ESP behind the last options", "00", EXT("3c") EXT("2b") EXT("2c") EXT("33") EXT("32"), 0x07e },
	{ "options last only", "2b", EXT("3c") EXT("11"), 0x028 },
	{ "options three times", "3c", EXT("3c") EXT("3c") EXT("11"), 0x088 },
	{ "hop-by-hop behind another is not HOP", "3c", EXT("00") EXT("11"), 0x108 },
	{ "hop-by-hop twice", "00", EXT("00") EXT("11"), 0x0c0 },
	{ "routing behind a fragment header", "2c", EXT("2b") EXT("11"), 0x130 },
	{ "routing twice", "2b", EXT("2b") EXT("11"), 0x0a0 },
	{ "one that is cut off counts", "00", "2b00000000000000 1100", 0x060 },
	{ "behind a later fragment there are none", "2c", "3300000800000000" EXT("11"), 0x010 },
	{ "a ninth counts, and ends it", "2b", EXT("2b") EXT("2b") EXT("2b") EXT("2b") EXT("2b") EXT("2b") EXT("2b") EXT("33") EXT("3c") EXT("11"), 0x0a4 },
};

static void format_fields(const struct oracle_fields *f, char *s, size_t size)
{
	size_t n = 0;

	s[0] = '\0';
	for (unsigned int id = FIELD_ETH_TYPE; id < N_FIELD_IDS; id++) {
		if (!oracle_fields_has(f, id) || id == FIELD_IPV6_EXTHDR)
			continue; /* exthdr_cases are about that */
		n += (size_t)snprintf(s + n, size - n, "%s%s=", n ? " " : "", field_table[id].oxm_name);
		for (unsigned int i = 0; i < field_table[id].n_bytes; i++)
			n += (size_t)snprintf(s + n, size - n, "%02x", f->value[id].b[i]);
	}
}

static void run_cases(const struct parse_case *cases, size_t n)
{
	static struct oracle_packet pkt;
	struct oracle_fields f;
	char fields[1000];
	unsigned int n_wrong = 0;

	for (size_t i = 0; i < n; i++) {
		pkt.len = hex_decode(MACS, pkt.b, sizeof(pkt.b));
		pkt.len += hex_decode(cases[i].frame, pkt.b + pkt.len, sizeof(pkt.b) - pkt.len);
		oracle_parse(&pkt, &f);
		format_fields(&f, fields, sizeof(fields));
		if (!strcmp(fields, cases[i].fields))
			continue;
		print_error("%s:\n  got      %s\n  expected %s\n", cases[i].title, fields, cases[i].fields);
		n_wrong++;
	}
	assert_int_equal(n_wrong, 0);
}

#define RUN_CASES(CASES) run_cases(CASES, sizeof(CASES) / sizeof((CASES)[0]))

static void test_vlan(void **state)
{
	(void)state;
	RUN_CASES(vlan_cases);
}

static void test_length(void **state)
{
	(void)state;
	RUN_CASES(length_cases);
}

static void test_arp(void **state)
{
	(void)state;
	RUN_CASES(arp_cases);
}

static void test_ipv4(void **state)
{
	(void)state;
	RUN_CASES(ipv4_cases);
}

static void test_ipv6(void **state)
{
	(void)state;
	RUN_CASES(ipv6_cases);
}

static void test_nd(void **state)
{
	(void)state;
	RUN_CASES(nd_cases);
}

static void test_mpls(void **state)
{
	(void)state;
	RUN_CASES(mpls_cases);
}

static void test_pbb(void **state)
{
	(void)state;
	RUN_CASES(pbb_cases);
}

static void test_exthdr(void **state)
{
	static struct oracle_packet pkt;
	struct oracle_fields f;

	(void)state;
	for (size_t i = 0; i < sizeof(exthdr_cases) / sizeof(exthdr_cases[0]); i++) {
		char frame[1000];
		uint64_t bits;

		snprintf(frame, sizeof(frame), "%s86dd600000000000%s40%064d%s", MACS, exthdr_cases[i].first, 0,
			 exthdr_cases[i].headers);
		pkt.len = hex_decode(frame, pkt.b, sizeof(pkt.b));
		oracle_parse(&pkt, &f);
		assert_true(oracle_fields_has(&f, FIELD_IPV6_EXTHDR));
		bits = field_value_to_u64(FIELD_IPV6_EXTHDR, &f.value[FIELD_IPV6_EXTHDR]);
		if (bits != exthdr_cases[i].bits)
			fail_msg("%s: got 0x%x", exthdr_cases[i].title, (unsigned int)bits);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vlan), cmocka_unit_test(test_length), cmocka_unit_test(test_arp),
		cmocka_unit_test(test_ipv4), cmocka_unit_test(test_ipv6),   cmocka_unit_test(test_nd),
		cmocka_unit_test(test_mpls), cmocka_unit_test(test_pbb),    cmocka_unit_test(test_exthdr),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
