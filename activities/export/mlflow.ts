/**
 * Posts a run to an MLflow server (its REST API, version 2.0): an experiment of the run's workflow id, in it a run of
 * MLflow for the whole, and below that one for each worker, with its scores and hyperparameters by step.
 *
 * What was posted before is found by tags and not posted twice, so the same story can be posted again at any time, and
 * a longer one later. Records have no wall time: the time of a metric is its step, in milliseconds.
 */
import type { Score } from '../../workflows/algorithm/curve.ts';
import { workflowIdOf } from '../storage/layout.ts';
import type { RunStory } from '../runs/story.ts';
import { scalarOf, scalarsOf, type Scalar } from './scalars.ts';
import { workersOf } from './tables.ts';

/** The server refused a request, or did not answer. */
export class MlflowError extends Error {
  override readonly name = 'MlflowError';
}

/** Where the server is, and who asks. The names of the variables are MLflow's own. */
export interface MlflowServer {
  /** Such as `http://127.0.0.1:5000`. */
  readonly uri: string;
  readonly token?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
}

/** A run of MLflow, and how many of its metrics this process has posted. */
interface PostedRun {
  readonly id: string;
  posted: number;
}

/** Limits of one request, from MLflow's documentation of `log-batch`. */
const METRICS_AT_ONCE = 1_000;
const PARAMETERS_AT_ONCE = 100;
const MAX_PARAMETER_CHARACTERS = 6_000;

const TIMEOUT_MS = 60_000;

/** The run of MLflow for the whole run, among those of its workers. */
const WHOLE = 'run';

/** Posts one run, once or again and again while it trains. */
export class MlflowExport {
  readonly #server: MlflowServer;
  readonly #runs = new Map<string, PostedRun>();
  #experiment: string | undefined;

  constructor(server: MlflowServer) {
    this.#server = server;
  }

  /**
   * Posts what the server does not have of a story. The runs of MLflow end with the run.
   *
   * @returns the address of the experiment's page
   * @throws MlflowError if the server refuses a request or does not answer
   */
  async post(story: RunStory): Promise<string> {
    const experiment = (this.#experiment ??= await this.#findExperiment(workflowIdOf(story.storage)));
    const whole = await this.#runOf(story, experiment, WHOLE, null);
    await this.#postMetrics(whole, metricsOfRun(story));
    for (const worker of workersOf(story).filter(({ curve }) => curve.length > 0))
      await this.#postMetrics(await this.#runOf(story, experiment, worker.worker, whole.id), scalarsOf(worker));
    if (story.result) {
      for (const { id } of this.#runs.values())
        await this.#call('POST', 'runs/update', { run_id: id, status: 'FINISHED', end_time: Date.now() });
    }
    return `${this.#server.uri}/#/experiments/${experiment}`;
  }

  async #findExperiment(name: string): Promise<string> {
    const found = await this.#call<{ experiment: { experiment_id: string } }>(
      'GET',
      `experiments/get-by-name?experiment_name=${encodeURIComponent(name)}`,
      undefined,
      'RESOURCE_DOES_NOT_EXIST',
    );
    if (found) return found.experiment.experiment_id;
    const made = await this.#call<{ experiment_id: string }>('POST', 'experiments/create', { name });
    return made?.experiment_id ?? '';
  }

