#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Checks the differential test itself: the oracle does not differ from itself, one rare wrong bit is found and
# shrunk to a few rules, and a seed gives the same failure again.
diff=${top_builddir:-.}/tests/datapath/diff
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

fail() {
	echo "test-diff: $*" >&2
	cat "$tmp"/* >&2
	exit 1
}

timeout 100 "$diff" --backend oracle --seed 1 --cases 20000 >"$tmp/1" 2>&1 ||
	fail "the oracle differs from itself"
timeout 100 "$diff" --backend broken --seed 1 --cases 200000 >"$tmp/2" 2>&1 &&
	fail "a wrong bit was not found"
grep -q '^Shrunk to [1-9] rules: output 0 differs in its bytes$' "$tmp/2" || fail "the failure was not shrunk"
timeout 100 "$diff" --backend misfiled --seed 1 --cases 200000 >"$tmp/5" 2>&1 &&
	fail "a wrong entry of the table of addresses was not found"
grep -q '^Shrunk to [0-9] rules: the learned addresses differ' "$tmp/5" || fail "a wrong entry was not shrunk"
[ "$(sed '1,/^Shrunk/d' "$tmp/5" | grep -c '^packet')" -le 2 ] || fail "more packets are shown than one that teaches and one that asks"
again=$(sed -n 's/^diff: once more: diff //p' "$tmp/2")
[ -n "$again" ] || fail "no way to have it again is printed"
timeout 100 "$diff" $again >"$tmp/3" 2>&1 && fail "the failure cannot be had again with $again"
for n in 2 3; do
	grep -A 100 '^Shrunk' "$tmp/$n" | grep -v '^diff: [^o]' >"$tmp/report-$n"
done
cmp -s "$tmp/report-2" "$tmp/report-3" || fail "with the same seed it fails differently"
timeout 10 "$diff" --backend nonesuch >"$tmp/4" 2>&1
[ $? = 2 ] || fail "an unknown backend is accepted"
echo "test-diff: ok"
