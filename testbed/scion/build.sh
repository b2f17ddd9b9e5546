#!/usr/bin/env bash
# Builds the reference SCION programs that go.mod pins, once for each Go version, outside the checkout.
# Prints two lines: the folder of the programs, and that of the module's sources. Progress and failures go to stderr.
# A build that was interrupted goes on from Go's build cache; of two at once, the second waits for the first.
set -euo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
module=github.com/scionproto/scion
source "$here/../go-build.sh"
export CGO_ENABLED=1

require_go "the reference SCION services need" "$here/go.mod"
command -v cc >/dev/null || fail "the reference control service needs a C compiler to build (apt-get install gcc)"

cd "$here"
lock_cache scion go.mod go.sum

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