  /** Finds the run of MLflow for a worker or for the whole, or creates it. */
  async #runOf(story: RunStory, experiment: string, worker: string, parent: string | null): Promise<PostedRun> {
    const known = this.#runs.get(worker);
    if (known) return known;
    const { folder } = story.storage;
    const found = await this.#call<{ runs?: readonly { info: { run_id: string } }[] }>('POST', 'runs/search', {
      experiment_ids: [experiment],
      filter: `tags.\`fire-pbt.run\` = '${folder}' and tags.\`fire-pbt.worker\` = '${worker}'`,
      max_results: 1,
    });
    const id = found?.runs?.[0]?.info.run_id ?? (await this.#createRun(story, experiment, worker, parent));
    const run = { id, posted: 0 };
    this.#runs.set(worker, run);
    return run;
  }

  async #createRun(story: RunStory, experiment: string, worker: string, parent: string | null): Promise<string> {
    const { folder } = story.storage;
    const tags = {
      'fire-pbt.run': folder,
      'fire-pbt.worker': worker,
      ...(parent === null ? {} : { 'mlflow.parentRunId': parent }),
    };
    const made = await this.#call<{ run: { info: { run_id: string } } }>('POST', 'runs/create', {
      experiment_id: experiment,
      run_name: worker === WHOLE ? folder : worker,
      start_time: Date.now(),
      tags: Object.entries(tags).map(([key, value]) => ({ key, value })),
    });
    const id = made?.run.info.run_id ?? '';
    if (worker === WHOLE) {
      const parameters = parametersOf(story);
      for (let from = 0; from < parameters.length; from += PARAMETERS_AT_ONCE)
        await this.#call('POST', 'runs/log-batch', {
          run_id: id,
          params: parameters.slice(from, from + PARAMETERS_AT_ONCE),
        });
    }
    return id;
  }

  /** Posts the metrics that this process has not posted. The server ignores those that it has. */
  async #postMetrics(run: PostedRun, metrics: readonly Scalar[]): Promise<void> {
    while (run.posted < metrics.length) {
      const batch = metrics.slice(run.posted, run.posted + METRICS_AT_ONCE);
      await this.#call('POST', 'runs/log-batch', {
        run_id: run.id,
        metrics: batch.map(({ tag, step, value }) => ({
          key: tag,
          step,
          timestamp: step,
          value: Number.isFinite(value) ? value : 'NaN',
        })),
      });
      run.posted += batch.length;
    }
  }

  /** Returns what the server answers; undefined if it answers with the error that is `expected`. */
  async #call<T>(method: 'GET' | 'POST', path: string, body?: object, expected?: string): Promise<T | undefined> {
    const url = `${this.#server.uri}/api/2.0/mlflow/${path}`;
    const trouble = (reason: string, cause?: unknown): MlflowError =>
      new MlflowError(`Cannot post to MLflow at ${this.#server.uri}: ${reason}`, { cause });
    const response = await fetch(url, {
      method,
      headers: { 'content-type': 'application/json', ...authorization(this.#server) },
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }).catch((error: unknown) => {
      throw trouble(reasonOf(error), error);
    });
    const text = await response.text().catch((error: unknown) => {
      throw trouble(reasonOf(error), error);
    });
    const answer = asJson(text);
    if (response.ok && answer !== undefined) return answer as T;
    const { error_code: code, message } = (answer ?? {}) as { readonly error_code?: string; readonly message?: string };
    if (expected !== undefined && code === expected) return undefined;
    throw trouble(message ?? `${path.split('?')[0]} was answered with HTTP ${response.status}, and no MLflow API`);
  }
}

/** Returns the best score of the run by the steps of all workers, and at the end the scores of the winner. */
function metricsOfRun({ curve, result }: RunStory): readonly Scalar[] {
  const best = curve.workerSteps.flatMap((step, index) => {
    const value = curve.bestScores[index];
    return typeof value === 'number' ? [{ tag: 'best score', step, value }] : [];
  });
  const scores: readonly (readonly [tag: string, score: Score | undefined])[] = result
    ? [
        ['objective', result.winner.objective],
        ['test score', result.testScore],
        ['untouched score', result.untouchedScore],
      ]
    : [];
  const end = curve.workerSteps.at(-1) ?? 0;
  return [
    ...best,
    ...scores.flatMap(([tag, score]) => (score === undefined ? [] : [{ tag, step: end, value: scalarOf(score) }])),
  ];
}

/** Returns the specification, field by field: `evaluation.maxEvalSteps`. */
function parametersOf({ specification, algorithm }: RunStory): readonly { key: string; value: string }[] {
  const flat = (value: unknown, path: string): { key: string; value: string }[] =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.entries(value).flatMap(([name, one]) => flat(one, path === '' ? name : `${path}.${name}`))
      : [
          {
            key: path,
            value: (typeof value === 'string' ? value : JSON.stringify(value)).slice(0, MAX_PARAMETER_CHARACTERS),
          },
        ];
  return [{ key: 'algorithm', value: algorithm }, ...flat(specification, '')];
}

function authorization({ token, username, password }: MlflowServer): Readonly<Record<string, string>> {
  if (token !== undefined) return { authorization: `Bearer ${token}` };
  if (username === undefined) return {};
  return { authorization: `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}` };
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Returns why a request had no answer; `fetch` hides that in the cause. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message : String(cause);
}
