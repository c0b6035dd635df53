#!/bin/sh
# Becomes systemd, as process 1 of its own namespaces and in a root of its own: of the host it sees /usr, the checkout
# and Python, all read-only, and nothing that it does reaches the host's files.
# boot.sh ROOT CHECKOUT PYTHON PACKAGES FILES: where to build the root, and what is bound or copied into it.
set -eu
root=$1 checkout=$2 python=$3 packages=$4 files=$5

read_only() { # SOURCE TARGET
    mount --bind "$1" "$2"
    mount -o remount,bind,ro "$2"
}

mount --make-rprivate /
mount -t tmpfs -o mode=755 heat-root "$root"
cd "$root"
mkdir -p usr etc/systemd/system etc/heat-optimizer proc sys dev run tmp var/lib var/log root home old
mkdir -p opt/checkout opt/python opt/packages opt/heat-optimizer
chmod 1777 tmp
for name in bin sbin lib lib32 lib64 libx32; do
    if [ -L "/$name" ]; then
        ln -s "$(readlink "/$name")" "$name"
    elif [ -d "/$name" ]; then
        mkdir "$name"
        read_only "/$name" "$name"
    fi
done
read_only /usr usr
read_only "$checkout" opt/checkout
read_only "$python" opt/python
read_only "$packages" opt/packages

mount -t proc proc proc
read_only proc/sys proc/sys
read_only /sys sys
# Without controllers of resources: those of the host are not to be touched.
: > etc/no-controllers
mount --bind etc/no-controllers proc/cgroups
if [ -d /sys/fs/cgroup/systemd ]; then
    mount -t tmpfs -o mode=755 tmpfs sys/fs/cgroup
    mkdir sys/fs/cgroup/systemd
    mount -t cgroup -o none,name=systemd cgroup sys/fs/cgroup/systemd
else
    mount -t cgroup2 cgroup2 sys/fs/cgroup
fi

mount -t tmpfs -o mode=755 tmpfs dev
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
ln -s pts/ptmx dev/ptmx
mount -t tmpfs -o mode=1777 tmpfs dev/shm
for node in "null 1 3" "zero 1 5" "full 1 7" "random 1 8" "urandom 1 9" "tty 5 0"; do
    # shellcheck disable=SC2086
    set -- $node
    mknod -m 666 "dev/$1" c "$2" "$3"
done
: > dev/console
mount -t tmpfs -o mode=755 tmpfs run
for generators in usr/lib/systemd/system-generators lib/systemd/system-generators; do
    if [ -d "$generators" ]; then mount -t tmpfs tmpfs "$generators"; break; fi
done

printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n' > etc/passwd
printf 'root:x:0:\nnogroup:x:65534:\n' > etc/group
printf 'passwd: files\ngroup: files\nhosts: files\n' > etc/nsswitch.conf
printf '127.0.0.1 localhost\n' > etc/hosts
printf 'ID=heat-test\n' > etc/os-release
printf '0123456789abcdef0123456789abcdef\n' > etc/machine-id
if [ -e /etc/ld.so.cache ]; then cp /etc/ld.so.cache etc/; fi
for unit in sysinit basic shutdown multi-user network-online time-sync; do
    printf '[Unit]\nDescription=%s\nDefaultDependencies=no\n' "$unit" > "etc/systemd/system/$unit.target"
done
cp -r "$files/." .

pivot_root . old
cd /
umount -l /old
# As a container's manager leaves it: what systemd mounts for a service's secrets is to be seen by the service.
mount --make-rshared /
# Of units it knows ours and those bare targets alone: none of the system's own is there to be started.
exec env -i container=heat-test PATH=/usr/bin:/bin SYSTEMD_UNIT_PATH=/etc/systemd/system \
    /usr/lib/systemd/systemd --unit=multi-user.target --log-target=console --show-status=no
