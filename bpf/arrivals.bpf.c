/* Counts at a pod's device the packets that somebody waits for (tc), and changes nothing. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "arrivals.h"

#define ETH_HEADER_BYTES 14
#define TC_ACT_UNSPEC    (-1)
/* In an IPv4 header. */
#define TTL_AT   8
#define CHECK_AT 10

/* How often each has arrived. */
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 4096);
    __type(key, struct cilion_awaited);
    __type(value, __u64);
} awaited SEC(".maps");

SEC("tc")
int count_arrival(struct __sk_buff *skb)
{
    struct cilion_awaited packet;
    __u64 *arrived;

    if (bpf_skb_load_bytes(skb, ETH_HEADER_BYTES, &packet, sizeof(packet)))
        return TC_ACT_UNSPEC;
    packet.head[TTL_AT] = 0;
    packet.head[CHECK_AT] = 0;
    packet.head[CHECK_AT + 1] = 0;
    arrived = bpf_map_lookup_elem(&awaited, &packet);
    if (arrived)
        __sync_fetch_and_add(arrived, 1);
    return TC_ACT_UNSPEC;
}

char LICENSE[] SEC("license") = "GPL";
