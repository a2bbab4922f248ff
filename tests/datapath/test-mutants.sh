#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Does the differential test find errors?  Copies of the pipeline with one comparison or constant changed are built as the host
# build is, and each must differ from the oracle.
set -u
src=$(cd "${top_srcdir:-.}" && pwd) build=$(cd "${top_builddir:-.}" && pwd)
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
cc=${CC:-gcc}
passed=0 failed=0
only=${SKEP_MUTANTS:-.} # a regular expression: of these files alone

# mutant FILE OLD NEW: OLD, a fixed string, stands in bpf/FILE.
mutant() {
	local file=$1 old=$2 new=$3
	[[ $file =~ $only ]] || return
	rm -rf "$tmp/tree" && mkdir -p "$tmp/tree" && cp -r "$src/bpf" "$tmp/tree/bpf" || exit 1
	if ! OLD=$old NEW=$new perl -0pi -e 'BEGIN { $n = 0 } $n += s/\Q$ENV{OLD}\E/$ENV{NEW}/; END { exit !$n }' "$tmp/tree/bpf/$file"; then
		echo "test-mutants: $file has no \"$old\": bring this test up to date" >&2
		failed=$((failed + 1))
		return
	fi
	$cc -D_GNU_SOURCE= -std=gnu11 -O1 -I"$tmp/tree" -I"$src" -I"$src/lib" -c "$tmp/tree/bpf/host.c" -o "$tmp/host.o" ||
		exit 1
	cp "$build/bpf/libskephost.a" "$tmp/libskephost.a"
	(cd "$build" && $cc -pthread tests/datapath/backend*.o tests/datapath/capture_room.o tests/datapath/diff*.o "$tmp/host.o" tests/oracle/liboracle.a \
		datapath/libdatapath.a model/libmodel.a lib/libbase.a -lbpf -lelf $SANITIZE -o "$tmp/diff") || exit 1
	timeout 150 "$tmp/diff" --backend host --seed 7 --cases 2000000 >"$tmp/out" 2>&1
	if [ $? != 1 ] || ! grep -q "they differ" "$tmp/out"; then
		echo "test-mutants: not found: $file: \"$old\" -> \"$new\"" >&2
		failed=$((failed + 1))
	else
		passed=$((passed + 1))
	fi
}

