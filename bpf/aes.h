/*
 * AES-128 encryption of one block by one table of 256 entries T0‖T0 (FIPS-197 section 5.1; T0 joins SubBytes,
 * MixColumns and, read at a byte offset, the rotation that ShiftRows asks for). Not constant time: build with
 * CILION_AES_KERNEL where that matters.
 */
#pragma once

#include "vmlinux.h"
#include "aes_table.h"

struct aes_block {
    /* Columns, first byte lowest. */
    __u32 column[4];
};

static __always_inline __u64 aes_index(__u32 word, int byte)
{
    /* Eight bytes an entry: the byte's value times eight. */
    return byte == 0 ? ((__u64)word << 3) & 0x7f8 : ((__u64)word >> (8 * byte - 3)) & 0x7f8;
}

static __always_inline __u32 aes_lookup(const char *table, __u32 word, int byte)
{
    return *(const __u32 *)(table + aes_index(word, byte) + ((4 - byte) & 3));
}

static __always_inline __u32 aes_sbox(const char *table, __u32 word, int byte)
{
    /* Byte 1 of a T0 entry is the S-box's value alone. */
    return (__u32) * (const __u8 *)(table + aes_index(word, byte) + 1) << (8 * byte);
}

static __always_inline __u32 aes_column(const char *table, __u32 a, __u32 b, __u32 c, __u32 d, __u32 key)
{
    return aes_lookup(table, a, 0) ^ aes_lookup(table, b, 1) ^ aes_lookup(table, c, 2) ^
           aes_lookup(table, d, 3) ^ key;
}

static __always_inline __u32 aes_last_column(const char *table, __u32 a, __u32 b, __u32 c, __u32 d, __u32 key)
{
    return (aes_sbox(table, a, 0) | aes_sbox(table, b, 1) | aes_sbox(table, c, 2) | aes_sbox(table, d, 3)) ^
           key;
}

/* Columns that the caller does not read cost nothing: the compiler leaves them out. */
static __always_inline void aes_encrypt(const __u32 *keys, struct aes_block *block)
{
    const char *table = (const char *)aes_table;
    __u32 a = block->column[0] ^ keys[0], b = block->column[1] ^ keys[1];
    __u32 c = block->column[2] ^ keys[2], d = block->column[3] ^ keys[3];

    /* One base register for all lookups. */
    asm volatile("" : "+r"(table));
#pragma unroll
    for (int round = 1; round < 10; round++) {
        const __u32 *key = keys + 4 * round;
        __u32 e = aes_column(table, a, b, c, d, key[0]);
        __u32 f = aes_column(table, b, c, d, a, key[1]);
        __u32 g = aes_column(table, c, d, a, b, key[2]);
        __u32 h = aes_column(table, d, a, b, c, key[3]);

        a = e;
        b = f;
        c = g;
        d = h;
    }
    block->column[0] = aes_last_column(table, a, b, c, d, keys[40]);
    block->column[1] = aes_last_column(table, b, c, d, a, keys[41]);
    block->column[2] = aes_last_column(table, c, d, a, b, keys[42]);
    block->column[3] = aes_last_column(table, d, a, b, c, keys[43]);
}
