/** Images of our own, drawn here instead of read from files: discs, squares and crosses of 16 × 16 grey pixels. */
const SIZE = 16;

/** Tells for each class whether a pixel at (x, y) from the centre is in a shape of radius r. */
const CLASSES: Record<string, (x: number, y: number, r: number) => boolean> = {
  disc: (x, y, r) => Math.hypot(x, y) <= r,
  square: (x, y, r) => Math.max(Math.abs(x), Math.abs(y)) <= r * 0.9,
  cross: (x, y, r) => Math.min(Math.abs(x), Math.abs(y)) <= r * 0.3 && Math.max(Math.abs(x), Math.abs(y)) <= r,
};

/** Numbers from 0 to 1. All trainers must load the same data, so they follow from the seed. */
function numbers(seed: number) {
  let state = seed;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

function draw(count: number, seed: number) {
  const next = numbers(seed);
  const images = new Uint8Array(count * SIZE * SIZE);
  const labels = Array.from({ length: count }, (_, image) => {
    const label = Math.floor(next() * 3);
    const isInk = Object.values(CLASSES)[label];
    const [centreX, centreY, radius] = [5 + next() * 6, 5 + next() * 6, 2.5 + next() * 3];
    for (let pixel = 0; pixel < SIZE * SIZE; pixel += 1) {
      const [x, y] = [(pixel % SIZE) - centreX, Math.floor(pixel / SIZE) - centreY];
      images[image * SIZE * SIZE + pixel] = (isInk?.(x, y, radius) ? 150 : 60) + next() * 100;
    }
    return label;
  });
  return [images, labels] as const;
}

export default function shapes() {
  const [trainImages, trainLabels] = draw(4000, 1);
  const [testImages, testLabels] = draw(1000, 2);
  return { shape: [SIZE, SIZE, 1], classes: Object.keys(CLASSES), trainImages, trainLabels, testImages, testLabels };
}
