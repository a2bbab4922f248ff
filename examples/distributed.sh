# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# `./quickstart --distributed`, which sources this: a bridge over three hosts, out of one file (docs/topology.md).
#
#   host a --- 192.0.2.18/28 ---+
#   host b --- 192.0.2.34/28 ---+ underlay router (MTU 1500)
#   host c --- 192.0.2.50/28 ---+
#
# Each host is a namespace with a skepd of its own, and has four endpoints, which are namespaces too:
#
#   network red    key 100   10.0.0.1 to 10.0.0.4         addresses in the file
#   network blue   key 200   10.0.0.1 to 10.0.0.3, .5     the same IP addresses; MAC addresses are learned
#   network green  key 300   10.0.1.1 to 10.0.1.4
#
# "gw" is a plain Linux router, a namespace at host b with one leg in red (10.0.0.254) and one in green (10.0.1.254).

hosts=(a b c)
# name, host, address, network: what examples/mesh_check.py gets, too
endpoints=(
	"red1 a 10.0.0.1 red" "red2 b 10.0.0.2 red" "red3 c 10.0.0.3 red" "red4 a 10.0.0.4 red"
	"blue1 a 10.0.0.1 blue" "blue2 b 10.0.0.2 blue" "blue3 c 10.0.0.3 blue" "blue5 b 10.0.0.5 blue"
	"green1 a 10.0.1.1 green" "green2 b 10.0.1.2 green" "green3 c 10.0.1.3 green" "green4 c 10.0.1.4 green"
)
# VXLAN takes 50 bytes of the underlay's 1500, and nobody else tells the endpoints.
mesh_mtu=1450

# skepctl for the skepd of host $1; say_on shows the command too.
on() {
	local host=$1
	shift
	timeout 20 "$build/utils/skepctl" --rundir "$dir/$host" "$@" </dev/null
}
say_on() {
	local host=$1
	shift
	printf '%s$ skepctl %s\n' "$host" "$*"
	on "$host" "$@"
}

new_ns() {
	ip netns add "skep$id-$1"
	ns "$1" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
	ip -n "skep$id-$1" link set lo up
}

# Commands for `ip` in a namespace.
batch() { ip -n "skep$id-$1" -batch -; }

make_underlay() {
	local h n=1
	say "Three hosts, and an underlay with a router between them"
	new_ns underlay
	ns underlay sysctl -qw net.ipv4.ip_forward=1
	for h in "${hosts[@]}"; do
		new_ns "$h"
		batch underlay <<-END
			link add to-$h type veth peer name u0 netns skep$id-$h
			addr add 192.0.2.$((16 * n + 1))/28 dev to-$h
			link set to-$h up
		END
		batch "$h" <<-END
			addr add 192.0.2.$((16 * n + 2))/28 dev u0
			link set u0 up
			route add default via 192.0.2.$((16 * n + 1))
		END
		echo "host $h: 192.0.2.$((16 * n + 2))/28"
		n=$((n + 1))
	done
}

# add_leg NAMESPACE DEVICE HOST INTERFACE ADDRESS MAC: an interface of an endpoint, at a host.
add_leg() {
	ip -n "skep$id-$3" link add "$4" mtu $mesh_mtu type veth peer name "$2" mtu $mesh_mtu address "$6" netns "skep$id-$1"
	ip -n "skep$id-$3" link set "$4" up
	batch "$1" <<-END
		addr add $5/24 dev $2
		link set $2 up
	END
}

make_endpoints() {
	local e name host address network n=0
	say "Twelve endpoints in three networks, and a router between red and green"
	for e in "${endpoints[@]}"; do
		read -r name host address network <<<"$e"
		n=$((n + 1))
		new_ns "$name"
		add_leg "$name" eth0 "$host" "$name" "$address" "$(printf '02:00:00:00:00:%02x' $n)"
		# Blue has no router: what is sent there must go nowhere.
		ip -n "skep$id-$name" route add default via "${address%.*}.254"
		printf '%-6s %-9s at host %s\n' "$name" "$address" "$host"
	done
	new_ns gw
	ns gw sysctl -qw net.ipv4.ip_forward=1
	add_leg gw red b gw-red 10.0.0.254 02:00:00:00:00:fe
	add_leg gw green b gw-green 10.0.1.254 02:00:00:00:01:fe
	echo "gw     10.0.0.254 and 10.0.1.254 at host b"
}

