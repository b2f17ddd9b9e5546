/* Where the kernel's routes lead at this moment: the way of a packet whose underlay BGP routes. */
#pragma once

#include "underlay.h"

#define FIB_AF_INET 2

/* The question to the kernel, and its answer: too large for the stack below several functions. */
struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct bpf_fib_lookup);
} next_hops SEC(".maps");

/*
 * Addresses the frame to the next hop on the way to its IPv4 destination. Returns the device to send on, or 0
 * where the kernel has no route or no neighbour to send it to.
 */
static __always_inline __u32 address_to_next_hop(void *ctx, struct underlay *u, __u32 from_ifindex)
{
    __u32 zero = 0;
    struct bpf_fib_lookup *route = bpf_map_lookup_elem(&next_hops, &zero);

    if (!route)
        return 0;
    __builtin_memset(route, 0, sizeof(*route));
    route->family = FIB_AF_INET;
    route->l4_protocol = IPPROTO_UDP;
    route->sport = udp_of(u)->source;
    route->dport = udp_of(u)->dest;
    route->ifindex = from_ifindex;
    route->ipv4_src = ip_of(u)->saddr;
    route->ipv4_dst = ip_of(u)->daddr;
    if (bpf_fib_lookup(ctx, route, sizeof(*route), 0) != BPF_FIB_LKUP_RET_SUCCESS)
        return 0;
    __builtin_memcpy(u->ethernet.h_dest, route->dmac, 6);
    __builtin_memcpy(u->ethernet.h_source, route->smac, 6);
    return route->ifindex;
}
