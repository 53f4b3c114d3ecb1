#!/bin/bash
# Process 1 of a lab machine. Runs in its own mount, process, host-name and IPC
# namespaces (made by `unshare`) and in the network namespace made for it.
# Arguments: the folder that is the machine's disk; "docker" or "none"; the machine's name.
set -u
disk=$1
engine=$2
name=$3
umask 022

# What the machine must not share with the computer that it runs on.
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/sshd /run/lock
mount --bind "$disk/home" /home
mount -t tmpfs -o mode=1777 tmpfs /tmp
mount -t tmpfs -o mode=700 tmpfs /root
for file in passwd shadow group hostname hosts; do
  if [ -e "/etc/$file" ]; then mount --bind "$disk/etc/$file" "/etc/$file"; fi
done
hostname "$(cat "$disk/etc/hostname")"
export HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
unset DOCKER_HOST DOCKER_CONFIG DBUS_SESSION_BUS_ADDRESS SSH_AUTH_SOCK

# A daemon that ends while its flag file is there is started again.
keep() {
  local flag=$1
  shift
  while :; do
    if [ -e "$flag" ]; then
      "$@" &
      local child=$!
      echo "$child" > "$flag.pid"
      wait "$child"
    fi
    read -rt 0.1 <> <(:) || :
  done
}

touch /run/sshd.on
keep /run/sshd.on /usr/sbin/sshd -D -e -f "$disk/sshd_config" >> "$disk/sshd.log" 2>&1 &
if [ "$engine" = docker ]; then
  touch /run/dockerd.on
  keep /run/dockerd.on dockerd --data-root "$disk/docker" -H unix:///run/docker.sock --group docker \
    --cgroup-parent "/$name" \
    --oom-score-adjust=0 --userland-proxy=false --bip 10.99.100.1/24 \
    --default-address-pool base=10.99.128.0/17,size=24 \
    --insecure-registry 10.99.0.0/16 >> "$disk/dockerd.log" 2>&1 &
fi

# An orderly shutdown: containers end with their daemon.
trap 'rm -f /run/*.on; kill -TERM $(cat /run/*.pid 2>/dev/null) 2>/dev/null; exit 0' TERM INT
while :; do wait; read -rt 1 <> <(:) || :; done
