/* The underlay of a SCION link: Ethernet, IPv4 without options, UDP. */
#pragma once

#include "vmlinux.h"
#include <bpf/bpf_endian.h>
#include "maps.h"

#define ETHERTYPE_IPV4    0x0800
#define IP_DONT_FRAGMENT  0x4000
#define IP_MORE_FRAGMENTS 0x2000
#define IP_OFFSET_MASK    0x1fff
#define UNDERLAY_TTL      64

struct underlay {
    struct ethhdr ethernet;
    struct iphdr ip;
    struct udphdr udp;
} __attribute__((packed));

#define UNDERLAY_LEN sizeof(struct underlay)

static __always_inline __u32 fold(__u32 sum)
{
    sum = (sum & 0xffff) + (sum >> 16);
    return (sum & 0xffff) + (sum >> 16);
}

/* Length of what UDP carries, or -1 where the lengths of frame, IP and UDP do not agree (padding is fine). */
static __always_inline int underlay_payload(const struct underlay *u, __u32 frame_len)
{
    __u32 udp_len = bpf_ntohs(u->udp.len);
    __u32 ip_len = bpf_ntohs(u->ip.tot_len);

    if (udp_len < sizeof(struct udphdr) || ip_len != udp_len + sizeof(struct iphdr) ||
        ip_len + sizeof(struct ethhdr) > frame_len)
        return -1;
    return udp_len - sizeof(struct udphdr);
}

/* What every frame that leaves has in common. */
static __always_inline void fresh_headers(struct underlay *u)
{
    u->ip.tos = 0;
    u->ip.id = 0;
    u->ip.frag_off = bpf_htons(IP_DONT_FRAGMENT);
    u->ip.ttl = UNDERLAY_TTL;
    /* None (RFC 768): the MACs protect the path, the inner packet has its own. */
    u->udp.check = 0;
}

/* Addresses the frame to the far end of a link; its lengths stay as they are. */
static __always_inline void address_to_link(struct underlay *u, const struct cilion_link *link)
{
    /* remote_mac and own_mac follow one another as in the Ethernet header. */
    __builtin_memcpy(&u->ethernet, link->remote_mac, 12);
    fresh_headers(u);
    u->ip.check = ~fold(link->ip_sum + u->ip.tot_len);
    u->ip.saddr = link->own_ip;
    u->ip.daddr = link->remote_ip;
    u->udp.source = link->own_port;
    u->udp.dest = link->remote_port;
}
