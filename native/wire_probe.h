// Sends numbered, time-stamped frames over wires and notes when they arrive: how the lab checks its own
// wires.
#pragma once

#include <napi.h>

/// Adds probeWires (src/emulator/wire/probe.ts).
void InitWireProbe(Napi::Env env, Napi::Object exports);