write_topology() {
	local e name host address network n=0 macs
	{
		cat <<-END
			{
			  "bridge": "mesh0",
			  "hosts": {
			    "a": {"address": "192.0.2.18"},
			    "b": {"address": "192.0.2.34"},
			    "c": {"address": "192.0.2.50"}
			  },
			  "networks": {
			    "red": {"key": 100},
			    "blue": {"key": 200},
			    "green": {"key": 300}
			  },
			  "ports": [
		END
		for e in "${endpoints[@]}"; do
			read -r name host address network <<<"$e"
			n=$((n + 1))
			macs=
			[ "$network" != red ] || macs=$(printf ', "macs": ["02:00:00:00:00:%02x"]' $n)
			printf '    {"host": "%s", "interface": "%s", "network": "%s"%s},\n' "$host" "$name" "$network" "$macs"
		done
		cat <<-END
			    {"host": "b", "interface": "gw-red", "network": "red"},
			    {"host": "b", "interface": "gw-green", "network": "green"}
			  ]
			}
		END
	} >"$dir/mesh.json"
}

start_skepd() {
	local host=$1
	mkdir -p "$dir/$host"
	exec_in "$host" "$dir/$host/skepd" "$build/vswitchd/skepd" --rundir "$dir/$host" --statedir "$dir/$host" \
		--bpffs "$dir/bpf/$host"
	wait_for 20 on "$host" show || die "skepd of host $host does not answer: $(tail -n 5 "$dir/$host/skepd.log")"
}

start_mesh() {
	local h
	say "A skepd on each host, and the topology"
	mkdir -p "$dir/bpf"
	mount -t bpf skep "$dir/bpf"
	write_topology
	cat "$dir/mesh.json"
	for h in "${hosts[@]}"; do start_skepd "$h"; done
	for h in "${hosts[@]}"; do say_on "$h" topology apply "$dir/mesh.json" --host "$h"; done
	say_on a topology show
}

# Who reaches whom, with $1 (nothing, or a host) cut off. Every endpoint tries every address, by ping and by TCP.
check_mesh() {
	local cut=$1 e
	for e in "${endpoints[@]}"; do echo "$e /run/netns/skep$id-${e%% *}"; done >"$dir/endpoints"
	timeout 60 /usr/bin/python3 "$here/examples/mesh_check.py" "$dir/endpoints" --route red:green:b ${cut:+--cut "$cut"} \
		</dev/null || failures=$((failures + 1))
}

# Pings that go on all the time, from red1 (host a) to red2 (host b).
start_pings() {
	exec_in red1 "$dir/pings" ping -n -i 0.01 10.0.0.2
	wait_for 5 grep -q 'bytes from' "$dir/pings.log" || die "no answer from red2"
}

stop_pings() {
	local p sent received
	p=$(cat "$dir/pings.pid")
	kill -INT "$p"
	wait_for 5 is_gone "$p" || :
	read -r sent received < <(sed -n 's/^\([0-9]*\) packets transmitted, \([0-9]*\) received.*/\1 \2/p' "$dir/pings.log")
	echo "pings from red1 to red2 all this time: $sent sent, $received answered"
	# The last one may have been under way.
	[ "${sent:-0}" -gt 100 ] && [ $((sent - received)) -le 1 ] || {
		echo "FAILED: pings were lost"
		failures=$((failures + 1))
	}
}

distributed() {
	local p out
	failures=0
	make_underlay
	make_endpoints
	start_mesh
	say "Who answers whom"
	check_mesh ''
	start_pings
	say "skepd of host b is killed, and stays away: everything goes on"
	p=$(cat "$dir/b/skepd.pid")
	kill -9 "$p"
	wait_for 5 is_gone "$p" || die "skepd does not end"
	check_mesh ''
	say "Host c is cut off"
	ip -n "skep$id-underlay" link set to-c down
	check_mesh c
	say "Host c is back"
	ip -n "skep$id-underlay" link set to-c up
	check_mesh ''
	say "skepd of host b is started again, and has its share of the topology still"
	start_skepd b
	say_on b topology apply "$dir/mesh.json" --host b | tee "$dir/again"
	grep -q 'nothing changed' "$dir/again" || failures=$((failures + 1))
	check_mesh ''
	stop_pings
	[ $failures = 0 ] || die "$failures of the checks failed"
}
