/*
 * Looks at the frames that arrive at a device, and changes nothing. The XDP program takes the place of the
 * one that is there and hands every frame on to it: a packet socket would never see what that program
 * redirects. Where no XDP belongs (pods), the tc programs do it.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "capture.h"

#define ETH_HEADER_BYTES 14
#define TC_ACT_UNSPEC    (-1)

/* A second or so of a gigabit, for a reader on a busy machine. */
struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 128 * 1024 * 1024);
} captured SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct cilion_captured);
} scratch SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct cilion_capture_counts);
} capture_counts SEC(".maps");

/* Entry 0: the program in whose place this one stands. */
struct {
    __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, __u32);
} next_program SEC(".maps");

/* Which way across the wire a frame goes that arrives at the XDP program's device. */
const volatile __u32 arriving = CILION_CAPTURE_AB;
/* Bytes kept of a frame. */
const volatile __u32 snap_length = CILION_CAPTURE_BYTES;

/* Both bounds on one register, as the verifier wants them for a helper's length. */
static __always_inline bool in_bounds(__u64 *length)
{
    asm volatile("" : "+r"(*length));
    if (*length < ETH_HEADER_BYTES)
        return false;
    asm volatile("" : "+r"(*length));
    return *length <= CILION_CAPTURE_BYTES;
}

static __always_inline void record(void *ctx, bool xdp, __u64 length, __u32 direction)
{
    __u32 zero = 0;
    struct cilion_captured *frame = bpf_map_lookup_elem(&scratch, &zero);
    struct cilion_capture_counts *counts = bpf_map_lookup_elem(&capture_counts, &zero);
    __u64 keep = length < snap_length ? length : snap_length;

    if (!frame || !counts)
        return;
    counts->frames++;
    frame->time = bpf_ktime_get_ns();
    frame->length = length;
    frame->direction = direction;
    if (!in_bounds(&keep) ||
        (xdp ? bpf_xdp_load_bytes(ctx, 0, frame->data, keep)
             : bpf_skb_load_bytes(ctx, 0, frame->data, keep)) ||
        bpf_ringbuf_output(&captured, frame, CILION_CAPTURED_HEADER + keep, BPF_RB_NO_WAKEUP))
        counts->missed++;
}

SEC("xdp")
int capture(struct xdp_md *ctx)
{
    record(ctx, true, ctx->data_end - ctx->data, arriving);
    bpf_tail_call(ctx, &next_program, 0);
    /* Nobody was there before. */
    return XDP_PASS;
}

SEC("tc")
int capture_ab(struct __sk_buff *skb)
{
    record(skb, false, skb->len, CILION_CAPTURE_AB);
    return TC_ACT_UNSPEC;
}

SEC("tc")
int capture_ba(struct __sk_buff *skb)
{
    record(skb, false, skb->len, CILION_CAPTURE_BA);
    return TC_ACT_UNSPEC;
}

char LICENSE[] SEC("license") = "GPL";
