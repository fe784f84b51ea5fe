/**
 * How a check ends that does not hold.
 */

/** A trainer did not do what the contract says. */
export class Violation extends Error {}

/** A check could not be tried, which says nothing of the trainer. */
export class NotTried extends Error {}

/** A round was over before it could be interrupted: a trainer is faster when its machine has less to do. */
export class TooShort extends NotTried {}
