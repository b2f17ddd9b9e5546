/* What the middle of a wire shares between its BPF programs, the thread that re-injects frames
 * (native/delay_line.cc) and the process that configures it. One "direction" is one way across one wire;
 * direction 2w leads from end a to end b of wire w, 2w+1 back. All times are CLOCK_MONOTONIC, nanoseconds. */
#ifndef CILION_WIRE_H
#define CILION_WIRE_H

#include <linux/types.h>

/* Longest frame without FCS that a slot holds. Large enough for 1500 + Ethernet + one VLAN tag in the usual
 * object; wire_large.bpf.c sets what a veth with an XDP program can carry (a 4 KiB page less headroom and
 * skb_shared_info). */
#ifndef WIRE_FRAME_BYTES
#define WIRE_FRAME_BYTES 1520
#endif

/* The rate limit counts 8 B preamble, 4 B FCS and 12 B gap on top of a frame (IEEE 802.3 clauses 3.1, 4.4.2).
 */
#define WIRE_FRAME_OVERHEAD 24

/* Nanoseconds a byte are kept with 20 fractional bits: right to 1e-5 up to 100 Gbit/s. */
#define WIRE_BYTE_TIME_SHIFT 20

/* wire_wake.at while the thread is awake, and while it sleeps with nothing queued. */
#define WIRE_AWAKE 0ULL
#define WIRE_NEVER (~0ULL)

/* Written by user space only. */
struct wire_config {
    __u64 delay_ns;
    __u64 jitter_ns;
    __u64 byte_time; /* 0: no rate limit */
    __u64 queue_ns;
    __u32 loss_ppm;
    __u32 cut;
    __u32 capture_bytes; /* of each frame; 0: no capture */
    __u32 out_ifindex;
    __u32 first_slot;
    __u32 slots; /* a power of two, or 0: this direction can neither delay nor limit */
    __u32 max_length;
    __u32 pad;
};

/* Written only by the BPF program, which one CPU at a time runs for a device with one queue. */
struct wire_entry {
    __u64 head; /* frames ever queued */
    __u64 last_due;
    __u64 busy_until; /* the virtual clock of the rate limit */
    __u64 busy_fraction;
    __u64 random; /* xorshift64 state, never 0 */
    __u64 packets;
    __u64 bytes;
    __u64 lost;
    __u64 queue_full;
    __u64 ring_full;
    __u64 cut;
    __u64 oversize;
    __u64 capture_missed;
    __u64 pad[3];
};

/* Written only by the re-injecting thread. */
struct wire_exit {
    __u64 tail; /* frames ever taken out of the ring; each of them stands in the next device's queue */
    __u64 packets;
    __u64 bytes;
    __u64 cut;
    __u64 refused; /* by the next device: its queue was full, or it was down */
    __u64 capture_missed;
    __u64 pad[2];
};

struct wire_state {
    struct wire_entry entry;
    struct wire_exit exit;
};

/* A waiting frame, and a record of a captured one (then `time` is when it left the wire). */
struct wire_frame {
    __u64 time;
    __u32 length;
    __u32 direction;
    __u8 data[WIRE_FRAME_BYTES];
};

#define WIRE_FRAME_HEADER 16

/* When the thread wakes by itself; a frame that is due earlier must wake it. */
struct wire_wake {
    __u64 at;
    __u64 kicks;
};

#endif
