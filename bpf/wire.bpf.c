/* The middle of a wire: what real cable does to frames between two routers.
 *
 * The program sits (XDP) at both middle devices of every wire of a lab. A frame that nothing holds up is
 * redirected at once; one that must wait is copied with its due time into its direction's part of wire_ring
 * and dropped, and a thread (native/wire_injector.cc) sends it when it is due. A redirect bypasses qdiscs, so
 * netem on a router's own device could not do this for XDP traffic. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "wire.h"

#define ETH_HEADER_BYTES 14

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, __u32); /* ifindex of a middle device → direction + 1 */
} wire_port SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __uint(map_flags, BPF_F_MMAPABLE);
    __type(key, __u32);
    __type(value, struct wire_config);
} wire_config SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __uint(map_flags, BPF_F_MMAPABLE);
    __type(key, __u32);
    __type(value, struct wire_state);
} wire_state SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __uint(map_flags, BPF_F_MMAPABLE);
    __type(key, __u32);
    __type(value, struct wire_frame);
} wire_ring SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __uint(map_flags, BPF_F_MMAPABLE);
    __type(key, __u32);
    __type(value, struct wire_wake);
} wire_wake SEC(".maps");

/* Its file descriptor is what the thread sleeps on; what a record says does not matter. */
struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 4096);
} wire_kick SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 4096);
} wire_capture SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct wire_frame);
} wire_scratch SEC(".maps");

/* Checks a frame's length so that the verifier sees both bounds on one register: clang would fold the two
 * comparisons into one on a derived value, and helpers would then refuse the length as unbounded. */
#define OUT_OF_BOUNDS(length)                                                                                \
    ({                                                                                                       \
        asm volatile("" : "+r"(length));                                                                     \
        int out = length < ETH_HEADER_BYTES;                                                                 \
        if (!out) {                                                                                          \
            asm volatile("" : "+r"(length));                                                                 \
            out = length > WIRE_FRAME_BYTES;                                                                 \
        }                                                                                                    \
        out;                                                                                                 \
    })

/* Marsaglia's xorshift64: one draw a frame, so the k-th frame's fate depends on the seed and k alone. */
static __always_inline __u64 draw(struct wire_entry *entry)
{
    __u64 x = entry->random;

    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    entry->random = x;
    return x;
}

/* Uniform in [0, range), range < 2^32, from 32 random bits. */
static __always_inline __u64 scale(__u32 random, __u64 range)
{
    return (random * range) >> 32;
}

/* True when the record was written. The reader polls while it captures, so no wake-up is sent. */
static __always_inline int capture(struct wire_frame *frame, __u32 direction, __u64 length, __u64 keep)
{
    if (keep > length)
        keep = length;
    if (OUT_OF_BOUNDS(keep))
        keep = ETH_HEADER_BYTES;
    frame->time = bpf_ktime_get_ns();
    frame->length = length;
    frame->direction = direction;
    return bpf_ringbuf_output(&wire_capture, frame, WIRE_FRAME_HEADER + keep, BPF_RB_NO_WAKEUP) == 0;
}

static __always_inline int cross_at_once(struct xdp_md *ctx, const struct wire_config *config,
                                         struct wire_entry *entry, __u32 direction, __u64 length)
{
    entry->packets++;
    entry->bytes += length;
    if (config->capture_bytes) {
        __u32 zero = 0;
        struct wire_frame *scratch = bpf_map_lookup_elem(&wire_scratch, &zero);

        if (!scratch || OUT_OF_BOUNDS(length))
            return XDP_ABORTED;
        if (bpf_xdp_load_bytes(ctx, 0, scratch->data, length) ||
            !capture(scratch, direction, length, config->capture_bytes))
            entry->capture_missed++;
    }
    return bpf_redirect(config->out_ifindex, 0);
}

/* The thread publishes when it wakes and then looks at every head once more; this publishes a head and then
 * looks at when it wakes. The atomic add (a full barrier) between the two makes it impossible that both miss
 * each other. */
