/** Makes a lab with a dockerd and one container, says its id, and stays: for tests that kill it. */
import { Journal } from '../../src/emulator/journal.ts';
import { LabDirectory } from '../../src/emulator/lab-directory.ts';
import { DockerDaemon } from '../../src/k8s/clusters/docker-daemon.ts';
import { nodeImage } from '../../src/k8s/clusters/node-image.ts';

const never = new AbortController().signal;
const image = await nodeImage(never);
const lab = LabDirectory.create();
const daemon = await DockerDaemon.start(lab, new Journal(lab), image, never);
const options = ['--detach', '--privileged', '--restart=always', `--network=${daemon.network}`, '--tmpfs=/run'];
await daemon.docker(['run', ...options, image.name]);
process.stdout.write(`${lab.id}\n`);
setInterval(() => {}, 1000);
