/*
 * One program alone, by BPF_PROG_RUN, again and again on one packet. What a run changes has to be made new
 * before the next: that is done here, and the program is called after it. `bench_end` in the program's place
 * tells what that costs.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "bench.h"

#define TC_ACT_SHOT 2

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct bench_packet);
} bench_packet SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 8192);
    __type(key, __u32);
    __type(value, struct bench_patch);
} bench_patches SEC(".maps");

/* The program that is measured. */
struct {
    __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, __u32);
} measured_xdp SEC(".maps"), measured_tc SEC(".maps");

static __always_inline struct bench_packet *packet(void)
{
    __u32 zero = 0;

    return bpf_map_lookup_elem(&bench_packet, &zero);
}

static __always_inline bool next_path(struct bench_packet *packet, void *data, void *end)
{
    __u32 index = packet->runs++ & packet->patch_mask, i;
    struct bench_patch *patch = bpf_map_lookup_elem(&bench_patches, &index);

    if (!patch)
        return false;
    for (i = 0; i < BENCH_FIELDS; i++) {
        void *seg_id = data + (packet->seg_id_at[i] & 0xff), *mac = data + (packet->mac_at[i] & 0xff);

        if (i >= packet->fields)
            break;
        if (seg_id + 2 > end || mac + 6 > end)
            return false;
        *(__u16 *)seg_id = *(__u16 *)patch->seg_id[i];
        *(__u32 *)mac = *(__u32 *)patch->mac[i];
        *(__u16 *)(mac + 4) = *(__u16 *)(patch->mac[i] + 4);
    }
    return true;
}

/* A function, or clang loads the context's fields by way of a changed pointer, which the verifier does not
 * allow. */
static __noinline int rewind_to(struct xdp_md *ctx, __u32 frame_len)
{
    __u32 length = ctx->data_end - ctx->data;

    return length == frame_len ? 0 : bpf_xdp_adjust_head(ctx, (int)(length - frame_len));
}

SEC("xdp")
int bench_xdp(struct xdp_md *ctx)
{
    struct bench_packet *p = packet();
    void *data, *end;
    __u32 i;

    if (!p || rewind_to(ctx, p->frame_len))
        return XDP_ABORTED;
    data = (void *)(long)ctx->data;
    end = (void *)(long)ctx->data_end;
    if (data + BENCH_PACKET_BYTES > end)
        return XDP_ABORTED;
#pragma unroll
    for (i = 0; i < BENCH_PACKET_BYTES / 8; i++)
        ((__u64 *)data)[i] = ((__u64 *)p->header)[i];
    if (!next_path(p, data, end))
        return XDP_ABORTED;
    bpf_tail_call(ctx, &measured_xdp, 0);
    return XDP_ABORTED;
}

SEC("xdp")
int bench_end_xdp(struct xdp_md *ctx)
{
    struct bench_packet *p = packet();

    if (p && p->moves && bpf_xdp_adjust_head(ctx, p->moves))
        return XDP_ABORTED;
    return XDP_DROP;
}

SEC("tc")
int bench_tc(struct __sk_buff *skb)
{
    struct bench_packet *p = packet();

    if (!p ||
        (skb->len != p->frame_len &&
         bpf_skb_adjust_room(skb, (int)(p->frame_len - skb->len), BPF_ADJ_ROOM_MAC, 0)) ||
        bpf_skb_store_bytes(skb, 0, p->header, BENCH_TC_BYTES, 0))
        return TC_ACT_SHOT;
    bpf_tail_call(skb, &measured_tc, 0);
    return TC_ACT_SHOT;
}

SEC("tc")
int bench_end_tc(struct __sk_buff *skb)
{
    struct bench_packet *p = packet();

    if (p && p->moves)
        bpf_skb_adjust_room(skb, -p->moves, BPF_ADJ_ROOM_MAC, 0);
    return TC_ACT_SHOT;
}

char LICENSE[] SEC("license") = "GPL";