static __always_inline void publish(struct wire_entry *entry, __u64 due)
{
    __u32 zero = 0;
    struct wire_wake *wake = bpf_map_lookup_elem(&wire_wake, &zero);
    __u64 record = 0, before = __sync_fetch_and_add(&entry->head, 1);

    asm volatile("" ::"r"(before)); /* only an atomic that returns the old value orders on every CPU */
    if (!wake || due >= *(volatile __u64 *)&wake->at)
        return;
    if (__sync_lock_test_and_set(&wake->at, WIRE_AWAKE) != WIRE_AWAKE) {
        __sync_fetch_and_add(&wake->kicks, 1);
        bpf_ringbuf_output(&wire_kick, &record, sizeof(record), BPF_RB_FORCE_WAKEUP);
    }
}

/* When a frame of this length has left the rate limit, or 0 when its queue is full. */
static __always_inline __u64 transmit(const struct wire_config *config, struct wire_entry *entry, __u64 now,
                                      __u64 length)
{
    __u64 start = entry->busy_until, cost;

    if (config->byte_time == 0)
        return now;
    if (start < now) {
        start = now;
        entry->busy_fraction = 0;
    }
    if (start - now > config->queue_ns)
        return 0;
    cost = (length + WIRE_FRAME_OVERHEAD) * config->byte_time + entry->busy_fraction;
    entry->busy_until = start + (cost >> WIRE_BYTE_TIME_SHIFT);
    entry->busy_fraction = cost & ((1ULL << WIRE_BYTE_TIME_SHIFT) - 1);
    return entry->busy_until;
}

SEC("xdp")
int wire(struct xdp_md *ctx)
{
    __u32 ifindex = ctx->ingress_ifindex, index, direction;
    __u64 length = ctx->data_end - ctx->data;
    __u32 *port = bpf_map_lookup_elem(&wire_port, &ifindex);
    __u64 random = 0, now, due, queued;
    struct wire_config *config;
    struct wire_state *state;
    struct wire_entry *entry;
    struct wire_frame *slot;

    if (!port || *port == 0)
        return XDP_ABORTED;
    direction = *port - 1;
    config = bpf_map_lookup_elem(&wire_config, &direction);
    state = bpf_map_lookup_elem(&wire_state, &direction);
    if (!config || !state)
        return XDP_ABORTED;
    entry = &state->entry;

    if (config->cut) {
        entry->cut++;
        return XDP_DROP;
    }
    if (length > config->max_length || OUT_OF_BOUNDS(length)) {
        entry->oversize++;
        return XDP_DROP;
    }
    if (config->loss_ppm || config->jitter_ns)
        random = draw(entry);

    /* Also without a delay a frame must not overtake those that wait under an earlier shape. */
    queued = entry->head - *(volatile __u64 *)&state->exit.tail;
    if (!config->delay_ns && !config->jitter_ns && !config->byte_time && queued == 0) {
        if (scale(random >> 32, 1000000) < config->loss_ppm) {
            entry->lost++;
            return XDP_DROP;
        }
        return cross_at_once(ctx, config, entry, direction, length);
    }

    if (queued >= config->slots) {
        entry->ring_full++;
        return XDP_DROP;
    }
    now = bpf_ktime_get_ns();
    due = transmit(config, entry, now, length);
    if (due == 0) {
        entry->queue_full++;
        return XDP_DROP;
    }
    /* A frame is lost on the line, so it has taken its time on the sender's interface. */
    if (scale(random >> 32, 1000000) < config->loss_ppm) {
        entry->lost++;
        return XDP_DROP;
    }
    due += config->delay_ns + scale((__u32)random, config->jitter_ns);
    if (due < entry->last_due)
        due = entry->last_due;

    index = config->first_slot + (entry->head & (config->slots - 1));
    slot = bpf_map_lookup_elem(&wire_ring, &index);
    if (!slot || bpf_xdp_load_bytes(ctx, 0, slot->data, length))
        return XDP_ABORTED;
    slot->time = due;
    slot->length = length;
    entry->last_due = due;
    publish(entry, due);
    return XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
