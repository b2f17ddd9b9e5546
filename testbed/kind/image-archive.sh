#!/usr/bin/env bash
# usage: image-archive.sh <folder> <reference> <file.tar> <entrypoint as JSON>
# Writes a folder as an image of one layer, owners as they are, in the form that `docker load` and `ctr images import` read.
# Needs no daemon and no base image.
set -euo pipefail
readonly ENVIRONMENT='["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","container=docker"]'
case $(uname -m) in
  aarch64) architecture=arm64 ;;
  *) architecture=amd64 ;;
esac

work=$(mktemp -d "$(dirname "$3")/archive-XXXXXX")
trap 'rm -rf "$work"' EXIT
tar -C "$1" --numeric-owner --sort=name -cf "$work/layer.tar" .
layer=$(sha256sum "$work/layer.tar" | cut -d ' ' -f 1)
printf '{"architecture":"%s","os":"linux","config":{"Entrypoint":%s,"Env":%s},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
  $architecture "$4" "$ENVIRONMENT" "$layer" >"$work/config"
config=$(sha256sum "$work/config" | cut -d ' ' -f 1).json
mv "$work/config" "$work/$config"
printf '[{"Config":"%s","RepoTags":["%s"],"Layers":["layer.tar"]}]' "$config" "$2" >"$work/manifest.json"
tar -C "$work" --numeric-owner --owner=0 --group=0 -cf "$work/whole.tar" manifest.json "$config" layer.tar
mv "$work/whole.tar" "$3"
