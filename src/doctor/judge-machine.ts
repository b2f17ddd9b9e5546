/** What the machine's size, its quiet and what labs left on it mean for a run. Pure. */
import type { LabFacts, NoiseFacts, SizeFacts } from './facts.ts';
import { Group } from './finding.ts';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

/** A small lab with its programs, and the build, which is the larger of the two. */
const SMALLEST_MEMORY = GIB;
/** The largest shipped scenario with room for captures. */
const EASY_MEMORY = 2 * GIB;
const SMALLEST_DISK = 500 * MIB;
const EASY_DISK = 2 * GIB;
/** Logs and samples of a pass lie there until the bundle has them. */
const SMALLEST_RUN = 64 * MIB;

export function judgeSize({ cores, memoryBytes, availableBytes, diskFreeBytes, runFreeBytes }: SizeFacts): Group {
  const group = new Group('Size');
  group.judge('optional', cores >= 2, `${cores} cores`, [
    'one core',
    'sender, routers and receiver share it, and a run may be called invalid because the machine was too busy',
    'a machine with two cores or more; four are better',
  ]);
  const memory = `${gib(availableBytes)} GiB of ${gib(memoryBytes)} GiB of memory available`;
  const noRoom: [string, string, string] = [memory, 'little for a lab', 'end other programs, or use a larger machine'];
  if (availableBytes < SMALLEST_MEMORY) group.needed(...noRoom);
  else group.judge('optional', availableBytes >= EASY_MEMORY, memory, noRoom);
  const disk = `${gib(diskFreeBytes)} GiB free for results`;
  const full: [string, string, string] = [disk, 'captures alone may need more', 'remove old folders of results/'];
  if (diskFreeBytes < SMALLEST_DISK) group.needed(...full);
  else group.judge('optional', diskFreeBytes >= EASY_DISK, disk, full);
  const run = `${gib(runFreeBytes)} GiB free in /run`;
  group.judge('needed', runFreeBytes >= SMALLEST_RUN, run, [
    run,
    'samples lie there while a pass runs',
    'mount -o remount,size=512M /run',
  ]);
  return group;
}

/** Clocks that a program reads without a system call. */
const FAST_CLOCKS = ['tsc', 'kvm-clock', 'hyperv_clocksource_tsc_page', 'arch_sys_counter', 'riscv_clocksource'];
/** Shares of a core's time that make figures unsteady. */
const MUCH_STEAL = 0.005;
const BUSY = 0.5;

export function judgeNoise(noise: NoiseFacts, cores: number): Group {
  const group = new Group('Quiet enough to measure');
  const { clockSource, governors, boost, siblings, virtual, steal, load } = noise;
  if (clockSource !== null) {
    group.judge('optional', FAST_CLOCKS.includes(clockSource), `clock ${clockSource}`, [
      `clock ${clockSource}`,
      'reading the time is slow, which probes and shaped wires do for each packet',
      'see the kernel log for why it gave up a faster one: dmesg | grep -i clocksource',
    ]);
  }
  if (governors.length > 0) {
    const what = `frequency governor ${governors.join(', ')}`;
    group.judge(
      'optional',
      governors.every((name) => name === 'performance'),
      what,
      [
        what,
        'cores wake up slowly, and the first packets of a burst pay for it',
        'cpupower frequency-set -g performance',
      ],
    );
  }
  if (boost !== null) {
    group.judge('optional', !boost, 'no turbo', [
      'turbo is on',
      'speed depends on temperature and on what other cores do: repeat runs, or turn it off to compare them',
      'echo 0 >/sys/devices/system/cpu/cpufreq/boost, or echo 1 >/sys/devices/system/cpu/intel_pstate/no_turbo',
    ]);
  }
  if (siblings) {
    group.optional(
      'cores run two threads each',
      'a neighbour thread takes speed',
      'echo off >/sys/devices/system/cpu/smt/control',
    );
  }
  if (virtual) {
    const stolen = `a virtual machine; ${(steal * 100).toFixed(1)} % of its time since the start was given to others`;
    group.judge('optional', steal < MUCH_STEAL, stolen, [
      stolen,
      'figures change with what the neighbours do',
      'give it cores of its own, and compare only what ran side by side',
    ]);
  } else group.ok('no virtual machine');
  const busy = `load ${load.toFixed(2)} on ${cores} ${cores === 1 ? 'core' : 'cores'}`;
  group.judge('optional', load <= cores * BUSY, busy, [
    busy,
    'a run may be called invalid because the machine was too busy',
    'wait, or end what runs (top shows it)',
  ]);
  return group;
}

export function judgeLabs({ atWork, leftOver, orphans }: LabFacts): Group {
  const group = new Group('Labs');
  if (atWork.length > 0) group.ok(`at work: ${atWork.join(', ')}`);
  if (leftOver.length > 0) {
    group.optional(`left over: ${leftOver.join(', ')}`, 'they hold memory and ports', './cilion destroy --all');
  }
  if (orphans.length > 0) {
    group.optional(
      `namespaces that no lab owns: ${orphans.join(', ')}`,
      'they hold memory, and whoever made them may still use them',
      `ip netns del ${orphans[0]}${orphans.length > 1 ? ', and so on' : ''}, if nobody does`,
    );
  }
  if (leftOver.length + orphans.length === 0) group.ok('nothing is left over');
  return group;
}

function gib(bytes: number): string {
  return (bytes / GIB).toFixed(1);
}
