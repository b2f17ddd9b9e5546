/* The router's maps. User space takes their layouts from BTF. */
#pragma once

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "clock.h"
#include "reasons.h"

enum cilion_role {
    CILION_ROLE_NONE,
    /* The device carries one link of the AS. */
    CILION_ROLE_EXTERNAL,
    /* The AS's own network, and links that share the device with it or with one another. */
    CILION_ROLE_INTERNAL,
    /* The device carries none of the AS's links, but what the internet routes to it comes in by it. */
    CILION_ROLE_ACCESS,
};

/* What the neighbour on a link is to this AS. */
enum cilion_link_kind {
    CILION_LINK_NONE,
    CILION_LINK_CORE,
    CILION_LINK_PARENT,
    CILION_LINK_CHILD,
    CILION_LINK_PEER,
};

enum cilion_link_flag {
    CILION_LINK_UP = 1,
    /* Another router of this AS terminates the link; addresses are those of the AS's own network. */
    CILION_LINK_SIBLING = 2,
    /* BGP routes the underlay: no device and no MAC addresses of its own, the kernel's routes say where it
       goes. */
    CILION_LINK_ROUTED = 4,
};

enum cilion_as_flag {
    /* A user-space router listens on the same addresses: it gets what XDP does not finish. */
    CILION_AS_SLOW_PATH = 1,
    /* It has links with CILION_LINK_ROUTED: their packets come in by any device. */
    CILION_AS_ROUTED = 2,
};

struct cilion_device {
    __u32 role;
    __u32 as_slot;
    /* Interface of the link, for an external device. */
    __u32 ifid;
};

struct cilion_link {
    __u16 ifid;
    __u8 kind;
    __u8 flags;
    __u32 ifindex;
    __be32 own_ip;
    __be32 remote_ip;
    __be16 own_port;
    __be16 remote_port;
    /* In the order of an Ethernet header. */
    __u8 remote_mac[6];
    __u8 own_mac[6];
    /* Largest IP packet, bytes. */
    __u16 mtu;
    /* Folded sum of the underlay's IPv4 header but for its total length. */
    __u16 ip_sum;
    /* Index in `bfd_sessions`; 0: nobody watches the link, which counts as up. */
    __u16 bfd_session;
};

struct cilion_as {
    __be64 ia;
    /* Its own index in `ases`. */
    __u32 slot;
    /* links[link_base + ifid], ifid < link_limit. */
    __u32 link_base;
    __u32 link_limit;
    __u32 flags;
    /* Changes with the key, so that no cached MAC outlives it. */
    __u32 key_epoch;
    /* The router's end of the AS's own network; 0 where border_router does not serve it. */
    __u32 internal_ifindex;
    __be32 internal_ip;
    __be16 internal_port;
    /* Hosts' own ports, which packets are delivered to without a dispatcher; both 0: none. */
    __u16 host_port_min;
    __u16 host_port_max;
    /* CMAC's K1 (RFC 4493 section 2.3): a hop field's MAC input is exactly one block. */
    __u64 subkey[2];
    /* AES-128 key schedule, FIPS-197 bytes in memory order. */
    __u32 round_keys[44];
};

/* The AS's end of a link with CILION_LINK_ROUTED. */
struct cilion_routed_end {
    __u32 as_slot;
    __be32 ip;
    __be16 port;
    __u16 reserved;
};

struct cilion_counter {
    __u64 packets;
    __u64 bytes;
};

struct cilion_mac_entry {
    __u64 input[2];
    __u64 mac;
    /* AS slot + 1 and key epoch; 0 is empty. */
    __u64 tag;
};

#define CILION_MAC_CACHE_SIZE 1024

/* By interface index, which is unique across a lab. */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 64);
    __type(key, __u32);
    __type(value, struct cilion_device);
} devices SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 64);
    __type(key, __u32);
    __type(value, struct cilion_link);
} links SEC(".maps");

/* Interface of the link. */
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 64);
    __type(key, struct cilion_routed_end);
    __type(value, __u32);
} routed_links SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct cilion_as);
} ases SEC(".maps");

/* By interface index of the device to send on. */
struct {
    __uint(type, BPF_MAP_TYPE_DEVMAP);
    __uint(max_entries, 64);
    __type(key, __u32);
    __type(value, __u32);
} tx_ports SEC(".maps");

/* as_slot * CILION_REASON_MAX + reason */
struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, CILION_REASON_MAX);
    __type(key, __u32);
    __type(value, struct cilion_counter);
} counters SEC(".maps");

/* Index of the link * 2, + 1 for what leaves. */
struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, 128);
    __type(key, __u32);
    __type(value, struct cilion_counter);
} link_counters SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, CILION_MAC_CACHE_SIZE);
    __type(key, __u32);
    __type(value, struct cilion_mac_entry);
} mac_cache SEC(".maps");

static __always_inline void count_packets(__u32 as_slot, enum cilion_reason reason, __u32 packets,
                                          __u32 bytes)
{
    __u32 index = as_slot * CILION_REASON_MAX + reason;
    struct cilion_counter *counter = bpf_map_lookup_elem(&counters, &index);

    if (counter) {
        counter->packets += packets;
        counter->bytes += bytes;
    }
}

static __always_inline void count(__u32 as_slot, enum cilion_reason reason, __u32 bytes)
{
    count_packets(as_slot, reason, 1, bytes);
}

static __always_inline void count_link(__u32 link, __u32 leaves, __u32 packets, __u32 bytes)
{
    __u32 index = link * 2 + leaves;
    struct cilion_counter *counter = bpf_map_lookup_elem(&link_counters, &index);

    if (counter) {
        counter->packets += packets;
        counter->bytes += bytes;
    }
}

/* The AS's link with this interface identifier, or NULL. */
static __always_inline struct cilion_link *find_link(const struct cilion_as *as, __u32 ifid)
{
    __u32 index = as->link_base + ifid;
    struct cilion_link *link;

    if (ifid == 0 || ifid >= as->link_limit)
        return NULL;
    link = bpf_map_lookup_elem(&links, &index);
    return link && link->kind != CILION_LINK_NONE ? link : NULL;
}
