/* What a capture's programs (capture.bpf.c) say to the process that writes the file. */
#pragma once

#include "vmlinux.h"

/* Kept of a frame at most: all of what a wire with an XDP program carries. Packets that a pod hands over to
 * be cut later are larger. */
#define CILION_CAPTURE_BYTES 4096

enum cilion_capture_direction {
    CILION_CAPTURE_AB,
    CILION_CAPTURE_BA,
};

struct cilion_captured {
    /* CLOCK_MONOTONIC, nanoseconds. */
    __u64 time;
    /* Of the frame, without FCS. */
    __u32 length;
    __u32 direction;
    __u8 data[CILION_CAPTURE_BYTES];
};

#define CILION_CAPTURED_HEADER 16

struct cilion_capture_counts {
    __u64 frames;
    /* Of these, the ring had no room for so many. */
    __u64 missed;
};
