/* The maps that a node has besides the router's: where pods are, and the paths to them. */
#pragma once

#include "maps.h"

/* Underlay, common and address header with IPv4 hosts (36), the longest standard path (796). */
#define CILION_MAX_HEADER_LEN   (42 + 36 + 796)
#define CILION_MAX_PATHS_OF_SET 8

enum cilion_strategy {
    /* The first usable one. */
    CILION_STRATEGY_ORDERED,
    /* By hash of the flow, in proportion to the weights of the usable ones. */
    CILION_STRATEGY_WEIGHTED,
};

enum cilion_on_none {
    CILION_ON_NONE_BLOCK,
    /* Leave it to the kernel's routes, under the node's fallback mark. */
    CILION_ON_NONE_PASS,
};

struct cilion_node {
    __be32 internal_ip;
    /* Where the AS's routers hear one another, and where hosts hear the routers. */
    __be16 router_port;
    __be16 host_port;
    /* Addresses of this node's pods: all others are no business of what arrives here. */
    __be32 pod_net;
    __be32 pod_mask;
    /* The pair of devices that cuts into frames what one header does not fit: traffic goes in here, comes out
     * there. */
    __u32 segmenter_in;
    __u32 segmenter_out;
    /* Firewall mark of packets that fall back to plain IP. */
    __u32 fallback_mark;
};

struct cilion_prefix {
    __u32 length;
    __be32 ip;
};

/* A remote node. */
struct cilion_remote {
    __be64 ia;
    __u32 id;
    /* Largest inner packet that every path there takes, bytes: TCP's segment size follows it in both
     * directions. */
    __u32 inner_mtu;
};

struct cilion_route_key {
    __u32 policy;
    __u32 remote;
};

struct cilion_path_set {
    __u32 count;
    __u32 strategy;
    __u32 on_none;
    __u32 path[CILION_MAX_PATHS_OF_SET];
    /* Each 1…65535. */
    __u32 weight[CILION_MAX_PATHS_OF_SET];
};

enum cilion_path_flag {
    /* BGP routes the underlay of its first link: `ifindex` and the header's MAC addresses mean nothing. */
    CILION_PATH_ROUTED = 1,
};

/* Written once, before a path set names it; a changed path is a new one. */
struct cilion_path {
    /* Unix time, nanoseconds: earliest expiry of a hop field. */
    __u64 expiry_ns;
    /* Device to send on. */
    __u32 ifindex;
    /* Index in `links` of the node's own link, for the counters; 0 where a sibling sends. */
    __u32 link;
    __u32 header_len;
    /* Bytes of an inner packet. */
    __u32 inner_mtu;
    /* Folded sum of the underlay's IPv4 header but for its total length. */
    __u32 ip_sum;
    __u32 flags;
    /* Underlay and SCION headers, as they leave this node but for lengths, checksum and FlowID. */
    __u8 header[CILION_MAX_HEADER_LEN];
};

/* User space maps this into its memory and writes single fields. */
struct cilion_path_health {
    /* CLOCK_MONOTONIC, nanoseconds, of the last answer. */
    __u64 last_heard_ns;
    /* Silence for longer means that the path is gone; 0: it is not probed. */
    __u64 lapse_ns;
    /* Of the last answer. */
    __u64 rtt_ns;
    __u64 down;
    /* Chosen by user space whenever the id gets a new path: an answer has to bring it back. */
    __u64 token;
};

enum cilion_probe_kind {
    CILION_PROBE_REQUEST = 1,
    CILION_PROBE_REPLY = 2,
};

/* Payload under next header 254. The far node sends it back over the same path. */
struct cilion_probe {
    __be32 magic;
    __be32 kind;
    /* Id at the node that asks. */
    __be32 path;
    __be32 reserved;
    __be64 token;
    /* CLOCK_MONOTONIC of the node that asks, nanoseconds. */
    __be64 sent_ns;
};

/* "CilP" */
#define CILION_PROBE_MAGIC 0x43696c50

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct cilion_node);
} node SEC(".maps");

/* By IPv4 address of a pod. */
struct {
    __uint(type, BPF_MAP_TYPE_LPM_TRIE);
    __uint(max_entries, 4096);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __type(key, struct cilion_prefix);
    __type(value, struct cilion_remote);
} remote_pods SEC(".maps");

/* Own pod's address → policy; absent is 0. */
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 16384);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __type(key, __be32);
    __type(value, __u32);
} pod_policy_map SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 4096);
    __type(key, struct cilion_route_key);
    __type(value, struct cilion_path_set);
} scion_path_cache SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 256);
    __type(key, __u32);
    __type(value, struct cilion_path);
} paths SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 256);
    __uint(map_flags, BPF_F_MMAPABLE);
    __type(key, __u32);
    __type(value, struct cilion_path_health);
} path_health SEC(".maps");

/* Pods' packets by path id, bytes of inner packets. */
struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, 256);
    __type(key, __u32);
    __type(value, struct cilion_counter);
} path_counters SEC(".maps");

/* Internal IPv4 address of the AS's other nodes → how a packet for that host gets there. */
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 256);
    __type(key, __be32);
    __type(value, struct cilion_link);
} siblings SEC(".maps");

static __always_inline void count_path(__u32 id, __u32 packets, __u32 bytes)
{
    struct cilion_counter *counter = bpf_map_lookup_elem(&path_counters, &id);

    if (counter) {
        counter->packets += packets;
        counter->bytes += bytes;
    }
}

static __always_inline struct cilion_node *own_node(void)
{
    __u32 zero = 0;

    return bpf_map_lookup_elem(&node, &zero);
}

static __always_inline struct cilion_remote *find_remote(__be32 ip)
{
    struct cilion_prefix key = {.length = 32, .ip = ip};

    return bpf_map_lookup_elem(&remote_pods, &key);
}
