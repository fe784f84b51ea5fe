/**
 * What `--help` prints, for each command that users run. Plain JavaScript without packages, because `--help` works
 * before anything is set up.
 */

import { commandLine, displayPath, IS_CLONE, LOCAL } from '../processes/places.mjs';

const PLACE = displayPath(LOCAL);

const THIS_CODE = IS_CLONE ? 'the code of this checkout' : 'the code of this package';

const QUIET_SCHEDULE = IS_CLONE ? ' Use `npm run --silent schedule -- …` to print nothing else.' : '';

const TASKS_HELP = `
  --tasks FILE           a file with tasks of your own (docs/own-tasks.md); may be repeated`.slice(1);

const STACK_HELP = `
  --trainers N           number of trainer processes (one per GPU, else one per core)
  --environment-threads N
                         threads in which each trainer steps an agent's environments (1); results do not depend on it
  --task-queue NAME      task queue of the workflows (fire-pbt)
  --temporal local|own   own: use the server that TEMPORAL_ADDRESS or a profile names
                         (own if TEMPORAL_ADDRESS or TEMPORAL_PROFILE is set, else local)
  --s3 local|own         own: use the S3 that the AWS SDK's environment and profiles name
                         (own if AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL is set, else local)
  --directory DIRECTORY  directory of the state, the objects and the logs (${PLACE})
${TASKS_HELP}
  --help                 show this text`.slice(1);

/** Lines about the options of commands that read the objects of runs. */
export const OBJECT_HELP = `
  --bucket NAME          bucket with the objects (fire-pbt)
  --directory DIRECTORY  directory of the local stack, which need not run (${PLACE})
  --help                 show this text`.slice(1);

/** Says whose objects these commands read. */
export const STORE_HELP = `
S3: the endpoint that AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL names; else that of the running local stack; else what
a stopped stack stored in the directory that --directory names; else, if AWS_PROFILE or AWS_ACCESS_KEY_ID is set, the
S3 of these credentials; else what a stopped stack stored in ${PLACE}.`.slice(1);

const SERVERS_HELP = `
Temporal: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and the other variables of the Temporal SDK's environment configuration.
S3: the environment variables and profiles of the AWS SDK.`.slice(1);

