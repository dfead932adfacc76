#!/bin/sh
# Becomes systemd, process 1 of the namespaces that this is run in. Its root is the machine's, and whatever it writes is gone at
# the end. It has no part of the machine in hand: its /sys and /proc/sys cannot be written to.
#
#   systemd-init.sh FOLDER [SOURCE=TARGET...]     an empty folder; what to show where: in its own place only to be read
set -e

folder=$1
shift
mount --make-rprivate /
mount -t tmpfs tmpfs "$folder"
mkdir "$folder/upper" "$folder/work" "$folder/root"
root="$folder/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$folder/upper,workdir=$folder/work" "$root"
mount -t proc proc "$root/proc"
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for device in null zero full random urandom tty; do
    touch "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
done
ln -s /proc/self/fd "$root/dev/fd"
mkdir "$root/dev/pts"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
mkdir -m 1777 "$root/dev/shm"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
for shown in "$@"; do
    source=${shown%%=*}
    target=${shown#*=}
    mkdir -p "$root$target"
    mount --bind "$source" "$root$target"
    [ "$source" != "$target" ] || mount -o remount,bind,ro "$root$target"
done
# The home of whoever runs the tests is closed to others, and what they need may lie in it.
chmod o+x "$root$HOME"
rm -rf "$root"/etc/systemd/system/*.wants
# Nothing is cleared away: what is shown is the machine's own.
for service in systemd-tmpfiles-setup systemd-tmpfiles-setup-dev systemd-tmpfiles-clean; do
    ln -sf /dev/null "$root/etc/systemd/system/$service.service"
done
printf '[Unit]\nDescription=Nothing but what is tested\n' >"$root/etc/systemd/system/canyon-tests.target"
cd "$root"
exec chroot "$root" /usr/bin/env -i container=unshare PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    /lib/systemd/systemd --system --unit=canyon-tests.target --show-status=no --log-target=null
