#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# tools/chroot-check.sh FOLDER [COMMAND...]: does a clean clone work on a fresh Debian 12?
#
# Builds a minimal Debian 12 in FOLDER/root, clones the commit that is checked out into its
# /srv/weft, and runs each COMMAND (a line of shell) there, as root, without a terminal. By default
# the two commands of the README. Prints how long each took; ends with the first bad status.
#
# Needs root and debootstrap. Where packages come from is read from this system's own apt settings.
# The bare system is kept in FOLDER/debian-12.tar, so that the next run starts sooner.

set -eu

if [ $# -lt 1 ] || [ "$1" = --help ]; then
    sed -n '4,11s/^# \{0,1\}//p' "$0"
    exit 2
fi
[ "$(id -u)" -eq 0 ] || {
    echo "chroot-check: needs root" >&2
    exit 2
}
command -v debootstrap >/dev/null || {
    echo "chroot-check: needs the package debootstrap" >&2
    exit 2
}

checkout=$(CDPATH='' cd -P -- "$(dirname -- "$0")/.." && pwd)
mkdir -p -- "$1"
folder=$(CDPATH='' cd -P -- "$1" && pwd)
root=$folder/root
shift
[ $# -gt 0 ] || set -- './weft run examples/first-light.toml' './weft test'

# Lines 'URI SUITE' of the Debian 12 archives that this system knows, the main archive first.
archives()
{
    apt-get indextargets --format "\$(REPO_URI) \$(RELEASE) \$(ORIGIN) \$(COMPONENT)" \
        'Created-By: Packages' | grep -E ' bookworm[a-z-]* Debian main$' | sort -u -k2,2 |
        cut -d ' ' -f 1,2
}

unmount()
{
    for place in proc sys dev; do
        mountpoint -q "$root/$place" && umount -l "$root/$place"
    done
    return 0
}

fresh_system()
{
    unmount
    # One file system: a mount that stayed behind must not be emptied.
    rm -rf --one-file-system -- "$root"
    mkdir "$root"
    if [ ! -e "$folder/debian-12.tar" ]; then
        mirror=$(archives | sed -n 's/ bookworm$//p')
        [ -n "$mirror" ] || {
            echo "chroot-check: this system's apt knows no archive of Debian 12 (bookworm)" >&2
            exit 2
        }
        debootstrap --variant=minbase bookworm "$root" "$mirror" >"$folder/debootstrap.log" || {
            tail -n 20 "$folder/debootstrap.log" >&2
            exit 3
        }
        tar -C "$root" -cf "$folder/debian-12.tar.new" .
        mv "$folder/debian-12.tar.new" "$folder/debian-12.tar"
    else
        tar -C "$root" -xf "$folder/debian-12.tar"
    fi
    archives | sed 's/.*/deb & main/' >"$root/etc/apt/sources.list"
    # Proxies, and the checks that a frozen mirror cannot pass.
    apt-config dump Acquire >"$root/etc/apt/apt.conf.d/90host"
    cp /etc/resolv.conf /etc/hosts "$root/etc/"
    mount -t proc proc "$root/proc"
    mount --bind /dev "$root/dev"
}

trap unmount EXIT
started=$(date +%s)
fresh_system
git -c safe.directory='*' clone -q "file://$checkout" "$root/srv/weft"
echo "chroot-check: Debian $(cat "$root/etc/debian_version")," \
    "commit $(git -C "$root/srv/weft" log -1 --format=%h), ready in $(($(date +%s) - started)) s"

for command in "$@"; do
    echo "chroot-check: \$ $command"
    started=$(date +%s)
    status=0
    env -i HOME=/root LANG=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin \
        chroot "$root" sh -c "cd /srv/weft && $command" </dev/null || status=$?
    echo "chroot-check: status $status after $(($(date +%s) - started)) s"
    [ "$status" -eq 0 ] || exit "$status"
done
