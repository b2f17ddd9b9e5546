#!/usr/bin/env bash
# The regression gate as a CI job: measures the checkout against a commit, and writes the answer as Markdown.
# Exit code 0: not slower, or the machine was too noisy to tell (said in the answer) · 1: slower · else the gate's own failure.
# usage: ci-gate.sh <commit> <Markdown file>
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
base=$1
answer=$2

log=$(mktemp)
trap 'rm -f "$log"' EXIT
code=0
"$root/cilion" bench router --against "$base" >"$log" || code=$?
cat "$log"

case $code in
  0) title='not slower' ;;
  1) title='**slower**' ;;
  3) title='undecided: the machine was too noisy to tell' ;;
  *) title="the gate could not be run (exit code $code)" ;;
esac
{
  printf '### Dataplane against %.10s: %s\n\n```text\n' "$base" "$title"
  cat "$log"
  printf '```\n\nHow to read it: `docs/ci.md`.\n'
} >"$answer"
if [[ -n ${GITHUB_STEP_SUMMARY:-} ]]; then cat "$answer" >>"$GITHUB_STEP_SUMMARY"; fi

# A noisy machine is nobody's mistake; a slower dataplane, or no answer at all, is.
if ((code == 3)); then exit 0; fi
exit "$code"
