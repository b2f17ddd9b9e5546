/*
 * From a pod into SCION (tc ingress, direct action): on the host side of every pod's veth, and at the far end
 * of the segmenter. The kernel may hand over one large packet that it will cut into segments later, all under
 * copies of one header. Such a packet is encapsulated as it is where all its segments have one length; any
 * other goes through the segmenter, a pair of devices between which the kernel does the cutting, and comes
 * back frame by frame.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "choose_path.h"
#include "mss.h"
#include "path_device.h"
#include "scion.h"

#define TC_ACT_OK   0
#define TC_ACT_SHOT 2
/* tcp.check from the start of the TCP header. */
#define TCP_CHECK_AT 16

struct pod_packet {
    void *start;
    void *end;
    struct iphdr *ip;
    __u32 hash;
    /* Length of the packet as the wire will see it (of one segment), and how many there are. */
    __u32 length;
    __u32 segments;
    /* All segments have that length. */
    bool uniform;
    /* It has been through the segmenter: the kernel has no better idea than we. */
    bool segmented;
};

static __always_inline bool open_frame(struct __sk_buff *skb, struct pod_packet *p)
{
    struct ethhdr *ethernet;

    p->start = (void *)(long)skb->data;
    p->end = (void *)(long)skb->data_end;
    ethernet = p->start;
    p->ip = (void *)(ethernet + 1);
    return (void *)(p->ip + 1) <= p->end && ethernet->h_proto == bpf_htons(ETHERTYPE_IPV4) &&
           p->ip->version == 4 && p->ip->ihl >= 5;
}

/* Headers of a pod's packet may lie outside the linear part. */
static __always_inline bool open_pod_packet(struct __sk_buff *skb, struct pod_packet *p)
{
    __u32 wanted = sizeof(struct ethhdr) + 60 + 60;

    if (skb->len < wanted)
        wanted = skb->len;
    if (!open_frame(skb, p) || p->end - p->start < wanted) {
        bpf_skb_pull_data(skb, wanted);
        return open_frame(skb, p);
    }
    return true;
}

static __always_inline bool has_ports(const struct iphdr *ip)
{
    return ip->ihl == 5 && (ip->protocol == IPPROTO_TCP || ip->protocol == IPPROTO_UDP) &&
           !(ip->frag_off & bpf_htons(IP_OFFSET_MASK | IP_MORE_FRAGMENTS));
}

static __always_inline __u32 hash_flow(const struct pod_packet *p)
{
    __u64 hash = ((__u64)p->ip->saddr << 32 | p->ip->daddr) * 0x9e3779b97f4a7c15ULL;
    __u32 *ports = (void *)(p->ip + 1);

    hash ^= p->ip->protocol;
    if (has_ports(p->ip) && (void *)(ports + 1) <= p->end)
        hash ^= (__u64)*ports << 17;
    hash *= 0xd6e8feb86659fd93ULL;
    return hash >> 32;
}

/* How long the frames will be that the kernel makes of this packet. False: it cannot be known before it does.
 */
static __always_inline bool measure(struct __sk_buff *skb, struct pod_packet *p)
{
    struct tcphdr *tcp = (void *)(p->ip + 1);
    __u32 payload, headers, gso = skb->gso_size;

    p->length = skb->len - sizeof(struct ethhdr);
    p->segments = 1;
    p->uniform = true;
    if (gso == 0)
        return bpf_ntohs(p->ip->tot_len) == p->length && p->length >= p->ip->ihl * 4;
    p->uniform = false;
    if (p->ip->protocol != IPPROTO_TCP || p->ip->ihl != 5 || (void *)(tcp + 1) > p->end)
        return false;
    headers = sizeof(struct iphdr) + tcp->doff * 4;
    if (p->length <= headers)
        return false;
    payload = p->length - headers;
    p->uniform = payload % gso == 0;
    p->segments = (payload + gso - 1) / gso;
    p->length = headers + gso;
    return true;
}

static __always_inline void lower_mss(struct __sk_buff *skb, struct pod_packet *p, __u32 inner_mtu)
{
    struct tcphdr *tcp = (void *)(p->ip + 1);
    __u32 tcp_at = sizeof(struct ethhdr) + sizeof(struct iphdr), at;
    __be16 *value, old, wanted = bpf_htons(inner_mtu - IP_AND_TCP_LEN);

    if (p->ip->protocol != IPPROTO_TCP || !has_ports(p->ip) || inner_mtu <= IP_AND_TCP_LEN)
        return;
    at = find_mss(tcp, p->end);
    value = (void *)tcp + at;
    if (at == 0 || at > 58 || (void *)(value + 1) > p->end || bpf_ntohs(*value) <= bpf_ntohs(wanted))
        return;
    old = *value;
    *value = wanted;
    /* The helper knows whether the sum over the segment is still to be made (CHECKSUM_PARTIAL). */
    bpf_l4_csum_replace(skb, tcp_at + TCP_CHECK_AT, as_summed(old, at), as_summed(wanted, at), 2);
}

/* The node is a router to its pods: what it sends on itself has one hop less to go. */
static __always_inline void decrement_ttl(struct iphdr *ip)
{
    __u32 check = (__u32)ip->check + bpf_htons(0x0100);

    ip->check = check + (check >= 0xffff);
    ip->ttl--;
}

