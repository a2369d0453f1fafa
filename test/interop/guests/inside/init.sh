#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The first program of a guest: soft-RoCE on the first network card, then the agent on the second.
# The kernel's command line has weft.name=NAME and weft.address=N (the host's number in both networks).

export PATH=/usr/bin:/usr/sbin
/usr/bin/busybox --install -s /usr/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs run /run
read -r command_line </proc/cmdline
for word in $command_line; do
    case $word in
    weft.name=*) name=${word#*=} ;;
    weft.address=*) number=${word#*=} ;;
    esac
done
hostname "$name"
echo /run/core.%e.%p >/proc/sys/kernel/core_pattern
while read -r module; do
    modprobe "$module" || echo "weft-guest: no module $module"
done </etc/modules
ip link set lo up
# Whom else there is in the network is known from the start: nothing is lost to finding it out.
echo 0 >/proc/sys/net/ipv6/conf/eth0/accept_dad
ip link set eth0 up
ip addr add "10.77.0.$number/24" dev eth0
ip -6 addr add "fd77::$number/64" dev eth0
ip link set eth1 up
ip addr add 10.0.2.15/24 dev eth1
rdma link add rxe0 type rxe netdev eth0 || echo "weft-guest: no soft-RoCE"
until rdma link | grep -q 'state ACTIVE'; do
    sleep 0.1
done
while :; do
    /usr/bin/weft-agent
    sleep 1
done
