/**
 * Measures how long the report of a large run takes, and how large it is.
 */
import { composeRunReport } from '../../activities/report/composing.ts';
import { RoundRecords } from '../../activities/runs/rounds.ts';
import { runFolder, specificationKey } from '../../activities/storage/layout.ts';
import { ObjectStore } from '../../activities/storage/object-store.ts';
import { readableJson } from '../../activities/storage/readable-json.ts';
import type { RoundReference } from '../../activities/contracts/run.ts';
import { recordRun } from '../../test/activities/runs/recorded-run.ts';
import { startObjectServer } from '../../test/object-server.ts';
import { toySpecification } from '../../test/workflows/stand-ins.ts';

const RUN = { bucket: 'bench', folder: runFolder('bench-report', 'first') };
const MEMBERS = 100;
const EVALUATORS = 75;

/**
 * Prints seconds and bytes of the report of 200 members and 75 evaluators, read from a store on this machine: the first
 * one that the process makes. The run is one of the toy task, in steps of one point for each worker and step.
 */
export async function benchReport(small: boolean): Promise<void> {
  const rounds = small ? 20 : 200;
  const specification = toySpecification({
    subPopulations: [
      { members: MEMBERS, evaluators: 0 },
      { members: MEMBERS, evaluators: EVALUATORS },
    ],
    steps: 20 * rounds,
  });
  const server = await startObjectServer();
  const objects = new ObjectStore(server.options);
  try {
    await objects.ensureBucket(RUN.bucket);
    await objects.put(RUN.bucket, specificationKey(RUN), readableJson(specification));
    const records = new RoundRecords(objects);
    const previous = new Map<number, RoundReference>();
    for (const request of (await recordRun(specification, RUN)).requests.flat()) {
      const { subPopulation } = request;
      const before = previous.get(subPopulation) ?? null;
      previous.set(subPopulation, await records.save({ ...request, previous: before }));
    }
    const begunAt = performance.now();
    const bytes = Buffer.byteLength(await composeRunReport(records, RUN));
    const seconds = (performance.now() - begunAt) / 1000;
    console.log(`report of ${2 * MEMBERS} members, ${EVALUATORS} evaluators, ${rounds} rounds`);
    console.log(`${seconds.toFixed(1)} s, ${(bytes / 1e6).toFixed(1)} MB`);
  } finally {
    await objects.close();
    await server.stop();
  }
}
