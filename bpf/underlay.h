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
    /* Behind 14 bytes: read by ip_of() and udp_of(). */
    __be16 ip[sizeof(struct iphdr) / 2];
    __be16 udp[sizeof(struct udphdr) / 2];
};

#define UNDERLAY_LEN sizeof(struct underlay)

/*
 * Fields of 4 bytes are not at multiples of 4. A packed struct says so to the compiler, which then reads and
 * writes them byte by byte; the kernel lets a program read them as they are wherever the processor can.
 */
static __always_inline struct iphdr *ip_of(const struct underlay *u)
{
    return (void *)u->ip;
}

static __always_inline struct udphdr *udp_of(const struct underlay *u)
{
    return (void *)u->udp;
}

static __always_inline __u32 fold(__u32 sum)
{
    sum = (sum & 0xffff) + (sum >> 16);
    return (sum & 0xffff) + (sum >> 16);
}

/* Length of what UDP carries, or -1 where the lengths of frame, IP and UDP do not agree (padding is fine). */
static __always_inline int underlay_payload(const struct underlay *u, __u32 frame_len)
{
    __u32 udp_len = bpf_ntohs(udp_of(u)->len);
    __u32 ip_len = bpf_ntohs(ip_of(u)->tot_len);

    if (udp_len < sizeof(struct udphdr) || ip_len != udp_len + sizeof(struct iphdr) ||
        ip_len + sizeof(struct ethhdr) > frame_len)
        return -1;
    return udp_len - sizeof(struct udphdr);
}

/* What every frame that leaves has in common. */
static __always_inline void fresh_headers(struct underlay *u)
{
    ip_of(u)->tos = 0;
    ip_of(u)->id = 0;
    ip_of(u)->frag_off = bpf_htons(IP_DONT_FRAGMENT);
    ip_of(u)->ttl = UNDERLAY_TTL;
    /* None (RFC 768): the MACs protect the path, the inner packet has its own. */
    udp_of(u)->check = 0;
}

/* Addresses the frame to the far end of a link; its lengths stay as they are. */
static __always_inline void address_to_link(struct underlay *u, const struct cilion_link *link)
{
    /* remote_mac and own_mac follow one another as in the Ethernet header. */
    const __u32 *macs = (const void *)link->remote_mac;
    __u32 *ethernet = (void *)u;

    ethernet[0] = macs[0];
    ethernet[1] = macs[1];
    ethernet[2] = macs[2];
    fresh_headers(u);
    ip_of(u)->check = ~fold(link->ip_sum + ip_of(u)->tot_len);
    ip_of(u)->saddr = link->own_ip;
    ip_of(u)->daddr = link->remote_ip;
    udp_of(u)->source = link->own_port;
    udp_of(u)->dest = link->remote_port;
}
