import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { processesInGroup } from '../../src/emulator/control-group.ts';
import { destroyLab } from '../../src/emulator/destroy.ts';
import { LabDirectory } from '../../src/emulator/lab-directory.ts';
import { processesIn } from '../../src/emulator/namespace-processes.ts';
import { start } from '../../src/process/process.ts';

test('a lab whose command was killed is taken down with dockerd and a container that Docker would start again', async () => {
  const { promise: made, resolve } = Promise.withResolvers<string>();
  const maker = start([process.execPath, 'test/kind-clusters/daemon-process.ts'], { onStdoutLine: resolve });
  const ended = maker.exited.then(({ code }) => assert.fail(`the lab's maker ended with ${code}`));
  ended.catch(() => {});
  const id = await Promise.race([made, ended]);
  process.kill(maker.pid, 'SIGKILL');
  await maker.exited;
  const lab = LabDirectory.open(id);
  const group = `cilion-${id}`;
  assert.equal(lab.state(), 'left over');
  assert.notDeepEqual(processesInGroup(group), []);
  assert.notDeepEqual(processesIn([lab.namespaceName('docker')]), []);
  await destroyLab(lab);
  assert.deepEqual(processesInGroup(group), []);
  assert.ok(!existsSync(lab.root) && !existsSync(`/var/lib/cilion/${id}`));
  assert.deepEqual(
    readdirSync('/sys/fs/cgroup').filter((each) => existsSync(`/sys/fs/cgroup/${each}/${group}`)),
    [],
  );
  assert.ok(!existsSync(`/run/netns/${lab.namespaceName('docker')}`));
});
