#!/usr/bin/env bash
# Builds what kind makes nodes from, without a container registry: Kubernetes, etcd, CoreDNS and kind from Go modules, the
# nodes' root from Debian packages. Once for each state of these files and Go version, outside the checkout; about fifteen
# minutes on two idle cores. An interrupted build goes on where it was. Needs root.
# Prints four lines: the folder of the programs (kind, kubectl), the image's archive (docker load), the image's name, the layer
# that is below the agent's image and in the nodes already (image-archive.sh --onto).
# Progress, with times, and failures go to stderr.
set -euo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
source "$here/../go-build.sh"
export CGO_ENABLED=0 LC_ALL=C

readonly RELEASE=bookworm
readonly PACKAGES=systemd,systemd-sysv,dbus,containerd,runc,containernetworking-plugins,iptables,iproute2,conntrack,socat,ebtables,ethtool,kmod,procps,mount,busybox-static

[[ $(id -u) == 0 ]] || fail "the node image can only be built as root (debootstrap)"
for program in debootstrap unshare chroot gcc; do
  PATH=$PATH:/usr/sbin command -v $program >/dev/null || fail "$program is missing: testbed/setup.sh --kind installs it"
done
require_go "CoreDNS needs" "$here/node/go/coredns/go.mod"
node=$(readlink -f "$here/../../node_modules/node/bin/node")
[[ -x $node ]] || fail 'the packages of this project are not installed: ./cilion --version installs them'
api_server=$("$here/build-api-server.sh")
# Programs take most of the time and change least: a folder of their own, so that another image needs no other programs.
lock_cache kind "$here"/go/*/go.{mod,sum} "$here"/node/go/*/go.{mod,sum} "$here"/node/go/*/*.go
bin=$home/bin
mapfile -t sources < <(find "$here/node" "$here/go" -type f | sort)
lock_cache kind "$here/build-node-image.sh" "$here/image-archive.sh" "$here/../../node_modules/node/package.json" \
  "${sources[@]}"
mkdir -p "$bin" "$home"

version=$(sed -n 's/.*k8s\.io\/kubernetes \(v[0-9.]*\).*/\1/p' "$here/go/k8s/go.mod" | head -n 1)
major=${version#v}
stamp='-s -w'
for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
  stamp+=" -X $package.gitVersion=$version -X $package.gitMajor=${major%%.*} -X $package.gitMinor=$(cut -d. -f2 <<<"$major")"
done

begin=$SECONDS
progress() { echo "cilion: $1 after $((SECONDS - begin)) s" >&2; }

build() { # module folder, program, package, linker's flags
  [[ -x $bin/$2 ]] && return
  (cd "$1" && logged go build -mod=readonly -trimpath -ldflags "$4" -o "$bin/$2.part" "$3") ||
    fail "$2 does not build (GOPROXY: $(go env GOPROXY))"
  mv "$bin/$2.part" "$bin/$2"
  progress "$2"
}

programs() {
  build "$here/node/go/kind" kind sigs.k8s.io/kind '-s -w'
  build "$here/node/go/coredns" coredns . '-s -w'
  for program in kubelet kubeadm kubectl kube-controller-manager kube-scheduler kube-proxy; do
    build "$here/go/k8s" $program k8s.io/kubernetes/cmd/$program "$stamp"
  done
}

# In mounts and pids of its own: what the packages' scripts mount or start ends with it.
debian() {
  [[ -d $home/debian ]] && return
  local mirror
  mirror=$(apt-get indextargets --format '$(REPO_URI)' | head -n 1)
  rm -rf "$home/debian.part"
  logged unshare --mount --pid --fork --kill-child -- \
    debootstrap --variant=minbase --include=$PACKAGES $RELEASE "$home/debian.part" "$mirror" ||
    fail "debootstrap could not make the nodes' root from $mirror"
  rm -rf "$home"/debian.part/var/cache/apt/archives/*.deb "$home"/debian.part/var/lib/apt/lists/* \
    "$home"/debian.part/usr/share/{doc,man,locale,info} "$home"/debian.part/usr/lib/modules
  mkdir "$home/debian.part/usr/lib/modules"
  mv "$home/debian.part" "$home/debian"
  progress "the nodes' root"
}

# with_libraries <to> <file>...: files of the Debian root, with the libraries that they are linked to.
with_libraries() {
  local to=$1 file library
  shift
  for file; do
    { echo "$file"; chroot "$home/debian" ldd "$file" 2>/dev/null | grep -o '/[^ ]*' || true; } | while read -r library; do
      mkdir -p "$to${library%/*}"
      cp -L "$home/debian$library" "$to$library"
    done
  done
}

busybox_root() {
  mkdir -p "$1"/{bin,tmp,etc,root,run}
  cp "$home/debian/bin/busybox" "$1/bin/"
  chroot "$1" /bin/busybox --install -s /bin
  echo 'root:x:0:0::/root:/bin/sh' >"$1/etc/passwd"
  echo 'root:x:0:' >"$1/etc/group"
  echo 'hosts: files dns' >"$1/etc/nsswitch.conf"
}

# What kubeadm calls the image of a program, tag and all.
image() {
  "$bin/kubeadm" config images list --kubernetes-version "$version" | grep "/$1:"
}

# archive <folder> <reference> <entrypoint>: <folder>.tar; sets `layer`, as image-archive.sh prints it.
archive() {
  layer=$("$here/image-archive.sh" "$1" "$2" "$1.tar" "$3")
}

images() {
  [[ -d $home/images ]] && return
  local work=$home/images.part program
  rm -rf "$work"
  mkdir -p "$work"/{pause,etcd,coredns/etc,kube-proxy/usr/sbin,agent-base/usr/bin}
  gcc -Os -static -s -o "$work/pause/pause" "$here/node/pause.c" || fail 'pause.c does not compile'
  archive "$work/pause" "$(image pause)" '["/pause"]'
  for program in kube-apiserver kube-controller-manager kube-scheduler; do
    mkdir -p "$work/$program"/{usr/local/bin,etc,tmp}
    cp "$([[ $program == kube-apiserver ]] && echo "$api_server" || echo "$bin")/$program" "$work/$program/usr/local/bin/"
    echo 'root:x:0:0::/:/' >"$work/$program/etc/passwd"
    archive "$work/$program" "$(image "$program")" "[\"/usr/local/bin/$program\"]"
  done
  mkdir -p "$work"/etcd/{usr/local/bin,tmp}
  cp "$api_server/etcd" "$work/etcd/usr/local/bin/"
  archive "$work/etcd" "$(image etcd)" '["/usr/local/bin/etcd"]'
  cp "$bin/coredns" "$work/coredns/"
  archive "$work/coredns" "$(image coredns)" '["/coredns"]'
  busybox_root "$work/busybox"
  archive "$work/busybox" cilion.test/busybox:1 '["/bin/sh"]'
  kube_proxy "$work/kube-proxy"
  archive "$work/kube-proxy" "$(image kube-proxy)" '["/usr/local/bin/kube-proxy"]'
  # Nine tenths of the agent's image, and the part of it that stays the same.
  cp "$node" "$work/agent-base/usr/bin/node"
  archive "$work/agent-base" cilion.test/agent-base:1 '["/usr/bin/node"]'
  printf '%s\n' "$layer" >"$home/agent-base"
  mkdir "$work/archives"
  mv "$work"/*.tar "$work/archives/"
  mv "$work/archives" "$home/images"
  rm -rf "$work"
  progress 'images of the control plane'
}

# With the tools that it calls.
kube_proxy() {
  local tool extension
  busybox_root "$1"
  rm -f "$1/bin/ip"
  with_libraries "$1" /usr/sbin/xtables-nft-multi /usr/sbin/conntrack /bin/ip
  mkdir -p "$1/usr/local/bin"
  cp "$bin/kube-proxy" "$1/usr/local/bin/"
  for tool in ip{,6}tables{,-save,-restore} ip{,6}tables-nft{,-save,-restore}; do ln -s xtables-nft-multi "$1/usr/sbin/$tool"; done
  for extension in "$home"/debian/usr/lib/*/xtables/*.so; do with_libraries "$1" "${extension#"$home/debian"}"; done
}

# The same root with Kubernetes in it, and the images in its containerd.
node() {
  [[ -e $home/node-image.tar ]] && return
  local root=$home/node.part unit
  rm -rf "$root"
  cp -a "$home/debian" "$root"
  cp -r "$here/node/root/." "$root/"
  sed -i "s#@PAUSE_IMAGE@#$(image pause)#" "$root/etc/containerd/config.toml"
  cp "$bin"/{kubelet,kubeadm,kubectl} "$root/usr/bin/"
  echo "$version" >"$root/kind/version"
  mkdir -p "$root"/etc/cni/net.d "$root"/etc/kubernetes/manifests "$root"/etc/systemd/system/multi-user.target.wants
  # What touches the machine's devices, modules or settings has no business in a container; nor have timers and terminals.
  for unit in systemd-udevd.service systemd-udev-trigger.service systemd-modules-load.service systemd-sysctl.service \
    systemd-{logind,networkd,resolved,random-seed,update-utmp,remount-fs}.service \
    sys-kernel-{debug,tracing,config}.mount sys-fs-fuse-connections.mount dev-{hugepages,mqueue}.mount \
    proc-sys-fs-binfmt_misc.automount getty.target console-getty.service getty@.service \
    apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer fstrim.timer dpkg-db-backup.timer; do
    ln -sf /dev/null "$root/etc/systemd/system/$unit"
  done
  ln -sf /etc/systemd/system/kubelet.service "$root/etc/systemd/system/multi-user.target.wants/kubelet.service"
  ln -sf /lib/systemd/system/containerd.service "$root/etc/systemd/system/multi-user.target.wants/containerd.service"
  ln -sf /lib/systemd/system/multi-user.target "$root/etc/systemd/system/default.target"
  : >"$root/etc/machine-id"
  rm -f "$root/etc/hostname"
  mkdir "$root/preload"
  cp -l "$home"/images/*.tar "$root/preload/"
  cp "$here/node/preload.sh" "$root/preload/"
  logged unshare --mount --pid --net --fork --kill-child -- chroot "$root" /preload/preload.sh ||
    fail "the nodes' containerd does not take the images"
  rm -r "$root/preload"
  # A container gets a volume of its own for /var, and a copy of what the image has there. What is only read stays out of it.
  mv "$root/var/lib/containerd/io.containerd.content.v1.content" "$root/usr/lib/containerd-content"
  ln -s /usr/lib/containerd-content "$root/var/lib/containerd/io.containerd.content.v1.content"
  "$here/image-archive.sh" "$root" "$name" "$home/node-image.tar" '["/usr/local/bin/entrypoint","/sbin/init"]' >/dev/null
  rm -rf "$root"
  progress "the node image ($(du -m "$home/node-image.tar" | cut -f 1) MiB)"
}

name=cilion.test/node:$version-${home##*/}
if [[ ! -e $home/complete ]]; then
  echo "cilion: building a node image for kind, Kubernetes $version (about fifteen minutes on two idle cores, once)" >&2
  programs
  debian
  images
  node
  # They are in the image now.
  rm -rf "$home/debian" "$home/images"
  touch "$home/complete"
fi
printf '%s\n' "$bin" "$home/node-image.tar" "$name" "$(<"$home/agent-base")"
