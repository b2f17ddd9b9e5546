#!/bin/sh
# Runs in the node's root (chroot, own mounts, pids and network): has its containerd take in /preload/*.tar, not unpacked.
set -eu
mount -t proc proc /proc
mount -t tmpfs tmpfs /run
cat >/preload/config.toml <<'TOML'
version = 2
disabled_plugins = ["io.containerd.grpc.v1.cri"]
TOML
containerd --config /preload/config.toml >/preload/log 2>&1 &
daemon=$!
tries=0
until ctr version >/dev/null 2>&1; do
  tries=$((tries + 1))
  if [ $tries -gt 300 ]; then
    cat /preload/log >&2
    exit 1
  fi
  sleep 0.1
done
for archive in /preload/*.tar; do ctr --namespace k8s.io images import --no-unpack "$archive"; done
kill $daemon
wait $daemon || true
