/**
 * What `--help` prints, for each command that developers run in a clone. Plain JavaScript without packages, because
 * `--help` works before anything is set up.
 */

import { OBJECT_HELP, STORE_HELP } from './help.mjs';

/** The texts by command. */
export const TOOL_HELP = {
  chaos: `
Runs a specification twice on a temporary stack: undisturbed, then disturbed. Exits with 1 unless both runs have the
same decisions, winner and weights.

  --kills N           number of kills: each is a kill -9 of one part (Temporal, S3, orchestrator or a trainer) at a
                      random moment (50)
  --every SECONDS     average time between two kills (4)
  --seed N            seed of the random moments and parts (0)
  --outages           cause outages instead of kills: S3 refuses connections, S3 resets them, Temporal is down
  --outage-seconds N  duration of each outage (60)
  --input-file FILE   the specification (experiments/fashion-mnist.json)
  --change JSON       fields that replace those of the specification, such as '{"steps": 12000}'
  --continue-after N  events of a history after which Temporal suggests to continue as new (Temporal's 4096); not with
                      --outages
  --help              show this text`,

  bench: `
Measures the time to smooth a curve; the CPU time of a training step, compiled and compared with a graph written by
hand, with eager TensorFlow.js and with PyTorch; that of ResNet-18 and ResNet-50, compared with PyTorch; how many images
a second are decoded and cropped for training, compared with torchvision; a trainer's memory from round to round; the
time to store a large checkpoint and read it back, compared with the AWS SDK; the time to draw the report of a large
run; and the cost of orchestration without the time for training: seconds per round, and the length of each history
compared with its budget. Exits with 1 if a history exceeds its budget, or memory grows by more than 5 % from round 20
to round 200.

  --only NAME    measure only smoothing, training, residual, images, memory, storage, report or orchestration (all)
  --python PATH  for training, residual and images, the Python that has PyTorch and torchvision (python3)
  --small        run one short run instead of three, measure training, images and storage once, store less, and train
                 fewer rounds
  --help         show this text`,

  results: `
Makes docs/results.md and its plots from docs/results/page.md (the text) and docs/results/*.json (one comparison each).
Also updates the quoted results in README.md: \`<!-- results: TEXT -->\` is followed by the expanded text and
\`<!-- /results -->\`. Placeholders in the text:

  {{table TABLE}} {{pairs TABLE}} {{costs TABLE}} {{evaluations TABLE}} {{promotions TABLE}}   tables
  {{plot schedules|scores|costs|evaluations TABLE}}                             a plot
  {{value TABLE ARM MEASURE count|mean|sd|median|iqm|low|high|min|max}}         a number, for example
                                                  {{value narrow-15000 FIRE testScore mean}}
  {{difference TABLE ARM AGAINST MEASURE pairs|ahead|mean|low|high|effect|p|smallestP}}
  {{seeds TABLE}} {{published imagenet|toys}}                                   seeds; published results
  {{#if TABLE}} … {{/if}}                                                       only if the table is stored

  --check                write nothing; exit with 1 if the page is out of date
  --fetch WORKFLOW_ID    instead of making the page, copy the comparison's comparison.json from the bucket to
                         docs/results
  --name NAME            with --fetch: name of the table (the workflow id, with dashes for slashes)
  --docs DIRECTORY       use this directory instead of docs
${OBJECT_HELP}

${STORE_HELP}`,

  'example-images': `
Writes images of Fashion-MNIST as JPEG and PNG files of many sizes in a folder for each class, as ImageNet has them, and
three broken files among them: the data set of experiments/images-small.json.

  --directory DIRECTORY  where train/ and val/ are written (.local/images-small)
  --train N              number of training images, at most 60000 (4000)
  --val N                number of test images, at most 10000 (1000)
  --help                 show this text`,
};
