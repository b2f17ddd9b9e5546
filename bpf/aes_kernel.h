/*
 * AES-128 by the kernel's crypto API (bpf_crypto kfuncs, kernel 6.10): constant time where the CPU has AES
 * instructions. A key has to be handed to the kernel before it can be used: `prepare_aes`, run once from user
 * space, takes the key of an AS from its entry in `ases` (the first round key of AES-128 is the key itself).
 */
#pragma once

#include "maps.h"

extern struct bpf_crypto_ctx *bpf_crypto_ctx_create(const struct bpf_crypto_params *params, u32 params__sz,
                                                    int *err) __ksym;
extern void bpf_crypto_ctx_release(struct bpf_crypto_ctx *ctx) __ksym;
extern int bpf_crypto_encrypt(struct bpf_crypto_ctx *ctx, const struct bpf_dynptr *src,
                              const struct bpf_dynptr *dst, const struct bpf_dynptr *siv__nullable) __ksym;

struct aes_context {
    struct bpf_crypto_ctx __kptr *crypto;
};

/* The kernel encrypts between map memory only. */
struct aes_scratch {
    __u64 in[2];
    __u64 out[2];
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct aes_context);
} aes_contexts SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct aes_scratch);
} aes_scratch SEC(".maps");

static __always_inline bool aes_kernel_encrypt(__u32 slot, __u64 block[2])
{
    struct aes_context *context = bpf_map_lookup_elem(&aes_contexts, &slot);
    struct bpf_dynptr in, out;
    struct bpf_crypto_ctx *crypto;
    struct aes_scratch *scratch;
    __u32 zero = 0;

    scratch = bpf_map_lookup_elem(&aes_scratch, &zero);
    if (!context || !scratch)
        return false;
    crypto = context->crypto;
    if (!crypto)
        return false;
    scratch->in[0] = block[0];
    scratch->in[1] = block[1];
    bpf_dynptr_from_mem(scratch->in, sizeof(scratch->in), 0, &in);
    bpf_dynptr_from_mem(scratch->out, sizeof(scratch->out), 0, &out);
    if (bpf_crypto_encrypt(crypto, &in, &out, NULL))
        return false;
    block[0] = scratch->out[0];
    block[1] = scratch->out[1];
    return true;
}

/* Context: the AS slot. Returns 0 or a negative error number. */
SEC("syscall")
int prepare_aes(__u32 *as_slot)
{
    struct bpf_crypto_params params = {.type = "skcipher", .algo = "ecb(aes)", .key_len = 16};
    __u32 slot = *as_slot;
    struct cilion_as *as = bpf_map_lookup_elem(&ases, &slot);
    struct aes_context *context = bpf_map_lookup_elem(&aes_contexts, &slot);
    struct bpf_crypto_ctx *crypto;
    int error = 0;

    if (!as || !context)
        return -22;
    __builtin_memcpy(params.key, as->round_keys, 16);
    crypto = bpf_crypto_ctx_create(&params, sizeof(params), &error);
    if (!crypto)
        return error;
    crypto = bpf_kptr_xchg(&context->crypto, crypto);
    if (crypto)
        bpf_crypto_ctx_release(crypto);
    return 0;
}
