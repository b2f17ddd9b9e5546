#!/usr/bin/env bash
# Builds etcd and kube-apiserver of the versions that go/*/go.mod pin, once for each Go version, outside the
# checkout. Prints one line: the folder of the programs. Progress and failures go to stderr.
# A build that was interrupted goes on from Go's build cache; of two at once, the second waits for the first.
set -euo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
source "$here/../go-build.sh"
export CGO_ENABLED=0

require_go "the Kubernetes API server needs" "$here/go/k8s/go.mod"
lock_cache kubernetes "$here"/go/*/go.mod "$here"/go/*/go.sum

# Without these the API server calls itself v0.0.0, and clients take it for one.
version=$(sed -n 's/.*k8s\.io\/kubernetes \(v[0-9.]*\).*/\1/p' "$here/go/k8s/go.mod" | head -n 1)
major=${version#v}
stamp='-s -w'
for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
  stamp+=" -X $package.gitVersion=$version -X $package.gitMajor=${major%%.*} -X $package.gitMinor=$(cut -d. -f2 <<<"$major")"
done

if [[ ! -d $home/bin ]]; then
  echo "cilion: building etcd and kube-apiserver $version (about six minutes on two idle cores, once)" >&2
  mkdir -p "$home/new"
  begin=$SECONDS
  build() { # module folder, program, package, linker's flags
    [[ -x $home/new/$2 ]] && return
    (cd "$here/go/$1" && logged go build -mod=readonly -trimpath -ldflags "$4" -o "$home/new/$2.part" "$3") ||
      fail "$2 does not build (GOPROXY: $(go env GOPROXY))"
    mv "$home/new/$2.part" "$home/new/$2"
    echo "cilion: $2 after $((SECONDS - begin)) s" >&2
  }
  build etcd etcd go.etcd.io/etcd/server/v3 '-s -w'
  build k8s kube-apiserver k8s.io/kubernetes/cmd/kube-apiserver "$stamp"
  chmod 755 "$home/new"
  mv -T "$home/new" "$home/bin"
fi
echo "$home/bin"