/* Puts the path's headers before the packet and fills in what differs from packet to packet. */
static __always_inline int encapsulate(struct __sk_buff *skb, const struct pod_packet *p,
                                       struct cilion_path *path)
{
    __u32 header_len = path->header_len, inner = skb->len - sizeof(struct ethhdr), total;
    __u64 flags = skb->gso_size
                      ? BPF_F_ADJ_ROOM_ENCAP_L3_IPV4 | BPF_F_ADJ_ROOM_ENCAP_L4_UDP | BPF_F_ADJ_ROOM_FIXED_GSO
                      : 0;
    struct scion_header *scion;
    struct underlay *u;

    if (header_len < UNDERLAY_LEN + SCION_FIXED_LEN || header_len > sizeof(path->header))
        return CILION_NO_ROOM;
    if (bpf_skb_adjust_room(skb, header_len - sizeof(struct ethhdr), BPF_ADJ_ROOM_MAC, flags) ||
        bpf_skb_store_bytes(skb, 0, path->header, header_len, 0))
        return CILION_NO_ROOM;
    u = (void *)(long)skb->data;
    scion = (void *)(u + 1);
    if ((void *)(scion + 1) > (void *)(long)skb->data_end)
        return CILION_NO_ROOM;
    total = inner + header_len - sizeof(struct ethhdr);
    /* Of a packet still to be cut these lengths are rewritten for every segment, so they may overflow. */
    ip_of(u)->tot_len = bpf_htons(total);
    ip_of(u)->check = ~fold(path->ip_sum + ip_of(u)->tot_len);
    udp_of(u)->len = bpf_htons(total - sizeof(struct iphdr));
    scion->version_class_flow |= bpf_htonl(p->hash & 0xfffff);
    scion->payload_len = bpf_htons(p->length);
    return CILION_ENCAPSULATED;
}

static __always_inline int refuse_pod(enum cilion_reason reason, const struct pod_packet *p, __u32 bytes)
{
    count_packets(0, reason, p->segments, bytes);
    return TC_ACT_SHOT;
}

/* Why a packet that no path takes is dropped; CILION_REASON_MAX where it is left to the kernel. */
static __always_inline int refused_by(__u32 policy, __u32 remote)
{
    struct cilion_route_key key = {.policy = policy, .remote = remote};
    struct cilion_path_set *set = bpf_map_lookup_elem(&scion_path_cache, &key);

    if (set && set->on_none == CILION_ON_NONE_PASS)
        return CILION_REASON_MAX;
    /* A policy without a path allows none; without a policy there is none. */
    return policy && set && set->count == 0 ? CILION_POLICY_BLOCKED : CILION_NO_PATH;
}

static __always_inline int send_by(struct __sk_buff *skb, const struct cilion_node *node,
                                   struct pod_packet *p, struct cilion_path *path, __u32 id)
{
    __u32 bytes = skb->len - sizeof(struct ethhdr), ifindex;
    int reason;

    if (p->length > path->inner_mtu)
        /* The kernel routes remote pods by the segmenter under this MTU: it sends ICMP or makes fragments. */
        return p->segmented ? refuse_pod(CILION_INNER_TOO_BIG, p, bytes) : TC_ACT_OK;
    if (!p->segmented) {
        if (p->ip->ttl <= 1)
            return TC_ACT_OK;
        decrement_ttl(p->ip);
    }
    if (!p->uniform) {
        if (p->segmented)
            return refuse_pod(CILION_NO_ROOM, p, bytes);
        count_packets(0, CILION_SEGMENTED, p->segments, bytes);
        return bpf_redirect(node->segmenter_in, 0);
    }
    reason = encapsulate(skb, p, path);
    if (reason != CILION_ENCAPSULATED)
        return refuse_pod(reason, p, bytes);
    ifindex = device_of(skb, path);
    if (ifindex == 0)
        return refuse_pod(CILION_NO_ROUTE, p, bytes);
    count_packets(0, CILION_ENCAPSULATED, p->segments, bytes);
    count_path(id, p->segments, bytes);
    if (path->link)
        count_link(path->link, 1, p->segments, skb->len);
    return bpf_redirect(ifindex, 0);
}

SEC("tc")
int pod_egress(struct __sk_buff *skb)
{
    struct cilion_node *node = own_node();
    struct cilion_remote *remote;
    struct cilion_path *path;
    struct pod_packet p = {};
    __u32 *configured, policy, id;
    __be32 pod;
    bool measured;
    int reason;

    if (!node)
        return TC_ACT_OK;
    p.segmented = skb->ifindex == node->segmenter_out;
    if (!open_pod_packet(skb, &p))
        return TC_ACT_OK;
    remote = find_remote(p.ip->daddr);
    if (!remote)
        return TC_ACT_OK;
    measured = measure(skb, &p);
    pod = p.ip->saddr;
    configured = bpf_map_lookup_elem(&pod_policy_map, &pod);
    policy = configured ? *configured : 0;
    p.hash = hash_flow(&p);
    id = choose_path(policy, remote->id, p.hash) - 1;
    path = bpf_map_lookup_elem(&paths, &id);
    if (!path) {
        reason = refused_by(policy, remote->id);
        if (reason == CILION_REASON_MAX && p.segmented)
            reason = CILION_NO_PATH;
        if (reason != CILION_REASON_MAX)
            return refuse_pod(reason, &p, skb->len);
        skb->mark = node->fallback_mark;
        return TC_ACT_OK;
    }
    lower_mss(skb, &p, remote->inner_mtu);
    if (!open_frame(skb, &p))
        return TC_ACT_SHOT;
    if (!measured)
        return p.segmented ? refuse_pod(CILION_INNER_MALFORMED, &p, skb->len) : TC_ACT_OK;
    return send_by(skb, node, &p, path, id);
}

char LICENSE[] SEC("license") = "GPL";