/** The texts by command. */
export const HELP = {
  start: `
Runs an experiment on this machine: starts the local stack (or uses the running one), starts the run (or watches the
running one), and shows its progress, also on a page for browsers on this machine. Ctrl-C stops the stack; the run
resumes at the next start.

  --input-file FILE      a specification or a comparison (experiments/fashion-mnist.json)
  --workflow-id ID       workflow id of the run (the name of the input file)
${STACK_HELP}`,

  stack: `
Runs Temporal, an S3 server, an orchestrator and trainers on this machine until you press Ctrl-C, and serves pages of
all runs. The state is in ${PLACE}/state, the logs are in ${PLACE}/log. Unfinished runs resume at the next start.

  --threads N            threads of each trainer; must equal \`threads\` of the specifications (1)
${STACK_HELP}`,

  trainer: `
Trains for the runs of a task queue until it receives SIGINT or SIGTERM.

  --task-queue NAME     task queue of the workflows (fire-pbt); the trainer serves NAME-trainers
  --number N            number of this trainer on its machine, part of its name (0)
  --threads N           threads to compute with (1); the trainer refuses runs that specify another number
  --environment-threads N
                        threads in which an agent's environments are stepped (1); results do not depend on it
  --hang-after SECONDS  time without progress after which the computing process is killed (1800); a step that is known
                        to take long may take ten times as long
  --tasks FILE          a file with tasks of your own (docs/own-tasks.md); may be repeated
  --help                show this text

CUDA_VISIBLE_DEVICES selects the GPU.
${SERVERS_HELP}`,

  orchestrator: `
Runs workflows and their light activities until it receives SIGINT or SIGTERM.

  --task-queue NAME   task queue to serve (fire-pbt)
  --cache DIRECTORY   where to keep the bundled workflows (${PLACE}/cache)
  --help              show this text

${SERVERS_HELP}`,

  replay: `
Replays every execution of a run (root, sub-populations, evaluators, all runs of each) with ${THIS_CODE},
and compares every command with the recorded one. Reports the first event at which an execution diverges, and exits
with 1 if any does.

  --workflow-id ID       replay this run or comparison, from the server of the running local stack, else from the
                         server that TEMPORAL_ADDRESS or a profile names
  --run-id ID            replay only this run of the root (default: the newest one and those that it was reset from)
  --export DIRECTORY     also write the histories to this directory
  --from PATH …          instead of --workflow-id: replay files as \`temporal workflow show --output json\` writes them,
                         or folders of such files, for example the histories/ of a finished run
  --directory DIRECTORY  directory of the local stack's state (${PLACE})
  --help                 show this text`,

  schedule: `
Prints the complete schedule of the winner of a finished run: its hyperparameters from step 0, through every copy and
promotion.${QUIET_SCHEDULE}

  --run FOLDER           folder of the run in the bucket, <workflow id>/<first run id>, as its result names it
  --format json|csv      json: with the task and the measurements, as input for retrace; csv: from_step, to_step and
                         one column per hyperparameter (json)
  --output FILE          write to this file instead of the terminal
${OBJECT_HELP}

${STORE_HELP}`,

  report: `
Makes the report of a run or of a comparison, one HTML file, from what it has recorded so far. It need not be finished,
and nothing needs to run. Prints where the file is.

  --run RUN              workflow id of the run (its newest run), or its folder, <workflow id>/<first run id>
  --comparison ID        workflow id of the comparison
  --output FILE          write to this file instead of the bucket
${OBJECT_HELP}

${STORE_HELP}`,

  pages: `
Serves a page of all runs and comparisons, and one of each that follows it round by round, to browsers on this machine
until you press Ctrl-C. It changes nothing. A running local stack serves the same pages itself. Without one, they show
what is in the bucket, and the states that the server knows that TEMPORAL_ADDRESS or a profile names.

  --port N               port of 127.0.0.1 to listen on (8234, or the next one that is free)
${OBJECT_HELP}

${STORE_HELP}`,

  export: `
Writes what a run has recorded so far in a folder, for other programs: scores, hyperparameters and evaluations as CSV
and as JSON Lines, and event files for TensorBoard, one folder for each worker. Or posts it to MLflow. The run need not
be finished, and nothing needs to run.

  --run RUN              workflow id of the run (its newest run), or its folder, <workflow id>/<first run id>
  --output FOLDER        folder for the files
  --mlflow               post to the MLflow server that MLFLOW_TRACKING_URI names; MLFLOW_TRACKING_TOKEN, or
                         MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, are the credentials
  --follow               go on with each further round, until the run has finished or you press Ctrl-C
${OBJECT_HELP}

${STORE_HELP}`,

  simulate: `
Simulates the runs of a comparison: the decisions of the workflows and the training of the task, without Temporal and
S3. Does not repeat a run that the output already has, unless the input specifies its arm differently.

  --input-file FILE      a comparison without \`retrace\`, for example experiments/compare-toys.json
  --output FILE          file for the table; a table with runs of a stack is not overwritten
${TASKS_HELP}
  --processes N          number of simultaneous runs (one per core)
  --environment-threads N
                         threads in which each run steps an agent's environments (1); results do not depend on it
  --help                 show this text`,

  conformance: `
Tries whether the trainers of a task queue do what docs/trainer-contract.md says, and prints what holds and what does
not. Exits with 1 unless all holds. It measures pace, so use idle trainers.

  --task-queue NAME        task queue that the trainers serve (fire-pbt-trainers)
  --task JSON              task to train, such as '{"kind": "toy", "variant": "plain"}'
  --hyperparameters JSON   values to train with, as '{"learningRate": 0.1}' (defaults of the task)
  --threads N              threads that the trainers compute with (1)
  --steps N                steps of a short round, even (100)
  --kill COMMAND           shell command that kills the trainer with SIGKILL; somebody must start it again. Without it
                           nothing is killed
  --keep                   leave what was stored in the bucket
${OBJECT_HELP}

${STORE_HELP}
Temporal: the server that TEMPORAL_ADDRESS or a profile names, else that of the running local stack.`,

  'gpu-check': `
Trains a few steps of each network on the CPU and on the GPU, on images that are made up, compares the losses, and
prints steps per second: the first thing to run on a machine with a GPU. The GPU trains twice, to see whether it
repeats itself bit for bit. Exits with 1 if a loss differs by more than 1 %, if the GPU does not repeat itself, or if
there is no GPU; then it trains on the CPU alone.

  --only NAME            train only perceptron, convolutional, resnet18, resnet34 or resnet50 (all)
  --threads N            threads on the CPU (one per core)
  --help                 show this text

CUDA_VISIBLE_DEVICES names the GPU, if there are several; the first one is tried.`,

  setup: `
Installs everything that fire-pbt needs in ${PLACE}: a native TensorFlow, Temporal, an S3 server and Fashion-MNIST.
Other commands install what they need, if it is missing.
${
  IS_CLONE
    ? `
  --tests                also install what only the tests need
  --help                 show this text`
    : `
  --help                 show this text

FIRE_PBT_HOME names another folder.`
}`,
};

/** One line for each command. */
const SUMMARIES = {
  start: 'run an experiment on this machine, and watch it',
  stack: 'run the local stack alone, for use with the Temporal CLI and your own trainers',
  trainer: 'train for the runs of a task queue',
  orchestrator: 'run the workflows of a task queue',
  replay: 'replay a run, and report where this code decides differently',
  schedule: 'print the schedule that a finished run found',
  report: 'make the report of a run or of a comparison',
  pages: 'serve the pages of all runs, which follow them',
  export: 'write a run as tables and for TensorBoard',
  simulate: 'run a comparison in plain processes',
  conformance: 'try whether trainers keep the trainer contract',
  'gpu-check': 'compare the GPU with the CPU, before anything is trained on it',
  setup: 'install what fire-pbt needs',
};

/** The text of the program as a whole. */
export const PROGRAM_HELP = `
Finds schedules for hyperparameters by FIRE PBT.

${Object.entries(SUMMARIES)
  .map(([command, summary]) => `  ${commandLine(command).padEnd(25)} ${summary}`)
  .join('\n')}

Each command has --help.`;
