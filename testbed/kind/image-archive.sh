#!/usr/bin/env bash
# usage: image-archive.sh [--onto <digest>/<bytes>] <folder> <reference> <file.tar> <entrypoint as JSON>
# Writes a folder as an image of one layer, owners as they are: an OCI image layout with Docker's manifest beside it, as
# `docker load`, `kind load image-archive` and `ctr images import` read it. Needs no daemon and no base image.
# Prints the layer, <digest>/<bytes>. --onto puts the folder on top of another such layer, which is not in the archive: only
# a containerd that has it already can import that (`ctr images import`).
set -euo pipefail
readonly ENVIRONMENT='["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","container=docker"]'
readonly OCI=application/vnd.oci.image
below=
if [[ $1 == --onto ]]; then
  below=$2
  shift 2
fi
case $(uname -m) in
  aarch64) architecture=arm64 ;;
  *) architecture=amd64 ;;
esac

work=$(mktemp -d "$(dirname "$3")/archive-XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/blobs/sha256"

# blob <file>: moves it to where its digest says; sets `blob`, <digest>/<bytes>.
blob() {
  local digest
  digest=$(sha256sum "$1" | cut -d ' ' -f 1)
  blob=$digest/$(stat --format %s "$1")
  mv "$1" "$work/blobs/sha256/$digest"
}

# descriptor <media type> <digest>/<bytes> [<more fields>]
descriptor() { printf '{"mediaType":"%s","digest":"sha256:%s","size":%s%s}' "$1" "${2%/*}" "${2#*/}" "${3-}"; }

tar -C "$1" --numeric-owner --sort=name -cf "$work/layer" .
blob "$work/layer"
layer=$blob
digests=\"sha256:${layer%/*}\"
layers=$(descriptor $OCI.layer.v1.tar "$layer")
if [[ -n $below ]]; then
  digests=\"sha256:${below%/*}\",$digests
  layers=$(descriptor $OCI.layer.v1.tar "$below"),$layers
fi
printf '{"architecture":"%s","os":"linux","config":{"Entrypoint":%s,"Env":%s},"rootfs":{"type":"layers","diff_ids":[%s]}}' \
  $architecture "$4" "$ENVIRONMENT" "$digests" >"$work/config"
blob "$work/config"
config=$blob
printf '{"schemaVersion":2,"mediaType":"%s","config":%s,"layers":[%s]}' \
  $OCI.manifest.v1+json "$(descriptor $OCI.config.v1+json "$config")" "$layers" >"$work/manifest"
blob "$work/manifest"
printf '{"imageLayoutVersion":"1.0.0"}' >"$work/oci-layout"
printf '{"schemaVersion":2,"manifests":[%s]}' \
  "$(descriptor $OCI.manifest.v1+json "$blob" ",\"annotations\":{\"io.containerd.image.name\":\"$2\"}")" >"$work/index.json"
members=(oci-layout index.json blobs)
if [[ -z $below ]]; then
  printf '[{"Config":"blobs/sha256/%s","RepoTags":["%s"],"Layers":["blobs/sha256/%s"]}]' \
    "${config%/*}" "$2" "${layer%/*}" >"$work/manifest.json"
  members+=(manifest.json)
fi
tar -C "$work" --numeric-owner --owner=0 --group=0 -cf "$work/whole.tar" "${members[@]}"
mv "$work/whole.tar" "$3"
echo "$layer"
