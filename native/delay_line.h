// Shaping and capture of wires: the user-space half of bpf/wire.bpf.c.
#pragma once

#include <napi.h>

/// Adds startDelayLine (src/emulator/wire/delay-line.ts) and probeWires (src/emulator/wire/probe.ts).
void InitDelayLine(Napi::Env env, Napi::Object exports);
