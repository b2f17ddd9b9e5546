/*
 * Around a router that is measured: a generator (run by BPF_PROG_RUN with live frames), a sink, and the two
 * simplest things that XDP can do with a frame in the router's place.
 */
#include "vmlinux.h"
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "bench.h"

#define ETHERTYPE_IPV4 0x0800
/* At the clock, while a batch waits: what bpf_loop allows, and far beyond the milliseconds that one waits. */
#define MOST_LOOKS (1 << 23)

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct bench_traffic);
} bench_traffic SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct bench_patch);
} bench_patches SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, BENCH_COUNTERS);
    __type(key, enum bench_counter);
    __type(value, struct bench_count);
} bench_counts SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct bench_pace);
} bench_pace SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_DEVMAP);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, __u32);
} bench_port SEC(".maps");

/* Both MAC addresses of what bench_redirect sends, in the order of an Ethernet header. */
const volatile __u64 next_hop_first = 0;
const volatile __u32 next_hop_rest = 0;

static __always_inline struct bench_count *count_of(enum bench_counter which)
{
    return bpf_map_lookup_elem(&bench_counts, &which);
}

static __always_inline bool write_fields(void *data, void *end, const struct bench_traffic *traffic, __u32 n)
{
    __u32 index = traffic->first_patch + (n & traffic->patch_mask), i;
    struct bench_patch *patch = bpf_map_lookup_elem(&bench_patches, &index);

    if (!patch)
        return false;
    for (i = 0; i < BENCH_FIELDS; i++) {
        void *seg_id = data + (traffic->seg_id_at[i] & 0x3ff), *mac = data + (traffic->mac_at[i] & 0x3ff);

        if (i >= traffic->fields)
            break;
        if (seg_id + 2 > end || mac + 6 > end)
            return false;
        *(__u16 *)seg_id = *(__u16 *)patch->seg_id[i];
        *(__u32 *)mac = *(__u32 *)patch->mac[i];
        *(__u16 *)(mac + 4) = *(__u16 *)(patch->mac[i] + 4);
    }
    return true;
}

static long is_due(__u32 turn __attribute__((unused)), const __u64 *due_ns)
{
    return bpf_ktime_get_ns() >= *due_ns;
}

/* The first frame of a batch waits until the batch is due; what one is late, the next makes up for. It is
 * here that a sender waits, and not between two runs: each run has a page pool of its own, and those are few.
 */
static __always_inline void keep_pace(const struct bench_traffic *traffic)
{
    struct bench_pace *pace;
    __u32 zero = 0;
    __u64 due_ns;

    pace = bpf_map_lookup_elem(&bench_pace, &zero);
    if (!pace)
        return;
    if (!pace->left) {
        if (!pace->due_ns)
            pace->due_ns = bpf_ktime_get_ns();
        due_ns = pace->due_ns;
        bpf_loop(MOST_LOOKS, is_due, &due_ns, 0);
        pace->due_ns += traffic->batch_ns;
        pace->left = traffic->batch;
    }
    pace->left--;
}

/* The kernel hands the same pages out again as what came after has left them, so all that may have changed is
 * written. */
SEC("xdp")
int bench_generate(struct xdp_md *ctx)
{
    void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
    struct bench_count *sent = count_of(BENCH_SENT);
    struct bench_traffic *traffic;
    __u32 zero = 0, i;

    traffic = bpf_map_lookup_elem(&bench_traffic, &zero);
    if (!traffic || !sent || data + BENCH_HEADER_BYTES > end)
        return XDP_ABORTED;
    if (traffic->batch_ns)
        keep_pace(traffic);
#pragma unroll
    for (i = 0; i < BENCH_HEADER_BYTES / 8; i++)
        ((__u64 *)data)[i] = ((__u64 *)traffic->header)[i];
    if (!write_fields(data, end, traffic, sent->packets))
        return XDP_ABORTED;
    sent->packets++;
    sent->bytes += end - data;
    return bpf_redirect(traffic->ifindex, 0);
}

SEC("xdp")
int bench_sink(struct xdp_md *ctx)
{
    __u64 length = ctx->data_end - ctx->data;
    struct ethhdr *ethernet = (void *)(long)ctx->data;
    struct bench_traffic *traffic;
    struct bench_count *count;
    __u32 zero = 0;

    traffic = bpf_map_lookup_elem(&bench_traffic, &zero);
    if (!traffic || (void *)(ethernet + 1) > (void *)(long)ctx->data_end)
        return XDP_DROP;
    count = count_of(length == traffic->frame_len && ethernet->h_proto == bpf_htons(ETHERTYPE_IPV4)
                         ? BENCH_RECEIVED
                         : BENCH_STRAY);
    if (count) {
        count->packets++;
        count->bytes += length;
    }
    return XDP_DROP;
}

SEC("xdp")
int bench_redirect(struct xdp_md *ctx)
{
    void *data = (void *)(long)ctx->data;

    if (data + sizeof(struct ethhdr) > (void *)(long)ctx->data_end)
        return XDP_DROP;
    *(__u64 *)data = next_hop_first;
    *(__u32 *)(data + 8) = next_hop_rest;
    return bpf_redirect_map(&bench_port, 0, XDP_DROP);
}

char LICENSE[] SEC("license") = "GPL";
