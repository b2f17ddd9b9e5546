#!/usr/bin/env bash
# Brings a Debian machine to what the testbed needs: system packages, then npm packages (which bring Node 24).
# Takes a few milliseconds when nothing is missing. CILION_INSTALL=no only reports what is missing.
# usage: setup.sh [--tests] [--scion] [--kind]
#   --tests   with what the project's own tests need besides
#   --scion   with the reference SCION services, which need Go
#   --kind    with what kind clusters need: a dockerd that labs start for themselves, and the tools for their node image
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
install=${CILION_INSTALL:-yes}
tests=no
scion=no
kind=no
for option in "$@"; do
  case $option in
    --tests) tests=yes ;;
    --scion) scion=yes ;;
    --kind) kind=yes ;;
    *)
      echo "setup.sh: unknown option $option (known: --tests, --scion, --kind)" >&2
      exit 2
      ;;
  esac
done

# What proves that it is there (a command, or a file by its absolute path) and the package that brings it.
needs=(
  clang-19 clang-19
  llvm-strip-19 llvm-19
  bpftool bpftool
  /usr/include/bpf/libbpf.h libbpf-dev
  /usr/include/libelf.h libelf-dev
  /usr/include/zlib.h zlib1g-dev
  g++ g++
  bird bird2
  iperf3 iperf3
  irtt irtt
  ip iproute2
  nsenter util-linux
  bwrap bubblewrap
  wg wireguard-tools
  wireguard-go wireguard-go
  ping iputils-ping
  npm npm
)
if [[ $tests == yes ]]; then
  needs+=(
    clang-format-19 clang-format-19
    tshark tshark
    tcpdump tcpdump
    ethtool ethtool
    chromium chromium
    ruby ruby
  )
fi
if [[ $kind == yes ]]; then
  needs+=(
    dockerd docker.io
    docker docker.io
    containerd containerd
    runc runc
    iptables iptables
    debootstrap debootstrap
  )
fi

# Debian starts a daemon as it installs it, and at every boot. A lab's dockerd is its own; one of the machine's would change
# the machine's packet filter, which nobody has asked for.
readonly POLICY=/usr/sbin/policy-rc.d
hold_daemons_back() {
  [[ ! -e $POLICY ]] || return 0
  printf '#!/bin/sh\ncase $1 in docker*) exit 101 ;; esac\n' >$POLICY
  chmod 755 $POLICY
  trap 'rm -f $POLICY' EXIT
}
leave_daemons_off() {
  if command -v systemctl >/dev/null; then systemctl --quiet disable docker.service docker.socket || true; fi
}

missing=()
for ((i = 0; i < ${#needs[@]}; i += 2)); do
  proof=${needs[i]}
  [[ $proof == /* && -e $proof ]] || PATH=$PATH:/usr/sbin:/sbin command -v "$proof" >/dev/null 2>&1 || missing+=("${needs[i + 1]}")
done

if ((${#missing[@]} > 0)); then
  if [[ $install == no ]] || ! command -v apt-get >/dev/null; then
    echo "cilion: missing packages: ${missing[*]} (their Debian names)" >&2
    exit 3
  fi
  if [[ $(id -u) != 0 ]]; then
    echo "cilion: missing packages: ${missing[*]}" >&2
    echo "  run once as root to install them, or: apt-get install ${missing[*]}" >&2
    exit 3
  fi
  echo "cilion: installing ${missing[*]}" >&2
  log=$(mktemp)
  if [[ " ${missing[*]} " == *' docker.io '* ]]; then hold_daemons_back; fi
  if ! { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "cilion: apt-get could not install them; its whole output: $log" >&2
    exit 3
  fi
  rm -f "$log"
  if [[ " ${missing[*]} " == *' docker.io '* ]]; then leave_daemons_off; fi
fi

stale() {
  [[ ! -e $root/node_modules/.package-lock.json || $root/package-lock.json -nt $root/node_modules/.package-lock.json ]]
}

if stale && [[ $install == no ]]; then
  echo "cilion: npm packages are missing or old (npm ci)" >&2
  exit 3
fi
# Of two at once, the second waits for the first and then finds everything there.
if stale; then
  exec {lock}<"$root"
  flock "$lock"
fi
if stale; then
  echo "cilion: installing npm packages" >&2
  log=$(mktemp)
  # The packages that ask for a newer Node than the machine's run on the one they bring; npm's warning about it only alarms.
  if ! npm --prefix "$root" ci --no-audit --no-fund --loglevel=error >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "cilion: npm could not install them; its whole output: $log" >&2
    exit 3
  fi
  touch "$root/node_modules/.package-lock.json"
  rm -f "$log"
fi
[[ -z ${lock:-} ]] || exec {lock}<&-

if [[ $scion == yes ]]; then "$root/testbed/scion/build.sh" >/dev/null; fi
