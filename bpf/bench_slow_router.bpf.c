/*
 * border_router with a known slow-down compiled in, for the gate's self-test: a chain of `slow_rounds`
 * multiplications, each waiting for the one before it, on every frame. It hides behind what
 * border_router asks once for each frame.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

const volatile __u32 slow_rounds = 0;

static __always_inline __u32 slow_down(struct xdp_md *ctx)
{
    __u64 chain = ctx->data_end - ctx->data;
    __u32 i;

    for (i = 0; i < slow_rounds; i++) {
        chain = chain * 0x9e3779b97f4a7c15ULL + 1;
        asm volatile("" : "+r"(chain));
    }
    return 0;
}

#define bytes_beyond(ctx, frame, end) slow_down(ctx)
#include "border_router.bpf.c"
