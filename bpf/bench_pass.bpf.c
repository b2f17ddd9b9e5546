/* Passes every frame on: what any XDP program at a receiver costs the packets behind it, at least. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

SEC("xdp")
int bench_pass(struct xdp_md *ctx __attribute__((unused)))
{
    return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
