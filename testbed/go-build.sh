# Sourced by the scripts that build Go programs once for each Go version, outside the checkout. A build that was interrupted
# goes on from Go's build cache; of two at once, the second waits for the first. Progress and failures go to stderr.

fail() {
  echo "cilion: $1" >&2
  exit 3
}

# Otherwise Go might fetch another toolchain: which one builds is the machine's choice, and part of the cache's key.
export GOTOOLCHAIN=local GOFLAGS=-buildvcs=false

# require_go "the programs need" <go.mod that says which Go>
require_go() {
  local wanted has
  wanted=$(awk '$1 == "go" { print $2 }' "$2")
  command -v go >/dev/null || fail "$1 Go $wanted or newer, and there is no go in PATH (https://go.dev/dl/)"
  has=$(cd / && go version | awk '{ sub(/^go/, "", $3); print $3 }')
  [[ $(printf '%s\n' "$wanted" "$has" | sort -V | head -n 1) == "$wanted" ]] ||
    fail "$1 Go $wanted or newer, this machine has $has (https://go.dev/dl/)"
}

# lock_cache <name> <file>...: sets `home`, the folder of programs that these files and this Go make; nobody else builds them
# until this script ends.
lock_cache() {
  local cache=${XDG_CACHE_HOME:-$HOME/.cache}/cilion/$1 key
  shift
  key=$({ cat "$@" && go version; } | sha256sum | cut -c 1-16)
  home=$cache/$key
  mkdir -p "$cache"
  exec {lock}>"$cache/$key.lock"
  flock "$lock"
}

log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Shows the end of what the command printed if it fails.
logged() {
  "$@" >"$log" 2>&1 || {
    tail -n 20 "$log" >&2
    return 1
  }
}