SANITIZE=
nm "$build/lib/libbase.a" 2>/dev/null | grep -q __asan && SANITIZE='-fsanitize=address,undefined'
mutant classify.h 'version >= seen->removed' 'version > seen->removed'
mutant classify.h 'prio > s->best_prio' 'prio < s->best_prio'
# Tuple pruning.
mutant classify.h 'skep_key_byte(s, p->ofs[i])' 'skep_key_byte(s, p->ofs[0])'
mutant classify.h 's->best_prio > p->max_prio' 's->best_prio <= p->max_prio'
mutant parse.h 'hlen < 20' 'hlen <= 20'
mutant parse.h 'ofs + 24 > s->l4_end' 'ofs + 24 >= s->l4_end'
mutant parse.h 'p[0] == wanted' 'p[0] != wanted'
mutant actions.h 'ttl > 1' 'ttl > 2'
mutant output.h 'idx != s->in_port_idx' 'idx == s->in_port_idx'
# What a rule's act says, in table 0 and behind it.
mutant pipeline.h 'act != s->in_port_idx' '1'
mutant pipeline.h 'act & SKEP_ACT_GOTO' 'act & 1'
mutant edit.h 'field == SKEP_F_IPV4_SRC ? 12 : 16' 'field != SKEP_F_IPV4_SRC ? 12 : 16'
# By names of bpf/abi.h alone, as the oracle's author has not read normal.h.
mutant normal.h 'SKEP_PF_ISOLATED' '0'
mutant normal.h 'SKEP_PF_TAGGED' '0'
mutant normal.h 'SKEP_PF_ACCESS' 'SKEP_PF_NATIVE'
mutant normal.h 'SKEP_BF_FORWARD_BPDU' 'SKEP_BF_FRAG_DROP'
mutant normal.h 'SKEP_FDB_STATIC' 'SKEP_FDB_BUSY'
# Of its code: moves, group addresses learned (only the table tells), the bounds of reserved addresses, and the tag of what follows NORMAL.
mutant normal.h '(__u32)old == s->in_port_idx && skep_fdb_age' '(__u32)old != s->in_port_idx && skep_fdb_age'
mutant normal.h 's->in_port_idx && !skep_is_multicast(src)' 's->in_port_idx'
mutant normal.h 'fdb_key >> 20 == 0x0180c200000ULL' 'fdb_key >> 24 == 0x0180c20000ULL'
mutant normal.h 'is_last || s->tag == tag_before' 'is_last || s->tag != tag_before'
# Labels, I-TAGs, extension headers.
mutant parse.h 's->w[21] = SKEP_AT(bpf_htonl(word << 8), 4, 4)' 's->w[21] = SKEP_AT(bpf_htonl(word), 4, 4)'
mutant parse.h 'SKEP_AT(SKEP_HAS_MPLS, 2, 1)' 'SKEP_AT(SKEP_HAS_PBB, 2, 1)'
mutant parse.h '*rank = *rank ? 6 : 1' '*rank = 1'
mutant parse.h 'if (rank < last)' 'if (rank <= last)'
mutant parse.h 'bit != SKEP_EXT_HOP || !met' 'bit != SKEP_EXT_HOP || met'
mutant parse.h 'met & bit && bit == SKEP_EXT_DEST' 'bit == SKEP_EXT_DEST'
mutant labels.h 's->value.b[2] &= 0xfe' 's->value.b[2] &= 0xff'
mutant labels.h 'ttl < 0 ? 0 : ttl' 'ttl < 0 ? 64 : ttl'
mutant labels.h 'skep_put_head16(s, ofs + 4, type)' 'skep_put_head16(s, ofs + 4, 0x8847)'
mutant labels.h '(tci & 0xe000) >> 8' '(tci & 0xf000) >> 8'
mutant labels.h 'skep_load_addresses(ctx, s, ofs + 6)' 'skep_load_addresses(ctx, s, 0)'
mutant labels.h 'SKEP_FRAME_MIN 60' 'SKEP_FRAME_MIN 61'
mutant labels.h 'wire_before < SKEP_FRAME_MIN' '0'
mutant ttl.h 's->old.b[2] & 1' 's->old.b[2] & 2'
mutant ttl.h 'found == (s->key.ip_proto == SKEP_P_IPV4' 'found != (s->key.ip_proto == SKEP_P_IPV4'
mutant ttl.h 'is_out ? s->l3_ofs : s->next_ofs' 'is_out ? s->next_ofs : s->l3_ofs'
mutant ttl.h 'ofs + 40 > end' 'ofs + 40 >= end'
# Meters.
mutant meter.h 'band->type == SKEP_BAND_DROP' 'band->type != SKEP_BAND_DROP'
mutant meter.h '__sync_fetch_and_add(&band->bytes, s->load_bytes)' '__sync_fetch_and_add(&band->bytes, s->load_packets)'
mutant meter.h 'if (ahead + need > burst)' 'if (ahead + need >= burst)'
mutant police.h 'skep_raise_dscp(old, levels)' 'skep_raise_dscp(old, levels + 1)'
# Groups.
mutant actions.h 'SKEP_SLOT_GROUP % 64 & 1)' 'SKEP_SLOT_GROUP % 64 & 2)'
mutant group.h '!(port->config & SKEP_PC_PORT_DOWN)' '1'
mutant group.h 'home_count(&group->bytes, home_wire_len(ctx))' 'home_count(&group->bytes, 1)'
# The flow cache.
mutant cache.h '(tag->version ^ s->version)' '0'
mutant cache.h 'skep_put_metadata(s, hit->cells + 1)' '(void)0'
mutant cache.h '!head->n_apply && !(head->flags & (SKEP_HF_CLEAR | SKEP_HF_WRITE | SKEP_HF_METER))' '!head->n_apply'
mutant cache.h 's->table = hit->table' 's->table = 0'
mutant cache.h 'skep_count(hit->ctr, hit->table_ctr, len, now)' 'skep_count(hit->ctr, hit->ctr, len, now)'
mutant cache.h 's->table = hit[-1].table' 's->table = 0'
echo "test-mutants: $passed found, $failed not"
[ $failed = 0 ]
