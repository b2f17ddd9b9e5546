/* What the benches' generator is told, and what generator and sink count. */
#pragma once

#include "vmlinux.h"

/* From the frame's start to behind the last info field: Ethernet, IPv4, UDP (42), SCION common and address
 * header with IPv4 hosts (36), meta header (4), three info fields (24), rounded up to words. A router changes
 * nothing behind. */
#define BENCH_HEADER_BYTES 112
#define BENCH_FRAME_BYTES  2048
#define BENCH_FIELDS       2

struct bench_traffic {
    /* Device by which frames leave towards what is measured. */
    __u32 ifindex;
    __u32 frame_len;
    /* Frame n carries entry first_patch + (n & patch_mask) of bench_patches. */
    __u32 first_patch;
    __u32 patch_mask;
    /* Of the fields that differ from frame to frame, how many there are and where they begin. */
    __u32 fields;
    __u32 seg_id_at[BENCH_FIELDS];
    __u32 mac_at[BENCH_FIELDS];
    /* Paced: so many frames at once, the batch of the run, and so long from one batch to the next; 0: as fast
     * as it goes. */
    __u32 batch;
    __u64 batch_ns;
    __u8 header[BENCH_HEADER_BYTES];
};

/* Where a core is in what it sends paced. All zero: nothing is sent yet. */
struct bench_pace {
    /* Of the batch that comes next, by bpf_ktime_get_ns. */
    __u64 due_ns;
    /* Frames of the batch that is being made. */
    __u64 left;
};

/* SegID and hop-field MAC of one path, or of two fields of it, as they stand in the packet. */
struct bench_patch {
    __u8 seg_id[BENCH_FIELDS][2];
    __u8 mac[BENCH_FIELDS][6];
};

/* Of a packet that one program gets again and again: headers that no program here reaches beyond. */
#define BENCH_PACKET_BYTES 240
/* Of a pod's frame: Ethernet, IPv4, TCP. */
#define BENCH_TC_BYTES 64

struct bench_packet {
    __u32 frame_len;
    __u32 patch_mask;
    __u32 fields;
    __u32 seg_id_at[BENCH_FIELDS];
    __u32 mac_at[BENCH_FIELDS];
    /* How far the measured program moves the packet's start, bytes; negative: it makes room. */
    __s32 moves;
    __u64 runs;
    __u8 header[BENCH_PACKET_BYTES];
};

struct bench_count {
    __u64 packets;
    __u64 bytes;
};

enum bench_counter {
    BENCH_SENT,
    /* Frames of the length that the generator sends. */
    BENCH_RECEIVED,
    /* Whatever else arrived. */
    BENCH_STRAY,
    BENCH_COUNTERS,
};
