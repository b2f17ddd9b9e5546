import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdirSync } from 'node:fs';
import { test } from 'node:test';
import { destroyLab } from '../../src/emulator/destroy.ts';
import { Journal } from '../../src/emulator/journal.ts';
import { isSettingOfKubelet, restoreSettings, settingsOfKubelet } from '../../src/emulator/kernel-settings.ts';
import { LabDirectory } from '../../src/emulator/lab-directory.ts';

test('a journal undoes its own folder, and no other whatever it says', async () => {
  const lab = LabDirectory.create();
  const own = `/var/lib/cilion/${lab.id}`;
  mkdirSync(`${own}/docker`, { recursive: true });
  const journal = new Journal(lab);
  journal.record([{ kind: 'folder', path: own }]);
  const foreign = [
    { kind: 'folder', path: '/var/lib' },
    { kind: 'folder', path: `/var/lib/cilion/${lab.id}/../other` },
    { kind: 'containers', cgroup: 'system.slice', daemon: lab.namespaceName('docker') },
    { kind: 'containers', cgroup: `cilion-${lab.id}`, daemon: 'somebody-elses' },
    { kind: 'setting', name: 'kernel/core_pattern', value: '1' },
    { kind: 'setting', name: 'kernel/panic', value: '1; x' },
  ];
  for (const entry of foreign) appendFileSync(lab.path('journal.ndjson'), `${JSON.stringify(entry)}\n`);
  const { entries, damage } = journal.read();
  assert.deepEqual(entries, [{ kind: 'folder', path: own }]);
  assert.equal(damage.length, foreign.length);
  await destroyLab(lab);
  assert.ok(!existsSync(own));
});

test('settings are noted as they are now, and all that are noted can be put back', () => {
  const settings = settingsOfKubelet([]);
  assert.ok(settings.length >= 4);
  for (const { name, value } of settings) assert.ok(isSettingOfKubelet(name, value), `${name} = ${value}`);
  restoreSettings(settings, []);
  assert.deepEqual(settingsOfKubelet([]), settings);
});

test('a setting that another lab has noted is noted with the value from before both', () => {
  const others = [{ kind: 'setting', name: 'kernel/panic', value: '77' }] as const;
  const noted = settingsOfKubelet(others).find(({ name }) => name === 'kernel/panic');
  assert.equal(noted?.value, '77');
});
