/* A border router's side towards its own AS: what hosts and the AS's other routers send, and what is for
 * hosts. */
#pragma once

#include "transmit.h"

#define SCION_NEXT_UDP 17
#define SCION_UDP_LEN  8
/* 224.0.0.0 and above: groups, and addresses that nobody has. */
#define FIRST_MULTICAST 224

/* Both ends of an underlay, as a frame from the far end to the near one has them. */
struct cilion_underlay {
    __u32 as_slot;
    __be32 own_ip;
    __be32 remote_ip;
    __be16 own_port;
    __be16 remote_port;
};

struct cilion_neighbour {
    /* Interface of the link; 0 where the neighbour is another router of the AS. */
    __u32 ifid;
    __u32 bfd_session;
};

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 1);
    __type(key, struct cilion_underlay);
    __type(value, struct cilion_neighbour);
} neighbours SEC(".maps");

/* On a device that several share: the addresses say whose the frame is. */
static __always_inline enum cilion_reason receive_shared(struct packet *p, struct underlay *u,
                                                         const struct cilion_as *as, __u32 *bfd_session)
{
    struct cilion_underlay key = {
        .as_slot = as->slot,
        .own_ip = ip_of(u)->daddr,
        .remote_ip = ip_of(u)->saddr,
        .own_port = udp_of(u)->dest,
        .remote_port = udp_of(u)->source,
    };
    struct cilion_neighbour *neighbour;

    if (!is_udp_to(u, key.own_ip))
        return NOT_FOR_US;
    neighbour = bpf_map_lookup_elem(&neighbours, &key);
    if (neighbour) {
        p->ingress = neighbour->ifid;
        *bfd_session = neighbour->bfd_session;
    } else if (key.own_ip != as->internal_ip || key.own_port != as->internal_port) {
        return NOT_FOR_US;
    }
    p->from_ip = key.remote_ip;
    p->from_port = key.remote_port;
    return open_underlay(p, u);
}

/* Port of a SCION/UDP packet's receiver where it is one of the hosts' own ports, else 0. */
static __always_inline __be16 host_port(const struct packet *p, const struct cilion_as *as)
{
    __be16 *ports = (void *)p->scion + p->header_len;
    __u16 port;

    if (p->scion->next_header != SCION_NEXT_UDP || p->length < p->header_len + SCION_UDP_LEN ||
        (void *)(ports + 2) > p->end)
        return 0;
    port = bpf_ntohs(ports[1]);
    return port >= as->host_port_min && port <= as->host_port_max ? ports[1] : 0;
}

static __always_inline void address_to_host(struct underlay *u, const struct cilion_as *as, __be32 host,
                                            __be16 port, const struct bpf_fib_lookup *route)
{
    __u16 *words = (void *)u->ip;
    __u32 sum = 0;

    __builtin_memcpy(u->ethernet.h_dest, route->dmac, 6);
    __builtin_memcpy(u->ethernet.h_source, route->smac, 6);
    fresh_headers(u);
    ip_of(u)->check = 0;
    ip_of(u)->saddr = as->internal_ip;
    ip_of(u)->daddr = host;
    udp_of(u)->source = as->internal_port;
    udp_of(u)->dest = port;
    for (int i = 0; i < 10; i++)
        sum += words[i];
    ip_of(u)->check = ~fold(sum);
}

/*
 * Sends a packet that has arrived to its host's own port (doc/dev/design/router-port-dispatch.rst) where that
 * is as plain as forwarding: an IPv4 host, SCION/UDP without extensions, and a neighbour that the kernel
 * knows. All else is for the slow path: services, SCMP, the shim dispatcher, IPv6.
 */
static __always_inline int deliver_to_host(struct xdp_md *ctx, struct packet *p, struct underlay *u,
                                           const struct cilion_as *as)
{
    struct bpf_fib_lookup route = {.family = FIB_AF_INET, .l4_protocol = IPPROTO_UDP};
    __be32 *host = (void *)(p->scion + 1);
    __be16 port = as->internal_ip ? host_port(p, as) : 0;
    __u32 first;

    if (port == 0 || p->scion->host_types >> 4 != SCION_HOST_IPV4 || (void *)(host + 1) > p->end)
        return refuse(as, CILION_LOCAL_DELIVERY, p, u);
    first = *host & 0xff;
    route.tot_len = p->length + UNDERLAY_LEN - sizeof(struct ethhdr);
    route.ifindex = as->internal_ifindex;
    route.ipv4_src = as->internal_ip;
    route.ipv4_dst = *host;
    if (first == 0 || first >= FIRST_MULTICAST ||
        bpf_fib_lookup(ctx, &route, sizeof(route), BPF_FIB_LOOKUP_OUTPUT) != BPF_FIB_LKUP_RET_SUCCESS ||
        !settle_seg_id(p))
        return refuse(as, CILION_LOCAL_DELIVERY, p, u);
    address_to_host(u, as, *host, port, &route);
    return send_by(p, u, as, route.ifindex, CILION_TO_SIBLING);
}
