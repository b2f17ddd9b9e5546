#!/usr/bin/env bash
# Builds the reference SCION programs that go.mod pins, once for each Go version, outside the checkout.
# Prints two lines: the folder of the programs, and that of the module's sources. Progress and failures go to stderr.
# A build that was interrupted goes on from Go's build cache; of two at once, the second waits for the first.
set -euo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/cilion/scion
module=github.com/scionproto/scion

fail() {
  echo "cilion: $1" >&2
  exit 3
}

# Otherwise Go might fetch another toolchain: which one builds is the machine's choice, and part of the cache's key.
export GOTOOLCHAIN=local GOFLAGS=-buildvcs=false CGO_ENABLED=1
wanted=$(awk '$1 == "go" { print $2 }' "$here/go.mod")
command -v go >/dev/null || fail "the reference SCION services need Go $wanted or newer, and there is no go in PATH (https://go.dev/dl/)"
has=$(cd / && go version | awk '{ sub(/^go/, "", $3); print $3 }')
[[ $(printf '%s\n' "$wanted" "$has" | sort -V | head -n 1) == "$wanted" ]] ||
  fail "the reference SCION services need Go $wanted or newer, this machine has $has (https://go.dev/dl/)"
command -v cc >/dev/null || fail "the reference control service needs a C compiler to build (apt-get install gcc)"

cd "$here"
key=$({ cat go.mod go.sum && go version; } | sha256sum | cut -c 1-16)
home=$cache/$key
mkdir -p "$cache"
exec {lock}>"$cache/$key.lock"
flock "$lock"

log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Shows the end of what the command printed if it fails.
logged() {
  "$@" >"$log" 2>&1 || {
    tail -n 20 "$log" >&2
    return 1
  }
}

sources=$(go list -mod=readonly -m -f '{{.Dir}}' "$module" 2>/dev/null || true)
if [[ -z $sources ]]; then
  echo "cilion: fetching the reference SCION modules" >&2
  logged go mod download || fail "the Go modules could not be downloaded (GOPROXY: $(go env GOPROXY))"
  sources=$(go list -mod=readonly -m -f '{{.Dir}}' "$module")
fi
if [[ ! -d $home/bin ]]; then
  echo "cilion: building the reference SCION services (two to three minutes on two cores, once)" >&2
  mkdir -p "$home"
  new=$(mktemp -d "$home/new.XXXXXX")
  trap 'rm -rf "$log" "$new"' EXIT
  logged go build -mod=readonly -trimpath -ldflags '-s -w' -o "$new/" tool || fail "the reference SCION services do not build"
  chmod 755 "$new"
  mv -T "$new" "$home/bin"
  echo "cilion: reference SCION services built in $SECONDS s" >&2
fi
echo "$home/bin"
echo "$sources"
